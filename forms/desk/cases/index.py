"""The decrypted letters and entries of a desk, in memory, with an encrypted file so that they load at once.

Each letter is opened once. What was read is kept in index.age, sealed to the desk's own key: never in clear.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, replace
from typing import Any

from forms.core.crypto.encryption import seal_file
from forms.core.problem import Problem
from forms.desk.cases.arrivals import New
from forms.desk.cases.log.case_log import Entry, open_entry, read_entry
from forms.desk.crypto.decryption import Identities, Letter, open_json, read_letter
from forms.desk.sync.local_store import DELETION, LocalStore

_NAME = "index"


class Index:
    """The decrypted letters and entries of one desk. Held by an unlocked session, and dropped with it."""

    def __init__(self, local_store: LocalStore, identities: Identities) -> None:
        self._cabinet, self._identities = local_store, identities
        self._letters: dict[str, Letter | Problem] = {}
        self._entries: dict[str, Entry] = {}
        self._read_kept()
        self._labels = local_store.labels()

    def refresh(self) -> int:
        """Decrypt what is new on the disk, drop what is gone, store the result encrypted; return how many were new."""
        here = {name: set(self._cabinet.ids(name)) for name in ("letters", "entries")}
        new_letters = here["letters"] - {id for id, held in self._letters.items() if isinstance(held, Letter)}
        new_entries = here["entries"] - set(self._entries)
        gone = (set(self._letters) - here["letters"]) | (set(self._entries) - here["entries"])
        for id in gone:
            self._letters.pop(id, None)
            self._entries.pop(id, None)
        self._labels = self._cabinet.labels()
        for id in new_letters:
            self._letters[id] = self._opened(id)
        for id in new_entries:
            try:
                self._entries[id] = open_entry(id, self._cabinet.read("entries", id), self._identities)
            except Problem:
                continue  # desk doctor counts these
        opened = sum(isinstance(self._letters[id], Letter) for id in new_letters)
        if opened or gone or new_entries & set(self._entries):
            self._keep()
        return len(new_letters)

    def _opened(self, id: str) -> Letter | Problem:
        try:
            return read_letter(open_json(self._cabinet.read("letters", id), self._identities))
        except Problem as problem:
            return problem

    def letters(self) -> Iterator[tuple[str, int, Letter | Problem]]:
        """Yield thread, tray and letter of each. The id is the file's: a letter may claim to be another."""
        for id, letter in self._letters.items():
            label, thread = self._labels.get(id, {}), self._thread(id)
            follows = "" if thread == id else thread
            if isinstance(letter, Letter) and (letter.id, letter.follows) != (id, follows):
                letter = replace(letter, id=id, follows=follows)  # noqa: PLW2901
            if isinstance(letter, Letter) and letter.copied_by != label.get("maker", ""):
                letter = replace(letter, copied_by=label.get("maker", ""))  # noqa: PLW2901
            tray = label.get("tray", 1)
            yield thread, tray if isinstance(tray, int) else 1, letter  # a newer server may name trays otherwise

    def arrived(self, ids: Collection[str]) -> Iterator[New]:
        """What these letters say of themselves: their own id and day. Copies and notices of erasing are passed over."""
        for id in ids:
            letter, label = self._letters.get(id), self._labels.get(id, {})
            if isinstance(letter, Letter) and not label.get("maker") and letter.form != DELETION:
                yield New(id, letter.id, letter.day)

    def entries_without_letter(self) -> tuple[str, ...]:
        """Return the ids of letters in whose cases somebody of this desk wrote, and which are not here."""
        return tuple(sorted({entry.thread for entry in self._entries.values()} - set(self._letters)))

    def _thread(self, id: str) -> str:
        """The first letter of what this one belongs to: what the server says, where the letter itself says so too.

        The server could otherwise put a letter into a case that is about to be erased, and a letter by itself into the
        case of another person.
        """
        said, letter = str(self._labels.get(id, {}).get("thread", id)), self._letters[id]
        return said if isinstance(letter, Problem) or letter.follows == said else id

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries that open."""
        return tuple(self._entries.values())

    def unreadable(self) -> tuple[str, ...]:
        """Return the ids of letters and entries on the disk that do not open."""
        closed = [id for id, held in self._letters.items() if isinstance(held, Problem)]
        return (*closed, *sorted(set(self._cabinet.ids("entries")) - set(self._entries)))

    def letter_ids(self, thread: str) -> list[str]:
        """Return the ids of the letters of a thread."""
        return [id for id in self._letters if self._thread(id) == thread]

    def _read_kept(self) -> None:
        try:
            data = open_json(self._cabinet.read("", _NAME), self._identities)
            letters = {id: read_letter(row, kept=True) for id, row in data["letters"].items()}
            entries = {id: read_entry(id, row, kept=True) for id, row in data["entries"].items()}
        except (Problem, KeyError, TypeError, AttributeError):
            return  # not there, damaged, or of another version: made anew
        self._letters, self._entries = {**letters}, entries

    def _keep(self) -> None:
        letters = {id: _row(letter) for id, letter in self._letters.items() if isinstance(letter, Letter)}
        entries = {id: asdict(entry) for id, entry in self._entries.items()}
        plain = json.dumps({"letters": letters, "entries": entries}, ensure_ascii=False, separators=(",", ":"))
        self._cabinet.save(
            "", _NAME, seal_file(plain.encode("utf-8", "replace"), [str(self._identities[0].to_public())])
        )


def _row(letter: Letter) -> dict[str, Any]:
    """A letter as `read_letter` reads it. Not `asdict`, which copies all answers: a second for ten thousand letters."""
    copy = vars(letter.copy) if letter.copy else None
    return {**vars(letter), "parts": [vars(part) for part in letter.parts], "copy": copy}
