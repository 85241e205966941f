"""Signatures of a build by a passkey (WebAuthn level 3, ES256), whose private key never leaves a person's device.

A key is written as `passkey:`, the host name of the office for which it was made, and the point on P-256, compressed,
in hexadecimal. A signature is what a browser returned: authenticator data, client data, signature, in base64url.
Checking one needs the package cryptography, which the desk and the office have. Nothing here reads a file.
"""

import hashlib
import json
import re

from forms.core.crypto import base64url

_KEY = re.compile(r"passkey:((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}):(0[23][0-9a-f]{64})")
_MAX_LENGTH = 8000
"""Characters of a signature: browsers return a few hundred."""

_PRESENT, _VERIFIED, _HAS_KEY = 0x01, 0x04, 0x40
"""Flags of authenticator data: a person was present; the device verified them; it holds a new key, not a signature."""

_MIN_DATA_SIZE = 37
"""Bytes of authenticator data without extensions: the hash of the host, the flags, the count."""


def is_public_key(text: str) -> bool:
    """Return whether a text has the form of a passkey's public key."""
    return _KEY.fullmatch(text) is not None


def public_text(host: str, x: bytes, y: bytes) -> str:
    """Return a passkey's public key in the form of portal.yml. x, y: the coordinates of its point, 32 bytes each."""
    return f"passkey:{host}:{2 + (y[-1] & 1):02x}{x.hex()}"


def challenge(statement: bytes) -> bytes:
    """Return the challenge that a device signs for a statement. The statement must name its own purpose."""
    return hashlib.sha256(statement).digest()


def signature_text(authenticator_data: bytes, client_data: bytes, signature: bytes) -> str:
    """Return a device's signature, with the data that it covers, as one word."""
    return ".".join(map(base64url.encode, (authenticator_data, client_data, signature)))


def is_signed_by(statement: bytes, signature: str, key: str) -> bool:
    """Return whether the device with this passkey signed the statement. False for anything that is malformed."""
    return is_answer_by(challenge(statement), signature, key)


def is_answer_by(expected_challenge: bytes, signature: str, key: str) -> bool:
    """Return whether the device with this passkey answered this challenge. False for anything that is malformed.

    The device verified its person (PIN, finger, face) on a page of the host that the key names.
    """
    if not is_meant_for(expected_challenge, signature, key):
        return False
    data, client, raw = map(base64url.decode, signature.split("."))
    return _is_signature(raw, data + hashlib.sha256(client).digest(), bytes.fromhex(key[-66:]))


def is_meant_for(expected_challenge: bytes, signature: str, key: str) -> bool:
    """Return whether a signature claims to answer this challenge, on the key's host, for a verified person.

    Does not verify the signature itself, which would need a package. False for anything that is malformed.
    """
    match = _KEY.fullmatch(key)
    if not match or len(signature) > _MAX_LENGTH:
        return False
    host = match[1]
    try:
        data, client, _raw = map(base64url.decode, signature.split("."))
        fields = json.loads(client)
        answered = base64url.decode(fields["challenge"])
        claims = fields["type"], answered, fields["origin"], fields.get("crossOrigin", False)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    if claims != ("webauthn.get", expected_challenge, f"https://{host}", False):
        return False
    return _is_verified_person(data, host)


def hash_of(host: str) -> bytes:
    """Return the hash of a host, with which its authenticator data begins."""
    return hashlib.sha256(host.encode()).digest()


def _is_verified_person(data: bytes, host: str) -> bool:
    """Return whether authenticator data is for this host and for a person whom the device verified."""
    if len(data) < _MIN_DATA_SIZE or data[:32] != hash_of(host):
        return False
    return data[32] & (_PRESENT | _VERIFIED | _HAS_KEY) == _PRESENT | _VERIFIED


def _is_signature(raw: bytes, message: bytes, point: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - not of the server's packages
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key.verify(raw, message, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def uncompressed_point(key: str) -> bytes:
    """Return the point of a passkey with both coordinates. Raises ValueError. Needs the package cryptography."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - not of the server's packages
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(key.rpartition(":")[2]))
    return public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def numbers_of(raw: bytes) -> tuple[int, int]:
    """Return the two numbers of a device's signature. Raises ValueError. Needs the package cryptography."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415

    return decode_dss_signature(raw)
