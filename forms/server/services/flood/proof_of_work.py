"""Proof of work: a number that takes a phone seconds to find, and the server one hash to check."""

import hashlib

BITS = 17
"""Leading zero bits of the work: 131,000 hashes on average, a few seconds on a cheap phone."""

MAX_BITS = 20
"""The work required when even letters with work come in a flood: half a minute on a cheap phone."""


def is_proof_of_work(letter_id: str, sealed: bytes, work: str, bits: int = BITS) -> bool:
    """Return whether `work` (a number as text) is a proof of work for exactly this letter.

    SHA-256 of "portal-work <id> <SHA-256 of the letter, hexadecimal> <work>" begins with `bits` zero bits.
    """
    if not (work.isascii() and work.isdigit() and len(work) <= 20):  # noqa: PLR2004
        return False
    return _leading_zero_bits(work_text(letter_id, sealed, work)) >= bits


def work_text(letter_id: str, sealed: bytes, work: str) -> bytes:
    """Return the text whose hash must begin with zero bits."""
    return f"portal-work {letter_id} {hashlib.sha256(sealed).hexdigest()} {work}".encode()


def _leading_zero_bits(text: bytes) -> int:
    digest = hashlib.sha256(text).digest()
    return 256 - int.from_bytes(digest).bit_length()
