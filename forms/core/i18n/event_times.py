"""Format days and hours of an event, on sheets and posters and in messages as on the site."""

from datetime import date

from forms.core import i18n
from forms.core.portal import Event


def when(event: Event, language: str) -> str:
    """Return days and hours of an event, with weekdays; without hours if none are known."""
    days = i18n.full_day(event.day, language)
    if event.last_day != event.day:
        return f"{days} – {i18n.full_day(event.last_day, language)}"
    return ", ".join(part for part in (days, hours(event)) if part)


def hours(event: Event) -> str:
    """Return start and end of an event, like 10:00–12:00, in the site's format for all languages."""
    end = event.end_time if event.last_day == event.day else ""
    return "–".join(part for part in (event.time, end) if part)


def format_time(text: str, language: str) -> str:
    """Return a time of an Event ("2027-01-24T10:00", "2027-01-24", "") in a language's format."""
    if not text:
        return ""
    day = i18n.day(date.fromisoformat(text[:10]), language)
    return f"{day}, {text[11:16]}" if text[11:] else day
