"""The difference between two texts, word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORD = re.compile(r"\s+|[^\s]+")
_MAX_WORDS = 20_000
"""Words above which texts are compared by lines: the time grows with the square of their number."""

_CONTEXT_LINES = 3
"""Lines shown before and after a change."""


@dataclass(frozen=True)
class Piece:
    """A stretch of text. kind: "same" (in both texts), "gone" (only in the older one) or "new" (only in the newer one).

    In a shortened text "left" marks the place of a stretch that is left out.
    """

    kind: str
    text: str


def pieces(before: str, after: str) -> list[Piece]:
    """Return the difference of two texts as pieces, in order."""
    return list(_pieces(_split(before), _split(after)))


def shortened(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces with long unchanged stretches left out, except for their lines next to a change."""
    for at, piece in enumerate(pieces):
        lines = piece.text.splitlines(keepends=True)
        if piece.kind != "same" or len(lines) <= 2 * _CONTEXT_LINES + 1:
            yield piece
            continue
        if at:
            yield Piece("same", "".join(lines[:_CONTEXT_LINES]))
        yield Piece("left", "")
        if at < len(pieces) - 1:
            yield Piece("same", "".join(lines[-_CONTEXT_LINES:]))


def _split(text: str) -> list[str]:
    return _WORD.findall(text)


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    prefix = _common_prefix_length(old, new)  # most edits are in one place: the text around it need not be compared
    suffix = _common_prefix_length(old[prefix:][::-1], new[prefix:][::-1])
    if prefix:
        yield Piece("same", "".join(old[:prefix]))
    between = old[prefix : len(old) - suffix], new[prefix : len(new) - suffix]
    yield from _differing(*(map(_lines, between) if sum(map(len, between)) > _MAX_WORDS else between))
    if suffix:
        yield Piece("same", "".join(old[len(old) - suffix :]))


def _lines(words: list[str]) -> list[str]:
    return "".join(words).splitlines(keepends=True)


def _common_prefix_length(old: list[str], new: list[str]) -> int:
    """Return the number of equal words at the beginning of both."""
    return next(
        (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )


def _differing(old: list[str], new: list[str]) -> Iterator[Piece]:
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(old[a:b]))
            continue
        if a < b:
            yield Piece("gone", "".join(old[a:b]))
        if c < d:
            yield Piece("new", "".join(new[c:d]))
