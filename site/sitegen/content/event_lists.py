"""Lists of events: upcoming and past, by place, month and year."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from forms.core import i18n
from forms.core.i18n import locales
from forms.core.portal import Choice, Event, Portal, pick

MAX_CARDS = 8
"""Events of a list that are shown in full; the others get a line each, which keeps the page small."""

SPLIT_ABOVE = 2 * MAX_CARDS
"""With more events than this, there are also lists by month, and of past events by year."""

MAX_LINES = 60
"""Lines of one list at most: the events left out are in the lists of their month and place."""


@dataclass(frozen=True)
class EventList:
    """A list by its name in addresses ("upcoming", "in/north", "on/2027-02", "past", "past/2020"), and its events.

    places, months, years: other lists that are not empty, each with its number of events; left_out: how many events of
    this list are not shown.
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
        """The events that are shown in full."""
        return self.events[:MAX_CARDS]

    @property
    def lines(self) -> tuple[Event, ...]:
        """The events that get a line each."""
        return self.events[MAX_CARDS:]

    @property
    def upcoming(self) -> bool:
        """Whether its events are still to come."""
        return not self.name.startswith("past")


def find(portal: Portal, name: str, today: date) -> EventList:
    """Return the list of this name. It has a repeating event once, with its next day; a month has every day of it."""
    kind, _, key = name.partition("/")
    place = next((choice for choice in portal.choices["places"] if kind == "in" and choice.value == key), None)
    events = top_level_events(portal, today, past=kind == "past")
    places_of = _places(portal)
    listed = [event for event in events if _belongs(event, kind, key, places_of)]
    is_split = len(one_per_series(events)) > SPLIT_ABOVE
    shown = listed if kind == "on" else one_per_series(listed)
    months = _count_by(events, lambda event: event.starts[:7]) if kind in {"upcoming", "on"} and is_split else ()
    years = _count_by(events, lambda event: event.starts[:4]) if kind == "past" and is_split else ()
    counts = ((choice, _count_in(choice.value, events, places_of)) for choice in portal.choices["places"])
    places = tuple((choice, count) for choice, count in counts if count)
    most = MAX_CARDS + MAX_LINES
    return EventList(
        name, tuple(shown[:most]), len(shown[most:]), place, places if kind in {"upcoming", "in"} else (), months, years
    )


def names(portal: Portal, today: date) -> list[str]:
    """Return the names of the lists with a page of their own. Each place has one, since it links its calendar."""
    upcoming = find(portal, "upcoming", today)
    return [
        *(f"in/{choice.value}" for choice in portal.choices["places"]),
        *(f"on/{month}" for month, _ in upcoming.months),
        *(f"past/{year}" for year, _ in find(portal, "past", today).years),
    ]


def top_level_events(portal: Portal, today: date, *, past: bool) -> list[Event]:
    """Return the events that are not part of another: upcoming ones by day, or past ones, the latest first."""
    events = [event for event in portal.events if not event.part_of and (event.last_day < today) == past]
    return events[::-1] if past else events


def one_per_series(events: Sequence[Event]) -> list[Event]:
    """Return the events with only the first day that takes place of each repeating event, and all its changed days.

    Where every day is cancelled, the first of them stays.
    """
    seen: set[str] = set()
    kept = []
    taking_place = {event.series for event in events if event.state != "cancelled"}
    for event in events:
        is_regular = event.series and (event.state in {"planned", "held"} or event.series not in taking_place)
        if not is_regular or event.series not in seen:
            kept.append(event)
        if is_regular:
            seen.add(event.series)
    return kept


def other_days(portal: Portal, event: Event, today: date) -> list[Event]:
    """Return the next other days of the same repeating event, as many as a list shows in full."""
    days = [other for other in portal.events if event.series and other.series == event.series]
    return [day for day in days if day.id != event.id and day.last_day >= today][:MAX_CARDS]


def _belongs(event: Event, kind: str, key: str, places_of: Mapping[str, set[str]]) -> bool:
    if kind == "in":
        return key in places_of[event.id]
    return kind == "upcoming" or event.starts.startswith(key)


def _places(portal: Portal) -> dict[str, set[str]]:
    """Return the places of each event by its id: its own and those of its parts."""
    places_of = {event.id: {event.place} for event in portal.events}
    for part in portal.events:
        places_of.setdefault(part.part_of, set()).add(part.place)
    return places_of


def _count_in(place: str, events: Sequence[Event], places_of: Mapping[str, set[str]]) -> int:
    return sum(place in places_of[event.id] for event in one_per_series(events))


def _count_by(events: Sequence[Event], key: Callable[[Event], str]) -> tuple[tuple[str, int], ...]:
    return tuple((name, len(list(group))) for name, group in groupby(events, key))


def spoken_languages(event: Event, language: str) -> list[str]:
    """Return the names of the languages spoken at an event, in this language."""
    languages = locales.locale_of(language).languages
    return [languages.get(code) or locales.english_name(code) for code in event.spoken]


def utc_offset_formatter(timezone: str) -> Callable[[str], str]:
    """Return a function that adds its offset from UTC to a local time (ISO 8601); it returns a day unchanged."""

    def with_offset(moment: str) -> str:
        local = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(timezone))
        return local.isoformat(timespec="minutes") if len(moment) > len("2027-01-24") else moment

    return with_offset


def template_helpers(portal: Portal, language: str) -> dict[str, Any]:
    """Return what the templates of events call: names of places and months, and the address of the calendars."""
    labels = {choice.value: choice.label for choice in portal.choices["places"]}
    return {
        "place_of": lambda event: pick(labels.get(event.place, {}), language),
        "month_of": i18n.month,
        "webcal": f"webcal://{portal.address.partition('://')[2]}",
    }
