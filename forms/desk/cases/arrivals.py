"""Notice letters that the server held back, or gave out again under another id.

Each machine remembers the last day on which it fetched all that was waiting. A letter that was written before that day
was not there when it should have been: the line or the phone was slow, or the server held it back. What never comes
cannot be noticed by this machine alone; but colleagues at other machines write in cases whose letters are missing here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from forms.core.files.durable import write_safely
from forms.core.ids import is_id
from forms.desk.cases.case import read_day

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
            return f"Letter {self.id[:8]} came under another id than its own: the server may have given it out twice."
        return (
            f"Letter {self.id[:8]} of {self.written} came on {self.fetched} only, though this machine had fetched all "
            "since. A slow line or phone does that, and so does a server that holds letters back. If there are many, "
            "tell the people who run the server."
        )


@dataclass(frozen=True)
class New:
    """A letter that has just come: its id on the server, the id and the day that stand inside it."""

    id: str
    own_id: str
    written: str


class Arrivals:
    """What one machine remembers of its fetches: `arrivals.json` in the desk's folder. Ids and days only."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def note(self, letters: Iterable[New], today: date) -> None:
        """Write down what is odd about the letters of a fetch that brought all that was waiting."""
        last, odd = self._last(), {one.id: one for one in self.odd()}
        for letter in letters:
            for arrival in judged(letter, last, today):
                odd[letter.id] = arrival
        rows = [[one.id, one.kind, one.written, one.fetched] for one in list(odd.values())[-MOST:]]
        data = {"last": max(filter(None, (last, today))).isoformat(), "odd": rows}
        if data != self._data():
            with suppress(OSError):  # a full disk keeps nobody from letters
                write_safely(self._path, json.dumps(data).encode())

    def odd(self) -> tuple[Arrival, ...]:
        """Return the letters that came late or again."""
        rows = self._data().get("odd")
        rows = rows if isinstance(rows, list) else []
        return tuple(Arrival(*map(str, row)) for row in rows if isinstance(row, list) and _is_row(row))

    def _last(self) -> date | None:
        return read_day(str(self._data().get("last", "")))

    def _data(self) -> Mapping[str, object]:
        with suppress(OSError, ValueError, RecursionError):
            data = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(data, dict):
                return data
        return {}


def judged(letter: New, last: date | None, today: date) -> Iterator[Arrival]:
    """Return what is odd about a letter, if anything. last: the day of the last whole fetch before this one."""
    written = read_day(letter.written)
    if letter.own_id and letter.own_id != letter.id:
        yield Arrival(letter.id, "again", letter.written, today.isoformat())
    elif last and written and written + DELAY < last:
        yield Arrival(letter.id, "late", written.isoformat(), today.isoformat())


def _is_row(row: list[object]) -> bool:
    return len(row) == len(Arrival.__dataclass_fields__) and is_id(row[0])
