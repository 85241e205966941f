// Receipts as forms/core/crypto/receipts.py makes them: 19 random digits and a Damm check digit; argon2id gives what it opens.
import { argon2idAsync } from "@noble/hashes/argon2.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, randomBytes } from "@noble/hashes/utils.js";
import { identityToRecipient } from "age-encryption";
import { bech32 } from "@scure/base";
import { checkDigit, DIGITS } from "./typed.js";

// A number below 10^19 with every value as likely: what is above the last whole multiple is drawn again.
export function newReceipt() {
  const most = 10n ** BigInt(DIGITS - 1);
  for (;;) {
    const drawn = BigInt("0x" + bytesToHex(randomBytes(8)));
    if (drawn < most) {
      const digits = drawn.toString().padStart(DIGITS - 1, "0");
      return digits + checkDigit(digits);
    }
  }
}

export function inFours(code) {
  return code.match(/.{1,4}/g).join(" ");
}

// What the receipt derives: the look-up value (hexadecimal), and the age identity and recipient of its answers.
export async function derive(code, form, terms) {
  const options = { t: terms.passes, m: terms.memory, p: 1, dkLen: 64 };
  const raw = await argon2idAsync(`${form}:${code}`, hexToBytes(terms.salt), options);
  const identity = bech32.encodeFromBytes("AGE-SECRET-KEY-", raw.slice(32)).toUpperCase();
  // Shown only to have a letter erased: the letter holds its hash, by which desks know that the receipt was there.
  const erase = hmac(sha256, raw.slice(32), new TextEncoder().encode("portal erase secret v1"));
  return {
    lookup: bytesToHex(raw.slice(0, 32)),
    identity,
    recipient: await identityToRecipient(identity),
    erase: bytesToHex(erase),
    eraseHash: bytesToHex(sha256(erase)),
    // Stands in the letter: desks prove answers with it, and this phone what is added.
    answerKey: bytesToHex(hmac(sha256, raw.slice(32), new TextEncoder().encode("portal answer key v1"))),
  };
}
