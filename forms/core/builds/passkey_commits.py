"""Signatures of commits by a passkey, as OpenSSH checks them (PROTOCOL.u2f, webauthn-sk-ecdsa-sha2-nistp256).

The challenge that a browser's device signs is what an SSH signature covers, itself and not its hash, so that git and
ssh-keygen accept the same signature as the editor does. Keys are written as in passkey_signatures.py. Nothing here
reads a file.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable

from forms.core.builds import git_signatures, passkey_signatures
from forms.core.builds.git_signatures import GIT, armor, field, fields, parse_signature, signed_bytes
from forms.core.crypto import base64url

_KEY_TYPE = b"sk-ecdsa-sha2-nistp256@openssh.com"
_SIGNATURE_TYPE = b"webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
_CURVE = b"nistp256"
_UNCOMPRESSED = 65
"""Bytes of a point on P-256 that tells both coordinates."""

_HASH, _HEAD = 32, 37
"""Bytes of authenticator data: the hash of the name, which SSH leaves out; that, the flags and the count."""


def signers_line(name: str, key: str) -> str:
    """Return the line of a file of signers (allowed_signers) for a passkey. Needs the package cryptography."""
    return f"{name} {_KEY_TYPE.decode()} {b64encode(_blob(key)).decode()}"


def passkey_of(line: str) -> str:
    """Return the passkey that a line of a file of signers names; "" for a line of another kind."""
    words = line.split()
    if line.lstrip().startswith("#") or len(words) < 3 or words[1].encode() != _KEY_TYPE:  # noqa: PLR2004 - name, kind, key
        return ""
    try:
        return _key_of(b64decode(words[2], validate=True))
    except ValueError:
        return ""


def challenge(message: bytes) -> bytes:
    """Return what a device is asked to sign for a commit's bytes."""
    return signed_bytes(message, b"sha512", GIT)


def sshsig(key: str, signature: str) -> bytes:
    """Return the SSH signature of what a device has signed with. signature: see passkey_signatures.signature_text.

    Raises ValueError where it is none. Needs the package cryptography.
    """
    data, client, raw = map(base64url.decode, signature.split("."))
    numbers = b"".join(field(_number(one)) for one in passkey_signatures.numbers_of(raw))
    origin = f"https://{_host(key)}".encode()
    told = field(_SIGNATURE_TYPE) + field(numbers) + data[_HASH:_HEAD] + field(origin) + field(client)
    return armor(_blob(key), GIT, b"sha512", told + field(data[_HEAD:]))


def is_passkey_signature(signature: bytes) -> bool:
    """Return whether an SSH signature says that a passkey made it.

    A security key of ssh-keygen (-t ecdsa-sk) is none: it is made for ssh and signs for no page.
    """
    try:
        kind, *_point, host = fields(parse_signature(signature).public)
    except (ValueError, IndexError):
        return False
    return kind == _KEY_TYPE and not host.startswith(b"ssh:")


def is_meant_for_commit(message: bytes, signature: bytes) -> bool:
    """Return whether a passkey's SSH signature was made for this commit, on the page of its office, by a known person.

    Whether the key made it is not looked at: ssh-keygen does that, and lets through what this does not.
    """
    try:
        key, signed, text = _read(message, signature)
    except (ValueError, IndexError):
        return False
    return passkey_signatures.is_meant_for(signed, text, key)


def is_valid_answer(message: bytes, answer: str, key: str) -> bool:
    """Return whether a device's answer signs a commit in a form that OpenSSH accepts. Needs the package cryptography.

    OpenSSH reads the client data as the letters that browsers write, in their order, and none in another.
    """
    try:
        return is_signed_by(message, sshsig(key, answer), key) and _begins_rightly(message, answer, key)
    except (ValueError, IndexError):
        return False


def _begins_rightly(message: bytes, answer: str, key: str) -> bool:
    client = answer.split(".")[1]
    asked = base64url.encode(challenge(message))
    wanted = f'{{"type":"webauthn.get","challenge":"{asked}","origin":"https://{_host(key)}"'
    return base64url.decode(client).startswith(wanted.encode())


def is_signed_by(message: bytes, signature: bytes, key: str) -> bool:
    """Return whether this passkey signed a commit's bytes. Needs the package cryptography."""
    try:
        found, signed, text = _read(message, signature)
    except (ValueError, IndexError):
        return False
    return found == key and passkey_signatures.is_answer_by(signed, text, key)


def signer(message: bytes, signature: bytes, signers: Iterable[str]) -> str | None:
    """Return the name of whose passkey signed these bytes, of the lines of a file of signers; None for anybody else."""
    if not is_passkey_signature(signature):
        return None
    named = ((line.split()[0], passkey_of(line)) for line in signers if line.split())
    return next((name for name, key in named if key and is_signed_by(message, signature, key)), None)


def _read(message: bytes, signature: bytes) -> tuple[str, bytes, str]:
    """Return the key that an SSH signature names, what it covers, and the signature as one word. Raises ValueError."""
    parts = parse_signature(signature)
    key = _key_of(parts.public)
    if parts.namespace != GIT:
        raise ValueError
    kind, rest = git_signatures.first_field(parts.signature)
    numbers, rest = git_signatures.first_field(rest)
    head, rest = rest[: _HEAD - _HASH], rest[_HEAD - _HASH :]
    origin, client, extensions = fields(rest, 3)
    host = _host(key)
    if kind != _SIGNATURE_TYPE or origin != f"https://{host}".encode():
        raise ValueError
    data = passkey_signatures.hash_of(host) + head + extensions
    return key, signed_bytes(message, parts.digest, GIT), passkey_signatures.signature_text(data, client, _der(numbers))


def _key_of(blob: bytes) -> str:
    """Return a public key of SSH as a passkey's. Raises ValueError for one of another kind."""
    kind, curve, point, host = fields(blob, 4)
    if kind != _KEY_TYPE or curve != _CURVE or len(point) != _UNCOMPRESSED or point[0] != 4:  # noqa: PLR2004
        raise ValueError
    key = passkey_signatures.public_text(host.decode("ascii"), point[1:33], point[33:])
    if not passkey_signatures.is_public_key(key):
        raise ValueError
    return key


def _blob(key: str) -> bytes:
    return b"".join(map(field, (_KEY_TYPE, _CURVE, passkey_signatures.whole_point(key), _host(key).encode())))


def _host(key: str) -> str:
    return key.split(":")[1]


def _number(value: int) -> bytes:
    """Return a whole number as SSH writes it (mpint): none of ours is negative."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b""


def _der(numbers: bytes) -> bytes:
    """Return the two numbers of an SSH signature as WebAuthn writes them (ECDSA-Sig-Value)."""
    both = b"".join(b"\x02" + bytes([len(one)]) + one for one in fields(numbers, 2) if len(one) <= 33)  # noqa: PLR2004
    return b"\x30" + bytes([len(both)]) + both
