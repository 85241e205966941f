"""Signatures of the staff (Ed25519, RFC 8032): who wrote an entry, an answer or a copy.

People sign a statement in one fixed form: the purpose, the letter, the item, the desk, the writer, the day, and the
SHA-256 of the content. So a signature for one item is never valid for another. Nothing here reads a file.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

PrivateKey = SigningKey
"""The private half of a signing key."""

_DOMAIN = "safe-community-portal signature v1"
_KEY_DOMAIN = b"safe-community-portal signing key v1"
_KEY = re.compile(r"ed25519:([0-9a-f]{64})")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


@dataclass(frozen=True)
class SignedStatement:
    """The statement that is signed. purpose: entry, answer, copy; letter: the case's first one; content: SHA-256 (hex).

    item: the id of the entry, answer, letter or part; reader: the desk or member for whom a copy was made, or empty.
    """

    purpose: str
    letter: str
    item: str
    desk: str
    member: str
    day: str
    content: str
    reader: str = ""

    def as_bytes(self) -> bytes:
        """Return the bytes that are signed: a JSON list that begins with its domain."""
        fields = [self.purpose, self.letter, self.item, self.desk, self.member, self.reader, self.day, self.content]
        return json.dumps([_DOMAIN, *fields], separators=(",", ":")).encode()


def signing_key(secret: str) -> PrivateKey:
    """Return the signing key that belongs to an age secret key ("AGE-SECRET-KEY-1...").

    It is derived, not stored: it has the same protection as the age key, and a machine set up before signatures
    existed has one as well. The age key has 256 random bits, and with HMAC-SHA256 neither key reveals the other.
    """
    return SigningKey(hmac.digest(secret.strip().upper().encode(), _KEY_DOMAIN, "sha256"))


def private_key(secret: str) -> PrivateKey:
    """Return the signing key of 64 hexadecimal digits."""
    return SigningKey(bytes.fromhex(secret))


def public_text(key: PrivateKey) -> str:
    """Return the public key in the form of portal.yml: ed25519: and 64 hexadecimal digits."""
    return f"ed25519:{key.verify_key.encode().hex()}"


@lru_cache(maxsize=1000)
def is_public_key(text: object) -> bool:
    """Return whether a text is a public signing key of this form that is safe to use (not of a small order)."""
    match = _KEY.fullmatch(text) if isinstance(text, str) else None
    return bool(match and crypto_core_ed25519_is_valid_point(bytes.fromhex(match[1])))


def sign(statement: SignedStatement, key: PrivateKey) -> str:
    """Return the signature of a statement: 128 hexadecimal digits."""
    return sign_bytes(statement.as_bytes(), key)


def sign_bytes(message: bytes, key: PrivateKey) -> str:
    """Return the signature of bytes that name their own purpose: 128 hexadecimal digits."""
    return key.sign(message).signature.hex()


def is_signed_by(statement: SignedStatement, signature: str, public_key: str) -> bool:
    """Return whether the holder of this public key signed the statement. False for anything that is malformed."""
    return are_bytes_signed_by(statement.as_bytes(), signature, public_key)


def are_bytes_signed_by(message: bytes, signature: str, public_key: str) -> bool:
    """Return whether the holder of this public key signed these bytes. False for anything that is malformed."""
    if not (_SIGNATURE.fullmatch(signature) and is_public_key(public_key)):
        return False
    try:
        VerifyKey(bytes.fromhex(public_key.removeprefix("ed25519:"))).verify(message, bytes.fromhex(signature))
    except CryptoError:
        return False
    return True


def is_signed_by_any(statement: SignedStatement, signature: str, public_keys: Iterable[str]) -> bool:
    """Return whether the holder of one of these public keys signed the statement."""
    return any(is_signed_by(statement, signature, key) for key in public_keys)


def content_hash(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of JSON values in one fixed form: sorted names, no spaces, ASCII."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
