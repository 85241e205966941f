// What was typed and chosen, as the letter holds it (forms/core/validation.py cleans what comes another way in the same manner).
import { digitOf } from "./digits.js";

const NUMBER = /^\p{Nd}{1,4}$/u;

export function readForm(form) {
  const answers = {};
  for (const field of form.querySelectorAll("[data-field]")) {
    const name = field.dataset.field;
    const boxes = [...field.querySelectorAll("input[type=checkbox]")].filter((box) => box.name === name);
    if (boxes.length) {
      const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
      if (ticked.length) answers[name] = ticked;
      continue;
    }
    const control = field.querySelector("input[type=radio]:checked, select, textarea, input:not([type=radio]):not([type=file])");
    const text = control ? clean(control.value) : "";
    if (text) answers[name] = control.inputMode === "numeric" && NUMBER.test(text) ? Number([...text].map(digitOf).join("")) : text;
  }
  return answers;
}

// NFC, line feeds, no control or invisible marks but those that shape Indic letters; nothing of what shows nothing. What this
// browser has no name for (Cn) stays: letters of scripts and signs that are younger than it (forms/core/i18n/newer_letters.py).
const UNSEEN = /\ufffc|(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}\u2065\ufff0-\ufff8]|(?=[\u{e0000}-\u{e0fff}])\p{Cn}/gu;

export function clean(text) {
  const kept = text.normalize("NFC").replace(/\r\n?|[\v\f\x85\u2028\u2029]/g, "\n").replace(UNSEEN, "").trim();
  return /(?![\u115f\u1160\u2800\u3164\uffa0])[\p{L}\p{N}\p{P}\p{S}\p{Cn}]/u.test(kept) ? kept : "";
}

export function summary(form) {
  const rows = [];
  for (const field of form.querySelectorAll("[data-field]")) {
    const name = field.dataset.field;
    const value = readForm({ querySelectorAll: () => [field] })[name];
    if (value === undefined) continue;
    const label = field.querySelector(".label");
    const shown = [...field.querySelectorAll("input:checked")].map((box) => box.closest("label").textContent.trim());
    const select = field.querySelector("select");
    const text = select ? select.selectedOptions[0].textContent : shown.length ? shown.join(", ") : String(value);
    rows.push([label.textContent.trim(), text]);
  }
  return rows;
}
