"""Phone numbers that do not come from helplines.csv, said with file, line and remedy."""

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
from sitegen.content.settings import WHERE
from sitegen.content.tables import Tables, every_cell, place_of
from sitegen.layers import lookup

_TODO = _(
    "Write [[ number: ... ]] with an id of content/tables/helplines.csv, or add the number there. "
    "A count is written with a comma, like 1,200, or with what is counted after it; a law as section 198."
)
_IN_TITLES = ("title", "description")
_POSTAL = "address_"
_IN_DRAWINGS = re.compile(
    r"<(?:text|title|desc)\b[^>]*>(.*?)</(?:text|title|desc)>|aria-label=\"([^\"]*)\"", re.S | re.I
)
_TAG = re.compile(r"<[^>]*>")


def problems(pages: Sequence[PageSource], tables: Tables, content: Path) -> Iterator[Problem]:
    """Yield each number that looks like a helpline and is not in helplines.csv: in all that a district writes."""
    known = phone_numbers.known_numbers(tables["helplines"])
    ids = sorted(phone_numbers.numbers_by_id(tables["helplines"]))
    codes = sorted({page.language for page in pages})
    kept = kept_work.at(content.parent, kept_work.CHECKS)
    yield from of_pages([page for page in pages if not _was_clean(page, known, ids, kept)], tables)
    yield from _in_tables(tables, codes, known, ids)
    for number, words in _shown_settings(content / "portal.yml"):
        yield from (found.at(place_in(WHERE, line=number)) for found in _in_text(words, known, ids))
    for file in lookup.files(content, "media", "*.svg"):
        yield from (found.at(file.where) for found in _in_text(_words_of(file.path), known, ids))
    for file in lookup.files(content, "words", "*.po"):
        for english, said in _own_words(file.path).items():
            where = f'{file.where}, "{english[:60]}"'
            yield from (found.at(where) for found in _in_text("\n".join(said), known, ids))


def _own_words(path: Path) -> Mapping[str, own_words.Forms]:
    """Return the district's words of the interface that are shown, by their English."""
    with suppress(own_words.NotWords):  # the checks of words say it
        return own_words.usable(path.read_text(encoding="utf-8-sig", errors="replace"), path.stem)
    return {}


def _words_of(drawing: Path) -> str:
    """Return what a drawing says in letters, a part a line."""
    with suppress(OSError):  # checks of media say it
        text = drawing.read_text(encoding="utf-8", errors="replace")
        return "\n".join(_TAG.sub(" ", shown or label) for shown, label in _IN_DRAWINGS.findall(text))
    return ""


def _was_clean(page: PageSource, known: frozenset[str], ids: Sequence[str], kept: kept_work.KeptWork) -> bool:
    """Return whether nothing is wrong in a page, as an earlier build found or as is found now. Only that is kept."""
    shown = [str(page.meta.get(key) or "") for key in _IN_TITLES]
    key = kept_results.key_of("numbers", kept_work.code_mark(), *ids, "", *sorted(known), "", *shown, page.text)
    if kept.get(key) is not None:
        return True
    clean = not any(_of_page(page, known, ids))
    if clean:
        kept.put(key, b"")
    return clean


def of_pages(pages: Sequence[PageSource], tables: Tables) -> Iterator[Problem]:
    """Yield those of these pages."""
    known = phone_numbers.known_numbers(tables["helplines"])
    ids = sorted(phone_numbers.numbers_by_id(tables["helplines"]))
    for page in pages:
        yield from _of_page(page, known, ids)


def _of_page(page: PageSource, known: frozenset[str], ids: Sequence[str]) -> Iterator[Problem]:
    for key in _IN_TITLES:
        yield from (found.at(f"{page.where}, {key}") for found in _in_text(str(page.meta.get(key) or ""), known, ids))
    yield from _in_page(page, known, ids)


def _shown_settings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of portal.yml by number, without remarks and without `sms`: nobody calls its templates."""
    section = ""
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if line[:1].strip(" #"):
            section = line.partition(":")[0]
        if ":" in line and section != "sms" and not line.lstrip().startswith("#"):
            yield number, line.partition(" #")[0]


def _in_page(page: PageSource, known: frozenset[str], ids: Sequence[str]) -> Iterator[Problem]:
    for found in number_search.unknown_numbers(page.text, known):
        yield _stray(found).at(place_in(page.where, line=page.line_of(found.start)))
    for match in phone_numbers.TOKEN.finditer(page.text) if "[[" in page.text else ():
        yield _unknown(match["id"], ids).at(place_in(page.where, line=page.line_of(match.start())))


@dataclass(frozen=True)
class _Found:
    """What is wrong in a text, without where it stands: most texts are right, and need no place."""

    what: str
    todo: str

    def at(self, where: str) -> Problem:
        """Return the problem with its place."""
        return Problem(where, self.what, self.todo)


def _in_text(text: str, known: frozenset[str], ids: Sequence[str], *, address: bool = False) -> Iterator[_Found]:
    for found in number_search.unknown_numbers(text, known, address=address):
        yield _stray(found)
    for match in phone_numbers.TOKEN.finditer(text):
        yield _unknown(match["id"], ids)


def _in_tables(tables: Tables, codes: Sequence[str], known: frozenset[str], ids: Sequence[str]) -> Iterator[Problem]:
    endings = tuple(f"_{code}" for code in codes)
    for name, row, column, cell in every_cell(tables):
        if isinstance(cell, str) and cell and column.endswith(endings):
            for found in _in_text(cell, known, ids, address=column.startswith(_POSTAL)):
                yield found.at(place_in(place_of(name, row), named=str(row[next(iter(row))]), column=column))


def _stray(found: number_search.UnknownNumber) -> _Found:
    what = _("%(number)s looks like a phone number and is not in helplines.csv.", number=found.shown)
    return _Found(what, _TODO)


def _unknown(told: str, ids: Sequence[str]) -> _Found:
    what = _('[[ %(block)s ]] has nothing that is called "%(name)s".', block=phone_numbers.BLOCK, name=told)
    otherwise = _("The ids in helplines.csv are: %(ids)s.", ids=", ".join(ids))
    return _Found(what, did_you_mean(told, ids, otherwise))
