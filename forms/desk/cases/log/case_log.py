"""The case log's entries: what staff decided and wrote, append-only, each encrypted to all keys of the desk.

An entry names the entries that its writer had seen (`after`). So two machines that wrote without knowing of each
other are told apart from one that changed its mind, with no clock to trust (L. Lamport, 1978; docs/decisions/0007).
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter
from typing import Any

from forms.core.crypto.encryption import seal
from forms.core.crypto.signing import SignedStatement, content_hash
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import is_id, new_id
from forms.core.problem import Problem
from forms.desk.cases.log.versions import latest
from forms.desk.crypto.copies import CopyMark, read_mark
from forms.desk.crypto.decryption import Identities, NotALetter, open_json
from forms.desk.crypto.foreign_json import ODD_JSON, tame

KINDS = frozenset({"state", "note", "assign", "due", "flag", "answer", "handover", "merge", "theme", "read"})

LONGEST = 4000
"""Characters of a note: it fits the size class of all entries in every script."""

_SIZE = 24576


@dataclass(frozen=True)
class Entry:
    """One entry. thread: the first letter's id; at: the writer's clock, "2027-01-05T10:20" UTC; value: by kind.

    value: state {state, outcome, letters: how many the case had}, note {text}, assign {member}, due {day},
    flag {flag, on}, answer {text, state; of a recording beside it voice: its id, seconds}, handover {desk},
    merge {into, letters}, theme {theme, place, work},
    read {letters}: somebody opened it when it had so many.
    signature: the writer's, over all of this; copy: who encrypted it anew, if anybody.
    """

    id: str
    thread: str
    member: str
    at: str
    after: tuple[str, ...]
    kind: str
    value: Mapping[str, Any]
    signature: str = ""
    copy: CopyMark | None = field(default=None, compare=False)

    @property
    def register(self) -> str:
        """What it sets: entries of the same register replace each other; empty where nothing is replaced."""
        if self.kind == "flag":
            return f"flag {self.value.get('flag')}"
        return self.kind if self.kind in {"state", "assign", "due", "merge", "theme"} else ""


def new_entry(thread: str, member: str, after: Sequence[str], kind: str, value: Mapping[str, Any]) -> Entry:
    """Return an entry of now. Raises Problem for a kind that there is not or a text that is too long."""
    if kind not in KINDS:
        raise Problem(
            "case log",
            lazy_gettext("%(kind)s is no kind of entry.", kind=kind),
            lazy_gettext("There are: %(names)s.", names=", ".join(sorted(KINDS))),
        )
    for text in value.values():
        if isinstance(text, str) and len(text) > LONGEST:
            raise Problem(
                "case log",
                lazy_gettext("The text has %(number)s letters.", number=len(text)),
                lazy_gettext("Write at most %(number)s, or two notes.", number=LONGEST),
            )
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
    return Entry(new_id(), thread, member, at, tuple(after), kind, dict(value))


def sealed_entry(entry: Entry, keys: Sequence[str]) -> bytes:
    """Return an entry sealed for all keys of its desk: every entry has one size."""
    data = {name: value for name, value in asdict(entry).items() if name != "copy"}
    return seal({"form": "entry", "version": 1, **data}, keys, _SIZE)


def statement_of(entry: Entry, desk: str) -> SignedStatement:
    """Return what the writer of an entry signs: every word of it, its place, and the desk."""
    content = content_hash(
        {"at": entry.at, "after": list(entry.after), "kind": entry.kind, "value": dict(entry.value)},
    )
    return SignedStatement("entry", entry.thread, entry.id, desk, entry.member, entry.at[:10], content)


def open_entry(id: str, sealed: bytes, identities: Identities) -> Entry:
    """Return an encrypted entry. Raises NotForThisDesk or NotALetter."""
    return read_entry(id, open_json(sealed, identities))


def read_entry(id: str, data: Any, *, kept: bool = False) -> Entry:
    """Return an entry from its JSON. `id`: of its file, since the text may claim any. Raises NotALetter.

    kept: from this machine's index.
    """
    if is_id(id) and isinstance(data, dict):
        with suppress(*ODD_JSON):
            entry = _entry(id, data, kept=kept)
            if is_id(entry.thread) and _has_known_types(entry.value):
                return entry
    raise NotALetter("case log", "An entry has not the shape of one.", "Leave it, and tell a developer.")


def _entry(id: str, data: Mapping[str, Any], *, kept: bool) -> Entry:
    mark = read_mark(data, kept=kept)
    data = tame(data)
    after = tuple(filter(is_id, data["after"]))
    texts = {name: str(data[name]) for name in ("thread", "member", "at", "kind")}
    signature = str(data.get("signature", ""))
    return Entry(id, **texts, after=after, value=dict(data["value"]), signature=signature, copy=mark)


_TEXTS = frozenset({
    "state", "outcome", "text", "member", "day", "flag", "desk", "into", "theme", "place", "work", "sent", "heard",
    "head",
})  # fmt: skip
"""Values of an entry that are read as texts; others that a newer program writes are only shown."""


def _has_known_types(value: Mapping[str, Any]) -> bool:
    """Return whether what is read of an entry is of its type: a colleague's signature does not vouch for that."""
    return all(isinstance(said, str) for name, said in value.items() if name in _TEXTS)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries so that each comes after all it had seen; concurrent ones by clock and id."""
    known = {entry.id: entry for entry in entries}
    sorter = TopologicalSorter({id: set(entry.after) & set(known) for id, entry in known.items()})
    try:
        sorter.prepare()
    except CycleError:  # nobody's machine writes this: damaged or made up; the clocks must do
        return sorted(known.values(), key=lambda entry: (entry.at, entry.id))
    ordered: list[Entry] = []
    ready: list[str] = []
    while sorter.is_active():
        ready += sorter.get_ready()
        ready.sort(key=lambda id: (known[id].at, id), reverse=True)
        ordered.append(known[ready[-1]])
        sorter.done(ready.pop())
    return ordered


def heads(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the entries that no other has seen: what a new entry comes after."""
    listed = list(entries)
    seen = {id for entry in listed for id in entry.after}
    return tuple(sorted(entry.id for entry in listed if entry.id not in seen))


def is_said(entries: Iterable[Entry], member: str, text: str, *, with_voice: bool) -> bool:
    """Return whether this member gave this very answer in one of these entries: by a second click, or typed again."""
    return any(
        (entry.kind, entry.member, entry.value.get("text")) == ("answer", member, text.strip())
        and bool(entry.value.get("voice")) == with_voice
        for entry in entries
    )


REGISTERS = ("state", "assign", "due", "theme", "merge", "flag urgent", "flag child")
"""All that entries set in a case (`Entry.register`)."""

_NOT_DECIDED = frozenset({"letters", "sent", "head"})
"""Values that tell what the writer's machine knew, not what the writer decided."""


def standing(entries: Sequence[Entry], register: str) -> list[Entry]:
    """Return the entries of a register that no later one of it has seen, oldest first."""
    return latest([entry for entry in entries if entry.register == register], entries)


def decision(entry: Entry) -> str:
    """Return what an entry decides, to be compared: two that decide the same are no conflict."""
    return repr(sorted((name, value) for name, value in entry.value.items() if name not in _NOT_DECIDED))
