"""What a save of consents.csv may not do: take a withdrawal back, or decide which of two files counts."""

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
"""The file, as history knows it."""

_WHERE = f"content/{NAME}"
_TODO = _("It stays. If the person agrees again, write a new row with the day of that.")


@dataclass(frozen=True)
class _Row:
    """What a row of consents says of a withdrawal: each cell in one form, however it is written."""

    number: int
    id: str
    story: str
    media: frozenset[str]
    quotes: frozenset[str]
    day: str
    dropped: bool

    @property
    def is_gone(self) -> bool:
        return bool(self.day or self.dropped)

    def keeps(self, before: "_Row") -> bool:
        """Return whether this row withdraws what another one does, since the same day."""
        same_day = self.day == before.day if before.day else self.is_gone
        return same_day and not self.changed(before)

    def changed(self, before: "_Row") -> list[str]:
        """Return the columns that say of what a consent is withdrawn, and that are other than before."""
        return [name for name in ("id", "story", "media", "quotes") if getattr(self, name) != getattr(before, name)]


def is_withdrawn(content: Path, page: str) -> bool:
    """Return whether the consent of a story was withdrawn. page: its file below a language, like stories/one.md."""
    name = page.casefold().removesuffix(".md")
    known = consent_table.read_leniently(content).rows
    return any(row.get("withdrawn_on") and consent_names.story_name(row.get("story") or "") == name for row in known)


def require_kept(content: Path, before: str | None, after: str) -> None:
    """Raise Problem where a text may not be written in place of another; before: None where there is no file."""
    if before is None:
        todo = _("Put the file back from a copy, with all its rows. Nothing is on the site until then.")
        raise Danger(_WHERE, _("is missing, and with it what was withdrawn."), todo)
    for problem in problems(content, before, after):
        raise problem


def problems(content: Path, before: str, after: str) -> Iterator[Problem]:
    """Yield what forbids to write a text in place of another. Raises Problem where either cannot be read."""
    if newer := consent_table.newer_file(content):  # a save would make consents.csv the newer one, and nobody said so
        yield consent_table.newer_file_problem(newer)
    left = Counter(_rows(after))
    for row in _rows(before):
        if not row.is_gone:
            continue
        same = next((other for other in left if left[other] and other.keeps(row)), None)
        if same is None:
            yield _taken_back(row, next((other for other in left if left[other] and other.id == row.id), None))
        else:
            left[same] -= 1


def _taken_back(row: _Row, after: _Row | None) -> Problem:
    if after is None:
        return Danger(_WHERE, _("the withdrawal of %(consent)s would be taken back.", consent=row.id), _TODO)
    if changed := after.changed(row):
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
