"""Phone numbers from helplines.csv: `[[ number: bonded-labour ]]` in a text is replaced by the number of that id.

checks/number_checks.py refuses any other number in a text, so that a changed number is changed everywhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from forms.core.i18n import locales
from sitegen.content.pages import AllPages, PageSource
from sitegen.content.tables import NumberedRow, Row, Tables, layer_of, number_of

BLOCK = "number"
TOKEN = re.compile(r"(?P<before>!\[[^\]\n]*|\]\((?:tel:)?)?\[\[\s*number\s*:\s*(?P<id>[^\]\n]*?)\s*\]\]", re.I)


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", text)


def numbers_by_id(rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
    """Return the number of each id in helplines.csv, as it is shown and as it is dialled."""
    return {str(row["id"]).casefold(): (str(row["number"]), str(row["tel"])) for row in rows}


def known_numbers(rows: Sequence[Row]) -> frozenset[str]:
    """Return the digits of every number in helplines.csv."""
    return frozenset(digits_of(str(row[column])) for row in rows for column in ("number", "tel"))


def fill_numbers(text: str, numbers: Mapping[str, tuple[str, str]], *, link: bool) -> str:
    """Return a text with the numbers filled in. link: as Markdown links, except in images and links.

    An unknown id stays as it is: checks/number_checks.py reports it.
    """

    def number_for(match: re.Match[str]) -> str:
        before, number = match["before"] or "", numbers.get(match["id"].casefold())
        if number is None:
            return match[0]
        shown, tel = number
        if before.startswith("]("):
            return f"{'](tel:'}{tel}"
        return f"{before}{shown}" if before or not link else f"[{shown}](tel:{tel})"

    return TOKEN.sub(number_for, text) if "[[" in text else text


def fill_library(library: AllPages, numbers: Mapping[str, tuple[str, str]]) -> AllPages:
    """Return the pages with the numbers filled in: as links in texts, plain in titles and descriptions."""
    by_language = {
        code: {name: _fill_page(page, numbers) for name, page in pages.items()}
        for code, pages in library.by_language.items()
    }
    return replace(library, by_language=by_language)


def _fill_page(page: PageSource, numbers: Mapping[str, tuple[str, str]]) -> PageSource:
    meta = {key: _fill_value(value, numbers) for key, value in page.meta.items()}
    if locales.direction(page.language) == "rtl":
        numbers = {id_: (_unbreakable(shown), tel) for id_, (shown, tel) in numbers.items()}
    text = fill_numbers(page.text, numbers, link=True)
    return page if (text, meta) == (page.text, page.meta) else replace(page, text=text, meta=meta)


def _unbreakable(number: str) -> str:
    """Return a number with no-break spaces, which keep its groups in order in right-to-left text (UAX 9, rule W4)."""
    return number.replace(" ", "\N{NO-BREAK SPACE}")


def _fill_value(value: Any, numbers: Mapping[str, tuple[str, str]]) -> Any:
    return fill_numbers(value, numbers, link=False) if isinstance(value, str) and "[[" in value else value


def fill_tables(tables: Tables, numbers: Mapping[str, tuple[str, str]]) -> Tables:
    """Return the tables with plain numbers filled into their texts."""
    return {name: [_fill_row(row, numbers) for row in rows] for name, rows in tables.items()}


def _fill_row(row: Row, numbers: Mapping[str, tuple[str, str]]) -> Row:
    cells = {key: _fill_value(value, numbers) for key, value in row.items()}
    if cells == row:
        return row
    filled = NumberedRow(cells)
    filled.sheet_row, filled.layer = number_of(row), layer_of(row)
    return filled
