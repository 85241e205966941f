"""Merge withdrawals that were made on this machine into a consents.csv that came from another one."""

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from forms.core.files import spreadsheet_csv
from forms.core.files.durable import write_durably
from sitegen.content.consent import consent_names, consent_table
from sitegen.layers.rows import BROKEN, WITHDRAWN
from sitegen.publish.withdrawals import broken_rows, lenient_table
from sitegen.publish.withdrawals.lenient_table import Row
from sitegen.publish.withdrawals.named_consents import id_of


def keep_withdrawals(content: Path, base: bytes, local: bytes) -> list[str]:
    """Write this machine's withdrawals into the consents.csv that has just arrived; return the ids of their rows.

    base: the table as it arrived the time before; local: the table as it was until now. A new table that cannot be read
    stays unchanged: it holds no consent at all.
    """
    path = content / consent_table.TABLE
    with consent_table.locked_table(content):
        data = path.read_bytes() if path.is_file() else b""
        merged, ids = merge_withdrawals(data, base, local)
        if ids:
            write_durably(path, merged)
    return ids


def merge_withdrawals(
    data: bytes, base: bytes, local: bytes, may_add: Callable[[Row], bool] = lambda _row: True
) -> tuple[bytes, list[str]]:
    """Return a consents.csv with what was withdrawn in `local` since `base`, and the ids of these rows.

    data: the table, returned unchanged where nothing was withdrawn. may_add: returns whether a row that `data` does not
    have may be added to it.
    """
    base_rows, rows = _lenient_rows(base), _rows_with_id(data)
    withdrawn, withdrawn_without_id = _withdrawn_since(base_rows, _lenient_rows(local))
    base_ids, ids = set(map(id_of, base_rows)), set(map(id_of, rows))
    standing = {id_of(row): row for row in reversed(rows) if not row.get(WITHDRAWN)}
    # Rows that were copied from a library to withdraw them here: no other machine has them.
    new = [row for id, row in withdrawn.items() if ids and id not in ids and id not in base_ids]
    added = [row for row in new if not row.get(BROKEN) and may_add(row)]
    updated: dict[str, Row] = {}
    for row in (*withdrawn.values(), *withdrawn_without_id):
        updated = {**dict.fromkeys(_matching_ids(row, standing), row), **updated} if row not in added else updated
    if not (added or updated):
        return data, []
    return _with_rows(data, updated, added), [*(standing[id]["id"] for id in updated), *(row["id"] for row in added)]


def _withdrawn_since(before: Sequence[Row], after: Sequence[Row]) -> tuple[dict[str, Row], list[Row]]:
    """Return the rows that are withdrawn in `after` but not in `before`: by id, and those without an id."""
    counts_before = Counter(id_of(row) for row in before if row[WITHDRAWN])
    withdrawn = [row for row in after if row[WITHDRAWN]]
    counts = Counter(map(id_of, withdrawn))
    by_id = {id: row for row in withdrawn if (id := id_of(row)) and counts[id] > counts_before[id]}
    return by_id, [row for row in withdrawn if not row.get("id")] if counts[""] > counts_before[""] else []


def _matching_ids(row: Row, standing: Mapping[str, Row]) -> list[str]:
    """Return the ids of the rows of another version of the table that a withdrawn row means. standing: by their ids.

    The id may have been corrected since, or be another person's there. Then the story, pictures or pages of the row
    tell which row is meant.
    """
    id, same = id_of(row), [id for id, other in standing.items() if _is_for_same(row, other)]
    return [id] if id in standing and (id in same or not same) else same


def _is_for_same(row: Row, other: Row) -> bool:
    """Return whether two rows are for the same story, pictures or pages; a broken row as far as it can be read."""
    names = broken_rows.names_in(row)
    if names:
        stories = broken_rows.stories_in(row)
        has_story = bool(other.get("story")) and consent_names.story_name(other["story"]) in stories
        return has_story or id_of(other) in names
    story = consent_names.story_name(row["story"]) if row.get("story") else ""
    if story and other.get("story") and story == consent_names.story_name(other["story"]):
        return True
    columns = ((consent_names.media_names, "media"), (consent_names.page_names, "quotes"))
    return not story and any(names_of(row.get(key, "")) & names_of(other.get(key, "")) for names_of, key in columns)


def _lenient_rows(data: bytes) -> list[Row]:
    """Return the rows of a consents.csv, whatever is wrong there, each with the day of its withdrawal."""
    if not lenient_table.is_table(data):
        return []
    return [{**row, WITHDRAWN: lenient_table.day_of(row)} for row in lenient_table.read(data).rows]


def _with_rows(data: bytes, updated: Mapping[str, Row], added: Sequence[Row]) -> bytes:
    """Return a consents.csv with the days of `updated` rows, by their ids, and with `added` rows."""
    dialect = spreadsheet_csv.dialect_of(data)
    header, *rows = spreadsheet_csv.rows_of(data, dialect)
    columns = [name.strip() for name in header]
    if WITHDRAWN not in columns:
        columns.append(WITHDRAWN)
        header.append(WITHDRAWN)
    id_column, day_column = columns.index("id"), columns.index(WITHDRAWN)
    for row in rows:
        if (local := updated.get(row[id_column].strip().casefold() if len(row) > id_column else "")) is not None:
            row.extend([""] * (len(columns) - len(row)))
            row[day_column] = row[day_column].strip() or local[WITHDRAWN]
    rows += [[row.get(name, "") for name in columns] for row in added]
    return dialect.bom + spreadsheet_csv.text_of([header, *rows], dialect).encode()


def _rows_with_id(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a consents.csv that have an id, by column; none where the table cannot be read."""
    try:
        header, *rows = spreadsheet_csv.rows_of(data, spreadsheet_csv.dialect_of(data)) or [[]]
    except (UnicodeDecodeError, csv.Error):
        return []
    named = (dict(zip(map(str.strip, header), map(str.strip, row), strict=False)) for row in rows)
    return [row for row in named if row.get("id")]
