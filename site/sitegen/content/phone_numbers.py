"""A phone number is in one place, helplines.csv: `[[ number: bonded-labour ]]` draws it, and any other is found."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forms.core.i18n import locales
from forms.core.i18n.written_digits import as_digits
from sitegen.content.pages import AllPages, PageSource
from sitegen.content.tables import NumberedRow, Row, Tables, layer_of, number_of

BLOCK = "number"
TOKEN = re.compile(r"(?P<before>!\[[^\]\n]*|\]\((?:tel:)?)?\[\[\s*number\s*:\s*(?P<id>[^\]\n]*?)\s*\]\]", re.I)

LONGEST_CODE = 6
"""Digits of a short code: 112, 1098, 15100, 155214."""

WELL_KNOWN = frozenset(
    """100 101 102 103 104 106 107 108 109 112 131 138 139 155 181 182 197 198
    1033 1070 1073 1077 1090 1091 1092 1094 1095 1096 1097 1098 1099 1100 1363 1512 1551""".split()  # noqa: SIM905 - a list to read
)
"""Short codes of India that look like a count, or like parts that a space or a hyphen divides."""

# Each digit is a sign of its own, and the length of a text stays as it is: positions keep their meaning.
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
"""Numbers before one in a list: who is told to call the first is told to call each."""

_MISTYPED = re.compile(r"(?<![A-Za-z\d])(?=[OoIl]*\d[\dOoIl]*\d(?![A-Za-z\d]))[\dOoIl]{4,13}(?![A-Za-z\d])")
_LETTERS = str.maketrans("OoIl", "0011")
"""Letters that look like digits, and are typed or recognised as them."""

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
_LONG = range(7, 15)
"""Digits of a number with its code for the town or the country."""


@dataclass(frozen=True)
class UnknownNumber:
    """A number in a text that looks like one to call: where it begins, and how it is written."""

    start: int
    shown: str


_ANY_DIGIT = re.compile(r"\d|tel:|sms:", re.I)
_DIGIT_OR_COLON = re.compile(r"[\d:]")
"""Found in a sixth of the time: most pages have none."""


def unknown_numbers(text: str, known: Collection[str], *, address: bool = False) -> Iterator[UnknownNumber]:
    """Yield the numbers of a text that look like helplines and are not known.

    known: what helplines.csv has under tel. address: the text is a postal address, in which a PIN code stands.
    """
    written = as_digits(text)
    if not (_DIGIT_OR_COLON.search(written.text) and _ANY_DIGIT.search(written.text)):
        return
    plain = written.text.replace("\N{NO-BREAK SPACE}", " ")  # as `_in_one_piece` writes it
    plain = _MISTYPED.sub(_with_digits, plain)
    for match in _TEL.finditer(plain):
        if _digits(match[1] or match[2] or "") not in known:
            start, end = written.place_of(match.start(), match.end())
            yield UnknownNumber(start, text[start:end])
    plain = _TEL.sub(_blank, plain)
    masked = _NO_NUMBER.sub(lambda match: _kept_or_blank(match, plain, known), plain)
    for match in _RUN.finditer(masked):
        for part in _suspicious(match, plain, known, address=address):
            start, end = written.place_of(*part)
            yield UnknownNumber(start, text[start:end].strip(" ().-"))


def _with_digits(match: re.Match[str]) -> str:
    letters = sum(char.isalpha() for char in match[0])
    return match[0].translate(_LETTERS) if 0 < letters <= len(match[0]) // 2 else match[0]


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _kept_or_blank(match: re.Match[str], text: str, known: Collection[str]) -> str:
    """Return what is no number as blanks, except for a year or a count that somebody is told to call."""
    is_law = not match[0][0].isdecimal()
    told = not is_law and "," not in match[0] and _is_called(text, match.start(), match.end(), close=True)
    if _is_pair(match[0], known):
        return match[0].replace("/", " ")
    return match[0] if told and match[0] not in known else _blank(match)


def _is_pair(text: str, known: Collection[str]) -> bool:
    """Return whether two numbers to call stand there, like 112/113; the number of an order of a year is none."""
    first, stroke, second = text.partition("/")
    if not stroke or not (first.isdecimal() and second.isdecimal()) or _YEARS.fullmatch(second):
        return False
    return bool({first, second} & WELL_KNOWN.union(known)) and min(len(first), len(second)) > 2  # noqa: PLR2004 - 112


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _is_called(text: str, start: int, end: int, *, close: bool = False) -> bool:
    """Return whether the words around a number tell to call it. close: whether they must stand right beside it."""
    before, after = re.sub(r"[*_\[(\"'“]", "", text[max(0, start - 40) : start]), text[end : end + 30]
    before = _LISTED_BEFORE.sub("", before)
    told_before = (_CALL_RIGHT_BEFORE if close else _CALL_BEFORE).search(before)
    return bool(told_before or _CALL_AFTER.search(re.sub(r"[*_\])\"'”]", "", after)))


def _suspicious(match: re.Match[str], text: str, known: Collection[str], *, address: bool) -> Iterator[tuple[int, int]]:
    """Yield the parts of a run of digits that look like a number to call: the whole, or group by group."""
    groups = [(one.start() + match.start(), one.end() + match.start()) for one in re.finditer(r"\d+", match[0])]
    if _are_known([text[start:end] for start, end in groups], known):
        return
    joined = _digits(match[0])
    called = _is_called(text, match.start(), match.end())
    whole = _looks_long(match[0], joined, len(groups)) or _looks_divided(joined, groups, called=called)
    if whole or _is_receipt(match[0]):
        yield from [(match.start(), match.end())] if whole else []
        return
    for start, end in groups:
        code = text[start:end]
        if code not in known and _looks_short(code, called=called, address=address):
            yield start, end


def _are_known(groups: Sequence[str], known: Collection[str]) -> bool:
    """Return whether the groups are known numbers, one after the other, however they are divided."""
    if not groups:
        return True
    heads = ((_digits("".join(groups[:size])), groups[size:]) for size in range(1, min(len(groups), _LONG.stop) + 1))
    return any(not _without_code(head).isdisjoint(known) and _are_known(rest, known) for head, rest in heads)


def _without_code(number: str) -> set[str]:
    """Return a number as it is, and without the code of the country or the zero before it."""
    return {number, re.sub(r"^(?:0091|91|0)(?=\d{10})", "", number)}


def _looks_long(shown: str, joined: str, groups: int) -> bool:
    if len(joined) not in _LONG:
        return False
    if groups == 1:
        return True
    is_years = all(_YEARS.fullmatch(group) for group in re.findall(r"\d+", shown))
    return not is_years and bool(_PHONES.fullmatch(joined) or _LOCAL.fullmatch(joined) or shown.startswith("+"))


def _is_receipt(shown: str) -> bool:
    """Return whether it is digits in four or more groups of four, as receipts are written."""
    return re.fullmatch(r"\d{4}(?: \d{4}){3,}", shown) is not None


def _looks_divided(joined: str, groups: Sequence[tuple[int, int]], *, called: bool) -> bool:
    """Return whether a short code is written with gaps, like 10-98 or 1 1 2."""
    if len(groups) == 1 or not 3 <= len(joined) <= LONGEST_CODE:  # noqa: PLR2004 - 112 is the shortest
        return False
    single = all(end - start == 1 for start, end in groups)
    return joined in WELL_KNOWN or called or (single and joined.startswith("1") and joined != "123"[: len(joined)])


def _looks_short(code: str, *, called: bool, address: bool) -> bool:
    if address and len(code) == LONGEST_CODE:
        return False  # a PIN code
    if not 3 <= len(code) <= LONGEST_CODE:  # noqa: PLR2004
        return len(code) in _LONG
    if called or code in WELL_KNOWN:
        return True
    return code.startswith("1") and len(code) > 3 and not _YEARS.fullmatch(code)  # noqa: PLR2004


def numbers_by_id(rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
    """Return for each id of helplines.csv the number as it is shown and as it is dialled."""
    return {str(row["id"]).casefold(): (str(row["number"]), str(row["tel"])) for row in rows}


def known_numbers(rows: Sequence[Row]) -> frozenset[str]:
    """Return the digits of every number in helplines.csv."""
    return frozenset(_digits(str(row[column])) for row in rows for column in ("number", "tel"))


def fill_numbers(text: str, numbers: Mapping[str, tuple[str, str]], *, link: bool) -> str:
    """Return a text with its numbers drawn in. link: as Markdown's links where a link may stand, else plain.

    What helplines.csv does not have stays as it is: the checks name it.
    """

    def one(match: re.Match[str]) -> str:
        before, found = match["before"] or "", numbers.get(match["id"].casefold())
        if found is None:
            return match[0]
        shown, tel = found
        if before.startswith("]("):
            return f"{'](tel:'}{tel}"
        return f"{before}{shown}" if before or not link else f"[{shown}](tel:{tel})"

    return TOKEN.sub(one, text) if "[[" in text else text  # most pages have none


def fill_library(library: AllPages, numbers: Mapping[str, tuple[str, str]]) -> AllPages:
    """Return the pages with their numbers drawn in: links in the text, plain numbers in titles and descriptions."""
    by_language = {
        code: {name: _in_page(page, numbers) for name, page in pages.items()}
        for code, pages in library.by_language.items()
    }
    return replace(library, by_language=by_language)


def _in_page(page: PageSource, numbers: Mapping[str, tuple[str, str]]) -> PageSource:
    meta = {key: _plain(value, numbers) for key, value in page.meta.items()}
    if locales.direction(page.language) == "rtl":
        numbers = {id_: (_in_one_piece(shown), tel) for id_, (shown, tel) in numbers.items()}
    text = fill_numbers(page.text, numbers, link=True)
    return page if (text, meta) == (page.text, page.meta) else replace(page, text=text, meta=meta)


def _in_one_piece(number: str) -> str:
    """Return a number whose groups stay in their order among letters that run from right to left (UAX 9, rule W4)."""
    return number.replace(" ", "\N{NO-BREAK SPACE}")


def _plain(value: Any, numbers: Mapping[str, tuple[str, str]]) -> Any:
    return fill_numbers(value, numbers, link=False) if isinstance(value, str) and "[[" in value else value


def fill_tables(tables: Tables, numbers: Mapping[str, tuple[str, str]]) -> Tables:
    """Return the tables with plain numbers drawn into their texts."""
    return {name: [_in_row(row, numbers) for row in rows] for name, rows in tables.items()}


def _in_row(row: Row, numbers: Mapping[str, tuple[str, str]]) -> Row:
    cells = {key: _plain(value, numbers) for key, value in row.items()}
    if cells == row:
        return row
    fresh = NumberedRow(cells)
    fresh.sheet_row, fresh.layer = number_of(row), layer_of(row)
    return fresh
