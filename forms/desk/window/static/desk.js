// Conveniences of the desk's window. Without them all works the same, with one more page load.
// While somebody types, the lock waits. When nobody does, the page goes to the lock with all that it shows, and what was
// typed and not sent is held by the desk until it is unlocked.
const { idle, token, root } = document.body.dataset;

function unsent() {
  const typed = [...document.querySelectorAll("main textarea")].find((area) => area.value !== area.defaultValue);
  if (!typed) return null;
  const fields = new URLSearchParams([...new FormData(typed.form)].filter(([, value]) => typeof value === "string"));
  fields.set("path", new URL(typed.form.action).pathname);
  return fields;
}

async function leave() {
  const fields = unsent();
  try {
    if (fields) await fetch(`${root}/keep`, { method: "POST", body: fields });
  } finally {
    location.replace(`${root}/unlock`);
  }
}

// Somebody is at work here. Fails where the desk's program has ended.
function callProgram() {
  return fetch(`${root}/awake`, { method: "POST", body: new URLSearchParams({ form_token: token }) });
}

if (idle) {
  // The machine may sleep meanwhile, and timers with it: the time of day tells how long nobody was there.
  let told = Date.now();
  let used = Date.now();
  const rest = () => { used = Date.now(); };
  const waiting = setInterval(() => {
    if (Date.now() - used < (Number(idle) + 5) * 1000) return;
    clearInterval(waiting);
    leave();
  }, 5000);
  addEventListener("input", () => {
    rest();
    if (Date.now() - told > 30_000) {
      told = Date.now();
      callProgram();
    }
  });
}

// A form that is sent after the desk's program has ended would leave an empty page of the browser's: ask first.
function hasTypedText(form) {
  return [...form.elements].some((field) => field.matches("textarea, input:not([type=hidden])") && field.value !== field.defaultValue);
}

const ended = document.querySelector("#ended");
if (ended) {
  let reached = null;
  let asking = false;
  addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post" || form === reached || event.defaultPrevented || !hasTypedText(form)) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    const { submitter } = event;
    try {
      await callProgram();
      reached = form;
    } catch {
      ended.hidden = false;
      ended.focus();
    }
    asking = false;
    if (reached === form) form.requestSubmit(submitter);
  });
}

// A phrase goes into the text at once, instead of by way of a new page.
const phrase = document.querySelector("#phrase");
const answer = document.querySelector("#answer-text");
document.querySelector('button[value="insert"]')?.addEventListener("click", (event) => {
  event.preventDefault();
  const { words, state } = phrase.selectedOptions[0].dataset;
  if (words) {
    answer.value = [answer.value.trim(), words].filter(Boolean).join("\n\n");
    phrase.value = "";
    const beside = document.querySelector("#answer-state");
    if (!beside.value && state) beside.value = state;
  }
  answer.focus();
});

// A recording is played in its row of the list; without a script its link opens the letter, with a player.
let playing = null;
document.addEventListener("click", (event) => {
  const link = event.target.closest("a.play[data-part]");
  if (!link) return;
  event.preventDefault();
  const same = playing?.link === link;
  playing?.sound.pause();
  playing?.link.setAttribute("aria-pressed", "false");
  playing = null;
  if (same) return;
  const sound = new Audio(link.dataset.part);
  playing = { link, sound };
  link.setAttribute("aria-pressed", "true");
  sound.addEventListener("ended", () => link.setAttribute("aria-pressed", "false"));
  sound.addEventListener("error", () => location.assign(link.href));
  sound.play().catch(() => {});
});
for (const link of document.querySelectorAll("a.play[data-part]")) link.setAttribute("role", "button");
