"""Cases: what people wrote and what staff did, computed from letters and entries. Pure: no file, no server."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, timezone
from functools import cached_property
from typing import Any

from forms.core.form_schema import find
from forms.core.i18n import search_words
from forms.core.ids import is_id
from forms.core.media.attachments import MAX_ANSWER_SECONDS
from forms.core.portal import DEFAULT_DAYS
from forms.core.problem import Problem
from forms.desk.cases.log.case_log import REGISTERS, Entry, decision, in_order, standing
from forms.desk.cases.log.versions import rivals
from forms.desk.crypto.copies import Provenance
from forms.desk.crypto.decryption import Letter, PartName

STATES = ("new", "read", "looking", "closed")
TOLD_STATES = {"looking", "closed"}
"""States that the person who told it is shown with the receipt."""

ANSWER_DAYS = DEFAULT_DAYS["answer_days"]
"""Days until a first answer is due, where portal.yml says nothing (keep: answer_days)."""

_INDIA = timezone(timedelta(hours=5, minutes=30))

_FIRST_WORDS = 90

_KINDS_OF_READERS = frozenset({"state", "note", "answer", "merge", "read"})
"""Kinds of entries that nobody writes who has not read the letters."""

_NO_WORDS = frozenset({"sent", "head", "voice", "seconds"})
"""Values of entries that hold ids and hashes."""


@dataclass(frozen=True)
class Setting:
    """The value of a register. rivals: concurrent entries with other values (empty: no conflict)."""

    value: Any
    rivals: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Case:
    """One thread of letters with its log. letters: first, then what was added, by day; a Problem does not open.

    unproven: entries whose writer is not proved; they are shown and change nothing. provenance: of letters that are
    copies, by id. under: the case of the list with which this one stands, empty if it is in the list itself, None where
    that was not worked out (grouping.py).
    """

    id: str
    tray: int
    letters: tuple[Letter | Problem, ...]
    entries: tuple[Entry, ...] = ()
    answer_days: int = field(default=ANSWER_DAYS, compare=False)
    unproven: tuple[Entry, ...] = ()
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    under: str | None = None

    @cached_property
    def first(self) -> Letter | None:
        """The first letter, or None if it cannot be decrypted or has not come."""
        opened = (letter for letter in self.letters if isinstance(letter, Letter))
        return next((letter for letter in opened if not letter.follows), None)

    @property
    def form(self) -> str:
        """The form of the first letter."""
        return self.first.form if self.first else ""

    @property
    def day(self) -> str:
        """The day of the first letter (ISO)."""
        return self.first.day if self.first else ""

    @property
    def language(self) -> str:
        """The language in which the person read the form."""
        return self.first.language if self.first else ""

    @property
    def answers(self) -> Mapping[str, Any]:
        """The first letter's answers."""
        return self.first.answers if self.first else {}

    @property
    def parts(self) -> tuple[tuple[str, PartName], ...]:
        """The photos and recordings of all its letters, each with the id of its letter."""
        opened = (letter for letter in self.letters if isinstance(letter, Letter))
        return tuple((letter.id, part) for letter in opened for part in letter.parts)

    @property
    def hidden_from(self) -> tuple[str, ...]:
        """The desks that the person excluded."""
        form = find(self.form)
        name = (form.hiding_field if form else "") or "hide_from"  # so in letters of a form that this program has not
        hidden = self.answers.get(name, ())
        return tuple(str(desk) for desk in hidden) if isinstance(hidden, (list, tuple)) else ()

    def _setting(self, register: str, key: str, empty: Any) -> Setting:
        last = standing(self.entries, register)
        return Setting(last[-1].value.get(key, empty) if last else empty, rivals(last, decision))

    @cached_property
    def state(self) -> Setting:
        """Return one of STATES. A case that somebody opened is no longer new."""
        written = self._setting("state", "state", STATES[0])
        return replace(written, value=STATES[1]) if written.value == STATES[0] and self._is_opened else written

    @property
    def _is_opened(self) -> bool:
        """Whether somebody opened it, and nobody called it new again since."""
        said = (each for each in reversed(self.entries) if each.kind in {"state", "read"})
        last = next((each for each in said if each.value.get("letters") != 0), None)  # 0: only a recording was heard
        return last is not None and last.kind == "read"

    @cached_property
    def _letters_read(self) -> int:
        """How many of its letters somebody of this desk has read, as far as the log says."""
        read = 0
        for entry in self.entries:
            if entry.kind == "state" and entry.value.get("state") == STATES[0]:
                read = 0
            elif entry.kind in _KINDS_OF_READERS and not (entry.kind == "merge" and not entry.value.get("into")):
                count = entry.value.get("letters")
                read = max(read, count if isinstance(count, int) else 1)
        return read

    @cached_property
    def opened_within(self) -> int | None:
        """Hours from the letter to its first opening here, at most; None where it was not opened or bears no day.

        Entries have a clock and letters only a day: it is counted from the moment at which that day began in India.
        """
        moments = [read_moment(entry.at) for entry in self.entries if entry.kind in _KINDS_OF_READERS]
        known, came = [moment for moment in moments if moment], read_day(self.day)
        if not known or not came:
            return None
        began = datetime.combine(came, time(), _INDIA)
        return max(0, math.ceil((min(known) - began) / timedelta(hours=1)))

    @cached_property
    def voices(self) -> tuple[PartName, ...]:
        """Its recordings."""
        return tuple(part for _, part in self.parts if part.kind == "voice")

    @cached_property
    def unheard(self) -> tuple[PartName, ...]:
        """Its recordings to which nobody of this desk has listened."""
        heard = {entry.value.get("heard") for entry in self.entries if entry.kind == "read"}
        return tuple(part for part in self.voices if part.id not in heard)

    @cached_property
    def spoken_answers(self) -> tuple[PartName, ...]:
        """The recordings beside this desk's answers, as its proven entries name them."""
        return tuple(part for entry in self.entries if (part := spoken_in(entry)))

    @property
    def unread(self) -> bool:
        """Whether it has a letter that nobody of this desk has opened."""
        return len(self.letters) > self._letters_read

    @cached_property
    def assigned(self) -> Setting:
        """The member who has it in hand, or empty."""
        return self._setting("assign", "member", "")

    @cached_property
    def due_day(self) -> Setting:
        """The day that staff wrote down (ISO), or empty."""
        return self._setting("due", "day", "")

    @cached_property
    def theme(self) -> Setting:
        """The public theme, or empty."""
        return self._setting("theme", "theme", "")

    @property
    def counted_as(self) -> Mapping[str, Any]:
        """The theme entry that counts: theme, place, work."""
        last = standing(self.entries, "theme")
        return last[-1].value if last else {}

    @cached_property
    def conflicts(self) -> tuple[tuple[Entry, ...], ...]:
        """Everything that was set to different values on two machines that did not know of each other."""
        found = (rivals(standing(self.entries, register), decision) for register in REGISTERS)
        return tuple(entries for entries in found if entries)

    @cached_property
    def merge_written(self) -> str:
        """The case into which staff merged it, or empty; that case may be gone."""
        return str(self._setting("merge", "into", "").value)

    @property
    def merged_into(self) -> str:
        """The case of the list with which it stands, or empty where it is in the list itself."""
        return self.merge_written if self.under is None else self.under

    @cached_property
    def added_since_merged(self) -> bool:
        """Whether the person added something after it was merged: somebody should read that."""
        merges = [entry for entry in standing(self.entries, "merge") if entry.value.get("into")]
        counts = [entry.value.get("letters") for entry in merges]
        known = [count for count in counts if isinstance(count, int)]
        if merges and not known:  # written before the number was
            last = max(entry.at[:10] for entry in merges)
            return any(isinstance(letter, Letter) and letter.follows and letter.day > last for letter in self.letters)
        return bool(known) and len(self.letters) > max(known)

    @property
    def outcome(self) -> str:
        """The outcome of a closed case."""
        closed = [entry for entry in standing(self.entries, "state") if entry.value.get("state") == "closed"]
        return str(closed[-1].value.get("outcome", "")) if closed else ""

    @cached_property
    def added_since_closed(self) -> bool:
        """Whether the person added something after it was closed: somebody should read that."""
        seen = [entry.value.get("letters") for entry in standing(self.entries, "state")]
        known = [count for count in seen if isinstance(count, int)]
        return bool(self.state.value == "closed" and known and len(self.letters) > max(known))

    @property
    def over(self) -> bool:
        """Return whether the case is closed and nothing was added since."""
        return bool(self.state.value == "closed") and not self.added_since_closed

    @cached_property
    def answered(self) -> bool:
        """Whether anybody has written to the person."""
        return any(entry.kind == "answer" and entry.value.get("text") for entry in self.entries)

    @cached_property
    def due(self) -> date | None:
        """The day that staff set, else that of the first answer; None where nothing is due.

        Where somebody is in danger it is the day of the letter, also without a receipt, until somebody looks into it.
        """
        if self.state.value == "closed" or self.merged_into:
            return None
        if day := read_day(str(self.due_day.value)):
            return day
        came = read_day(self.day)
        if self.urgent and self.state.value in STATES[:2] and not self.answered:
            return came
        can_answer = self.first is not None and self.first.reply_to is not None
        return came + timedelta(days=self.answer_days) if came and can_answer and not self.answered else None

    def is_late(self, today: date) -> bool:
        """Return whether what is due was due before today."""
        return self.due is not None and self.due < today

    def _flag(self, flag: str) -> bool | None:
        last = standing(self.entries, f"flag {flag}")
        return bool(last[-1].value.get("on")) if last else None

    @cached_property
    def urgent(self) -> bool:
        """Return whether somebody is in danger, as the person said, unless staff said otherwise since."""
        flagged = self._flag("urgent")
        return self.answers.get("danger") == "yes" if flagged is None else flagged

    @cached_property
    def child(self) -> bool:
        """A child is spoken of, as the person said or staff noticed."""
        flagged = self._flag("child")
        return self.answers.get("children") == "yes" if flagged is None else flagged

    @cached_property
    def first_words(self) -> str:
        """The first words of what was told, on one line."""
        said = self.answers.get("what") or next((str(text) for text in self.answers.values()), "")
        return " ".join(str(said).split())[:_FIRST_WORDS]

    @cached_property
    def haystack(self) -> str:
        """All words of letters and notes as they are searched (forms/core/i18n/search_words.py)."""
        told = (str(text) for letter in self.letters if isinstance(letter, Letter) for text in letter.answers.values())
        noted = (str(text) for entry in self.entries for name, text in entry.value.items() if name not in _NO_WORDS)
        return " ".join(search_words.index_words("\n".join([self.id, *told, *noted])))

    def time_line(self) -> list[dict[str, Any]]:
        """All that happened, for machines: letters by day, then entries in their order; no words of the letters."""
        came: list[dict[str, Any]] = [
            {"what": "letter", "id": letter.id, "form": letter.form, "day": letter.day, "sealed_by": letter.sealed_by}
            for letter in self.letters
            if isinstance(letter, Letter)
        ]
        for row in came:
            if found := self.provenance.get(str(row["id"])):
                row["copy"] = {"by": found.by, "day": found.day, "proven": found.is_proven}
        unproven = ({**_said(entry), "proven": False} for entry in self.unproven)
        return [*came, *(_said(entry) for entry in self.entries), *unproven]


def _said(entry: Entry) -> dict[str, Any]:
    head = {"what": entry.kind, "id": entry.id, "at": entry.at, "by": entry.member}
    return {**head, "after": list(entry.after), "value": dict(entry.value)}


def read_moment(text: str) -> datetime | None:
    """Return the moment that an entry bears ("2027-01-05T10:20", UTC), None where it bears none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None


def spoken_in(entry: Entry) -> PartName | None:
    """Return the recording beside the answer that an entry is about, or None."""
    id, seconds = entry.value.get("voice"), entry.value.get("seconds")
    if entry.kind != "answer" or not is_id(id):
        return None
    return PartName(str(id), "voice", seconds if type(seconds) is int and 0 < seconds <= MAX_ANSWER_SECONDS else 0)


def cases(
    letters: Iterable[tuple[str, int, Letter | Problem]],
    entries: Iterable[Entry],
    answer_days: int = ANSWER_DAYS,
    unproven: Iterable[Entry] = (),
    provenance: Callable[[Letter], Provenance | None] = lambda _: None,
) -> list[Case]:
    """Return cases from letters (the thread that the server names, tray, letter) and entries, newest first.

    unproven: entries that are shown and change nothing; provenance: of a letter that is a copy.
    """
    threads: dict[str, list[tuple[int, Letter | Problem]]] = {}
    for thread, tray, letter in letters:
        threads.setdefault(thread, []).append((tray, letter))
    logs, doubted = _by_thread(entries), _by_thread(unproven)
    made = [
        Case(
            id=thread,
            tray=min(tray for tray, _ in found),
            letters=tuple(letter for _, letter in sorted(found, key=lambda one: _place(one[1], thread))),
            entries=tuple(in_order(logs.get(thread, ()))),
            answer_days=answer_days,
            unproven=tuple(in_order(doubted.get(thread, ()))),
            provenance=_provenances((letter for _, letter in found), provenance),
        )
        for thread, found in threads.items()
    ]
    return sorted(made, key=lambda case: (case.day, case.id), reverse=True)


def _by_thread(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.thread, []).append(entry)
    return found


def _provenances(
    letters: Iterable[Letter | Problem], provenance: Callable[[Letter], Provenance | None]
) -> Mapping[str, Provenance]:
    found = ((letter.id, provenance(letter)) for letter in letters if isinstance(letter, Letter))
    return {id: known for id, known in found if known}


def _place(letter: Letter | Problem, thread: str) -> tuple[bool, str, str]:
    if not isinstance(letter, Letter):
        return (True, "9", "")
    return (letter.id != thread, letter.day, letter.id)


def read_day(text: str) -> date | None:
    """Return a day from its text (ISO); None where it is none, or so late that nothing can be due after it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year < MAXYEAR else None
