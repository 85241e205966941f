"""Calendars (RFC 5545): a file for each event, and feeds that phones subscribe to. icalendar is used only here.

An event has the same UID in every language, file and feed, whatever the site's address is. Phones read a feed anew each
time; an imported file is replaced by one with a higher SEQUENCE (calendar_numbers.py), or with a later DTSTAMP where
that is the same (RFC 5546, 2.1.5). DTSTAMP is the day of the build, so the same build gives the same bytes.
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

FEED_HISTORY = timedelta(days=31)
"""How long an event stays in the feeds after it is over."""

REFRESH_INTERVAL = timedelta(hours=12)
"""How often a phone should read a feed again (RFC 7986, REFRESH-INTERVAL)."""


def write(out: Path, portal: Portal, numbers: Mapping[str, int], today: date) -> int:
    """Write all calendars into the built site; return how many. numbers: the SEQUENCE of each event."""
    codes = portal.language_codes()
    return sum(_write_language(out / code / FOLDER, portal, code, numbers, today) for code in codes)


def _write_language(folder: Path, portal: Portal, language: str, numbers: Mapping[str, int], today: date) -> int:
    by_id = {event.id: event for event in portal.events}
    recent = [event for event in portal.events if event.last_day >= today - FEED_HISTORY]
    entries = {event.id: entry(portal, event, language, numbers[event.id], today) for event in recent}
    coming = [event for event in recent if event.last_day >= today]
    for event in coming:
        _write(folder / event.id / "event.ics", calendar(portal, [entries[event.id]], language))
    feed = calendar(portal, list(entries.values()), language, pick(portal.programme, language))
    _write(folder / "calendar.ics", feed)
    for choice in portal.choices["places"]:
        local = [entries[event.id] for event in recent if choice.value in {event.place, _parents_place(event, by_id)}]
        title = title_of(portal, f"in/{choice.value}", language)
        _write(folder / "in" / choice.value / "calendar.ics", calendar(portal, local, language, title))
    return len(coming) + 1 + len(portal.choices["places"])


def _parents_place(event: Event, by_id: dict[str, Event]) -> str:
    """Return the place of the event of which this one is a part, or ""."""
    return by_id[event.part_of].place if event.part_of in by_id else ""


def calendar(portal: Portal, entries: Sequence[bytes], language: str, title: str = "") -> bytes:
    """Return entries as one calendar, UTF-8; title: what a phone calls a feed."""
    head, tail = _frame(pick(portal.short_name, "en"), language.upper(), portal.timezone, title)
    return head + b"".join(entries) + tail


@lru_cache(maxsize=100)
def _frame(name: str, language: str, timezone: str, title: str) -> tuple[bytes, bytes]:
    """Return the head and tail of a calendar. Cached, since the files of single events share them."""
    result = Calendar()
    result.add("prodid", f"-//{name}//Portal//{language}")
    result.add("version", "2.0")
    result.add("calscale", "GREGORIAN")
    result.add("method", "PUBLISH")
    if title:
        result.add("name", vText(title))  # vText escapes it: icalendar does not know this property, nor the next
        result.add("x-wr-calname", vText(title))
        result.add("refresh-interval", REFRESH_INTERVAL, parameters={"VALUE": "DURATION"})
        result.add("x-published-ttl", "PT12H")
    if not _has_summer_time(timezone):
        result.add_component(_zone(timezone))
    # An entry is in up to three calendars and takes a millisecond to serialise, so its bytes are inserted here.
    head, end, tail = bytes(result.to_ical()).rpartition(b"END:VCALENDAR")
    return head, end + tail


@cache
def _zone(name: str) -> Timezone:
    """Return the rules of a time zone. Cached, since a thousand files hold the same."""
    return Timezone.from_tzid(name)


@cache
def _has_summer_time(name: str) -> bool:
    """Return whether a zone has daylight saving time, or had it since 1970.

    Times in such a zone are written in UTC: Outlook ignores the days of change in the form in which icalendar lists
    them, and is an hour off (iCalcreator 86). No entry repeats by a rule, so UTC loses nothing.
    """
    return bool(_zone(name).walk("DAYLIGHT"))


def uid(portal: Portal, event: Event) -> str:
    """Return the UID of an event, from event and district: the site's address may change, a UID must not."""
    return f"{event.id}@{slugify(pick(portal.district, 'en'), '-')}"


def entry(portal: Portal, event: Event, language: str, number: int, today: date) -> bytes:
    """Return the calendar entry (VEVENT) of an event. number: its SEQUENCE.

    Times are in the portal's time zone, or in UTC where that zone has daylight saving time.
    """
    result = Entry()
    result.add("uid", uid(portal, event))
    result.add("dtstamp", datetime.combine(today, time.min, UTC))
    result.add("sequence", number)
    result.add("status", "CANCELLED" if event.state == "cancelled" else "CONFIRMED")
    result.add("summary", _summary(event, language))
    for name, value in times_of(event, ZoneInfo(portal.timezone)):
        if isinstance(value, datetime) and _has_summer_time(portal.timezone):
            result.add(name, value.astimezone(UTC))
        else:
            result.add(name, value)
    result.add("location", _location(portal, event, language))
    result.add("description", "\n".join(_description(portal, event, language)))
    result.add("url", f"{portal.address}/{language}/{FOLDER}/{event.id}/")
    if event.part_of:
        parent = next((other for other in portal.events if other.id == event.part_of), None)
        if parent:
            result.add("related-to", uid(portal, parent))
    return bytes(result.to_ical())


def _summary(event: Event, language: str) -> str:
    """Return the title, with "cancelled" or "moved" before it, since a phone's list shows nothing else."""
    _ = i18n.translator(language)
    head = {"cancelled": _("cancelled"), "moved": _("moved")}.get(event.state, "")
    return f"{head.upper()}: {pick(event.title, language)}" if head else pick(event.title, language)


def times_of(event: Event, zone: ZoneInfo) -> Iterable[tuple[str, date | datetime]]:
    """Return start and end. An event without a time takes whole days, and ends the day after (RFC 5545, 3.6.1)."""
    if not event.time:
        return [("dtstart", event.day), ("dtend", event.last_day + timedelta(days=1))]
    starts = datetime.fromisoformat(event.starts).replace(tzinfo=zone)
    if not event.ends:
        return [("dtstart", starts)]
    ends = datetime.fromisoformat(event.ends).replace(tzinfo=zone)
    return [("dtstart", starts), ("dtend", ends if event.end_time else ends + timedelta(days=1))]


def _location(portal: Portal, event: Event, language: str) -> str:
    place = event_lists.template_helpers(portal, language)["place_of"](event)
    return ", ".join(part for part in (pick(event.where, language), place) if part)


def _description(portal: Portal, event: Event, language: str) -> Iterable[str]:
    """Yield the lines of an entry's description."""
    _ = i18n.translator(language)
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
