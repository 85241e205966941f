// A desk's voice beside its answer: fetched and opened when asked for, held against what the answer names of it, and
// played from memory. Nothing of it is written anywhere, and there is no player that offers to save it.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { Decrypter } from "age-encryption";
import { clock, make } from "./dom.js";
import { Refused, postForBytes } from "./sending.js";

const TYPE = "audio/ogg; codecs=opus";
const ID_DIGITS = 32;
const KILOBYTES = 66; // of the encrypted file: all voices have one size

const addresses = new Set();

export function playable() {
  return Boolean(new Audio().canPlayType(TYPE));
}

// Forgets what was played: the page is left.
export function forgetVoices() {
  addresses.forEach((address) => URL.revokeObjectURL(address));
  addresses.clear();
}

// A button that plays the voice of a reply, or a sentence why there is none to play.
export function voiceOf(reply, keys, settings) {
  const { words } = settings;
  if (reply.voice.doubted) return make("p", { class: "error" }, words.voicedoubted);
  if (!playable()) return make("p", {}, words.noplay);
  const told = `${words.listen} · ${clock(reply.voice.seconds)} · ${KILOBYTES} KB`;
  const button = make("button", { class: "ear", type: "button", "aria-label": told });
  button.innerHTML = settings.pictures.speaker;
  const place = make("div", { class: "by-ear" }, [button, make("p", {}, told)]);
  const player = make("audio"); // in the page, so that it falls silent when another clip starts
  place.append(player);
  let fetching = false;
  const quiet = () => {
    button.classList.remove("on");
    button.style.removeProperty("--heard");
  };
  player.addEventListener("pause", quiet);
  player.addEventListener("ended", quiet);
  player.addEventListener("timeupdate", () => {
    if (!player.paused) button.style.setProperty("--heard", `${Math.round((100 * player.currentTime) / player.duration)}%`);
  });
  button.addEventListener("click", async () => {
    if (fetching) return;
    if (!player.paused) return void player.pause();
    player.load(); // while the tap counts: some phones play nothing later otherwise
    place.querySelectorAll(".error").forEach((old) => old.remove());
    button.classList.add("on");
    try {
      fetching = true;
      if (!player.src) player.src = await opened(reply.voice.digest, keys, settings);
      fetching = false;
      player.currentTime = 0;
      await player.play();
    } catch (error) {
      fetching = false;
      quiet();
      const text = error instanceof Another ? words.voicedoubted : words.noplay;
      if (error.name !== "AbortError") place.append(make("p", { class: "error", role: "alert" }, text));
    }
  });
  return place;
}

class Another extends Error {}

async function opened(digest, keys, settings) {
  const asked = { lookup: keys.lookup, voice: digest.slice(0, ID_DIGITS), language: settings.language };
  const sealed = await postForBytes("voices", asked, () => {});
  if (bytesToHex(sha256(sealed)) !== digest) throw new Another();
  const decrypter = new Decrypter();
  decrypter.addIdentity(keys.identity);
  const plain = await decrypter.decrypt(sealed);
  const end = plain.indexOf(10);
  const { bytes } = JSON.parse(new TextDecoder().decode(plain.subarray(0, end)));
  const sound = plain.slice(end + 1, end + 1 + bytes);
  if (String.fromCharCode(...sound.subarray(0, 4)) !== "OggS") throw new Refused(0, {});
  const address = URL.createObjectURL(new Blob([sound], { type: TYPE }));
  addresses.add(address);
  return address;
}
