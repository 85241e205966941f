"""The manifest of a build: what the people who publish the site say that it consists of.

It names the SHA-256 and the size of every page, script and style, the keys of the desks, and the portal that the forms
use. It lies on the site as /build-manifest.json; /build-manifest.sig beside it holds the publishers' signatures, one a
line: the public key and the signature. The server cannot sign, so it cannot change what a desk compares with. A key is
Ed25519 of a machine that somebody keeps off the server (`ed25519:`), or a passkey of a person's device (`passkey:`).
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

from forms.core.builds import passkey_signatures
from forms.core.crypto import signing
from forms.core.crypto.signing import PrivateKey, SignedStatement, content_hash, public_text, sign
from forms.core.portal import Portal, as_json
from forms.core.problem import Problem

ADDRESS, SIGNATURES = "/build-manifest.json", "/build-manifest.sig"
CHANGED_AFTER_SIGNING = b"# Signed once; a withdrawal has changed the build since.\n"
"""What takes the place of the signatures then: only a new signature lets the site be replaced by a new build."""

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest manifest that is read: about 30,000 files."""

_VERSION = 1
_HEAD = re.compile(rb'(\{\n"version": 1,\n"number": )(\d+)(?=,\n)')
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST_SIGNATURES = 20


@dataclass(frozen=True)
class PublishedFile:
    """A file of the site: the SHA-256 of its bytes in hexadecimal, and how many they are."""

    sha256: str
    size: int


@dataclass(frozen=True)
class BuildManifest:
    """What a build consists of.

    number: grows with each build; files: by address, "/en/tell/" for a page; desks: by id, with `reads`, `keys` (age
    recipients) and `signing`; portal: the SHA-256 of the portal's JSON values.
    """

    number: int
    day: str
    files: Mapping[str, PublishedFile]
    desks: Mapping[str, Mapping[str, tuple[str, ...]]]
    portal: str

    def readers(self, form: str) -> dict[str, tuple[str, ...]]:
        """Return the keys of each desk that reads letters of this form."""
        return {id: desk["keys"] for id, desk in self.desks.items() if form in desk["reads"]}


def file_of(data: bytes) -> PublishedFile:
    """Return what a manifest says of these bytes."""
    return PublishedFile(hashlib.sha256(data).hexdigest(), len(data))


def desks_of(portal: Portal) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what a manifest says of the desks of a portal."""
    return {
        desk.id: {
            "reads": tuple(desk.reads),
            "keys": tuple(desk.keys),
            "signing": tuple(member.signing for member in desk.members),
        }
        for desk in portal.desks
    }


def portal_digest(portal: Portal) -> str:
    """Return the SHA-256 of the portal's JSON values."""
    return content_hash(as_json(portal))


def write(manifest: BuildManifest) -> bytes:
    """Return a manifest as it is published."""
    rest: dict[str, Any] = {
        "version": _VERSION,
        "number": manifest.number,
        "day": manifest.day,
        "portal": manifest.portal,
        "desks": manifest.desks,
    }
    # As json.dumps(..., indent=0) writes them; that takes fifty times as long for thousands of files.
    files = [f"{_start_of(path)}{_rest_of(file)}" for path, file in sorted(manifest.files.items())]
    listed = "{\n" + ",\n".join(files) + "\n}" if files else "{}"
    start = json.dumps(rest, indent=0, ensure_ascii=False).removesuffix("\n}")
    return f'{start},\n"files": {listed}\n}}'.encode()


def _start_of(path: str) -> str:
    return f"{encode_basestring(path)}: [\n"


def _rest_of(file: PublishedFile) -> str:
    return f'"{file.sha256}",\n{file.size}\n]'


def with_changed_files(data: bytes, number: Callable[[int], int], files: Mapping[str, PublishedFile]) -> bytes | None:
    """Return a manifest that `write` wrote, with other bytes in some of its files, as `write` would write it.

    number: returns the new one, told the old. None where that is not sure, or where a file is not listed yet: to read
    thousands of files and write them again takes longer than to draw an edited page.
    """
    head = _HEAD.match(data)
    if head is None:
        return None
    parts, at = [head[1], str(number(int(head[2]))).encode()], head.end()
    for path, file in sorted(files.items()):
        start = f"\n{_start_of(path)}".encode()
        found = data.find(start, at)
        end = data.find(b"]", found)
        if found < 0 or end < 0 or data.count(start) != 1:
            return None
        parts += [data[at : found + len(start)], _rest_of(file).encode()]
        at = end + 1
    return b"".join([*parts, data[at:]])


def read(data: bytes) -> BuildManifest:
    """Return a manifest from its JSON. Raises Problem for anything that is not one."""
    try:
        found = json.loads(data)
        json.dumps(
            found, ensure_ascii=False
        ).encode()  # half a character, which JSON may escape, can be written nowhere
        return _read(found)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        raise Problem(ADDRESS, "is no list of a build.", "Tell the people who publish the site.") from None


def _read(data: Mapping[str, Any]) -> BuildManifest:
    """Return a manifest from its bytes. Raises ValueError, or msgspec's error, for what is not one."""
    number, day, portal = data["number"], data["day"], data["portal"]
    if type(number) is not int or number < 0 or not _DAY.fullmatch(day) or not _DIGEST.fullmatch(portal):
        raise ValueError("not a manifest")
    files = {path: PublishedFile(digest, int(size)) for path, (digest, size) in data["files"].items()}
    if not all(path.startswith("/") and _DIGEST.fullmatch(file.sha256) for path, file in files.items()):
        raise ValueError("not a manifest")
    desks = {
        id: {name: tuple(map(str, desk[name])) for name in ("reads", "keys", "signing")}
        for id, desk in data["desks"].items()
    }
    return BuildManifest(number, day, files, desks, portal)


def signature_line(data: bytes, key: PrivateKey) -> str:
    """Return the line by which a publisher signs the bytes of a manifest."""
    return f"{public_text(key)} {sign(_statement(data), key)}\n"


def challenge(data: bytes) -> bytes:
    """Return what the passkey of a publisher signs for the bytes of a manifest. Raises Problem for no manifest."""
    return passkey_signatures.challenge(_statement(data).as_bytes())


def is_publisher(text: object) -> bool:
    """Return whether a text is a key by which a build can be signed."""
    return isinstance(text, str) and (signing.is_public_key(text) or passkey_signatures.is_public_key(text))


def is_signed(data: bytes, signatures: bytes, publishers: Iterable[str]) -> bool:
    """Return whether one of these publishers signed just these bytes."""
    try:
        lines = [line.split(" ") for line in signatures.decode("ascii").splitlines()[:_MOST_SIGNATURES]]
        statement = _statement(data)
    except (UnicodeDecodeError, Problem):
        return False
    trusted = set(publishers)
    return any(
        len(line) == 2 and line[0] in trusted and _is_signed_by(statement, line[1], line[0])  # noqa: PLR2004
        for line in lines
    )


def _is_signed_by(statement: SignedStatement, signature: str, key: str) -> bool:
    if passkey_signatures.is_public_key(key):
        return passkey_signatures.is_signed_by(statement.as_bytes(), signature, key)
    return signing.is_signed_by(statement, signature, key)


def _statement(data: bytes) -> SignedStatement:
    manifest = read(data)
    return SignedStatement(
        purpose="build", letter="", item=str(manifest.number), desk="", member="", day=manifest.day,
        content=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip
