// Only on a field worker's tablet that asked for it (see tablet.js). The net comes first; what was kept is for places without.
// Forms and letters are never touched: they always go to the server, or fail so that the person sees it.
// What was withdrawn is deleted from the tablet whenever a page is opened with the net there. When the list of it is another than last time
// ("/seen"), all pages are fetched anew, since lists may name it and a quote is part of a page; "/renew" in the
// store says that this is still to be done, should the net go away meanwhile. Once a day everything kept is fetched anew
// ("/renewed" holds the day on which that was done), and a page that is shown without the net says from which day it is.
// One page's turn ends before the next begins: two at once would each take the list for new, and fetch everything twice.
var PAGE = /\/$/, SHARED = /^\/(assets|audio)\//;
var turn = Promise.resolve();
function today() { return String(Math.floor(Date.now() / 864e5)); }
function forget() {
  return caches.has("tablet").then(function (there) {
    return there && Promise.all([fetch("/withdrawn.json", { cache: "no-store" }), caches.open("tablet")]);
  }).then(function (both) {
    if (!both || !both[0].ok) return;
    return both[0].json().then(function (list) {
      var text = JSON.stringify(list);
      return Promise.all([both[1].match("/seen").then(function (seen) { return seen && seen.text(); })].concat(
        list.map(function (address) { return both[1].delete(address, { ignoreSearch: true }); }))).then(function (done) {
        return done[0] !== text && both[1].put("/renew", new Response("")).then(function () { return both[1].put("/seen", new Response(text)); });
      }).then(function () {
        return Promise.all([both[1].match("/renew"), both[1].match("/renewed")]);
      }).then(function (noted) {
        if (noted[0] || !noted[1]) return renew(both[1], list);
        return noted[1].text().then(function (day) { return day !== today() && renew(both[1], list); });
      });
    });
  }).catch(function () {});
}
function pathOf(request) { return new URL(request.url).pathname; }
// gone: what is withdrawn; a list of files that is older may still name it.
function renew(store, gone) {
  return store.keys().then(function (kept) {
    var paths = kept.map(pathOf);
    return listed(paths).then(function (wanted) {
      return Promise.all(kept.map(function (one) { return renewOne(store, one, wanted); }).concat(
        wanted.filter(function (path) { return paths.indexOf(path) < 0 && gone.indexOf(path) < 0; }).map(function (path) { return add(store, path); })));
    });
  }).then(function () { return store.delete("/renew"); })
    .then(function () { return store.put("/renewed", new Response(today())); });
}
// A file that is gone is no fault of the net: the list is older than the site.
function add(store, path) {
  return fetch(path, { cache: "no-cache" }).then(function (answer) {
    if (answer.ok) return store.put(path, answer);
    if (answer.status !== 404 && answer.status !== 410) throw new Error(path);
  });
}
// What belongs to the languages that are kept: those whose first page is.
function listed(paths) {
  var firsts = paths.filter(function (path) { return /^\/[^/]+\/$/.test(path); });
  return Promise.all(firsts.map(function (first) {
    return fetch(first + "tablet/files.json", { cache: "no-cache" }).then(function (answer) { return answer.ok ? answer.json() : []; });
  })).then(function (lists) { return [].concat.apply([], lists); });
}
function renewOne(store, one, wanted) {
  var path = pathOf(one);
  if (SHARED.test(path)) return wanted.length && wanted.indexOf(path) < 0 && store.delete(one); // of an earlier build
  return PAGE.test(path) && fetch(one.url, { cache: "no-cache" }).then(function (answer) {
    return answer.ok ? store.put(one, answer) : (answer.status === 404 || answer.status === 410) && store.delete(one);
  });
}
// A kept page, with the day on which it was fetched below its heading, in its own words.
function dated(kept, path) {
  var fetched = /\d+ \w{3} \d{4}/.exec(kept.headers.get("date")); // a proxy may have written a second date behind it
  if (!fetched || !/html/.test(kept.headers.get("content-type"))) return kept;
  return caches.match("/" + path.split("/")[1] + "/tablet/words.json").then(function (words) {
    return words && Promise.all([words.json(), kept.clone().text()]);
  }).then(function (both) {
    if (!both) return kept;
    var day = new Date(fetched[0]).toLocaleDateString(both[0].locale, { day: "numeric", month: "long", year: "numeric" });
    var note = '</h1><p class="note note--kept">' + both[0].kept.replace("{day}", day) + "</p>";
    return new Response(both[1].replace("</h1>", function () { return note; }), { headers: { "Content-Type": "text/html; charset=utf-8" } });
  });
}
self.addEventListener("fetch", function (event) {
  var asked = event.request, address = new URL(asked.url);
  if (asked.method !== "GET" || address.origin !== location.origin || /^\/(forms|pickup)\//.test(address.pathname)) return;
  if (asked.mode === "navigate") event.waitUntil(turn = turn.then(forget));
  event.respondWith(fetch(asked).catch(function () {
    return caches.match(asked.url, { ignoreSearch: true }).then(function (kept) {
      return kept ? dated(kept, address.pathname) : Response.error();
    });
  }));
});
