// The concern page with a script: a few questions a page, and the letter is locked on this phone before it is sent.
// Without this file the same form works whole, and the server locks the letter; the page says which of the two it is.
import { bytesToHex, randomBytes } from "@noble/hashes/utils.js";
import { readForm, summary } from "./answers.js";
import { TooLarge, sealLetter, sealPart } from "./locking.js";
import { wireMedia } from "./attaching.js";
import { derive, inFours, newReceipt, readReceipt } from "./receipt.js";
import { Refused, put, terms as askTerms } from "./sending.js";
import { make, say } from "./dom.js";
import { wireSteps } from "./steps.js";
import { work } from "./work.js";

const form = document.querySelector("form[data-sealing]");
const settings = JSON.parse(document.getElementById("sealing").textContent);
const words = settings.words;
const digits = document.getElementById("sealing").dataset.digits;
const VERSION = 2;

let id = "";
let sent = false;
let receipt = "";
let content = "";
const kept = new Map(); // parts that the server has, by what was sealed into them and for whom

if (form && window.isSecureContext && window.BigInt && window.crypto) start();

function start() {
  const media = wireMedia(form, words);
  const steps = wireSteps(form, settings, () => look(steps, media));
  document.querySelector("[data-road]").textContent = words.road;
  form.addEventListener("submit", (event) => {
    if (form.dataset.plain) return;
    event.preventDefault();
    look(steps, media);
  });
  addEventListener("beforeunload", (event) => {
    if (!sent && !document.documentElement.hidden && hasAnswers(media)) event.preventDefault();
  });
  // What was typed on a shared phone must not come back with the Back button once it was sent or left in a hurry.
  addEventListener("pagehide", () => {
    if (sent || document.documentElement.hidden) form.parentElement.replaceChildren();
  });
}

function hasAnswers(media) {
  return media.parts().length > 0 || Object.keys(readForm(form)).length > 0;
}

// The last page before sending: everything once more, and who can read it.
function look(steps, media) {
  const answers = readForm(form);
  const needed = settings.any.some((name) => answers[name]) || media.parts().length > 0;
  if (!needed) return steps.complain(settings.any[0], words.needed);
  const boxes = [...form.querySelectorAll('[name="hide_from"]')];
  if (boxes.length && boxes.every((box) => box.checked)) return steps.complain("hide_from", words.all);
  const desks = boxes.filter((box) => !box.checked).map((box) => ({ id: box.value, name: labelOf(box) }));
  const page = make("section", { class: "look" }, [
    make("h2", { tabindex: "-1" }, words.look),
    make("p", { class: "note" }, [make("strong", {}, words.notyet), " ", words.review]),
    make("dl", { class: "summary" }, [...summary(form), ...media.summary()].flatMap(([question, answer]) => [
      make("dt", {}, question), make("dd", {}, answer),
    ])),
    make("h3", {}, words.readers),
    make("ul", {}, desks.map((desk) => make("li", {}, desk.name))),
    make("p", { class: "road" }, words.road),
    make("button", { class: "button", type: "button" }, words.send, () => send(page, media, desks, true, steps)),
    make("button", { class: "button quiet", type: "button" }, words.without, () => send(page, media, desks, false, steps)),
    make("button", { class: "button quiet", type: "button" }, words.change, () => steps.show()),
  ]);
  steps.hide(page);
  page.querySelector("h2").focus();
  return undefined;
}

function labelOf(box) {
  return box.closest("label").textContent.trim();
}

async function send(page, media, desks, withReceipt, steps) {
  const status = make("section", { class: "panel sending" }, [make("p", { role: "status" }, words.locking), make("progress", { max: "1", value: "0" })]);
  const line = status.querySelector("p");
  const bar = status.querySelector("progress");
  page.hidden = true;
  page.after(status);
  try {
    const told = { again: () => { line.textContent = words.again; }, line, bar };
    await deliver(media, desks.map((desk) => desk.id), withReceipt, told);
  } catch (error) {
    return failed(status, page, media, error, () => send(page, media, desks, withReceipt, steps));
  }
  sent = true;
  return finish(withReceipt, desks);
}

async function deliver(media, desks, withReceipt, told) {
  const here = await askTerms(told.again);
  const chosen = here.desks.filter((desk) => desks.includes(desk.id));
  if (chosen.length !== desks.length) throw new Error("the desks have changed");
  const keys = chosen.flatMap((desk) => desk.keys);
  const answers = readForm(form);
  // Other content is another letter with another receipt; the same content, sent again, is the same letter.
  const now = JSON.stringify([answers, desks, withReceipt, media.parts().map((part) => [part.kind, part.bytes.length, part.mark])]);
  if (now !== content) {
    content = now;
    id = bytesToHex(randomBytes(16));
    receipt = withReceipt ? newReceipt() : "";
  }
  const derived = receipt ? await derive(receipt, settings.form, here) : { lookup: "", recipient: null };
  const parts = [];
  for (const part of media.parts()) parts.push({ ...(await keepPart(part, chosen, keys, told)), part });
  const letter = {
    form: settings.form, version: VERSION, id, language: settings.language, sealed_by: "browser", day: here.day,
    desks, reply_to: derived.recipient, follows: null, answers,
    parts: parts.map(({ id: name, part }) => ({ id: name, kind: part.kind, ...(part.seconds ? { seconds: part.seconds } : {}) })),
  };
  const sealed = await sealLetter(letter, keys, settings.pad);
  const headers = { "Portal-Desks": desks.join(","), "Portal-Parts": parts.map((each) => each.id).join(",") };
  if (derived.lookup) headers["Portal-Lookup"] = derived.lookup;
  await putLetter(sealed, headers, told);
}

async function putLetter(sealed, headers, told) {
  const progress = meter(told, sealed.length);
  try {
    await put(`letters/${id}`, sealed, headers, progress, told.again);
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 428) {
      if (error instanceof Refused && error.status === 409) kept.clear(); // the parts are gone: they are sent again
      throw error;
    }
    told.line.textContent = words.working;
    const done = await work(id, sealed, error.data.bits);
    await put(`letters/${id}`, sealed, { ...headers, "Portal-Work": done }, progress, told.again);
  }
}

async function keepPart(part, chosen, keys, told) {
  const name = `${part.mark} ${chosen.map((desk) => desk.id).join(",")}`;
  if (!kept.has(name)) {
    const { id: partId, sealed } = await sealPart(part, keys);
    const headers = { "Portal-Desks": chosen.map((desk) => desk.id).join(",") };
    await put(`parts/${partId}`, sealed, headers, meter(told, sealed.length), told.again);
    kept.set(name, partId);
  }
  return { id: kept.get(name) };
}

function meter({ line, bar }, whole) {
  return (loaded) => {
    bar.value = loaded / whole;
    line.textContent = say(words.sending, { done: Math.round(loaded / 1024), all: Math.round(whole / 1024) });
  };
}

// Nothing is sent another way without being asked: sending unlocked is a choice of the person's own.
function failed(status, page, media, error, again) {
  const long = error instanceof TooLarge;
  status.replaceChildren(
    make("div", { class: "error-summary", role: "alert", tabindex: "-1" }, [
      make("h2", {}, words.failed),
      make("p", {}, long ? words.large : words.failedhelp),
    ]),
    make("button", { class: "button", type: "button" }, words.retry, () => { status.remove(); again(); }),
    make("button", { class: "button quiet", type: "button" }, words.change, () => { status.remove(); page.hidden = false; }),
    make("details", {}, [
      make("summary", {}, words.plain),
      make("p", {}, words.plainhelp),
      make("button", { class: "button quiet", type: "button" }, words.plain, () => {
        form.dataset.plain = "yes";
        form.hidden = false;
        media.putBack();
        sent = true;
        form.submit();
      }),
    ]),
  );
  status.querySelector("[role=alert]").focus();
}

function finish(withReceipt, desks) {
  const done = make("section", {}, [
    make("div", { class: "panel panel--done", tabindex: "-1" }, [
      make("h2", {}, words.safe),
      ...(withReceipt
        ? [make("p", {}, words.number), make("p", { class: "code" }, inFours(receipt))]
        : [make("p", {}, words.noreceipt)]),
    ]),
    ...(withReceipt ? keeping(receipt) : []),
    make("h2", {}, words.readers),
    make("ul", {}, desks.map((desk) => make("li", {}, desk.name))),
    make("h2", {}, words.next_title),
    make("p", {}, words.next_text),
  ]);
  form.closest("article").replaceChildren(done);
  if (withReceipt) {
    const code = done.querySelector(".code");
    code.dataset.digits = digits;
    code.dataset.hear = words.hear;
    document.dispatchEvent(new CustomEvent("receipt", { detail: code }));
  }
  done.querySelector(".panel").focus();
  scrollTo(0, 0);
}

function keeping(code) {
  const typed = make("input", { class: "input", type: "text", id: "typed", inputmode: "numeric", autocomplete: "off" });
  const verdict = make("p", { role: "status" });
  return [
    make("ul", {}, [words.paper, words.opens, words.lost].map((text) => make("li", {}, text))),
    make("div", { class: "form" }, [
      make("label", { class: "label", for: "typed" }, words.typeback),
      typed,
      make("button", { class: "button", type: "button" }, words.check, () => {
        const right = readReceipt(typed.value) === code;
        verdict.textContent = right ? words.right : words.wrong;
        verdict.className = right ? "panel panel--done" : "error";
      }),
      verdict,
    ]),
  ];
}
