"""Output shared by commands and pages of events: lines of text, printed sheets, exports, reminders."""

from collections.abc import Iterable, Iterator

from forms.core.i18n.lazy_text import lazy_gettext, lazy_ngettext
from forms.core.portal import Event, Portal
from forms.core.problem import Problem
from forms.desk.cases.plain_text import printable
from forms.desk.events import attendance, attendance_sheet, event_export
from forms.desk.events.attendees import CANCELLED, COMING, WAITING, Gathering, Party, free_places
from forms.desk.events.event_records import EventRecords
from forms.desk.events.event_retention import stored_count
from forms.desk.events.messaging.reminders import Ledger, Reminder, build_reminders


def list_lines(records: EventRecords) -> Iterator[str]:
    """Yield the list of events, alarms first."""
    gatherings = records.gatherings()
    for gathering in gatherings:
        if gathering.alarm:
            yield f"!! {printable(gathering.id)}: {gathering.alarm}"
    for gathering in gatherings:
        yield _list_line(records, gathering)
    if not gatherings:
        yield "No event takes sign-ups, and nobody has signed up."


def _list_line(records: EventRecords, gathering: Gathering) -> str:
    free, event = free_places(gathering), gathering.event
    places = "" if free is None else f", {free} free"
    waits = f", {gathering.waiting} wait" if gathering.waiting else ""
    count = stored_count(records.session, gathering.id)
    came = f", {count.came} came (names erased)" if count else ""
    state = f" ({event.state})" if event and event.state != "planned" else ""
    start, id = printable(gathering.starts) or "no day", printable(gathering.id)
    return f"{start:<16}  {id:<28} {gathering.coming:>4} come{places}{waits}{came}{state}"


def event_lines(records: EventRecords, event_id: str) -> Iterator[str]:
    """Yield one event: who comes, who waits in order, who came."""
    gathering = records.gathering(event_id)
    parties, marked = records.parties(gathering), records.attendance_by_party(event_id)
    title, starts = printable(gathering.title), printable(gathering.starts)
    yield f"{title}   {starts}   {gathering.coming} come, {gathering.waiting} wait"
    if gathering.alarm:
        yield f"!! {gathering.alarm}"
    for warning in warnings(records, gathering, parties):
        yield f"!! {warning}"
    for state, heading in ((COMING, "Who comes"), (WAITING, "Who waits, in order")):
        matches = [party for party in parties if party.state == state]
        if matches:
            yield f"\n{heading}"
        for party in matches:
            came = f"came: {marked[party.id].people}" if party.id in marked else ""
            yield f"  {party.people:>3}  {party_line(party)}  {came}".rstrip()
    cancelled = sum(row.state == CANCELLED for row in gathering.rows)
    if cancelled:
        yield f"\nCancelled: {cancelled}"
    walk_ins = [each for each in marked.values() if each.walk_in and each.people]
    if walk_ins:
        yield "\nCame without signing up"
        yield from (f"  {walk_in.people:>3}  {printable(walk_in.name)}" for walk_in in walk_ins)
    if marked:
        yield f"\n{attendance.count_people(marked.values())} people came."


def names_lines(records: EventRecords) -> Iterator[str]:
    """Yield every event with sign-ups, each as `event_lines` shows it."""
    gatherings = [gathering for gathering in records.gatherings() if gathering.rows]
    for gathering in gatherings:
        yield from (*event_lines(records, gathering.id), "")
    if not gatherings:
        yield "Nobody has signed up."


def party_line(party: Party) -> str:
    """Return the details of a party, on one line."""
    if party.unreadable:
        return f"(does not open) {printable(party.unreadable)}"
    texts = [party.name or "(no name)", party.phone, party.speaks, *party.help_with, party.needs]
    return ", ".join(printable(text).replace("\n", " ") for text in texts if text)


def warnings(records: EventRecords, gathering: Gathering, parties: Iterable[Party]) -> list[str]:
    """Return sentences about faults in an event's records, with what to do."""
    sentences: list[str] = []
    lost = sum(row.gone for row in gathering.rows)
    if lost:
        sentences.append(
            lazy_gettext(
                "The server no longer has %(number)s of these sign-ups, though the event is not over. They are kept "
                "here.",
                number=lost,
            )
        )
    unreadable = sum(bool(party.unreadable) for party in parties)
    if unreadable:
        sentences.append(
            lazy_ngettext(
                "%(count)s sign-up cannot be read here. Fetch again; else ask another machine of this desk.",
                "%(count)s sign-ups cannot be read here. Fetch again; else ask another machine of this desk.",
                unreadable,
            )
        )
    marks = records.unreadable_marks(gathering.id)
    if marks:
        sentences.append(
            lazy_ngettext(
                "%(count)s mark cannot be read here: it was sealed before this machine had its key.",
                "%(count)s marks cannot be read here: they were sealed before this machine had its key.",
                marks,
            )
        )
    for dispute in attendance.disputed(records.attendance_by_party(gathering.id).values()):
        numbers = ", ".join(f"{mark.by} said {mark.people}" for mark in dispute.marks)
        who = dispute.name or next((party.name for party in parties if party.id == dispute.about), "")
        sentences.append(
            lazy_gettext(
                "Two machines marked %(who)s differently: %(numbers)s. Mark it again to settle it.",
                who=printable(who) or lazy_gettext("a party"),
                numbers=printable(numbers),
            )
        )
    return sentences


def missing_languages(portal: Portal, gathering: Gathering) -> list[str]:
    """Return the languages of the site in which an event lacks its title, its description or its place."""
    event = gathering.event
    if event is None:
        return []
    texts = [text for text in (event.title, event.what, event.where) if text]
    return [code for code in portal.language_codes() if not all(text.get(code) for text in texts)]


def sheet_language(records: EventRecords, event_id: str) -> str:
    """Return the default language of an event's sheet: the first one spoken there, else that of the site."""
    event, codes = records.event(event_id), records.session.portal.language_codes()
    return next((code for code in (event.spoken if event else ()) if code in codes), codes[0])


def sheet_pdf(records: EventRecords, event_id: str, language: str) -> bytes:
    """Return the attendance sheet. Raises Problem."""
    gathering = records.gathering(event_id)
    data = attendance_sheet.SheetData(
        records.session.portal, gathering.event, gathering.title, records.parties(gathering)
    )
    return attendance_sheet.pdf(data, language)


def export_tables(records: EventRecords, event_id: str | None = None) -> tuple[event_export.Sheet, event_export.Sheet]:
    """Return the tables of one event, or of all. Raises Problem."""
    gatherings = [records.gathering(event_id)] if event_id else records.gatherings()
    return event_export.sheets(
        event_export.OpenedEvent(gathering, records.parties(gathering), records.attendance_by_party(gathering.id))
        for gathering in gatherings
    )


def export_file(records: EventRecords, kind: str, event_id: str | None = None) -> tuple[str, bytes]:
    """Return the name and the content of an export. kind: zip (Data Package) or xlsx. Raises Problem."""
    tables = export_tables(records, event_id)
    name = f"{'events' if event_id is None else f'event-{_slug(event_id)}'}-{records.today.isoformat()}"
    if kind == "xlsx":
        return f"{name}.xlsx", event_export.workbook(tables)
    if kind != "zip":
        raise Problem("format", lazy_gettext("%(kind)s is unknown.", kind=printable(kind)), "Choose zip or xlsx.")
    return f"{name}.zip", event_export.package(name, f"Events and who came, {records.today.isoformat()}", tables)


def _slug(event_id: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char == "-") else "-" for char in event_id).lower()


def reminders_of(records: EventRecords, event_id: str) -> tuple[Event, list[Reminder], Ledger]:
    """Return an event's reminders and its ledger. Raises Problem if the event is over or not in the portal."""
    gathering = records.gathering(event_id)
    event = gathering.event
    if event is None:
        raise Problem(
            event_id, "is no longer in the portal.", "Put its row back into events.csv, or call those who come."
        )
    reminders = build_reminders(records.session.portal, event, records.parties(gathering), records.today)
    return event, reminders, Ledger(records.session, gathering.id)
