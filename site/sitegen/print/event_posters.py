"""Posters of events in each language: A4 poster and A5 hand-out of each event; a wall poster with tear-off strips."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from forms.core import i18n
from forms.core.i18n import event_times
from forms.core.portal import Event, Portal, pick
from sitegen.content import event_lists
from sitegen.print import drawings, leaflets
from sitegen.render.blocks import Context

TEMPLATE = Path(__file__).parents[2] / "theme" / "notice.typ"

KINDS = ("poster", "handout")
"""A4 and A5, of each event."""

STRIPS = 9
"""At the foot of the wall poster: as many as fit A4 with a number and an address that can be read."""


def write(out: Path, context: Context, media: Path) -> Iterator[Path]:
    """Write events/<id>-poster-<language>.pdf and -handout-, and wall-<language>.pdf into `out`.

    A repeating event has one of each, for its next day; what is cancelled has none. media: content/media.
    """
    portal, language, today = context.portal, context.language, context.today
    folder = out / "events"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        room = Path(made)
        shutil.copy(TEMPLATE, room)
        draw = drawings.drawer(room, context, media)
        common = leaflets.words_of(portal, language, draw)
        for event in announced(portal, today):
            address = f"{portal.address}/{language}/events/{event.id}/"
            picture = draw(f"event-{event.kind}")
            _lay_out(room, {**common, **_told(portal, event, language, today), "picture": picture}, address)
            for kind in KINDS:
                path = folder / f"{event.id}-{kind}-{language}.pdf"
                leaflets.set_paper(room, TEMPLATE.name, kind, path)
                yield path
        signs = leaflets.draw_signs(draw, context.tables, language)
        _lay_out(room, {**common, **_wall(portal, language), "signs": signs}, f"{portal.address}/{language}/")
        leaflets.set_paper(room, TEMPLATE.name, "wall", out / f"wall-{language}.pdf")


def announced(portal: Portal, today: date) -> list[Event]:
    """Return the events for posters: future ones, of a repeating event the next day; no parts, none cancelled."""
    return [
        event
        for event in event_lists.one_per_series(event_lists.top_level_events(portal, today, past=False))
        if event.state != "cancelled"
    ]


def _lay_out(room: Path, data: dict[str, Any], address: str) -> None:
    leaflets.draw_code(address, room / "qr.svg")
    shown = address.partition("://")[2].rstrip("/")
    (room / "data.json").write_text(json.dumps({**data, "address": shown}, ensure_ascii=False), encoding="utf-8")


def _told(portal: Portal, event: Event, language: str, today: date) -> dict[str, Any]:
    _ = i18n.say(language)
    place = event_lists.template_helpers(portal, language)["place_of"](event)
    moved = {"before": event_times.moment(event.was, language), "now": event_times.moment(event.starts, language)}
    parts = [part for part in portal.events if part.part_of == event.id and part.state != "cancelled"]
    open_ = any(one.takes_signups(today) for one in (event, *parts))
    return {
        "title": pick(event.title, language),
        "what": pick(event.what, language),
        "day": i18n.day(event.day, language)
        + (f" – {i18n.day(event.last_day, language)}" if event.last_day != event.day else ""),
        "time": event_times.hours(event),
        "where": ", ".join(part for part in (pick(event.where, language), place) if part),
        "moved": _("Moved: it was on %(before)s. Now it is on %(now)s.") % moved if event.was else "",
        "example": _("An example, to show how this page works. It does not take place.") if event.example else "",
        "facts": [{"name": name, "text": said} for name, said in _facts(event, language) if said],
        "parts_title": _("What happens when"),
        "parts": [
            {"time": part.time or i18n.day(part.day, language), "title": pick(part.title, language)} for part in parts
        ],
        "others_title": _("Other days"),
        "others": [event_times.moment(day.starts, language) for day in event_lists.other_days(portal, event, today)
                   if day.state != "cancelled"][:4],
        "signup": _("You can sign up on this page.") if open_ else "",
    }  # fmt: skip


def _facts(event: Event, language: str) -> Iterator[tuple[str, str]]:
    """Yield the facts that make it easier to come; the others are on the event's page."""
    _ = i18n.say(language)
    yield _("What is free"), pick(event.free, language)
    yield _("Languages spoken there"), ", ".join(event_lists.spoken_languages(event, language))
    yield _("Children"), _("Children are welcome.") if event.children else ""
    yield _("Women officers"), _("A woman officer is there. You can ask for her.") if event.women_officers else ""
    yield _("Getting in"), _("You get in without steps.") if event.step_free else ""


def _wall(portal: Portal, language: str) -> dict[str, Any]:
    """Write the wall poster. Its strips carry no words: whoever finds one in a pocket learns nothing."""
    _ = i18n.say(language)
    strips = [helpline.number for helpline in portal.helplines if helpline.everywhere]
    return {"strips": strips, "count": STRIPS, "take": _("Tear off a number and take it with you"),
            "title": _("If one of these is true, you can ask for help")}  # fmt: skip
