"""Which desk this is: its folder on this machine and its server."""

from dataclasses import dataclass
from pathlib import Path

from forms.desk.crypto import keys
from forms.desk.sync.client import Server


@dataclass(frozen=True)
class DeskPlace:
    """One desk on this machine: its name (a desk, or a desk and a member of it), its folder, its server's address."""

    name: str
    folder: Path
    address: str

    @property
    def desk(self) -> str:
        """Return the desk's id."""
        return self.name.partition("/")[0]

    def server(self) -> Server:
        """Return the server, with this desk's token. Raises Problem where there is none."""
        return Server(self.address, keys.token(self.folder), keys.old_tokens(self.folder))
