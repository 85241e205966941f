"""Read portal.json again when a build has replaced it, so that workers need no restart."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from forms.core import portal
from forms.core.portal import Portal
from forms.core.problem import Problem

RETRY_INTERVAL = 1.0
"""Seconds between two attempts to read a file that is broken."""


class PortalFile:
    """The file portal.json. Each request checks whether it was replaced: a page of a new build may come a second later.

    A broken or half-written file changes nothing. problem: what is wrong with the file as it is now, or empty.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._version = file_version(path)  # before reading it, so that the next check notices a change meanwhile
        self.first = portal.read(path)
        self.problem = ""
        self._broken_version: tuple[int, ...] | None = None
        self._retry_at = 0.0
        self._reading = threading.Lock()

    @property
    def published(self) -> Path:
        """The folder of the releases, if the file is in the current one: published/current/portal.json."""
        return self._path.parent.parent

    def refresh(self, use: Callable[[Portal], object]) -> None:
        """Call `use` with the portal if the file was replaced; other requests wait meanwhile."""
        version = file_version(self._path)  # takes some microseconds
        if version == self._version:
            self.problem = ""
        elif version != self._broken_version or self._clock() >= self._retry_at:
            with self._reading:
                if version != self._version:
                    self._read(version, use)

    def _read(self, version: tuple[int, ...], use: Callable[[Portal], object]) -> None:
        try:
            new_portal = portal.read(self._path)
            _require_complete(new_portal, self._path)
        except Problem as problem:
            self.problem, self._broken_version = str(problem), version
            self._retry_at = self._clock() + RETRY_INTERVAL
        else:
            use(new_portal)
            self._version, self.problem, self._broken_version = version, "", None


def _require_complete(new_portal: Portal, path: Path) -> None:
    """Raise Problem if a portal names no language or no desk."""
    if not new_portal.languages or not new_portal.desks:
        raise Problem(str(path), "names no language or no desk.", "Build the site again: python3 build.py build")


def file_version(path: Path) -> tuple[int, ...]:
    """Return a value that changes when the file is written again or replaced; empty without a file."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino
