"""Export events and their attendance: as a Frictionless Data Package (zip) or a workbook (XLSX).

The files are not encrypted: whoever gets one reads names and numbers. The callers ask for confirmation first.
Specifications: https://specs.frictionlessdata.io/data-package/ and /table-schema/.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forms.core.files.spreadsheet_csv import for_spreadsheets, is_formula
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.portal import pick
from forms.desk.cases.plain_text import printable
from forms.desk.events import attendance
from forms.desk.events.attendance import Attendance
from forms.desk.events.attendees import Gathering, Party

WARNING = lazy_gettext(
    "What is exported is open: names and phone numbers that anybody can read who gets the file. "
    "Keep it on this machine, give it to nobody who need not have it, and erase it when it is used."
)

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time in the zip file (its earliest): the same data gives the same file."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Sheet:
    """A table to export: its name, its title, its fields (Table Schema) and rows.

    foreign: a column, and the name of the table to whose ids it refers; or empty.
    """

    name: str
    title: str
    fields: tuple[Mapping[str, Any], ...]
    rows: Sequence[Row]
    foreign: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class OpenedEvent:
    """An event with its decrypted sign-ups and its attendance."""

    gathering: Gathering
    parties: Sequence[Party]
    attendance_by_party: Mapping[str, Attendance]


def sheets(events: Iterable[OpenedEvent]) -> tuple[Sheet, Sheet]:
    """Return the two tables: events with their counts, and all parties, including walk-ins."""
    events = list(events)
    event_rows = [_event_row(event) for event in events]
    party_rows = [row for event in events for row in _party_rows(event)]
    return (
        Sheet("events", "Events, with how many come, wait and came", _EVENTS, event_rows),
        Sheet("attendees", "Who signed up and who came", _ATTENDEES, party_rows, ("event", "events")),
    )


def _event_row(opened: OpenedEvent) -> Row:
    event, gathering, marked = opened.gathering.event, opened.gathering, opened.attendance_by_party
    counts = {
        "coming": gathering.coming, "waiting": gathering.waiting,
        "came": attendance.count_people(marked.values()) if marked else None,
    }  # fmt: skip
    if event is None:
        return {"id": gathering.id, "title": gathering.id, "state": "not in the portal", **counts}
    return {
        "id": event.id, "title": pick(event.title, "en"), "starts": event.starts, "ends": event.ends,
        "place": event.place, "where": pick(event.where, "en"), "capacity": event.capacity, "state": event.state,
        "example": event.example, **counts,
    }  # fmt: skip


def _party_rows(opened: OpenedEvent) -> Iterable[Row]:
    """Yield a row for each party, then for each walk-in and each cancelled sign-up that was marked."""
    for party in opened.parties:
        marked = opened.attendance_by_party.get(party.id)
        yield {
            "id": party.id, "event": party.event, "kind": "sign-up", "state": party.state, "people": party.people,
            "came": marked.people if marked else None, "name": party.name, "phone": party.phone,
            "page_language": party.language, "speaks": party.speaks, "help_with": " ".join(party.help_with),
            "needs": party.needs, "may_be_reminded": party.may_be_reminded, "unread": party.unreadable,
        }  # fmt: skip
    party_ids = {party.id for party in opened.parties}
    for about, marked in opened.attendance_by_party.items():
        if about not in party_ids:
            yield {
                "id": about, "event": opened.gathering.id, "kind": "walk-in" if marked.walk_in else "sign-up",
                "state": "" if marked.walk_in else "cancelled", "people": marked.people, "came": marked.people,
                "name": marked.name, "may_be_reminded": False,
            }  # fmt: skip


# The Data Package


def package(name: str, title: str, tables: Sequence[Sheet]) -> bytes:
    """Return a zip file with datapackage.json and a CSV file for each table. name: lower case, digits, - and . only."""
    descriptor = {
        "name": name,
        "title": title,
        "description": f"{WARNING} A cell that began with = + - or @ has an apostrophe before it, so that no "
        "spreadsheet takes it for a formula; twelve digits and more, and digits after a 0, stand in groups of five.",
        "profile": "tabular-data-package",
        "resources": [_resource(table) for table in tables],
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "datapackage.json", json.dumps(descriptor, ensure_ascii=False, indent=2).encode())
        for table in tables:
            _add(archive, f"{table.name}.csv", as_csv(table))
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _resource(table: Sheet) -> dict[str, Any]:
    schema: dict[str, Any] = {"fields": [dict(field) for field in table.fields], "primaryKey": ["id"]}
    column, target = table.foreign
    if column:
        schema["foreignKeys"] = [{"fields": [column], "reference": {"resource": target, "fields": ["id"]}}]
    return {
        "name": table.name, "title": table.title, "path": f"{table.name}.csv", "profile": "tabular-data-resource",
        "format": "csv", "mediatype": "text/csv", "encoding": "utf-8", "schema": schema,
    }  # fmt: skip


def as_csv(table: Sheet) -> bytes:
    """Return a table as CSV for spreadsheets, with formulas escaped."""
    names = [field["name"] for field in table.fields]
    return for_spreadsheets([names, *([_cell(row.get(name)) for name in names] for row in table.rows)])


def _cell(value: Any) -> Any:
    return _one_line(value) if isinstance(value, str) else value


def _one_line(text: str) -> str:
    return printable(text).replace("\n", " ").strip()


# The workbook


def workbook(tables: Sequence[Sheet]) -> bytes:
    """Return the tables as XLSX, one worksheet each. Texts are stored as texts, even if they look like formulas."""
    from openpyxl import Workbook  # noqa: PLC0415 - a third of the start time of each command, and seldom needed

    document = Workbook(write_only=True)
    for table in tables:
        worksheet = document.create_sheet(table.name)
        worksheet.freeze_panes = "A2"
        names = [field["name"] for field in table.fields]
        worksheet.append(names)
        for row in table.rows:
            worksheet.append([_xlsx_cell(worksheet, row.get(name)) for name in names])
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _xlsx_cell(worksheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", _one_line(value))
    if not is_formula(text):
        return text or None
    cell = WriteOnlyCell(worksheet, text)
    cell.data_type = "s"  # openpyxl would treat a text that begins with = as a formula
    return cell


def _field(name: str, kind: str, description: str, **constraints: Any) -> Mapping[str, Any]:
    field = {"name": name, "type": kind, "description": description}
    return {**field, "constraints": constraints} if constraints else field


# The last column is never empty: a workbook omits empty cells at the end of a row.
_EVENTS = (
    _field("id", "string", "As in content/tables/events.csv.", required=True, unique=True),
    _field("title", "string", "What it is called, in English.", required=True),
    _field("starts", "string", "Local day and time it begins, like 2027-01-24T10:00; empty where not known."),
    _field("ends", "string", "Local day and time it ends."),
    _field("place", "string", "The taluk, as in places.csv."),
    _field("where", "string", "Where it is, in English."),
    _field("capacity", "integer", "Places; empty where nobody is counted.", minimum=1),
    _field("state", "string", "planned, moved, cancelled, held, or: not in the portal."),
    _field("example", "boolean", "Whether it is an example that does not take place."),
    _field("came", "integer", "People who came, walk-ins too; empty where nothing was marked.", minimum=0),
    _field("coming", "integer", "People who signed up and have a place.", required=True, minimum=0),
    _field("waiting", "integer", "People who wait for a place.", required=True, minimum=0),
)
_ATTENDEES = (
    _field("id", "string", "The sign-up's id, or a walk-in's.", required=True, unique=True),
    _field("event", "string", "The event's id.", required=True),
    _field("kind", "string", "sign-up or walk-in.", required=True, enum=["sign-up", "walk-in"]),
    _field("state", "string", "coming, waiting or cancelled; empty for walk-ins."),
    _field("people", "integer", "How many people.", required=True, minimum=0),
    _field("came", "integer", "How many of them came; empty where nothing was marked.", minimum=0),
    _field("name", "string", "The name they gave, if any."),
    _field("phone", "string", "The number they gave, if any."),
    _field("page_language", "string", "Language of the page on which they signed up (BCP 47)."),
    _field("speaks", "string", "Language they speak best, as they said (BCP 47, or other)."),
    _field("help_with", "string", "What they ticked as needs, with spaces between."),
    _field("needs", "string", "Needs in their own words."),
    _field("unread", "string", "Why a letter could not be opened here, if so."),
    _field("may_be_reminded", "boolean", "Whether they agreed to be reminded and left a number."),
)
