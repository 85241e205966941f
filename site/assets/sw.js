// Only on a field worker's tablet that asked for it (see tablet.js). The net comes first; what was kept is for places without.
// Forms and letters are never touched: they always go to the server, or fail so that the person sees it.
// What was withdrawn is deleted from the tablet whenever a page is opened with the net there. Pages that named it are fetched anew; "/renew" in the
// store says that this is still to be done, should the net go away meanwhile.
function forget() {
  return caches.has("tablet").then(function (there) {
    return there && Promise.all([fetch("/withdrawn.json", { cache: "no-store" }), caches.open("tablet")]);
  }).then(function (both) {
    if (!both || !both[0].ok) return;
    return both[0].json().then(function (list) {
      return Promise.all(list.map(function (address) { return both[1].delete(address, { ignoreSearch: true }); }));
    }).then(function (gone) {
      return gone.some(Boolean) && both[1].put("/renew", new Response(""));
    }).then(function () {
      return both[1].match("/renew");
    }).then(function (pending) { return pending && renew(both[1]); });
  }).catch(function () {});
}
function renew(store) {
  return store.keys().then(function (kept) {
    return Promise.all(kept.map(function (one) {
      return /\/$/.test(new URL(one.url).pathname) && fetch(one.url, { cache: "no-cache" }).then(function (answer) {
        return answer.ok ? store.put(one, answer) : answer.status === 404 && store.delete(one);
      });
    }));
  }).then(function () { return store.delete("/renew"); });
}
self.addEventListener("fetch", function (event) {
  var asked = event.request, address = new URL(asked.url);
  if (asked.method !== "GET" || address.origin !== location.origin || /^\/(forms|pickup)\//.test(address.pathname)) return;
  if (asked.mode === "navigate") event.waitUntil(forget());
  event.respondWith(fetch(asked).catch(function () {
    return caches.match(asked.url, { ignoreSearch: true }).then(function (kept) { return kept || Response.error(); });
  }));
});
