"""The boxes of a HEIF file: the places and properties of its pictures (ISO/IEC 14496-12, ISO/IEC 23008-12)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_TILES = 1_000

_MAX_BOXES = 10_000

_FROM_FILE, _FROM_IDAT = 0, 1


class NotHeif(ValueError):
    """A file is not a photo in HEIF, or contains something other than one picture or a grid in HEVC."""


@dataclass
class HeifFile:
    """The contents of a file's boxes, by the number of an item."""

    data: bytes
    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, tuple[int, list[tuple[int, int]]]] = field(default_factory=dict)
    tiles: dict[int, list[int]] = field(default_factory=dict)
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    associations: dict[int, list[int]] = field(default_factory=dict)
    idat: bytes = b""

    def properties_of(self, item: int) -> list[tuple[bytes, bytes]]:
        """Return the properties of an item in their order."""
        return [
            self.properties[position - 1]
            for position in self.associations.get(item, ())
            if 0 < position <= len(self.properties)
        ]

    def content(self, item: int) -> bytes:
        """Return the bytes of an item."""
        method, parts = self.places[item]
        source = self.idat if method == _FROM_IDAT else self.data
        return b"".join(source[start : start + size] if size else source[start:] for start, size in parts)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield each box between two offsets: its kind, and the start and end of its body.

    Raises NotHeif if a box is longer than the file.
    """
    for _ in range(_MAX_BOXES):
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
    """Return the boxes of a HEIF file. Raises NotHeif if it lists no pictures or has no primary one."""
    file = HeifFile(data)
    meta = next((box for box in _boxes(data, 0, len(data)) if box[0] == b"meta"), None)
    if meta is None:
        raise NotHeif("no pictures are named")
    _read_boxes(file, meta[1] + 4, meta[2])  # after the version and flags
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
            file.properties = [(name, file.data[first:last]) for name, first, last in _boxes(file.data, begin, stop)]
        elif kind == b"iprp":
            _read_boxes(file, begin, stop)


def number(body: bytes, position: int, size: int) -> int:
    """Return the big-endian number of `size` bytes at `position`. Raises NotHeif if the box ends before."""
    if position + size > len(body):
        raise NotHeif("a box is cut off")
    return int.from_bytes(body[position : position + size], "big")


def _pitm(file: HeifFile, body: bytes) -> None:
    file.primary = number(body, 4, 4 if body[0] else 2)


def _iinf(file: HeifFile, body: bytes) -> None:
    for kind, position, end in _boxes(body, 8 if body[0] else 6, len(body)):
        if kind == b"infe" and body[position] in {2, 3}:
            number_size = 4 if body[position] == 3 else 2  # noqa: PLR2004
            file.kinds[number(body, position + 4, number_size)] = body[
                position + 6 + number_size : min(position + 10 + number_size, end)
            ]


def _iloc(file: HeifFile, body: bytes) -> None:
    version, sizes = body[0], number(body, 4, 2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    index_size = index_size if version else 0
    number_size = 4 if version == 2 else 2  # noqa: PLR2004
    count, position = number(body, 6, number_size), 6 + number_size
    for _ in range(min(count, _MAX_BOXES)):
        item, position = number(body, position, number_size), position + number_size
        method, position = (number(body, position, 2) & 15, position + 2) if version else (_FROM_FILE, position)
        base, position = (
            number(body, position + 2, base_size),
            position + 2 + base_size,
        )  # after the index of the data reference
        extents, position = number(body, position, 2), position + 2
        parts = []
        for _ in range(min(extents, MAX_TILES)):
            position += index_size
            parts.append(
                (base + number(body, position, offset_size), number(body, position + offset_size, length_size))
            )
            position += offset_size + length_size
        file.places[item] = (method, parts)


def _iref(file: HeifFile, body: bytes) -> None:
    number_size = 4 if body[0] else 2
    for kind, position, _ in _boxes(body, 4, len(body)):
        if kind == b"dimg":
            count = number(body, position + number_size, 2)
            begin = position + number_size + 2
            file.tiles[number(body, position, number_size)] = [
                number(body, begin + index * number_size, number_size) for index in range(min(count, MAX_TILES + 1))
            ]


def _ipma(file: HeifFile, body: bytes) -> None:
    number_size, index_size = (4 if body[0] else 2), (2 if body[3] & 1 else 1)
    count, position = number(body, 4, 4), 8
    for _ in range(min(count, _MAX_BOXES)):
        item, property_count = number(body, position, number_size), number(body, position + number_size, 1)
        position += number_size + 1
        entries = [number(body, position + index * index_size, index_size) for index in range(property_count)]
        file.associations[item] = [entry & (0x7FFF if index_size == 2 else 0x7F) for entry in entries]  # noqa: PLR2004 - the first bit: essential
        position += property_count * index_size
