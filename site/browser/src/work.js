// A small sum that a flood would have to do for every letter: forms/server/services/flood/proof_of_work.py checks it.
import { sha256 } from "@noble/hashes/sha2.js";
import { digest } from "./locking.js";

const AT_ONCE = 2000;

export async function work(id, sealed, bits) {
  const start = new TextEncoder().encode(`portal-work ${id} ${digest(sealed)} `);
  for (let number = 0; ; number += AT_ONCE) {
    for (let next = number; next < number + AT_ONCE; next += 1) {
      const text = String(next);
      const whole = new Uint8Array(start.length + text.length);
      whole.set(start);
      for (let at = 0; at < text.length; at += 1) whole[start.length + at] = text.charCodeAt(at);
      if (zeros(sha256(whole)) >= bits) return text;
    }
    await new Promise((resume) => setTimeout(resume)); // the page stays alive
  }
}

function zeros(hash) {
  let count = 0;
  for (const byte of hash) {
    if (byte) return count + Math.clz32(byte) - 24;
    count += 8;
  }
  return count;
}
