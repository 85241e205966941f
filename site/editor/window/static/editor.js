// Help while somebody writes: buttons, the page beside the text, a question before typed words are left behind.
// Everything works without this file.
(() => {
  "use strict";
  const form = document.getElementById("page");
  if (!form) return;
  const text = document.getElementById("text");
  let saved = true;
  let waiting = 0;
  let asked = 0;

  form.querySelectorAll("[data-script]").forEach((part) => { part.hidden = false; });

  const put = (words, from, to) => {
    text.focus();
    text.setRangeText(words, from, to, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const chosen = () => text.value.slice(text.selectionStart, text.selectionEnd);
  const lineStart = () => text.value.lastIndexOf("\n", text.selectionStart - 1) + 1;

  form.querySelectorAll(".tools button").forEach((button) => button.addEventListener("click", () => {
    const { before, after = "", line } = button.dataset;
    if (line !== undefined) put(before, lineStart(), lineStart());
    else put(before + chosen() + after, text.selectionStart, text.selectionEnd);
  }));

  // The way from this page to another, as Markdown wants it: "../signs.md" from "stories/one.md".
  const way = (from, to) => "../".repeat(from.split("/").length - 1) + to;

  const picked = (attribute, words) => {
    const list = form.querySelector(`[${attribute}]`);
    list.addEventListener("change", () => {
      if (list.value) put(words(list), text.selectionStart, text.selectionEnd);
      list.value = "";
    });
  };
  picked("data-link", (list) => `[${chosen() || list.selectedOptions[0].textContent}](${way(text.dataset.page, list.value)})`);
  picked("data-number", (list) => `[[ number: ${list.value} ]]`);
  picked("data-picture", (list) => `\n\n![${chosen()}](/media/${list.value})\n\n`);
  picked("data-block", (list) => `\n\n[[ ${list.value} ]]\n\n`);

  // What was copied from Word or a web page has looks and traces of its making: the window makes Markdown of it.
  const told = (sentences) => {
    document.getElementById("said").replaceChildren(...sentences.map((sentence) => {
      const line = document.createElement("p");
      line.className = "panel";
      line.textContent = sentence;
      return line;
    }));
  };
  text.addEventListener("paste", async (event) => {
    const html = event.clipboardData.getData("text/html");
    const plain = event.clipboardData.getData("text/plain");
    if (!html) return;
    event.preventDefault();
    const sent = new URLSearchParams({ form_token: form.elements.form_token.value, html });
    let found = { text: null, said: [] };
    try {
      const answer = await fetch(form.dataset.paste, { method: "POST", body: sent });
      if (answer.ok) found = await answer.json();
    } catch { /* the window has ended: the words themselves are put in */ }
    put(found.text ?? plain, text.selectionStart, text.selectionEnd);
    told(found.said);
  });

  const show = (key) => {
    const old = document.getElementById("preview");
    const fresh = old.cloneNode(false);
    fresh.src = form.dataset.seen + key;
    old.replaceWith(fresh); // a new frame adds nothing to the browser's history
  };

  const say = (problems) => {
    const box = document.getElementById("problems");
    box.replaceChildren();
    if (!problems.length) return;
    const panel = document.createElement("div");
    panel.className = "panel panel--danger";
    panel.setAttribute("role", "status");
    const list = panel.appendChild(document.createElement("ul"));
    problems.forEach((problem) => {
      list.appendChild(document.createElement("li")).textContent = `${problem.where}: ${problem.what} ${problem.todo}`;
    });
    box.append(panel);
  };

  const typed = () => [...new FormData(form)].filter(([, value]) => typeof value === "string");

  const look = async () => {
    const turn = ++asked;
    try {
      const answer = await fetch(form.dataset.look, { method: "POST", body: new URLSearchParams(typed()) });
      if (!answer.ok || turn !== asked) return;
      const found = await answer.json();
      show(found.page);
      say(found.problems);
    } catch { /* the window has ended: what is typed stays here */ }
  };

  form.addEventListener("input", () => {
    saved = false;
    clearTimeout(waiting);
    waiting = setTimeout(look, 300);
  });
  form.addEventListener("submit", (event) => { saved = saved || !event.submitter?.formTarget; });
  window.addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  look();
})();
