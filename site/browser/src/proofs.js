// What proves that an answer is a desk's: forms/core/proofs/receipt_proofs.py makes and reads the same. Nothing is believed
// of the server: neither whose an answer is, nor its day, nor that all are here.
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

const MOST_NAMED = 60;
const SHORT = 16;
const LONGEST_VOICE = 60;

function bytes(text) {
  return new TextEncoder().encode(text);
}

function claim(fields) {
  return bytesToHex(sha256(bytes(JSON.stringify(fields))));
}

function proof(key, fields) {
  return bytesToHex(hmac(sha256, hexToBytes(key), bytes(claim(fields))));
}

// Whether the text is proven, and whether the voice is proven to belong to it.
function isProven(answer, key) {
  const { letter, id, desk, day, at, text, state, after, letters } = answer;
  if (![letter, id, desk, day, at, text, state].every((each) => typeof each === "string")) return [false, false];
  if (![after, letters].every(Array.isArray)) return [false, false];
  try {
    const held = letters.map(([each, on]) => `${each}:${on}`).join(",");
    const fields = ["safe-community-portal answer v1", letter, id, desk, day, at, text, state, after.join(","), held];
    const voice = ["safe-community-portal answer voice v1", claim(fields), answer.voice, String(answer.seconds)];
    return [answer.proof === proof(key, fields), answer.voice_proof === proof(key, voice)];
  } catch {
    return [false, false];
  }
}

// The recording that an answer names by the SHA-256 of its encrypted file; null where it names none.
function voiceOf(answer, doubted, key) {
  const { voice, seconds } = answer;
  if (!/^[0-9a-f]{64}$/.test(asText(voice)) || !(Number.isInteger(seconds) && seconds > 0 && seconds <= LONGEST_VOICE)) return null;
  const isOlder = answer.proof === undefined && answer.voice_proof === undefined;
  return { digest: voice, seconds, doubted: doubted || !(isOlder || isProven(answer, key)[1]) };
}

// A desk could write anything there, also what cannot be made a text of: then nothing at all would be shown.
function asText(value) {
  return typeof value === "string" ? value : "";
}

// rows: [{desk, day: {day, said}, answer}] as the server gave them, opened here. What can be shown of them:
// replies; opened: by desk, its first day and the days of what it holds; missing: desks of which an answer is not here;
// seen: what is told to the desks when something is added.
export function judge(rows, key, days) {
  const said = new Map([...days, ...rows.map((row) => row.day)].map((each) => [each.day, each]));
  const judged = rows.map((row) => ({ ...row, proven: isProven(row.answer, key)[0] && row.answer.desk === row.desk }));
  const proven = judged.filter((row) => row.proven).map((row) => row.answer);
  // Before there were proofs, an answer had none: it is not doubted unless others of this letter have one.
  const isDoubted = (row) => !row.proven && (proven.length > 0 || row.answer.proof !== undefined || (row.answer.desk || row.desk) !== row.desk);
  const replies = judged.filter(({ answer }) => answer.text || answer.state).map((row) => ({
    desk: row.desk,
    doubted: isDoubted(row),
    voice: voiceOf(row.answer, isDoubted(row), key),
    day: row.proven ? said.get(row.answer.day) || { day: row.answer.day, said: row.answer.day } : row.day,
    text: row.answer.text,
    state: asText(row.answer.state),
    at: asText(row.answer.at),
  }));
  const here = new Set(proven.map((answer) => answer.id.slice(0, SHORT)));
  const missing = proven.filter((answer) => answer.after.some((id) => !here.has(id))).map((answer) => answer.desk);
  const seen = proven.sort(byTime).map((answer) => answer.id.slice(0, SHORT)).slice(-MOST_NAMED);
  return { replies, opened: openedBy(proven, said), missing: [...new Set(missing)], seen: [...new Set(seen)] };
}

function openedBy(proven, said) {
  const found = new Map();
  for (const { desk, day, letters } of proven.filter((answer) => answer.letters.length).sort(byTime)) {
    if (!found.has(desk)) found.set(desk, { desk, day: said.get(day) || { day, said: day }, held: new Map() });
    letters.forEach(([id, on]) => found.get(desk).held.set(id, on));
  }
  return [...found.values()].map((each) => ({ ...each, held: [...each.held.values()] }));
}

// Which of the days on which something was added a desk does not name. held: the days of all that it holds.
export function notOpened(added, held) {
  const left = held.slice();
  return added.filter(({ day }) => {
    const at = left.lastIndexOf(day);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function byTime(one, other) {
  return `${one.day} ${one.at}` < `${other.day} ${other.at}` ? -1 : 1;
}

// Something added, with what proves that whoever wrote it has the receipt.
export function provenAddition(letter, key) {
  const answers = JSON.stringify(Object.fromEntries(Object.keys(letter.answers).sort().map((name) => [name, letter.answers[name]])));
  const parts = letter.parts.map((part) => part.id).join(",");
  const fields = ["safe-community-portal addition v1", letter.id, letter.follows, letter.day, letter.seen.join(","), parts, answers];
  return { ...letter, receipt_proof: proof(key, fields) };
}
