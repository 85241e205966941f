"""Seals a letter for its desks. Nothing here can open one: only public keys come in.

A letter is JSON in UTF-8, followed by spaces up to a size class, sealed with age
(https://age-encryption.org/v1): `age -d -i key letter.age | jq` opens it without our software.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyrage

from forms.problem import Problem

SIZE_CLASSES = tuple(1024 * size for size in (4, 16, 64, 256, 1024, 4096, 16384))
"""Bytes of plaintext that a letter can have. Text in any of the five scripts fits the class of its form."""

_HEADER = b"age-encryption.org/v1\n"


class TooLarge(Problem):
    """The letter is larger than the largest size class."""


class NotSealed(Problem):
    """Plain bytes came where only a sealed letter may stand."""


def seal(letter: Mapping[str, Any], recipients: Sequence[str], floor: int = SIZE_CLASSES[0]) -> bytes:
    """An age file of this letter for these age recipients ("age1...").

    `floor`: the smallest size class (bytes) that letters of this form have, so that a short and a long
    letter look alike. Raises TooLarge, or Problem where there is no recipient or a key is none.
    """
    if not recipients:
        raise Problem("seal", "A letter needs at least one desk that can open it.", "Name a desk.")
    try:
        keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    except pyrage.RecipientError:
        raise Problem("seal", "A desk's key is not an age key.", 'It must look like "age1...".') from None
    return bytes(pyrage.encrypt(_padded(letter, floor), keys))


def is_sealed(data: bytes) -> bool:
    """Whether these bytes begin as an age file does and hold at least one recipient and a payload."""
    return data.startswith(_HEADER) and b"\n-> " in data[:2000] and b"\n--- " in data[:8000]


def insist(data: bytes) -> bytes:
    """These bytes, if they are a sealed letter. Raises NotSealed: nothing plain may ever be kept."""
    if not is_sealed(data):
        raise NotSealed("seal", "Plain bytes came where a sealed letter belongs.", "Seal them first.")
    return data


def _padded(letter: Mapping[str, Any], floor: int) -> bytes:
    plain = json.dumps(letter, ensure_ascii=False, separators=(",", ":")).encode()
    size = next((size for size in SIZE_CLASSES if size >= max(len(plain), floor)), None)
    if size is None:
        raise TooLarge("seal", "The letter is too large.", f"At most {SIZE_CLASSES[-1]} bytes fit.")
    return plain.ljust(size)
