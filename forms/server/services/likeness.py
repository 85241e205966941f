"""Whether a text is like others of the last minutes, or no text at all: what a flood is made of. Keeps no word.

A letter that comes without a script is in the server's memory in clear while it is encrypted. A trace of it stays:
three words in a row, in a keyed hash that is cut to 16 bits, add one to one of 65,536 counters. The key is made at
random when the server starts, and the counters are in memory only. They say of no row of words whether it was there:
after a few dozen letters, one guess in ten finds a counter that another letter has touched.
"""

import hashlib
import mmap
import secrets
import struct
import time
import unicodedata
from collections.abc import Callable

from forms.core.i18n.newer_letters import is_newer

CELLS = 1 << 16
"""Counters of one period."""

PERIOD = 600.0
"""Seconds of a period. This one and the one before count; older counters are emptied when the next text comes."""

_OFTEN = 2  # how many others must have had a row of words
_SHARE = 0.5  # of a text's rows
_MOST = 255  # of a counter: one byte
_ROW = 3
_LONGEST_WORD = 40
_VOWELS = frozenset("aeiouy")
_LEAST_LETTERS, _LEAST_VOWELS = 40, 0.28  # English and Latin spelling of Indian languages have 0.35 to 0.5
_HEAD = 8


class Likeness:
    """Counters in memory that processes forked from this one share."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._key, self._clock = secrets.token_bytes(16), clock
        self.cells = mmap.mmap(-1, _HEAD + 2 * CELLS)  # the number of the period, and the counters of two

    def add(self, text: str) -> None:
        """Count a text that came."""
        start = self._start()
        for cell in self._rows(text):
            self.cells[start + cell] = min(self.cells[start + cell] + 1, _MOST)

    def is_common(self, text: str) -> bool:
        """Return whether most of a text came several times in the last minutes."""
        self._start()
        rows = self._rows(text)
        counts = (self.cells[_HEAD + cell] + self.cells[_HEAD + CELLS + cell] for cell in rows)
        return bool(rows) and sum(count >= _OFTEN for count in counts) >= _SHARE * len(rows)

    def _start(self) -> int:
        """Return where this period's counters begin; empty what is older than the period before."""
        now = int(self._clock() // PERIOD)
        (last,) = struct.unpack_from("q", self.cells)
        for period in {now - 1, now} if abs(now - last) > 1 else {now} if now != last else ():
            begin = _HEAD + period % 2 * CELLS
            self.cells[begin : begin + CELLS] = bytes(CELLS)
        struct.pack_into("q", self.cells, 0, now)
        return _HEAD + now % 2 * CELLS

    def _rows(self, text: str) -> set[int]:
        """Return the counters of a text's rows of three words. Numbers are passed over: they tell copies apart."""
        words = [word for word in _words(text) if not word.isdigit()]
        rows = (" ".join(words[at : at + _ROW]) for at in range(max(1, len(words) - _ROW + 1)))
        return {
            int.from_bytes(hashlib.blake2b(row.encode(), key=self._key, digest_size=2).digest()) for row in rows if row
        }


def is_gibberish(text: str) -> bool:
    """Return whether a text is made of no words in any script: random letters, codes, vowel signs without a letter."""
    words = _words(text)
    if sum(_is_odd(word) for word in words) * 2 > len(words):
        return True
    latin = [char for word in words for char in word if char.isascii() and char.isalpha()]
    return len(latin) >= _LEAST_LETTERS and sum(char in _VOWELS for char in latin) < _LEAST_VOWELS * len(latin)


def _words(text: str) -> list[str]:
    """Return what stands between spaces, without punctuation (categories P and S)."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return ["".join(filter(_is_of_a_word, word)) for word in plain.split()]


def _is_of_a_word(char: str) -> bool:
    return unicodedata.category(char)[0] not in "PSC" or is_newer(char)


def _is_odd(word: str) -> bool:
    """Return whether a word is gibberish. A number is not: people write telephone numbers and wages."""
    if not word or word.isdigit():
        return False
    starts_with_a_mark = unicodedata.category(word[0])[0] == "M"
    digits_inside = any(char.isdigit() for char in word[1:-1]) and not word[:-2].isdigit()
    return starts_with_a_mark or digits_inside or len(word) > _LONGEST_WORD
