"""Rows of the server's lists, checked: the server is not trusted."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from forms.core.ids import is_id
from forms.core.proofs.statements import DailyStatement, DeskPart, StatementForDesk

PRIORITY_QUEUE, SECOND_QUEUE = 1, 2

_LONGEST_NAME = 80

_DIGEST = re.compile(r"[0-9a-f]{64}")


def letter_row(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the server says of a letter, checked; None where a value is of a wrong type or range.

    Fields that are not known are passed over, since a newer server may send more; a letter of a tray that is not known
    comes to the first one, so that it is not left behind.
    """
    thread, tray, parts = row.get("thread") or row["id"], row.get("tray") or PRIORITY_QUEUE, row.get("parts") or []
    form, maker = row.get("form") or "", row.get("maker") or ""
    tray = tray if type(tray) is int and tray in {PRIORITY_QUEUE, SECOND_QUEUE} else PRIORITY_QUEUE
    well_formed = (
        is_id(thread) and is_text(form) and is_text(maker) and isinstance(parts, list) and all(map(is_id, parts))
    )
    checked = {"id": row["id"], "thread": thread, "tray": tray, "form": form, "maker": maker, "parts": parts}
    checked["copies"] = bool(row.get("copies"))
    return checked if well_formed else None


def statement_row(row: Mapping[str, Any]) -> StatementForDesk | None:
    """Return a daily statement, checked; None where it is not well formed."""
    number, parts, arrived, gone = (row.get(name) for name in ("number", "parts", "arrived", "gone"))
    texts = [row.get(name) for name in ("day", "before", "signature", "nonce")]
    is_number = type(number) is int and 0 < number < 10**9
    if not (is_number and isinstance(parts, dict) and all(isinstance(text, str) for text in (*texts, *parts.values()))):
        return None
    if not all(isinstance(ids, list) and all(map(is_id, ids)) for ids in (arrived, gone)):
        return None
    day, before, signature, nonce = map(str, texts)
    if not is_day(day):
        return None
    part = DeskPart(nonce, tuple(arrived or ()), tuple(gone or ()))
    return StatementForDesk(DailyStatement(int(number or 0), day, before, parts), signature, part)


def copy_row(row: Mapping[str, Any]) -> dict[str, str] | None:
    """Return what the server says of a copy, checked; None where it is not well formed."""
    item, digest, maker = (row.get(name) for name in ("item", "digest", "maker"))
    well_formed = is_id(item) and isinstance(digest, str) and _DIGEST.fullmatch(digest) and is_text(maker)
    return {"item": str(item), "digest": str(digest), "maker": str(maker)} if well_formed else None


def is_day(text: str) -> bool:
    """Return whether this is a day (ISO)."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_text(value: Any) -> bool:
    """Return whether this is a short, printable text, as names of forms and members are."""
    return isinstance(value, str) and len(value) <= _LONGEST_NAME and value.isprintable()
