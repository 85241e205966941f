// The short form with pictures: speak, hear it, two questions, who may hear it. Each step is a place in the page, to which
// links lead without a script too (forms/core/templates/pictured.html).
import { wireMedia } from "./attaching.js";
import { clock, make } from "./dom.js";
import { complain } from "./fields.js";
import { LONGEST, canRecord } from "./media.js";

export function wireSpeaking(form, settings, plainly) {
  const { words, pictures } = settings;
  const field = form.querySelector(".speak");
  const chooser = field.querySelector("input[type=file]");
  const chosen = field.querySelector(".mic");
  const onward = form.querySelector(".ask--1 .onward");
  const others = form.querySelector(".others");
  const media = wireMedia(form, settings, plainly, shown);

  const speak = make("button", { type: "button", class: "mic", "aria-label": words.record }, chosen.querySelector("svg").cloneNode(true), press);
  const player = make("audio", {});
  const play = make("button", { type: "button", class: "mic mic--play", "aria-label": pictures.listen }, "", () => {
    if (player.paused) player.play();
    else player.pause();
  });
  const again = make("button", { type: "button", class: "again", "aria-label": pictures.again }, "↻", () => {
    media.drop("voice");
    speak.focus();
    press();
  });
  const time = make("p", { class: "time" });
  const warning = make("p", { class: "help", hidden: "" }, words.tags);
  const choose = make("button", { type: "button" }, [make("i", { "aria-hidden": "true" }, "♪"), pictures.choose], () => chooser.click());
  let recording = false;
  let aloud = false;
  for (const change of ["play", "pause", "ended"]) player.addEventListener(change, () => play.classList.toggle("on", !player.paused));

  if (canRecord()) {
    chosen.hidden = true;
    chooser.hidden = true;
    chosen.before(speak);
    others.prepend(choose);
  }
  chosen.after(make("div", { class: "heard" }, [play, again, player]), time);
  onward.after(warning);
  form.querySelector("button[type=submit] span").textContent = words.send;
  form.addEventListener("click", (event) => {
    // Whoever lets the page speak once hears the next steps too; nobody else's phone speaks by itself.
    aloud = aloud || Boolean(event.target.closest("button.ear"));
    const link = event.target.closest("a[href^='#v']");
    if (!link) return;
    event.preventDefault();
    go(link.hash);
  });
  if (location.hash) location.replace("#v1");
  draw();

  async function press() {
    if (recording) return media.stop();
    recording = true;
    draw();
    try {
      await media.record((seconds) => {
        time.textContent = clock(seconds);
        speak.style.setProperty("--done", `${Math.round((100 * seconds) / LONGEST)}%`);
        speak.classList.add("on");
        speak.setAttribute("aria-label", words.stop);
      });
    } catch {
      // No microphone, or it was not allowed, or it failed: it is off, and the phone's own recorder takes over.
      speak.remove();
      choose.remove();
      chosen.hidden = false;
      chooser.hidden = false;
      media.complain("voice", words.norecorder);
    }
    recording = false;
    speak.classList.remove("on");
    speak.setAttribute("aria-label", words.record);
    draw();
    if (held()) play.focus();
    return undefined;
  }

  function held() {
    return media.parts().find((part) => part.kind === "voice");
  }

  // Something was added or taken away.
  function shown() {
    const part = held();
    if (part && part !== player.part) {
      if (player.src) URL.revokeObjectURL(player.src);
      player.src = URL.createObjectURL(new Blob([part.bytes], { type: part.type }));
      player.part = part;
      time.textContent = part.seconds ? clock(part.seconds) : "✓";
      warning.hidden = !part.tagged;
    }
    draw();
  }

  function draw() {
    const part = held();
    speak.hidden = Boolean(part);
    play.parentNode.hidden = !part;
    time.hidden = !part && !recording;
    form.classList.toggle("on", recording);
    form.classList.toggle("held", Boolean(part));
    onward.hidden = recording || !(media.parts().length || !speak.isConnected);
  }

  function go(place) {
    player.pause();
    location.replace(place);
    const section = form.querySelector(`.ask--${place.slice(2)}`);
    const ear = section.querySelector("button.ear");
    section.tabIndex = -1;
    section.focus({ preventScroll: true });
    if (aloud && ear) ear.click();
  }

  const steps = {
    show() { form.hidden = false; },
    complain(name, text) {
      const place = settings.steps.findIndex((names) => names.includes(name)) + 1;
      go(`#v${place}`);
      complain(form, name, text);
    },
  };
  return { media, steps };
}
