"""What 1,000 events cost: reading the table, checking it, drawing the lists, writing calendars, setting papers.

Run: PYTHONPATH=.:site .venv/bin/python bench/events.py
"""

import csv
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import brotli
from sitegen.build import prepare
from sitegen.checks.tables import event_checks
from sitegen.content import event_lists, events
from sitegen.print import event_posters
from sitegen.render import blocks
from sitegen.render.events import calendar_numbers, calendars, event_pages

ROOT = Path(__file__).parents[1]
TODAY = date(2027, 1, 1)
EVENTS = 1000
PAPERS = 20
"""Events whose papers are set: each costs the same."""


@contextmanager
def timed(label: str) -> Iterator[None]:
    """Prints how long the block took."""
    started = time.perf_counter()
    yield
    print(f"{label:<58} {(time.perf_counter() - started) * 1000:>8.0f} ms")


def main() -> None:
    """A copy of our content with 1,000 events on the days of a year, in all places, in five languages."""
    with tempfile.TemporaryDirectory() as folder_name:
        root = Path(folder_name)
        shutil.copytree(ROOT / "content", root / "content")
        shutil.copytree(ROOT / "library", root / "library")
        for name in ("site", "mkdocs.yml"):
            (root / name).symlink_to(ROOT / name)
        _fill(root / "content" / "tables")
        keys = dict.fromkeys(("police", "revenue", "legal", "partner", "events"), ("age1", "sha256:"))
        with timed("reading and checking all tables and pages"):
            context, _ = prepare(root, keys=keys, today=TODAY)
        portal = context.portal
        with timed(f"of that, checking {len(portal.events)} events"):
            rows = context.tables["events"]
            list(event_checks.problems(rows, list(events.expand_series(rows)), context.library.names, TODAY))
        with timed("pages of events and lists, five languages, as Markdown"):
            library = event_pages.with_events(context.library, portal, TODAY)
        context = replace(context, library=library)
        with timed("drawing one list of all"):
            html = blocks.draw(context, "events", "upcoming")
        print(f"{'  ... which weighs, brotli':<58} {len(brotli.compress(str(html).encode())):>8} bytes")
        names = event_lists.names(portal, TODAY)
        with timed(f"drawing {len(names)} lists by place and month"):
            for name in names:
                blocks.draw(context, "events", name)
        with timed(f"drawing {len(portal.events)} pages, one language"):
            for event in portal.events:
                blocks.draw(context, "event", event.id)
        with timed("calendars in five languages"):
            numbers = calendar_numbers.update(root / "content", portal.events, TODAY)
            count = calendars.write(root / "public", portal, numbers, TODAY)
        feed = root / "public" / "ta" / "events" / "calendar.ics"
        size = len(brotli.compress(feed.read_bytes()))
        print(f"{f'  ... {count} files; the Tamil feed, brotli':<58} {size:>8} bytes")
        few = replace(context, portal=replace(portal, events=portal.events[:PAPERS]), language="ta")
        with timed(f"poster and hand-out of {PAPERS} events, Tamil"):
            list(event_posters.write(root / "kit", few, root / "content" / "media"))


def _fill(tables: Path) -> None:
    with (tables / "events.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (tables / "places.csv").open(encoding="utf-8", newline="") as file:
        places = [row["id"] for row in csv.DictReader(file)]
    pattern = next(row for row in rows if row["id"] == "2027-01-meeting")
    with (tables / "events.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(pattern))
        writer.writeheader()
        for number in range(EVENTS):
            day = TODAY + timedelta(days=1 + number % 364)
            times = {"starts": f"{day}T10:00", "ends": f"{day}T12:00"}
            writer.writerow({**pattern, **times, "id": f"event-{number}", "place": places[number % len(places)]})


if __name__ == "__main__":
    main()
