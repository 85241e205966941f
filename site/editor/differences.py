"""What differs between two texts, word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORD = re.compile(r"\s+|[^\s]+")
_LONG = 20_000
"""Words of what differs above which they are compared by lines: comparing takes the square of their number."""

_AROUND = 3
"""Lines shown before and after a change."""


@dataclass(frozen=True)
class Piece:
    """A stretch of text that both have ("same"), that only the older one has ("gone"), or the newer one ("new").

    In a shortened text "left" is where a stretch that both have is left out.
    """

    kind: str
    text: str


def pieces(before: str, after: str) -> list[Piece]:
    """Return both texts as one, in pieces."""
    return list(_pieces(_split(before), _split(after)))


def shortened(whole: Sequence[Piece]) -> Iterator[Piece]:
    """Yield pieces in which a long stretch that both texts have is left out, but for its lines beside a change."""
    for at, piece in enumerate(whole):
        lines = piece.text.splitlines(keepends=True)
        if piece.kind != "same" or len(lines) <= 2 * _AROUND + 1:
            yield piece
            continue
        if at:
            yield Piece("same", "".join(lines[:_AROUND]))
        yield Piece("left", "")
        if at < len(whole) - 1:
            yield Piece("same", "".join(lines[-_AROUND:]))


def _split(text: str) -> list[str]:
    return _WORD.findall(text)


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    begin = _alike(old, new)  # most edits are of one place: what stands around it need not be compared
    end = _alike(old[begin:][::-1], new[begin:][::-1])
    if begin:
        yield Piece("same", "".join(old[:begin]))
    between = old[begin : len(old) - end], new[begin : len(new) - end]
    yield from _compared(*(map(_lines, between) if sum(map(len, between)) > _LONG else between))
    if end:
        yield Piece("same", "".join(old[len(old) - end :]))


def _lines(words: list[str]) -> list[str]:
    return "".join(words).splitlines(keepends=True)


def _alike(old: list[str], new: list[str]) -> int:
    """Return with how many equal words both begin."""
    return next(
        (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )


def _compared(old: list[str], new: list[str]) -> Iterator[Piece]:
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(old[a:b]))
            continue
        if a < b:
            yield Piece("gone", "".join(old[a:b]))
        if c < d:
            yield Piece("new", "".join(new[c:d]))
