"""Detect letters that the server withheld, or gave out again under another id.

Each machine records the last day on which it fetched all that was waiting. A letter that was written before that day
was not there when it should have been: the line or the phone was slow, or the server held it back. What never comes
cannot be noticed by this machine alone; but colleagues at other machines write in cases whose letters are missing here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import is_id
from forms.desk.cases.case import read_day
from forms.desk.state_file import StateFile

FILE = "arrivals.json"
DELAY = timedelta(days=1)
"""By so much a letter may be older than the last fetch: one that was written before midnight and sent after it."""

MOST = 1000


@dataclass(frozen=True)
class Arrival:
    """A letter that came late or again. kind: "late", or "again" for one whose own id is another."""

    id: str
    kind: str
    written: str
    fetched: str

    @property
    def sentence(self) -> str:
        """Return what is odd about it, for a person."""
        if self.kind == "again":
            return lazy_gettext(
                "Letter %(letter)s came under another id than its own: the server may have given it out twice.",
                letter=self.id[:8],
            )
        return lazy_gettext(
            "Letter %(letter)s of %(written)s came on %(fetched)s only, though this machine had fetched all since. A "
            "slow "
            "line or phone does that, and so does a server that holds letters back. If there are many, tell the people "
            "who run the server.",
            letter=self.id[:8],
            written=self.written,
            fetched=self.fetched,
        )


@dataclass(frozen=True)
class New:
    """A letter that has just come: its id on the server, the id and the day that stand inside it."""

    id: str
    own_id: str
    written: str


@dataclass(frozen=True)
class Fetches:
    """The content of the file. last: the last day on which all was fetched; odd: id, kind, written, fetched of each."""

    last: str = ""
    odd: tuple[tuple[str, str, str, str], ...] = ()


_NOTHING = Fetches()
_ADAPTER = TypeAdapter(Fetches)


def state_file(folder: Path) -> StateFile[Fetches]:
    """Return the file with the last fetch and the odd letters."""
    lost = "Letters that came late or twice before that are not named any more, and the next late one may not be."
    return StateFile(folder / FILE, _ADAPTER, lost, lambda found: all(is_id(row[0]) for row in found.odd))


class Arrivals:
    """The record that one machine keeps of its fetches: `arrivals.json` in the desk's folder. Ids and days only."""

    def __init__(self, folder: Path) -> None:
        self._file = state_file(folder)

    def note(self, letters: Iterable[New], today: date) -> None:
        """Record unusual letters of a fetch that brought everything that was waiting."""
        before = self._file.read_or(_NOTHING)
        last, odd = read_day(before.last), {one.id: one for one in self.odd()}
        for letter in letters:
            for arrival in judged(letter, last, today):
                odd[letter.id] = arrival
        rows = tuple((one.id, one.kind, one.written, one.fetched) for one in list(odd.values())[-MOST:])
        noted = Fetches(max(filter(None, (last, today))).isoformat(), rows)
        if noted != before:
            self._file.try_to_write(noted)

    def odd(self) -> tuple[Arrival, ...]:
        """Return the letters that came late or again."""
        return tuple(Arrival(*row) for row in self._file.read_or(_NOTHING).odd)


def judged(letter: New, last: date | None, today: date) -> Iterator[Arrival]:
    """Return what is odd about a letter, if anything. last: the day of the last whole fetch before this one."""
    written = read_day(letter.written)
    if letter.own_id and letter.own_id != letter.id:
        yield Arrival(letter.id, "again", letter.written, today.isoformat())
    elif last and written and written + DELAY < last:
        yield Arrival(letter.id, "late", written.isoformat(), today.isoformat())
