// The page on which a receipt opens the answer: the number stays on this phone. What leaves it is the look-up value alone;
// the answers come sealed and are opened here, and what is added is locked here for the desks that have the letter.
import { Decrypter } from "age-encryption";
import { readForm } from "./answers.js";
import { wireMedia } from "./attaching.js";
import { failure, makeDelivery, waiting } from "./delivering.js";
import { button, make, say } from "./dom.js";
import { complain, firstProblem } from "./fields.js";
import { judge, notOpened, provenAddition } from "./proofs.js";
import { derive } from "./receipt.js";
import { readReceipt } from "./typed.js";
import { Refused, post, terms as askTerms } from "./sending.js";
import { Unsafe } from "./terms.js";
import { forgetVoices, voiceOf } from "./voice.js";

export function startReturning(form, settings, followup) {
  const { words } = settings;
  const place = make("section", { class: "opened" });
  const code = form.querySelector("#code");
  let busy = false;
  let lost = false; // whether the server says that it was brought back from a copy without the last letters
  let left = 0; // how often this page was left: what was asked for before is not shown after

  form.after(make("p", { class: "road" }, words.opens)); // the field first: on a small phone it is on the first screen
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = readReceipt(code.value);
    if (typed.wrong) complain(form, "code", settings.wrong[typed.wrong]);
    else if (!busy) open(typed.code);
  });
  // Nothing that was opened comes back with the Back button of a shared phone.
  addEventListener("pagehide", () => {
    left += 1;
    form.reset();
    place.querySelectorAll("form").forEach((each) => each.reset());
    place.replaceChildren();
    place.remove();
    forgetVoices();
    hide(false);
  });

  async function open(digits) {
    const { section, told } = waiting(words.looking, words);
    told.bar.removeAttribute("value"); // how long it takes is not known
    busy = true;
    const asked = left;
    form.querySelectorAll(".error").forEach((old) => old.remove());
    form.after(section);
    try {
      const found = await lookUp(digits, told);
      if (found && asked === left) show(found);
      else if (asked === left) complain(form, "code", (lost && settings.wrong.restored) || settings.wrong.unknown);
    } catch (error) {
      // The server says "busy" in a page of its own where somebody guesses; any other failure is the line's.
      const busyThere = error instanceof Refused && error.status === 503;
      complain(form, "code", error instanceof Unsafe ? words.unsafe : busyThere ? words.busy : words.away);
    }
    section.remove();
    busy = false;
  }

  // The letter of a receipt with its answers opened; null where there is none.
  async function lookUp(digits, told) {
    const here = await askTerms(told.again);
    for (const purpose of settings.purposes) {
      const keys = await derive(digits, purpose, here);
      try {
        return await opened(keys, await ask(keys, told), here);
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 404) throw error;
        lost = error.data.why === "restored";
      }
    }
    return null;
  }

  function ask(keys, told) {
    return post("lookups", { lookup: keys.lookup, language: settings.language }, told.again);
  }

  async function opened(keys, found, here) {
    const rows = [];
    for (const { desk, day, sealed } of found.answers) {
      const answer = await openAnswer(sealed, keys.identity);
      if (answer) rows.push({ desk, day, answer });
    }
    const judged = judge(rows, keys.answerKey, found.came);
    judged.replies.sort((one, other) => (key(one) < key(other) ? -1 : 1));
    return { ...found, ...judged, keys, day: here.day, all: here.all || here.desks };
  }

  function show(found) {
    hide(true);
    form.after(place);
    draw(progress(found));
  }

  function hide(hidden) {
    [...form.parentElement.children].forEach((each) => { if (each.tagName !== "H1" && each !== place) each.hidden = hidden; });
  }

  function draw(parts) {
    place.replaceChildren(...parts);
    const [first] = place.children;
    first.setAttribute("tabindex", "-1");
    first.focus();
    scrollTo(0, 0);
  }

  function progress(found) {
    const states = found.replies.filter((reply) => reply.state && !reply.doubted);
    const looking = states.find((reply) => reply.state === "looking");
    const last = states[states.length - 1];
    const closed = last && last.state === "closed" ? last : null;
    const texts = found.replies.filter((reply) => reply.text);
    const [first, ...added] = found.came;
    const { pictures } = settings;
    return [
      ...texts.map((reply) => make("section", { class: reply.doubted ? "panel panel--danger" : "panel panel--done" }, [
        make("h2", {}, [...faceOf(found.faces, reply.desk), say(words.from, { desk: nameOf(reply.desk) })]),
        heard(make("p", { class: "help" }, reply.day.said), reply.doubted || reply.voice ? "" : reply.text),
        ...(reply.voice ? [voiceOf(reply, found.keys, settings)] : []),
        ...(reply.doubted ? [make("p", {}, make("b", {}, words.doubted))] : []),
        ...reply.text.split("\n").filter((line) => line.trim()).map((line) => make("p", {}, line)),
      ])),
      ...(texts.length ? [] : [make("div", { class: "panel" }, [
        make("h2", {}, found.taken ? words.hasit : words.waits),
        make("p", {}, found.taken ? words.noanswer : words.waitshelp),
      ])]),
      make("ol", { class: "states" }, [
        state(words.received, true, first.said, pictures.received),
        state(words.atdesk, found.taken, found.taken ? "" : words.notyet, pictures.desk),
        state(words.lookedinto, looking || closed, looking ? looking.day.said : "", pictures.looked),
        state(words.closed, closed, closed ? closed.day.said : "", pictures.closed),
      ]),
      make("p", {}, [say(words.came, { day: first.said }), ...added.map((day) => ` ${say(words.added, { day: day.said })}`)]),
      ...openedBy(found, added),
      ...found.missing.map((desk) => make("p", { class: "panel panel--danger" }, say(words.missing, { desk: nameOf(desk) }))),
      button(words.add, () => write(found)),
      make("p", {}, make("a", { class: "button quiet", href: `/${settings.language}/help/` }, words.help)),
      button(words.erase, () => sure(found), "quiet"),
    ];
  }

  // An answer that consists of the desks' sentences can be heard: site/assets/portal.js puts a button behind the place.
  function heard(place, text) {
    const wanted = sentencesOf(text, settings.sentences);
    if (wanted) {
      place.dataset.digits = settings.clips.map(smaller).join(" ");
      place.dataset.hear = settings.hear;
      queueMicrotask(() => document.dispatchEvent(new CustomEvent("answer", { detail: { place, wanted } })));
    }
    return place;
  }

  // What desks have proven to this phone: that they opened the letter, and what of that which was added.
  function openedBy(found, added) {
    if (!found.opened.length) return [];
    const rows = found.opened.flatMap(({ desk, day, held }) => [
      make("li", {}, say(words.openedby, { desk: nameOf(desk), day: day.said })),
      ...notOpened(added, held.slice(1)).map((each) => make("li", {}, say(words.notopened, { desk: nameOf(desk), day: each.said }))),
    ]);
    return [make("div", { class: "panel" }, [make("ul", { class: "opened-by" }, rows), make("p", { class: "help" }, words.proven)])];
  }

  // The drawing of a desk, as an image: nothing that a server sends with an answer becomes part of the page. So it takes no
  // colour from there: this one can be seen on light and on dark.
  function faceOf(faces, desk) {
    if (!faces || !faces[desk]) return [];
    const drawing = String(faces[desk]).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ').replace(/currentColor/g, "#3a8a7a");
    return [make("img", { class: "face", alt: "", width: "48", height: "48", src: `data:image/svg+xml,${encodeURIComponent(drawing)}` }), " "];
  }

  function nameOf(desk) {
    return settings.desks[desk] || desk;
  }

  // Something more for the desks that have the first letter, and for no other.
  function write(found) {
    const copy = followup.cloneNode(true).querySelector("form");
    const delivery = makeDelivery(settings);
    const media = wireMedia(copy, settings);
    copy.querySelector("[data-road]").textContent = words.road;
    copy.addEventListener("submit", async (event) => {
      event.preventDefault();
      const problem = (await media.finish()) || firstProblem(copy, settings, media.parts());
      if (problem) complain(copy, ...problem);
      else send(found, copy, media, delivery);
    });
    draw([copy, button(words.backtoit, () => { media.finish(); draw(progress(found)); }, "quiet")]);
    copy.querySelector("textarea").focus();
  }

  // While something is on its way nothing else can be pressed: what comes of it must be seen.
  function alone(section) {
    const others = [...place.children];
    others.forEach((each) => { each.hidden = true; });
    place.append(section);
    return () => {
      section.remove();
      others.forEach((each) => { each.hidden = false; });
    };
  }

  async function send(found, copy, media, delivery) {
    if (copy.hidden) return; // pressed twice while a recording was stopped
    const { section, told } = waiting(words.locking, words);
    const back = alone(section);
    try {
      const answers = readForm(copy);
      delivery.renew([answers, media.parts().map((part) => part.mark)]);
      const letter = { day: found.day, reply_to: found.keys.recipient, follows: found.id, seen: found.seen, answers };
      const desks = found.desks || (await ask(found.keys, told)).desks;
      await delivery.deliver(letter, media.parts(), desks, found.all, { "Portal-Follows": found.keys.lookup }, told,
        (whole) => provenAddition(whole, found.keys.answerKey));
    } catch (error) {
      section.replaceChildren(
        failure(words, error),
        // The case may have gone to another desk meanwhile: they are asked for anew.
        button(words.retry, () => { back(); send({ ...found, desks: null }, copy, media, delivery); }),
        button(words.backtotext, back, "quiet"),
      );
      section.querySelector("[role=alert]").focus();
      return;
    }
    draw([panel(words.addedsafe, [words.same]), button(words.backtoit, () => again(found))]);
  }

  async function again(found) {
    const { section, told } = waiting(words.looking, words);
    place.append(section);
    try {
      draw(progress(await opened(found.keys, await ask(found.keys, told), found)));
    } catch {
      section.replaceChildren(make("p", { class: "error", role: "alert" }, words.away));
    }
  }

  function sure(found) {
    draw([
      panel(words.sure, [words.suretext, words.suredesk], "panel--danger"),
      button(words.yes, () => erase(found)),
      button(words.no, () => draw(progress(found)), "quiet"),
    ]);
  }

  async function erase(found) {
    const { section, told } = waiting(words.looking, words);
    alone(section);
    try {
      await post("erasures", { lookup: found.keys.lookup, proof: found.keys.erase }, told.again);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) {
        sure(found);
        place.append(make("p", { class: "error", role: "alert" }, words.notgone));
        return;
      } // it is gone: the answer to the first try was lost
    }
    draw([panel(words.gone, [words.gonehelp]), make("p", {}, make("a", { class: "button quiet", href: `/${settings.language}/` }, words.home))]);
  }
}

function state(name, done, more, picture) {
  const row = make("li", done ? { class: "done" } : {}, [make("b", {}, name), more ? ` ${more}` : ""]);
  row.insertAdjacentHTML("afterbegin", picture);
  return row;
}

// The places in the list of the sentences that a text consists of; null where anything else stands in it.
function sentencesOf(text, sentences) {
  const found = [];
  let left = text.trim();
  while (left) {
    const [longest] = sentences.filter((one) => left.startsWith(one)).sort((one, other) => other.length - one.length);
    if (!longest) return null;
    found.push(sentences.indexOf(longest));
    left = left.slice(longest.length).trim();
  }
  return found.length ? found : null;
}

// Opus takes half of MP3; a phone that cannot play it gets MP3.
function smaller(address) {
  return new Audio().canPlayType("audio/ogg; codecs=opus") ? address.replace(/\.mp3$/, ".opus") : address;
}

function panel(title, texts, kind = "panel--done") {
  return make("div", { class: `panel ${kind}` }, [make("h2", {}, title), ...texts.map((text) => make("p", {}, text))]);
}

// Replies of one day in the order of the desks' clocks, as forms/server/services/lookup.py puts them.
function key(reply) {
  return `${reply.day.day} ${reply.at}`;
}

// What a desk sealed for this receipt; null where it was sealed to somebody else's key by mistake.
async function openAnswer(sealed, identity) {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  try {
    const answer = JSON.parse(await decrypter.decrypt(Uint8Array.from(atob(sealed), (char) => char.charCodeAt(0)), "text"));
    return typeof answer.text === "string" ? answer : null;
  } catch {
    return null;
  }
}
