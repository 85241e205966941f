"""The boxes of a HEIF file: which pictures lie where, and what is said of each (ISO/IEC 14496-12, ISO/IEC 23008-12)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_TILES = 1_000

_MOST_BOXES = 10_000

_FROM_FILE, _FROM_IDAT = 0, 1


class NotHeif(ValueError):
    """A file is no photo in HEIF, or holds something else than one picture or a grid in HEVC."""


@dataclass
class HeifFile:
    """What the boxes of a file say, by the number of an item."""

    data: bytes
    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, tuple[int, list[tuple[int, int]]]] = field(default_factory=dict)
    tiles: dict[int, list[int]] = field(default_factory=dict)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    owned: dict[int, list[int]] = field(default_factory=dict)
    idat: bytes = b""

    def of(self, item: int) -> list[tuple[bytes, bytes]]:
        """Return the properties of an item in their order."""
        return [self.properties[at - 1] for at in self.owned.get(item, ()) if 0 < at <= len(self.properties)]

    def content(self, item: int) -> bytes:
        """Return the bytes of an item."""
        method, parts = self.places[item]
        whole = self.idat if method == _FROM_IDAT else self.data
        return b"".join(whole[start : start + size] if size else whole[start:] for start, size in parts)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield each box between two places: its kind, and where its body begins and ends.

    Raises NotHeif where a box is longer than the file.
    """
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        size = size or end - start
        if size < head or start + size > end:
            raise NotHeif("a box is longer than the file")
        yield kind, start + head, start + size
        start += size


def read(data: bytes) -> HeifFile:
    """Return the boxes of a HEIF file. Raises NotHeif where no picture is named or none is the first."""
    file = HeifFile(data)
    meta = next((box for box in _boxes(data, 0, len(data)) if box[0] == b"meta"), None)
    if meta is None:
        raise NotHeif("no pictures are named")
    _read_boxes(file, meta[1] + 4, meta[2])  # behind the version and flags
    if file.primary not in file.kinds:
        raise NotHeif("no picture is the first")
    return file


def _read_boxes(file: HeifFile, start: int, end: int) -> None:
    readers = {b"pitm": _pitm, b"iinf": _iinf, b"iloc": _iloc, b"iref": _iref, b"ipma": _ipma}
    for kind, begin, stop in _boxes(file.data, start, end):
        if kind in readers:
            readers[kind](file, file.data[begin:stop])
        elif kind == b"idat":
            file.idat = file.data[begin:stop]
        elif kind == b"ipco":
            file.properties = [(one, file.data[at:to]) for one, at, to in _boxes(file.data, begin, stop)]
        elif kind == b"iprp":
            _read_boxes(file, begin, stop)


def number(body: bytes, at: int, size: int) -> int:
    """Return the big-endian number of `size` bytes at `at`. Raises NotHeif where the box ends before."""
    if at + size > len(body):
        raise NotHeif("a box is cut off")
    return int.from_bytes(body[at : at + size], "big")


def _pitm(file: HeifFile, body: bytes) -> None:
    file.primary = number(body, 4, 4 if body[0] else 2)


def _iinf(file: HeifFile, body: bytes) -> None:
    for kind, at, end in _boxes(body, 8 if body[0] else 6, len(body)):
        if kind == b"infe" and body[at] in {2, 3}:
            wide = 4 if body[at] == 3 else 2  # noqa: PLR2004
            file.kinds[number(body, at + 4, wide)] = body[at + 6 + wide : min(at + 10 + wide, end)]


def _iloc(file: HeifFile, body: bytes) -> None:
    version, sizes = body[0], number(body, 4, 2)
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    of_index = of_index if version else 0
    wide = 4 if version == 2 else 2  # noqa: PLR2004
    count, at = number(body, 6, wide), 6 + wide
    for _ in range(min(count, _MOST_BOXES)):
        item, at = number(body, at, wide), at + wide
        method, at = (number(body, at, 2) & 15, at + 2) if version else (_FROM_FILE, at)
        base, at = number(body, at + 2, of_base), at + 2 + of_base  # behind the file that it lies in
        extents, at = number(body, at, 2), at + 2
        parts = []
        for _ in range(min(extents, MOST_TILES)):
            at += of_index
            parts.append((base + number(body, at, of_offset), number(body, at + of_offset, of_length)))
            at += of_offset + of_length
        file.places[item] = (method, parts)


def _iref(file: HeifFile, body: bytes) -> None:
    wide = 4 if body[0] else 2
    for kind, at, _ in _boxes(body, 4, len(body)):
        if kind == b"dimg":
            count = number(body, at + wide, 2)
            begin = at + wide + 2
            file.tiles[number(body, at, wide)] = [
                number(body, begin + place * wide, wide) for place in range(min(count, MOST_TILES + 1))
            ]


def _ipma(file: HeifFile, body: bytes) -> None:
    wide, of_index = (4 if body[0] else 2), (2 if body[3] & 1 else 1)
    count, at = number(body, 4, 4), 8
    for _ in range(min(count, _MOST_BOXES)):
        item, many = number(body, at, wide), number(body, at + wide, 1)
        at += wide + 1
        own = [number(body, at + place * of_index, of_index) for place in range(many)]
        file.owned[item] = [one & (0x7FFF if of_index == 2 else 0x7F) for one in own]  # noqa: PLR2004 - the first bit: essential
        at += many * of_index
