// What the server asks of the phone has bounds: a server that is taken over could ask for a lock that is quickly broken,
// or for work that never ends. Beyond them nothing is locked or sent, and the page says so.

// Memory in KiB and passes of argon2id, as forms/core/crypto/receipts.py has them. One text: tests/journeys/conftest.py lowers it.
const [LEAST_MEMORY, LEAST_PASSES] = "19456/2".split("/").map(Number);
const MOST_MEMORY = 64 * 1024;
const MOST_PASSES = 8;
const SALT = /^([0-9a-f]{2}){16,64}$/; // bytes
const MOST_BITS = 24; // of the small sum: forms/server/services/flood/proof_of_work.py asks for 20 at most
const MOST_DESKS = 40;
const MOST_KEYS = 60; // of a desk
const ID = /^[a-z0-9][a-z0-9-]{0,39}$/;
const KEY = /^age1[02-9ac-hj-np-z]{58}$/;
const DAY = /^\d{4}-\d\d-\d\d$/;
export const SIZES = [4, 24, 64].map((size) => size * 1024); // a letter is padded to one of them

export class Unsafe extends Error {}

export function checkTerms(terms) {
  insist(terms && typeof terms === "object");
  insist(between(terms.memory, LEAST_MEMORY, MOST_MEMORY) && between(terms.passes, LEAST_PASSES, MOST_PASSES));
  insist(terms.parallelism === undefined || terms.parallelism === 1);
  insist(fits(SALT, terms.salt) && fits(DAY, terms.day));
  checkDesks(terms.desks);
  if (terms.all !== undefined) checkDesks(terms.all);
  Object.values(terms.forms || {}).forEach(checkDesks);
  return terms;
}

export function checkDesks(desks) {
  insist(Array.isArray(desks) && desks.length > 0 && desks.length <= MOST_DESKS);
  insist(new Set(desks.map((desk) => desk.id)).size === desks.length);
  for (const { id, keys } of desks) {
    insist(fits(ID, id) && Array.isArray(keys) && keys.length > 0 && keys.length <= MOST_KEYS);
    insist(keys.every((key) => fits(KEY, key)));
  }
  return desks;
}

export function checkBits(bits) {
  insist(between(bits, 0, MOST_BITS));
  return bits;
}

export function checkSize(size) {
  insist(SIZES.includes(size));
  return size;
}

function insist(isRight) {
  if (!isRight) throw new Unsafe();
}

function between(value, least, most) {
  return Number.isInteger(value) && value >= least && value <= most;
}

function fits(pattern, text) {
  return typeof text === "string" && pattern.test(text);
}
