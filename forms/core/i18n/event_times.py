"""Days and hours of an event as its readers write them: on sheets, posters and in messages as on the site."""

from datetime import date

from forms.core import i18n
from forms.core.portal import Event


def when(event: Event, language: str) -> str:
    """Return days and hours of an event, with the names of the days; no hours where none is known."""
    days = i18n.full_day(event.day, language)
    if event.last_day != event.day:
        return f"{days} – {i18n.full_day(event.last_day, language)}"
    return ", ".join(part for part in (days, hours(event)) if part)


def hours(event: Event) -> str:
    """Return from when to when it lasts, like 10:00–12:00, as the site writes it in all languages."""
    last = event.end_time if event.last_day == event.day else ""
    return "–".join(part for part in (event.time, last) if part)


def moment(text: str, language: str) -> str:
    """Return a time that an Event holds ("2027-01-24T10:00", "2027-01-24", "") as this language writes it."""
    if not text:
        return ""
    said = i18n.day(date.fromisoformat(text[:10]), language)
    return f"{said}, {text[11:16]}" if text[11:] else said
