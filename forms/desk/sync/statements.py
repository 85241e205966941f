"""The server's daily statements as one machine has recorded them: they must form a chain, and match its letters.

A fault does not stop a desk: the doctor reports it until somebody has asked why and resets the statements.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.crypto.signing import are_bytes_signed_by, is_public_key
from forms.core.i18n.lazy_text import LazyText, joined, lazy_gettext, lazy_ngettext
from forms.core.ids import is_id
from forms.core.proofs.statements import StatementForDesk
from forms.desk.command_line import command
from forms.desk.state_file import StateFile
from forms.desk.sync.rows import is_day

FILE = "statements.json"

MAX_HEADS, MAX_IDS = 400, 5000

TROUBLES = {
    "key": lazy_gettext("The server signs its daily statements with another key than before."),
    "back": lazy_gettext("The server's daily statements end before the last that this machine has seen."),
    "fork": lazy_gettext("The server now gives another daily statement of that day than it gave this machine before."),
    "chain": lazy_gettext("The server's daily statements do not go on from the last that this machine has seen."),
    "signature": lazy_gettext("A daily statement of the server is not signed by its key."),
    "part": lazy_gettext("A daily statement of the server holds something else for this desk than is signed."),
}
"""The faults that the chain of statements can have."""


def _todo() -> LazyText:
    return lazy_gettext(
        "A restored or new server does that, and so does one that hides what it said before. Ask whoever runs it. If "
        "that "
        "explains it: %(command)s",
        command=command("trust --statements"),
    )


@dataclass(frozen=True)
class Known:
    """The recorded state. number, day: those of the last accepted statement; 0 if there is none.

    heads: the hash of each statement, by number. missing: letters in a statement that are not here, with its number.
    given: letters that came here and are in no statement yet, with the day on which they came; odd: letters that
    should have been in a statement and were not. trouble: one of TROUBLES, or empty; trouble_day: the day of the last
    valid statement then.
    """

    key: str = ""
    number: int = 0
    day: str = ""
    heads: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    odd: tuple[str, ...] = ()
    trouble: str = ""
    trouble_day: str = ""

    @property
    def head(self) -> str:
        """The last statement as entries of the case log name it; empty if there is none."""
        return f"{self.number}:{self.heads[str(self.number)]}" if self.number else ""

    def contradicts(self, head: object) -> bool:
        """Return whether a colleague's machine was shown a different statement of the same number."""
        number, _, hash = head.partition(":") if isinstance(head, str) else ("", "", "")
        return bool(hash) and self.heads.get(number, hash) != hash

    def withheld(self) -> list[str]:
        """Return the letters that were in an earlier statement, never came, and were not stated as erased since."""
        return sorted(id for id, number in self.missing.items() if number < self.number)

    def _last_good(self) -> LazyText | str:
        return lazy_gettext("The last good one is of %(day)s.", day=self.trouble_day) if self.trouble_day else ""

    def findings(self) -> Iterator[str]:
        """Yield the faults, in sentences for staff."""
        if self.trouble:
            yield joined(TROUBLES[self.trouble], self._last_good(), _todo())
        withheld = self.withheld()
        if withheld:
            yield lazy_ngettext(
                "The server's daily statement names %(count)s letter that this machine never got (%(letter)s ...). "
                "Fetch "
                "again. If it does not come, the server holds it back: ask whoever runs it.",
                "The server's daily statement names %(count)s letters that this machine never got (%(letter)s ...). "
                "Fetch "
                "again. If they do not come, the server holds them back: ask whoever runs it.",
                len(withheld),
                letter=withheld[0][:8],
            )
        for id in self.odd:
            yield lazy_gettext(
                "The server gave out letter %(letter)s and does not name it in its daily statement. That is so where a "
                "colleague erased it on the same day. If not, ask whoever runs the server. To end this notice: "
                "%(command)s",
                letter=id[:8],
                command=command("trust --statements"),
            )


_ADAPTER = TypeAdapter(Known)


def state_file(folder: Path) -> StateFile[Known]:
    """Return the file with the recorded statements."""
    lost = (
        "What the server's daily statements showed before is forgotten; they begin anew. Compare today's number with "
        "other desks."
    )
    return StateFile(folder / FILE, _ADAPTER, lost, _is_whole)


def _is_whole(known: Known) -> bool:
    ids = (*known.missing, *known.given, *known.odd)
    last = not known.number or (str(known.number) in known.heads and is_day(known.day))
    return last and known.trouble in {"", *TROUBLES} and all(map(is_id, ids))


class Statements:
    """The recorded statements: `statements.json` in the desk's folder. Ids, days and hashes only."""

    def __init__(self, folder: Path) -> None:
        self._file = state_file(folder)

    def known(self) -> Known:
        """Return the recorded state; an empty one if the file is missing, or damaged, which the doctor reports."""
        return self._file.read_or(Known())

    def record_received(self, letters: Iterable[tuple[str, str]], today: str) -> None:
        """Record letters (the id and the day in each) that arrived today and should be in the next statements."""
        known = self.known()
        if not known.number:
            return
        new = {id: today for id, day in letters if known.day < day <= today and id not in known.missing}
        given = dict([*known.given.items(), *new.items()][-MAX_IDS:])
        self._save(known, replace(known, given=given))

    def follow(
        self,
        key: str,
        rows: Sequence[StatementForDesk],
        desk: str,
        is_here: Callable[[str], bool],
        erased: Collection[str] = (),
    ) -> None:
        """Accept the statements as far as they form a valid chain; record the first fault as a trouble.

        erased: letters on this machine with a request to erase them: the server may not have stated them.
        """
        known = self.known()
        known = replace(known, given={id: day for id, day in known.given.items() if id not in erased})
        self._save(known, _follow(known, key, rows, desk, is_here) if known.number else _first_state(key, rows))

    def reset(self) -> bool:
        """Delete the record; the next fetch begins with the server's last statement. Return whether there was one."""
        return self._file.remove()

    def forget(self, ids: Collection[str]) -> None:
        """Remove letters that are erased here from the record."""
        known = self.known()
        missing = {id: number for id, number in known.missing.items() if id not in ids}
        given = {id: day for id, day in known.given.items() if id not in ids}
        odd = tuple(id for id in known.odd if id not in ids)
        self._save(known, replace(known, missing=missing, given=given, odd=odd))

    def _save(self, previous: Known, known: Known) -> None:
        if known != previous:
            self._file.try_to_write(known)


def _first_state(key: str, rows: Sequence[StatementForDesk]) -> Known:
    """Return the state at the first use: the last statement is trusted if it is signed."""
    if not (rows and is_public_key(key)):
        return Known()
    last = rows[-1]
    if not are_bytes_signed_by(last.statement.as_bytes(), last.signature, key):
        return Known()
    number = last.statement.number
    return Known(key=key, number=number, day=last.statement.day, heads={str(number): last.statement.hash})


def _follow(
    known: Known, key: str, rows: Sequence[StatementForDesk], desk: str, is_here: Callable[[str], bool]
) -> Known:
    """Return the state after these statements. The first of them should be the last accepted one."""
    trouble = _first_row_trouble(known, key, rows)
    if trouble:
        return _with_trouble(known, trouble)
    for row in rows[1:]:
        trouble = _trouble(known, row, desk)
        if trouble:
            return _with_trouble(known, trouble)
        known = _accept(known, row, is_here)
    return replace(known, missing={id: number for id, number in known.missing.items() if not is_here(id)})


def _with_trouble(known: Known, trouble: str) -> Known:
    """Return the state with this trouble, unless it has an earlier one: the first is reported until it is reset."""
    return known if known.trouble else replace(known, trouble=trouble, trouble_day=known.day)


def _first_row_trouble(known: Known, key: str, rows: Sequence[StatementForDesk]) -> str:
    """Return the fault of the key or of the first statement, or an empty text."""
    if key != known.key:
        return "key"
    if not rows or rows[0].statement.number < known.number:
        return "back"
    if rows[0].statement.number > known.number:
        return "chain"
    return "" if rows[0].statement.hash == known.heads[str(known.number)] else "fork"


def _trouble(known: Known, row: StatementForDesk, desk: str) -> str:
    """Return the fault of a statement that should follow the last accepted one, or an empty text."""
    statement = row.statement
    if statement.number != known.number + 1 or statement.before != known.heads[str(known.number)]:
        return "chain"
    if not are_bytes_signed_by(statement.as_bytes(), row.signature, known.key):
        return "signature"
    signed_hash = statement.parts.get(desk)
    is_empty = not (row.part.arrived or row.part.gone)
    return "" if signed_hash == row.part.hash_for(desk) or (signed_hash is None and is_empty) else "part"


def _accept(known: Known, row: StatementForDesk, is_here: Callable[[str], bool]) -> Known:
    """Return the state after a valid statement."""
    statement, part = row.statement, row.part
    missing = {id: number for id, number in known.missing.items() if id not in part.gone and not is_here(id)}
    missing |= {id: statement.number for id in part.arrived if not is_here(id)}
    given = {id: day for id, day in known.given.items() if id not in part.arrived and id not in part.gone}
    overdue = [id for id, day in given.items() if day < statement.day]
    heads = dict([*known.heads.items(), (str(statement.number), statement.hash)][-MAX_HEADS:])
    return replace(
        known,
        number=statement.number,
        day=statement.day,
        heads=heads,
        missing=dict(list(missing.items())[-MAX_IDS:]),
        given={id: day for id, day in given.items() if id not in overdue},
        odd=tuple(dict.fromkeys([*known.odd, *filter(is_here, overdue)]))[-MAX_IDS:],
    )
