// Receipts as people type them, read as forms/core/crypto/receipts.py reads them (tests/receipt_cases.json holds both to it).
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

const LOOKALIKES = { O: "0", o: "0", I: "1", l: "1" };
// These count beside digits only: words have them too. The last four are O in Cyrillic and in Greek.
const MORE_LOOKALIKES = {
  ...LOOKALIKES, "|": "1", i: "1", "!": "1", S: "5", s: "5", B: "8", Z: "2", z: "2",
  "\u041e": "0", "\u043e": "0", "\u039f": "0", "\u03bf": "0",
};
const MOST_GROUPS = 200;

function digitsOf(text) {
  return Array.from(text, (char) => (/\p{Nd}/u.test(char) ? digitOf(char) : "")).join("");
}

function withLookalikes(text) {
  const changed = (word) => Array.from(word, (char) => MORE_LOOKALIKES[char] || char).join("");
  return text.replace(/\S+/g, (word) => (digitsOf(word) ? changed(word) : word));
}

// Each twenty digits that are whole groups of a text, side by side: pasted twice, after +91 or a day.
function runs(text) {
  const groups = (text.match(/\p{Nd}+/gu) || []).slice(0, MOST_GROUPS).map(digitsOf);
  const found = new Set();
  for (let first = 0; first < groups.length; first += 1) {
    let run = "";
    for (let at = first; at < groups.length && run.length < DIGITS; at += 1) run += groups[at];
    if (run.length === DIGITS) found.add(run);
  }
  return Array.from(found);
}

// The digits of any script, whatever stands around them, as {code}; or {wrong}: "required", "digits" (another number),
// "check". Letters that look like digits count as these where there are not enough digits; where there are too many, it
// is the one run of whole groups that makes a receipt.
export function readReceipt(text) {
  if (/^[\p{Z}\p{P}\p{C}]*$/u.test(text)) return { wrong: "required" };
  const looks = text.replace(/[OoIl]/g, (char) => LOOKALIKES[char]);
  const right = (code) => checkDigit(code) === "0";
  let code = [text, looks, withLookalikes(text)].map(digitsOf).find((digits) => digits.length === DIGITS);
  if (!code) {
    const found = runs(text).filter(right);
    if (found.length !== 1) return { wrong: "digits" };
    code = found[0];
  }
  return right(code) ? { code } : { wrong: "check" };
}
