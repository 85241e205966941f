"""The identity of a desk on this machine: its name, its folder and its server."""

from dataclasses import dataclass
from pathlib import Path

from forms.desk.crypto import keys
from forms.desk.sync.client import Server


@dataclass(frozen=True)
class DeskPlace:
    """One desk on this machine. name: a desk, or a desk and a member of it; address: that of its server."""

    name: str
    folder: Path
    address: str

    @property
    def desk(self) -> str:
        """The desk's id."""
        return self.name.partition("/")[0]

    def server(self) -> Server:
        """Return a client of the server, with this desk's token. Raises Problem if there is none."""
        return Server(self.address, keys.token(self.folder), keys.old_tokens(self.folder))
