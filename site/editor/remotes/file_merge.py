"""Three-way merge of two sets of files: file by file, and line by line where both sides changed a file.

No file ever contains conflict markers: in a conflict both versions are returned, for a person to decide.
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
from sitegen.publish.withdrawals import withdrawal_merging

from editor.saving.merging import MergedPart, merge, merged_text
from editor.tables.lines import lines_of
from forms.core.files.spreadsheet_csv import Dialect, separator_of, text_of
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

CONSENTS = consent_table.TABLE.as_posix()
_FORBIDDEN = re.compile(r'[\\:*?"<>|\x00-\x1f\x7f]|[. ]$')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|\.git.*|git~\d+", re.I)

Data = bytes | None
"""A file's bytes; None where there is no such file."""


@dataclass(frozen=True)
class MergeConflict:
    """A file in which both sides changed the same place. parts: of a text; None for a picture or a deleted file."""

    path: str
    ours: Data
    theirs: Data
    parts: tuple[MergedPart, ...] | None


@dataclass(frozen=True)
class MergeResult:
    """The changes that our files need to include theirs, and the conflicts that a person must resolve first."""

    changes: Mapping[str, Data]
    conflicts: tuple[MergeConflict, ...]


def merge_files(
    base: Mapping[str, str], ours: Mapping[str, str], theirs: Mapping[str, str], read: Callable[[str], Data],
    resolved: Mapping[str, Data] | None = None,
) -> MergeResult:  # fmt: skip
    """Merge three sets of files, each a mapping of path to id. read: returns the bytes of an id.

    resolved: the files whose conflicts a person has resolved. Raises Problem for a file name that is not allowed.
    """
    changes: dict[str, Data] = {}
    conflicts = []
    for path in sorted({*ours, *theirs}):
        base_id, our_id, their_id = (files.get(path, "") for files in (base, ours, theirs))
        if their_id in {base_id, our_id}:
            continue
        require_name(path)
        before, our_data, their_data = (read(id) if id else None for id in (base_id, our_id, their_id))
        if resolved is not None and path in resolved:
            changes[path] = resolved[path]
        elif base_id == our_id:
            changes[path] = their_data
        else:
            combined = _merge_file(path, before, our_data, their_data)
            if isinstance(combined, bytes):
                changes[path] = combined
            else:
                conflicts.append(MergeConflict(path, our_data, their_data, combined))
    _keep_withdrawals(changes, *(read(files.get(CONSENTS, "")) or b"" for files in (base, ours, theirs)))
    return MergeResult(changes, tuple(conflicts))


def _keep_withdrawals(changes: dict[str, Data], base: bytes, ours: bytes, theirs: bytes) -> None:
    """Keep every withdrawal of either side in the merged consents, also where a person resolved a conflict."""
    if CONSENTS in changes:
        data = changes[CONSENTS] or b""
        for side in (ours, theirs):
            data, _ = withdrawal_merging.merge_withdrawals(data, base, side)
        changes[CONSENTS] = data


def require_name(path: str) -> None:
    """Raise Problem for a path that leaves its folder, or has a name that an operating system or git reserves."""
    parts = path.split("/")
    if not all(parts) or any(
        part in {".", ".."} or _FORBIDDEN.search(part) or _RESERVED.fullmatch(part) for part in parts
    ):
        printable = "".join(char if char.isprintable() else "?" for char in path)[:80]
        todo = _("Ask who pushed it to give it another name.")
        raise Problem(printable, _("cannot be the name of a file here."), todo)


def _merge_file(path: str, before: Data, ours: Data, theirs: Data) -> bytes | tuple[MergedPart, ...] | None:
    """Merge a file that both sides changed.

    Return its bytes, or its parts where there is a conflict, or None where it is no text or one side deleted it.
    """
    if ours is None or theirs is None:
        return None
    if path.endswith(".json"):
        return _merge_json(before or b"{}", ours, theirs)
    try:
        texts = [data.decode("utf-8") for data in (before or b"", ours, theirs)]
    except UnicodeDecodeError:
        return None
    parts = _merge_table(*texts) if path.endswith(".csv") else merge(*texts)
    text = merged_text(parts)
    return tuple(parts) if text is None else text.encode()


def _merge_table(before: str, ours: str, theirs: str) -> list[MergedPart]:
    """Merge a table by rows and cells. Return a single conflict where rows cannot be identified."""
    whole = [MergedPart(ours, theirs, is_conflict=True)]
    try:
        tables = [_rows_by_key(text) for text in (before or ours.partition("\n")[0], ours, theirs)]
    except (csv.Error, KeyError):
        return whole
    old, our_rows, their_rows = tables
    if our_rows[""] != their_rows[""] or old[""] not in ("", our_rows[""]):
        return whole  # the columns differ
    return _join_unchanged(
        [
            _merge_row(our_rows[""], *(rows.get(key, "") for rows in tables))
            for key in _merged_order(list(our_rows), list(their_rows), old)
        ]
    )


def _merge_row(header: str, before: str, ours: str, theirs: str) -> MergedPart:
    if theirs in {ours, before}:
        return MergedPart(ours)
    if ours == before:
        return MergedPart(theirs)
    if all((before, ours, theirs)) and (row := _merge_cells(header, before, ours, theirs)):
        return MergedPart(row)
    return MergedPart(ours, theirs, is_conflict=True)


def _rows_by_key(text: str) -> dict[str, str]:
    """Return the raw rows of a table by their first cell; the header is under "".

    Raises KeyError where a first cell is empty or occurs twice.
    """
    rows: dict[str, str] = {}
    for line in lines_of(text):
        key = line.cells[0].strip().casefold() if rows and line.cells else ""
        if key in rows:
            raise KeyError
        row = text[line.start : line.end]
        rows[key] = row if row.endswith("\n") else f"{row}\n"
    return rows or {"": ""}


def _merged_order(ours: list[str], theirs: list[str], old: Collection[str]) -> list[str]:
    """Return the keys of both sides in our order. A new key of theirs stays behind the key that it follows there."""
    order, previous = list(ours), ""
    for key in theirs:
        if key not in order:
            at = order.index(previous) + 1 if previous in order else len(order)
            while at < len(order) and order[at] not in old and order[at] not in theirs:
                at += 1
            order.insert(at, key)
        previous = key
    return order


def _merge_cells(header: str, before: str, ours: str, theirs: str) -> str:
    """Return a row in which each side changed other cells; "" where both changed one, or the row lengths differ."""
    separator = separator_of(header)
    rows = [next(csv.reader(io.StringIO(row, newline=""), delimiter=separator)) for row in (before, ours, theirs)]
    if len({len(row) for row in rows}) != 1:
        return ""
    cells = []
    for old, our_cell, their_cell in zip(*rows, strict=True):
        if our_cell != their_cell and old not in (our_cell, their_cell):
            return ""
        cells.append(our_cell if their_cell == old else their_cell)
    return text_of([cells], Dialect(b"", separator, "\r\n" if ours.endswith("\r\n") else "\n"))


def _join_unchanged(parts: list[MergedPart]) -> list[MergedPart]:
    """Return the parts with neighbours that are no conflict joined."""
    joined: list[MergedPart] = []
    for part in parts:
        if joined and not (part.is_conflict or joined[-1].is_conflict):
            joined[-1] = MergedPart(joined[-1].text + part.text)
        else:
            joined.append(part)
    return joined


def _merge_json(before: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    """Merge a file that programs write, value by value. Where both changed one, theirs wins: it is on the site."""
    with suppress(ValueError, RecursionError):
        value = _merge_values(*map(json.loads, (before, ours, theirs)))
        return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    return None


def _merge_values(before: Any, ours: Any, theirs: Any) -> Any:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        old = before if isinstance(before, dict) else {}
        names = {*ours, *theirs}
        values = {name: _merge_values(old.get(name), ours.get(name), theirs.get(name)) for name in names}
        return {name: value for name, value in values.items() if value is not None}
    return ours if theirs == before else theirs
