"""The server's daily statements: the letters that arrived for each desk, and those removed. Each names the one before.

All desks get the same statement. It has a hash of each desk's part, which includes random bytes, so that a desk learns
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

MAX_STATEMENTS = 100
"""Statements in one response of the server."""


@dataclass(frozen=True)
class DeskPart:
    """A desk's part of a statement: ids of letters that arrived for it, and of earlier ones that were removed."""

    nonce: str = ""
    arrived: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def hash_for(self, desk: str) -> str:
        """Return the hash of this part, which the statement contains."""
        return _sha256([_PART, desk, self.nonce, sorted(self.arrived), sorted(self.gone)])


@dataclass(frozen=True)
class DailyStatement:
    """A statement. day: the last day that it covers; before: the hash of the one before, empty for the first."""

    number: int
    day: str
    before: str
    parts: Mapping[str, str] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        """Return the bytes that are signed."""
        return _json([_STATEMENT, self.number, self.day, self.before, sorted(self.parts.items())])

    @property
    def hash(self) -> str:
        """The hash by which the next statement names it."""
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
