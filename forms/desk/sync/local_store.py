"""The sealed files that a desk keeps on its machine. Nothing opened is ever written to disk.

letters/<id>.age, parts/<id>.age, entries/<id>.age: as the server gave them. outbox/: sealed things that have not
reached the server yet; refused/: those that it did not take. index.age: what letters and entries hold, sealed to the
desk's own key, so that ten thousand letters are listed at once; it can be thrown away and is made anew. portal.json:
the portal as last fetched, all of it public.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forms.core.problem import Problem
from forms.desk.crypto.keys import write_safely
from forms.desk.sync.client import NotThere, Server, is_id

DELETION = "deletion"
"""The form of the server's notice that a person has erased a letter."""


@dataclass(frozen=True)
class Parcel:
    """Something sealed on its way to the server: how, where to, for whom."""

    name: str
    method: str
    path: str
    reader: str
    sealed: bytes


@dataclass(frozen=True)
class Cabinet:
    """A desk's folder."""

    folder: Path

    def keep(self, drawer: str, id: str, sealed: bytes) -> None:
        """Make a sealed file durable. Raises Problem where the disk is full or not ours."""
        try:
            write_safely(self.folder / drawer / f"{id}.age", sealed)
        except OSError as error:
            todo = "Make room; what waits on the server stays there."
            raise Problem(str(self.folder), f"cannot be written ({error.strerror}).", todo) from None

    def ids(self, drawer: str) -> list[str]:
        """The ids of the files of a drawer."""
        return sorted(path.stem for path in (self.folder / drawer).glob("*.age"))

    def read(self, drawer: str, id: str) -> bytes:
        """A sealed file. Raises Problem where it is not here."""
        try:
            return (self.folder / drawer / f"{id}.age").read_bytes()
        except OSError:
            raise Problem(id, "is not on this machine.", "Fetch again; it may be erased.") from None

    def has(self, drawer: str, id: str) -> bool:
        """Whether the file is here."""
        return (self.folder / drawer / f"{id}.age").exists()

    def drop(self, drawer: str, id: str) -> None:
        """Erase a file. A disk may keep its bytes for a while: they are sealed."""
        (self.folder / drawer / f"{id}.age").unlink(missing_ok=True)

    # What the server says of a letter in clear: its thread and tray

    def labels(self) -> dict[str, dict[str, Any]]:
        """By letter: `thread`, `tray` and `form`, as the server named them."""
        found = {}
        for path in (self.folder / "labels").glob("*.json"):
            try:
                found[path.stem] = dict(json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError):
                continue  # cut short: the letter itself tells what it follows
        return found

    def label(self, id: str, row: Mapping[str, Any]) -> None:
        """Write down what the server said of a letter, where it says more than its id."""
        said = {"thread": row.get("thread") or id, "tray": row.get("tray") or 1, "form": row.get("form")}
        if (said["thread"], said["tray"]) != (id, 1) or said["form"] == DELETION:
            write_safely(self.folder / "labels" / f"{id}.json", json.dumps(said).encode())

    def unlabel(self, id: str) -> None:
        """Forget what was said of a letter."""
        (self.folder / "labels" / f"{id}.json").unlink(missing_ok=True)

    # The outbox

    def post(self, parcel: Parcel) -> None:
        """Put something sealed into the outbox, durably."""
        head = json.dumps({"method": parcel.method, "path": parcel.path, "reader": parcel.reader}).encode()
        self.keep("outbox", parcel.name, head + b"\n" + parcel.sealed)

    def posted(self) -> Iterator[Parcel]:
        """What waits in the outbox, oldest first."""
        for name in self.ids("outbox"):
            head, _, sealed = self.read("outbox", name).partition(b"\n")
            told = json.loads(head)
            yield Parcel(name, told["method"], told["path"], told["reader"], sealed)

    def fetch(self, server: Server) -> list[str]:
        """Fetch what waits with its parts, make it durable here, and only then acknowledge it. The ids.

        Raises Problem where the disk is full or the server goes away; nothing is lost then: what was not
        acknowledged waits on the server.
        """
        fetched = []
        for row in server.waiting():
            try:
                self._fetch_one(server, row)
            except NotThere:
                continue  # erased by the person, or another desk's last word, between the list and now
            fetched.append(row["id"])
        return fetched

    def _fetch_one(self, server: Server, row: Mapping[str, Any]) -> None:
        parts = [part for part in filter(is_id, row.get("parts") or ()) if not self.has("parts", part)]
        was_here = self.has("letters", row["id"])
        for part in parts:
            self.keep("parts", part, server.part(part))
        self.label(row["id"], row)
        self.keep("letters", row["id"], server.letter(row["id"]))
        try:
            server.acknowledge(row["id"])
        except NotThere:  # erased by the person since: for the server this desk never had it, so no notice will come
            if was_here:  # what was fetched before goes by a proven notice alone, never by the server's word
                return
            self.drop("letters", row["id"])
            self.unlabel(row["id"])
            for part in parts:
                self.drop("parts", part)
            raise
