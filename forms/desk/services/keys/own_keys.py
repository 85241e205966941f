"""The private keys of this machine, in memory until the desk is locked."""

from pathlib import Path

from forms.desk.crypto import keys
from forms.desk.crypto.decryption import Identities, open_sealed


class OwnKeys:
    """The private keys of this machine. identities: the present one first; empty once the desk is locked."""

    def __init__(self, folder: Path, identities: Identities) -> None:
        self._folder, self.identities = folder, identities

    @property
    def recipient(self) -> str:
        """The public half of the present key."""
        return str(self.identities[0].to_public())

    @property
    def recipients(self) -> frozenset[str]:
        """The public halves of all keys."""
        return frozenset(str(identity.to_public()) for identity in self.identities)

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """The public signing keys, the present one first."""
        return tuple(keys.signing_line(identity) for identity in self.identities)

    def open(self, sealed: bytes) -> bytes:
        """Decrypt a file that was encrypted to one of these keys. Raises Problem."""
        return open_sealed(sealed, self.identities)

    def reload(self, passphrase: str | None) -> None:
        """Read the keys from the key file again, after it has changed. Raises Problem."""
        self.identities = keys.identities(self._folder, lambda: passphrase or "")

    def forget(self) -> None:
        """Drop the keys from memory, when the desk is locked."""
        self.identities = ()
