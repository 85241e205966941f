"""What a commit may change that only withdraws: days in consents.csv, and drafts of those stories."""

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta

from forms.core.files import spreadsheet_csv
from sitegen.content.consent import consent_names
from sitegen.publish.withdrawals.withdrawal import with_withdrawals

AHEAD = timedelta(days=1)
"""How far another machine's day may be ahead: it may lie east of this one."""

COLUMN = "withdrawn_on"

_STORY = re.compile(rf"{consent_names.STORIES_FOLDER}[a-z0-9-]+")


def withdrawn_stories(before: bytes, after: bytes, today: date) -> Collection[str] | None:
    """Return the stories of a consents.csv that are withdrawn; None where it is another than `before` by anything else.

    What `withdraw` writes is the measure: the day of today or before into rows that have none, and rows of a library,
    copied to be withdrawn. A day to come would let a story stand, and hide that it was never withdrawn.
    """
    fresh, ids = with_withdrawals(before, before, after, may_be_added)
    if not ids or fresh != after:
        return None
    rows = _rows(after)
    days = [row[COLUMN] for row in rows if row["id"] in ids]
    if not days or not all(_is_past(day, today) for day in days):
        return None
    return all_withdrawn(after)


def may_be_added(row: Mapping[str, str]) -> bool:
    """Return whether a withdrawal may add this row: of a page in stories/, as the schema has it, or of none.

    A page becomes a story by a row that names it, so a new row could take any page off, with the help numbers on it.
    """
    name = consent_names.story_name(row.get("story", ""))
    return not name.removeprefix(consent_names.STORIES_FOLDER) or _STORY.fullmatch(name) is not None


def all_withdrawn(data: bytes) -> set[str]:
    """Return the stories of a consents.csv that are withdrawn, also those that were so before; none of a broken one."""
    return {consent_names.story_name(row.get("story", "")) for row in _rows(data) if row[COLUMN]} - {""}


def _is_past(text: str, today: date) -> bool:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return False
    return day.isoformat() == text and day <= today + AHEAD  # as consents.csv has it: no build takes another form


def _rows(data: bytes) -> list[dict[str, str]]:
    names, *rows = spreadsheet_csv.rows_of(data, spreadsheet_csv.dialect_of(data))
    found = (dict(zip(map(str.strip, names), map(str.strip, row), strict=False)) for row in rows)
    return [{COLUMN: "", "id": "", **row} for row in found]
