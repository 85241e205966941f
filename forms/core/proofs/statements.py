"""The server's daily statements: which letters came for each desk and which are gone. Each names the one before.

All desks get the same statement. It has a hash of each desk's part, with random bytes in it, so that a desk learns of
its own part only.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_STATEMENT = "safe-community-portal statement v1"
_PART = "safe-community-portal statement part v1"

KEPT_DAYS = 60
"""Days that the server keeps a statement."""

MOST_AT_ONCE = 100
"""Statements that the server gives at one request."""


@dataclass(frozen=True)
class DeskPart:
    """What a statement says to one desk: ids of letters that came for it, and of stated ones that are gone."""

    nonce: str = ""
    arrived: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def hash_for(self, desk: str) -> str:
        """Return what stands of it in the statement."""
        return _sha256([_PART, desk, self.nonce, sorted(self.arrived), sorted(self.gone)])


@dataclass(frozen=True)
class DailyStatement:
    """One statement. day: the last day of which it speaks; before: the hash of the one before, empty for the first."""

    number: int
    day: str
    before: str
    parts: Mapping[str, str] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        """Return the one form in which it is signed."""
        return _json([_STATEMENT, self.number, self.day, self.before, sorted(self.parts.items())])

    @property
    def hash(self) -> str:
        """Return the hash by which the next one names it."""
        return hashlib.sha256(self.as_bytes()).hexdigest()


@dataclass(frozen=True)
class StatementForDesk:
    """A statement with its signature and the part of one desk."""

    statement: DailyStatement
    signature: str
    part: DeskPart


def _sha256(fields: Sequence[object]) -> str:
    return hashlib.sha256(_json(fields)).hexdigest()


def _json(fields: Sequence[object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()
