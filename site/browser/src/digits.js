// Every script's digits stand ten in a row from its zero (Unicode 16, section 22.3); those of mathematics, which phones
// use as ornaments, five times ten.
const ORNAMENTS = [0x1d7ce, 0x1d7ff];

export function digitOf(char) {
  let value = 0;
  let code = char.codePointAt(0);
  if (code >= ORNAMENTS[0] && code <= ORNAMENTS[1]) return String((code - ORNAMENTS[0]) % 10);
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) {
    code -= 1;
    value += 1;
  }
  return String(value);
}
