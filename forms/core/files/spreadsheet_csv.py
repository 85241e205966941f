"""Rows as CSV (RFC 4180), for programs and for spreadsheets. The only place where formulas are escaped."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

_FORMULA_STARTS = ("=", "+", "-", "@")
BOM = b"\xef\xbb\xbf"
SEPARATORS = (",", ";", "\t")
"""Comma; the semicolon of spreadsheets in many countries; the tab of pasted cells and files saved as text."""

_LOOKS_LIKE_NUMBER = re.compile(r"0[0-9]+|[0-9]{12,}")
"""Digits that a spreadsheet changes: it drops leading zeros, shortens twelve digits, and loses those after fifteen."""

_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_LOOKS_LIKE_DATE = re.compile(
    rf"[0-9]{{1,15}}e[0-9]{{1,3}}|[0-9]{{1,2}}[-/][0-9]{{1,2}}(?:[-/][0-9]{{1,2}})?"
    rf"|{_MONTH}[- ]?[0-9]{{1,2}}|[0-9]{{1,2}}[- ]?{_MONTH}",
    re.I,
)
"""Numbers of houses and groups, like 1-2, 3/4, 12E4 and May 5, which a spreadsheet reads as dates or powers of ten."""


def csv_text(rows: Iterable[Sequence[Any]], line_end: str = "\r\n") -> str:
    """Return rows as CSV, each cell as `cell_text` writes it, with formulas escaped."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=line_end).writerows([_escape_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def for_spreadsheets(rows: Iterable[Sequence[Any]], line_end: str = "\r\n", *, first: bool = True) -> bytes:
    """Return rows as CSV that spreadsheets read correctly: with a byte order mark, and texts of digits kept as texts.

    first: whether the file begins with these rows.
    """
    text = csv_text([[_protect_digits(cell) for cell in row] for row in rows], line_end)
    return (BOM if first else b"") + text.encode()


@dataclass(frozen=True)
class Dialect:
    """The CSV dialect of a table that people edit: byte order mark, separator, line ends."""

    bom: bytes
    separator: str
    line_end: str
    quotes_all: bool = False


def separator_of(first: str) -> str:
    """Return the separator of a table's cells, from its first line: names of columns contain none of them."""
    return max(SEPARATORS, key=first.count)


def dialect_of(data: bytes) -> Dialect:
    """Return the dialect of a table, from its first line. Raises UnicodeDecodeError."""
    first = data.decode("utf-8-sig").partition("\n")[0]
    line_end = "\r\n" if first.endswith("\r") else "\n"
    return Dialect(BOM if data.startswith(BOM) else b"", separator_of(first), line_end)


def rows_of(data: bytes, dialect: Dialect) -> list[list[str]]:
    """Return the unchanged cells of a table. Raises UnicodeDecodeError, csv.Error."""
    text = data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect.separator))


def text_of(rows: Iterable[Sequence[str]], dialect: Dialect) -> str:
    """Return rows as CSV in this dialect, without its byte order mark. Formulas are not escaped."""
    buffer = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if dialect.quotes_all else csv.QUOTE_MINIMAL
    csv.writer(buffer, delimiter=dialect.separator, quoting=quoting, lineterminator=dialect.line_end).writerows(rows)
    return buffer.getvalue()


def _protect_digits(cell: Any) -> Any:
    """Return a cell that a spreadsheet does not read as a number or date: many digits are put in groups of five.

    Short texts get an apostrophe. Other cells are returned unchanged.
    """
    if isinstance(cell, str) and _LOOKS_LIKE_DATE.fullmatch(cell):
        return f"'{cell}"
    if not isinstance(cell, str) or not _LOOKS_LIKE_NUMBER.fullmatch(cell):
        return cell
    return re.sub(r"(?<=[0-9])(?=(?:[0-9]{5})+$)", " ", cell) if len(cell) > 5 else f"'{cell}"  # noqa: PLR2004


def _escape_cell(cell: Any) -> str:
    return escape_formula(cell) if isinstance(cell, str) else cell_text(cell)


def cell_text(value: Any) -> str:
    """Return a cell's text in the tables of this project: "" for None, true or false, dates in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet may read a text as a formula, after characters it skips (OWASP, CSV Injection).

    Full-width characters count too: programs in East Asian languages treat them like the others.
    """
    if text[:1] in {"\t", "\r", "\n"}:
        return True
    visible = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char)[0] not in "ZC")
    return visible.startswith(_FORMULA_STARTS)


def escape_formula(text: str) -> str:
    """Return a text with an apostrophe before it if a spreadsheet may take it for a formula."""
    return f"'{text}" if is_formula(text) else text


def unescape_formula(cell: str) -> str:
    """Return a cell of a spreadsheet without the apostrophe of `escape_formula`."""
    return cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell
