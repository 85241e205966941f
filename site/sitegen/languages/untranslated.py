"""What is still to be translated into a language: pages, cells of tables, sentences of the interface."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forms.core.i18n import extraction, own_words
from sitegen.content import pages
from sitegen.content.tables import every_cell


@dataclass(frozen=True)
class Missing:
    """What is still to be translated of one kind. kind: as messages name it; words: how many English words it has."""

    kind: str
    names: tuple[str, ...]
    words: int


def find(library: pages.AllPages, tables: dict[str, list[dict[str, object]]], code: str, own: str) -> list[Missing]:
    """Return what is missing in a language. own: the text of the district's .po file for it, or empty."""
    return [_missing_pages(library, code), _missing_cells(tables, code), _missing_words(code, own)]


def _missing_pages(library: pages.AllPages, code: str) -> Missing:
    translated = library.by_language.get(code, {})
    missing = [page for name, page in sorted(library.by_language[pages.SOURCE].items()) if name not in translated]
    words = sum(_word_count(f"{page.title} {page.text}") for page in missing)
    return Missing("pages", tuple(page.name for page in missing), words)


def _missing_cells(tables: dict[str, list[dict[str, object]]], code: str) -> Missing:
    names, words = [], 0
    for table, row, column, cell in every_cell(tables):
        stem, _, language = column.rpartition("_")
        if language == pages.SOURCE and stem and cell and f"{stem}_{code}" in row and not row[f"{stem}_{code}"]:
            names.append(f"{table}.csv, {next(iter(row.values()))}, {stem}_{code}")
            words += _word_count(str(cell))
    return Missing("cells of tables", tuple(names), words)


def _missing_words(code: str, own: str) -> Missing:
    translated = own_words.usable_words(own, code) if own else {}
    missing = [text for text in extraction.untranslated(code) if text not in translated]
    return Missing("sentences of the interface", tuple(missing), sum(map(_word_count, missing)))


def _word_count(text: str) -> int:
    return len(re.findall(r"\w+", text))


def listing(missing: Sequence[Missing]) -> str:
    """Return everything that is to be translated, by name, under a heading for each kind."""
    return "\n".join(
        line for part in missing for line in (f"# {part.kind}", *(name.replace("\n", " ") for name in part.names), "")
    )


def summary(missing: Sequence[Missing]) -> Iterator[str]:
    """Yield a line for each kind, and one for the total, with the numbers of words."""
    for part in missing:
        yield f"  {len(part.names):>5} {part.kind} ({part.words:,} words)"
    yield f"  together about {round(sum(part.words for part in missing), -2):,} words"
