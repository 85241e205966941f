// Leaving fast: the page is replaced, not left behind, so that Back does not return to it. Esc three times does it too.
// Everything works without this file; the link below is then a plain link.
(function () {
  "use strict";
  var exit = document.querySelector("[data-exit]");
  var pressed = [];
  if (!exit) return;
  function leave(event) {
    if (event) event.preventDefault();
    document.documentElement.hidden = true;
    location.replace(exit.href);
  }
  exit.addEventListener("click", leave);
  addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    pressed = pressed.concat(Date.now()).slice(-3);
    if (pressed.length === 3 && pressed[2] - pressed[0] < 3000) leave();
  });
  // What was typed on a shared phone must not come back with the Back button.
  addEventListener("pageshow", function (event) {
    if (event.persisted && /\/forms\//.test(location.pathname)) location.reload();
  });
  // The search is fetched when its box is first used.
  var box = document.querySelector("[data-search]");
  if (box) {
    box.hidden = false;
    box.querySelector("input").addEventListener("focus", function () {
      var script = document.createElement("script");
      script.src = box.dataset.script;
      document.head.append(script);
    }, { once: true });
  }
  // A summary of mistakes is the first thing to hear and see (WCAG 3.3.1).
  var problems = document.getElementById("problems");
  if (problems) problems.focus();
})();
