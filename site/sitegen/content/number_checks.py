"""Phone numbers that do not come from helplines.csv, said with file, line and remedy."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from forms.core import i18n
from forms.core.problem import Problem
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content import phone_numbers
from sitegen.content.pages import Source
from sitegen.content.settings import WHERE
from sitegen.content.tables import Tables, number_of

_TODO = (
    "Write [[ number: ... ]] with an id of content/tables/helplines.csv, or add the number there. "
    "A count is written with a comma, like 1,200, or with what is counted after it; a law as section 198."
)
_IN_TITLES = ("title", "description")
_POSTAL = "address_"


def problems(pages: Sequence[Source], tables: Tables, content: Path) -> Iterator[Problem]:
    """Yield each number that looks like a helpline and is not in helplines.csv, wherever staff or we write texts."""
    known = phone_numbers.known_numbers(tables["helplines"])
    ids = sorted(phone_numbers.dialled(tables["helplines"]))
    codes = sorted({page.language for page in pages})
    for page in pages:
        for key in _IN_TITLES:
            yield from _in_text(str(page.meta.get(key) or ""), f"{page.where}, {key}", known, ids)
        yield from _in_page(page, known, ids)
    yield from _in_tables(tables, codes, known, ids)
    for number, line in enumerate(_lines(content / "portal.yml"), start=1):
        yield from _in_text(f" {line}".partition(" #")[0] if ":" in line else "", f"{WHERE}, line {number}", known, ids)
    for code in codes:
        for message in i18n.catalog(code):
            said = message.string if isinstance(message.string, str) else " ".join(message.string or ())
            yield from _in_text(said, f"forms/core/i18n/{code}.po, line {(message.lineno or 0)}", known, ids)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").splitlines()


def _in_page(page: Source, known: frozenset[str], ids: Sequence[str]) -> Iterator[Problem]:
    for found in phone_numbers.strays(page.text, known):
        yield _stray(f"{page.where}, line {page.line_of(found.start)}", found)
    for match in phone_numbers.TOKEN.finditer(page.text):
        yield _unknown(f"{page.where}, line {page.line_of(match.start())}", match["id"], ids)


def _in_text(
    text: str, where: str, known: frozenset[str], ids: Sequence[str], *, address: bool = False
) -> Iterator[Problem]:
    for found in phone_numbers.strays(text, known, address=address):
        yield _stray(where, found)
    for match in phone_numbers.TOKEN.finditer(text):
        yield _unknown(where, match["id"], ids)


def _in_tables(tables: Tables, codes: Sequence[str], known: frozenset[str], ids: Sequence[str]) -> Iterator[Problem]:
    endings = tuple(f"_{code}" for code in codes)
    for name, rows in tables.items():
        for row in rows:
            for column, cell in row.items():
                if isinstance(cell, str) and cell and column.endswith(endings):
                    where = f"content/tables/{name}.csv, row {number_of(row)} ({row[next(iter(row))]}), column {column}"
                    yield from _in_text(cell, where, known, ids, address=column.startswith(_POSTAL))


def _stray(where: str, found: phone_numbers.Found) -> Problem:
    return Problem(where, f"{found.shown} looks like a phone number and is not in helplines.csv.", _TODO)


def _unknown(where: str, told: str, ids: Sequence[str]) -> Problem:
    what = f'[[ number ]] has nothing that is called "{told}".'
    return Problem(where, what, did_you_mean(told, ids, f"The ids in helplines.csv are: {', '.join(ids)}."))
