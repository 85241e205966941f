"""Checks for phone numbers in pages, tables, settings, drawings and words that are not in helplines.csv."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from forms.core.files import kept_results
from forms.core.i18n import own_words
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen import kept_work
from sitegen.checks import number_search
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content import phone_numbers
from sitegen.content.pages import PageSource
from sitegen.content.settings import SETTINGS_FILE
from sitegen.content.tables import Tables, every_cell, place_of
from sitegen.layers import lookup

_TODO = _(
    "Write [[ number: ... ]] with an id of content/tables/helplines.csv, or add the number there. "
    "A count is written with a comma, like 1,200, or with what is counted after it; a law as section 198."
)
_TEXT_KEYS = ("title", "description")
_POSTAL = "address_"
_DRAWING_TEXT = re.compile(
    r"<(?:text|title|desc)\b[^>]*>(.*?)</(?:text|title|desc)>|aria-label=\"([^\"]*)\"", re.S | re.I
)
_TAG = re.compile(r"<[^>]*>")


def problems(pages: Sequence[PageSource], tables: Tables, content: Path) -> Iterator[Problem]:
    """Yield each number in content/ that looks like a phone number and is not in helplines.csv."""
    known = phone_numbers.known_numbers(tables["helplines"])
    ids = sorted(phone_numbers.numbers_by_id(tables["helplines"]))
    codes = sorted({page.language for page in pages})
    kept = kept_work.at(content.parent, kept_work.CHECKS)
    yield from problems_of_pages([page for page in pages if not _is_clean(page, known, ids, kept)], tables)
    yield from _in_tables(tables, codes, known, ids)
    for number, words in _shown_settings(content / "portal.yml"):
        yield from (problem.at(place_in(SETTINGS_FILE, line=number)) for problem in _in_text(words, known, ids))
    for file in lookup.files(content, "media", "*.svg"):
        yield from (problem.at(file.where) for problem in _in_text(_drawing_text(file.path), known, ids))
    for file in lookup.files(content, "words", "*.po"):
        for english, forms in _own_words(file.path).items():
            where = f'{file.where}, "{english[:60]}"'
            yield from (problem.at(where) for problem in _in_text("\n".join(forms), known, ids))


def _own_words(path: Path) -> Mapping[str, own_words.Forms]:
    """Return the district's own interface words by their English, without those that are not usable."""
    with suppress(own_words.NotWords):  # languages/word_checks.py reports it
        return own_words.usable_words(path.read_text(encoding="utf-8-sig", errors="replace"), path.stem)
    return {}


def _drawing_text(drawing: Path) -> str:
    """Return the texts in a drawing, one a line."""
    with suppress(OSError):  # the checks of media report it
        text = drawing.read_text(encoding="utf-8", errors="replace")
        return "\n".join(_TAG.sub(" ", shown or label) for shown, label in _DRAWING_TEXT.findall(text))
    return ""


def _is_clean(page: PageSource, known: frozenset[str], ids: Sequence[str], kept: kept_work.KeptWork) -> bool:
    """Return whether a page has no problem, from the cache of clean pages or by checking it now."""
    shown = [str(page.meta.get(key) or "") for key in _TEXT_KEYS]
    key = kept_results.key_of("numbers", kept_work.code_mark(), *ids, "", *sorted(known), "", *shown, page.text)
    if kept.get(key) is not None:
        return True
    clean = not any(_of_page(page, known, ids))
    if clean:
        kept.put(key, b"")
    return clean


def problems_of_pages(pages: Sequence[PageSource], tables: Tables) -> Iterator[Problem]:
    """Yield the problems of these pages."""
    known = phone_numbers.known_numbers(tables["helplines"])
    ids = sorted(phone_numbers.numbers_by_id(tables["helplines"]))
    for page in pages:
        yield from _of_page(page, known, ids)


def _of_page(page: PageSource, known: frozenset[str], ids: Sequence[str]) -> Iterator[Problem]:
    for key in _TEXT_KEYS:
        text = str(page.meta.get(key) or "")
        yield from (problem.at(f"{page.where}, {key}") for problem in _in_text(text, known, ids))
    yield from _in_page(page, known, ids)


def _shown_settings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of portal.yml with their numbers, without comments and the section `sms`, which has ids."""
    section = ""
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if line[:1].strip(" #"):
            section = line.partition(":")[0]
        if ":" in line and section != "sms" and not line.lstrip().startswith("#"):
            yield number, line.partition(" #")[0]


def _in_page(page: PageSource, known: frozenset[str], ids: Sequence[str]) -> Iterator[Problem]:
    for number in number_search.unknown_numbers(page.text, known):
        yield _unknown_number(number).at(place_in(page.where, line=page.line_of(number.start)))
    for match in phone_numbers.TOKEN.finditer(page.text) if "[[" in page.text else ():
        yield _unknown_id(match["id"], ids).at(place_in(page.where, line=page.line_of(match.start())))


@dataclass(frozen=True)
class _TextProblem:
    """A problem without its place, which is built only if needed: most texts have no problem."""

    what: str
    todo: str

    def at(self, where: str) -> Problem:
        """Return the problem with its place."""
        return Problem(where, self.what, self.todo)


def _in_text(text: str, known: frozenset[str], ids: Sequence[str], *, address: bool = False) -> Iterator[_TextProblem]:
    for number in number_search.unknown_numbers(text, known, address=address):
        yield _unknown_number(number)
    for match in phone_numbers.TOKEN.finditer(text):
        yield _unknown_id(match["id"], ids)


def _in_tables(tables: Tables, codes: Sequence[str], known: frozenset[str], ids: Sequence[str]) -> Iterator[Problem]:
    endings = tuple(f"_{code}" for code in codes)
    for name, row, column, cell in every_cell(tables):
        if isinstance(cell, str) and cell and column.endswith(endings):
            for problem in _in_text(cell, known, ids, address=column.startswith(_POSTAL)):
                yield problem.at(place_in(place_of(name, row), row_id=str(row[next(iter(row))]), column=column))


def _unknown_number(number: number_search.UnknownNumber) -> _TextProblem:
    what = _("%(number)s looks like a phone number and is not in helplines.csv.", number=number.shown)
    return _TextProblem(what, _TODO)


def _unknown_id(id_: str, ids: Sequence[str]) -> _TextProblem:
    what = _('[[ %(block)s ]] has nothing that is called "%(name)s".', block=phone_numbers.BLOCK, name=id_)
    otherwise = _("The ids in helplines.csv are: %(ids)s.", ids=", ".join(ids))
    return _TextProblem(what, did_you_mean(id_, ids, otherwise))
