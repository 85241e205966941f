"""Check the rows of the server's lists: the server is not trusted."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from forms.core.ids import is_id
from forms.core.proofs.statements import DailyStatement, DeskPart, StatementForDesk

PRIORITY_QUEUE, SECOND_QUEUE = 1, 2

_MAX_NAME_LENGTH = 80

_DIGEST = re.compile(r"[0-9a-f]{64}")


def letter_row(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the checked row of a letter; None if a value has a wrong type or range.

    Unknown fields are ignored, since a newer server may send more. A letter of an unknown queue goes to the priority
    queue, so that it is not overlooked.
    """
    thread, tray, parts = row.get("thread") or row["id"], row.get("tray") or PRIORITY_QUEUE, row.get("parts") or []
    form, maker = row.get("form") or "", row.get("maker") or ""
    tray = tray if type(tray) is int and tray in {PRIORITY_QUEUE, SECOND_QUEUE} else PRIORITY_QUEUE
    is_valid = is_id(thread) and is_text(form) and is_text(maker) and isinstance(parts, list) and all(map(is_id, parts))
    checked = {"id": row["id"], "thread": thread, "tray": tray, "form": form, "maker": maker, "parts": parts}
    checked["copies"] = bool(row.get("copies"))
    return checked if is_valid else None


def statement_row(row: Mapping[str, Any]) -> StatementForDesk | None:
    """Return a checked daily statement; None if it is malformed."""
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
    """Return the checked row of a copy; None if it is malformed."""
    item, digest, maker = (row.get(name) for name in ("item", "digest", "maker"))
    is_valid = is_id(item) and isinstance(digest, str) and _DIGEST.fullmatch(digest) and is_text(maker)
    return {"item": str(item), "digest": str(digest), "maker": str(maker)} if is_valid else None


def is_day(text: str) -> bool:
    """Return whether a text is a day (ISO)."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_text(value: Any) -> bool:
    """Return whether a value is a short, printable text, like the name of a form or a member."""
    return isinstance(value, str) and len(value) <= _MAX_NAME_LENGTH and value.isprintable()
