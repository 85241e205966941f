// Receipts as forms/core/crypto/receipts.py makes and reads them: 19 random digits and a Damm check digit; argon2id gives what it opens.
import { argon2idAsync } from "@noble/hashes/argon2.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, randomBytes } from "@noble/hashes/utils.js";
import { identityToRecipient } from "age-encryption";
import { bech32 } from "@scure/base";
import { digitOf } from "./digits.js";

export const DIGITS = 20;
const DAMM = [
  "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
  "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
];

export function checkDigit(digits) {
  let row = 0;
  for (const digit of digits) row = Number(DAMM[row][Number(digit)]);
  return String(row);
}

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

const LOOKALIKES = { O: "0", o: "0", I: "1", l: "1" };

function digitsOf(text) {
  return Array.from(text, (char) => (/\p{Nd}/u.test(char) ? digitOf(char) : "")).join("");
}

// The digits of any script, whatever stands around them, as {code}; or {wrong}: "required", "digits" (another number),
// "check". Letters that look like 0 and 1 count as these where there are not enough digits.
export function readReceipt(text) {
  if (/^[\p{Z}\p{P}\p{C}]*$/u.test(text)) return { wrong: "required" };
  let digits = digitsOf(text);
  if (digits.length < DIGITS) digits = digitsOf(text.replace(/[OoIl]/g, (char) => LOOKALIKES[char]));
  if (digits.length !== DIGITS) return { wrong: "digits" };
  return checkDigit(digits) === "0" ? { code: digits } : { wrong: "check" };
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
