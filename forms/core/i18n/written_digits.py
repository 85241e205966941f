"""Digits however they are written: of any script, in circles, as words one after the other, with signs in between.

A text comes back with 0 to 9 in their place, and knows of each character where it stood.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from operator import and_

from forms.core.i18n.digits import ascii_digits

# Words with which a number is read out digit by digit, in the languages of the program, also English in their letters,
# and they in English ones.
_WORDS = (
    "zero oh nought shunya sunya poojyam "
    "பூஜ்யம் பூஜ்ஜியம் பூச்சியம் சுழியம் சைபர் ஜீரோ సున్నా సున్న జీరో शून्य ज़ीरो जीरो सिफर ଶୂନ୍ୟ ଶୂନ ଜିରୋ",
    "one ek onnu okati ஒன்று ஒண்ணு ஒன் வன் ఒకటి వన్ एक वन ଏକ ୱାନ",
    "two do rendu இரண்டு ரெண்டு டூ రెండు టూ दो टू ଦୁଇ ଟୁ",
    "three teen moonu mudu மூன்று மூணு த்ரீ మూడు త్రీ तीन थ्री ତିନି ଥ୍ରି",
    "four char chaar naalu நான்கு நாலு ஃபோர் నాలుగు ఫోర్ चार फोर ଚାରି ଫୋର",
    "five paanch panch anju ஐந்து அஞ்சு ஃபைவ் ఐదు అయిదు ఫైవ్ पाँच पांच फाइव ପାଞ୍ଚ ଫାଇଭ",
    "six chhah chhe aaru ஆறு சிக்ஸ் ఆరు సిక్స్ छह छः छे सिक्स ଛଅ ସିକ୍ସ",
    "seven saat sat ezhu ஏழு செவன் ఏడు సెవెన్ सात सेवन ସାତ ସେଭେନ",
    "eight aath ettu எட்டு எயிட் ఎనిమిది ఎయిట్ आठ एट ଆଠ ଏଟ",
    "nine nau ombathu ஒன்பது ஒம்பது நைன் తొమ్మిది నైన్ नौ नाइन ନଅ ନାଇନ",
)
_TIMES = {
    "double": 2,
    "triple": 3,
    "டபுள்": 2,
    "டிரிபிள்": 3,
    "డబుల్": 2,
    "ట్రిపుల్": 3,
    "डबल": 2,
    "ट्रिपल": 3,
    "ଡବଲ": 2,
    "ଟ୍ରିପଲ": 3,
}
_VALUE = {word: str(value) for value, words in enumerate(_WORDS) for word in words.split()}
READ_OUT = frozenset({*_VALUE, *_TIMES})
_LONGEST_FIRST = sorted((word for word in _VALUE if not word.isascii()), key=len, reverse=True)
WORD = re.compile(r"[\w\u0900-\u0963\u0966-\u0dff]+")
_SEPARATOR = re.compile(r"[\s,.*_/\u00b7\u2013\u2014-]{1,3}")
MAY_BE_SIGN = re.compile("[^\x00-\x7f\xa0\u0900-\u0dff\u200b-\u2027\u2030-\u203a]")
"""A character that may be a sign for digits: none of the scripts of India is, beside their digits, nor are quotes."""

_COUNTED = ("0123456789", "9876543210")
_FEWEST = 3

_TAG = r"<!--[^>]{0,200}-->|</?(?:a|abbr|b|bdi|code|em|i|kbd|mark|q|s|small|span|strong|u|wbr)\b[^<>\n]{0,200}>"
_WITHIN = re.compile(rf"(?<=\d)(?:{_TAG}|\\(?=[^\w\s]))+|(?:{_TAG})+(?=\d)", re.I)
_ENTITY = re.compile(r"&#?\w{1,10};")
_DIGIT = re.compile(r"\d")
_APART = re.compile(r"(?<![\w/])\d(?:(?:(?![()%])[^\w\s]|_){1,3}[ \u00a0]?\d(?!\d)){2,}(?!\w)")


@dataclass(frozen=True)
class DigitText:
    """A text with its digits as 0 to 9. `starts`, `ends`: where each of its characters stood."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def place_of(self, start: int, end: int) -> tuple[int, int]:
        """Return where a part of it, which is not empty, stood in the text that was given."""
        return self.starts[start], self.ends[end - 1]


@dataclass(frozen=True)
class _Change:
    start: int
    end: int
    fresh: str


def as_digits(text: str) -> DigitText:
    """Return a text with its digits as 0 to 9, however they are written."""
    plain = ascii_digits(text)
    written = DigitText(plain, range(len(plain)), range(1, len(plain) + 1))
    for step in (_entities, _signs, _without_signs_within, _spoken, _apart):
        written = _with(written, step(written.text))
    return written


def _with(written: DigitText, changes: Iterable[_Change]) -> DigitText:
    """Return it with something else in some places, which stands where those stood."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for change in changes:
        pieces += [written.text[at : change.start], change.fresh]
        starts += [*written.starts[at : change.start], *[written.starts[change.start]] * len(change.fresh)]
        ends += [*written.ends[at : change.start], *[written.ends[change.end - 1]] * len(change.fresh)]
        at = change.end
    if not at:
        return written
    return DigitText(
        "".join([*pieces, written.text[at:]]), [*starts, *written.starts[at:]], [*ends, *written.ends[at:]]
    )


def _entities(text: str) -> Iterator[_Change]:
    for match in _ENTITY.finditer(text) if "&" in text else ():
        if (fresh := unescape(match[0])) != match[0]:
            yield _Change(match.start(), match.end(), ascii_digits(fresh))


def _signs(text: str) -> Iterator[_Change]:
    """Yield signs that are digits; a raised or lowered one behind a letter or digit is a note or a power, and stays."""
    if not MAY_BE_SIGN.search(text):
        return
    found = {sign for sign in set(text) if digits_of_sign(sign) != sign and not sign.isascii()}
    for match in re.finditer(f"[{''.join(map(re.escape, sorted(found)))}]+", text) if found else ():
        behind = text[max(0, match.start() - 1) : match.start()].isalnum()
        for at, sign in enumerate(match[0], start=match.start()):
            if not (behind and unicodedata.decomposition(sign).startswith(("<super>", "<sub>"))):
                yield _Change(at, at + 1, digits_of_sign(sign))


@lru_cache(maxsize=4096)
def digits_of_sign(sign: str) -> str:
    """Return the digits that a sign is, like a circled 7 or a circled 10; itself where it is none."""
    if (value := unicodedata.digit(sign, None)) is not None:
        return str(value)
    number = unicodedata.numeric(sign, -1.0)
    shown = "".join(char for char in unicodedata.normalize("NFKC", sign) if char.isdecimal())
    return shown if shown and number == int(shown) else sign


def _without_signs_within(text: str) -> Iterator[_Change]:
    """Yield tags, remarks and strokes of Markdown between digits, which nobody sees."""
    for match in _WITHIN.finditer(text) if "<" in text or "\\" in text else ():
        yield _Change(match.start(), match.end(), "")


def _spoken(text: str) -> Iterator[_Change]:
    """Yield numbers that are read out digit by digit, in three words or more. Who counts up or down is not meant."""
    if not may_be_spoken(text):
        return
    start = end = times = 0
    digits = ""
    for token in WORD.finditer(text):
        word = token[0].casefold()
        goes_on = bool(digits or times) and _SEPARATOR.fullmatch(text, end, token.start())
        if not goes_on:
            yield from _run(start, end, digits)
            digits, times, start = "", 0, token.start()
        if word in _TIMES:
            times, end = _TIMES[word], token.end()
            continue
        value, whole = _value_of(word, ends_a_run=len(digits) > 1)
        digits += value * (times or 1)
        times = 0
        end = token.start() + whole if value else end
        if not value or whole < len(token[0]):
            yield from _run(start, end, digits)
            digits = ""
    yield from _run(start, end, digits)


def may_be_spoken(text: str) -> bool:
    """Return whether two words that are digits stand side by side: so each number that is read out begins."""
    words = WORD.findall(text)
    found = {word for word in {*words} if word.casefold() in READ_OUT or (len(word) == 1 and word.isdecimal())}
    if not found:
        return False
    are_digits = [*map(found.__contains__, words)]
    return any(map(and_, are_digits, are_digits[1:]))


def _value_of(word: str, *, ends_a_run: bool) -> tuple[str, int]:
    """Return the digit that a word is, and its length without an ending that scripts of India write to it."""
    if word in _VALUE or (len(word) == 1 and word.isdecimal()):
        return _VALUE.get(word, word), len(word)
    if ends_a_run:
        for known in _LONGEST_FIRST:
            if word.startswith(known):
                return _VALUE[known], len(known)
    return "", 0


def _run(start: int, end: int, digits: str) -> Iterator[_Change]:
    if len(digits) >= _FEWEST and end - start > 2 * len(digits) and not any(digits in row for row in _COUNTED):
        yield _Change(start, end, digits)


def _apart(text: str) -> Iterator[_Change]:
    """Yield digits with signs between them, one by one; a list that counts up is none."""
    for match in _APART.finditer(text) if _DIGIT.search(text) else ():
        digits = re.findall(r"\d", match[0])
        if digits != sorted({*digits}):
            yield _Change(match.start(), match.end(), " ".join(digits))
