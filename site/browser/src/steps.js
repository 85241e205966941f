// A few questions at a time. Everything stays in the one form, so going back loses nothing.
import { button, make, say } from "./dom.js";
import { complain } from "./fields.js";

export function wireSteps(form, settings, finished) {
  const words = settings.words;
  const fields = (names) => names.map((name) => form.querySelector(`[data-field="${name}"]`)).filter(Boolean);
  const submit = form.querySelector("button[type=submit]");
  const road = form.querySelector("[data-road]");
  const progress = make("p", { class: "step", tabindex: "-1" });
  const bar = make("progress", { max: String(settings.steps.length + 1), value: "1", "aria-hidden": "true" });
  const back = button(words.back, () => go(now - 1), "quiet");
  const next = button(words.next, () => go(now + 1));
  const skip = make("p", { class: "help" }, words.skip);
  // Whoever is already writing when the script arrives on a slow line stays where they are.
  const writing = document.activeElement.closest("[data-field]");
  let now = Math.max(0, settings.steps.findIndex((names) => writing && names.includes(writing.dataset.field)));
  let extra = null;
  form.prepend(progress, bar);
  submit.before(skip, next);
  submit.after(back);
  submit.type = "button";
  submit.addEventListener("click", finished);
  // Enter in a text box goes on to the next questions, not past them.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input") && now < settings.steps.length - 1) {
      event.preventDefault();
      go(now + 1);
    }
  });

  // After the first questions only the questions stand on the page.
  const intro = [...form.parentElement.children].slice(0, [...form.parentElement.children].indexOf(form));

  function draw() {
    intro.forEach((each) => { each.hidden = now > 0 && !each.matches("h1, .note--demonstration"); });
    const last = now === settings.steps.length - 1;
    settings.steps.forEach((names, index) => fields(names).forEach((field) => { field.hidden = index !== now; }));
    progress.textContent = say(words.step, { now: now + 1, all: settings.steps.length + 1 });
    bar.value = now + 1;
    back.hidden = now === 0;
    next.hidden = last;
    submit.hidden = !last;
    road.hidden = !last;
    skip.hidden = last;
  }

  function go(step) {
    now = Math.max(0, Math.min(step, settings.steps.length - 1));
    draw();
    progress.focus();
    progress.scrollIntoView({ block: "start" });
  }

  function show() {
    if (extra) extra.remove();
    extra = null;
    form.hidden = false;
    go(now);
  }

  draw();
  return {
    show,
    hide(page) {
      if (extra) extra.remove();
      extra = page;
      form.hidden = true;
      form.after(page);
    },
    complain(name, text) {
      show();
      go(settings.steps.findIndex((names) => names.includes(name)));
      complain(form, name, text);
    },
  };
}
