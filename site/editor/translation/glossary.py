"""Terms of the glossary in a text that is translated: which the English has, and whether the translation has them.

The table is content/tables/glossary.csv, with the rows of libraries. Missing terms are hints and never errors: a
sentence may be right without the word.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sitegen.content.pages import SOURCE
from sitegen.content.tables import Row

from forms.core.i18n import search_words

TABLE = "glossary"
_UNTRANSLATED = re.compile(r"\[\[[^\[\]]*\]\]|\]\([^()\n]{0,2000}\)|`[^`]*`|<[^<>]*>")
"""Parts of a text that are not translated: blocks, addresses of links, code.

None of them may contain its own start: else matching a long row of brackets would take quadratic time.
"""

_MIN_STEM_LENGTH = 4
"""Length of words whose last letter may change with the grammatical case: முன்பணம், முன்பணத்தை."""


@dataclass(frozen=True)
class Term:
    """A term and its translations into one language. words: all that are right, the preferred one first."""

    english: str
    words: tuple[str, ...]
    note: str = ""
    reviewed: str = ""

    @property
    def word(self) -> str:
        """The preferred translation."""
        return self.words[0]


@dataclass(frozen=True)
class TermUse:
    """A term in a paragraph. missing: whether the paragraph is translated without the term."""

    term: Term
    missing: bool


def terms(rows: Iterable[Row], language: str) -> list[Term]:
    """Return the terms that have a translation into a language, the longest first."""
    found = [
        Term(english, words, str(row.get("note") or ""), str(row.get(f"reviewed_{language}") or ""))
        for row in rows
        if (words := _parts(row.get(f"term_{language}")))
        for english in _parts(row.get(f"term_{SOURCE}"))
    ]
    return sorted(found, key=lambda term: -len(term.english))


def _parts(cell: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in str(cell or "").split(";") if part.strip())


def terms_in_paragraph(source: str, translation: str, terms: Sequence[Term]) -> list[TermUse]:
    """Return the terms of a paragraph in order, each once, without those inside a longer term."""
    is_translated = bool(translation.strip())
    return [
        TermUse(term, is_translated and not is_used(term, translation))
        for term in dict.fromkeys(_terms_in_english(source, terms))
    ]


def _terms_in_english(source: str, terms: Sequence[Term]) -> Iterator[Term]:
    if not terms:
        return
    by_form: Mapping[str, Term] = {f"t{at}": term for at, term in enumerate(terms)}
    pattern = "|".join(f"(?P<{name}>{_forms(term.english)})" for name, term in by_form.items())
    plain = _UNTRANSLATED.sub(" ", source)
    for match in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", plain, re.IGNORECASE):
        yield by_form[str(match.lastgroup)]


def _forms(english: str) -> str:
    """Return a pattern for a term in texts: also across line ends, and in the plural."""
    words = r"\s+".join(map(re.escape, english.split()))
    return rf"{words[:-1]}(?:y|ies)" if english.lower().endswith("y") else rf"{words}(?:es|s)?"


def is_used(term: Term, translation: str) -> bool:
    """Return whether a text has a translation of a term, in any grammatical case: only word beginnings count."""
    text = search_words.normalise(translation)
    return any(all(_stem(word) in text for word in search_words.index_words(one)) for one in term.words)


def _stem(word: str) -> str:
    return word[:-1] if len(word) >= _MIN_STEM_LENGTH else word
