// What is wrong with one question, said beside it until it is answered anew.
import { make } from "./dom.js";
import { readForm } from "./answers.js";

export function complain(form, name, text) {
  const field = form.querySelector(`[data-field="${name}"]`);
  field.querySelectorAll(".error").forEach((old) => old.remove());
  field.classList.add("field--error");
  const error = make("p", { class: "error", role: "alert" }, text);
  field.append(error);
  field.querySelector("textarea, input, select").focus();
  field.addEventListener("input", () => { error.remove(); field.classList.remove("field--error"); }, { once: true });
}

// The first question whose answer is missing or too long, and what to say: [name, text], or nothing.
export function firstProblem(form, settings, media) {
  const answers = readForm(form);
  const missing = Object.entries(settings.required || {}).find(([name]) => answers[name] === undefined);
  if (missing) return missing;
  if (settings.any.length && !media.length && !settings.any.some((name) => answers[name])) return [settings.any[0], settings.words.needed];
  // Characters, as the server counts them: a letter of any script is one or two, never its bytes.
  const long = Object.entries(settings.limits).find(([name, [most]]) => [...String(answers[name] || "")].length > most);
  return long && [long[0], long[1][1]];
}
