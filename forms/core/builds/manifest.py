"""The manifest of a build: the files and keys of the site, signed by the people who publish it.

It names the SHA-256 and the size of every page, script and style, the keys of the desks, and the portal that the forms
use. The site serves it as /build-manifest.json; /build-manifest.sig holds the publishers' signatures, one a line: the
public key and the signature. The server cannot sign, so it cannot change what a desk compares with. A key is either
the Ed25519 key of a machine other than the server (`ed25519:`), or a passkey of a person's device (`passkey:`).
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
"""Replaces the signatures then: the site can only be replaced by a build that is signed again."""

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of the largest manifest that is read, with about 30,000 files."""

_VERSION = 1
_HEAD = re.compile(rb'(\{\n"version": 1,\n"number": )(\d+)(?=,\n)')
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MAX_SIGNATURES = 20


@dataclass(frozen=True)
class PublishedFile:
    """A file of the site: the SHA-256 of its bytes in hexadecimal, and their number."""

    sha256: str
    size: int


@dataclass(frozen=True)
class BuildManifest:
    """The contents of a build.

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
    """Return the manifest's entry for a file of these bytes."""
    return PublishedFile(hashlib.sha256(data).hexdigest(), len(data))


def desks_of(portal: Portal) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the manifest's entries for the desks of a portal."""
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
    """Return the bytes of a manifest."""
    rest: dict[str, Any] = {
        "version": _VERSION,
        "number": manifest.number,
        "day": manifest.day,
        "portal": manifest.portal,
        "desks": manifest.desks,
    }
    # The form of json.dumps(..., indent=0), which takes fifty times as long for thousands of files.
    files = [f"{_file_start(path)}{_file_end(file)}" for path, file in sorted(manifest.files.items())]
    file_text = "{\n" + ",\n".join(files) + "\n}" if files else "{}"
    start = json.dumps(rest, indent=0, ensure_ascii=False).removesuffix("\n}")
    return f'{start},\n"files": {file_text}\n}}'.encode()


def _file_start(path: str) -> str:
    return f"{encode_basestring(path)}: [\n"


def _file_end(file: PublishedFile) -> str:
    return f'"{file.sha256}",\n{file.size}\n]'


def with_changed_files(data: bytes, number: Callable[[int], int], files: Mapping[str, PublishedFile]) -> bytes | None:
    """Return the bytes of a manifest with new entries for some of its files, as `write` would write it.

    number: returns the new number for the old one. Returns None if `write` did not write the manifest, or if it does
    not list a file. Reading and writing thousands of files again takes longer than rendering an edited page.
    """
    head = _HEAD.match(data)
    if head is None:
        return None
    parts, position = [head[1], str(number(int(head[2]))).encode()], head.end()
    for path, file in sorted(files.items()):
        start = f"\n{_file_start(path)}".encode()
        index = data.find(start, position)
        end = data.find(b"]", index + len(start))  # behind the path, which may hold a ] too
        if index < 0 or end < 0 or data.count(start) != 1:
            return None
        parts += [data[position : index + len(start)], _file_end(file).encode()]
        position = end + 1
    return b"".join([*parts, data[position:]])


def read(data: bytes) -> BuildManifest:
    """Return a manifest from its JSON. Raises Problem for anything that is not one."""
    try:
        values = json.loads(data)
        json.dumps(values, ensure_ascii=False).encode()  # raises for half a character, which JSON may escape
        return _read(values)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
        raise Problem(ADDRESS, "is no list of a build.", "Tell the people who publish the site.") from None


def _read(data: Mapping[str, Any]) -> BuildManifest:
    """Return a manifest from its JSON values. Raises ValueError, KeyError, TypeError or the like for anything else."""
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
    """Return a publisher's line in the signatures of a manifest's bytes."""
    return f"{public_text(key)} {sign(_statement(data), key)}\n"


def challenge(data: bytes) -> bytes:
    """Return the challenge that a publisher's passkey signs for a manifest's bytes. Raises Problem for other bytes."""
    return passkey_signatures.challenge(_statement(data).as_bytes())


def is_publisher(text: object) -> bool:
    """Return whether a text is a public key that can sign a build."""
    return isinstance(text, str) and (signing.is_public_key(text) or passkey_signatures.is_public_key(text))


def is_signed(data: bytes, signatures: bytes, publishers: Iterable[str]) -> bool:
    """Return whether one of these publishers signed exactly these bytes."""
    try:
        lines = [line.split(" ") for line in signatures.decode("ascii").splitlines()[:_MAX_SIGNATURES]]
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
