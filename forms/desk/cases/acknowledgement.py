"""Automatic acknowledgements of letters, and what additions prove: who wrote them, and what that person was shown.

A desk acknowledges each letter that it has opened. What she adds names the answers that her phone opened.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.core.proofs.receipt_proofs import MAX_IDS, is_key, is_proven, short
from forms.desk.cases.case import Case, read_day
from forms.desk.cases.log.case_log import Entry
from forms.desk.crypto.decryption import Letter
from forms.desk.state_file import StateFile

FILE = "acknowledged.json"

MOST = 200
"""Letters that are acknowledged at one fetch: the others wait for the next."""


@dataclass(frozen=True)
class Opened:
    """A first letter that is decrypted here, and its additions: all that this desk can acknowledge of a case."""

    first: Letter
    letters: tuple[Letter, ...]

    @property
    def mark(self) -> str:
        """Return what is remembered of it once it is acknowledged."""
        return " ".join(sorted(short(letter.id) for letter in self.letters))


def opened(
    letters: Iterable[tuple[str, int, Letter | Problem]], has_part: Callable[[str], bool]
) -> dict[str, tuple[int, Opened]]:
    """Return by case its queue and its letters that are here, each with all its parts, where the first has a key."""
    held: dict[str, list[tuple[int, Letter]]] = {}
    for thread, tray, letter in letters:
        if isinstance(letter, Letter) and all(has_part(part.id) for part in letter.parts):
            held.setdefault(thread, []).append((tray, letter))
    found = {}
    for thread, rows in held.items():
        first = next((letter for _, letter in rows if letter.id == thread and not letter.follows), None)
        if first and first.reply_to and is_key(first.answer_key):
            added = sorted((letter for _, letter in rows if letter != first), key=lambda one: (one.day, one.id))
            found[thread] = (min(tray for tray, _ in rows), Opened(first, (first, *added)))
    return found


_ADAPTER = TypeAdapter(dict[str, str])


def state_file(folder: Path) -> StateFile[dict[str, str]]:
    """Return the file that says of each case what of it is acknowledged."""
    lost = "People may be told once more that their letters are open here; nothing needs to be done."
    return StateFile(folder / FILE, _ADAPTER, lost)


class Acknowledged:
    """What this machine has acknowledged: `acknowledged.json` in the desk's folder. Ids only."""

    def __init__(self, folder: Path) -> None:
        self._file = state_file(folder)

    def waiting(self, here: Mapping[str, tuple[int, Opened]]) -> list[Opened]:
        """Return what is not acknowledged yet, priority queue first."""
        done = self._file.read_or({})
        left = [(tray, thread) for thread, (tray, found) in here.items() if done.get(thread) != found.mark]
        return [here[thread][1] for _, thread in sorted(left)[:MOST]]

    def note(self, sent: Iterable[Opened], here: Mapping[str, tuple[int, Opened]]) -> None:
        """Record what was sent; cases that are no longer here are dropped."""
        before = self._file.read_or({})
        done = {thread: mark for thread, mark in before.items() if thread in here}
        done |= {found.first.id: found.mark for found in sent}
        if done != before:
            self._file.try_to_write(done)


def sent_answers(entries: Iterable[Entry]) -> list[str]:
    """Return the ids of the answers that this desk sent, oldest first, as its case log has them."""
    sent = (entry.value.get("sent") for entry in entries)
    return list(dict.fromkeys(id for id in sent if isinstance(id, str)))


def is_from_receipt(letter: Letter, first: Letter | None) -> bool:
    """Return whether what was added comes from whoever has the receipt of the first letter."""
    own_id, _, claim = letter.claim.partition(" ")
    return first is not None and own_id == letter.id and is_proven(first.answer_key, claim, letter.receipt_proof)


def doubts(case: Case) -> dict[str, tuple[str, ...]]:
    """Return what staff must know of the letters of a case, by letter: not proven, or written without our answers."""
    found = {}
    for letter in case.letters:
        if isinstance(letter, Letter) and letter.follows and case.first and is_key(case.first.answer_key):
            found[letter.id] = tuple(_doubts(letter, case))
    return {id: sentences for id, sentences in found.items() if sentences}


def _doubts(letter: Letter, case: Case) -> Iterator[str]:
    if not is_from_receipt(letter, case.first):
        yield lazy_gettext(
            "Not proven: perhaps somebody without the receipt wrote this. Whoever runs the server can make up such an "
            "addition. Ask the person before you rely on it."
        )
        return
    for entry in case.entries:
        sent = entry.value.get("sent")
        if isinstance(sent, str) and _was_due(entry, letter) and short(sent) not in letter.seen:
            yield lazy_gettext(
                "When the person wrote this on %(written)s, their phone had not got what this desk sent on %(sent)s. "
                "The "
                "server may hold it back. Send it again, or reach the person another way.",
                written=letter.day[:10],
                sent=entry.at[:10],
            )


def _was_due(entry: Entry, letter: Letter) -> bool:
    """Return whether an answer was on its way for a day at least when this was added."""
    sent_on, added_on = read_day(entry.at[:10]), read_day(letter.day)
    return bool(sent_on and added_on and sent_on < added_on and len(letter.seen) < MAX_IDS)
