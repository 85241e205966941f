"""One encrypted file with many members, written and read as a stream: nothing of it ever stands on a disk in clear.

It is a tar archive inside an age file, so that `age -d` and `tar` read it should this program be gone. The last member
is a signature over all before it: anybody can encrypt to a public key, and only this server can sign.
"""

import errno
import hashlib
import io
import json
import os
import re
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import pyrage

from forms.core.encryption import can_encrypt
from forms.core.problem import Problem
from forms.core.signing import PrivateKey, are_bytes_signed_by, public_text, sign_bytes

SIGNATURE = "signature.json"
LARGEST_MEMBER = 64 * 1024 * 1024
"""Bytes: a member is held in memory as a whole."""

_DOMAIN = b"safe-community-portal backup v1\n"
_NAME = re.compile(r"[A-Za-z0-9_.%@+~-]+(/[A-Za-z0-9_.%@+~-]+)*")
_MOST_MEMBERS = 1_000_000


class NotABackup(Problem):
    """The file cannot be opened, was cut or changed, or holds what no backup of ours holds."""


@dataclass(frozen=True)
class Member:
    """A named part of a backup, like salt or concerns/letters/000001."""

    name: str
    content: bytes


def write(file: IO[bytes], members: Iterable[Member], recipients: Sequence[str], key: PrivateKey) -> None:
    """Write members as an encrypted, signed archive. Raises OSError, Problem; then what was written is no backup."""
    if not can_encrypt(recipients):
        raise Problem(
            "PORTAL_BACKUP_KEY", "is no age key.", 'It must look like "age1...": portal backup-key makes one.'
        )
    keys, target = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients], _Target(file)
    try:
        with _piped(lambda reader: pyrage.encrypt_io(reader, target, keys)) as plain:
            _write_tar(plain, members, key)
    except pyrage.EncryptError:  # its text is all that is left of an error of the disk
        raise target.failed or OSError(errno.EIO, "not encrypted") from None


class _Target:
    """The file that is written; remembers why it could not be."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write all of it."""
        try:
            return self._file.write(data)
        except OSError as error:
            self.failed = error
            raise

    def flush(self) -> None:
        """Nothing: the file is closed by its owner."""


def _write_tar(plain: IO[bytes], members: Iterable[Member], key: PrivateKey) -> None:
    digest = hashlib.sha256(_DOMAIN)
    with tarfile.open(mode="w|", fileobj=plain, format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            if len(member.content) > LARGEST_MEMBER or not _NAME.fullmatch(member.name):
                raise Problem(member.name, "is too large for a backup, or has a name that it cannot have.")
            _add(tar, member)
            _count(digest, member)
        signature = {"key": public_text(key), "signature": sign_bytes(digest.digest(), key)}
        _add(tar, Member(SIGNATURE, json.dumps(signature).encode()))


def _add(tar: tarfile.TarFile, member: Member) -> None:
    info = tarfile.TarInfo(member.name)  # no time, owner or group
    info.size, info.mode = len(member.content), 0o600
    tar.addfile(info, io.BytesIO(member.content))


def _count(digest: Any, member: Member) -> None:
    digest.update(f"{len(member.name)} {member.name} {len(member.content)}\n".encode())
    digest.update(member.content)


@contextmanager
def _piped(consume: Callable[[IO[bytes]], None]) -> Iterator[IO[bytes]]:
    """Lend a stream whose other end `consume` reads in a thread; what fails there is raised here at the end."""
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def run() -> None:
        with os.fdopen(reading, "rb") as reader:
            try:
                consume(reader)
            except BaseException as error:  # noqa: BLE001 - raised in the thread that waits for this one
                failed.append(error)

    thread = threading.Thread(target=run, name="encrypting", daemon=True)
    thread.start()
    try:
        with os.fdopen(writing, "wb") as writer, suppress(BrokenPipeError):
            yield writer
    finally:
        thread.join()
        if failed:
            raise failed[0]


def read(file: IO[bytes], identities: Sequence[str]) -> Iterator[Member]:
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


def _members(plain: IO[bytes]) -> Iterator[Member]:
    seen: set[str] = set()
    with tarfile.open(mode="r|", fileobj=plain) as tar:
        for info in tar:
            tar.members.clear()  # type: ignore[attr-defined] # else it remembers each
            odd = not info.isreg() or info.issparse() or not _NAME.fullmatch(info.name) or ".." in info.name
            if odd or info.name in seen or info.size > LARGEST_MEMBER or len(seen) >= _MOST_MEMBERS:
                raise NotABackup("The backup", "holds a member that no backup has.", "Take another backup.")
            seen.add(info.name)
            content = tar.extractfile(info)
            data = content.read() if content else b""
            if len(data) != info.size:
                raise tarfile.ReadError
            yield Member(info.name, data)


def _read_to_end(plain: IO[bytes]) -> None:
    while plain.read(1024 * 1024):
        pass


def _cut(failed: Sequence[BaseException]) -> NotABackup:
    todo = "Take another backup, or the key that belongs to it."
    if failed and isinstance(failed[0], pyrage.DecryptError) and "matching" in str(failed[0]).lower():
        return NotABackup("The backup", "was encrypted to another key.", todo)
    return NotABackup("The backup", "is cut, damaged or none.", todo)


def _identity(text: str) -> Any:
    try:
        return pyrage.x25519.Identity.from_str(text.strip())
    except pyrage.IdentityError:
        raise Problem("The key", "is no age secret key.", 'It looks like "AGE-SECRET-KEY-1...".') from None


class Signed:
    """Passes members on, and holds the signature at the end against them. key: who signed, once all is read."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._members = members
        self.key = ""

    def __iter__(self) -> Iterator[Member]:
        """Yield the members before the signature. Raises NotABackup at the end where it is missing or does not fit."""
        digest = hashlib.sha256(_DOMAIN)
        for member in self._members:
            if self.key:
                raise NotABackup("The backup", "goes on behind its signature.", "Take another backup.")
            if member.name == SIGNATURE:
                self.key = _signer(member.content, digest.digest())
                continue
            _count(digest, member)
            yield member
        if not self.key:
            raise NotABackup("The backup", "has no signature at its end: it is cut.", "Take another backup.")


def _signer(text: bytes, digest: bytes) -> str:
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        found = json.loads(text)
        key, signature = str(found["key"]), str(found["signature"])
        if are_bytes_signed_by(digest, signature, key):
            return key
    raise NotABackup("The backup", "has a signature that does not fit.", "Take another backup.")
