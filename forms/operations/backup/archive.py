"""One encrypted file with many members, written as a stream: nothing of it ever stands on a disk in clear.

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

from forms.core.crypto.encryption import can_encrypt
from forms.core.crypto.signing import PrivateKey, public_text, sign_bytes
from forms.core.problem import Problem

SIGNATURE = "signature.json"
LARGEST_MEMBER = 64 * 1024 * 1024
"""Bytes: a member is held in memory as a whole."""

DOMAIN = b"safe-community-portal backup v1\n"
NAME = re.compile(r"[A-Za-z0-9_.%@+~-]+(/[A-Za-z0-9_.%@+~-]+)*")


class NotABackup(Problem):
    """The file cannot be opened, was cut or changed, or holds what no backup of ours holds."""


@dataclass(frozen=True)
class ArchiveMember:
    """A named part of a backup, like salt or concerns/letters/000001."""

    name: str
    content: bytes


def write(file: IO[bytes], members: Iterable[ArchiveMember], recipients: Sequence[str], key: PrivateKey) -> None:
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


def _write_tar(plain: IO[bytes], members: Iterable[ArchiveMember], key: PrivateKey) -> None:
    """Write members into a tar file. Raises Problem for one that is too large or has a name that restore refuses."""
    digest = hashlib.sha256(DOMAIN)
    with tarfile.open(mode="w|", fileobj=plain, format=tarfile.PAX_FORMAT) as tar:
        for member in members:
            if len(member.content) > LARGEST_MEMBER or not NAME.fullmatch(member.name):
                raise Problem(member.name, "is too large for a backup, or has a name that it cannot have.")
            _add(tar, member)
            count(digest, member)
        signature = {"key": public_text(key), "signature": sign_bytes(digest.digest(), key)}
        _add(tar, ArchiveMember(SIGNATURE, json.dumps(signature).encode()))


def _add(tar: tarfile.TarFile, member: ArchiveMember) -> None:
    info = tarfile.TarInfo(member.name)  # no time, owner or group
    info.size, info.mode = len(member.content), 0o600
    tar.addfile(info, io.BytesIO(member.content))


def count(digest: Any, member: ArchiveMember) -> None:
    """Add a member to what is signed."""
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
