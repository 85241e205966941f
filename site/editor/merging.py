"""Two edits of one text become one where they do not touch; where they do, both are told."""

from collections.abc import Iterator
from dataclasses import dataclass

from merge3 import Merge3


@dataclass(frozen=True)
class Part:
    """A stretch of a merged text. Where `touches`, two people changed the same lines: `text` is ours."""

    text: str
    theirs: str = ""
    touches: bool = False


def merge(base: str, ours: str, theirs: str) -> list[Part]:
    """Return the parts of a text that two people changed since `base`."""
    lines = [text.splitlines(keepends=True) for text in (base, ours, theirs)]
    return list(_parts(*lines))


def _parts(base: list[str], ours: list[str], theirs: list[str]) -> Iterator[Part]:
    sources = {"unchanged": base, "same": ours, "a": ours, "b": theirs}
    for kind, *ends in Merge3(base, ours, theirs).merge_regions():
        if kind == "conflict":
            yield Part("".join(ours[ends[2] : ends[3]]), "".join(theirs[ends[4] : ends[5]]), touches=True)
        else:
            yield Part("".join(sources[kind][ends[0] : ends[1]]))


def merged(parts: list[Part]) -> str | None:
    """Return the whole text; None where edits touch, which a person decides."""
    return None if any(part.touches for part in parts) else "".join(part.text for part in parts)
