// Letters and parts as forms/core/crypto/encryption.py makes them: padded to a size class, sealed with age to the keys of desks.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";

const CLASSES = [4, 24, 64, 128, 256, 512, 1024, 2048, 4096].map((size) => size * 1024);
const LEAST_PART = 64 * 1024;

export class TooLarge extends Error {}

export async function sealLetter(letter, keys, size) {
  const plain = new TextEncoder().encode(JSON.stringify(letter));
  if (plain.length > size) throw new TooLarge();
  return seal(padded(plain, size, 0x20), keys);
}

export async function sealPart(part, keys) {
  const head = { type: part.type, kind: part.kind, ...(part.seconds ? { seconds: part.seconds } : {}), bytes: part.bytes.length };
  const line = new TextEncoder().encode(JSON.stringify(head) + "\n");
  const whole = new Uint8Array(line.length + part.bytes.length);
  whole.set(line);
  whole.set(part.bytes, line.length);
  const size = CLASSES.find((each) => each >= Math.max(whole.length, LEAST_PART));
  if (!size) throw new TooLarge();
  const sealed = await seal(padded(whole, size, 0), keys);
  return { id: digest(sealed).slice(0, 32), sealed };
}

export function digest(bytes) {
  return bytesToHex(sha256(bytes));
}

function padded(bytes, size, filler) {
  const whole = new Uint8Array(size).fill(filler);
  whole.set(bytes);
  return whole;
}

// For each key of all desks one stanza, in one order: in the place of a desk left out stand fresh keys that nobody has.
// So the size on the line does not tell whether, or how many, were left out.
async function seal(bytes, { desks, all }) {
  const encrypter = new Encrypter();
  const chosen = new Map(desks.map((desk) => [desk.id, desk]));
  const others = desks.filter((desk) => !all.some((each) => each.id === desk.id));
  for (const desk of [...all, ...others]) {
    const real = chosen.get(desk.id);
    for (const key of (real || desk).keys) encrypter.addRecipient(real ? key : await identityToRecipient(await generateX25519Identity()));
  }
  return encrypter.encrypt(bytes);
}
