"""What two machines made of the same files becomes one: file by file, and where both changed one, line by line.

No mark of a conflict is ever in a file: where edits touch, both are returned, for a person to decide.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sitegen.content.consent import consent_table
from sitegen.publish.withdrawals import withdrawal

from editor.saving.merging import MergedPart, merge, merged
from editor.tables.lines import lines_of
from forms.core.files.spreadsheet_csv import Dialect, separator_of, text_of
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

CONSENTS = consent_table.TABLE.as_posix()
_ODD = re.compile(r'[\\:*?"<>|\x00-\x1f\x7f]|[. ]$')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|\.git.*|git~\d+", re.I)

Data = bytes | None
"""A file's bytes, or None where it is not there."""


@dataclass(frozen=True)
class Touching:
    """A file of which both sides changed the same place. parts: of a text; None for a picture, or where one is gone."""

    path: str
    ours: Data
    theirs: Data
    parts: tuple[MergedPart, ...] | None


@dataclass(frozen=True)
class Joined:
    """What a folder with our files needs to hold both; and what a person must decide first."""

    changes: Mapping[str, Data]
    touching: tuple[Touching, ...]


def join(
    base: Mapping[str, str], ours: Mapping[str, str], theirs: Mapping[str, str], read: Callable[[str], Data],
    decided: Mapping[str, Data] | None = None,
) -> Joined:  # fmt: skip
    """Return what becomes of three sets of files, each by its path and the id under which `read` knows its bytes.

    decided: what a person made of files of which both changed the same place. Raises Problem for a name that no file
    may have.
    """
    changes: dict[str, Data] = {}
    touching = []
    for path in sorted({*ours, *theirs}):
        ids = [one.get(path, "") for one in (base, ours, theirs)]
        if ids[2] in ids[:2]:
            continue
        require_name(path)
        before, mine, other = (read(id) if id else None for id in ids)
        if decided is not None and path in decided:
            changes[path] = decided[path]
        elif ids[0] == ids[1]:
            changes[path] = other
        else:
            both = _both(path, before, mine, other)
            if isinstance(both, bytes):
                changes[path] = both
            else:
                touching.append(Touching(path, mine, other, both))
    _keep_withdrawn(changes, *(read(one.get(CONSENTS, "")) or b"" for one in (base, ours, theirs)))
    return Joined(changes, tuple(touching))


def _keep_withdrawn(changes: dict[str, Data], base: bytes, ours: bytes, theirs: bytes) -> None:
    """Let what either side has withdrawn stay withdrawn, whoever decided what."""
    if CONSENTS in changes:
        data = changes[CONSENTS] or b""
        for side in (ours, theirs):
            data, _ = withdrawal.with_withdrawals(data, base, side)
        changes[CONSENTS] = data


def require_name(path: str) -> None:
    """Raise Problem for a name that leads elsewhere, or that a system keeps for itself."""
    parts = path.split("/")
    if not all(parts) or any(part in {".", ".."} or _ODD.search(part) or _RESERVED.fullmatch(part) for part in parts):
        shown = "".join(sign if sign.isprintable() else "?" for sign in path)[:80]
        todo = _("Ask who pushed it to give it another name.")
        raise Problem(shown, _("cannot be the name of a file here."), todo)


def _both(path: str, before: Data, ours: Data, theirs: Data) -> bytes | tuple[MergedPart, ...] | None:
    """Return a file that both changed; its parts where they touch; None where it is no text, or gone on one side."""
    if ours is None or theirs is None:
        return None
    if path.endswith(".json"):
        return _values(before or b"{}", ours, theirs)
    try:
        texts = [data.decode("utf-8") for data in (before or b"", ours, theirs)]
    except UnicodeDecodeError:
        return None
    parts = _rows(*texts) if path.endswith(".csv") else merge(*texts)
    whole = merged(parts)
    return tuple(parts) if whole is None else whole.encode()


def _rows(before: str, ours: str, theirs: str) -> list[MergedPart]:
    """Return the parts of a table, joined by rows and cells; a single part where rows cannot be distinguished."""
    whole = [MergedPart(ours, theirs, touches=True)]
    try:
        tables = [_by_name(text) for text in (before or ours.partition("\n")[0], ours, theirs)]
    except (csv.Error, KeyError):
        return whole
    old, mine, other = tables
    if mine[""] != other[""] or old[""] not in ("", mine[""]):
        return whole  # other columns
    parts = []
    for name in _in_order(list(mine), list(other), old):
        rows = [table.get(name, "") for table in tables]
        if rows[1] == rows[2] or rows[2] == rows[0]:
            parts.append(MergedPart(rows[1]))
        elif rows[1] == rows[0]:
            parts.append(MergedPart(rows[2]))
        elif all(rows) and (row := _cells(mine[""], *rows)):
            parts.append(MergedPart(row))
        else:
            parts.append(MergedPart(rows[1], rows[2], touches=True))
    return _together(parts)


def _by_name(text: str) -> dict[str, str]:
    """Return the rows of a table as they stand, by their first cell, the names of the columns under "".

    Raises KeyError where a name stands twice or is empty.
    """
    found: dict[str, str] = {}
    for line in lines_of(text):
        name = line.cells[0].strip().casefold() if found and line.cells else ""
        if name in found:
            raise KeyError
        row = text[line.start : line.end]
        found[name] = row if row.endswith("\n") else f"{row}\n"
    return found or {"": ""}


def _in_order(mine: list[str], other: list[str], old: Collection[str]) -> list[str]:
    """Return the names of both: mine as they stand, others behind the one that they stand behind, and behind my new."""
    found, last = list(mine), ""
    for name in other:
        if name not in found:
            at = found.index(last) + 1 if last in found else len(found)
            while at < len(found) and found[at] not in old and found[at] not in other:
                at += 1
            found.insert(at, name)
        last = name
    return found


def _cells(header: str, before: str, ours: str, theirs: str) -> str:
    """Return a row of which each side changed other cells; "" where both changed one, or cells cannot be matched."""
    separator = separator_of(header)
    rows = [next(csv.reader(io.StringIO(row, newline=""), delimiter=separator)) for row in (before, ours, theirs)]
    if len({len(row) for row in rows}) != 1:
        return ""
    cells = []
    for old, mine, other in zip(*rows, strict=True):
        if mine != other and old not in (mine, other):
            return ""
        cells.append(mine if other == old else other)
    return text_of([cells], Dialect(b"", separator, "\r\n" if ours.endswith("\r\n") else "\n"))


def _together(parts: list[MergedPart]) -> list[MergedPart]:
    """Return the parts with those that touch nothing put together."""
    found: list[MergedPart] = []
    for part in parts:
        if found and not (part.touches or found[-1].touches):
            found[-1] = MergedPart(found[-1].text + part.text)
        else:
            found.append(part)
    return found


def _values(before: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Return a file that programs write, value by value; where both changed one, theirs, which is on the site."""
    with suppress(ValueError, RecursionError):
        found = _value(*map(json.loads, (before, ours, theirs)))
        return (json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    return None


def _value(before: Any, ours: Any, theirs: Any) -> Any:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        old = before if isinstance(before, dict) else {}
        names = {*ours, *theirs}
        found = {name: _value(old.get(name), ours.get(name), theirs.get(name)) for name in names}
        return {name: value for name, value in found.items() if value is not None}
    return ours if theirs == before else theirs
