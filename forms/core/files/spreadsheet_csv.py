"""Rows as CSV (RFC 4180): for programs, and for spreadsheets as they read it. The one guard against formulas."""

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
"""Comma; what a spreadsheet of many countries writes; what is pasted or saved as text."""

_TAKEN_FOR_A_NUMBER = re.compile(r"0[0-9]+|[0-9]{12,}")
"""Digits that a spreadsheet would change: it drops leading zeros, shortens twelve digits, loses those after fifteen."""

_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_TAKEN_FOR_A_DAY = re.compile(
    rf"[0-9]{{1,15}}e[0-9]{{1,3}}|[0-9]{{1,2}}[-/][0-9]{{1,2}}(?:[-/][0-9]{{1,2}})?"
    rf"|{_MONTH}[- ]?[0-9]{{1,2}}|[0-9]{{1,2}}[- ]?{_MONTH}",
    re.I,
)
"""Numbers of houses and groups, like 1-2, 3/4, 12E4 and May 5: a spreadsheet makes days or powers of ten of them."""


def csv_text(rows: Iterable[Sequence[Any]], line_end: str = "\r\n") -> str:
    """Return rows as CSV, each cell as `cell_text` writes it, and no text as a formula."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line_end).writerows([_guarded(cell) for cell in row] for row in rows)
    return out.getvalue()


def for_spreadsheets(rows: Iterable[Sequence[Any]], line_end: str = "\r\n", *, first: bool = True) -> bytes:
    """Return rows as a spreadsheet reads them right: with a byte order mark, and no text of digits taken for a number.

    first: whether the file begins with these rows.
    """
    text = csv_text([[_kept_digits(cell) for cell in row] for row in rows], line_end)
    return (BOM if first else b"") + text.encode()


@dataclass(frozen=True)
class Dialect:
    """How a table that people edit is written: byte order mark, separator, line ends."""

    bom: bytes
    separator: str
    line_end: str
    quotes_all: bool = False


def separator_of(first: str) -> str:
    """Return what parts the cells of a table, from its first line: names of columns hold no sign but _ themselves."""
    return max(SEPARATORS, key=first.count)


def dialect_of(data: bytes) -> Dialect:
    """Return how a table is written, by its first line. Raises UnicodeDecodeError."""
    first = data.decode("utf-8-sig").partition("\n")[0]
    line_end = "\r\n" if first.endswith("\r") else "\n"
    return Dialect(BOM if data.startswith(BOM) else b"", separator_of(first), line_end)


def rows_of(data: bytes, dialect: Dialect) -> list[list[str]]:
    """Return the cells of a table as they stand. Raises UnicodeDecodeError, csv.Error."""
    text = data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect.separator))


def text_of(rows: Iterable[Sequence[str]], dialect: Dialect) -> str:
    """Return rows as a table that people edit has them, without its byte order mark. Formulas are not escaped."""
    out = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if dialect.quotes_all else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=dialect.separator, quoting=quoting, lineterminator=dialect.line_end).writerows(rows)
    return out.getvalue()


def _kept_digits(cell: Any) -> Any:
    """Return a text of digits in groups of five, which no spreadsheet takes for a number; all else as it is meant."""
    if isinstance(cell, str) and _TAKEN_FOR_A_DAY.fullmatch(cell):
        return f"'{cell}"
    if not isinstance(cell, str) or not _TAKEN_FOR_A_NUMBER.fullmatch(cell):
        return cell
    return re.sub(r"(?<=[0-9])(?=(?:[0-9]{5})+$)", " ", cell) if len(cell) > 5 else f"'{cell}"  # noqa: PLR2004


def _guarded(cell: Any) -> str:
    return escape_formula(cell) if isinstance(cell, str) else cell_text(cell)


def cell_text(value: Any) -> str:
    """Return a cell as the tables of this project have it: nothing is empty, true or false, days as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may read a text as a formula (OWASP, CSV Injection), whatever it skips before it.

    Signs of full width count too: programs in East Asian languages read them as the others.
    """
    if text[:1] in {"\t", "\r", "\n"}:
        return True
    seen = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char)[0] not in "ZC")
    return seen.startswith(_FORMULA_STARTS)


def escape_formula(text: str) -> str:
    """Return a text with an apostrophe before it if a spreadsheet may take it for a formula."""
    return f"'{text}" if is_formula(text) else text


def unescape_formula(cell: str) -> str:
    """Return a cell that came back from a spreadsheet without the apostrophe that `escape_formula` put before it."""
    return cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell
