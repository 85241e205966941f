"""The entries of the case log: what staff decided and wrote; append-only, each encrypted to all keys of the desk.

An entry names the entries that its writer had seen (`after`). This distinguishes a conflict between two machines from
a change of mind without trusting any clock (L. Lamport, 1978; docs/decisions/0007).
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
from forms.desk.crypto.foreign_json import MALFORMED_JSON_ERRORS, sanitise

KINDS = frozenset({"state", "note", "assign", "due", "flag", "answer", "handover", "merge", "theme", "read"})

STATES = ("new", "read", "looking", "closed")
"""The states of a case. The second one is not written by staff: it follows from their opening of a new case."""

MAX_TEXT_LENGTH = 4000
"""Characters of a note: it fits the size class of all entries in every script."""

_ENTRY_SIZE = 24576
"""Bytes to which every entry is padded."""


@dataclass(frozen=True)
class Entry:
    """One entry. thread: the first letter's id; at: the writer's clock, "2027-01-05T10:20" UTC; value: by kind.

    value: state {state, outcome, letters: how many the case had}, note {text}, assign {member}, due {day},
    flag {flag, on}, answer {text, state, and with a recording: voice (its id), seconds}, handover {desk},
    merge {into, letters}, theme {theme, place, work}, read {letters: how many the case had when it was opened}.
    signature: the writer's, over all of this; copy: who encrypted it again, if anybody.
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
        """The register that it sets: a later entry replaces earlier ones of the same register. Empty for none."""
        if self.kind == "flag":
            return f"flag {self.value.get('flag')}"
        return self.kind if self.kind in {"state", "assign", "due", "merge", "theme"} else ""


def new_entry(thread: str, member: str, after: Sequence[str], kind: str, value: Mapping[str, Any]) -> Entry:
    """Return an entry with the present time. Raises Problem for an unknown kind or a text that is too long."""
    if kind not in KINDS:
        raise Problem(
            "case log",
            lazy_gettext("%(kind)s is no kind of entry.", kind=kind),
            lazy_gettext("There are: %(names)s.", names=", ".join(sorted(KINDS))),
        )
    for text in value.values():
        if isinstance(text, str) and len(text) > MAX_TEXT_LENGTH:
            raise Problem(
                "case log",
                lazy_gettext("The text has %(number)s letters.", number=len(text)),
                lazy_gettext("Write at most %(number)s, or two notes.", number=MAX_TEXT_LENGTH),
            )
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
    return Entry(new_id(), thread, member, at, tuple(after), kind, dict(value))


def seal_entry(entry: Entry, keys: Sequence[str]) -> bytes:
    """Return an entry encrypted to all keys of its desk. Every entry has the same size."""
    data = {name: value for name, value in asdict(entry).items() if name != "copy"}
    return seal({"form": "entry", "version": 1, **data}, keys, _ENTRY_SIZE)


def statement_of(entry: Entry, desk: str) -> SignedStatement:
    """Return the statement that the writer of an entry signs: its whole content, its case, and the desk."""
    content = content_hash(
        {"at": entry.at, "after": list(entry.after), "kind": entry.kind, "value": dict(entry.value)},
    )
    return SignedStatement("entry", entry.thread, entry.id, desk, entry.member, entry.at[:10], content)


def open_entry(id: str, sealed: bytes, identities: Identities) -> Entry:
    """Decrypt an entry. Raises NotForThisDesk or NotALetter."""
    return read_entry(id, open_json(sealed, identities))


def read_entry(id: str, data: Any, *, from_index: bool = False) -> Entry:
    """Return an entry from its JSON. `id`: that of its file, since the JSON may claim any. Raises NotALetter.

    from_index: whether the JSON comes from this machine's own index.
    """
    if is_id(id) and isinstance(data, dict):
        with suppress(*MALFORMED_JSON_ERRORS):
            entry = _entry(id, data, from_index=from_index)
            if is_id(entry.thread) and _has_known_types(entry.value):
                return entry
    raise NotALetter("case log", "An entry has not the shape of one.", "Leave it, and tell a developer.")


def _entry(id: str, data: Mapping[str, Any], *, from_index: bool) -> Entry:
    mark = read_mark(data, from_index=from_index)
    data = sanitise(data)
    after = tuple(filter(is_id, data["after"]))
    texts = {name: str(data[name]) for name in ("thread", "member", "at", "kind")}
    signature = str(data.get("signature", ""))
    return Entry(id, **texts, after=after, value=dict(data["value"]), signature=signature, copy=mark)


_TEXT_VALUES = frozenset({
    "state", "outcome", "text", "member", "day", "flag", "desk", "into", "theme", "place", "work", "sent", "heard",
    "head",
})  # fmt: skip
"""Values of an entry that must be texts. Values of other names, from a newer program, are only shown."""


def _has_known_types(value: Mapping[str, Any]) -> bool:
    """Return whether the values of an entry have the right types: a colleague's signature does not guarantee it."""
    return all(isinstance(text, str) for name, text in value.items() if name in _TEXT_VALUES)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries so that each comes after all that its writer had seen; concurrent ones by time and id."""
    by_id = {entry.id: entry for entry in entries}
    sorter = TopologicalSorter({id: set(entry.after) & set(by_id) for id, entry in by_id.items()})
    try:
        sorter.prepare()
    except CycleError:  # only damaged or forged entries contain cycles; fall back to the times
        return sorted(by_id.values(), key=lambda entry: (entry.at, entry.id))
    ordered: list[Entry] = []
    ready: list[str] = []
    while sorter.is_active():
        ready += sorter.get_ready()
        ready.sort(key=lambda id: (by_id[id].at, id), reverse=True)
        ordered.append(by_id[ready[-1]])
        sorter.done(ready.pop())
    return ordered


def heads(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return the ids of the entries that no other entry names in `after`: a new entry comes after these."""
    entries = list(entries)
    seen = {id for entry in entries for id in entry.after}
    return tuple(sorted(entry.id for entry in entries if entry.id not in seen))


def is_repeated_answer(entries: Iterable[Entry], member: str, text: str, *, with_voice: bool) -> bool:
    """Return whether one of these entries is the same answer by the same member: a second click, or typed again."""
    return any(
        (entry.kind, entry.member, entry.value.get("text")) == ("answer", member, text.strip())
        and bool(entry.value.get("voice")) == with_voice
        for entry in entries
    )


REGISTERS = ("state", "assign", "due", "theme", "merge", "flag urgent", "flag child")
"""All registers of a case (`Entry.register`)."""

_CONTEXT_VALUES = frozenset({"letters", "sent", "head"})
"""Values that record what the writer's machine knew, not what the writer decided."""


def current_entries(entries: Sequence[Entry], register: str) -> list[Entry]:
    """Return the entries of a register that no later one replaces, oldest first: more than one if concurrent."""
    return latest([entry for entry in entries if entry.register == register], entries)


def decision(entry: Entry) -> str:
    """Return what an entry decides, for comparison: entries that decide the same do not conflict."""
    return repr(sorted((name, value) for name, value in entry.value.items() if name not in _CONTEXT_VALUES))
