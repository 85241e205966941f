"""Search for numbers in a text that look like phone numbers.

A number may be divided by spaces and hyphens, be written in any digits, or be a short code like 112. Years, counts,
sums, dates and sections of laws are recognised by the words around them, in English, Tamil, Telugu, Hindi and Odia.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from forms.core.i18n.written_digits import as_digits
from sitegen.content.phone_numbers import digits_of

MAX_CODE_LENGTH = 6
"""Digits of a short code at most, like 112, 1098, 15100 and 155214."""

WELL_KNOWN = frozenset(
    """100 101 102 103 104 106 107 108 109 112 131 138 139 155 181 182 197 198
    1033 1070 1073 1077 1090 1091 1092 1094 1095 1096 1097 1098 1099 1100 1363 1512 1551""".split()  # noqa: SIM905 - a list to read
)
"""Short codes of India, which would otherwise be taken for counts or parts of a divided number."""

# All patterns below are applied to a text in which every digit is one ASCII character, and keep its length.
_GAP = (
    r"(?:(?<=\d{3})\n(?=\d{3})|[ \t_'\u00a0\u00ad\u034f\u061c\u2000-\u200f\u2019\u202a-\u202f\u2060-\u206f\ufeff"
    + r"().*\u00b7\u2022\-\u2010-\u2015\u2212\ufe0f\u20e3]|&nbsp;|&#160;)"
)

_RUN = re.compile(rf"(?<![A-Za-z/#&\d])(?<![A-Za-z]_)\+?\d+(?:{_GAP}{{1,2}}\d+)*(?![A-Za-z]|_[A-Za-z]|\d)")

_TEL = re.compile(
    r"(?:tel|sms|callto|whatsapp):(?://)?([^)\s\"'>\]]*)|(?:wa\.me/|[?&]phone=|t\.me/(?=\+))(?:\+|%2B)?(\d+)", re.I
)

_RUPEES = r"(?:rupees?\b|rs\b|ரூபா|ரூ\b|రూపా|రూ\b|रुप|रू\b|₹|ଟଙ୍କା)"

_TO = r"(?:\s*(?:to|[-\u2013]|முதல்|నుంచి|నుండి|से|ରୁ)\s*\d[\d,]*)?"

_UNIT = (
    r"(?:(?:bonded|rescued|trained|other|more|such|new)\s)?"
    r"(?:%|rescued\b|per ?cent|km|kg|metres?|grams?|litres?|hours|minutes|days|weeks|months|years|people|persons?|"
    r"famil(?:y|ies)|workers?|labourers?|women|men|girls?|boys?|children|officers?|survivors?|others?|places?|seats?|"
    r"letters?|villages?|kilns?|mills?|bricks?|cases?|houses?|schools?|stations?|groups?|members?|pages?|digits?|characters|"
    r"நாட்|நாள்|பேர்|பெண்|குடும்ப|எழுத்து|மணி|செங்கல்|கிலோ|வயது|ఏళ్|రోజు|మంది|మహిళ|కుటుంబ|అక్షర|గంట|ఇటుక|కిలో|"
    r"दिन|लोग|महिला|औरत|परिवार|अक्षर|घंट|ईंट|किलो|साल|जन\b|ଦିନ|ଜଣ|ମହିଳା|ପରିବାର|ଅକ୍ଷର|ଘଣ୍ଟା|ଇଟା|କିଲୋ|ବର୍ଷ)"
)

_LAW = (
    r"(?:(?<![A-Za-z])(?:sections?|u/s|(?<!control )rooms?|halls?|wards?|buses|bus|NH|SH|"
    r"secs?\.?|ss?\.|articles?|arts?\.|rules?|clauses?|BNSS?|BSA|IPC|Cr\.?P\.?C\.?|Act)|§§?|"
    r"பிரிவு(?:கள்)?|சட்டப்பிரிவு|సెక్షన్(?:లు|ల)?|धारा(?:एँ|ओं)?|ଧାରା)"
)

_LAW_AFTER = r"(?:-?[^\s\d.]{0,5}\s)?(?:சட்டப்பிரிவு|பிரிவு|సెక్షన్|धारा|ଧାରା)"

_NO_NUMBER = re.compile(
    "|".join(
        (
            r"https?://[^\s)>\"]+|www\.[^\s)>\"]+|(?<!\S)\S{1,80}@\S+",  # addresses; bounded: a long line took minutes
            r"\[\[[^\]]*\]\]",
            r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{4}\b",  # days
            r"\b\d{1,3}(?:,\d{2,3})+(?!\d)",  # counts and sums with commas
            r"(?<![\d.])\d+\.\d{1,2}(?![\d.])|(?<!\d)\d{1,4}[/:]\d{1,4}(?!\d)",  # parts, times, G.O. 150/2023
            r"(?<!\d )(?<!\d-)\b(?:1[789]|20)\d\d(?:\s?[-\u2013]\s?(?:1[789]|20)?\d\d)?\b(?![ -]\d)",  # years
            rf"(?:₹|\brs\.?|\binr|ரூ\.?|రూ\.?|रु\.?)\s?\d[\d ]{{0,20}}\d|\d[\d ]{{0,20}}\d?{_TO}(?:/-|[\s-]*{_RUPEES})",
            rf"(?<!\d)(?<!\d )\d+{_TO}[\s-]{{0,2}}{_UNIT}",
            r"(?<![\d-])\d{1,3}0\s?[-\u2013]\s?\d{1,3}0(?![\d-])",  # from 100 to 200, in round numbers
            rf"{_LAW}[\s:-]*\d+[A-Z]?(?:\(\w+\))*(?:\s*(?:,|[-\u2013]|and|or|to|மற்றும்|మరియు|और|ଓ)\s*\d+[A-Z]?(?:\(\w+\))*)*",
            rf"(?<!\d)(?<!\d )\d+{_LAW_AFTER}",
        )
    ),
    re.I,
)

_CALL = (
    r"(?:[\u260e\u2706\U0001f4de\U0001f4f1]|"
    r"\b(?:call|calls|dial|ring|phone|telephone|tel|mobile|number(?! of)|help-? ?line|hotline|whatsapp|sms|"
    r"toll[- ]free|contact|control room|reach us (?:on|at))\b|\bph\.|"
    r"டயல்|டோல் ஃப்ரீ|தொடர்பு எண்|డయల్|టోల్ ఫ్రీ|डायल|टोल फ्री|संपर्क|ଡାଏଲ|ଟୋଲ ଫ୍ରି|"
    r"போன்|தொலைபேசி|அழை|எண்(?![\u0b80-\u0bff])|ఫోన్|కాల్|నంబర్|हेल्पलाइन|फोन|फ़ोन|कॉल|नंबर|ଫୋନ|ନମ୍ବର|ହେଲ୍ପଲାଇନ)"
)

_CALL_BEFORE = re.compile(rf"(?:{_CALL}[^\d\n.;!?।]{{0,10}}|\btext (?:to )?)$", re.I)

_LISTED_BEFORE = re.compile(r"(?:\d{3,}\s?(?:,|/|\band\b|\bor\b|மற்றும்|அல்லது|మరియు|లేదా|और|या|ଓ|କିମ୍ବା)\s?)+$")
"""The numbers before one in a list: "call 112, 100 or 181" tells to call each."""

_MISTYPED = re.compile(r"(?<![A-Za-z\d])(?=[OoIl]*\d[\dOoIl]*\d(?![A-Za-z\d]))[\dOoIl]{4,13}(?![A-Za-z\d])")

_LETTERS = str.maketrans("OoIl", "0011")
"""Letters that are typed or recognised instead of digits."""

_CALL_RIGHT_BEFORE = re.compile(rf"{_CALL}\W{{0,3}}$", re.I)

_CALL_AFTER = re.compile(
    r"^[^\d\s.;!?।,]{0,8}\s?(?:என்ற எண்|எண்|அழை|டயல்|தொடர்பு|போன்|ஃபோன்|"
    r"నంబర్|నంబరు|డయల్|కి కాల్|కి డయల్|ఫోన్|కాల్|पर फोन|पर फ़ोन|पर कॉल|(?:पर )?डायल|मिलाएँ|नंबर|ଡାଏଲ|ଫୋନ|ନମ୍ବର)"
    r"|^\W{0,3}(?:is the (?:help|number))",
    re.I,
)

_YEARS = re.compile(r"(?:1[789]|20)\d\d")

_PHONES = re.compile(
    r"(?:(?:\+|00)?91|0)?[6-9]\d{9}|(?:91|0)?18\d{8,10}|(?:91|0)?1[69]00\d{6,7}|(?:(?:\+|00)?91)?0?\d{10}|0\d{9,10}"
)

_LOCAL = re.compile(r"[2-7]\d{6,7}")

_LONG_LENGTHS = range(7, 15)
"""Numbers of digits of a phone number with a code for the town or country."""


@dataclass(frozen=True)
class UnknownNumber:
    """A number in a text that looks like a phone number: its position, and how it is written."""

    start: int
    shown: str


_ANY_DIGIT = re.compile(r"\d|tel:|sms:", re.I)

_DIGIT_OR_COLON = re.compile(r"[\d:]")
"""A quick first test, which takes a sixth of the time: most pages have no digits."""


def unknown_numbers(text: str, known: Collection[str], *, address: bool = False) -> Iterator[UnknownNumber]:
    """Yield the numbers of a text that look like phone numbers and are not known.

    known: the digits of all numbers in helplines.csv. address: whether the text is a postal address with a PIN code.
    """
    written = as_digits(text)
    if not (_DIGIT_OR_COLON.search(written.text) and _ANY_DIGIT.search(written.text)):
        return
    plain = written.text.replace("\N{NO-BREAK SPACE}", " ")  # phone_numbers writes them in right-to-left text
    plain = _MISTYPED.sub(_letters_to_digits, plain)
    for match in _TEL.finditer(plain):
        if digits_of(match[1] or match[2] or "") not in known:
            start, end = written.place_of(match.start(), match.end())
            yield UnknownNumber(start, text[start:end])
    plain = _TEL.sub(_blank, plain)
    masked = _NO_NUMBER.sub(lambda match: _mask(match, plain, known), plain)
    for match in _RUN.finditer(masked):
        for part in _unknown_in(match, plain, known, address=address):
            start, end = written.place_of(*part)
            yield UnknownNumber(start, text[start:end].strip(" ().-"))


def _letters_to_digits(match: re.Match[str]) -> str:
    """Return a mistyped number with digits for letters; unchanged if most of it is letters."""
    letters = sum(char.isalpha() for char in match[0])
    return match[0].translate(_LETTERS) if 0 < letters <= len(match[0]) // 2 else match[0]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _mask(match: re.Match[str], text: str, known: Collection[str]) -> str:
    """Return blanks for what is no phone number, but keep a year or count that the text tells to call."""
    is_law = not match[0][0].isdecimal()
    is_called = not is_law and "," not in match[0] and _is_to_be_called(text, match.start(), match.end(), close=True)
    if _is_pair(match[0], known):
        return match[0].replace("/", " ")
    return match[0] if is_called and match[0] not in known else _blank(match)


def _is_pair(text: str, known: Collection[str]) -> bool:
    """Return whether a text is two numbers to call, like 112/113, and not the number of an order, like 150/2023."""
    first, stroke, second = text.partition("/")
    if not stroke or not (first.isdecimal() and second.isdecimal()) or _YEARS.fullmatch(second):
        return False
    return bool({first, second} & WELL_KNOWN.union(known)) and min(len(first), len(second)) > 2  # noqa: PLR2004 - 112


def _is_to_be_called(text: str, start: int, end: int, *, close: bool = False) -> bool:
    """Return whether the words around a number tell to call it. close: whether they must be next to it."""
    before, after = re.sub(r"[*_\[(\"'“]", "", text[max(0, start - 40) : start]), text[end : end + 30]
    before = _LISTED_BEFORE.sub("", before)
    called_before = (_CALL_RIGHT_BEFORE if close else _CALL_BEFORE).search(before)
    return bool(called_before or _CALL_AFTER.search(re.sub(r"[*_\])\"'”]", "", after)))


def _unknown_in(match: re.Match[str], text: str, known: Collection[str], *, address: bool) -> Iterator[tuple[int, int]]:
    """Yield the parts of a run of digits that look like unknown phone numbers: all of it, or some of its groups.

    match: the run, in groups with gaps between them.
    """
    groups = [(group.start() + match.start(), group.end() + match.start()) for group in re.finditer(r"\d+", match[0])]
    if _are_known([text[start:end] for start, end in groups], known):
        return
    joined = digits_of(match[0])
    called = _is_to_be_called(text, match.start(), match.end())
    is_one_number = _is_long_number(match[0], joined, len(groups)) or _is_divided_code(joined, groups, called=called)
    if is_one_number:
        yield match.start(), match.end()
    if is_one_number or _is_receipt(match[0]):
        return
    for start, end in groups:
        code = text[start:end]
        if code not in known and _is_short_code(code, called=called, address=address):
            yield start, end


def _are_known(groups: Sequence[str], known: Collection[str]) -> bool:
    """Return whether the groups are known numbers one after the other, whatever gaps they have."""
    if not groups:
        return True
    heads = (
        (digits_of("".join(groups[:size])), groups[size:])
        for size in range(1, min(len(groups), _LONG_LENGTHS.stop) + 1)
    )
    return any(not _without_prefix(head).isdisjoint(known) and _are_known(rest, known) for head, rest in heads)


def _without_prefix(number: str) -> set[str]:
    """Return a number as it is, and without the code of India or a leading zero."""
    return {number, re.sub(r"^(?:0091|91|0)(?=\d{10})", "", number)}


def _is_long_number(shown: str, joined: str, groups: int) -> bool:
    """Return whether a run is a number with a code for the town or country. joined: its digits; groups: how many."""
    if len(joined) not in _LONG_LENGTHS:
        return False
    if groups == 1:
        return True
    is_years = all(_YEARS.fullmatch(group) for group in re.findall(r"\d+", shown))
    return not is_years and bool(_PHONES.fullmatch(joined) or _LOCAL.fullmatch(joined) or shown.startswith("+"))


def _is_receipt(shown: str) -> bool:
    """Return whether a run is four or more groups of four digits, as receipts are written."""
    return re.fullmatch(r"\d{4}(?: \d{4}){3,}", shown) is not None


def _is_divided_code(joined: str, groups: Sequence[tuple[int, int]], *, called: bool) -> bool:
    """Return whether a run is a short code with gaps, like 10-98 or 1 1 2."""
    if len(groups) == 1 or not 3 <= len(joined) <= MAX_CODE_LENGTH:  # noqa: PLR2004 - 112 is the shortest
        return False
    single = all(end - start == 1 for start, end in groups)
    return joined in WELL_KNOWN or called or (single and joined.startswith("1") and joined != "123"[: len(joined)])


def _is_short_code(code: str, *, called: bool, address: bool) -> bool:
    if address and len(code) == MAX_CODE_LENGTH:
        return False  # a PIN code
    if not 3 <= len(code) <= MAX_CODE_LENGTH:  # noqa: PLR2004
        return len(code) in _LONG_LENGTHS
    if called or code in WELL_KNOWN:
        return True
    return code.startswith("1") and len(code) > 3 and not _YEARS.fullmatch(code)  # noqa: PLR2004
