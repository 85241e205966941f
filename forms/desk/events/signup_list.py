"""The sign-ups as last fetched, stored encrypted so that the list is available without a network.

signups/rows.age: the server's list, with the last known day of each event. signups/<event>/<id>-<version>.age: the
letters.
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
    """The result of a fetch. away: a sentence if the server could not be reached, else empty."""

    new: int = 0
    cancelled: int = 0
    away: str = ""


class SignupList:
    """The sign-ups on this machine. Its methods raise Problem with a sentence, and then leave nothing half done."""

    def __init__(self, session: EventSession) -> None:
        self._session, self._store = session, LocalStore(session.folder)
        self._cache: tuple[tuple[int, int], dict[str, Any]] | None = None

    def fetch(self, today: date) -> FetchedSignups:
        """Fetch the list and the new letters. If the server is away, what was fetched before remains.

        Skips events whose names are erased here: the server may still list them for another day.
        """
        try:
            old = self.old_events(today)
            remote = [row for row in read_rows(self._session.signups()) if row.event not in old]
            rows = self._with_missing(remote, old)
            server = self._session.server
            new = sum(self.fetch_letter(server, row) for row in remote if row.state != CANCELLED)
        except ServerAway as problem:
            return FetchedSignups(away=problem.sentence)
        cancelled_before = {row.id for row in self.rows() if row.state == CANCELLED}
        self.save_rows(rows)
        self._delete_stale_letters(rows)
        return FetchedSignups(new, sum(row.state == CANCELLED and row.id not in cancelled_before for row in rows))

    def fetch_letter(self, server: SignupServer, row: SignupRow) -> bool:
        """Fetch the letter of a sign-up, unless a readable one is here; return whether it is new."""
        folder, name = f"signups/{event_folder(row.event)}", f"{row.id}-{row.version}"
        existed = self._store.has(folder, name)
        if existed and isinstance(self.letter(row), Letter):
            return False
        try:
            content = server.signup(row.id)
        except NotThere:
            return False  # cancelled since the list was made; the next fetch reports it
        if existed and content == self._store.read(folder, name):
            return False
        self._store.save(folder, name, content)
        return not existed

    def _with_missing(self, remote: list[SignupRow], old: frozenset[str]) -> list[SignupRow]:
        """Return the server's rows, and those that the server no longer has though it should."""
        remote_ids = {row.id for row in remote}
        missing = [row for row in self.rows() if row.id not in remote_ids]
        lost = (replace(row, gone=True) for row in missing if row.event not in old and row.state != CANCELLED)
        uncounted = (row for row in missing if row.event in old)  # until event_retention.py has counted them
        return [*remote, *lost, *uncounted]

    def _delete_stale_letters(self, rows: Iterable[SignupRow]) -> None:
        """Delete the letters of cancelled sign-ups, and earlier versions of changed ones."""
        current = {(event_folder(row.event), f"{row.id}-{row.version}") for row in rows if row.state != CANCELLED}
        for path in (self._session.folder / "signups").glob("*/*.age"):
            if (path.parent.name, path.stem) not in current:
                path.unlink(missing_ok=True)

    def save_rows(self, rows: Iterable[SignupRow]) -> None:
        """Store the list, durably. Raises Problem."""
        by_event: dict[str, list[list[Any]]] = {}
        for row in rows:
            by_event.setdefault(row.event, []).append([getattr(row, name) for name in _COLUMNS])
        days = {event: day for event, day in self.last_days().items() if event in by_event}
        data = {"columns": _COLUMNS, "events": by_event, "last_days": days}
        self._store.save("signups", "rows", self._session.seal_for_desk(json.dumps(data).encode()))

    def _list(self) -> dict[str, Any]:
        """Return the stored list; it is read again only after its file has changed."""
        path = self._session.folder / "signups" / "rows.age"
        if not path.exists():
            return {"columns": _COLUMNS, "events": {}, "last_days": {}}
        stat = path.stat()
        version = (stat.st_mtime_ns, stat.st_ino)
        if self._cache is None or self._cache[0] != version:
            self._cache = (version, self._read_list())
        return self._cache[1]

    def _read_list(self) -> dict[str, Any]:
        """Decrypt and parse the stored list. Raises Problem if it is damaged."""
        try:
            return dict(json.loads(self._session.open_own(self._store.read("signups", "rows"))))
        except (ValueError, TypeError):
            raise Problem("sign-ups", "The list on this machine is damaged.", "Fetch again.") from None

    def rows(self) -> tuple[SignupRow, ...]:
        """Return all sign-ups as last fetched."""
        return tuple(row for event in self._list()["events"] for row in self.rows_of(event))

    def rows_of(self, event: str) -> tuple[SignupRow, ...]:
        """Return the sign-ups of one event as last fetched."""
        stored = self._list()
        return read_rows(
            {"event": event, **dict(zip(stored["columns"], cells, strict=True))}
            for cells in stored["events"].get(event, ())
        )

    def last_days(self) -> dict[str, str]:
        """Return the last day (ISO) of each event: that in the portal, else the last known one."""
        current = {event.id: event.last_day.isoformat() for event in self._session.portal.events}
        return dict(self._list()["last_days"]) | current

    def old_events(self, today: date) -> frozenset[str]:
        """Return the ids of events whose names have been kept long enough; never one whose day is unknown."""
        days = timedelta(days=self._session.portal.days_kept("signups_days"))
        return frozenset(event for event, day in self.last_days().items() if date.fromisoformat(day) < today - days)

    def letter(self, row: SignupRow) -> Letter | Problem | None:
        """Return the letter of a sign-up: None if it was not fetched, a Problem if it cannot be decrypted."""
        folder, name = f"signups/{event_folder(row.event)}", f"{row.id}-{row.version}"
        if not self._store.has(folder, name):
            return None
        try:
            return read_letter(json.loads(self._session.open_own(self._store.read(folder, name))))
        except Problem as problem:
            return problem
        except (ValueError, RecursionError):
            return Problem("sign-up", "It holds no letter.", "Somebody may have sent junk.")
