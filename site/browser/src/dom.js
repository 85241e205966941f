// Small pieces of page. Text goes in as text, never as HTML.
export function make(name, attributes = {}, content = [], pressed = null) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...(Array.isArray(content) ? content : [content]));
  if (pressed) element.addEventListener("click", pressed);
  return element;
}

export function button(text, pressed, kind = "") {
  return make("button", { class: `button ${kind}`.trim(), type: "button" }, text, pressed);
}

export function say(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
