"""Detect texts that are like others of the last minutes, and gibberish: a flood consists of these. Stores no word.

A letter that comes without a script is in the server's memory in plaintext while it is encrypted. A trace of it stays:
each sequence of three words is hashed with a key to 16 bits, and adds one to one of 65,536 counters. The key is random
and made when the server starts, and the counters are in memory only. They do not reveal whether a sequence was in a
letter: after a few dozen letters, one guess in ten finds a counter that another letter has changed.
"""

import hashlib
import mmap
import secrets
import struct
import time
import unicodedata
from collections.abc import Callable

from forms.core.i18n.characters import category

COUNTERS = 1 << 16
"""Counters of one period."""

PERIOD = 600.0
"""Seconds of a period. The current and the previous one count; older counters are reset when the next text comes."""

_COMMON_COUNT = 2  # in how many texts a sequence must have been
_COMMON_SHARE = 0.5  # of a text's sequences
_MAX_COUNT = 255  # a counter is one byte
_SEQUENCE_WORDS = 3
_MAX_WORD_LENGTH = 40
_VOWELS = frozenset("aeiouy")
_MIN_LETTERS, _MIN_VOWEL_SHARE = 40, 0.28  # English and Indian languages in Latin script have 0.35 to 0.5
_HEADER_BYTES = 8


class Likeness:
    """Counters in memory that processes forked from this one share."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._key, self._clock = secrets.token_bytes(16), clock
        self.memory = mmap.mmap(-1, _HEADER_BYTES + 2 * COUNTERS)  # the number of the period, and two periods' counters

    def add(self, text: str) -> None:
        """Count a text that came."""
        offset = self._start_period()
        for counter in self._counters(text):
            self.memory[offset + counter] = min(self.memory[offset + counter] + 1, _MAX_COUNT)

    def is_common(self, text: str) -> bool:
        """Return whether most of a text came several times in the last minutes."""
        self._start_period()
        counters = self._counters(text)
        counts = (
            self.memory[_HEADER_BYTES + counter] + self.memory[_HEADER_BYTES + COUNTERS + counter]
            for counter in counters
        )
        return bool(counters) and sum(count >= _COMMON_COUNT for count in counts) >= _COMMON_SHARE * len(counters)

    def _start_period(self) -> int:
        """Reset the counters that are older than the previous period; return the offset of the current counters."""
        now = int(self._clock() // PERIOD)
        (last,) = struct.unpack_from("q", self.memory)
        for period in {now - 1, now} if abs(now - last) > 1 else {now} if now != last else ():
            offset = _HEADER_BYTES + period % 2 * COUNTERS
            self.memory[offset : offset + COUNTERS] = bytes(COUNTERS)
        struct.pack_into("q", self.memory, 0, now)
        return _HEADER_BYTES + now % 2 * COUNTERS

    def _counters(self, text: str) -> set[int]:
        """Return the counters of a text's sequences of words. Numbers are skipped, since copies may differ in them."""
        words = [word for word in _words(text) if not word.isdigit()]
        starts = range(max(1, len(words) - _SEQUENCE_WORDS + 1))
        sequences = (" ".join(words[start : start + _SEQUENCE_WORDS]) for start in starts)
        return {
            int.from_bytes(hashlib.blake2b(sequence.encode(), key=self._key, digest_size=2).digest())
            for sequence in sequences
            if sequence
        }


def is_gibberish(text: str) -> bool:
    """Return whether a text has no words of any script: random letters, codes, vowel signs without a letter."""
    words = _words(text)
    if sum(_is_gibberish_word(word) for word in words) * 2 > len(words):
        return True
    latin = [char for word in words for char in word if char.isascii() and char.isalpha()]
    return len(latin) >= _MIN_LETTERS and sum(char in _VOWELS for char in latin) < _MIN_VOWEL_SHARE * len(latin)


def _words(text: str) -> list[str]:
    """Return the words between spaces, without punctuation and symbols (categories P and S)."""
    normalised = unicodedata.normalize("NFKC", text).casefold()
    return ["".join(char for char in word if category(char)[0] not in "PSC") for word in normalised.split()]


def _is_gibberish_word(word: str) -> bool:
    """Return whether a word is gibberish. A number is not: people write telephone numbers and wages."""
    if not word or word.isdigit():
        return False
    starts_with_mark = unicodedata.category(word[0])[0] == "M"
    has_digits_inside = any(char.isdigit() for char in word[1:-1]) and not word[:-2].isdigit()
    return starts_with_mark or has_digits_inside or len(word) > _MAX_WORD_LENGTH
