// Keeps one language of the site on a field worker's tablet, after a tap and never before; and takes it away again.
(function () {
  "use strict";
  var box = document.querySelector("[data-tablet]");
  if (!box || !("serviceWorker" in navigator) || !window.caches) return;
  var keep = box.querySelector("[data-keep]"), remove = box.querySelector("[data-remove]");
  var NAME = "tablet";
  function show(state) {
    ["none", "working", "kept", "failed"].forEach(function (name) {
      box.querySelector("[data-state=" + name + "]").hidden = name !== state;
    });
    keep.disabled = state === "working";
    remove.hidden = state !== "kept" && state !== "failed";
  }
  // A file that is gone since the list was made is left out; where the net is away, nothing is said to be kept.
  function add(store, path) {
    return fetch(path).then(function (answer) {
      if (answer.ok) return store.put(path, answer);
      if (answer.status !== 404 && answer.status !== 410) throw new Error(path);
    });
  }
  keep.addEventListener("click", function () {
    show("working");
    navigator.serviceWorker.register("/sw.js").then(function () {
      return Promise.all([fetch(box.dataset.tablet), caches.open(NAME)]);
    }).then(function (both) {
      if (!both[0].ok) throw new Error("list");
      return both[0].json().then(function (files) { return Promise.all(files.map(function (path) { return add(both[1], path); })); }).then(function () {
        return both[1].put("/renewed", new Response(String(Math.floor(Date.now() / 864e5))));
      });
    }).then(function () { show("kept"); }, function () { show("failed"); });
  });
  remove.addEventListener("click", function () {
    Promise.all([
      caches.delete(NAME),
      navigator.serviceWorker.getRegistrations().then(function (all) {
        return Promise.all(all.map(function (one) { return one.unregister(); }));
      }),
    ]).then(function () { show("none"); });
  });
  caches.has(NAME).then(function (there) { show(there ? "kept" : "none"); box.hidden = false; });
})();
