"""The server's daily statements as one machine has recorded them: they must form a chain, and match what came here.

Nothing that is wrong stops a desk: it is said until a person has asked why and lets the statements begin anew.
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

MOST_HEADS, MOST_IDS = 400, 5000

TROUBLES = {
    "key": lazy_gettext("The server signs its daily statements with another key than before."),
    "back": lazy_gettext("The server's daily statements end before the last that this machine has seen."),
    "fork": lazy_gettext("The server now gives another daily statement of that day than it gave this machine before."),
    "chain": lazy_gettext("The server's daily statements do not go on from the last that this machine has seen."),
    "signature": lazy_gettext("A daily statement of the server is not signed by its key."),
    "part": lazy_gettext("A daily statement of the server holds something else for this desk than is signed."),
}
"""What can be wrong with the chain of statements."""


def _todo() -> LazyText:
    return lazy_gettext(
        "A restored or new server does that, and so does one that hides what it said before. Ask whoever runs it. If "
        "that "
        "explains it: %(command)s",
        command=command("trust --statements"),
    )


@dataclass(frozen=True)
class Known:
    """What is remembered. number, day: of the last statement that was accepted; 0 where there is none.

    heads: the hash of each statement by number; missing: letters that were stated and are not here, by the number of
    their statement; given: letters that came here and are not stated yet, by the day before which they should be;
    odd: letters that never were. trouble: one of TROUBLES, or empty; trouble_day: of the last good statement then.
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
        """Return the last statement as entries of the case log name it, empty where there is none."""
        return f"{self.number}:{self.heads[str(self.number)]}" if self.number else ""

    def contradicts(self, head: object) -> bool:
        """Return whether a colleague's machine was shown another statement of the same number."""
        number, _, hash = head.partition(":") if isinstance(head, str) else ("", "", "")
        return bool(hash) and self.heads.get(number, hash) != hash

    def held_back(self) -> list[str]:
        """Return the letters that were stated, never came, and are not called gone by the statement after."""
        return sorted(id for id, number in self.missing.items() if number < self.number)

    def _last_good(self) -> LazyText | str:
        return lazy_gettext("The last good one is of %(day)s.", day=self.trouble_day) if self.trouble_day else ""

    def findings(self) -> Iterator[str]:
        """Return what is wrong, in sentences."""
        if self.trouble:
            yield joined(TROUBLES[self.trouble], self._last_good(), _todo())
        held = self.held_back()
        if held:
            yield lazy_ngettext(
                "The server's daily statement names %(count)s letter that this machine never got (%(letter)s ...). "
                "Fetch "
                "again. If it does not come, the server holds it back: ask whoever runs it.",
                "The server's daily statement names %(count)s letters that this machine never got (%(letter)s ...). "
                "Fetch "
                "again. If they do not come, the server holds them back: ask whoever runs it.",
                len(held),
                letter=held[0][:8],
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
    """Return the file with what is remembered of the statements."""
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
    """The memory itself: `statements.json` in the desk's folder. Ids, days and hashes only."""

    def __init__(self, folder: Path) -> None:
        self._file = state_file(folder)

    def known(self) -> Known:
        """Return what is remembered; nothing where the file is not there or damaged, which the doctor says."""
        return self._file.read_or(Known())

    def note_given(self, letters: Iterable[tuple[str, str]], today: str) -> None:
        """Remember letters (id and the day that stands inside) which should be in the next statements."""
        known = self.known()
        if not known.number:
            return
        fresh = {id: today for id, day in letters if known.day < day <= today and id not in known.missing}
        given = dict([*known.given.items(), *fresh.items()][-MOST_IDS:])
        self._keep(known, replace(known, given=given))

    def take(
        self,
        key: str,
        rows: Sequence[StatementForDesk],
        desk: str,
        is_here: Callable[[str], bool],
        erased: Collection[str] = (),
    ) -> None:
        """Accept the statements as far as they form a chain; what does not is remembered as a trouble.

        erased: letters that are still here, and that somebody asked to erase: the server may not have stated them.
        """
        known = self.known()
        known = replace(known, given={id: day for id, day in known.given.items() if id not in erased})
        self._keep(known, _followed(known, key, rows, desk, is_here) if known.number else _begun(key, rows))

    def begin_anew(self) -> bool:
        """Forget all; the next fetch begins with the server's last statement. Whether there was anything."""
        return self._file.remove()

    def forget(self, ids: Collection[str]) -> None:
        """Forget letters that are erased here."""
        known = self.known()
        missing = {id: number for id, number in known.missing.items() if id not in ids}
        given = {id: day for id, day in known.given.items() if id not in ids}
        odd = tuple(id for id in known.odd if id not in ids)
        self._keep(known, replace(known, missing=missing, given=given, odd=odd))

    def _keep(self, before: Known, known: Known) -> None:
        if known != before:
            self._file.try_to_write(known)


def _begun(key: str, rows: Sequence[StatementForDesk]) -> Known:
    """Return the beginning: the last statement is believed as it comes, if it is signed."""
    if not (rows and is_public_key(key)):
        return Known()
    last = rows[-1]
    if not are_bytes_signed_by(last.statement.as_bytes(), last.signature, key):
        return Known()
    number = last.statement.number
    return Known(key=key, number=number, day=last.statement.day, heads={str(number): last.statement.hash})


def _followed(
    known: Known, key: str, rows: Sequence[StatementForDesk], desk: str, is_here: Callable[[str], bool]
) -> Known:
    """Return what is known after these statements, of which the first should be the last that was accepted."""
    trouble = _trouble_of_beginning(known, key, rows)
    if trouble:
        return _troubled(known, trouble)
    for row in rows[1:]:
        trouble = _trouble(known, row, desk)
        if trouble:
            return _troubled(known, trouble)
        known = _accepted(known, row, is_here)
    return replace(known, missing={id: number for id, number in known.missing.items() if not is_here(id)})


def _troubled(known: Known, trouble: str) -> Known:
    """Return what is known, with the first trouble that was met: it is said until a person has asked why."""
    return known if known.trouble else replace(known, trouble=trouble, trouble_day=known.day)


def _trouble_of_beginning(known: Known, key: str, rows: Sequence[StatementForDesk]) -> str:
    if key != known.key:
        return "key"
    if not rows or rows[0].statement.number < known.number:
        return "back"
    if rows[0].statement.number > known.number:
        return "chain"
    return "" if rows[0].statement.hash == known.heads[str(known.number)] else "fork"


def _trouble(known: Known, row: StatementForDesk, desk: str) -> str:
    statement = row.statement
    if statement.number != known.number + 1 or statement.before != known.heads[str(known.number)]:
        return "chain"
    if not are_bytes_signed_by(statement.as_bytes(), row.signature, known.key):
        return "signature"
    signed = statement.parts.get(desk)
    empty = not (row.part.arrived or row.part.gone)
    return "" if signed == row.part.hash_for(desk) or (signed is None and empty) else "part"


def _accepted(known: Known, row: StatementForDesk, is_here: Callable[[str], bool]) -> Known:
    statement, part = row.statement, row.part
    missing = {id: number for id, number in known.missing.items() if id not in part.gone and not is_here(id)}
    missing |= {id: statement.number for id in part.arrived if not is_here(id)}
    given = {id: day for id, day in known.given.items() if id not in part.arrived and id not in part.gone}
    overdue = [id for id, day in given.items() if day < statement.day]
    heads = dict([*known.heads.items(), (str(statement.number), statement.hash)][-MOST_HEADS:])
    return replace(
        known,
        number=statement.number,
        day=statement.day,
        heads=heads,
        missing=dict(list(missing.items())[-MOST_IDS:]),
        given={id: day for id, day in given.items() if id not in overdue},
        odd=tuple(dict.fromkeys([*known.odd, *filter(is_here, overdue)]))[-MOST_IDS:],
    )
