"""The values that the store of concerns takes and returns, its limits, and its own errors."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from forms.core.problem import Problem
from forms.server.store.faults import NotKept

PRIORITY_QUEUE, SECOND_QUEUE = 1, 2
"""The second queue is for letters that came without proof of work during a flood."""

MAX_COPIES = 8
"""Copies of one item that one member may make for one reader. None replaces another, so their number is limited."""

MAX_ENTRIES, MAX_ANSWERS = 2000, 500
"""Entries and answers of one desk to one letter: more than staff write, and few enough for the disk."""

MAX_VOICES = 20
"""Voices of one desk's answers to one letter."""

FETCHED = "fetched"
"""What the access log records when a member fetches a letter."""


class PartsMissing(Problem):
    """Attachments that a letter names are missing, or were encrypted for other desks: nothing was stored."""

    def __init__(self, missing: Iterable[str]) -> None:
        super().__init__("store", "Parts of the letter are not here.", "Send them again, then the letter.")
        self.missing = tuple(missing)


class WriteRefused(Problem):
    """What a desk sent was not stored: there are too many, or the reader has the original or must not have it."""


class LetterGone(NotKept):
    """The letter that this one follows was erased meanwhile: nothing was kept."""


@dataclass(frozen=True)
class NewLetter:
    """An encrypted letter to be stored. thread: the id of the letter that it follows, or its own. tray: its queue."""

    id: str
    thread: str
    form: str
    day: date
    lookup: bytes | None
    sealed: bytes
    desks: tuple[str, ...]
    parts: tuple[str, ...] = ()
    tray: int = PRIORITY_QUEUE
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class WaitingLetter:
    """A letter that a member of a desk can fetch. maker: the member who handed it over, empty for an original.

    tray: its queue. copies: whether there are copies of it.
    """

    id: str
    thread: str
    form: str
    day: date
    tray: int
    maker: str
    copies: bool
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Copy:
    """A copy of a letter, part or entry that a member of a desk encrypted anew. digest: SHA-256 of its bytes."""

    item: str
    digest: str
    maker: str


@dataclass(frozen=True)
class Answer:
    """An answer that a desk encrypted for the person."""

    desk: str
    day: date
    sealed: bytes


@dataclass(frozen=True)
class Progress:
    """What a receipt shows: its letter and the answers to it.

    days: the days on which the letter and what was added to it came. desks: those that can open it. taken_by: those
    that have fetched it.
    """

    id: str
    days: tuple[date, ...]
    desks: tuple[str, ...]
    taken_by: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class EntryRow:
    """One sealed entry of a desk's case log."""

    id: str
    letter: str
    day: date


@dataclass(frozen=True)
class Access:
    """What a member of a desk did, and on which day (`at`): a time would narrow down when the letter came."""

    at: str
    member: str
    what: str
    letter: str
