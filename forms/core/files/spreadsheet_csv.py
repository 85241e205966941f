"""Rows as CSV (RFC 4180): for programs, and for spreadsheets as they read it. The one guard against formulas."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@")
_BOM = b"\xef\xbb\xbf"
_TAKEN_FOR_A_NUMBER = re.compile(r"0[0-9]+|[0-9]{12,}")
"""Digits that a spreadsheet would change: it drops leading zeros, shortens twelve digits, loses those after fifteen."""


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
    return (_BOM if first else b"") + text.encode()


def _kept_digits(cell: Any) -> Any:
    """Return a text of digits in groups of five, which no spreadsheet takes for a number; all else as it is."""
    if not isinstance(cell, str) or not _TAKEN_FOR_A_NUMBER.fullmatch(cell):
        return cell
    return re.sub(r"(?<=[0-9])(?=(?:[0-9]{5})+$)", " ", cell) if len(cell) > 5 else f"'{cell}"  # noqa: PLR2004


def _guarded(cell: Any) -> str:
    return guarded(cell) if isinstance(cell, str) else cell_text(cell)


def cell_text(value: Any) -> str:
    """Return a cell as the tables of this project have it: nothing is empty, true or false, days as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula (OWASP, CSV Injection), whatever it passes over before it.

    Signs of full width count too: programs in East Asian languages read them as the others.
    """
    if text[:1] in {"\t", "\r", "\n"}:
        return True
    seen = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char)[0] not in "ZC")
    return seen.startswith(_FORMULA_STARTS)


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before one that it may."""
    return f"'{text}" if is_formula(text) else text
