"""The encrypted files that a desk keeps on its machine. Plaintext is never written to disk.

letters/<id>.age, parts/<id>.age, entries/<id>.age: as the server gave them, never changed afterwards. conflicts/:
other bytes that came for an id which is here already. outbox/: sealed things that have not
reached the server yet; refused/: those that it did not take. index.age: what letters and entries hold, sealed to the
desk's own key, so that ten thousand letters are listed at once; it can be thrown away and is made anew. portal.json:
the portal as last fetched, all of it public.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forms.core.files.durable import remove_left_by_killed, write_or_complain, write_safely
from forms.core.ids import is_id
from forms.core.problem import Problem
from forms.desk.sync.rows import letter_row

FORMAT = 1
"""Of the files of a desk's folder, as its file `format` says; a folder without one is from before 1.0, and the same."""

DELETION = "deletion"
"""The form of the server's notice that a person has erased a letter."""


_OF_LETTERS = frozenset({"letters", "parts", "entries", "labels"})
"""Folders whose file names are ids."""

_FOLDER = re.compile(r"|[a-z][a-z-]{0,30}(/[0-9a-z][0-9a-z-]{0,90})?")
_NAME = re.compile(r"[0-9a-z][0-9a-z-]{0,120}")


def _is_name(folder: str, name: str) -> bool:
    """Return whether a file of this folder may have this name: an id, or small letters, digits and hyphens."""
    if folder in _OF_LETTERS:
        return is_id(name)
    return name == "index" if not folder else bool(_NAME.fullmatch(name))


@dataclass(frozen=True)
class QueuedRequest:
    """An encrypted request to the server that is still to be sent: method, path, recipient."""

    name: str
    method: str
    path: str
    reader: str
    sealed: bytes


def require_format(folder: Path) -> None:
    """Raise Problem where a newer program wrote this desk's folder; write down the format where none is there."""
    path = folder / "format"
    try:
        text = path.read_text(encoding="ascii")[:10]
    except (OSError, ValueError):
        text = ""
    if text.strip().isdecimal() and int(text) > FORMAT:
        what = f"was written by a newer version of this program (format {int(text)}, known here is {FORMAT})."
        raise Problem(str(folder), what, "Start the newer program. Nothing was changed.")
    if text.strip() != str(FORMAT):
        with suppress(OSError):  # a full disk keeps nobody from reading
            write_safely(path, f"{FORMAT}\n".encode())


@dataclass(frozen=True)
class LocalStore:
    """A desk's folder."""

    folder: Path

    def save(self, folder: str, id: str, sealed: bytes) -> None:
        """Write an encrypted file durably. Raises Problem if the disk is full or not writable."""
        write_or_complain(self._path(folder, id), sealed)

    def ids(self, folder: str) -> list[str]:
        """Return the ids of the files of a folder; files of other names are not ours."""
        found = (path.stem for path in (self.folder / folder).glob("*.age"))
        return sorted(name for name in found if _is_name(folder, name))

    def _path(self, folder: str, id: str) -> Path:
        """Return the path of a file. Raises Problem for a name that is not of this folder's form.

        Ids come from letters that anybody wrote and from a server that may be hostile: none may name another file.
        """
        if not (_FOLDER.fullmatch(folder) and _is_name(folder, id)):
            raise Problem("local store", "A file name has not its form.", "Leave it, and tell a developer.")
        return self.folder / folder / f"{id}.age"

    def read(self, folder: str, id: str) -> bytes:
        """Return a sealed file. Raises Problem where it is not here."""
        try:
            return self._path(folder, id).read_bytes()
        except OSError:
            raise Problem(id, "is not on this machine.", "Fetch again; it may be erased.") from None

    def has(self, folder: str, id: str) -> bool:
        """Return whether the file is here."""
        return self._path(folder, id).exists()

    def delete(self, folder: str, id: str) -> None:
        """Erase a file, and what a write of it left that was killed. A disk may keep its bytes, as ciphertext."""
        path = self._path(folder, id)
        remove_left_by_killed(path)
        path.unlink(missing_ok=True)

    # What the server says of a letter in plaintext: its thread and queue (`tray`)

    def labels(self) -> dict[str, dict[str, Any]]:
        """By letter: `thread`, `tray` and `form`, as the server named them."""
        found = {}
        for path in (self.folder / "labels").glob("*.json"):
            try:
                row = letter_row({"id": path.stem, **json.loads(path.read_text(encoding="utf-8"))})
            except (OSError, ValueError, TypeError, RecursionError):
                continue  # cut short: the letter itself tells what it follows
            if row and is_id(path.stem):
                found[path.stem] = row
        return found

    def label(self, id: str, row: Mapping[str, Any]) -> None:
        """Store what the server says of a letter beyond its id."""
        said = {name: row.get(name) for name in ("thread", "tray", "form", "maker")}
        if (said["thread"], said["tray"]) != (id, 1) or said["form"] == DELETION or said["maker"]:
            write_or_complain(self._label(id), json.dumps(said).encode())

    def unlabel(self, id: str) -> None:
        """Delete what is stored about a letter."""
        self._label(id).unlink(missing_ok=True)

    def _label(self, id: str) -> Path:
        return self._path("labels", id).with_suffix(".json")

    # The outbox

    def post(self, queued: QueuedRequest) -> None:
        """Put something encrypted into the outbox, durably."""
        head = json.dumps({"method": queued.method, "path": queued.path, "reader": queued.reader}).encode()
        self.save("outbox", queued.name, head + b"\n" + queued.sealed)

    def posted(self) -> Iterator[QueuedRequest]:
        """Yield what waits in the outbox, oldest first. Damaged files are put aside."""
        for name in self.ids("outbox"):
            try:
                whole = self.read("outbox", name)
            except Problem:  # another program of this desk has sent it just now
                continue
            head, _, sealed = whole.partition(b"\n")
            try:
                told = json.loads(head)
                method, path, reader = (str(told[part]) for part in ("method", "path", "reader"))
            except (ValueError, TypeError, KeyError, RecursionError):
                self.save("refused", name, whole)
                self.delete("outbox", name)
            else:
                yield QueuedRequest(name, method, path, reader, sealed)
