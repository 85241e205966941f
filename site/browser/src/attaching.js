// Photos and a recording beside the words: made small and clean here, held in memory only.
import { plainRoad } from "./delivering.js";
import { button, clock, make, say } from "./dom.js";
import { Altered, canRecord, record, smallPhoto, wholeFile } from "./media.js";

const MOST = { photo: 3, voice: 1 };

// plainly: sends the form without locking it here, as what this browser cannot prepare has to go; not everywhere can that be done.
// own: what a page does itself where something was added or taken away; it then shows the recording, and records by `record`.
export function wireMedia(form, { words, largest }, plainly, own = null) {
  const held = [];
  const altered = []; // photos as they were chosen, which this browser would change
  const preparing = new Set(); // files that are being read and made small
  let finishing = false;
  let unseen = null; // what was wrong with a file while its question was not on the screen: [question, text]
  let running = null;
  let starting = false;
  const fieldOf = (types) => form.querySelector(`input[type=file][accept^="${types}"]`)?.closest("[data-field]");
  const voice = fieldOf("audio");
  const photos = fieldOf("image");
  const lists = { voice: make("div", { class: "held" }), photo: make("div", { class: "held" }) };
  voice?.append(lists.voice);
  photos?.append(lists.photo);

  voice?.querySelector("input").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (file) prepare("voice", () => holdVoice(file));
  });
  photos?.querySelector("input").addEventListener("change", (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    prepare("photo", () => holdPhotos(files));
  });

  async function holdVoice(file) {
    if (!file.size || file.size > largest) return complain("voice", file.size ? words.large : words.photo);
    return hold(await wholeFile(file));
  }

  async function holdPhotos(files) {
    for (const file of files) {
      if (held.filter((part) => part.kind === "photo").length >= MOST.photo) return complain("photo", words.many);
      try {
        hold(await smallPhoto(file));
      } catch (error) {
        const isAltered = error instanceof Altered;
        if (isAltered) altered.push(file);
        complain("photo", isAltered ? words.altered : words.photo, ...(isAltered && plainly ? [plainRoad(words, plainly)] : []));
      }
    }
    return undefined;
  }

  // A cheap phone needs seconds to make a photo small: whoever goes on meanwhile means it to go along (finish).
  function prepare(kind, task) {
    const running = task().catch(() => complain(kind, words.photo)).then(() => preparing.delete(running));
    preparing.add(running);
  }

  if (voice && canRecord() && !own) wireRecorder();

  function wireRecorder() {
    const toggle = button(`● ${words.record}`, null, "quiet");
    voice.querySelector("input").before(toggle);
    toggle.addEventListener("click", async () => {
      if (running) return running.stop();
      if (starting) return undefined;
      try {
        await listen((seconds) => { toggle.textContent = `■ ${words.stop} ${clock(seconds)}`; });
      } catch {
        toggle.hidden = true; // no microphone, not allowed, or no codec: the phone's own recorder is still there
        complain("voice", words.norecorder);
      }
      toggle.textContent = `● ${words.record}`;
      return undefined;
    });
  }

  // Records, and holds what came of it. Rejects where that fails; the microphone is off then.
  async function listen(tick) {
    starting = true;
    try {
      running = await record(tick);
      hold(await running.done);
    } finally {
      running = null;
      starting = false;
    }
  }

  function hold(part) {
    part.mark = `${Date.now()}-${Math.random()}`; // told apart from other files of the same size; never sent
    if (part.kind === "voice") held.filter((each) => each.kind === "voice").forEach((old) => held.splice(held.indexOf(old), 1));
    held.push(part);
    draw(part.kind);
  }

  function draw(kind) {
    if (own && kind === "voice") {
      lists.voice.replaceChildren();
      return own();
    }
    lists[kind].replaceChildren(...held.filter((part) => part.kind === kind).map((part) => {
      const address = URL.createObjectURL(new Blob([part.bytes], { type: part.type }));
      const shown = kind === "photo"
        ? make("img", { src: "", alt: "", width: "96" })
        : make("audio", { controls: "", src: address });
      if (kind === "photo") shown.src = `data:image/jpeg;base64,${base64(part.bytes)}`;
      const drop = button(words.drop, () => {
        held.splice(held.indexOf(part), 1);
        draw(kind);
      }, "quiet");
      const notes = part.tagged ? [make("p", { class: "help" }, words.tags)] : [];
      return make("div", { class: "one" }, [shown, drop, ...notes]);
    }));
    return own && own();
  }

  function complain(kind, text, ...more) {
    if (finishing || !lists[kind].getBoundingClientRect().width) unseen = [(kind === "voice" ? voice : photos).dataset.field, text];
    lists[kind].querySelectorAll(".complaint").forEach((old) => old.remove());
    lists[kind].append(make("div", { class: "complaint" }, [make("p", { class: "error", role: "alert" }, text), ...more]));
  }

  return {
    parts: () => [...held],
    complain,
    record: listen,
    stop: () => running && running.stop(),
    drop(kind) {
      held.filter((part) => part.kind === kind).forEach((part) => held.splice(held.indexOf(part), 1));
      draw(kind);
    },
    // Whoever goes on while a recording runs or a file is prepared means it to go along: that ends first. Resolves with
    // what was wrong with a file and not seen yet, [question, text], or null.
    async finish() {
      finishing = true;
      if (running) {
        running.stop();
        await running.done.catch(() => {});
      }
      while (preparing.size) await Promise.all([...preparing]);
      finishing = false;
      const told = unseen;
      unseen = null;
      return told;
    },
    // Into the form again, for who chooses to send without locking here.
    putBack() {
      for (const [kind, field] of [["voice", voice], ["photo", photos]]) {
        if (!field) continue;
        const files = new DataTransfer();
        held.filter((part) => part.kind === kind).forEach((part) => files.items.add(new File([part.bytes], kind, { type: part.type })));
        if (kind === "photo") altered.slice(0, MOST.photo - files.items.length).forEach((file) => files.items.add(file));
        field.querySelector("input[type=file]").files = files.files;
      }
    },
    summary() {
      const photo = held.filter((part) => part.kind === "photo").length;
      const label = (field) => field.querySelector(".label").textContent.trim();
      return [
        ...held.filter((part) => part.kind === "voice").map((part) => [label(voice), part.seconds ? say(words.recording, { time: clock(part.seconds) }) : "✓"]),
        ...(photo ? [[label(photos), String(photo)]] : []),
      ];
    },
  };
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
