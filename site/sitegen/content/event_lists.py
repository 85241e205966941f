"""Which events stand in which list: what is planned, what has been, by part of the district, month and year."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from forms.core import i18n
from forms.core.i18n import locales
from forms.core.portal import Choice, Event, Portal, pick

CARDS = 8
"""Events of a list that are told whole; the rest is a line each, so that a page stays within its weight."""

MANY = 2 * CARDS
"""With more events than this, lists by month (and by year, of what has been) stand beside the one of all."""

LINES = 60
"""Lines that one list holds at most: what is left out is in the lists of its month and place."""


@dataclass(frozen=True)
class EventList:
    """A list: its name in addresses ("upcoming", "in/north", "on/2027-02", "past", "past/2020"), and what it holds.

    places, months, years: other lists that hold something, each with how many; left_out: how many this list leaves out.
    """

    name: str
    events: tuple[Event, ...]
    left_out: int = 0
    place: Choice | None = None
    places: tuple[tuple[Choice, int], ...] = ()
    months: tuple[tuple[str, int], ...] = ()
    years: tuple[tuple[str, int], ...] = ()

    @property
    def cards(self) -> tuple[Event, ...]:
        """What is told whole."""
        return self.events[:CARDS]

    @property
    def lines(self) -> tuple[Event, ...]:
        """What has a line each."""
        return self.events[CARDS:]

    @property
    def upcoming(self) -> bool:
        """Whether its events are still to come."""
        return not self.name.startswith("past")


def find(portal: Portal, name: str, today: date) -> EventList:
    """Return the list of this name. Days of a repeating event stand in it once, as the next of them."""
    kind, _, which = name.partition("/")
    place = next((choice for choice in portal.choices["places"] if kind == "in" and choice.value == which), None)
    every = tops(portal, today, past=kind == "past")
    where = _places(portal)
    here = [event for event in every if _belongs(event, kind, which, where)]
    many = len(once(every)) > MANY
    shown = here if kind == "on" else once(here)
    months = _counted(every, lambda event: event.starts[:7]) if kind in {"upcoming", "on"} and many else ()
    years = _counted(every, lambda event: event.starts[:4]) if kind == "past" and many else ()
    places = tuple((choice, count) for choice in portal.choices["places"] if (count := _in(where, every, choice.value)))
    most = CARDS + LINES
    return EventList(
        name, tuple(shown[:most]), len(shown[most:]), place, places if kind in {"upcoming", "in"} else (), months, years
    )


def names(portal: Portal, today: date) -> list[str]:
    """The names of all lists that are pages of their own; each place has one, that a calendar may be followed."""
    planned = find(portal, "upcoming", today)
    return [
        *(f"in/{choice.value}" for choice in portal.choices["places"]),
        *(f"on/{month}" for month, _ in planned.months),
        *(f"past/{year}" for year, _ in find(portal, "past", today).years),
    ]


def tops(portal: Portal, today: date, *, past: bool) -> list[Event]:
    """Return events that are no parts: those to come by day, or those that have been, the latest first."""
    found = [event for event in portal.events if not event.part_of and (event.last_day < today) == past]
    return found[::-1] if past else found


def once(events: Sequence[Event]) -> list[Event]:
    """Return the events, of a repeating one the first that takes place; days that differ from the others stay."""
    seen: set[str] = set()
    kept = []
    on = {event.series for event in events if event.state != "cancelled"}
    for event in events:
        usual = event.series and (event.state in {"planned", "held"} or event.series not in on)
        if not usual or event.series not in seen:
            kept.append(event)
        if usual:
            seen.add(event.series)
    return kept


def other_days(portal: Portal, event: Event, today: date) -> list[Event]:
    """Return other days of the same repeating event that are still to come, a few of them."""
    days = [one for one in portal.events if event.series and one.series == event.series]
    return [day for day in days if day.id != event.id and day.last_day >= today][:CARDS]


def _belongs(event: Event, kind: str, which: str, where: Mapping[str, set[str]]) -> bool:
    if kind == "in":
        return which in where[event.id]
    return kind == "upcoming" or event.starts.startswith(which)


def _places(portal: Portal) -> dict[str, set[str]]:
    """Return each event's places: its own and those of its parts."""
    found = {event.id: {event.place} for event in portal.events}
    for part in portal.events:
        found.setdefault(part.part_of, set()).add(part.place)
    return found


def _in(where: Mapping[str, set[str]], events: Sequence[Event], place: str) -> int:
    return sum(place in where[event.id] for event in once(events))


def _counted(events: Sequence[Event], key: Callable[[Event], str]) -> tuple[tuple[str, int], ...]:
    return tuple((name, len(list(group))) for name, group in groupby(events, key))


def spoken(event: Event, language: str) -> list[str]:
    """Return the names of the languages spoken there, in this language."""
    names_ = locales.locale_of(language).languages
    return [names_.get(code) or locales.english_name(code) for code in event.spoken]


def offset(timezone: str) -> Callable[[str], str]:
    """Turn a local time into ISO 8601 with its offset from UTC; a day stays a day."""

    def with_offset(moment: str) -> str:
        here = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(timezone))
        return here.isoformat(timespec="minutes") if len(moment) > len("2027-01-24") else moment

    return with_offset


def help_of(portal: Portal, language: str) -> dict[str, Any]:
    """What the templates of events need: the name of an event's place, of a month, and where calendars are followed."""
    names_ = {choice.value: choice.label for choice in portal.choices["places"]}
    return {
        "place_of": lambda event: pick(names_.get(event.place, {}), language),
        "month_of": i18n.month,
        "webcal": f"webcal://{portal.address.partition('://')[2]}",
    }
