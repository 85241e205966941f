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
_POINT_SIZE = 65
"""Bytes of an uncompressed point on P-256."""

_HASH, _HEAD = 32, 37
"""Bytes of the host's hash in authenticator data, which SSH leaves out; of that hash with the flags and the count."""


def signers_line(name: str, key: str) -> str:
    """Return the line of an allowed_signers file for a passkey. Needs the package cryptography."""
    return f"{name} {_KEY_TYPE.decode()} {b64encode(_blob(key)).decode()}"


def passkey_of(line: str) -> str:
    """Return the passkey in a line of an allowed_signers file; "" for a line of another kind."""
    words = line.split()
    if line.lstrip().startswith("#") or len(words) < 3 or words[1].encode() != _KEY_TYPE:  # noqa: PLR2004 - name, kind, key
        return ""
    try:
        return _key_of(b64decode(words[2], validate=True))
    except ValueError:
        return ""


def challenge(message: bytes) -> bytes:
    """Return the challenge that a device signs for a commit's bytes."""
    return signed_bytes(message, b"sha512", GIT)


def sshsig(key: str, signature: str) -> bytes:
    """Return a device's signature as an SSH signature. signature: see passkey_signatures.signature_text.

    Raises ValueError for any other text. Needs the package cryptography.
    """
    data, client, raw = map(base64url.decode, signature.split("."))
    numbers = b"".join(field(_number(number)) for number in passkey_signatures.numbers_of(raw))
    origin = f"https://{_host(key)}".encode()
    signature_fields = field(_SIGNATURE_TYPE) + field(numbers) + data[_HASH:_HEAD] + field(origin) + field(client)
    return armor(_blob(key), GIT, b"sha512", signature_fields + field(data[_HEAD:]))


def is_passkey_signature(signature: bytes) -> bool:
    """Return whether an SSH signature names a passkey as its key.

    A security key of ssh-keygen (-t ecdsa-sk) is not a passkey: it is made for ssh and signs for no page.
    """
    try:
        kind, *_point, host = fields(parse_signature(signature).public)
    except (ValueError, IndexError):
        return False
    return kind == _KEY_TYPE and not host.startswith(b"ssh:")


def is_meant_for_commit(message: bytes, signature: bytes) -> bool:
    """Return whether a passkey's SSH signature claims to be for this commit, from its office's page, by a known person.

    Does not verify the signature itself. ssh-keygen does, but it accepts signatures that this function refuses.
    """
    try:
        key, signed, text = _parse_signature(message, signature)
    except (ValueError, IndexError):
        return False
    return passkey_signatures.is_meant_for(signed, text, key)


def is_valid_answer(message: bytes, answer: str, key: str) -> bool:
    """Return whether a device's answer signs a commit in a form that OpenSSH accepts. Needs the package cryptography.

    OpenSSH accepts client data only with its fields in the order in which browsers write them.
    """
    try:
        return is_signed_by(message, sshsig(key, answer), key) and _has_expected_order(message, answer, key)
    except (ValueError, IndexError):
        return False


def _has_expected_order(message: bytes, answer: str, key: str) -> bool:
    client = answer.split(".")[1]
    encoded_challenge = base64url.encode(challenge(message))
    expected = f'{{"type":"webauthn.get","challenge":"{encoded_challenge}","origin":"https://{_host(key)}"'
    return base64url.decode(client).startswith(expected.encode())


def is_signed_by(message: bytes, signature: bytes, key: str) -> bool:
    """Return whether this passkey signed a commit's bytes. Needs the package cryptography."""
    try:
        signing_key, signed, text = _parse_signature(message, signature)
    except (ValueError, IndexError):
        return False
    return signing_key == key and passkey_signatures.is_answer_by(signed, text, key)


def signer(message: bytes, signature: bytes, signers: Iterable[str]) -> str | None:
    """Return the name in an allowed_signers file of the passkey that signed these bytes; None if it is not there."""
    if not is_passkey_signature(signature):
        return None
    candidates = ((line.split()[0], passkey_of(line)) for line in signers if line.split())
    return next((name for name, key in candidates if key and is_signed_by(message, signature, key)), None)


def _parse_signature(message: bytes, signature: bytes) -> tuple[str, bytes, str]:
    """Return the passkey of an SSH signature, the bytes that it covers, and its text. Raises ValueError.

    Its text has the form of passkey_signatures.signature_text.
    """
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
    """Return the passkey of a public key in SSH's encoding. Raises ValueError for a key of another kind."""
    kind, curve, point, host = fields(blob, 4)
    if kind != _KEY_TYPE or curve != _CURVE or len(point) != _POINT_SIZE or point[0] != 4:  # noqa: PLR2004
        raise ValueError
    key = passkey_signatures.public_text(host.decode("ascii"), point[1:33], point[33:])
    if not passkey_signatures.is_public_key(key):
        raise ValueError
    return key


def _blob(key: str) -> bytes:
    return b"".join(map(field, (_KEY_TYPE, _CURVE, passkey_signatures.uncompressed_point(key), _host(key).encode())))


def _host(key: str) -> str:
    return key.split(":")[1]


def _number(value: int) -> bytes:
    """Return a whole number in SSH's encoding (mpint). It is never negative here."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b""


def _der(numbers: bytes) -> bytes:
    """Return the two numbers of an SSH signature in WebAuthn's encoding (ECDSA-Sig-Value)."""
    integers = b"".join(
        b"\x02" + bytes([len(number)]) + number
        for number in fields(numbers, 2)
        if len(number) <= 33  # noqa: PLR2004
    )
    return b"\x30" + bytes([len(integers)]) + integers
