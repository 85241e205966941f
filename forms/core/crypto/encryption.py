"""Encrypt letters to their desks, with public keys only: nothing here can decrypt one.

A letter is JSON in UTF-8, followed by spaces up to a size class, sealed with age
(https://age-encryption.org/v1): `age -d -i key letter.age | jq` opens it without our software.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyrage

from forms.core.problem import Problem

SIZE_CLASSES = tuple(1024 * size for size in (4, 24, 64, 128, 256, 512, 1024, 2048, 4096))
"""Bytes of plaintext of letters and parts. Text in any of the five scripts fits the class of its form."""

LETTER_SIZE = SIZE_CLASSES[1]
"""Bytes of plaintext of answers and notices: they are as large as a concern in text."""

MIN_PART_SIZE = 64 * 1024
"""Bytes of plaintext of the smallest photo or recording. A desk's voice beside its answer has no other size."""

ANSWER_SIZES = SIZE_CLASSES[:2]
"""Bytes of plaintext of an acknowledgement and of an answer."""

_HEADER = b"age-encryption.org/v1\n"
_STANZA = re.compile(rb"-> X25519 [A-Za-z0-9+/]{43}\n[A-Za-z0-9+/]{43}\n")
_GREASE = re.compile(rb"-> [!-~]*-grease(?: [!-~]+)*\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n")
_MAC = re.compile(rb"--- [A-Za-z0-9+/]{43}\n")
_STANZA_SIZE, _MAC_SIZE = len("-> X25519 \n\n") + 2 * 43, len("--- \n") + 43
_CHUNK, _TAG, _NONCE = 65536, 16, 16

_PICKUP = re.compile(r"sha256:[0-9a-f]{64}")
_MAX_EXTRA_HEADER = 1024
"""Bytes of a header besides its key stanzas: rage's grease has a few hundred. More could hide plaintext."""


class LetterTooLarge(Problem):
    """The letter is larger than the largest size class."""


class NotSealed(Problem):
    """Plaintext, where only ciphertext may be stored."""


def seal(letter: Mapping[str, Any], recipients: Sequence[str], floor: int = SIZE_CLASSES[0]) -> bytes:
    """Return an age file of this letter for these age recipients ("age1...").

    floor: the smallest size class (bytes) of letters of this form, so that a short and a long letter have the same
    size. Raises LetterTooLarge, or Problem if there is no recipient or a key is malformed.
    """
    return _encrypt(_padded(json.dumps(letter, ensure_ascii=False, separators=(",", ":")).encode(), floor), recipients)


def seal_part(head: Mapping[str, Any], content: bytes, recipients: Sequence[str]) -> tuple[str, bytes]:
    """Return a photo or a recording as an age file of its own, and its id.

    It holds one line of JSON (`type`, a media type; `bytes`, the content's length), the content, and zeros up to a size
    class of at least 64 KiB. The id is the first 32 hexadecimal digits of the file's SHA-256, so that a letter that
    names the part cannot be given another one. Raises LetterTooLarge or Problem.
    """
    line = json.dumps({**head, "bytes": len(content)}, separators=(",", ":")).encode() + b"\n"
    sealed = _encrypt(_padded(line + content, MIN_PART_SIZE, b"\0"), recipients)
    return part_id(sealed), sealed


def unused_key() -> str:
    """Return an age recipient whose secret is thrown away."""
    return str(pyrage.x25519.Identity.generate().to_public())


def seal_file(content: bytes, recipients: Sequence[str]) -> bytes:
    """Return any bytes as an age file, without padding: for files that stay on a desk's own disk. Raises Problem."""
    return _encrypt(content, recipients)


def part_id(sealed: bytes) -> str:
    """Return the id of a sealed part: the first 32 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(sealed).hexdigest()[:32]


def _encrypt(plain: bytes, recipients: Sequence[str]) -> bytes:
    """Return an age file for these recipients. Raises Problem if there are none or one is not an age key."""
    if not recipients:
        raise Problem("seal", "A letter needs at least one desk that can open it.", "Name a desk.")
    try:
        keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    except pyrage.RecipientError:
        raise Problem("seal", "A desk's key is not an age key.", 'It must look like "age1...".') from None
    return bytes(pyrage.encrypt(plain, keys))


def is_age_file(head: bytes) -> bool:
    """Return whether these bytes begin with the header of an age file for X25519 keys."""
    return _payload(head)[0] > 0


def is_sealed(data: bytes) -> bool:
    """Return whether these bytes are an age file with at least one recipient."""
    return is_age_file(data)


def is_sealed_for(data: bytes, recipients: int | range, sizes: Sequence[int] = SIZE_CLASSES) -> bool:
    """Return whether these bytes have the exact shape of an age file for so many X25519 keys and these plaintext sizes.

    recipients: their number, or a range of it. The content cannot be seen, but the header must hold nothing but key
    stanzas (age-encryption.org/v1), and the length must be that of a padded plaintext.
    """
    stanzas, payload = _payload(data)
    min_length = len(_HEADER) + stanzas * _STANZA_SIZE + _MAC_SIZE
    is_plain = len(data) - payload - min_length > _MAX_EXTRA_HEADER
    numbers = recipients if isinstance(recipients, range) else (recipients,)
    return stanzas in numbers and not is_plain and payload in {_sealed_size(size) for size in sizes}


def _sealed_size(size: int) -> int:
    return _NONCE + size + _TAG * max(1, -(-size // _CHUNK))


def _payload(data: bytes) -> tuple[int, int]:
    """Return the number of X25519 stanzas of an age file, and of bytes after its header; (0, 0) for other bytes."""
    if not data.startswith(_HEADER):
        return 0, 0
    position, stanzas = len(_HEADER), 0
    while not (mac := _MAC.match(data, position)):
        if match := _STANZA.match(data, position):
            stanzas += 1
        elif not (match := _GREASE.match(data, position)):  # rage adds one, so that readers learn to ignore them
            return 0, 0
        position = match.end()
    return stanzas, len(data) - mac.end()


def require_encrypted(data: bytes) -> bytes:
    """Return these bytes if they are a sealed letter. Raises NotSealed: plaintext is never stored."""
    if not is_sealed(data):
        raise NotSealed("seal", "Plain bytes came where a sealed letter belongs.", "Seal them first.")
    return data


def size_class(min_length: int) -> int:
    """Return the smallest size class of at least this many bytes. Raises LetterTooLarge."""
    size = next((size for size in SIZE_CLASSES if size >= min_length), None)
    if size is None:
        raise LetterTooLarge("seal", "The letter is too large.", f"At most {SIZE_CLASSES[-1]} bytes fit.")
    return size


def _padded(plain: bytes, floor: int, filler: bytes = b" ") -> bytes:
    return plain.ljust(size_class(max(len(plain), floor)), filler)


# Public keys and pickup lines as portal.yml names them


def can_encrypt(keys: Sequence[str]) -> bool:
    """Return whether a trial letter can be encrypted to all these age recipients, each spelled exactly as age does.

    It is not enough that a key can be parsed: age panics on some of those.
    """
    try:
        recipients = [pyrage.x25519.Recipient.from_str(key) for key in keys]
        if not keys or [str(recipient) for recipient in recipients] != list(keys):
            return False
        return bool(pyrage.encrypt(b"trial", recipients))
    except (pyrage.RecipientError, pyrage.EncryptError, TypeError, UnicodeError):
        return False
    except BaseException as panic:  # PyO3 derives PanicException from BaseException: it would end a worker
        if type(panic).__name__ != "PanicException":
            raise
        return False


def is_pickup(line: str) -> bool:
    """Return whether this is "sha256:" and 64 lower-case hexadecimal digits, and nothing else."""
    return isinstance(line, str) and _PICKUP.fullmatch(line) is not None


def usable_key(key: str) -> str:
    """Return this age recipient, or "" if nothing can be encrypted to it."""
    return key if can_encrypt([key]) else ""


def usable_pickup(line: str) -> str:
    """Return this pickup line, or "" if no token can match it."""
    return line if is_pickup(line) else ""
