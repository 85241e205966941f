// Every script's digits stand ten in a row from its zero (Unicode 16, section 22.3).
export function digitOf(char) {
  let value = 0;
  let code = char.codePointAt(0);
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) {
    code -= 1;
    value += 1;
  }
  return String(value);
}
