"""Fetch letters with their attachments: durable here first, then acknowledged. Existing files are never replaced.

Neither the server nor another desk is trusted: the first version of an original is kept, a part must have the SHA-256
that its id names, and different bytes for an existing id are stored apart and shown to staff as a conflict.
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

MAX_FETCH_SECONDS = 900.0
"""Seconds for fetching letters, and again for entries: a slow or hostile server must not block a desk."""

Decrypt = Callable[[bytes], bytes | None]
"""Decrypts with this machine's keys; returns None if that fails."""


@dataclass(frozen=True)
class Fetched:
    """The result of a fetch. ids: letters that are stored here now; damaged: ids of letters that were not complete."""

    ids: tuple[str, ...]
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class Conflict:
    """Different bytes that came for an existing item. name: that of the file in which they are stored."""

    item: str
    name: str


IsProven = Callable[[str, str, bytes], bool]
"""Takes a letter, an item of it and a copy; returns whether the copy has a valid signature."""


def fetch_letters(
    store: LocalStore, server: Server, decrypt: Decrypt, is_proven: IsProven, *, everything: bool = False
) -> Fetched:
    """Fetch the waiting letters: make each durable here, and only then acknowledge it.

    everything: also fetch letters that this desk has fetched before, for a restored machine.

    Raises Problem if the disk is full or the server goes away. Nothing is lost then: letters that were not acknowledged
    stay on the server.
    """
    ids: list[str] = []
    damaged: list[str] = []
    require_time = _deadline(server)
    for row in server.waiting(everything=True) if everything else server.waiting():
        require_time()
        if everything and store.has("letters", row["id"]) and decrypt(store.read("letters", row["id"])) is not None:
            continue
        try:
            is_complete = _fetch_letter(store, server, row, decrypt, is_proven)
        except NotThere:
            continue  # erased by the person or another desk since the list was made
        (ids if is_complete else damaged).append(row["id"])
    return Fetched(tuple(ids), tuple(damaged))


def _deadline(server: Server) -> Callable[[], None]:
    """Return a function that raises ServerAway once the fetch has lasted too long: the desk is blocked meanwhile."""
    deadline = time.monotonic() + MAX_FETCH_SECONDS

    def require_time() -> None:
        """Raise ServerAway if the time for the fetch is over."""
        if time.monotonic() > deadline:
            todo = "What came is safe here. Fetch again: it goes on where it stopped."
            raise ServerAway(server.address, "is so slow that not all could be fetched at once.", todo)

    return require_time


def _fetch_letter(
    store: LocalStore, server: Server, row: Mapping[str, Any], decrypt: Decrypt, is_proven: IsProven
) -> bool:
    """Fetch one letter with its attachments. Return False if any of them was damaged; it is not acknowledged then."""
    letter_id = row["id"]
    existed = store.has("letters", letter_id)
    new_parts = [part for part in row["parts"] if not store.has("parts", part)]
    copies = _fetch_copies(server, letter_id) if row["copies"] else {}
    for item, versions in copies.items():  # if no original can be decrypted, proven copies take precedence
        versions.sort(key=lambda sealed, item=item: not is_proven(row["thread"], item, sealed))  # type: ignore[misc]
    parts = [_fetch_part(store, server, part, copies.get(part, []), decrypt) for part in row["parts"]]
    try:
        originals = [server.letter(letter_id)]
    except NotThere:
        originals = []  # only copies are left of it
        if letter_id not in copies:
            raise
    if not _store_version(store, "letters", letter_id, [*originals, *copies.get(letter_id, [])], decrypt):
        return False
    store.label(letter_id, row)
    if not all(parts):
        return False
    try:
        server.acknowledge(letter_id)
    except NotThere:  # erased by the person since; the server sends no notice to a desk that never acknowledged it
        if existed:  # an existing letter is erased by a proven notice only, not because the server says so
            return True
        _delete_letter(store, letter_id, new_parts)
        raise
    return True


def _fetch_copies(server: Server, letter_id: str) -> dict[str, list[bytes]]:
    """Return the copies that others made for this desk, by letter, part or entry."""
    copies: dict[str, list[bytes]] = {}
    with suppress(NotThere):
        for row in server.copies(letter_id):
            with suppress(NotThere):
                copies.setdefault(row["item"], []).append(server.copy(row["item"], row["digest"]))
    return copies


def _fetch_part(store: LocalStore, server: Server, part: str, copies: list[bytes], decrypt: Decrypt) -> bool:
    """Fetch a photo or recording; return whether it is stored. An original must have the SHA-256 that its id names."""
    if store.has("parts", part) and decrypt(store.read("parts", part)) is not None:
        return True
    content = server.part(part)
    originals = [content] if part_id(content) == part else []
    return _store_version(store, "parts", part, [*originals, *copies], decrypt)


def _store_version(store: LocalStore, folder: str, id: str, offered: list[bytes], decrypt: Decrypt) -> bool:
    """Store the first version that can be decrypted (else the first of all), the existing file included.

    Other versions with a different content are stored as conflicts. Return False if there is no version at all.
    """
    offered = list(dict.fromkeys(offered))
    existing = [store.read(folder, id)] if store.has(folder, id) else []
    if not offered:
        return bool(existing)
    versions = [*existing, *(sealed for sealed in offered if sealed not in existing)]
    chosen = next((sealed for sealed in versions if decrypt(sealed) is not None), versions[0])
    if chosen not in existing:
        store.save(folder, id, chosen)
    _store_conflicts(store, id, chosen, [sealed for sealed in versions if sealed != chosen], decrypt)
    return True


def _store_conflicts(store: LocalStore, id: str, chosen: bytes, others: list[bytes], decrypt: Decrypt) -> None:
    """Store the versions whose content differs from the chosen one's. A copy of the same content is no conflict."""
    content = decrypt(chosen)
    for sealed in others:
        other = decrypt(sealed)
        if other is not None and content is not None and content_of(other) != content_of(content):
            store.save(CONFLICTS, conflict_name(id, sealed), sealed)


def conflict_name(id: str, sealed: bytes) -> str:
    """Return the name of the file in which a conflicting version of an item is stored."""
    return f"{id}-{hashlib.sha256(sealed).hexdigest()[:16]}"


def conflicts(store: LocalStore) -> Iterator[Conflict]:
    """Return the conflicting versions that are stored."""
    return (Conflict(name.partition("-")[0], name) for name in store.ids(CONFLICTS))


def fetch_entries(store: LocalStore, server: Server, decrypt: Decrypt, unreadable: Collection[str]) -> int:
    """Fetch the entries of the case log that are not here yet; return how many are new.

    unreadable: ids of entries that are here and cannot be decrypted: a colleague may have made a copy since.
    """
    new = 0
    copies: dict[str, dict[str, list[bytes]]] = {}
    require_time = _deadline(server)
    for row in server.entries():
        require_time()
        id, letter = row["id"], str(row.get("letter"))
        if not is_id(letter) or (store.has("entries", id) and id not in unreadable):
            continue
        with suppress(NotThere):
            versions = [server.entry(id)]
            if decrypt(versions[0]) is None:
                if letter not in copies:
                    copies[letter] = _fetch_copies(server, letter)
                versions += copies[letter].get(id, [])
            new += not store.has("entries", id)
            _store_version(store, "entries", id, versions, decrypt)
    return new


def fetch_recordings(store: LocalStore, server: Server, decrypt: Decrypt, recordings: Mapping[str, str]) -> int:
    """Fetch the recordings of this desk's answers that are not here yet; return how many are new.

    recordings: their ids, each with the letter that was answered. A missing one is tried again at the next fetch.
    """
    new = 0
    for id, letter in recordings.items():
        if store.has("parts", id) and decrypt(store.read("parts", id)) is not None:
            continue
        with suppress(NotThere):
            existed = store.has("parts", id)
            _fetch_part(store, server, id, _fetch_copies(server, letter).get(id, []), decrypt)
            new += not existed and store.has("parts", id)
    return new


def _delete_letter(store: LocalStore, letter_id: str, parts: Iterable[str]) -> None:
    store.delete("letters", letter_id)
    store.unlabel(letter_id)
    for part in parts:
        store.delete("parts", part)


def decrypt_or_none(open_sealed: Callable[[bytes], bytes]) -> Decrypt:
    """Return a function that decrypts like this one, and returns None where it raises Problem."""

    def decrypt(sealed: bytes) -> bytes | None:
        try:
            return open_sealed(sealed)
        except Problem:
            return None

    return decrypt
