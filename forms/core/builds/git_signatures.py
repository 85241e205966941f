"""Signatures of commits as git makes and checks them with SSH keys (OpenSSH, PROTOCOL.sshsig), Ed25519 only.

A commit that a person publishes says in its message where it is to be published: a signature for one branch or site is
not good for another. Nothing here reads a file.
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
"""What git signs a commit for: whoever may sign this may publish anything."""

WITHDRAWAL = b"withdrawal@portal"
"""What a commit is signed for that withdraws stories, and does nothing else."""

_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_PLACE = re.compile(r"^Publish: (\S{1,100}) of (\S{1,200})$", re.M)


@dataclass(frozen=True)
class PublishTarget:
    """Where a commit is to be published: a branch, and the address of a site."""

    branch: str
    site: str

    @property
    def line(self) -> str:
        """The line of a commit's message that says so."""
        return f"Publish: {self.branch} of {self.site}"


def publish_target(message: str) -> PublishTarget | None:
    """Return where a commit is to be published, or None where its message does not say so, or twice."""
    found = _PLACE.findall(message)
    return PublishTarget(*found[0]) if len(found) == 1 else None


def require_publish_target(message: str, before: str, branch: str, where: str, *, renamed: bool = False) -> None:
    """Raise Problem where a signed commit is for another branch or site than that on which it is shown.

    before: the message of the commit that was believed last; where that names a place, this one must too, so that no
    draft that somebody signed is published. renamed: the site has another address from now on.
    """
    named, was = publish_target(message), publish_target(before)
    if named is None and was is not None:
        line = PublishTarget(branch, was.site).line
        todo = f'Publish it with the editor, or write into the message of the commit: "{line}"'
        raise Problem(where, "its newest commit does not say that it is to be published.", todo)
    if named is not None and named.branch != branch:
        todo = "Somebody who may publish signs what is meant for this branch."
        raise Problem(where, f"its newest commit was signed for the branch {named.branch}.", todo)
    if named is not None and was is not None and named.site != was.site and not renamed:
        todo = "If this site has a new address, say so once: update --renamed. If not, look at who wrote it there."
        raise Problem(where, f"its newest commit was signed for another site, {named.site}.", todo)


SETTINGS = "portal.yml"
"""The file of a commit that says for which site it is, where no message does."""


def is_for_site(place: PublishTarget, before: str, settings: bytes) -> bool:
    """Return whether a withdrawal names the site of the commit on which it stands.

    before: that commit's message; settings: its portal.yml, which says the site where the message does not. A key for
    withdrawals that named another first would keep every publisher out until somebody calls the site renamed.
    """
    was = publish_target(before)
    if was is not None:
        return was.site == place.site
    try:
        read = read_yaml(settings.decode("utf-8-sig"))
    except (YAMLError, UnicodeDecodeError):
        return False
    return isinstance(read, dict) and str(read.get("address") or "").rstrip("/") == place.site


def is_draft_of(path: str, stories: Collection[str]) -> bool:
    """Return whether a file is an unfinished translation of one of these stories: a withdrawal may remove it."""
    found = re.fullmatch(r"drafts/[^/]+/(.+)\.md", path)
    return found is not None and found[1].casefold() in stories


def public_line(name: str, public: str, namespace: str = "") -> str:
    """Return the line of a file of signers (allowed_signers) for a public key (signing.public_text).

    namespace: what alone the key is good for; without one, for everything.
    """
    option = f'namespaces="{namespace}" ' if namespace else ""
    return f"{name} {option}ssh-ed25519 {b64encode(_public(public)).decode()}"


def sign(message: bytes, key: PrivateKey, namespace: bytes = GIT) -> bytes:
    """Return the signature of a commit's bytes, as its header gpgsig holds it."""
    raw = bytes.fromhex(sign_bytes(signed_bytes(message, b"sha512", namespace), key))
    return armor(_public(public_text(key)), namespace, b"sha512", field(_TYPE) + field(raw))


def armor(public: bytes, namespace: bytes, digest: bytes, signature: bytes) -> bytes:
    """Return an SSH signature as text. signature: its kind and what belongs to it, as SSH writes them."""
    data = b"".join(map(field, (public, namespace, b"", digest, signature)))
    text = b64encode(_MAGIC + (1).to_bytes(4, "big") + data).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join([_BEGIN, *lines, _END]).encode()


def signer(message: bytes, signature: bytes, signers: Iterable[str], namespace: bytes = GIT) -> str | None:
    """Return the name of who signed these bytes, of the lines of a file of signers; None for anybody else.

    A key that is good for some namespaces only counts in those. Lines with other options or with keys of another type
    are passed over.
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
    """Return the name, the namespaces ("": all) and the Ed25519 key of a line of a file of signers; none of another.

    A line that begins with # is none, as OpenSSH has it.
    """
    if line.lstrip().startswith("#"):
        return "", [], b""
    name, *words = ([*line.split(), "", "", ""])[:4]
    option = re.fullmatch(r'namespaces="([^"\s]*)"', words[0])
    kind, key = words[1:] if option else words[:2]
    return name, option[1].split(",") if option else [], _bytes_of(key) if kind.encode() == _TYPE else b""


@dataclass(frozen=True)
class SignatureParts:
    """What an SSH signature holds: the public key and the signature as SSH writes them."""

    public: bytes
    namespace: bytes
    digest: bytes
    signature: bytes


def parse_signature(signature: bytes) -> SignatureParts:
    """Return what an SSH signature holds. Raises ValueError for anything else."""
    text = signature.decode("ascii").strip()
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        raise ValueError
    data = b64decode("".join(text[len(_BEGIN) : -len(_END)].split()), validate=True)
    if data[: len(_MAGIC) + 4] != _MAGIC + (1).to_bytes(4, "big"):
        raise ValueError
    public, namespace, _, digest, blob = fields(data[len(_MAGIC) + 4 :], 5)
    return SignatureParts(public, namespace, digest, blob)


def signed_bytes(message: bytes, digest: bytes, namespace: bytes) -> bytes:
    """Return what an SSH signature of a message covers. Raises ValueError for an unknown digest."""
    if digest not in {b"sha256", b"sha512"}:
        raise ValueError
    hashed = hashlib.new(digest.decode(), message).digest()
    return _MAGIC + b"".join(map(field, (namespace, b"", digest, hashed)))


def split_commit(raw: bytes) -> tuple[bytes, bytes]:
    """Return the signature of a commit, and what it covers. Raises ValueError where it has none, or several."""
    header, gap, message = raw.partition(b"\n\n")
    lines = header.split(b"\n")
    begins = [at for at, line in enumerate(lines) if line.startswith(b"gpgsig ")]
    if len(begins) != 1:
        raise ValueError
    first = begins[0]
    after = next((at for at in range(first + 1, len(lines)) if not lines[at].startswith(b" ")), len(lines))
    signature = [lines[first].removeprefix(b"gpgsig "), *(line[1:] for line in lines[first + 1 : after])]
    return b"\n".join(signature), b"\n".join([*lines[:first], *lines[after:]]) + gap + message


def signer_key(line: str) -> bytes:
    """Return the key of a line of a file of signers as SSH writes it, of whatever kind; empty for none."""
    words = line.split()
    known = [_bytes_of(key) for kind, key in pairwise(words) if kind.startswith(("ssh-", "sk-", "ecdsa-"))]
    return known[0] if known and not line.lstrip().startswith("#") else b""


def _public(text: str) -> bytes:
    """Return a public key as SSH writes it."""
    return field(_TYPE) + field(bytes.fromhex(text.removeprefix("ed25519:")))


def field(data: bytes) -> bytes:
    """Return bytes with their length before them."""
    return len(data).to_bytes(4, "big") + data


def first_field(data: bytes) -> tuple[bytes, bytes]:
    """Return the first field, and what follows it. Raises ValueError where there is none."""
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise ValueError
    return data[4 : 4 + size], data[4 + size :]


def fields(data: bytes, count: int = 0) -> list[bytes]:
    """Return all fields. Raises ValueError where something is left over, or there are not `count` (0: any)."""
    found = []
    while data:
        one, data = first_field(data)
        found.append(one)
    if count and len(found) != count:
        raise ValueError
    return found


def _bytes_of(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except binascii.Error:
        return b""
