"""Cases: what people wrote and what staff did, computed from letters and entries. Pure: no file, no server."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from forms.core.form_schema import find
from forms.core.i18n import search_words
from forms.core.ids import is_id
from forms.core.media.attachments import MAX_ANSWER_SECONDS
from forms.core.portal import DEFAULT_DAYS
from forms.core.problem import Problem
from forms.desk.cases.log.case_log import REGISTERS, STATES, Entry, current_entries, decision
from forms.desk.cases.log.dates import read_day
from forms.desk.cases.log.opening import count_read_letters, hours_to_opening, is_opened
from forms.desk.cases.log.versions import conflicting
from forms.desk.crypto.copies import Provenance
from forms.desk.crypto.decryption import Letter, PartName

REPORTED_STATES = {"looking", "closed"}
"""States that the person is shown with the receipt."""

ANSWER_DAYS = DEFAULT_DAYS["answer_days"]
"""Days until a first answer is due, where portal.yml says nothing (keep: answer_days)."""

_MAX_FIRST_WORDS = 90
"""Characters of `first_words`."""

_NOT_SEARCHED = frozenset({"sent", "head", "voice", "seconds"})
"""Values of entries that hold ids, hashes and numbers."""


@dataclass(frozen=True)
class Setting:
    """The value of a register. rivals: concurrent entries with different values; empty if there is no conflict."""

    value: Any
    rivals: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Case:
    """One thread of letters with its log.

    letters: the first, then follow-ups by day; a Problem in place of a letter that cannot be decrypted.
    unproven: entries whose writer is not proven; they are shown and change nothing. provenance: of letters that are
    copies, by id. listed_under: the listed case that this one is shown with; empty if it is listed itself, None while
    grouping.py has not computed it.
    """

    id: str
    tray: int
    letters: tuple[Letter | Problem, ...]
    entries: tuple[Entry, ...] = ()
    answer_days: int = field(default=ANSWER_DAYS, compare=False)
    unproven: tuple[Entry, ...] = ()
    provenance: Mapping[str, Provenance] = field(default_factory=dict)
    listed_under: str | None = None

    @cached_property
    def first(self) -> Letter | None:
        """The first letter, or None if it cannot be decrypted or has not arrived."""
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
        name = (form.hiding_field if form else "") or "hide_from"  # the name in forms that this program does not know
        hidden = self.answers.get(name, ())
        return tuple(str(desk) for desk in hidden) if isinstance(hidden, (list, tuple)) else ()

    def _setting(self, register: str, key: str, default: Any) -> Setting:
        current = current_entries(self.entries, register)
        return Setting(current[-1].value.get(key, default) if current else default, conflicting(current, decision))

    @cached_property
    def state(self) -> Setting:
        """Return one of STATES. A case that somebody opened is no longer new."""
        written = self._setting("state", "state", STATES[0])
        return replace(written, value=STATES[1]) if written.value == STATES[0] and is_opened(self.entries) else written

    @cached_property
    def hours_to_opening(self) -> int | None:
        """The most hours from the letter to its first opening here; None if it was not opened or has no day."""
        day = read_day(self.day)
        return hours_to_opening(day, self.entries) if day else None

    @cached_property
    def recordings(self) -> tuple[PartName, ...]:
        """The recordings in its letters."""
        return tuple(part for _, part in self.parts if part.kind == "voice")

    @cached_property
    def unheard_recordings(self) -> tuple[PartName, ...]:
        """The recordings to which nobody of this desk has listened."""
        heard = {entry.value.get("heard") for entry in self.entries if entry.kind == "read"}
        return tuple(part for part in self.recordings if part.id not in heard)

    @cached_property
    def answer_recordings(self) -> tuple[PartName, ...]:
        """The recordings that go with this desk's answers, as its proven entries name them."""
        return tuple(part for entry in self.entries if (part := answer_recording(entry)))

    @cached_property
    def is_unread(self) -> bool:
        """Whether it has a letter that nobody of this desk has opened."""
        return len(self.letters) > count_read_letters(self.entries)

    @cached_property
    def assigned(self) -> Setting:
        """The member to whom it is assigned, or empty."""
        return self._setting("assign", "member", "")

    @cached_property
    def due_day(self) -> Setting:
        """The due day that staff set (ISO), or empty."""
        return self._setting("due", "day", "")

    @cached_property
    def theme(self) -> Setting:
        """The public theme, or empty."""
        return self._setting("theme", "theme", "")

    @property
    def theme_details(self) -> Mapping[str, Any]:
        """The theme, place and work of the current theme entry."""
        current = current_entries(self.entries, "theme")
        return current[-1].value if current else {}

    @cached_property
    def conflicts(self) -> tuple[tuple[Entry, ...], ...]:
        """The entries of each register that two machines set to different values without knowing of each other."""
        conflicts = (conflicting(current_entries(self.entries, register), decision) for register in REGISTERS)
        return tuple(entries for entries in conflicts if entries)

    @cached_property
    def merge_target(self) -> str:
        """The id of the case into which staff merged it, or empty; that case may have been erased."""
        return str(self._setting("merge", "into", "").value)

    @property
    def merged_into(self) -> str:
        """The id of the listed case that it is shown with, or empty if it is listed itself."""
        return self.merge_target if self.listed_under is None else self.listed_under

    @cached_property
    def added_since_merged(self) -> bool:
        """Whether the person added something after it was merged: somebody should read that."""
        merges = [entry for entry in current_entries(self.entries, "merge") if entry.value.get("into")]
        counts = [entry.value.get("letters") for entry in merges]
        known = [count for count in counts if isinstance(count, int)]
        if merges and not known:  # merged before entries recorded the number of letters
            last = max(entry.at[:10] for entry in merges)
            return any(isinstance(letter, Letter) and letter.follows and letter.day > last for letter in self.letters)
        return bool(known) and len(self.letters) > max(known)

    @property
    def outcome(self) -> str:
        """The outcome of a closed case."""
        closed = [entry for entry in current_entries(self.entries, "state") if entry.value.get("state") == "closed"]
        return str(closed[-1].value.get("outcome", "")) if closed else ""

    @cached_property
    def added_since_closed(self) -> bool:
        """Whether the person added something after it was closed: somebody should read that."""
        counts = [entry.value.get("letters") for entry in current_entries(self.entries, "state")]
        known = [count for count in counts if isinstance(count, int)]
        return bool(self.state.value == "closed" and known and len(self.letters) > max(known))

    @property
    def is_over(self) -> bool:
        """Whether the case is closed and nothing was added since."""
        return bool(self.state.value == "closed") and not self.added_since_closed

    @cached_property
    def is_answered(self) -> bool:
        """Whether anybody has written to the person."""
        return any(entry.kind == "answer" and entry.value.get("text") for entry in self.entries)

    @cached_property
    def due(self) -> date | None:
        """The day that staff set, else the day by which a first answer is due; None where nothing is due.

        If somebody is in danger, it is the day of the letter, even without a receipt, until somebody looks into it.
        """
        if self.state.value == "closed" or self.merged_into:
            return None
        if day := read_day(str(self.due_day.value)):
            return day
        day = read_day(self.day)
        if self.is_urgent and self.state.value in STATES[:2] and not self.is_answered:
            return day
        can_answer = self.first is not None and self.first.reply_to is not None
        return day + timedelta(days=self.answer_days) if day and can_answer and not self.is_answered else None

    def is_late(self, today: date) -> bool:
        """Return whether it was due before today."""
        return self.due is not None and self.due < today

    def _flag(self, flag: str) -> bool | None:
        """Return the value of a flag, or None if staff never set it."""
        current = current_entries(self.entries, f"flag {flag}")
        return bool(current[-1].value.get("on")) if current else None

    @cached_property
    def is_urgent(self) -> bool:
        """Whether somebody is in danger, as the person wrote, unless staff have changed that since."""
        flag = self._flag("urgent")
        return self.answers.get("danger") == "yes" if flag is None else flag

    @cached_property
    def involves_child(self) -> bool:
        """Whether it is about a child, as the person wrote, unless staff have changed that since."""
        flag = self._flag("child")
        return self.answers.get("children") == "yes" if flag is None else flag

    @cached_property
    def first_words(self) -> str:
        """The first words of the first letter, on one line."""
        text = self.answers.get("what") or next((str(answer) for answer in self.answers.values()), "")
        return " ".join(str(text).split())[:_MAX_FIRST_WORDS]

    @cached_property
    def search_text(self) -> str:
        """All words of letters and notes, as they are searched (forms/core/i18n/search_words.py)."""
        opened = [letter for letter in self.letters if isinstance(letter, Letter)]
        letters = (str(text) for letter in opened for text in letter.answers.values())
        log = (str(text) for entry in self.entries for name, text in entry.value.items() if name not in _NOT_SEARCHED)
        return " ".join(search_words.index_words("\n".join([self.id, *letters, *log])))

    def time_line(self) -> list[dict[str, Any]]:
        """Return all that happened, as data: letters by day, then entries in order; no words of the letters."""
        letters: list[dict[str, Any]] = [
            {"what": "letter", "id": letter.id, "form": letter.form, "day": letter.day, "sealed_by": letter.sealed_by}
            for letter in self.letters
            if isinstance(letter, Letter)
        ]
        for row in letters:
            if provenance := self.provenance.get(str(row["id"])):
                row["copy"] = {"by": provenance.by, "day": provenance.day, "proven": provenance.is_proven}
        unproven = ({**_time_line_row(entry), "proven": False} for entry in self.unproven)
        return [*letters, *(_time_line_row(entry) for entry in self.entries), *unproven]


def _time_line_row(entry: Entry) -> dict[str, Any]:
    head = {"what": entry.kind, "id": entry.id, "at": entry.at, "by": entry.member}
    return {**head, "after": list(entry.after), "value": dict(entry.value)}


def answer_recording(entry: Entry) -> PartName | None:
    """Return the recording that goes with the answer of an entry, or None."""
    id, seconds = entry.value.get("voice"), entry.value.get("seconds")
    if entry.kind != "answer" or not is_id(id):
        return None
    return PartName(str(id), "voice", seconds if type(seconds) is int and 0 < seconds <= MAX_ANSWER_SECONDS else 0)
