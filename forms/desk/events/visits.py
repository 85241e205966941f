"""Turn the request for a visit into a row of content/tables/events.csv. Staff write what is published.

Of the letter only the kind and the taluk are published: a name, number or place in it may identify the person.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from forms.core.files.durable import atomic_replacement
from forms.core.files.spreadsheet_csv import BOM, Dialect, is_formula, separator_of, text_of
from forms.core.form_schema import find
from forms.core.i18n.digits import digits_of
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.portal import Portal
from forms.core.problem import Problem
from forms.desk.crypto.decryption import Letter

KINDS = {
    "meeting": "community-meeting",
    "legal-aid": "legal-aid-camp",
    "clinic": "clinic",
    "play": "street-theatre",
}
"""The kind of event (events.csv) for each kind of visit (forms/core/definitions/visit.yaml)."""

EVENT_KINDS = "event_kinds"
"""The name of the portal's choices with the district's kinds of events (content/tables/kinds.csv)."""

REQUIRED_COLUMNS = ("id", "kind", "title_en", "what_en", "where_en", "starts", "state", "example")
"""Columns that the file must have."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


@dataclass(frozen=True)
class EventPlan:
    """What staff write about the event, all of which is published. starts, ends: local time, like 2027-03-01T10:00."""

    id: str
    title: str
    what: str
    where: str
    starts: str
    ends: str = ""
    capacity: int | None = None
    kind: str = ""


def event_kinds(portal: Portal) -> tuple[str, ...]:
    """Return the kinds that an event may have; if the portal names none, those of the visits."""
    return tuple(choice.value for choice in portal.choices.get(EVENT_KINDS, ())) or tuple(KINDS.values())


def is_visit(form: str) -> bool:
    """Return whether letters of this form ask for something that can become an event."""
    definition = find(form)
    return definition is not None and definition.becomes_event


def event_row(letter: Letter, portal: Portal, plan: EventPlan, today: date) -> dict[str, str]:
    """Return the row, by column. Raises Problem if the build of the site would refuse a cell."""
    if not is_visit(letter.form):
        raise Problem("letter", "asks for no visit.", "Choose a letter of the form “Ask for a visit”.")
    if not _ID.fullmatch(plan.id):
        raise Problem(
            "id",
            lazy_gettext("“%(id)s” cannot be one.", id=plan.id),
            "Take small letters, digits and -, like 2027-03-meeting.",
        )
    if any(plan.id in {event.id, event.series} for event in portal.events):
        raise Problem("id", lazy_gettext("%(id)s is taken by another event.", id=plan.id), "Take another one.")
    _require_words(letter, plan)
    starts, ends = _moments(plan, today)
    if plan.capacity is not None and plan.capacity < 1:
        raise Problem(
            "capacity",
            lazy_gettext("%(capacity)s is no number of places.", capacity=plan.capacity),
            "Write 1 or more, or leave it empty.",
        )
    return {
        "id": plan.id, "kind": plan.kind or KINDS.get(str(letter.answers.get("kind")), "community-meeting"),
        "title_en": _words(plan.title), "what_en": _words(plan.what), "where_en": _words(plan.where),
        "place": _taluk(letter, portal), "starts": starts, "ends": ends,
        "capacity": "" if plan.capacity is None else str(plan.capacity), "state": "planned", "example": "false",
    }  # fmt: skip


def _require_words(letter: Letter, plan: EventPlan) -> None:
    """Raise Problem if a text is empty, begins like a formula, or contains the person's phone number."""
    for name, text in (("title", plan.title), ("what", plan.what), ("where", plan.where)):
        if not _words(text):
            raise Problem(name, "is empty.", "Write it in English; translate it in events.csv afterwards.")
        if is_formula(text):
            raise Problem(name, "begins with = + - or @.", "Begin with a word: spreadsheets take it for a formula.")
    contact = digits_of(str(letter.answers.get("contact", "")))[-_NATIONAL_DIGITS:]
    published = digits_of(f"{plan.title} {plan.what} {plan.where}")
    if len(contact) >= len("123456") and contact in published:
        raise Problem("contact", "The asker's number stands in what would be published.", "Take it out.")


_NATIONAL_DIGITS = 10
"""Digits of an Indian number without +91 or 0, which staff may write or omit."""


def _moments(plan: EventPlan, today: date) -> tuple[str, str]:
    """Return start and end in the format of events.csv. Raises Problem for a past day, or an end before the start."""
    starts, ends = _moment("starts", plan.starts), _moment("ends", plan.ends) if plan.ends.strip() else None
    if starts.date() < today:
        raise Problem("starts", lazy_gettext("%(starts)s is past.", starts=plan.starts), "Write a day to come.")
    if ends is not None and ends <= starts:
        raise Problem("ends", "is not after it starts.", "Write a later time, or leave it empty.")
    return starts.isoformat(timespec="minutes"), ends.isoformat(timespec="minutes") if ends else ""


def _moment(name: str, text: str) -> datetime:
    """Parse a typed day and time. Raises Problem if it is malformed."""
    try:
        return datetime.strptime(text.strip().replace(" ", "T"), "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - local time
    except ValueError:
        raise Problem(
            name, lazy_gettext("“%(text)s” is no day and time.", text=text), "Write it like 2027-03-01T10:00."
        ) from None


def _words(text: str) -> str:
    return " ".join(text.split())


def _taluk(letter: Letter, portal: Portal) -> str:
    place = str(letter.answers.get("place", ""))
    return place if place in {choice.value for choice in portal.choices.get("places", ())} else ""


# The file


def append_row(path: Path, row: Mapping[str, str]) -> None:
    """Append the row to the table, atomically. The existing bytes do not change.

    The new row follows the file's order of columns, separator, quotes and line ends. Raises Problem.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Problem(
            str(path),
            lazy_gettext("cannot be read (%(reason)s).", reason=error.strerror),
            "Name the folder content of the site.",
        ) from None
    header, ids, separator = _parse_table(path, data)
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        raise Problem(
            str(path),
            lazy_gettext("has no column %(missing)s.", missing=missing[0]),
            "Put it back; the site's check names all columns.",
        )
    if row["id"] in ids:
        raise Problem(
            "id",
            lazy_gettext("%(row)s stands in %(name)s already.", row=row["id"], name=path.name),
            "Take another one.",
        )
    _replace(path, data + _line(data, [row.get(name, "") for name in header], separator))


def _parse_table(path: Path, data: bytes) -> tuple[list[str], set[str], str]:
    """Return the header, the ids and the separator of a table. Raises Problem if it is not UTF-8 or not CSV."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(str(path), "is not UTF-8.", 'Save it again as "CSV UTF-8 (comma delimited)".') from None
    separator = separator_of(text.partition("\n")[0])
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        todo = "Look for a quotation mark that is not closed."
        raise Problem(str(path), lazy_gettext("is not well formed (%(error)s).", error=error), todo) from None
    header = [name.strip() for name in rows[0]] if rows else []
    column = header.index("id") if "id" in header else 0
    return header, {row[column].strip() for row in rows[1:] if len(row) > column}, separator


def _line(data: bytes, cells: list[str], separator: str) -> bytes:
    """Return the new row in the format of the file's rows."""
    quoted = data.removeprefix(BOM).startswith(b'"')
    ending = "\r\n" if b"\r\n" in data else "\n"
    prefix = "" if not data or data.endswith(b"\n") else ending
    return f"{prefix}{text_of([cells], Dialect(b'', separator, ending, quoted))}".encode()


def _replace(path: Path, data: bytes) -> None:
    """Replace a file atomically. Raises Problem if it cannot be written."""
    try:
        with atomic_replacement(path) as temporary:
            temporary.write_bytes(data)
            temporary.chmod(path.stat().st_mode)
    except OSError as error:
        todo = "Nothing was changed. Close it in other programs, make room, and try again."
        raise Problem(str(path), lazy_gettext("cannot be written (%(reason)s).", reason=error.strerror), todo) from None
