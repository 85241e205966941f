"""The encrypted files that a desk keeps on its machine. Plaintext is never written to disk.

letters/<id>.age, parts/<id>.age, entries/<id>.age: as the server sent them, never changed afterwards. conflicts/:
different bytes that came for an existing id. outbox/: encrypted requests that have not reached the server yet;
refused/: those that the server refused. index.age: a cache of all letters and entries, encrypted to the desk's own key,
so that ten thousand letters are listed at once; it can be deleted and is made again. portal.json: the portal as last
fetched, all of it public.
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
from forms.desk.sync.rows import PRIORITY_QUEUE, letter_row

FORMAT = 1
"""The version of a desk's folder, in its file `format`. A folder without that file is older than 1.0, and the same."""

DELETION = "deletion"
"""The form of an erasure notice: the server sends it when a person has erased a letter."""

_ID_FOLDERS = frozenset({"letters", "parts", "entries", "labels"})
"""Folders whose file names are ids."""

_FOLDER = re.compile(r"|[a-z][a-z-]{0,30}(/[0-9a-z][0-9a-z-]{0,90})?")
_NAME = re.compile(r"[0-9a-z][0-9a-z-]{0,120}")


def _is_name(folder: str, name: str) -> bool:
    """Return whether a file of this folder may have this name: an id, or small letters, digits and hyphens."""
    if folder in _ID_FOLDERS:
        return is_id(name)
    return name == "index" if not folder else bool(_NAME.fullmatch(name))


@dataclass(frozen=True)
class QueuedRequest:
    """An encrypted request in the outbox. reader: for whom the server keeps it, or empty."""

    name: str
    method: str
    path: str
    reader: str
    sealed: bytes


def require_format(folder: Path) -> None:
    """Raise Problem if a newer program wrote this desk's folder; write the format if the folder has none."""
    path = folder / "format"
    try:
        text = path.read_text(encoding="ascii")[:10]
    except (OSError, ValueError):
        text = ""
    if text.strip().isdecimal() and int(text) > FORMAT:
        what = f"was written by a newer version of this program (format {int(text)}, known here is {FORMAT})."
        raise Problem(str(folder), what, "Start the newer program. Nothing was changed.")
    if text.strip() != str(FORMAT):
        with suppress(OSError):  # a full disk must not prevent reading
            write_safely(path, f"{FORMAT}\n".encode())


@dataclass(frozen=True)
class LocalStore:
    """A desk's folder."""

    folder: Path

    def save(self, folder: str, id: str, sealed: bytes) -> None:
        """Write an encrypted file durably. Raises Problem if the disk is full or read-only."""
        write_or_complain(self._path(folder, id), sealed)

    def ids(self, folder: str) -> list[str]:
        """Return the ids of the files of a folder; files with other names are ignored."""
        names = (path.stem for path in (self.folder / folder).glob("*.age"))
        return sorted(name for name in names if _is_name(folder, name))

    def _path(self, folder: str, id: str) -> Path:
        """Return the path of a file. Raises Problem for a name that is not allowed in this folder.

        Ids come from letters that anybody can write, and from a server that may be hostile: none may name another file.
        """
        if not (_FOLDER.fullmatch(folder) and _is_name(folder, id)):
            raise Problem("local store", "A file name has not its form.", "Leave it, and tell a developer.")
        return self.folder / folder / f"{id}.age"

    def read(self, folder: str, id: str) -> bytes:
        """Return an encrypted file. Raises Problem if it does not exist."""
        try:
            return self._path(folder, id).read_bytes()
        except OSError:
            raise Problem(id, "is not on this machine.", "Fetch again; it may be erased.") from None

    def has(self, folder: str, id: str) -> bool:
        """Return whether the file exists."""
        return self._path(folder, id).exists()

    def delete(self, folder: str, id: str) -> None:
        """Delete a file, and what an interrupted write of it left. The disk may keep its bytes, which are encrypted."""
        path = self._path(folder, id)
        remove_left_by_killed(path)
        path.unlink(missing_ok=True)

    # What the server says about a letter in plaintext: its thread, queue (`tray`), form and maker

    def labels(self) -> dict[str, dict[str, Any]]:
        """Return the labels of letters, by id: thread, tray, form and maker according to the server."""
        labels = {}
        for path in (self.folder / "labels").glob("*.json"):
            try:
                row = letter_row({"id": path.stem, **json.loads(path.read_text(encoding="utf-8"))})
            except (OSError, ValueError, TypeError, RecursionError):
                continue  # truncated: the letter itself names what it follows
            if row and is_id(path.stem):
                labels[path.stem] = row
        return labels

    def label(self, id: str, row: Mapping[str, Any]) -> None:
        """Store the label of a letter if it differs from the default."""
        label = {name: row.get(name) for name in ("thread", "tray", "form", "maker")}
        if (label["thread"], label["tray"]) != (id, PRIORITY_QUEUE) or label["form"] == DELETION or label["maker"]:
            write_or_complain(self._label(id), json.dumps(label).encode())

    def unlabel(self, id: str) -> None:
        """Delete the label of a letter."""
        self._label(id).unlink(missing_ok=True)

    def _label(self, id: str) -> Path:
        return self._path("labels", id).with_suffix(".json")

    # The outbox

    def post(self, queued: QueuedRequest) -> None:
        """Put an encrypted request into the outbox, durably."""
        head = json.dumps({"method": queued.method, "path": queued.path, "reader": queued.reader}).encode()
        self.save("outbox", queued.name, head + b"\n" + queued.sealed)

    def queued_requests(self) -> Iterator[QueuedRequest]:
        """Yield the requests in the outbox, oldest first. Damaged files are moved to refused/."""
        for name in self.ids("outbox"):
            try:
                content = self.read("outbox", name)
            except Problem:  # another program of this desk has just sent it
                continue
            head, _, sealed = content.partition(b"\n")
            try:
                fields = json.loads(head)
                method, path, reader = (str(fields[field]) for field in ("method", "path", "reader"))
            except (ValueError, TypeError, KeyError, RecursionError):
                self.save("refused", name, content)
                self.delete("outbox", name)
            else:
                yield QueuedRequest(name, method, path, reader, sealed)
