"""Signatures of commits as git makes and checks them with SSH keys (OpenSSH, PROTOCOL.sshsig), Ed25519 only.

A commit that a person publishes says in its message where it is to be published: a signature for one branch or site is
not good for another. Nothing here reads a file.
"""

import binascii
import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from forms.core.crypto.signing import PrivateKey, are_bytes_signed_by, public_text, sign_bytes
from forms.core.problem import Problem

_MAGIC = b"SSHSIG"
_TYPE = b"ssh-ed25519"
_NAMESPACE = b"git"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_PLACE = re.compile(r"^Publish: (\S{1,100}) of (\S{1,200})$", re.M)


@dataclass(frozen=True)
class Place:
    """Where a commit is to be published: a branch, and the address of a site."""

    branch: str
    site: str

    @property
    def line(self) -> str:
        """The line of a commit's message that says so."""
        return f"Publish: {self.branch} of {self.site}"


def place_of(message: str) -> Place | None:
    """Return where a commit is to be published, or None where its message does not say so, or twice."""
    found = _PLACE.findall(message)
    return Place(*found[0]) if len(found) == 1 else None


def require_place(message: str, before: str, branch: str, where: str, *, renamed: bool = False) -> None:
    """Raise Problem where a signed commit is for another branch or site than that on which it is shown.

    before: the message of the commit that was believed last; where that names a place, this one must too, so that no
    draft that somebody signed is published. renamed: the site has another address from now on.
    """
    named, was = place_of(message), place_of(before)
    if named is None and was is not None:
        todo = f'Publish it with the editor, or write into the message of the commit: "{Place(branch, was.site).line}"'
        raise Problem(where, "its newest commit does not say that it is to be published.", todo)
    if named is not None and named.branch != branch:
        todo = "Somebody who may publish signs what is meant for this branch."
        raise Problem(where, f"its newest commit was signed for the branch {named.branch}.", todo)
    if named is not None and was is not None and named.site != was.site and not renamed:
        todo = "If this site has a new address, say so once: update --renamed. If not, look at who wrote it there."
        raise Problem(where, f"its newest commit was signed for another site, {named.site}.", todo)


def public_line(name: str, public: str) -> str:
    """Return the line of a file of signers (allowed_signers) for a public key (signing.public_text)."""
    return f"{name} ssh-ed25519 {b64encode(_public(public)).decode()}"


def sign(message: bytes, key: PrivateKey) -> bytes:
    """Return the signature of a commit's bytes, as its header gpgsig holds it."""
    raw = bytes.fromhex(sign_bytes(_signed(message, b"sha512"), key))
    fields = (_public(public_text(key)), _NAMESPACE, b"", b"sha512", _field(_TYPE) + _field(raw))
    text = b64encode(_MAGIC + (1).to_bytes(4, "big") + b"".join(map(_field, fields))).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join([_BEGIN, *lines, _END]).encode()


def signer(message: bytes, signature: bytes, signers: Iterable[str]) -> str | None:
    """Return the name of who signed these bytes, of the lines of a file of signers; None for anybody else.

    Lines with options or with keys of another type are passed over.
    """
    try:
        public, namespace, digest, raw = _parts(signature)
        signed = _signed(message, digest)
    except (ValueError, IndexError):
        return None
    for line in signers:
        name, kind, key = ([*line.split(), "", "", ""])[:3]
        if kind.encode() == _TYPE and namespace == _NAMESPACE and _bytes_of(key) == public:
            text = f"ed25519:{_fields(public, 2)[1].hex()}"
            return name if are_bytes_signed_by(signed, raw.hex(), text) else None
    return None


def _parts(signature: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return public key, namespace, digest and the raw signature. Raises ValueError for anything else."""
    text = signature.decode("ascii").strip()
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        raise ValueError
    data = b64decode("".join(text[len(_BEGIN) : -len(_END)].split()), validate=True)
    if data[: len(_MAGIC) + 4] != _MAGIC + (1).to_bytes(4, "big"):
        raise ValueError
    public, namespace, _, digest, blob = _fields(data[len(_MAGIC) + 4 :], 5)
    kind, raw = _fields(blob, 2)
    if kind != _TYPE or _fields(public, 2)[0] != _TYPE:
        raise ValueError
    return public, namespace, digest, raw


def _signed(message: bytes, digest: bytes) -> bytes:
    if digest not in {b"sha256", b"sha512"}:
        raise ValueError
    hashed = hashlib.new(digest.decode(), message).digest()
    return _MAGIC + b"".join(map(_field, (_NAMESPACE, b"", digest, hashed)))


def _public(text: str) -> bytes:
    """Return a public key as SSH writes it."""
    return _field(_TYPE) + _field(bytes.fromhex(text.removeprefix("ed25519:")))


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _fields(data: bytes, count: int) -> list[bytes]:
    """Return exactly this many fields. Raises ValueError where there are fewer or something is left over."""
    found = []
    for _ in range(count):
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            raise ValueError
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    if data:
        raise ValueError
    return found


def _bytes_of(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except binascii.Error:
        return b""
