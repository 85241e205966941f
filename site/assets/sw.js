// Only on a field worker's tablet that asked for it (see tablet.js). The net comes first; what was kept is for places without.
// Forms and letters are never touched: they always go to the server, or fail so that the person sees it.
self.addEventListener("fetch", function (event) {
  var asked = event.request, address = new URL(asked.url);
  if (asked.method !== "GET" || address.origin !== location.origin || /^\/(forms|pickup)\//.test(address.pathname)) return;
  event.respondWith(fetch(asked).catch(function () {
    return caches.match(asked.url, { ignoreSearch: true }).then(function (kept) { return kept || Response.error(); });
  }));
});
