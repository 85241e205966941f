"""Pages that the build makes from events.csv: one for each event, and one for each list of events.

They join the staff's pages in the library, so that layout, search, sitemap, speech and page weight treat both alike.
The text of content/<language>/events/<id>.md follows the table's facts.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial

from forms.core import i18n
from forms.core.portal import Event, Portal, pick
from sitegen.content import event_lists
from sitegen.content.consent.quotes import QUOTE_REMOVED
from sitegen.content.pages import SOURCE, AllPages, PageSource
from sitegen.render.blocks import draw_event, draw_events

FOLDER = "events"
_HEADING = re.compile(r"\A\s*# .*\n")


def with_events(library: AllPages, portal: Portal, today: date) -> AllPages:
    """Return the library with the pages of all events and lists, in every language."""
    by_language = {
        language: pages | {page.name: page for page in _pages(library, portal, language, today)}
        for language, pages in library.by_language.items()
    }
    return replace(library, by_language=by_language)


def _pages(library: AllPages, portal: Portal, language: str, today: date) -> Iterator[PageSource]:
    meta = _review_status(library, language)
    for event in portal.events:
        name = f"{FOLDER}/{event.id}.md"
        own = library.by_language[language].get(name) or library.by_language[language].get(
            f"{FOLDER}/{event.series}.md"
        )
        text = _HEADING.sub("", own.text) if own else ""
        head: dict[str, object] = {"title": pick(event.title, language), "description": _description(event, language)}
        is_next = _is_next(portal, event, today)
        head |= {QUOTE_REMOVED: True} if own and own.meta.get(QUOTE_REMOVED) else {}
        head |= {"search": is_next, "voice": is_next and event.last_day >= today}
        renderer = partial(draw_event, event_id=event.id)
        yield PageSource(name, language, meta | head, text, 1, generated=True, renderer=renderer)
    for list_name in event_lists.names(portal, today):
        head = {"title": title_of(portal, list_name, language), "search": list_name.startswith("in/"), "voice": False}
        renderer = partial(draw_events, name=list_name)
        yield PageSource(f"{FOLDER}/{list_name}.md", language, meta | head, "", 1, generated=True, renderer=renderer)


def _review_status(library: AllPages, language: str) -> dict[str, object]:
    """Return the review status of the page events.md, which has the same translator."""
    page = library.by_language[language].get(f"{FOLDER}.md")
    if language == SOURCE:
        return {}
    return {"reviewed_by": page.meta.get("reviewed_by", "nobody") if page else "nobody"}


def _description(event: Event, language: str) -> str:
    parts = [i18n.day(event.day, language), pick(event.where, language), pick(event.what, language)]
    return " · ".join(part for part in parts if part)


def _is_next(portal: Portal, event: Event, today: date) -> bool:
    """Return whether this is the next day of a repeating event: search and speech have only that one."""
    days = [day for day in portal.events if event.series and day.series == event.series and day.last_day >= today]
    return not event.series or (bool(days) and days[0].id == event.id)


def title_of(portal: Portal, name: str, language: str) -> str:
    """Return the title of a list of events. name: in/<place>, on/<month> or past/<year>."""
    _ = i18n.translator(language)
    kind, _sep, value = name.partition("/")
    if kind == "in":
        choice = next(choice for choice in portal.choices["places"] if choice.value == value)
        return _("Meetings and events: %(where)s") % {"where": pick(choice.label, language)}
    if kind == "on":
        return _("Meetings and events: %(where)s") % {"where": i18n.month(value, language)}
    return _("What has been: %(year)s") % {"year": value}
