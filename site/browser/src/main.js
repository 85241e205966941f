// The two pages of a concern with a script: where it is told, and where its receipt opens the answer.
// Without this file both work whole, through the server; each page says which of the two it is.
import { lacking } from "./features.js";
import { startReturning } from "./returning.js";
import { startTelling } from "./telling.js";
import { computeWhatIsRefused } from "./webcrypto.js";

const told = document.getElementById("sealing");
const form = document.querySelector("form[data-sealing], form[data-returning]");

if (told && form && !lacking(window)) {
  const untouched = form.cloneNode(true);
  try {
    const settings = JSON.parse(told.textContent);
    computeWhatIsRefused(crypto.subtle);
    if ("sealing" in form.dataset) startTelling(form, settings, told.dataset.digits);
    else startReturning(form, settings, document.getElementById("followup").content);
  } catch {
    form.replaceWith(untouched); // with what was typed, and without half of our listeners
  }
}
