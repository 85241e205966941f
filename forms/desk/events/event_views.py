"""Output shared by commands and pages of events: lines of text, printed sheets, exports, reminders."""

from collections.abc import Iterable, Iterator

from forms.core.i18n.lazy_text import lazy_gettext, lazy_ngettext
from forms.core.portal import Event, Portal
from forms.core.problem import Problem
from forms.desk.cases.plain_text import printable
from forms.desk.events import attendance, attendance_sheet, event_export
from forms.desk.events.attendees import CANCELLED, COMING, WAITING, Gathering, Party, free_places
from forms.desk.events.event_records import EventRecords
from forms.desk.events.event_retention import count
from forms.desk.events.messaging.reminders import Ledger, Reminder, ready


def list_lines(book: EventRecords) -> Iterator[str]:
    """Yield the list of events, what must be said loudly first."""
    found = book.gatherings()
    for one in found:
        if one.alarm:
            yield f"!! {printable(one.id)}: {one.alarm}"
    for one in found:
        yield _one_line(book, one)
    if not found:
        yield "No event takes sign-ups, and nobody has signed up."


def _one_line(book: EventRecords, one: Gathering) -> str:
    free = free_places(one)
    places = "" if free is None else f", {free} free"
    waits = f", {one.waiting} wait" if one.waiting else ""
    kept = count(book.session, one.id)
    came = f", {kept.came} came (names erased)" if kept else ""
    state = f" ({one.event.state})" if one.event and one.event.state != "planned" else ""
    start, id = printable(one.starts) or "no day", printable(one.id)
    return f"{start:<16}  {id:<28} {one.coming:>4} come{places}{waits}{came}{state}"


def event_lines(book: EventRecords, event_id: str) -> Iterator[str]:
    """Yield one event: who comes, who waits in order, who came."""
    one = book.gathering(event_id)
    parties, found = book.parties(one), book.attendance_by_party(event_id)
    yield f"{printable(one.title)}   {printable(one.starts)}   {one.coming} come, {one.waiting} wait"
    if one.alarm:
        yield f"!! {one.alarm}"
    for said in warnings(book, one, parties):
        yield f"!! {said}"
    for state, heading in ((COMING, "Who comes"), (WAITING, "Who waits, in order")):
        listed = [party for party in parties if party.state == state]
        if listed:
            yield f"\n{heading}"
        for party in listed:
            came = f"came: {found[party.id].people}" if party.id in found else ""
            yield f"  {party.people:>3}  {told(party)}  {came}".rstrip()
    gone = sum(row.state == CANCELLED for row in one.rows)
    if gone:
        yield f"\nCancelled: {gone}"
    walked = [one for one in found.values() if one.walk_in and one.people]
    if walked:
        yield "\nCame without signing up"
        yield from (f"  {mark.people:>3}  {printable(mark.name)}" for mark in walked)
    if found:
        yield f"\n{attendance.came(found.values())} people came."


def names_lines(book: EventRecords) -> Iterator[str]:
    """Yield every event for which anybody signed up, each as `event_lines` shows it."""
    signed_up = [one for one in book.gatherings() if one.rows]
    for one in signed_up:
        yield from (*event_lines(book, one.id), "")
    if not signed_up:
        yield "Nobody has signed up."


def told(party: Party) -> str:
    """Return what a party told, on one line."""
    if party.unread:
        return f"(does not open) {printable(party.unread)}"
    said = [party.name or "(no name)", party.phone, party.speaks, *party.help_with, party.needs]
    return ", ".join(printable(each).replace("\n", " ") for each in said if each)


def warnings(book: EventRecords, one: Gathering, parties: Iterable[Party]) -> list[str]:
    """Return what is wrong with an event's records, and what to do."""
    said: list[str] = []
    gone = sum(row.gone for row in one.rows)
    if gone:
        said.append(
            lazy_gettext(
                "The server no longer has %(number)s of these sign-ups, though the event is not over. They are kept "
                "here.",
                number=gone,
            )
        )
    closed = sum(bool(party.unread) for party in parties)
    if closed:
        said.append(
            lazy_ngettext(
                "%(count)s sign-up cannot be read here. Fetch again; else ask another machine of this desk.",
                "%(count)s sign-ups cannot be read here. Fetch again; else ask another machine of this desk.",
                closed,
            )
        )
    marks = book.unreadable_marks(one.id)
    if marks:
        said.append(
            lazy_ngettext(
                "%(count)s mark cannot be read here: it was sealed before this machine had its key.",
                "%(count)s marks cannot be read here: they were sealed before this machine had its key.",
                marks,
            )
        )
    for clash in attendance.disagreements(book.attendance_by_party(one.id).values()):
        numbers = ", ".join(f"{by} said {people}" for by, people, _ in clash["said"])
        who = clash["name"] or next((party.name for party in parties if party.id == clash["about"]), "")
        said.append(
            lazy_gettext(
                "Two machines marked %(who)s differently: %(numbers)s. Mark it again to settle it.",
                who=printable(who) or lazy_gettext("a party"),
                numbers=printable(numbers),
            )
        )
    return said


def missing_languages(portal: Portal, one: Gathering) -> list[str]:
    """Return the languages of the site in which an event lacks its title, what happens there, or where it is."""
    if one.event is None:
        return []
    texts = [text for text in (one.event.title, one.event.what, one.event.where) if text]
    return [code for code in portal.language_codes() if not all(text.get(code) for text in texts)]


def sheet_language(book: EventRecords, event_id: str) -> str:
    """The language of an event's sheet where nobody chose one: the first that is spoken there, else the site's."""
    event, codes = book.event(event_id), book.session.portal.language_codes()
    return next((code for code in (event.spoken if event else ()) if code in codes), codes[0])


def sheet_pdf(book: EventRecords, event_id: str, language: str) -> bytes:
    """Return the attendance sheet. Raises Problem."""
    one = book.gathering(event_id)
    return attendance_sheet.pdf(
        attendance_sheet.Paper(book.session.portal, one.event, one.title, book.parties(one)), language
    )


def export_tables(book: EventRecords, event_id: str | None = None) -> tuple[event_export.Sheet, event_export.Sheet]:
    """Return the tables of one event, or of all. Raises Problem."""
    chosen = [book.gathering(event_id)] if event_id else book.gatherings()
    return event_export.sheets(
        event_export.OpenedEvent(one, book.parties(one), book.attendance_by_party(one.id)) for one in chosen
    )


def export_file(book: EventRecords, kind: str, event_id: str | None = None) -> tuple[str, bytes]:
    """Return the file's name and content. kind: zip (Data Package) or xlsx. Raises Problem."""
    tables = export_tables(book, event_id)
    name = f"{'events' if event_id is None else f'event-{_slug(event_id)}'}-{book.today.isoformat()}"
    if kind == "xlsx":
        return f"{name}.xlsx", event_export.workbook(tables)
    if kind != "zip":
        raise Problem("format", lazy_gettext("%(kind)s is unknown.", kind=printable(kind)), "Choose zip or xlsx.")
    return f"{name}.zip", event_export.package(name, f"Events and who came, {book.today.isoformat()}", tables)


def _slug(event_id: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char == "-") else "-" for char in event_id).lower()


def reminders_of(book: EventRecords, event_id: str) -> tuple[Event, list[Reminder], Ledger]:
    """Return an event's reminders and its ledger. Raises Problem where the event is over or not in the portal."""
    one = book.gathering(event_id)
    if one.event is None:
        raise Problem(
            event_id, "is no longer in the portal.", "Put its row back into events.csv, or call those who come."
        )
    return one.event, ready(book.session.portal, one.event, book.parties(one), book.today), Ledger(book.session, one.id)
