"""Fetch letters with their attachments: durable here first, then acknowledged. Existing files are never replaced.

Neither the server nor another desk is believed: an original is kept as it came first, a part must have the SHA-256 that
its id names, and other bytes for an id that is here are put aside and shown to staff as a conflict.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from forms.core.crypto.encryption import part_id
from forms.core.ids import is_id
from forms.core.problem import Problem
from forms.desk.crypto.copies import content_of
from forms.desk.sync.client import Server
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.responses import NotThere, ServerAway

CONFLICTS = "conflicts"

LONGEST_VISIT = 900.0
"""Seconds for which one visit fetches letters, and then entries: a slow or hostile server must not hold a desk."""

Open = Callable[[bytes], bytes | None]
"""Returns what was encrypted to this machine's keys, or None where it does not open."""


@dataclass(frozen=True)
class Fetched:
    """The result of a fetch. ids: letters that are safe here now; wrong: ids of damaged ones that were not stored."""

    ids: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Conflict:
    """Other bytes that came for a letter which is here. name: of the file put aside."""

    item: str
    name: str


IsProven = Callable[[str, str, bytes], bool]
"""Whether a copy of an item of a letter bears a right signature."""


def fetch_letters(
    store: LocalStore, server: Server, opened: Open, is_proven: IsProven, *, everything: bool = False
) -> Fetched:
    """Fetch what waits, make it durable here, and only then acknowledge it.

    everything: also what this desk once had, for a machine that is restored.

    Raises Problem where the disk is full or the server goes away; nothing is lost then: what was not acknowledged
    waits on the server.
    """
    ids: list[str] = []
    wrong: list[str] = []
    require_time = _deadline(server)
    for row in server.waiting(everything=True) if everything else server.waiting():
        require_time()
        if everything and store.has("letters", row["id"]) and opened(store.read("letters", row["id"])) is not None:
            continue
        try:
            is_whole = _fetch_one(store, server, row, opened, is_proven)
        except NotThere:
            continue  # erased by the person, or another desk's last word, between the list and now
        (ids if is_whole else wrong).append(row["id"])
    return Fetched(tuple(ids), tuple(wrong))


def _deadline(server: Server) -> Callable[[], None]:
    """Return a function that raises ServerAway once a visit has lasted too long: the desk waits for it meanwhile."""
    until = time.monotonic() + LONGEST_VISIT

    def require_time() -> None:
        """Raise ServerAway when the time for the whole fetch is over."""
        if time.monotonic() > until:
            todo = "What came is safe here. Fetch again: it goes on where it stopped."
            raise ServerAway(server.address, "is so slow that not all could be fetched at once.", todo)

    return require_time


def _fetch_one(store: LocalStore, server: Server, row: Mapping[str, Any], opened: Open, is_proven: IsProven) -> bool:
    """Fetch one letter; False if anything of it was damaged: then it is not acknowledged."""
    letter_id = row["id"]
    was_here, new_parts = (
        store.has("letters", letter_id),
        [part for part in row["parts"] if not store.has("parts", part)],
    )
    copies = _copies(server, letter_id) if row["copies"] else {}
    for item, pieces in copies.items():  # where no original opens, a copy that is proven comes before others
        pieces.sort(key=lambda sealed, item=item: not is_proven(row["thread"], item, sealed))  # type: ignore[misc]
    parts = [_fetch_part(store, server, part, copies.get(part, []), opened) for part in row["parts"]]
    try:
        first = [server.letter(letter_id)]
    except NotThere:
        first = []  # only copies are left of it
        if letter_id not in copies:
            raise
    if not _take(store, "letters", letter_id, [*first, *copies.get(letter_id, [])], opened):
        return False
    store.label(letter_id, row)
    if not all(parts):
        return False
    try:
        server.acknowledge(letter_id)
    except NotThere:  # erased by the person since: for the server this desk never had it, so no notice will come
        if was_here:  # what was here before goes by a proven notice alone, never by the server's word
            return True
        _forget(store, letter_id, new_parts)
        raise
    return True


def _copies(server: Server, letter_id: str) -> dict[str, list[bytes]]:
    """Return the copies that others made for this desk, by letter, part or entry."""
    found: dict[str, list[bytes]] = {}
    with suppress(NotThere):
        for row in server.copies(letter_id):
            with suppress(NotThere):
                found.setdefault(row["item"], []).append(server.copy(row["item"], row["digest"]))
    return found


def _fetch_part(store: LocalStore, server: Server, part: str, copies: list[bytes], opened: Open) -> bool:
    """Fetch a photo or recording. An original is known by its SHA-256; a copy is one that was listed as such."""
    if store.has("parts", part) and opened(store.read("parts", part)) is not None:
        return True
    found = server.part(part)
    originals = [found] if part_id(found) == part else []
    return _take(store, "parts", part, [*originals, *copies], opened)


def _take(store: LocalStore, folder: str, id: str, offered: list[bytes], opened: Open) -> bool:
    """Keep the first of these bytes that decrypts (or the first), unless one is here; the rest becomes a conflict.

    False where nothing was offered and nothing is here.
    """
    offered = list(dict.fromkeys(offered))
    here = [store.read(folder, id)] if store.has(folder, id) else []
    if not offered:
        return bool(here)
    everything = [*here, *(sealed for sealed in offered if sealed not in here)]
    kept = next((sealed for sealed in everything if opened(sealed) is not None), everything[0])
    if kept not in here:
        store.save(folder, id, kept)
    _put_aside(store, id, kept, [sealed for sealed in everything if sealed != kept], opened)
    return True


def _put_aside(store: LocalStore, id: str, kept: bytes, others: list[bytes], opened: Open) -> None:
    """Keep bytes that say something else than those that were kept. A copy of the same content is no conflict."""
    content = opened(kept)
    for sealed in others:
        other = opened(sealed)
        if other is not None and content is not None and content_of(other) != content_of(content):
            store.save(CONFLICTS, conflict_name(id, sealed), sealed)


def conflict_name(id: str, sealed: bytes) -> str:
    """Return the name of the file in which other bytes for an id are put aside."""
    return f"{id}-{hashlib.sha256(sealed).hexdigest()[:16]}"


def conflicts(store: LocalStore) -> Iterator[Conflict]:
    """Return what was put aside, by letter or part."""
    return (Conflict(name.partition("-")[0], name) for name in store.ids(CONFLICTS))


def fetch_entries(store: LocalStore, server: Server, opened: Open, unopened: Collection[str]) -> int:
    """Fetch the entries of the case log that are not here yet; return how many are new.

    unopened: ids of entries that are here and do not open: a colleague may have made a copy since.
    """
    new = 0
    copies: dict[str, dict[str, list[bytes]]] = {}
    require_time = _deadline(server)
    for row in server.entries():
        require_time()
        id, letter = row["id"], str(row.get("letter"))
        if not is_id(letter) or (store.has("entries", id) and id not in unopened):
            continue
        with suppress(NotThere):
            offered = [server.entry(id)]
            if opened(offered[0]) is None:
                if letter not in copies:
                    copies[letter] = _copies(server, letter)
                offered += copies[letter].get(id, [])
            new += not store.has("entries", id)
            _take(store, "entries", id, offered, opened)
    return new


def fetch_voices(store: LocalStore, server: Server, opened: Open, named: Mapping[str, str]) -> int:
    """Fetch the recordings beside answers of this desk that are not here yet; return how many are new.

    named: their ids, each with the letter that was answered. One that is not there now is asked for at the next visit.
    """
    new = 0
    for id, letter in named.items():
        if store.has("parts", id) and opened(store.read("parts", id)) is not None:
            continue
        with suppress(NotThere):
            was_here = store.has("parts", id)
            _fetch_part(store, server, id, _copies(server, letter).get(id, []), opened)
            new += not was_here and store.has("parts", id)
    return new


def _forget(store: LocalStore, letter_id: str, parts: Iterable[str]) -> None:
    store.delete("letters", letter_id)
    store.unlabel(letter_id)
    for part in parts:
        store.delete("parts", part)


def opener(open_sealed: Callable[[bytes], bytes]) -> Open:
    """Return an `Open` from a function that raises Problem."""

    def opened(sealed: bytes) -> bytes | None:
        try:
            return open_sealed(sealed)
        except Problem:
            return None

    return opened
