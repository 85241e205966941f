"""One service for many districts: each request goes to the district of its host, or is refused."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.wsgi import ClosingIterator

from forms.core.problem import Problem
from forms.server.app import create_app
from forms.server.districts import settings
from forms.server.districts.fair_turns import FairTurns
from forms.server.districts.settings import District
from forms.server.store.connections.limits import CONNECTIONS, WORKERS, ConnectionLimit
from forms.server.web.current import state_of
from forms.server.web.error_pages import away_page
from forms.web.headers import EVERYWHERE, NEVER_KEPT

LOOK_EVERY = 1.0
"""Seconds between two looks at the folder of districts."""

TRY_AGAIN = 10.0
"""Seconds until a district that could not be started is tried again."""

_ANY_NUMBER = 10**6
"""Databases: districts come and go, so that none can be given a share of the connections."""

_LOG = logging.getLogger("forms.districts")

StartResponse = Callable[..., Any]


@dataclass
class RunningDistrict:
    """A district, with its app where it could be started. problem: why it could not; try_at: when it is tried again."""

    district: District
    app: Flask | None = None
    problem: str = ""
    try_at: float = 0.0
    starting: threading.Lock = field(default_factory=threading.Lock)


class Districts:
    """The WSGI application of all districts in a folder.

    on_start: told of each app that is started later. connections: to PostgreSQL, at once, of all together.
    """

    def __init__(
        self,
        folder: Path,
        turns: FairTurns | None = None,
        clock: Callable[[], float] = time.monotonic,
        overrides: dict[str, Any] | None = None,
        connections: int = CONNECTIONS // WORKERS,
    ) -> None:
        """Read the districts of a folder. Raises Problem where there is none."""
        self.folder, self._clock = folder, clock
        self._overrides = {"connections": ConnectionLimit(connections, databases=_ANY_NUMBER), **(overrides or {})}
        self._turns = turns or FairTurns()
        self.running: dict[str, RunningDistrict] = {}
        self._by_host: dict[str, RunningDistrict] = {}
        self._seen: object = None
        self._again_at = float("inf")
        self._look_at, self._one = 0.0, threading.Lock()
        self._told: dict[str, str] = {}
        self.on_start: Callable[[Flask], object] = lambda _: None
        if not settings.names(folder):
            todo = "Add one: portal district add NAME --host riverside.example"
            raise Problem(str(folder), "holds no district.", todo)
        self._take(settings.version(folder))

    @property
    def apps(self) -> list[Flask]:
        """Return the apps of all districts that run."""
        return [running.app for running in self.running.values() if running.app is not None]

    @property
    def problems(self) -> dict[str, str]:
        """Return what keeps districts from running, by their names."""
        return {name: said for name, said in self._told.items() if said}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, as WSGI says (PEP 3333)."""
        self._look()
        running = self._by_host.get(settings.host_of(environ.get("HTTP_HOST", "")))
        if running is None:
            return _answer(start_response, "421 Misdirected Request", b"There is nothing here.\n")
        app = running.app or self._started(running)
        if app is None:
            return _answer(start_response, "503 Service Unavailable", b"Not available now. Please try again later.\n")
        name = running.district.name
        turn = self._turns.enter(name)
        if turn is None:
            return away_page(app, environ.get("PATH_INFO", ""))(environ, start_response)
        try:
            return ClosingIterator(app(environ, start_response), lambda: self._turns.release(name))
        except BaseException:
            self._turns.release(name)
            raise
        finally:
            self._turns.leave(turn)

    def _look(self) -> None:
        """Load districts that were added, changed or removed; checks the disk at most once a second."""
        if self._clock() < self._look_at or not self._one.acquire(blocking=False):
            return
        try:
            self._look_at = self._clock() + LOOK_EVERY
            with suppress(Problem, OSError):  # what is there goes on
                version = settings.version(self.folder)
                if version and (
                    version != self._seen or self._clock() >= self._again_at
                ):  # a folder without any is a mistake, and stops nobody
                    self._take(version)
        finally:
            self._one.release()

    def _take(self, version: object) -> None:
        found = {district.name: district for district in self._usable()}
        running = {name: self._kept(district) for name, district in found.items()}
        self._again_at = float("inf")
        for name, one in running.items():
            running[name] = self._started_or_before(one, running)
        by_host = {host: one for one in running.values() for host in one.district.hosts}
        gone = [one for name, one in self.running.items() if running.get(name) is not one]
        self.running, self._by_host, self._seen = running, by_host, version
        for one in gone:
            if one.app is not None:
                stop(one.app)

    def _started_or_before(self, one: RunningDistrict, running: Mapping[str, RunningDistrict]) -> RunningDistrict:
        """Start a district; return it, or as it ran before where it cannot start with what its file says now."""
        before = self.running.get(one.district.name)
        if self._started(one) is None and before is not None and before.app is not None:
            with suppress(Problem):  # it has what another took over meanwhile
                settings.require_apart(before.district, [other.district for other in running.values()])
                self._again_at = self._clock() + TRY_AGAIN
                return before
        return one

    def _kept(self, district: District) -> RunningDistrict:
        """Return the running district, started again if anything of it has changed."""
        before = self.running.get(district.name)
        return before if before is not None and before.district == district else RunningDistrict(district)

    def _usable(self) -> Iterator[District]:
        """Yield the districts with usable files, and of those that run and have none now, the earlier settings.

        Of two that share anything, the one whose settings were there first.
        """
        taken: list[District] = []
        found = {name: self._read(name) for name in settings.names(self.folder)}

        def is_later(name: str) -> tuple[bool, bool, str]:
            before = self._before(name)
            return before is None, found[name] not in {None, before}, name

        for name in sorted(found, key=is_later):
            for district in (found[name], self._before(name)):
                if district is not None and self._is_apart(district, taken):
                    taken.append(district)
                    yield district
                    break

    def _before(self, name: str) -> District | None:
        """Return a district as it runs; None for one that does not."""
        running = self.running.get(name)
        return running.district if running is not None and running.app is not None else None

    def _read(self, name: str) -> District | None:
        """Return the district that its file says now; None where it cannot be used, which is logged."""
        with self._problems_told(name):
            district = settings.read(self.folder, name)
            if district == self._before(name):
                self._tell(name, "")  # it was mended
            return district
        return None

    def _is_apart(self, district: District, taken: list[District]) -> bool:
        """Return whether a district shares nothing with those that are taken; log what it shares."""
        with self._problems_told(district.name):
            settings.require_apart(district, taken)
            return True
        return False

    @contextmanager
    def _problems_told(self, name: str) -> Iterator[None]:
        """Log whatever is raised in the block about one district: the other districts go on."""
        try:
            yield
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one, the others go on
            self._tell(name, _said(problem))

    def _started(self, running: RunningDistrict) -> Flask | None:
        """Return the app of a district, started if possible; one thread tries again every ten seconds."""
        if running.app is not None or self._clock() < running.try_at or not running.starting.acquire(blocking=False):
            return running.app
        try:
            with self._problems_told(running.district.name):
                app = create_app({**_as_mapping(running.district), **self._overrides})
                self.on_start(app)
                running.app = app
                self._tell(running.district.name, "")
            if running.app is None:
                running.try_at = self._clock() + TRY_AGAIN
        finally:
            running.starting.release()
        return running.app

    def _tell(self, name: str, problem: str) -> None:
        if problem and problem != self._told.get(name):
            what = "goes on with its earlier settings" if self._before(name) else "is not served"
            _LOG.error("district %s %s. %s", name, what, problem)
        self._told[name] = problem


def _said(problem: Exception) -> str:
    """Return what is wrong; of an unforeseen error only its kind, since its text may contain anything."""
    return str(problem) if isinstance(problem, Problem) else f"A fault of the program: {type(problem).__name__}."


def stop(app: Flask) -> None:
    """End what belongs to the app of a district that is removed or was changed: its thread, lock and connections."""
    state_of(app).close()


def _as_mapping(district: District) -> dict[str, Any]:
    found = vars(district.settings)
    return {name: value for name, value in found.items() if value not in (None, "")}


def _answer(start_response: StartResponse, status: str, body: bytes) -> list[bytes]:
    """Answer with a sentence that names no district."""
    headers = {**EVERYWHERE, "Content-Type": "text/plain; charset=utf-8", "Cache-Control": NEVER_KEPT}
    start_response(status, [*headers.items(), ("Content-Length", str(len(body)))])
    return [body]
