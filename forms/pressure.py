"""Too many letters at once: noticed without looking at who sends them; answered with work, never with a refusal.

A whole village shares one address, and a training day looks like an attack from it. So nobody is limited by address.
Above a number of letters in ten minutes, those that come with proof of work go to the first tray, others to the second.
"""

import hashlib
import threading
import time
from collections.abc import Callable

CALM = 30
"""Letters that may come at once, and so many again every ten minutes, before we speak of pressure."""

BITS = 17
"""Leading zero bits of the work: 131,000 hashes on average, a few seconds of a cheap phone."""

_REFILL = 600.0


class Pressure:
    """A leaky bucket for the whole endpoint (each process has its own). Holds one number and no letter."""

    def __init__(self, calm: int = CALM, clock: Callable[[], float] = time.monotonic) -> None:
        self._calm, self._clock = calm, clock
        self._level, self._seen = 0.0, clock()
        self._lock = threading.Lock()

    def count(self) -> None:
        """One more letter came."""
        with self._lock:
            self._leak()
            self._level += 1

    def is_high(self) -> bool:
        """Whether letters come faster than `calm` in ten minutes."""
        with self._lock:
            self._leak()
            return self._level >= self._calm

    def _leak(self) -> None:
        now = self._clock()
        self._level = max(0.0, self._level - (now - self._seen) * self._calm / _REFILL)
        self._seen = now


def is_worked(letter_id: str, sealed: bytes, work: str, bits: int = BITS) -> bool:
    """Whether `work` (a number as text) was found for just this letter: it cannot be used for another.

    SHA-256 of "portal-work <id> <SHA-256 of the letter, hexadecimal> <work>" begins with `bits` zero bits.
    """
    if not (work.isascii() and work.isdigit() and len(work) <= 20):  # noqa: PLR2004
        return False
    return _zeros(work_text(letter_id, sealed, work)) >= bits


def work_text(letter_id: str, sealed: bytes, work: str) -> bytes:
    """What is hashed."""
    return f"portal-work {letter_id} {hashlib.sha256(sealed).hexdigest()} {work}".encode()


def _zeros(text: bytes) -> int:
    digest = hashlib.sha256(text).digest()
    return 256 - int.from_bytes(digest).bit_length()
