"""Acknowledgements of opened letters, and what a follow-up proves: who wrote it, and which answers they had seen.

A desk acknowledges each letter that it has opened. A follow-up names the answers that the person's phone had opened.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.core.proofs.receipt_proofs import MAX_IDS, is_key, is_proven, short
from forms.desk.cases.case import Case
from forms.desk.cases.log.case_log import Entry
from forms.desk.cases.log.dates import read_day
from forms.desk.crypto.decryption import Letter
from forms.desk.state_file import StateFile

FILE = "acknowledged.json"

BATCH_SIZE = 200
"""Cases that are acknowledged at one fetch; the others wait for the next."""


@dataclass(frozen=True)
class OpenedThread:
    """A decrypted first letter with its follow-ups: all that this desk can acknowledge of a case.

    letters: the first letter, then the follow-ups by day.
    """

    first: Letter
    letters: tuple[Letter, ...]

    @property
    def mark(self) -> str:
        """Return the text that records which letters were acknowledged: their short ids."""
        return " ".join(sorted(short(letter.id) for letter in self.letters))


def opened_threads(
    letters: Iterable[tuple[str, int, Letter | Problem]], has_part: Callable[[str], bool]
) -> dict[str, tuple[int, OpenedThread]]:
    """Return the queue and the opened letters of each case that can be acknowledged, by the case's id.

    A letter counts once all its attachments are here. A case counts if its first letter has a key for answers.
    """
    complete: dict[str, list[tuple[int, Letter]]] = {}
    for thread, tray, letter in letters:
        if isinstance(letter, Letter) and all(has_part(part.id) for part in letter.parts):
            complete.setdefault(thread, []).append((tray, letter))
    threads = {}
    for thread, rows in complete.items():
        first = next((letter for _, letter in rows if letter.id == thread and not letter.follows), None)
        if first and first.reply_to and is_key(first.answer_key):
            follow_ups = [letter for _, letter in rows if letter != first]
            follow_ups.sort(key=lambda letter: (letter.day, letter.id))
            threads[thread] = (min(tray for tray, _ in rows), OpenedThread(first, (first, *follow_ups)))
    return threads


_ADAPTER = TypeAdapter(dict[str, str])


def state_file(folder: Path) -> StateFile[dict[str, str]]:
    """Return the file that records which letters of each case are acknowledged."""
    lost = "People may be told once more that their letters are open here; nothing needs to be done."
    return StateFile(folder / FILE, _ADAPTER, lost)


class AcknowledgementRecord:
    """The letters that this machine has acknowledged: `acknowledged.json` in the desk's folder. Ids only."""

    def __init__(self, folder: Path) -> None:
        self._file = state_file(folder)

    def pending(self, threads: Mapping[str, tuple[int, OpenedThread]]) -> list[OpenedThread]:
        """Return the cases that are not acknowledged yet, priority queue first, at most BATCH_SIZE."""
        marks = self._file.read_or({})
        pending = [(tray, id) for id, (tray, opened) in threads.items() if marks.get(id) != opened.mark]
        return [threads[id][1] for _, id in sorted(pending)[:BATCH_SIZE]]

    def record(self, sent: Iterable[OpenedThread], threads: Mapping[str, tuple[int, OpenedThread]]) -> None:
        """Record the acknowledgements that were sent, and drop cases that are no longer on this machine."""
        previous = self._file.read_or({})
        marks = {id: mark for id, mark in previous.items() if id in threads}
        marks |= {opened.first.id: opened.mark for opened in sent}
        if marks != previous:
            self._file.try_to_write(marks)


def sent_answers(entries: Iterable[Entry]) -> list[str]:
    """Return the ids of the answers that this desk sent, oldest first, according to its case log."""
    sent = (entry.value.get("sent") for entry in entries)
    return list(dict.fromkeys(id for id in sent if isinstance(id, str)))


def is_from_receipt(letter: Letter, first: Letter | None) -> bool:
    """Return whether a follow-up is proven to come from somebody who has the first letter's receipt."""
    own_id, _, claim = letter.claim.partition(" ")
    return first is not None and own_id == letter.id and is_proven(first.answer_key, claim, letter.receipt_proof)


def doubts(case: Case) -> dict[str, tuple[str, ...]]:
    """Return warnings about the follow-ups of a case, by letter: not proven, or written without seeing our answers."""
    warnings = {}
    for letter in case.letters:
        if isinstance(letter, Letter) and letter.follows and case.first and is_key(case.first.answer_key):
            warnings[letter.id] = tuple(_doubts(letter, case))
    return {id: sentences for id, sentences in warnings.items() if sentences}


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
    """Return whether an answer was sent on an earlier day than this follow-up was written."""
    sent_on, added_on = read_day(entry.at[:10]), read_day(letter.day)
    return bool(sent_on and added_on and sent_on < added_on and len(letter.seen) < MAX_IDS)
