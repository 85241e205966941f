"""Passphrases: what is kept of one, one to offer, and how long whoever guesses must wait."""

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

from editor.office.accounts import same_name
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

SHORTEST, LONGEST = 14, 200
_DIFFERENT = 8
_SUGGESTED = _("Take the one that is offered, or four words and more.")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0 and 1, which are read as one another."""

HASHER = PasswordHasher()  # argon2id, 64 MiB, 3 passes: RFC 9106's choice for less memory
_AT_ONCE = Semaphore(2)
"""Hashes that are made at once: 128 MiB at most, whoever asks."""


def offered() -> str:
    """Return a passphrase to offer: 20 letters, 99 bits of chance."""
    letters = "".join(secrets.choice(_LETTERS) for _step in range(20))
    return "-".join(letters[at : at + 5] for at in range(0, 20, 5))


def hashed(passphrase: str, name: str) -> str:
    """Return what is kept of a passphrase. Raises Problem for one that is soon guessed."""
    plain = same_name(passphrase)
    if not SHORTEST <= len(passphrase) <= LONGEST or len(set(plain)) < _DIFFERENT:
        raise Problem("", _("This passphrase is soon guessed."), _SUGGESTED)
    if same_name(name) in plain and len(plain) - len(same_name(name)) < SHORTEST:
        raise Problem("", _("This passphrase has your name in it."), _SUGGESTED)
    with _AT_ONCE:
        return HASHER.hash(passphrase)


NOBODYS_HASH = PasswordHasher().hash(secrets.token_hex(16))


def fits(passphrase: str, kept: str) -> bool:
    """Return whether a passphrase is the one; for nobody's account it takes as long, and is not."""
    with _AT_ONCE, suppress(VerificationError, InvalidHashError):
        return HASHER.verify(kept or NOBODYS_HASH, passphrase[:LONGEST]) and bool(kept)
    return False


@dataclass
class Guessing:
    """Makes whoever guesses wait: for each name, for each browser that the person has signed in with, and over all.

    A browser that has signed in before has a count of its own, so that a stranger who guesses locks nobody out of it.
    Names that there are not are counted as others are. Kept in memory, in places of a fixed number.
    """

    clock: Callable[[], float]
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _wrong: dict[int, tuple[int, float]] = field(default_factory=dict)
    lately: list[float] = field(default_factory=list)
    _busy: Lock = field(default_factory=Lock)

    FREE, LONGEST_WAIT, A_MINUTE = 5, 900, 30

    def begin(self, name: str, device: str) -> None:
        """Count a try before it is looked at. Raises Wait where it comes too soon."""
        with self._busy:
            now, place = self.clock(), self._place(name, device)
            wrong, since = self._wrong.get(place, (0, 0.0))
            wait = since + self._wait(wrong) - now
            if not device:
                self.lately = [one for one in self.lately if one > now - 60]
                if len(self.lately) >= self.A_MINUTE:
                    wait = max(wait, self.lately[0] + 60 - now)
                else:
                    self.lately.append(now)
            if wait > 0:
                raise Wait(math.ceil(wait))
            self._wrong[place] = (wrong + 1, now)  # before the hash is made: many at once count too

    def right(self, name: str, device: str) -> None:
        """Forget the wrong tries of this name and browser."""
        with self._busy:
            self._wrong.pop(self._place(name, device), None)

    def _wait(self, wrong: int) -> float:
        return 0 if wrong < self.FREE else min(self.LONGEST_WAIT, 2.0 ** min(wrong - self.FREE + 1, 20))

    def _place(self, name: str, device: str) -> int:
        mark = hmac.digest(self._key, f"{same_name(name)}\0{device}".encode(), sha256)
        return int.from_bytes(mark[:3], "big") % 65_536


class Wait(Exception):
    """The next try must wait. seconds: for how long."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds
