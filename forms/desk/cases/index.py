"""The decrypted letters and entries of a desk, in memory, with an encrypted cache so that they load at once.

Each letter is decrypted once. The cache is index.age, encrypted to this machine's own key; no plaintext is stored.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, replace
from typing import Any

from forms.core.crypto.encryption import seal_file
from forms.core.problem import Problem
from forms.desk.cases.arrivals import ArrivedLetter
from forms.desk.cases.log.case_log import Entry, open_entry, read_entry
from forms.desk.crypto.decryption import Identities, Letter, open_json, read_letter
from forms.desk.sync.local_store import DELETION, LocalStore
from forms.desk.sync.rows import PRIORITY_QUEUE

_NAME = "index"


class Index:
    """The decrypted letters and entries of one desk. An unlocked session holds it, and drops it when it is locked."""

    def __init__(self, local_store: LocalStore, identities: Identities) -> None:
        self._local_store, self._identities = local_store, identities
        self._letters: dict[str, Letter | Problem] = {}
        self._entries: dict[str, Entry] = {}
        self._load()
        self._labels = local_store.labels()

    def refresh(self) -> int:
        """Decrypt new files, drop deleted ones, save the cache; return how many letters were new or had not opened."""
        letter_ids, entry_ids = set(self._local_store.ids("letters")), set(self._local_store.ids("entries"))
        new_letters = letter_ids - {id for id, letter in self._letters.items() if isinstance(letter, Letter)}
        new_entries = entry_ids - set(self._entries)
        removed = (set(self._letters) - letter_ids) | (set(self._entries) - entry_ids)
        for id in removed:
            self._letters.pop(id, None)
            self._entries.pop(id, None)
        self._labels = self._local_store.labels()
        for id in new_letters:
            self._letters[id] = self._open_letter(id)
        for id in new_entries:
            try:
                self._entries[id] = open_entry(id, self._local_store.read("entries", id), self._identities)
            except Problem:
                continue  # desk doctor counts these
        opened = sum(isinstance(self._letters[id], Letter) for id in new_letters)
        if opened or removed or new_entries & set(self._entries):
            self._save()
        return len(new_letters)

    def _open_letter(self, id: str) -> Letter | Problem:
        try:
            return read_letter(open_json(self._local_store.read("letters", id), self._identities))
        except Problem as problem:
            return problem

    def letters(self) -> Iterator[tuple[str, int, Letter | Problem]]:
        """Yield thread, queue and letter of each. The id is that of the file: the letter itself may claim another."""
        for id, letter in self._letters.items():
            label, thread = self._labels.get(id, {}), self._thread(id)
            follows = "" if thread == id else thread
            if isinstance(letter, Letter) and (letter.id, letter.follows) != (id, follows):
                letter = replace(letter, id=id, follows=follows)  # noqa: PLW2901
            if isinstance(letter, Letter) and letter.copied_by != label.get("maker", ""):
                letter = replace(letter, copied_by=label.get("maker", ""))  # noqa: PLW2901
            tray = label.get("tray", PRIORITY_QUEUE)
            queue = tray if isinstance(tray, int) else PRIORITY_QUEUE  # a newer server may name queues differently
            yield thread, queue, letter

    def new_letters(self, ids: Collection[str]) -> Iterator[ArrivedLetter]:
        """Yield the own id and day of each of these letters. Copies and erasure notices are skipped."""
        for id in ids:
            letter, label = self._letters.get(id), self._labels.get(id, {})
            if isinstance(letter, Letter) and not label.get("maker") and letter.form != DELETION:
                yield ArrivedLetter(id, letter.id, letter.day)

    def entries_without_letter(self) -> tuple[str, ...]:
        """Return the ids of letters that are not on this machine, though members of this desk wrote in their cases."""
        return tuple(sorted({entry.thread for entry in self._entries.values()} - set(self._letters)))

    def _thread(self, id: str) -> str:
        """Return the id of a letter's first letter: the one that the server names, if the letter names it too.

        Otherwise the server could put a letter into a case that is about to be erased, or into another person's case.
        """
        thread, letter = str(self._labels.get(id, {}).get("thread", id)), self._letters[id]
        return thread if isinstance(letter, Problem) or letter.follows == thread else id

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries that could be decrypted."""
        return tuple(self._entries.values())

    def unreadable(self) -> tuple[str, ...]:
        """Return the ids of letters and entries on this machine that cannot be decrypted."""
        letters = [id for id, letter in self._letters.items() if isinstance(letter, Problem)]
        return (*letters, *sorted(set(self._local_store.ids("entries")) - set(self._entries)))

    def letter_ids(self, thread: str) -> list[str]:
        """Return the ids of the letters of a thread."""
        return [id for id in self._letters if self._thread(id) == thread]

    def _load(self) -> None:
        try:
            data = open_json(self._local_store.read("", _NAME), self._identities)
            letters = {id: read_letter(row, from_index=True) for id, row in data["letters"].items()}
            entries = {id: read_entry(id, row, from_index=True) for id, row in data["entries"].items()}
        except (Problem, KeyError, TypeError, AttributeError):
            return  # missing, damaged, or of another version: all files are decrypted again
        self._letters, self._entries = {**letters}, entries

    def _save(self) -> None:
        letters = {id: _row(letter) for id, letter in self._letters.items() if isinstance(letter, Letter)}
        entries = {id: asdict(entry) for id, entry in self._entries.items()}
        plain = json.dumps({"letters": letters, "entries": entries}, ensure_ascii=False, separators=(",", ":"))
        self._local_store.save(
            "", _NAME, seal_file(plain.encode("utf-8", "replace"), [str(self._identities[0].to_public())])
        )


def _row(letter: Letter) -> dict[str, Any]:
    """Return a letter as `read_letter` reads it. `asdict` would copy all answers: a second for ten thousand letters."""
    copy = vars(letter.copy) if letter.copy else None
    return {**vars(letter), "parts": [vars(part) for part in letter.parts], "copy": copy}
