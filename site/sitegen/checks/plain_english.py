"""Advice on plain English: long sentences and hard words. It never stops a build.

Rules: one idea a sentence and about 15 to 20 words (ISO 24495-1, plain language); words people say (WCAG 2.2, 3.1.5).
"""

import re
from collections.abc import Iterator

from sitegen.content.pages import SOURCE, AllPages, PageSource

MAX_SENTENCE_LENGTH = 20
"""In words."""

HARD_WORDS = {
    "approximately": "about", "assistance": "help", "commence": "begin", "complainant": "who complains",
    "conducted": "held", "facilitate": "help", "furthermore": "also", "however": "but", "in order to": "to",
    "initiate": "start", "obtain": "get", "perpetrator": "who did it", "prior to": "before", "provide": "give",
    "purchase": "buy", "regarding": "about", "rehabilitation": "a new start", "reside": "live", "subsequently": "then",
    "sufficient": "enough", "terminate": "end", "utilise": "use", "vulnerable": "at risk", "witness": "who saw it",
}  # fmt: skip
"""Officialese, with the plain words for it."""

_MARKS = re.compile(r"\[\[.*?\]\]|!\[[^\]]*\]\([^)]*\)|\{[^}]*\}|\]\([^)]*\)|[\[*_`>#]|^\s*(?:\d+\.|[-:])\s+", re.M)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_QUOTED = re.compile(r'"[^"\n]*"|“[^”\n]*”')


def advice(library: AllPages) -> Iterator[str]:
    """Yield advice on the English pages, with file and line."""
    for page in library.by_language.get(SOURCE, {}).values():
        yield from _page_advice(page)


def _page_advice(page: PageSource) -> Iterator[str]:
    for number, line in enumerate(page.text.split("\n")):
        plain = _MARKS.sub(" ", line)
        where = f"{page.where}, line {page.first_line + number}"
        for match in _SENTENCE.finditer(plain):
            count = len(match[0].split())
            if count > MAX_SENTENCE_LENGTH:
                yield f"{where}: a sentence of {count} words. Can it be two?"
        unquoted = _QUOTED.sub(" ", plain).lower()  # quotes are not to be rewritten
        for hard, easy in HARD_WORDS.items():
            if re.search(rf"\b{hard}\b", unquoted):
                yield f'{where}: "{hard}". People say: {easy}.'
