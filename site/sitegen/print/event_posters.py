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
"""At the foot of the wall poster: as many as fit on A4 with a legible number and address."""


def write(out: Path, context: Context, media: Path) -> Iterator[Path]:
    """Write events/<id>-poster-<language>.pdf and -handout-, and wall-<language>.pdf into `out`.

    A repeating event has one of each, for its next day; a cancelled one has none. media: content/media.
    """
    portal, language, today = context.portal, context.language, context.today
    posters = out / "events"
    posters.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copy(TEMPLATE, folder)
        draw = drawings.drawer(folder, context, media)
        common = leaflets.common_data(portal, language, draw)
        for event in announced_events(portal, today):
            address = f"{portal.address}/{language}/events/{event.id}/"
            picture = draw(f"event-{event.kind}")
            _write_data(folder, {**common, **_event_data(portal, event, language, today), "picture": picture}, address)
            for kind in KINDS:
                path = posters / f"{event.id}-{kind}-{language}.pdf"
                leaflets.typeset(folder, TEMPLATE.name, kind, path)
                yield path
        signs = leaflets.draw_signs(draw, context.tables, language)
        _write_data(folder, {**common, **_wall_data(portal, language), "signs": signs}, f"{portal.address}/{language}/")
        leaflets.typeset(folder, TEMPLATE.name, "wall", out / f"wall-{language}.pdf")


def announced_events(portal: Portal, today: date) -> list[Event]:
    """Return the events that have posters: future ones, without parts and cancelled ones.

    Of a repeating event only its next day.
    """
    return [
        event
        for event in event_lists.one_per_series(event_lists.top_level_events(portal, today, past=False))
        if event.state != "cancelled"
    ]


def _write_data(folder: Path, data: dict[str, Any], address: str) -> None:
    """Write the data that the template reads, and the QR code of an address."""
    leaflets.write_qr_code(address, folder / "qr.svg")
    short_address = address.partition("://")[2].rstrip("/")
    (folder / "data.json").write_text(
        json.dumps({**data, "address": short_address}, ensure_ascii=False), encoding="utf-8"
    )


def _event_data(portal: Portal, event: Event, language: str, today: date) -> dict[str, Any]:
    """Return what the poster of an event says."""
    _ = i18n.translator(language)
    place = event_lists.template_helpers(portal, language)["place_of"](event)
    moved = {
        "before": event_times.format_time(event.was, language),
        "now": event_times.format_time(event.starts, language),
    }
    parts = [part for part in portal.events if part.part_of == event.id and part.state != "cancelled"]
    takes_signups = any(one.takes_signups(today) for one in (event, *parts))
    return {
        "title": pick(event.title, language),
        "what": pick(event.what, language),
        "day": i18n.day(event.day, language)
        + (f" – {i18n.day(event.last_day, language)}" if event.last_day != event.day else ""),
        "time": event_times.hours(event),
        "where": ", ".join(part for part in (pick(event.where, language), place) if part),
        "moved": _("Moved: it was on %(before)s. Now it is on %(now)s.") % moved if event.was else "",
        "example": _("An example, to show how this page works. It does not take place.") if event.example else "",
        "facts": [{"name": name, "text": fact} for name, fact in _facts(event, language) if fact],
        "parts_title": _("What happens when"),
        "parts": [
            {"time": part.time or i18n.day(part.day, language), "title": pick(part.title, language)} for part in parts
        ],
        "others_title": _("Other days"),
        "others": [event_times.format_time(day.starts, language) for day in event_lists.other_days(portal, event, today)
                   if day.state != "cancelled"][:4],
        "signup": _("You can sign up on this page.") if takes_signups else "",
    }  # fmt: skip


def _facts(event: Event, language: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each fact that makes it easier to come, "" where it does not apply."""
    _ = i18n.translator(language)
    yield _("What is free"), pick(event.free, language)
    yield _("Languages spoken there"), ", ".join(event_lists.spoken_languages(event, language))
    yield _("Children"), _("Children are welcome.") if event.children else ""
    yield _("Women officers"), _("A woman officer is there. You can ask for her.") if event.women_officers else ""
    yield _("Getting in"), _("You get in without steps.") if event.step_free else ""


def _wall_data(portal: Portal, language: str) -> dict[str, Any]:
    """Return what the wall poster says. Its strips have no words: one that is found in a pocket reveals nothing."""
    _ = i18n.translator(language)
    strips = [helpline.number for helpline in portal.helplines if helpline.everywhere]
    return {"strips": strips, "count": STRIPS, "take": _("Tear off a number and take it with you"),
            "title": _("If one of these is true, you can ask for help")}  # fmt: skip
