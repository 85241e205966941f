"""Three-way merge of texts, line by line. Where both sides changed the same lines, both versions are returned."""

from collections.abc import Iterator
from dataclasses import dataclass

from merge3 import Merge3


@dataclass(frozen=True)
class MergedPart:
    """A stretch of a merged text. In a conflict both sides changed these lines: `text` is ours."""

    text: str
    theirs: str = ""
    is_conflict: bool = False


def merge(base: str, ours: str, theirs: str) -> list[MergedPart]:
    """Return the parts of a text that two people have changed since `base`."""
    lines = [text.splitlines(keepends=True) for text in (base, ours, theirs)]
    return list(_parts(*lines))


def _parts(base: list[str], ours: list[str], theirs: list[str]) -> Iterator[MergedPart]:
    sources = {"unchanged": base, "same": ours, "a": ours, "b": theirs}
    for kind, *ends in Merge3(base, ours, theirs).merge_regions():
        if kind == "conflict":
            yield from _line_by_line(base[ends[0] : ends[1]], ours[ends[2] : ends[3]], theirs[ends[4] : ends[5]])
        else:
            yield MergedPart("".join(sources[kind][ends[0] : ends[1]]))


def _line_by_line(base: list[str], ours: list[str], theirs: list[str]) -> Iterator[MergedPart]:
    """Yield a stretch that both changed: a conflict, unless each line was changed by one side only, or by both alike.

    So a change of the title and one of the day on the next line are no conflict.
    """
    lines = list(zip(base, ours, theirs, strict=False))
    if len({len(base), len(ours), len(theirs)}) == 1 and all(a == b or z in (a, b) for z, a, b in lines):
        yield MergedPart("".join(b if z == a else a for z, a, b in lines))
    else:
        yield MergedPart("".join(ours), "".join(theirs), is_conflict=True)


def merged_text(parts: list[MergedPart]) -> str | None:
    """Return the whole text; None where there is a conflict, which a person resolves."""
    return None if any(part.is_conflict for part in parts) else "".join(part.text for part in parts)
