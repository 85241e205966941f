"""A phone number is in one place, helplines.csv: `[[ number: bonded-labour ]]` draws it, and any other is found."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from forms.core.i18n import locales
from sitegen.content.pages import AllPages, PageSource
from sitegen.content.tables import NumberedRow, Row, Tables, layer_of, number_of

BLOCK = "number"
TOKEN = re.compile(r"(?P<before>!\[[^\]\n]*|\]\((?:tel:)?)?\[\[\s*number\s*:\s*(?P<id>[^\]\n]*?)\s*\]\]", re.I)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


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
