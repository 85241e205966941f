"""Events at the desk: 1,000 events and 100,000 sign-ups. Times to list, to show one event, to export.

    .venv/bin/python bench/desk_events.py

Opening 100,000 sealed letters is what age costs, whoever does it: it is measured apart, on 2,000, and the export below
takes its letters opened. Numbers are the best of three where a step is short.
"""

import io
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from frictionless import Package  # noqa: E402

from forms.desk.crypto.decryption import Letter  # noqa: E402
from forms.desk.events import event_export, event_views  # noqa: E402
from forms.desk.events.attendees import build_party  # noqa: E402
from forms.desk.events.event_records import EventRecords  # noqa: E402
from forms.desk.events.event_session import event_folder  # noqa: E402
from forms.desk.services.place import DeskPlace  # noqa: E402
from forms.desk.window.app import create_window  # noqa: E402
from forms.desk.window.current import authenticator_of  # noqa: E402
from tests.desk.event_helpers import TODAY, FakeSession, event, portal  # noqa: E402

EVENTS, EACH, OPENED = 1_000, 100, 2_000


def best(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest run."""
    durations = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return min(durations)


def say(label: str, seconds: float) -> None:
    """One line of the table."""
    print(f"{label:<64} {seconds * 1000:>10,.0f} ms")


def filled(folder: Path) -> tuple[EventRecords, FakeSession]:
    """A desk whose portal and server have that many; the letters of one event and of OPENED more lie on its disk."""
    days = [TODAY + timedelta(days=number // 3 - 20) for number in range(EVENTS)]
    session = FakeSession(
        folder, portal(*(event(f"event-{n:04}", day=day.isoformat(), capacity=250) for n, day in enumerate(days)))
    )
    rows = session.server.rows
    for number in range(EVENTS * EACH):
        id = f"{number:032x}"
        state = "waiting" if number % 20 == 0 else "coming"
        rows[id] = {"id": id, "event": f"event-{number % EVENTS:04}", "people": 1 + number % 5, "state": state}
    first = [id for id, row in rows.items() if row["event"] == "event-0500"]
    for id in [*first, *list(rows)[:OPENED]]:
        session.server.tell(id, name="கவிதா, 4 பேர் குடும்பம்", phone="+91 98765 43210", needs="a seat", remind=["yes"])
        drawer = folder / "signups" / event_folder(rows[id]["event"])
        drawer.mkdir(parents=True, exist_ok=True)
        (drawer / f"{id}-0.age").write_bytes(session.server.letters[id])
    return EventRecords(session, lambda: TODAY), session  # type: ignore[arg-type]


def window_times(session: FakeSession) -> None:
    """The same through the window."""
    app = create_window(
        DeskPlace("events", session.folder, ""), today=lambda: TODAY, unlock=lambda *_: session.unlocked
    )
    client, authenticator = app.test_client(), authenticator_of(app)
    client.get(f"/enter/{authenticator.token}")
    client.post("/unlock", data={"form_token": authenticator.form_token}, headers={"Origin": "http://localhost"})
    for path in ("/events/", "/events/event-0500/", "/events/event-0500/mark"):
        say(f"window: {path}", best(lambda path=path: client.get(path)))  # type: ignore[misc]


def export_times(records: EventRecords) -> None:
    """All events, with letters that are opened already."""
    answers = {"name": "கவிதா, 4 பேர் குடும்பம்", "phone": "+91 98765 43210", "needs": "=a seat", "remind": ["yes"]}
    letter = Letter("", "signup", "ta", "", (), answers, None, "", 0)
    events = [
        event_export.OpenedEvent(one, [build_party(row, letter) for row in one.rows], {})
        for one in records.gatherings()
    ]
    tables = event_export.sheets(events)
    say("export all: Data Package (zip)", best(lambda: event_export.package("events", "Events", tables), 1))
    say("export all: workbook (XLSX)", best(lambda: event_export.workbook(tables), 1))
    packed = event_export.package("events", "Events", tables)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.zip"
        path.write_bytes(packed)
        start = time.perf_counter()
        valid = Package(str(path)).validate().valid
        say(f"frictionless validates that package (valid: {valid})", time.perf_counter() - start)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    print(f"{'size of the package':<64} {len(packed) / 1e6:>10.1f} MB ({size / 1e6:.1f} MB unpacked)")


def main() -> None:
    """Print the table."""
    print(f"{EVENTS:,} events, {EVENTS * EACH:,} sign-ups, {date.today()}")  # noqa: DTZ011 - a day
    with tempfile.TemporaryDirectory() as folder:
        records, session = filled(Path(folder))
        listed = records.signups.fetch
        records.signups.fetch_letter = lambda *_: False  # type: ignore[method-assign]
        say("take in the server's list (no letters), sealed on the disk", best(lambda: listed(TODAY), 1))
        say("list all events with their counts", best(records.gatherings))
        say("the same as lines of text", best(lambda: list(event_views.list_lines(records))))
        say("one event of 100 sign-ups, letters opened", best(lambda: records.parties(records.gathering("event-0500"))))
        rows = [row for row in records.signups.rows() if int(row.id, 16) < OPENED]
        opening = best(lambda: [records.signups.letter(row) for row in rows], 1) / OPENED
        say("opening the letters of all 100,000 (from 2,000)", opening * EVENTS * EACH)
        window_times(session)
        export_times(records)


if __name__ == "__main__":
    main()
