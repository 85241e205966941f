"""Serve many districts in one service: each request goes to the district of its host, or is refused."""

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

CHECK_INTERVAL = 1.0
"""Seconds between two checks of the folder of districts."""

RETRY_INTERVAL = 10.0
"""Seconds until another attempt to start a district that could not be started."""

_MANY_DATABASES = 10**6
"""Districts are added and removed, so no database gets a fixed share of the connections."""

_LOG = logging.getLogger("forms.districts")

StartResponse = Callable[..., Any]


@dataclass
class RunningDistrict:
    """A district, with its app if it could be started. retry_at: when to try again if it could not."""

    district: District
    app: Flask | None = None
    retry_at: float = 0.0
    starting: threading.Lock = field(default_factory=threading.Lock)


class Districts:
    """The WSGI application of all districts in a folder.

    on_start: called with each app that is started later. connections: how many connections to PostgreSQL all districts
    may have at once.
    """

    def __init__(
        self,
        folder: Path,
        turns: FairTurns | None = None,
        clock: Callable[[], float] = time.monotonic,
        overrides: dict[str, Any] | None = None,
        connections: int = CONNECTIONS // WORKERS,
    ) -> None:
        """Read and start the districts of a folder. Raises Problem if there is none."""
        self.folder, self._clock = folder, clock
        self._overrides = {"connections": ConnectionLimit(connections, databases=_MANY_DATABASES), **(overrides or {})}
        self._turns = turns or FairTurns()
        self.running: dict[str, RunningDistrict] = {}
        self._by_host: dict[str, RunningDistrict] = {}
        self._version: object = None
        self._retry_at = float("inf")
        self._check_at, self._checking = 0.0, threading.Lock()
        self._logged: dict[str, str] = {}
        self.on_start: Callable[[Flask], object] = lambda _: None
        if not settings.names(folder):
            todo = "Add one: portal district add NAME --host riverside.example"
            raise Problem(str(folder), "holds no district.", todo)
        self._load(settings.version(folder))

    @property
    def apps(self) -> list[Flask]:
        """The apps of all districts that run."""
        return [running.app for running in self.running.values() if running.app is not None]

    @property
    def problems(self) -> dict[str, str]:
        """The problems of districts, by their names."""
        return {name: problem for name, problem in self._logged.items() if problem}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Handle a request, as WSGI requires (PEP 3333)."""
        self._check_folder()
        running = self._by_host.get(settings.host_of(environ.get("HTTP_HOST", "")))
        if running is None:
            return _text_response(start_response, "421 Misdirected Request", b"There is nothing here.\n")
        app = running.app or self._start(running)
        if app is None:
            return _text_response(
                start_response, "503 Service Unavailable", b"Not available now. Please try again later.\n"
            )
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

    def _check_folder(self) -> None:
        """Load districts that were added, changed or removed; reads the folder at most once a second."""
        if self._clock() < self._check_at or not self._checking.acquire(blocking=False):
            return
        try:
            self._check_at = self._clock() + CHECK_INTERVAL
            with suppress(Problem, OSError):  # the districts that run continue
                version = settings.version(self.folder)
                is_due = version != self._version or self._clock() >= self._retry_at
                if version and is_due:  # an empty folder is a mistake, and stops no district
                    self._load(version)
        finally:
            self._checking.release()

    def _load(self, version: object) -> None:
        """Start new and changed districts, then stop those that were removed or replaced."""
        districts = {district.name: district for district in self._usable()}
        running = {name: self._running_or_new(district) for name, district in districts.items()}
        self._retry_at = float("inf")
        for name, one in running.items():
            running[name] = self._start_or_keep(one, running)
        by_host = {host: one for one in running.values() for host in one.district.hosts}
        removed = [one for name, one in self.running.items() if running.get(name) is not one]
        self.running, self._by_host, self._version = running, by_host, version
        for one in removed:
            if one.app is not None:
                stop(one.app)

    def _start_or_keep(self, new: RunningDistrict, running: Mapping[str, RunningDistrict]) -> RunningDistrict:
        """Start a district and return it; if it cannot start with new settings, return it with the previous ones."""
        previous = self.running.get(new.district.name)
        if self._start(new) is None and previous is not None and previous.app is not None:
            with suppress(Problem):  # raised if another district now uses something of it
                settings.require_apart(previous.district, [other.district for other in running.values()])
                self._retry_at = self._clock() + RETRY_INTERVAL
                return previous
        return new

    def _running_or_new(self, district: District) -> RunningDistrict:
        """Return the running district; a new one, not started yet, if its settings have changed."""
        previous = self.running.get(district.name)
        return previous if previous is not None and previous.district == district else RunningDistrict(district)

    def _usable(self) -> Iterator[District]:
        """Yield the districts with usable files; those that run and have none now, with their previous settings.

        Of two that share anything, only the one that had its settings first.
        """
        chosen: list[District] = []
        current = {name: self._read(name) for name in settings.names(self.folder)}

        def sort_key(name: str) -> tuple[bool, bool, str]:
            """Running districts come first, and unchanged ones before changed ones."""
            previous = self._running_settings(name)
            return previous is None, current[name] not in {None, previous}, name

        for name in sorted(current, key=sort_key):
            for district in (current[name], self._running_settings(name)):
                if district is not None and self._is_apart(district, chosen):
                    chosen.append(district)
                    yield district
                    break

    def _running_settings(self, name: str) -> District | None:
        """Return a district with the settings with which it runs; None if it does not run."""
        running = self.running.get(name)
        return running.district if running is not None and running.app is not None else None

    def _read(self, name: str) -> District | None:
        """Return the district with the settings of its file; None if it is not usable, which is logged."""
        with self._logging_problems(name):
            district = settings.read(self.folder, name)
            if district == self._running_settings(name):
                self._log(name, "")  # it was mended
            return district
        return None

    def _is_apart(self, district: District, others: list[District]) -> bool:
        """Return whether a district shares nothing with others; log what it shares."""
        with self._logging_problems(district.name):
            settings.require_apart(district, others)
            return True
        return False

    @contextmanager
    def _logging_problems(self, name: str) -> Iterator[None]:
        """Log whatever is raised in the block about one district, so that the other districts continue."""
        try:
            yield
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with one, the others continue
            self._log(name, _problem_text(problem))

    def _start(self, running: RunningDistrict) -> Flask | None:
        """Return the app of a district, started if possible; one thread tries again every ten seconds."""
        if running.app is not None or self._clock() < running.retry_at or not running.starting.acquire(blocking=False):
            return running.app
        try:
            with self._logging_problems(running.district.name):
                app = create_app({**_as_mapping(running.district), **self._overrides})
                self.on_start(app)
                running.app = app
                self._log(running.district.name, "")
            if running.app is None:
                running.retry_at = self._clock() + RETRY_INTERVAL
        finally:
            running.starting.release()
        return running.app

    def _log(self, name: str, problem: str) -> None:
        """Log a district's problem once; "" if it has none."""
        if problem and problem != self._logged.get(name):
            what = "goes on with its earlier settings" if self._running_settings(name) else "is not served"
            _LOG.error("district %s %s. %s", name, what, problem)
        self._logged[name] = problem


def _problem_text(problem: Exception) -> str:
    """Return the text of a problem; for an unforeseen error only its class, since its text may contain anything."""
    return str(problem) if isinstance(problem, Problem) else f"A fault of the program: {type(problem).__name__}."


def stop(app: Flask) -> None:
    """End the thread, the lock and the connections of a district's app, after it was removed or changed."""
    state_of(app).close()


def _as_mapping(district: District) -> dict[str, Any]:
    return {name: value for name, value in vars(district.settings).items() if value not in (None, "")}


def _text_response(start_response: StartResponse, status: str, body: bytes) -> list[bytes]:
    """Return a response in plain text, which names no district."""
    headers = {**EVERYWHERE, "Content-Type": "text/plain; charset=utf-8", "Cache-Control": NEVER_KEPT}
    start_response(status, [*headers.items(), ("Content-Length", str(len(body)))])
    return [body]
