"""Keeps saves of consents.csv from taking a withdrawal back, or from deciding which of two files counts."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sitegen.content.consent import cells as consent_cells
from sitegen.content.consent import consent_names, consent_table
from sitegen.content.spreadsheets import dates
from sitegen.content.spreadsheets.csv_files import parse_csv
from sitegen.layers import rows

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Danger, Problem, place_in

NAME = consent_table.TABLE.as_posix()
"""The path of the table inside content/, as the history names it."""

_WHERE = f"content/{NAME}"
_TODO = _("It stays. If the person agrees again, write a new row with the day of that.")


@dataclass(frozen=True)
class _Row:
    """A row of consents, its cells in a normal form. media, quotes: the names it lists; day: of the withdrawal."""

    number: int
    id: str
    story: str
    media: frozenset[str]
    quotes: frozenset[str]
    day: str
    dropped: bool

    @property
    def is_withdrawn(self) -> bool:
        return bool(self.day or self.dropped)

    def keeps(self, before: "_Row") -> bool:
        """Return whether this row has the withdrawal of an earlier version, for the same content and day."""
        same_day = self.day == before.day if before.day else self.is_withdrawn
        return same_day and not self.changed_columns(before)

    def changed_columns(self, before: "_Row") -> list[str]:
        """Return the columns that say what is withdrawn, and that differ from an earlier version."""
        return [name for name in ("id", "story", "media", "quotes") if getattr(self, name) != getattr(before, name)]


def is_withdrawn(content: Path, page: str) -> bool:
    """Return whether the consent of a story was withdrawn. page: its file below a language, like stories/one.md."""
    name = page.casefold().removesuffix(".md")
    known = consent_table.read_leniently(content).rows
    return any(row.get("withdrawn_on") and consent_names.story_name(row.get("story") or "") == name for row in known)


def require_kept(content: Path, before: str | None, after: str) -> None:
    """Raise Problem where a new text of consents.csv takes back a withdrawal. before: None where there is no file."""
    if before is None:
        todo = _("Put the file back from a copy, with all its rows. Nothing is on the site until then.")
        raise Danger(_WHERE, _("is missing, and with it what was withdrawn."), todo)
    for problem in problems(content, before, after):
        raise problem


def problems(content: Path, before: str, after: str) -> Iterator[Problem]:
    """Yield the problems of a new text of consents.csv. Raises Problem where either text cannot be read."""
    if newer := consent_table.newer_file(content):  # a save would decide for consents.csv, which nobody has said
        yield consent_table.newer_file_problem(newer)
    remaining = Counter(_rows(after))
    for row in _rows(before):
        if not row.is_withdrawn:
            continue
        same = next((other for other in remaining if remaining[other] and other.keeps(row)), None)
        if same is None:
            yield _withdrawal_problem(
                row, next((other for other in remaining if remaining[other] and other.id == row.id), None)
            )
        else:
            remaining[same] -= 1


def _withdrawal_problem(row: _Row, after: _Row | None) -> Problem:
    if after is None:
        return Danger(_WHERE, _("the withdrawal of %(consent)s would be taken back.", consent=row.id), _TODO)
    if changed := after.changed_columns(row):
        what = _("the consent %(consent)s is withdrawn, and this cell says of what.", consent=row.id)
        return Danger(place_in(_WHERE, row=after.number, column=changed[0]), what, _TODO)
    where = place_in(_WHERE, row=after.number, column=rows.WITHDRAWN)
    return Danger(where, _("the withdrawal of %(consent)s would be taken back.", consent=row.id), _TODO)


def _rows(text: str) -> list[_Row]:
    sheet = parse_csv(text.encode(), _WHERE)
    cells = (dict(zip(sheet.header, row, strict=False)) for row in sheet.rows)
    return [_row(number, row) for number, row in zip(sheet.numbers, cells, strict=True)]


def _row(number: int, cells: dict[str, str]) -> _Row:
    day = consent_cells.marked_day(cells.values()) or cells.get(rows.WITHDRAWN, "")
    read = dates.parse(day)
    return _Row(
        number,
        cells.get("id", "").casefold(),
        consent_names.story_name(cells["story"]) if cells.get("story") else "",
        consent_names.media_names(cells.get("media", "")),
        consent_names.page_names(cells.get("quotes", "")),
        read.date().isoformat() if read else re.sub(r"\s+", " ", day),
        rows.is_dropped(cells.get(rows.DROP, "")),
    )
