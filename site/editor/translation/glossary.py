"""Words of the glossary in a text that is translated: what is in the English, and whether the translation has it.

The table is content/tables/glossary.csv, a library's and a district's rows joined as in every table. What is said here
is a hint and never an error: a sentence may be right without the word.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sitegen.content.pages import SOURCE
from sitegen.content.tables import Row

from forms.core.i18n import search_words

TABLE = "glossary"
_NO_WORDS = re.compile(r"\[\[[^\[\]]*\]\]|\]\([^()\n]{0,2000}\)|`[^`]*`|<[^<>]*>")
"""What is in a text and is not translated: blocks, addresses of links, program text.

None of them holds its own beginning: else a long row of brackets would be read to its end from each.
"""

_LONG_ENOUGH = 4
"""Letters of a word whose last may change with its case: முன்பணம், முன்பணத்தை."""


@dataclass(frozen=True)
class Term:
    """A word and what it is in one language; `words`: all that are right, the first is the one to take."""

    english: str
    words: tuple[str, ...]
    note: str = ""
    reviewed: str = ""

    @property
    def word(self) -> str:
        """The word to take."""
        return self.words[0]


@dataclass(frozen=True)
class TermUse:
    """A term that is in a paragraph; missing: its translation is there and does not have the word."""

    term: Term
    missing: bool


def terms(rows: Iterable[Row], language: str) -> list[Term]:
    """Return the terms that have a word in a language, the longest first."""
    found = [
        Term(english, words, str(row.get("note") or ""), str(row.get(f"reviewed_{language}") or ""))
        for row in rows
        if (words := _parts(row.get(f"term_{language}")))
        for english in _parts(row.get(f"term_{SOURCE}"))
    ]
    return sorted(found, key=lambda term: -len(term.english))


def _parts(cell: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in str(cell or "").split(";") if part.strip())


def in_paragraph(source: str, translation: str, known: Sequence[Term]) -> list[TermUse]:
    """Return the terms of a paragraph in their order, each once; one inside a longer one is not named by itself."""
    said = bool(translation.strip())
    return [
        TermUse(term, said and not is_said(term, translation)) for term in dict.fromkeys(_in_english(source, known))
    ]


def _in_english(source: str, known: Sequence[Term]) -> Iterator[Term]:
    if not known:
        return
    by_form: Mapping[str, Term] = {f"t{at}": term for at, term in enumerate(known)}
    pattern = "|".join(f"(?P<{name}>{_forms(term.english)})" for name, term in by_form.items())
    plain = _NO_WORDS.sub(" ", source)
    for match in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", plain, re.IGNORECASE):
        yield by_form[str(match.lastgroup)]


def _forms(english: str) -> str:
    """Return a pattern of a term as texts write it: over the end of a line, and of several."""
    words = r"\s+".join(map(re.escape, english.split()))
    return rf"{words[:-1]}(?:y|ies)" if english.lower().endswith("y") else rf"{words}(?:es|s)?"


def is_said(term: Term, translation: str) -> bool:
    """Return whether a text has one of the words of a term, in any case: words count by how they begin."""
    text = search_words.normalise(translation)
    return any(all(_begin(word) in text for word in search_words.index_words(one)) for one in term.words)


def _begin(word: str) -> str:
    return word[:-1] if len(word) >= _LONG_ENOUGH else word
