// Sends what is sealed, again and again over a broken line: the same bytes under the same id, so never twice.
import { checkBits, checkTerms } from "./terms.js";
import { work } from "./work.js";

const WAITS = [1, 2, 4, 8, 15, 30, 30, 30];
// A flood that grows while a phone works asks for more: how often it works again before the person is told to retry.
export const MOST_TURNS = 4;
// A server, or what stands before it, that is away for a while; every other refusal is final.
const AWAY = [408, 429, 502, 503, 504];
const BASE = "/forms/sealed/v1/";

export class Refused extends Error {
  constructor(status, data) {
    super(`refused: ${status}`);
    this.status = status;
    this.data = data;
  }
}

export class Broken extends Error {}

export async function terms(again) {
  return checkTerms(await persistently("GET", "terms", null, {}, () => {}, again));
}

export async function put(path, body, headers, progress, again) {
  return worked(headers["Portal-Follows"], (more) => persistently("PUT", path, body, { ...headers, ...more }, progress, again));
}

export async function post(path, data, again) {
  const body = new Blob([JSON.stringify(data)], { type: "application/json" });
  return worked(data.lookup, (more) => persistently("POST", path, body, more, () => {}, again));
}

// What comes is no text but bytes.
export async function postForBytes(path, data, again) {
  const body = new Blob([JSON.stringify(data)], { type: "application/json" });
  const send = (more) => persistently("POST", path, body, more, () => {}, again, "arraybuffer");
  return new Uint8Array(await worked(data.lookup, send));
}

const done = new Map(); // work found for look-up values

// While somebody guesses receipts, the server asks for work for each look-up value.
async function worked(lookup, send) {
  for (let turn = 0; ; turn += 1) {
    try {
      return await send(done.has(lookup) ? { "Portal-Lookup-Work": done.get(lookup) } : {});
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 428 || !error.data.lookup || turn >= MOST_TURNS) throw error;
      done.set(lookup, await work(lookup, new Uint8Array(), checkBits(error.data.bits)));
    }
  }
}

async function persistently(method, path, body, headers, progress, again, kind = "text") {
  for (let turn = 0; ; turn += 1) {
    try {
      return await once(method, path, body, headers, progress, kind);
    } catch (error) {
      const away = error instanceof Broken || AWAY.includes(error.status);
      if (!away || turn >= WAITS.length) throw error;
      again();
      await new Promise((resume) => setTimeout(resume, WAITS[turn] * 1000));
    }
  }
}

function once(method, path, body, headers, progress, kind) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, BASE + path);
    request.responseType = kind;
    // A slow line of 2 KB a second still gets through.
    request.timeout = 60000 + (body ? (body.length || body.size) / 2 : 0);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (body) request.setRequestHeader("Content-Type", body.type || "application/octet-stream");
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => {
      if (request.status < 200 || request.status >= 300) return reject(new Refused(request.status, parsed(request.response) || {}));
      // What is cut off, or comes from a provider's sign-in page, is no answer of ours: it is asked for again.
      const answer = kind === "text" ? parsed(request.response) : request.response;
      return answer ? resolve(answer) : reject(new Broken("no answer of ours"));
    };
    request.onerror = request.ontimeout = request.onabort = () => reject(new Broken("no answer"));
    request.send(body);
  });
}

// The JSON of an answer; null where it is none.
function parsed(text) {
  try {
    return JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text));
  } catch {
    return null;
  }
}
