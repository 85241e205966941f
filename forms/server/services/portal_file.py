"""The file portal.json, read again when the site generator has handed it over anew: workers need no restart."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from forms.core import i18n, portal
from forms.core.portal import Portal
from forms.core.problem import Problem

LOOK_EVERY = 1.0
"""Seconds between two looks at the file."""


class PortalFile:
    """Looks whether the file has changed. One that is broken, or half written, changes nothing.

    problem: what is wrong with the file as it lies there now, or empty.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._seen = file_version(path)  # before it is read: what is written meanwhile is seen at the next look
        self.first = portal.read(path)
        i18n.take_words(self.first.words)
        self.problem = ""
        self._look_at = clock() + LOOK_EVERY
        self._one = threading.Lock()

    def changed(self) -> Portal | None:
        """Return the portal, where there is a new one since the last call; asks the disk at most once a second."""
        if self._clock() < self._look_at or not self._one.acquire(blocking=False):
            return None
        try:
            self._look_at = self._clock() + LOOK_EVERY
            version = file_version(self._path)
            return None if version == self._seen else self._read(version)
        finally:
            self._one.release()

    def _read(self, version: tuple[int, ...]) -> Portal | None:
        try:
            found = _whole(portal.read(self._path), self._path)
        except Problem as problem:
            self.problem = str(problem)
            return None  # looked at again in a second, whether or not it changes
        self._seen, self.problem = version, ""
        i18n.take_words(found.words)
        return found


def _whole(found: Portal, path: Path) -> Portal:
    if not found.languages or not found.desks:
        raise Problem(str(path), "names no language or no desk.", "Build the site again: python3 build.py build")
    return found


def file_version(path: Path) -> tuple[int, ...]:
    """Return what changes when the file is written anew."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino
