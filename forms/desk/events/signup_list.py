"""The sign-ups as fetched, kept sealed so that the list is there in a village without a network.

signups/rows.age: the server's list as last fetched, with the last day of each event as it was last known.
signups/<event>/<id>-<version>.age: the letters.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from forms.core.problem import Problem
from forms.desk.crypto.decryption import Letter, read_letter
from forms.desk.events.attendees import CANCELLED, SignupRow, read_rows
from forms.desk.events.event_session import EventSession, SignupServer, event_folder
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.responses import NotThere, ServerAway

_COLUMNS = ["id", "people", "state", "turn", "version", "gone"]


@dataclass(frozen=True)
class FetchedSignups:
    """What a visit to the server brought; away: a sentence where it could not be reached, else empty."""

    new: int = 0
    cancelled: int = 0
    away: str = ""


class SignupList:
    """The sign-ups on this machine. Its methods raise Problem with a sentence; nothing is half done then."""

    def __init__(self, session: EventSession) -> None:
        self._session, self._store = session, LocalStore(session.folder)
        self._read: tuple[tuple[int, int], dict[str, Any]] | None = None

    def fetch(self, today: date) -> FetchedSignups:
        """Fetch the list and the letters that are new; where the server is away, what was fetched before stays.

        Events so old that their names are erased are passed over, though the server may list them for another day.
        """
        try:
            old = self.old_events(today)
            listed = [row for row in read_rows(self._session.signups()) if row.event not in old]
            rows = self._with_missing(listed, old)
            server = self._session.server
            new = sum(self.fetch_letter(server, row) for row in listed if row.state != CANCELLED)
        except ServerAway as away:
            return FetchedSignups(away=away.sentence)
        before = {row.id for row in self.rows() if row.state == CANCELLED}
        self.save_rows(rows)
        self._drop_stale(rows)
        return FetchedSignups(new, sum(row.state == CANCELLED and row.id not in before for row in rows))

    def fetch_letter(self, server: SignupServer, row: SignupRow) -> bool:
        """Fetch what a sign-up says, unless it is here and opens; return whether it is new."""
        folder, name = f"signups/{event_folder(row.event)}", f"{row.id}-{row.version}"
        here = self._store.has(folder, name)
        if here and isinstance(self.letter(row), Letter):
            return False
        try:
            found = server.signup(row.id)
        except NotThere:
            return False  # cancelled between the list and now: the next visit says so
        if here and found == self._store.read(folder, name):
            return False
        self._store.save(folder, name, found)
        return not here

    def _with_missing(self, listed: list[SignupRow], old: frozenset[str]) -> list[SignupRow]:
        """Return the server's list, and what it has lost before its time: nobody who signed up is forgotten here."""
        there = {row.id for row in listed}
        missing = [row for row in self.rows() if row.id not in there]
        lost = (replace(row, gone=True) for row in missing if row.event not in old and row.state != CANCELLED)
        counted_later = (row for row in missing if row.event in old)  # until event_erasing has counted them
        return [*listed, *lost, *counted_later]

    def _drop_stale(self, rows: Iterable[SignupRow]) -> None:
        """Remove letters of those who cancelled, and older ones of those who changed what they told."""
        wanted = {(event_folder(row.event), f"{row.id}-{row.version}") for row in rows if row.state != CANCELLED}
        for path in (self._session.folder / "signups").glob("*/*.age"):
            if (path.parent.name, path.stem) not in wanted:
                path.unlink(missing_ok=True)

    def save_rows(self, rows: Iterable[SignupRow]) -> None:
        """Make this the list, durably. Raises Problem."""
        by_event: dict[str, list[list[Any]]] = {}
        for row in rows:
            by_event.setdefault(row.event, []).append([getattr(row, name) for name in _COLUMNS])
        days = {event: day for event, day in self.last_days().items() if event in by_event}
        data = {"columns": _COLUMNS, "events": by_event, "last_days": days}
        self._store.save("signups", "rows", self._session.seal_for_desk(json.dumps(data).encode()))

    def _list(self) -> dict[str, Any]:
        """Return the kept list; read once for as long as its file stays the same."""
        path = self._session.folder / "signups" / "rows.age"
        if not path.exists():
            return {"columns": _COLUMNS, "events": {}, "last_days": {}}
        look = path.stat()
        if self._read is None or self._read[0] != (look.st_mtime_ns, look.st_ino):
            self._read = ((look.st_mtime_ns, look.st_ino), self._opened())
        return self._read[1]

    def _opened(self) -> dict[str, Any]:
        """Return what the list's file holds. Raises Problem where it is damaged."""
        try:
            return dict(json.loads(self._session.open_own(self._store.read("signups", "rows"))))
        except (ValueError, TypeError):
            raise Problem("sign-ups", "The list on this machine is damaged.", "Fetch again.") from None

    def rows(self) -> tuple[SignupRow, ...]:
        """Return all sign-ups as last fetched."""
        return tuple(row for event in self._list()["events"] for row in self.rows_of(event))

    def rows_of(self, event: str) -> tuple[SignupRow, ...]:
        """Return the sign-ups of one event as last fetched."""
        listed = self._list()
        return read_rows(
            {"event": event, **dict(zip(listed["columns"], cells, strict=True))}
            for cells in listed["events"].get(event, ())
        )

    def last_days(self) -> dict[str, str]:
        """Return the last day (ISO) of each event: as the portal says, else as it was last known."""
        now = {event.id: event.last_day.isoformat() for event in self._session.portal.events}
        return dict(self._list()["last_days"]) | now

    def old_events(self, today: date) -> frozenset[str]:
        """Return events that were over longer ago than names may be kept; one whose day was never known is none."""
        days = timedelta(days=self._session.portal.days_kept("signups_days"))
        return frozenset(event for event, day in self.last_days().items() if date.fromisoformat(day) < today - days)

    def letter(self, row: SignupRow) -> Letter | Problem | None:
        """Return the letter of a sign-up: None where it was not fetched, a Problem where it does not open."""
        folder, name = f"signups/{event_folder(row.event)}", f"{row.id}-{row.version}"
        if not self._store.has(folder, name):
            return None
        try:
            return read_letter(json.loads(self._session.open_own(self._store.read(folder, name))))
        except Problem as problem:
            return problem
        except (ValueError, RecursionError):
            return Problem("sign-up", "It holds no letter.", "Somebody may have sent junk.")
