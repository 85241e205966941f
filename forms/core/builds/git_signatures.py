"""Signatures of commits as git makes and checks them with SSH keys (OpenSSH, PROTOCOL.sshsig), Ed25519 only.

The message of a published commit names the branch and the site for which it is meant, so that a signature for one is
not valid for another. Nothing here reads a file.
"""

import binascii
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import pairwise

from forms.core.crypto.signing import PrivateKey, are_bytes_signed_by, public_text, sign_bytes
from forms.core.problem import Problem
from forms.core.yaml_reader import YAMLError, read_yaml

_MAGIC = b"SSHSIG"
_TYPE = b"ssh-ed25519"
GIT = b"git"
"""The namespace in which git signs commits: a key that is valid for it may publish anything."""

WITHDRAWAL = b"withdrawal@portal"
"""The namespace of commits that withdraw stories and do nothing else."""

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_PLACE = re.compile(r"^Publish: (\S{1,100}) of (\S{1,200})$", re.M)


@dataclass(frozen=True)
class PublishTarget:
    """The place where a commit is to be published: a branch, and the address of a site."""

    branch: str
    site: str

    @property
    def line(self) -> str:
        """The line of a commit's message that names it."""
        return f"Publish: {self.branch} of {self.site}"


def publish_target(message: str) -> PublishTarget | None:
    """Return the target that a commit's message names, or None if it names none or several."""
    matches = _PLACE.findall(message)
    return PublishTarget(*matches[0]) if len(matches) == 1 else None


def require_publish_target(message: str, before: str, branch: str, where: str, *, renamed: bool = False) -> None:
    """Raise Problem if a signed commit is meant for another branch or site than the one that offers it.

    before: the message of the last trusted commit. If that names a target, this one must name one too, so that no
    signed draft is published. renamed: the site has another address from now on.
    """
    target, previous = publish_target(message), publish_target(before)
    if target is None and previous is not None:
        line = PublishTarget(branch, previous.site).line
        todo = f'Publish it with the editor, or write into the message of the commit: "{line}"'
        raise Problem(where, "its newest commit does not say that it is to be published.", todo)
    if target is not None and target.branch != branch:
        todo = "Somebody who may publish signs what is meant for this branch."
        raise Problem(where, f"its newest commit was signed for the branch {target.branch}.", todo)
    if target is not None and previous is not None and target.site != previous.site and not renamed:
        todo = "If this site has a new address, say so once: update --renamed. If not, look at who wrote it there."
        raise Problem(where, f"its newest commit was signed for another site, {target.site}.", todo)


SETTINGS = "portal.yml"
"""The file of a commit that names its site, if no message does."""


def is_for_site(target: PublishTarget, before: str, settings: bytes) -> bool:
    """Return whether a withdrawal names the site of its parent commit.

    before: the parent's message; settings: the parent's portal.yml, which names the site if the message does not.
    Otherwise the first withdrawal could name another site, and lock out all publishers until `update --renamed`.
    """
    previous = publish_target(before)
    if previous is not None:
        return previous.site == target.site
    try:
        values = read_yaml(settings.decode("utf-8-sig"))
    except (YAMLError, UnicodeDecodeError):
        return False
    return isinstance(values, dict) and str(values.get("address") or "").rstrip("/") == target.site


def is_draft_of(path: str, stories: Collection[str]) -> bool:
    """Return whether a file is an unfinished translation of one of these stories, which a withdrawal may remove."""
    match = re.fullmatch(r"drafts/[^/]+/(.+)\.md", path)
    return match is not None and match[1].casefold() in stories


def public_line(name: str, public: str, namespace: str = "") -> str:
    """Return the line of an allowed_signers file for a public key (signing.public_text).

    namespace: the only one for which the key is valid; without it, the key is valid for all.
    """
    option = f'namespaces="{namespace}" ' if namespace else ""
    return f"{name} {option}ssh-ed25519 {b64encode(_public(public)).decode()}"


def sign(message: bytes, key: PrivateKey, namespace: bytes = GIT) -> bytes:
    """Return the signature of a commit's bytes in the form of its header gpgsig."""
    raw = bytes.fromhex(sign_bytes(signed_bytes(message, b"sha512", namespace), key))
    return armor(_public(public_text(key)), namespace, b"sha512", field(_TYPE) + field(raw))


def armor(public: bytes, namespace: bytes, digest: bytes, signature: bytes) -> bytes:
    """Return an SSH signature as text. signature: the encoded type and signature, with what follows them."""
    data = b"".join(map(field, (public, namespace, b"", digest, signature)))
    text = b64encode(_MAGIC + (1).to_bytes(4, "big") + data).decode()
    lines = [text[start : start + 70] for start in range(0, len(text), 70)]
    return "\n".join([_BEGIN, *lines, _END]).encode()


def signer(message: bytes, signature: bytes, signers: Iterable[str], namespace: bytes = GIT) -> str | None:
    """Return the name of the person in an allowed_signers file who signed these bytes; None if nobody there did.

    A key with namespaces is valid in those only. Lines with other options, or keys of another type, are ignored.
    """
    try:
        parts = parse_signature(signature)
        kind, raw = fields(parts.signature, 2)
        signed = signed_bytes(message, parts.digest, namespace)
        text = f"ed25519:{fields(parts.public, 2)[1].hex()}"
    except (ValueError, IndexError):
        return None
    if (kind, parts.namespace, fields(parts.public)[0]) != (_TYPE, namespace, _TYPE):
        return None
    for line in signers:
        name, allowed, key = parse_signer(line)
        if key == parts.public and (not allowed or namespace.decode() in allowed):
            return name if are_bytes_signed_by(signed, raw.hex(), text) else None
    return None


def parse_signer(line: str) -> tuple[str, list[str], bytes]:
    """Return the name, the namespaces (none: all) and the Ed25519 key of a line of an allowed_signers file.

    The key is empty if it has another type. Name and key of a comment (#) are empty.
    """
    if line.lstrip().startswith("#"):
        return "", [], b""
    name, *words = ([*line.split(), "", "", ""])[:4]
    option = re.fullmatch(r'namespaces="([^"\s]*)"', words[0])
    kind, key = words[1:] if option else words[:2]
    return name, option[1].split(",") if option else [], _decode_base64(key) if kind.encode() == _TYPE else b""


@dataclass(frozen=True)
class SignatureParts:
    """The parts of an SSH signature; public key and signature in SSH's encoding."""

    public: bytes
    namespace: bytes
    digest: bytes
    signature: bytes


def parse_signature(signature: bytes) -> SignatureParts:
    """Return the parts of an SSH signature. Raises ValueError for anything else."""
    text = signature.decode("ascii").strip()
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        raise ValueError
    data = b64decode("".join(text[len(_BEGIN) : -len(_END)].split()), validate=True)
    if data[: len(_MAGIC) + 4] != _MAGIC + (1).to_bytes(4, "big"):
        raise ValueError
    public, namespace, _, digest, blob = fields(data[len(_MAGIC) + 4 :], 5)
    return SignatureParts(public, namespace, digest, blob)


def signed_bytes(message: bytes, digest: bytes, namespace: bytes) -> bytes:
    """Return the bytes that an SSH signature of a message covers. Raises ValueError for an unknown digest."""
    if digest not in {b"sha256", b"sha512"}:
        raise ValueError
    hashed = hashlib.new(digest.decode(), message).digest()
    return _MAGIC + b"".join(map(field, (namespace, b"", digest, hashed)))


def split_commit(raw: bytes) -> tuple[bytes, bytes]:
    """Return a commit's signature, and the bytes it covers. Raises ValueError if it has none, or several."""
    header, gap, message = raw.partition(b"\n\n")
    lines = header.split(b"\n")
    starts = [index for index, line in enumerate(lines) if line.startswith(b"gpgsig ")]
    if len(starts) != 1:
        raise ValueError
    first = starts[0]
    end = next((index for index in range(first + 1, len(lines)) if not lines[index].startswith(b" ")), len(lines))
    signature = [lines[first].removeprefix(b"gpgsig "), *(line[1:] for line in lines[first + 1 : end])]
    return b"\n".join(signature), b"\n".join([*lines[:first], *lines[end:]]) + gap + message


def signer_key(line: str) -> bytes:
    """Return the key of any type in a line of an allowed_signers file, in SSH's encoding; empty if there is none."""
    words = line.split()
    keys = [_decode_base64(key) for kind, key in pairwise(words) if kind.startswith(("ssh-", "sk-", "ecdsa-"))]
    return keys[0] if keys and not line.lstrip().startswith("#") else b""


def _public(text: str) -> bytes:
    """Return a public key in SSH's encoding."""
    return field(_TYPE) + field(bytes.fromhex(text.removeprefix("ed25519:")))


def field(data: bytes) -> bytes:
    """Return bytes as an SSH string: with their length before them (RFC 4251, section 5)."""
    return len(data).to_bytes(4, "big") + data


def first_field(data: bytes) -> tuple[bytes, bytes]:
    """Return the first field, and the bytes after it. Raises ValueError if the bytes hold no whole field."""
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise ValueError
    return data[4 : 4 + size], data[4 + size :]


def fields(data: bytes, count: int = 0) -> list[bytes]:
    """Return all fields. Raises ValueError for a cut field, or another number of them than `count` (0: any)."""
    values = []
    while data:
        value, data = first_field(data)
        values.append(value)
    if count and len(values) != count:
        raise ValueError
    return values


def _decode_base64(text: str) -> bytes:
    """Return the bytes of a text in Base64; empty if it is none."""
    try:
        return b64decode(text, validate=True)
    except binascii.Error:
        return b""
