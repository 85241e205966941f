"""Recognise a commit that only withdraws: it writes days into consents.csv, and removes drafts of those stories."""

import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta

from forms.core.files import spreadsheet_csv
from sitegen.content.consent import consent_names
from sitegen.publish.withdrawals.withdrawal_merging import merge_withdrawals

MAX_AHEAD = timedelta(days=1)
"""How far another machine's day may be ahead of ours: it may be in a time zone east of this one."""

COLUMN = "withdrawn_on"

_STORY = re.compile(rf"{consent_names.STORIES_FOLDER}[a-z0-9-]+")


def withdrawn_stories(before: bytes, after: bytes, today: date) -> Collection[str] | None:
    """Return the withdrawn stories of a consents.csv, or None where it differs from `before` in anything else.

    Allowed is what `withdraw` writes: a day that is not in the future into rows without one, and rows that are copied
    from a library to withdraw them. A future day would leave a story on the site, and hide that it is not withdrawn.
    """
    merged, ids = merge_withdrawals(before, before, after, may_be_added)
    if not ids or merged != after:
        return None
    rows = _rows(after)
    days = [row[COLUMN] for row in rows if row["id"] in ids]
    if not days or not all(_is_past(day, today) for day in days):
        return None
    return all_withdrawn(after)


def may_be_added(row: Mapping[str, str]) -> bool:
    """Return whether a withdrawal may add a row: its story must be a page in stories/ that the schema allows, or empty.

    A row makes the page that it names a story. So a new row could remove any page, with the help numbers on it.
    """
    name = consent_names.story_name(row.get("story", ""))
    return not name.removeprefix(consent_names.STORIES_FOLDER) or _STORY.fullmatch(name) is not None


def all_withdrawn(data: bytes) -> set[str]:
    """Return all withdrawn stories of a consents.csv."""
    return {consent_names.story_name(row.get("story", "")) for row in _rows(data) if row[COLUMN]} - {""}


def _is_past(text: str, today: date) -> bool:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return False
    return (
        day.isoformat() == text and day <= today + MAX_AHEAD
    )  # in the form of consents.csv, the only one that builds accept


def _rows(data: bytes) -> list[dict[str, str]]:
    names, *rows = spreadsheet_csv.rows_of(data, spreadsheet_csv.dialect_of(data))
    named = (dict(zip(map(str.strip, names), map(str.strip, row), strict=False)) for row in rows)
    return [{COLUMN: "", "id": "", **row} for row in named]
