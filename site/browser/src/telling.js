// The page on which a concern is told: a few questions a page, and the letter is locked on this phone before it is sent.
import { readForm, summary } from "./answers.js";
import { wireMedia } from "./attaching.js";
import { failure, makeDelivery, plainRoad, waiting } from "./delivering.js";
import { button, make } from "./dom.js";
import { firstProblem } from "./fields.js";
import { derive, inFours, newReceipt } from "./receipt.js";
import { readReceipt } from "./typed.js";
import { terms as askTerms } from "./sending.js";
import { wireSpeaking } from "./speaking.js";
import { wireSteps } from "./steps.js";
import { Unsafe } from "./terms.js";

export function startTelling(form, settings, digits) {
  const { words } = settings;
  const delivery = makeDelivery(settings);
  const { media, steps } = settings.pictures
    ? wireSpeaking(form, settings, plainly)
    : { media: wireMedia(form, settings, plainly), steps: wireSteps(form, settings, look) };
  const article = form.closest("article");
  let looking = false;
  let sent = false;
  let receipt = "";

  document.querySelector("[data-road]").textContent = words.road;
  form.addEventListener("submit", (event) => {
    if (form.dataset.plain) return;
    event.preventDefault();
    look();
  });
  addEventListener("beforeunload", (event) => {
    if (!sent && !document.documentElement.hidden && hasAnswers()) event.preventDefault();
  });
  // What was typed or chosen on a shared phone must not come back with the Back button, sent or not. A browser puts back
  // what a form held when it was left, ticks too: so it is emptied before.
  addEventListener("pagehide", () => {
    form.reset();
    if (sent || document.documentElement.hidden) article.replaceChildren();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  function hasAnswers() {
    return media.parts().length > 0 || Object.keys(readForm(form)).length > 0;
  }

  // The last page before sending: everything once more, and who can read it.
  async function look() {
    if (looking) return undefined; // pressed twice while a photo was prepared
    looking = true;
    form.setAttribute("aria-busy", "true");
    const refused = await media.finish();
    form.removeAttribute("aria-busy");
    looking = false;
    const problem = refused || firstProblem(form, settings, media.parts());
    if (problem) return steps.complain(...problem);
    const boxes = settings.hides ? [...form.querySelectorAll(`[name="${settings.hides}"]`)] : [];
    if (boxes.length && boxes.every((box) => box.checked)) return steps.complain(settings.hides, words.all);
    const desks = settings.hides ? boxes.filter((box) => !box.checked).map((box) => ({ id: box.value, name: labelOf(box) })) : settings.readers;
    if (settings.pictures) return send(form, desks, true);
    const page = make("section", { class: "look" }, [
      make("h2", { tabindex: "-1" }, words.look),
      make("p", { class: "note" }, [make("strong", {}, words.notyet), " ", words.review]),
      make("dl", { class: "summary" }, [...summary(form), ...media.summary()].flatMap(([question, answer]) => [
        make("dt", {}, question), make("dd", {}, answer),
      ])),
      make("h3", {}, words.readers),
      make("ul", {}, desks.map((desk) => make("li", {}, desk.name))),
      make("p", { class: "road" }, words.road),
      button(words.send, () => send(page, desks, true)),
      button(words.without, () => send(page, desks, false), "quiet"),
      button(words.change, () => steps.show(), "quiet"),
    ]);
    steps.hide(page);
    page.querySelector("h2").focus();
    return undefined;
  }

  async function send(page, desks, withReceipt) {
    const { section, told } = waiting(words.locking, words);
    page.hidden = true;
    page.after(section);
    try {
      await deliver(desks.map((desk) => desk.id), withReceipt, told);
    } catch (error) {
      return failed(section, page, error, () => send(page, desks, withReceipt));
    }
    sent = true;
    return shown(withReceipt, desks);
  }

  // It is kept: whatever fails from here on, the receipt is seen.
  function shown(withReceipt, desks) {
    try {
      form.reset();
      finish(withReceipt, desks);
    } catch {
      article.textContent = withReceipt ? `${words.safe} ${words.number} ` : `${words.safe} ${words.noreceipt}`;
      const code = document.createElement("p");
      code.className = "code";
      code.textContent = withReceipt ? inFours(receipt) : "";
      article.appendChild(code);
    }
  }

  async function deliver(desks, withReceipt, told) {
    const here = await askTerms(told.again);
    const readers = (here.forms && here.forms[settings.form]) || here.desks;
    const chosen = readers.filter((desk) => desks.includes(desk.id));
    if (chosen.length !== desks.length) throw new Error("the desks have changed");
    const answers = readForm(form);
    const parts = media.parts();
    const isOther = delivery.renew([answers, desks, withReceipt, parts.map((part) => [part.kind, part.bytes.length, part.mark])]);
    if (isOther) receipt = withReceipt ? newReceipt() : "";
    const derived = receipt ? await derive(receipt, settings.purpose, here) : { lookup: "", recipient: null, eraseHash: null, answerKey: null };
    const letter = { day: here.day, reply_to: derived.recipient, erase_hash: derived.eraseHash, answer_key: derived.answerKey, follows: null, answers };
    const headers = { "Portal-Form": settings.form, ...(derived.lookup ? { "Portal-Lookup": derived.lookup } : {}) };
    await delivery.deliver(letter, parts, chosen, here.all || here.desks, headers, told);
  }

  // Nothing is sent another way without being asked: sending unlocked is a choice of the person's own.
  function failed(section, page, error, again) {
    section.replaceChildren(
      failure(words, error),
      button(words.retry, () => { section.remove(); again(); }),
      button(words.change, () => { section.remove(); page.hidden = false; }, "quiet"),
      // Where the server asked for a weak lock, its own lock is not offered in one breath.
      ...(error instanceof Unsafe ? [] : [plainRoad(words, plainly)]),
    );
    section.querySelector("[role=alert]").focus();
  }

  async function plainly() {
    const refused = await media.finish();
    if (refused) return steps.complain(...refused);
    form.dataset.plain = "yes";
    form.hidden = false;
    media.putBack();
    sent = true;
    return form.submit();
  }

  // A drawing that came with the page, where there is one.
  function drawn(name) {
    const drawing = document.getElementById(name);
    return drawing ? [drawing.content.cloneNode(true)] : [];
  }

  function finish(withReceipt, desks) {
    const done = make("section", {}, [
      make("div", { class: "panel panel--done", tabindex: "-1" }, [
        make("h1", { class: "slim" }, [...drawn("kept"), words.safe]),
        ...(withReceipt
          ? [make("p", {}, words.number), make("p", { class: "code" }, inFours(receipt))]
          : [make("p", {}, words.noreceipt)]),
      ]),
      ...(withReceipt ? keeping(receipt) : []),
      make("h2", {}, words.readers),
      make("ul", {}, desks.map((desk) => make("li", {}, desk.name))),
      make("h2", {}, words.next_title),
      make("p", {}, words.next_text),
      ...(withReceipt
        ? [make("p", { class: "again" }, [
          ...drawn("again"), make("a", { class: "button", href: `/${settings.language}/answer/` }, words.answer),
        ])]
        : []),
    ]);
    article.replaceChildren(done);
    const code = done.querySelector(".code");
    if (withReceipt) {
      code.dataset.digits = digits;
      code.dataset.hear = words.hear;
      document.dispatchEvent(new CustomEvent("receipt", { detail: code }));
    }
    done.querySelector(".panel").focus();
    scrollTo(0, 0);
    if (code && code.getBoundingClientRect().bottom > innerHeight) code.scrollIntoView({ block: "center" });
  }

  function keeping(code) {
    const typed = make("input", { class: "input", type: "text", id: "typed", inputmode: "numeric", autocomplete: "off", autocorrect: "off" });
    const verdict = make("p", { role: "status" });
    return [
      make("ul", {}, [words.paper, words.opens, words.lost].map((text) => make("li", {}, text))),
      ...(words.typeback ? [make("div", { class: "form" }, [
        make("label", { class: "label", for: "typed" }, words.typeback),
        typed,
        button(words.check, () => {
          const right = readReceipt(typed.value).code === code;
          verdict.textContent = right ? words.right : words.wrong;
          verdict.className = right ? "panel panel--done" : "error";
        }),
        verdict,
      ])] : []),
    ];
  }
}

function labelOf(box) {
  return [...box.closest("label").querySelectorAll("span")].pop().textContent.trim();
}
