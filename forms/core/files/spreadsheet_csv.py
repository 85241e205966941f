"""Rows as CSV that spreadsheets open (RFC 4180)."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@")


def csv_text(rows: Iterable[Sequence[Any]], line_end: str = "\r\n") -> str:
    """Return rows as CSV, each cell as `cell_text` writes it."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=line_end).writerows([cell_text(cell) for cell in row] for row in rows)
    return out.getvalue()


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
