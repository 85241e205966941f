// Help while somebody writes: buttons, the page beside the text, a question before typed words are left behind.
// Everything works without this file.
(() => {
  "use strict";
  // Who pressed on a cell of a table means to write another in its place.
  const cell = location.hash.startsWith("#f-") && document.getElementById(location.hash.slice(1));
  if (cell) {
    cell.focus();
    cell.select?.();
  }

  // The first page is there at once; what is wrong anywhere in the content takes longer to find, and is put in here.
  const nav = document.querySelector(".top nav a");
  if (nav) document.cookie = `script=yes; path=${nav.pathname}; samesite=strict`;
  const later = document.querySelector("[data-later]");
  const fill = async () => {
    try {
      const answer = await fetch(later.dataset.later);
      if (!answer.ok) {
        location.search = "?all=yes"; // that page says what went wrong
        return;
      }
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").body;
      later.replaceChildren(...found.children);
      if (!later.children.length) later.textContent = later.dataset.none;
    } catch { /* the window has ended */ }
  };
  if (later) fill();

  // Save without leaving the page: undo, the place in the text and what is typed meanwhile stay. Whatever is not plainly
  // saved (two people's edits, a full disk, a session that has ended) is sent again as a form, whose answer is a page.
  const stays = (form, { begin = () => {}, leave = () => {}, after = () => {} }) => {
    const done = document.getElementById("saved");
    let saving = false;
    let leaving = false;
    let typings = 0;
    form.addEventListener("input", () => {
      typings += 1;
      done.textContent = "";
      document.querySelector("main > .panel--done")?.remove(); // what is typed now is not saved
    });
    const save = async (button) => {
      saving = true;
      begin();
      const before = typings;
      const sent = [...new FormData(form)].filter(([, value]) => typeof value === "string");
      if (button?.name) sent.push([button.name, button.value]);
      let answer = null;
      let came = null;
      try {
        came = await fetch(form.action, {
          method: "POST", body: new URLSearchParams(sent), headers: { Accept: "application/json" }, redirect: "manual",
        });
        if (came.ok) answer = await came.json();
      } catch { /* no network, or the window has ended */ }
      saving = false;
      if (!came) {
        done.textContent = done.dataset.lost; // a form that is sent now would leave an empty page of the browser's
        return;
      }
      if (!answer) {
        leaving = true;
        leave();
        form.requestSubmit(button);
        return;
      }
      Object.entries(answer).forEach(([name, value]) => { form.elements[name].value = value; });
      if (typings === before) done.textContent = done.dataset.says;
      after(typings === before);
    };
    form.addEventListener("submit", (event) => {
      if (leaving || event.submitter?.hasAttribute("formaction") || event.submitter?.name === "draft") return;
      event.preventDefault();
      if (!saving) save(event.submitter);
    });
    form.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      form.requestSubmit(form.querySelector(".bar button"));
    });
  };

  // A translation that was saved: its state and its paragraphs' are asked a moment later.
  const translation = document.getElementById("translation");
  if (translation) {
    let turn = 0;
    const around = (page) => [...page.querySelector("main").children];
    const renew = async () => {
      const mine = ++turn;
      const answer = await fetch(translation.action);
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const other = fresh.getElementById("translation");
      if (!other || mine !== turn) return;
      const parts = around(fresh);
      const at = parts.indexOf(other);
      around(document).forEach((part) => { if (part !== translation) part.remove(); });
      translation.before(...parts.slice(0, at));
      translation.after(...parts.slice(at + 1));
      const pairs = [...other.querySelectorAll(".pair")];
      translation.querySelectorAll(".pair").forEach((pair, number) => {
        const state = pair.querySelector(".state");
        const now = pairs[number]?.querySelector(".state");
        pair.className = pairs[number]?.className ?? pair.className;
        if (state && now) state.replaceWith(now);
      });
    };
    stays(translation, { begin() { turn += 1; }, after() { renew().catch(() => { /* as it was */ }); } });
  }

  const form = document.getElementById("page");
  if (!form) return;
  const text = document.getElementById("text");
  let saved = true;
  let waiting = 0;
  let asked = 0;

  form.querySelectorAll("[data-script]").forEach((part) => { part.hidden = false; });
  const said = JSON.parse(form.dataset.words);

  // The field in which the text is written: the plain one, until CodeMirror stands in its place.
  const plain = {
    node: text,
    get value() { return text.value; },
    get from() { return text.selectionStart; },
    get to() { return text.selectionEnd; },
    put(fresh, from, to, chosenFrom, chosenTo) {
      text.focus();
      text.setSelectionRange(from, to);
      // What a browser types itself, it can also undo; where it does not, the words are set.
      if (!document.execCommand(fresh ? "insertText" : "delete", false, fresh)) {
        text.setRangeText(fresh, from, to, "end");
        text.dispatchEvent(new Event("input", { bubbles: true }));
      }
      text.setSelectionRange(chosenFrom, chosenTo);
    },
    show() {},
    goTo(number) {
      const start = text.value.split("\n").slice(0, number - 1).join("\n").length + (number > 1);
      text.focus();
      text.setSelectionRange(start, start);
    },
    undo() { text.focus(); document.execCommand("undo"); },
    redo() { text.focus(); document.execCommand("redo"); },
  };
  let field = plain;
  if ("begun" in text.dataset) field.goTo(text.value.split("\n").length); // a new page: its first sentence is typed at once
  let found = [];

  const chosen = () => field.value.slice(field.from, field.to);
  const put = (fresh, from = field.from, to = field.to) => field.put(fresh, from, to, from + fresh.length, from + fresh.length);

  // Put in words with a stretch of them chosen: what is typed next takes its place.
  const putChosen = (before, middle, after, from = field.from, to = field.to) =>
    field.put(before + middle + after, from, to, from + before.length, from + before.length + middle.length);

  // The whole lines that are chosen.
  const chosenLines = () => {
    const from = field.value.lastIndexOf("\n", field.from - 1) + 1;
    const end = field.value.indexOf("\n", field.to);
    return { from, to: end < 0 ? field.value.length : end };
  };

  // The empty lines that a block needs before and after it.
  const around = (from, to) => {
    const before = field.value.slice(0, from);
    const after = field.value.slice(to);
    const gap = (lines, end) => (end ? "" : "\n".repeat(Math.max(0, 2 - lines.length)));
    return [gap(/\n*$/.exec(before)[0], !before), gap(/^\n*/.exec(after)[0], false)];
  };

  const does = {
    // A second press takes the signs away again.
    line({ before }) {
      const { from, to } = chosenLines();
      const lines = field.value.slice(from, to).split("\n");
      const all = lines.every((line) => !line || line.startsWith(before));
      const clear = before.startsWith("#") ? /^#+ / : /^(?:- |\d+\. )/;
      const some = lines.some(Boolean);
      const fresh = lines.map((line) => {
        if (some && !line) return line;
        return all && some ? line.slice(before.length) : before + line.replace(clear, "");
      }).join("\n");
      field.put(fresh, from, to, lines.length > 1 ? from : from + fresh.length, from + fresh.length);
    },
    wrap({ before, after }) {
      const middle = chosen();
      const inside = middle.length >= before.length + after.length && middle.startsWith(before) && middle.endsWith(after);
      const from = inside ? field.from : field.from - before.length;
      const to = inside ? field.to : field.to + after.length;
      const whole = field.value.slice(Math.max(0, from), to);
      if (from < 0 || !whole.startsWith(before) || !whole.endsWith(after)) {
        putChosen(before, middle, after);
        return;
      }
      const bare = whole.slice(before.length, whole.length - after.length);
      field.put(bare, from, to, from, from + bare.length);
    },
    note() {
      const lines = chosen() ? chosenLines() : { from: field.from, to: field.to };
      const middle = field.value.slice(lines.from, lines.to) || said.sentence;
      const [first, last] = around(lines.from, lines.to);
      putChosen(`${first}!!! note "`, said.title, `"\n${middle.replace(/^(?=.)/gm, "    ")}${last}`, lines.from, lines.to);
    },
    bubble() {
      const lines = chosen() ? chosenLines() : { from: field.from, to: field.to };
      const middle = (field.value.slice(lines.from, lines.to) || said.sentence).replace(/\s*\n\s*/g, " ");
      const [first, last] = around(lines.from, lines.to);
      putChosen(first, said.name, `\n:   "${middle}"${last}`, lines.from, lines.to);
    },
    undo() { field.undo(); },
    redo() { field.redo(); },
  };
  form.querySelectorAll(".tools button").forEach((button) => {
    button.addEventListener("mousedown", (event) => event.preventDefault()); // the choice in the text stays
    button.addEventListener("click", () => does[button.dataset.does](button.dataset));
  });

  // The way from this page to another, as Markdown wants it: "../signs.md" from "stories/one.md".
  const way = (from, to) => "../".repeat(from.split("/").length - 1) + to;

  const picked = (attribute, put) => {
    const list = form.querySelector(`[${attribute}]`);
    list.addEventListener("change", () => {
      if (list.value) put(list.value, list.selectedOptions[0].textContent);
      list.value = "";
    });
  };
  const link = (page, title) => `[${chosen() || title}](${way(text.dataset.page, page)})`;
  const apart = (before, middle, after) => {
    const [first, last] = around(field.from, field.to);
    if (middle === null) put(first + before + last);
    else putChosen(first + before, middle, after + last);
  };
  picked("data-link", (page, title) => put(link(page, title)));
  picked("data-button", (page, title) => put(`${link(page, title)}{ .button }`));
  picked("data-number", (id) => put(`[[ number: ${id} ]]`));
  picked("data-picture", (name) => apart("![", chosen(), `](/media/${name})`));
  picked("data-block", (name) => apart(`[[ ${name} ]]`, null));

  // What was copied from Word or a web page has looks and traces of its making: the window makes Markdown of it.
  const told = (sentences) => {
    document.getElementById("said").replaceChildren(...sentences.map((sentence) => {
      const line = document.createElement("p");
      line.className = "panel";
      line.textContent = sentence;
      return line;
    }));
  };
  form.addEventListener("paste", async (event) => {
    if (!field.node.contains(event.target) || !event.clipboardData) return;
    const html = event.clipboardData.getData("text/html");
    const words = event.clipboardData.getData("text/plain");
    if (!html) return;
    event.preventDefault();
    event.stopPropagation(); // the field itself would paste the plain words too
    const sent = new URLSearchParams({ form_token: form.elements.form_token.value, html });
    let made = { text: null, said: [] };
    try {
      const answer = await fetch(form.dataset.paste, { method: "POST", body: sent });
      if (answer.ok) made = await answer.json();
    } catch { /* the window has ended: the words themselves are put in */ }
    put(made.text ?? words, field.from, field.to);
    told(made.said);
  }, true);

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
      const entry = list.appendChild(document.createElement("li"));
      if (problem.line) {
        const button = entry.appendChild(document.createElement("button"));
        button.type = "button";
        button.className = "link";
        button.textContent = said.line.replace("%d", problem.line);
        button.addEventListener("click", () => field.goTo(problem.line));
      }
      entry.append(`${problem.line ? " " : `${problem.where}: `}${problem.what} ${problem.todo}`);
    });
    box.append(panel);
  };

  const typed = () => [...new FormData(form)].filter(([, value]) => typeof value === "string");

  const look = async () => {
    const turn = ++asked;
    try {
      const answer = await fetch(form.dataset.look, { method: "POST", body: new URLSearchParams(typed()) });
      if (!answer.ok || turn !== asked) return;
      const seen = await answer.json();
      show(seen.page);
      found = seen.problems;
      say(found);
      field.show(found);
    } catch { /* the window has ended: what is typed stays here */ }
  };

  form.addEventListener("input", () => {
    saved = false;
    clearTimeout(waiting);
    waiting = setTimeout(look, 300);
  });

  // They stand beside the form that they belong to, and change only what is looked at.
  [form.elements.shown_in, form.elements.dark].forEach((one) => one.addEventListener("input", look));

  stays(form, {
    begin() {
      clearTimeout(waiting);
      asked += 1; // what is said of the text before is not waited for
    },
    leave() { saved = true; },
    after(unchanged) {
      saved = saved || unchanged;
      document.querySelector("h1").textContent = document.title = form.elements.title.value;
      look();
    },
  });
  form.addEventListener("submit", (event) => { saved = saved || Boolean(event.submitter?.hasAttribute("formaction") && !event.submitter.formTarget); });
  window.addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  look();

  // After the page is there and read: it weighs a hundred times what this file does. Nobody's letter is cut in two.
  let composing = false;
  form.addEventListener("compositionstart", () => { composing = true; });
  form.addEventListener("compositionend", () => { composing = false; });
  const take = (made) => {
    if (composing) {
      text.addEventListener("compositionend", () => setTimeout(() => take(made)), { once: true });
      return;
    }
    field = made.fieldFor(text, { nonce: form.dataset.nonce, label: "text-label", words: said });
    field.show(found);
    document.getElementById("text-label").addEventListener("click", () => field.node.focus());
  };
  if (form.dataset.field) {
    const begin = () => import(form.dataset.field).then(take, () => { /* the plain field stays */ });
    if (document.readyState === "complete") begin();
    else window.addEventListener("load", begin, { once: true });
  }
})();
