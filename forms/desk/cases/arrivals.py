"""Detect letters that the server withheld, or gave out again under another id.

Each machine records the last day on which it fetched everything that was waiting. A letter that is older and arrives
only now came late: the connection or the phone was slow, or the server held the letter back. A letter that never
arrives cannot be noticed by this machine alone, but colleagues on other machines write in its case.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import is_id
from forms.desk.cases.log.dates import read_day
from forms.desk.state_file import StateFile

FILE = "arrivals.json"
DELAY = timedelta(days=1)
"""How much older than the last fetch a letter may be: it may be written before midnight and sent after it."""

MAX_ARRIVALS = 1000
"""Unusual arrivals that are remembered: the newest."""


@dataclass(frozen=True)
class Arrival:
    """A letter that came late or twice. kind: "late", or "again" if its own id differs from the server's."""

    id: str
    kind: str
    written: str
    fetched: str

    @property
    def sentence(self) -> str:
        """Return what is unusual about it, in a sentence for staff."""
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
class ArrivedLetter:
    """A letter that has just arrived: its id on the server, and the id and day in its decrypted text."""

    id: str
    own_id: str
    written: str


@dataclass(frozen=True)
class Fetches:
    """The content of the file. last: the last day on which everything was fetched.

    odd: the unusual arrivals: id, kind, written, fetched of each.
    """

    last: str = ""
    odd: tuple[tuple[str, str, str, str], ...] = ()


_NOTHING = Fetches()
_ADAPTER = TypeAdapter(Fetches)


def state_file(folder: Path) -> StateFile[Fetches]:
    """Return the file with the day of the last fetch and the unusual arrivals."""
    lost = "Letters that came late or twice before that are not named any more, and the next late one may not be."
    return StateFile(folder / FILE, _ADAPTER, lost, lambda fetches: all(is_id(row[0]) for row in fetches.odd))


class Arrivals:
    """The unusual arrivals on one machine: `arrivals.json` in the desk's folder. Ids and days only."""

    def __init__(self, folder: Path) -> None:
        self._file = state_file(folder)

    def record(self, letters: Iterable[ArrivedLetter], today: date) -> None:
        """Record the unusual letters of a fetch that brought everything that was waiting."""
        previous = self._file.read_or(_NOTHING)
        last, arrivals = read_day(previous.last), {arrival.id: arrival for arrival in self.unusual()}
        for letter in letters:
            for arrival in unusual_arrivals(letter, last, today):
                arrivals[letter.id] = arrival
        newest = list(arrivals.values())[-MAX_ARRIVALS:]
        rows = tuple((arrival.id, arrival.kind, arrival.written, arrival.fetched) for arrival in newest)
        fetches = Fetches(max(filter(None, (last, today))).isoformat(), rows)
        if fetches != previous:
            self._file.try_to_write(fetches)

    def unusual(self) -> tuple[Arrival, ...]:
        """Return the letters that came late or twice."""
        return tuple(Arrival(*row) for row in self._file.read_or(_NOTHING).odd)


def unusual_arrivals(letter: ArrivedLetter, last: date | None, today: date) -> Iterator[Arrival]:
    """Yield an Arrival if the letter came late or twice. last: the day of the last complete fetch before this one."""
    written = read_day(letter.written)
    if letter.own_id and letter.own_id != letter.id:
        yield Arrival(letter.id, "again", letter.written, today.isoformat())
    elif last and written and written + DELAY < last:
        yield Arrival(letter.id, "late", written.isoformat(), today.isoformat())
