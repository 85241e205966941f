"""Pages that the build writes from events.csv: one for each event, and one for each list of them.

They join the staff's pages in the library, so that shell, search, sitemap, voice and weight treat them alike. What
staff write in content/<language>/events/<id>.md stands below what the table says.
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
    meta = _checked_like(library, language)
    for event in portal.events:
        name = f"{FOLDER}/{event.id}.md"
        own = library.by_language[language].get(name) or library.by_language[language].get(
            f"{FOLDER}/{event.series}.md"
        )
        more = _HEADING.sub("", own.text) if own else ""
        head: dict[str, object] = {"title": pick(event.title, language), "description": _description(event, language)}
        found = _is_next(portal, event, today)
        head |= {QUOTE_REMOVED: True} if own and own.meta.get(QUOTE_REMOVED) else {}
        head |= {"search": found, "voice": found and event.last_day >= today}
        renderer = partial(draw_event, event_id=event.id)
        yield PageSource(name, language, meta | head, more, 1, generated=True, renderer=renderer)
    for each in event_lists.names(portal, today):
        head = {"title": title_of(portal, each, language), "search": each.startswith("in/"), "voice": False}
        renderer = partial(draw_events, which=each)
        yield PageSource(f"{FOLDER}/{each}.md", language, meta | head, "", 1, generated=True, renderer=renderer)


def _checked_like(library: AllPages, language: str) -> dict[str, object]:
    """Return the review status of the page of events, which has the same translator."""
    page = library.by_language[language].get(f"{FOLDER}.md")
    if language == SOURCE:
        return {}
    return {"reviewed_by": page.meta.get("reviewed_by", "nobody") if page else "nobody"}


def _description(event: Event, language: str) -> str:
    said = [i18n.day(event.day, language), pick(event.where, language), pick(event.what, language)]
    return " · ".join(part for part in said if part)


def _is_next(portal: Portal, event: Event, today: date) -> bool:
    """Return whether this is the next day of a repeating event: only that one is found and read aloud."""
    days = [one for one in portal.events if event.series and one.series == event.series and one.last_day >= today]
    return not event.series or (bool(days) and days[0].id == event.id)


def title_of(portal: Portal, name: str, language: str) -> str:
    """Return the title of a list."""
    _ = i18n.say(language)
    kind, _sep, which = name.partition("/")
    if kind == "in":
        choice = next(choice for choice in portal.choices["places"] if choice.value == which)
        return _("Meetings and events: %(where)s") % {"where": pick(choice.label, language)}
    if kind == "on":
        return _("Meetings and events: %(where)s") % {"where": i18n.month(which, language)}
    return _("What has been: %(year)s") % {"year": which}
