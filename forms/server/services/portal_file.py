"""The file portal.json, read again when the site generator has handed it over anew: workers need no restart."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from forms.core import portal
from forms.core.portal import Portal
from forms.core.problem import Problem

LOOK_EVERY = 1.0
"""Seconds between two tries to read a file that is broken."""


class PortalFile:
    """Looks at each request whether the file is another: a page of a new build is posted in the same second.

    One that is broken, or half written, changes nothing. problem: what is wrong with the file as it lies there now, or
    empty.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._seen = file_version(path)  # before it is read: what is written meanwhile is seen at the next look
        self.first = portal.read(path)
        self.problem = ""
        self._broken: tuple[int, ...] | None = None
        self._try_at = 0.0
        self._one = threading.Lock()

    @property
    def published(self) -> Path:
        """The folder of the releases, where the file lies in the one in use: published/current/portal.json."""
        return self._path.parent.parent

    def refresh(self, use: Callable[[Portal], object]) -> None:
        """Hand the portal to `use` where the file is another; other requests wait for it so long."""
        version = file_version(self._path)  # some microseconds
        if version == self._seen:
            self.problem = ""
        elif version != self._broken or self._clock() >= self._try_at:
            with self._one:
                if version != self._seen:
                    self._read(version, use)

    def _read(self, version: tuple[int, ...], use: Callable[[Portal], object]) -> None:
        try:
            found = _whole(portal.read(self._path), self._path)
        except Problem as problem:
            self.problem, self._broken, self._try_at = str(problem), version, self._clock() + LOOK_EVERY
        else:
            use(found)
            self._seen, self.problem, self._broken = version, "", None


def _whole(found: Portal, path: Path) -> Portal:
    """Return the portal's file where nothing lacks. Raises Problem where it names no language or no desk."""
    if not found.languages or not found.desks:
        raise Problem(str(path), "names no language or no desk.", "Build the site again: python3 build.py build")
    return found


def file_version(path: Path) -> tuple[int, ...]:
    """Return what changes when the file is written anew, or another takes its name."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
