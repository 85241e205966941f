"""Passphrases: hashing, verifying and suggesting them, and a limit for guesses."""

import hmac
import math
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock, Semaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from editor.office.accounts import normalized_name
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

MIN_LENGTH, MAX_LENGTH = 14, 200
_DIFFERENT = 8
_SUGGESTED = _("Take the one that is offered, or four words and more.")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1, which are easily confused."""

HASHER = PasswordHasher()  # argon2id, 64 MiB, 3 passes: RFC 9106's choice for less memory
_HASH_SLOTS = Semaphore(2)
"""Limits the hashes that are computed at the same time: 128 MiB at most."""


def suggest() -> str:
    """Return a random passphrase of 20 letters (99 bits)."""
    letters = "".join(secrets.choice(_LETTERS) for _step in range(20))
    return "-".join(letters[at : at + 5] for at in range(0, 20, 5))


def hash_passphrase(passphrase: str, name: str) -> str:
    """Return the hash of a passphrase. Raises Problem for one that is too easy to guess."""
    normalized = normalized_name(passphrase)
    if not MIN_LENGTH <= len(passphrase) <= MAX_LENGTH or len(set(normalized)) < _DIFFERENT:
        raise Problem("", _("This passphrase is soon guessed."), _SUGGESTED)
    if normalized_name(name) in normalized and len(normalized) - len(normalized_name(name)) < MIN_LENGTH:
        raise Problem("", _("This passphrase has your name in it."), _SUGGESTED)
    with _HASH_SLOTS:
        return HASHER.hash(passphrase)


DUMMY_HASH = PasswordHasher().hash(secrets.token_hex(16))


def verify(passphrase: str, stored_hash: str) -> bool:
    """Return whether a passphrase has this hash. Without a hash it takes as long, and returns False."""
    with _HASH_SLOTS, suppress(VerificationError, InvalidHashError):
        return HASHER.verify(stored_hash or DUMMY_HASH, passphrase[:MAX_LENGTH]) and bool(stored_hash)
    return False


@dataclass
class GuessLimiter:
    """Delays guesses: per name, per browser that has signed in before, and for all together.

    A browser that has signed in before has its own count, so that a stranger's guesses do not lock its owner out.
    Names without an account are counted like others. The counts are in memory, in a fixed number of slots.
    """

    clock: Callable[[], float]
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _failures: dict[int, tuple[int, float]] = field(default_factory=dict)
    recent: list[float] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    FREE_TRIES, MAX_WAIT, MAX_PER_MINUTE = 5, 900, 30

    def begin(self, name: str, device: str) -> None:
        """Count a try before it is verified. Raises Wait where it comes too soon."""
        with self._lock:
            now, slot = self.clock(), self._slot(name, device)
            failures, since = self._failures.get(slot, (0, 0.0))
            wait = since + self._wait(failures) - now
            if not device:
                self.recent = [at for at in self.recent if at > now - 60]
                if len(self.recent) >= self.MAX_PER_MINUTE:
                    wait = max(wait, self.recent[0] + 60 - now)
                else:
                    self.recent.append(now)
            if wait > 0:
                raise Wait(math.ceil(wait))
            self._failures[slot] = (failures + 1, now)  # before the hash is computed, so that parallel tries count too

    def reset(self, name: str, device: str) -> None:
        """Forget the failed tries of a name and browser, after a right one."""
        with self._lock:
            self._failures.pop(self._slot(name, device), None)

    def _wait(self, failures: int) -> float:
        return 0 if failures < self.FREE_TRIES else min(self.MAX_WAIT, 2.0 ** min(failures - self.FREE_TRIES + 1, 20))

    def _slot(self, name: str, device: str) -> int:
        digest = hmac.digest(self._key, f"{normalized_name(name)}\0{device}".encode(), sha256)
        return int.from_bytes(digest[:3], "big") % 65_536


class Wait(Exception):
    """The next try must wait. seconds: for how long."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds
