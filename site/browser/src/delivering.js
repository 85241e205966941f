// One letter on its way: its photos and recording first, each once, then the letter; over a broken line again and again.
import { bytesToHex, randomBytes } from "@noble/hashes/utils.js";
import { button, make, say } from "./dom.js";
import { TooLarge, sealLetter, sealPart } from "./locking.js";
import { MOST_TURNS, Refused, put } from "./sending.js";
import { Unsafe, checkBits, checkDesks, checkSize } from "./terms.js";
import { work } from "./work.js";

const VERSION = 2;

// What is remembered of one page: so that trying again sends the same letter, and no photo twice.
export function makeDelivery(settings) {
  const { words } = settings;
  const kept = new Map(); // parts that the server has, by what was sealed into them and for whom
  let id = "";
  let content = "";

  // Another id for another content: the same content, sent again, is the same letter. Whether it is another.
  function renew(now) {
    const text = JSON.stringify(now);
    if (text === content) return false;
    content = text;
    id = bytesToHex(randomBytes(16));
    return true;
  }

  // desks: [{id, keys}], and `all` that read such letters; letter: what only this letter says; headers: by what it is
  // found again; proven: adds to the whole letter what proves it.
  async function deliver(letter, media, desks, all, headers, told, proven = (whole) => whole) {
    const keys = { desks: checkDesks(desks), all: checkDesks(all) };
    const names = desks.map((desk) => desk.id);
    // Every desk is named, with 1 or 0 behind it: the header is as long whoever is left out.
    const listed = [...new Set([...all.map((desk) => desk.id), ...names])];
    const addressed = { "Portal-Desks": listed.map((id) => `${id}=${names.includes(id) ? 1 : 0}`).join(",") };
    for (const name of ["Portal-Follows", "Portal-Form"]) if (headers[name]) addressed[name] = headers[name];
    const parts = [];
    for (const part of media) parts.push({ id: await keepPart(part, keys, addressed, told), kind: part.kind, ...(part.seconds ? { seconds: part.seconds } : {}) });
    const whole = proven({ form: settings.form, version: VERSION, id, language: settings.language, sealed_by: "browser", ...letter, desks: names, parts });
    const sealed = await sealLetter(whole, keys, checkSize(settings.pad));
    await putLetter(sealed, { ...addressed, ...headers, "Portal-Parts": parts.map((part) => part.id).join(",") }, told);
  }

  async function keepPart(part, keys, addressed, told) {
    const name = `${part.mark} ${addressed["Portal-Desks"]}`;
    if (!kept.has(name)) {
      const { id: partId, sealed } = await sealPart(part, keys);
      await put(`parts/${partId}`, sealed, addressed, meter(told, sealed.length), told.again);
      kept.set(name, partId);
    }
    return kept.get(name);
  }

  async function putLetter(sealed, headers, told) {
    const progress = meter(told, sealed.length);
    let done = {};
    for (let turn = 0; ; turn += 1) {
      try {
        return await put(`letters/${id}`, sealed, { ...headers, ...done }, progress, told.again);
      } catch (error) {
        if (error instanceof Refused && error.status === 409) kept.clear(); // the parts are gone: they are sent again
        if (!(error instanceof Refused) || error.status !== 428 || turn >= MOST_TURNS) throw error;
        told.line.textContent = words.working;
        done = { "Portal-Work": await work(id, sealed, checkBits(error.data.bits)) };
      }
    }
  }

  function meter({ line, bar }, whole) {
    return (loaded) => {
      bar.value = loaded / whole;
      line.textContent = say(words.sending, { done: Math.round(loaded / 1024), all: Math.round(whole / 1024) });
    };
  }

  return { renew, deliver };
}

// What stands on the page while something is on its way: a line and a bar, and what `told` hears from below.
export function waiting(text, words) {
  const line = make("p", { role: "status" }, text);
  const bar = make("progress", { max: "1", value: "0" });
  const told = { line, bar, again: () => { line.textContent = words.again; } };
  return { section: make("section", { class: "panel sending" }, [line, bar]), told };
}

// Not sent, and why; the buttons that follow are the page's own. data-reason is for whoever helps: a status or an error's name.
export function failure(words, error) {
  const reason = String(error.status || error.message || error.name);
  return make("div", { class: "error-summary", role: "alert", tabindex: "-1", "data-reason": reason }, [
    make("h2", {}, words.failed),
    make("p", {}, error instanceof TooLarge || error.status === 413 ? words.large : error instanceof Unsafe ? words.unsafe : words.failedhelp),
  ]);
}

// The way without locking here: a choice of the person's own, said for what it is.
export function plainRoad(words, pressed) {
  return make("details", {}, [make("summary", {}, words.plain), make("p", {}, words.plainhelp), button(words.plain, pressed, "quiet")]);
}
