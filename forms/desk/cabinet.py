"""The sealed letters that a desk keeps on its machine. Nothing opened is ever written to disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyrage

from forms.desk.fetch import Server
from forms.desk.keys import write_safely
from forms.desk.opening import Letter, open_letter
from forms.problem import Problem


@dataclass(frozen=True)
class Cabinet:
    """A desk's folder of sealed letters: `letters/<id>.age`."""

    folder: Path

    def fetch(self, server: Server) -> int:
        """Fetch what waits, make it durable here, and only then acknowledge it. How many were fetched.

        Raises Problem where the disk is full or the server goes away; nothing is lost then: what was not
        acknowledged waits on the server.
        """
        count = 0
        for row in server.waiting():
            sealed = server.letter(row["id"])
            try:
                write_safely(self.folder / "letters" / f"{row['id']}.age", sealed)
            except OSError as error:
                todo = "Make room; the letters wait on the server."
                raise Problem(str(self.folder), f"cannot be written ({error.strerror}).", todo) from None
            server.acknowledge(row["id"])
            count += 1
        return count

    def opened(self, identity: pyrage.x25519.Identity) -> Iterator[tuple[str, Letter | Problem]]:
        """Every letter with its id, opened in memory; in its place a Problem where one does not open."""
        for path in sorted((self.folder / "letters").glob("*.age")):
            yield path.stem, _opened(path.read_bytes(), identity)


def _opened(sealed: bytes, identity: pyrage.x25519.Identity) -> Letter | Problem:
    try:
        return open_letter(sealed, identity)
    except Problem as problem:
        return problem
