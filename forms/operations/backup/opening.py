"""Open backups with the operator's secret key, which is on no server. The only module that does."""

import hashlib
import json
import os
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyrage

from forms.core.crypto.signing import are_bytes_signed_by
from forms.core.problem import Problem
from forms.operations.backup import archive
from forms.operations.backup.archive import DOMAIN, LARGEST_MEMBER, SIGNATURE, ArchiveMember, NotABackup, count

_MOST_MEMBERS = 1_000_000
_HEAD = "AGE-SECRET-KEY-1"


@dataclass(frozen=True)
class Opening:
    """What opens a backup: the operator's secret keys, and the public key by which this server's signature is known.

    An empty signer takes any signature.
    """

    identities: Sequence[str]
    signer: str


def read_identities(path: Path, passphrase: Callable[[], str]) -> list[str]:
    """Return the secret keys in a file as age-keygen writes it, or in one that a passphrase locks. Raises Problem."""
    data = path.read_bytes()
    if data.startswith(b"age-encryption.org/"):
        try:
            data = pyrage.passphrase.decrypt(data, passphrase())
        except pyrage.DecryptError:
            raise Problem(str(path), "does not open with this passphrase.", "Type it again.") from None
    lines = [line.strip() for line in data.decode("ascii", "replace").splitlines()]
    found = [line for line in lines if line.upper().startswith(_HEAD)]
    if not found:
        raise Problem(str(path), "holds no secret key.", "Name the file that portal backup-key or age-keygen wrote.")
    return found


def make_key(path: Path, passphrase: str) -> str:
    """Write a new secret key into a file, locked where there is a passphrase; return the public key. Raises Problem."""
    identity = pyrage.x25519.Identity.generate()
    text = f"# public key: {identity.to_public()}\n{identity}\n".encode()
    data = pyrage.passphrase.encrypt(text, passphrase) if passphrase else text
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError:
        raise Problem(
            str(path), "is there already.", "Without the key in it no backup opens: name another file."
        ) from None
    return str(identity.to_public())


def read(file: IO[bytes], identities: Sequence[str]) -> Iterator[ArchiveMember]:
    """Yield the members of an archive, the signature last. Raises NotABackup where anything is not as it was written.

    Until the signature has come (see `Signed`), nobody knows who wrote the members.
    """
    keys = [_identity(text) for text in identities]
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def decrypt() -> None:
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as writer:  # who reads may have seen enough
            try:
                pyrage.decrypt_io(file, writer, keys)
            except BaseException as error:  # noqa: BLE001 - said below, in the thread that reads
                failed.append(error)

    thread = threading.Thread(target=decrypt, name="decrypting", daemon=True)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as plain:
            yield from _members(plain)
            _read_to_end(plain)
    except (tarfile.TarError, EOFError, ValueError, OverflowError):
        thread.join()
        raise _cut(failed) from None
    finally:
        thread.join()
    if failed:
        raise _cut(failed)


def _members(plain: IO[bytes]) -> Iterator[ArchiveMember]:
    """Yield the members of a backup.

    Raises NotABackup for one that no backup has, tarfile.ReadError where it is cut off.
    """
    seen: set[str] = set()
    with tarfile.open(mode="r|", fileobj=plain) as tar:
        for info in tar:
            tar.members.clear()  # type: ignore[attr-defined] # else it remembers each
            odd = not info.isreg() or info.issparse() or not archive.NAME.fullmatch(info.name) or ".." in info.name
            if odd or info.name in seen or info.size > LARGEST_MEMBER or len(seen) >= _MOST_MEMBERS:
                raise NotABackup("The backup", "holds a member that no backup has.", "Take another backup.")
            seen.add(info.name)
            content = tar.extractfile(info)
            data = content.read() if content else b""
            if len(data) != info.size:
                raise tarfile.ReadError
            yield ArchiveMember(info.name, data)


def _read_to_end(plain: IO[bytes]) -> None:
    while plain.read(1024 * 1024):
        pass


def _cut(failed: Sequence[BaseException]) -> NotABackup:
    todo = "Take another backup, or the key that belongs to it."
    if failed and isinstance(failed[0], pyrage.DecryptError) and "matching" in str(failed[0]).lower():
        return NotABackup("The backup", "was encrypted to another key.", todo)
    return NotABackup("The backup", "is cut, damaged or none.", todo)


def _identity(text: str) -> Any:
    """Return an age identity from its text. Raises Problem where it is none."""
    try:
        return pyrage.x25519.Identity.from_str(text.strip())
    except pyrage.IdentityError:
        raise Problem("The key", "is no age secret key.", 'It looks like "AGE-SECRET-KEY-1...".') from None


class Signed:
    """Passes members on, and holds the signature at the end against them.

    key: who signed, once all is read; digest: of all that was signed, which is the identity of the backup.
    """

    def __init__(self, members: Iterable[ArchiveMember]) -> None:
        self._members = members
        self.key = ""
        self.digest = b""

    def __iter__(self) -> Iterator[ArchiveMember]:
        """Yield the members before the signature. Raises NotABackup at the end where it is missing or does not fit."""
        digest = hashlib.sha256(DOMAIN)
        for member in self._members:
            if self.key:
                raise NotABackup("The backup", "goes on behind its signature.", "Take another backup.")
            if member.name == SIGNATURE:
                self.digest = digest.digest()
                self.key = _signer(member.content, self.digest)
                continue
            count(digest, member)
            yield member
        if not self.key:
            raise NotABackup("The backup", "has no signature at its end: it is cut.", "Take another backup.")


def _signer(text: bytes, digest: bytes) -> str:
    """Return the key whose signature of this digest the text holds. Raises NotABackup where it does not fit."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        found = json.loads(text)
        key, signature = str(found["key"]), str(found["signature"])
        if are_bytes_signed_by(digest, signature, key):
            return key
    raise NotABackup("The backup", "has a signature that does not fit.", "Take another backup.")
