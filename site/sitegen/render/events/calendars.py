"""Calendars (RFC 5545): a file for each event, and feeds that phones subscribe to. icalendar is used only here.

One event has the same UID in every language, file and feed, whatever the site's address is. A feed is read whole each
time; a file that somebody kept is renewed by a higher SEQUENCE, or by a later DTSTAMP where that is the same (RFC 5546,
2.1.5): calendar_numbers.py. DTSTAMP is the day of the build, so the same build gives the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from icalendar import Calendar, Timezone, vText
from icalendar import Event as Entry

from forms.core import i18n
from forms.core.portal import Event, Portal, pick
from sitegen.content import event_lists
from sitegen.render.events.event_pages import FOLDER, title_of
from sitegen.render.slugs import slugify

KEPT = timedelta(days=31)
"""How long an event stays in the feeds when it is over."""

EVERY = timedelta(hours=12)
"""How often a phone should look at a feed again (RFC 7986, REFRESH-INTERVAL)."""


def write(out: Path, portal: Portal, numbers: Mapping[str, int], today: date) -> int:
    """Write all calendars into the built site; how many there are. numbers: the SEQUENCE of each event."""
    codes = portal.language_codes()
    return sum(_write_language(out / code / FOLDER, portal, code, numbers, today) for code in codes)


def _write_language(folder: Path, portal: Portal, language: str, numbers: Mapping[str, int], today: date) -> int:
    whole = {event.id: event for event in portal.events}
    recent = [event for event in portal.events if event.last_day >= today - KEPT]
    entries = {event.id: entry(portal, event, language, numbers[event.id], today) for event in recent}
    coming = [event for event in recent if event.last_day >= today]
    for event in coming:
        _write(folder / event.id / "event.ics", calendar(portal, [entries[event.id]], language))
    feed = calendar(portal, list(entries.values()), language, pick(portal.programme, language))
    _write(folder / "calendar.ics", feed)
    for choice in portal.choices["places"]:
        here = [entries[event.id] for event in recent if choice.value in {event.place, _place_of_whole(event, whole)}]
        title = title_of(portal, f"in/{choice.value}", language)
        _write(folder / "in" / choice.value / "calendar.ics", calendar(portal, here, language, title))
    return len(coming) + 1 + len(portal.choices["places"])


def _place_of_whole(event: Event, whole: dict[str, Event]) -> str:
    return whole[event.part_of].place if event.part_of in whole else ""


def calendar(portal: Portal, entries: Sequence[bytes], language: str, title: str = "") -> bytes:
    """Return entries as one calendar, UTF-8; title: what a phone calls a feed."""
    head, tail = _frame(pick(portal.short_name, "en"), language.upper(), portal.timezone, title)
    return head + b"".join(entries) + tail


@lru_cache(maxsize=100)
def _frame(name: str, language: str, timezone: str, title: str) -> tuple[bytes, bytes]:
    """Return what stands around the entries of a calendar: the files of single events all have the same."""
    made = Calendar()
    made.add("prodid", f"-//{name}//Portal//{language}")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    if title:
        made.add("name", vText(title))  # icalendar knows neither name, and escapes nothing in what it does not know
        made.add("x-wr-calname", vText(title))
        made.add("refresh-interval", EVERY, parameters={"VALUE": "DURATION"})
        made.add("x-published-ttl", "PT12H")
    if not _has_summer_time(timezone):
        made.add_component(_zone(timezone))
    # An entry is in three calendars and takes a millisecond to write: it is written once and put in here.
    head, end, tail = bytes(made.to_ical()).rpartition(b"END:VCALENDAR")
    return head, end + tail


@cache
def _zone(name: str) -> Timezone:
    """Return the rules of a time zone, reckoned once: a thousand files hold the same."""
    return Timezone.from_tzid(name)


@cache
def _has_summer_time(name: str) -> bool:
    """Return whether the clocks of a zone are put forward and back, or were since 1970.

    Its times are written in UTC: Outlook passes over the days on which such a zone changes where they are listed, as
    icalendar lists them, and is an hour off (iCalcreator 86). No entry repeats by a rule, so nothing is lost by it.
    """
    return bool(_zone(name).walk("DAYLIGHT"))


def uid(portal: Portal, event: Event) -> str:
    """Return the UID of an event: made of event and district, not of the site's address, so that it never changes."""
    return f"{event.id}@{slugify(pick(portal.district, 'en'), '-')}"


def entry(portal: Portal, event: Event, language: str, number: int, today: date) -> bytes:
    """Return one event as a calendar has it. number: its SEQUENCE.

    Its times are in the portal's time zone, or in UTC where that zone has summer time.
    """
    made = Entry()
    made.add("uid", uid(portal, event))
    made.add("dtstamp", datetime.combine(today, time.min, UTC))
    made.add("sequence", number)
    made.add("status", "CANCELLED" if event.state == "cancelled" else "CONFIRMED")
    made.add("summary", _summary(event, language))
    for name, value in times_of(event, ZoneInfo(portal.timezone)):
        if isinstance(value, datetime) and _has_summer_time(portal.timezone):
            made.add(name, value.astimezone(UTC))
        else:
            made.add(name, value)
    made.add("location", _where(portal, event, language))
    made.add("description", "\n".join(_told(portal, event, language)))
    made.add("url", f"{portal.address}/{language}/{FOLDER}/{event.id}/")
    if event.part_of:
        parent = next((one for one in portal.events if one.id == event.part_of), None)
        if parent:
            made.add("related-to", uid(portal, parent))
    return bytes(made.to_ical())


def _summary(event: Event, language: str) -> str:
    """Return the title. A phone's list shows no more than this."""
    _ = i18n.say(language)
    head = {"cancelled": _("cancelled"), "moved": _("moved")}.get(event.state, "")
    return f"{head.upper()}: {pick(event.title, language)}" if head else pick(event.title, language)


def times_of(event: Event, zone: ZoneInfo) -> Iterable[tuple[str, date | datetime]]:
    """Return start and end; a day without a time is a whole day, which ends the day after (RFC 5545, 3.6.1)."""
    if not event.time:
        return [("dtstart", event.day), ("dtend", event.last_day + timedelta(days=1))]
    starts = datetime.fromisoformat(event.starts).replace(tzinfo=zone)
    if not event.ends:
        return [("dtstart", starts)]
    ends = datetime.fromisoformat(event.ends).replace(tzinfo=zone)
    return [("dtstart", starts), ("dtend", ends if event.end_time else ends + timedelta(days=1))]


def _where(portal: Portal, event: Event, language: str) -> str:
    place = event_lists.template_helpers(portal, language)["place_of"](event)
    return ", ".join(part for part in (pick(event.where, language), place) if part)


def _told(portal: Portal, event: Event, language: str) -> Iterable[str]:
    _ = i18n.say(language)
    yield pick(event.what, language)
    if event.state == "cancelled":
        yield _("This event is cancelled. It does not take place.")
    if event.free:
        yield f"{_('What is free')}: {pick(event.free, language)}"
    if event.example:
        yield _("An example, to show how this page works. It does not take place.")
    yield f"{portal.address}/{language}/{FOLDER}/{event.id}/"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
