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
  // What was typed on a shared phone must not come back with the Back button, kept whole or sent again by the browser: some
  // send a form anew without asking. An empty page takes its place.
  addEventListener("pageshow", function (event) {
    if (!/\/forms\//.test(location.pathname) || !(event.persisted || performance.navigation.type === 2)) return;
    document.documentElement.hidden = true;
    location.replace(location.pathname + location.search);
  });
  // Where a script will ask a few questions at a time on this page, the server need not (site/browser/src/main.js).
  var whole = document.querySelector("details.whole");
  if (whole && window.isSecureContext && window.BigInt && window.crypto) {
    var writing = document.activeElement;
    document.querySelector(".stepwise").remove();
    whole.replaceWith(whole.querySelector("form"));
    if (writing && writing !== document.body) writing.focus();
  }
  // The search is fetched when its box is first used; where the line broke, with the next letter that is typed.
  var box = document.querySelector("[data-search]");
  if (box) {
    box.hidden = false;
    var field = box.querySelector("input");
    var fetchSearch = function () {
      var script = document.createElement("script");
      script.integrity = box.dataset.integrity;
      script.src = box.dataset.script;
      script.onerror = function () { field.addEventListener("input", fetchSearch, { once: true }); };
      document.head.append(script);
    };
    field.addEventListener("focus", fetchSearch, { once: true });
  }
  // A summary of mistakes is the first thing to hear and see (WCAG 3.3.1).
  var problems = document.getElementById("problems");
  if (problems) problems.focus();
})();

// Sound and pictures: decision 0038.
(function () {
  "use strict";
  // One voice at a time.
  var speaking = null;
  function hush(next) {
    if (speaking && speaking !== next) speaking.pause();
    speaking = next;
  }
  document.addEventListener("play", function (event) { hush(event.target); }, true);
  // Each short clip becomes one button with a ring; a second tap stops it.
  document.querySelectorAll(".ear").forEach(function (ear) {
    var summary = ear.querySelector("summary");
    var player = ear.querySelector("audio");
    var button = document.createElement("button");
    button.type = "button";
    button.className = "ear";
    button.setAttribute("aria-label", summary.getAttribute("aria-label"));
    button.append(summary.firstElementChild);
    ear.parentNode.replaceChild(button, ear);
    button.addEventListener("click", function () {
      if (!player.paused) return player.pause();
      hush(player);
      player.currentTime = 0;
      var started = player.play();
      if (started) started.catch(quiet);
      button.classList.add("on");
    });
    function quiet() {
      button.classList.remove("on");
      button.style.removeProperty("--heard");
    }
    player.addEventListener("timeupdate", function () {
      if (!player.paused) button.style.setProperty("--heard", Math.round(100 * player.currentTime / player.duration) + "%");
    });
    player.addEventListener("pause", quiet);
    player.addEventListener("ended", quiet);
  });
  // How many people come: a face for each, one more and one fewer by a tap.
  document.querySelectorAll(".people").forEach(function (group) {
    var number = group.querySelector("input"), buttons = group.querySelectorAll("button");
    var crowd = group.parentNode.querySelector(".crowd"), face = crowd.firstElementChild;
    function count() { return Math.max(0, Math.min(20, parseInt(number.value, 10) || 0)); }
    function show() {
      crowd.textContent = "";
      for (var at = count(); at > 0; at--) crowd.appendChild(face.cloneNode(true));
    }
    [-1, 1].forEach(function (by, at) {
      buttons[at].hidden = false;
      buttons[at].addEventListener("click", function () {
        number.value = Math.max(1, Math.min(20, count() + by));
        show();
      });
    });
    number.addEventListener("input", show);
    crowd.hidden = false;
    show();
  });
  // A step of the check for oneself leaves no entry for the Back button.
  document.querySelectorAll(".self-check a[href^='#']").forEach(function (step) {
    step.addEventListener("click", function (event) {
      event.preventDefault();
      hush(null);
      location.replace(step.href);
    });
  });
  // Digits are keys on a telephone with keys only (WCAG 2.1.4).
  if (innerWidth <= 336 && document.querySelector(".tiles")) addEventListener("keydown", function (event) {
    var there = /^[1-9]$/.test(event.key) && document.querySelector("[accesskey='" + event.key + "']");
    var writes = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (there && !writes && !event.repeat && !event.altKey && !event.ctrlKey && !event.metaKey) there.click();
  });
  // A receipt is read out digit by digit, when asked: the button stands beside each number that can be. All ten clips
  // are fetched first, always in the same order, and played from memory: what is asked for tells no digit. So is an
  // answer made of the desks' sentences.
  function readOut(code, wanted) {
    var clips = (code.dataset.digits || "").split(" ");
    if (clips.length < (wanted ? 1 : 10)) return;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "button quiet hear";
    button.textContent = "\u25b6 " + code.dataset.hear;
    var held = null;
    button.addEventListener("click", function () {
      var player = new Audio();
      hush(player);
      player.load(); // while the tap counts: some phones play nothing later otherwise
      held = held || Promise.all(clips.map(function (clip) {
        return fetch(clip).then(function (answer) { if (!answer.ok) throw answer; return answer.blob(); });
      })).then(function (blobs) { return blobs.map(function (blob) { return URL.createObjectURL(blob); }); });
      held.then(function (sounds) { play(player, sounds); }, function () { held = null; });
    });
    function play(player, sounds) {
      var left = wanted ? wanted.slice() : code.textContent.replace(/\D/g, "").split("");
      var pause = 0;
      function next() {
        if (!left.length || !code.isConnected || speaking !== player) return;
        player.src = sounds[left.shift()];
        player.play();
      }
      player.onended = function () { setTimeout(next, ++pause % 4 ? 150 : 900); };
      next();
    }
    code.after(button);
  }
  document.querySelectorAll("[data-digits].code").forEach(function (code) { readOut(code); });
  document.addEventListener("receipt", function (event) { readOut(event.detail); });
  document.addEventListener("answer", function (event) { readOut(event.detail.place, event.detail.wanted); });
})();
