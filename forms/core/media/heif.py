"""Photos in HEIF as phones write them (.heic): one picture in HEVC, or a grid of tiles, with how it is to be turned.

ISO/IEC 23008-12; boxes as in ISO/IEC 14496-12. FFmpeg decodes the tiles; its own reader of the container gives neither
the grid nor the turn. Called inside the decoder process only, since a photo may be made to break what reads it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import av
from PIL import Image

MOST_PIXELS = 64_000_000
"""Pixels of a photo: the largest of any phone has 50 million. Each tile is made small as soon as it is decoded."""

_MOST_TILES = 1_000
_MOST_BOXES = 10_000
_FROM_FILE, _FROM_IDAT = 0, 1


class NotHeif(ValueError):
    """A file is no photo in HEIF, or holds something else than one picture or a grid in HEVC."""


class PhotoTooLarge(Exception):
    """A photo has more pixels than any phone's."""


@dataclass
class _File:
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


def has_exif(data: bytes) -> bool:
    """Return whether a photo carries what the camera wrote. Raises NotHeif."""
    return b"Exif" in _read(data).kinds.values()


def read_photo(data: bytes, edge: int) -> Image.Image:
    """Return a photo upright as RGB pixels, reduced by whole steps to no less than `edge` wide or high.

    Raises NotHeif, PhotoTooLarge, and what FFmpeg says of a picture that it cannot decode.
    """
    try:
        file = _read(data)
        picture = _grid(file, edge) if file.kinds.get(file.primary) == b"grid" else _single(file, edge)
        for kind, body in file.of(file.primary):
            picture = _turned(picture, kind, body)
    except (struct.error, KeyError, IndexError, av.FFmpegError) as error:
        raise NotHeif(str(error)) from None
    return picture


# The container


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


def _read(data: bytes) -> _File:
    """Return the boxes of a HEIF file. Raises NotHeif where no picture is named or none is the first."""
    file = _File(data)
    meta = next((box for box in _boxes(data, 0, len(data)) if box[0] == b"meta"), None)
    if meta is None:
        raise NotHeif("no pictures are named")
    _read_boxes(file, meta[1] + 4, meta[2])  # behind the version and flags
    if file.primary not in file.kinds:
        raise NotHeif("no picture is the first")
    return file


def _read_boxes(file: _File, start: int, end: int) -> None:
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


def _number(body: bytes, at: int, size: int) -> int:
    """Return the big-endian number of `size` bytes at `at`. Raises NotHeif where the box ends before."""
    if at + size > len(body):
        raise NotHeif("a box is cut off")
    return int.from_bytes(body[at : at + size], "big")


def _pitm(file: _File, body: bytes) -> None:
    file.primary = _number(body, 4, 4 if body[0] else 2)


def _iinf(file: _File, body: bytes) -> None:
    for kind, at, end in _boxes(body, 8 if body[0] else 6, len(body)):
        if kind == b"infe" and body[at] in {2, 3}:
            wide = 4 if body[at] == 3 else 2  # noqa: PLR2004
            file.kinds[_number(body, at + 4, wide)] = body[at + 6 + wide : min(at + 10 + wide, end)]


def _iloc(file: _File, body: bytes) -> None:
    version, sizes = body[0], _number(body, 4, 2)
    of_offset, of_length, of_base, of_index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    of_index = of_index if version else 0
    wide = 4 if version == 2 else 2  # noqa: PLR2004
    count, at = _number(body, 6, wide), 6 + wide
    for _ in range(min(count, _MOST_BOXES)):
        item, at = _number(body, at, wide), at + wide
        method, at = (_number(body, at, 2) & 15, at + 2) if version else (_FROM_FILE, at)
        base, at = _number(body, at + 2, of_base), at + 2 + of_base  # behind the file that it lies in
        extents, at = _number(body, at, 2), at + 2
        parts = []
        for _ in range(min(extents, _MOST_TILES)):
            at += of_index
            parts.append((base + _number(body, at, of_offset), _number(body, at + of_offset, of_length)))
            at += of_offset + of_length
        file.places[item] = (method, parts)


def _iref(file: _File, body: bytes) -> None:
    wide = 4 if body[0] else 2
    for kind, at, _ in _boxes(body, 4, len(body)):
        if kind == b"dimg":
            count = _number(body, at + wide, 2)
            begin = at + wide + 2
            file.tiles[_number(body, at, wide)] = [
                _number(body, begin + place * wide, wide) for place in range(min(count, _MOST_TILES + 1))
            ]


def _ipma(file: _File, body: bytes) -> None:
    wide, of_index = (4 if body[0] else 2), (2 if body[3] & 1 else 1)
    count, at = _number(body, 4, 4), 8
    for _ in range(min(count, _MOST_BOXES)):
        item, many = _number(body, at, wide), _number(body, at + wide, 1)
        at += wide + 1
        own = [_number(body, at + place * of_index, of_index) for place in range(many)]
        file.owned[item] = [one & (0x7FFF if of_index == 2 else 0x7F) for one in own]  # noqa: PLR2004 - the first bit: essential
        at += many * of_index


# The picture


def _steps(width: int, height: int, edge: int) -> int:
    """Return by how much a picture can be divided and still fill the edge. Raises PhotoTooLarge."""
    if width * height > MOST_PIXELS:
        raise PhotoTooLarge
    steps = 1
    while max(width, height) // (steps * 2) >= edge:
        steps *= 2
    return steps


def _size(file: _File, item: int) -> tuple[int, int]:
    body = dict(file.of(item))[b"ispe"]
    return _number(body, 4, 4), _number(body, 8, 4)


def _single(file: _File, edge: int) -> Image.Image:
    width, height = _size(file, file.primary)
    steps = _steps(width, height, edge)
    return _decoded(file, file.primary, steps).crop((0, 0, max(1, width // steps), max(1, height // steps)))


def _grid(file: _File, edge: int) -> Image.Image:
    """Return a picture put together from its tiles. Raises NotHeif where they are too few, too many or too small."""
    body = file.content(file.primary)
    wide = 4 if body[1] & 1 else 2
    rows, columns = body[2] + 1, body[3] + 1
    width, height = _number(body, 4, wide), _number(body, 4 + wide, wide)
    tiles = file.tiles.get(file.primary, [])
    if len(tiles) != rows * columns or len(tiles) > _MOST_TILES or not width or not height:
        raise NotHeif("the grid lacks tiles")
    across, down = _size(file, tiles[0])
    if across * columns < width or down * rows < height or across * columns * down * rows > 2 * MOST_PIXELS:
        raise NotHeif("the tiles do not fill the grid")
    steps = _steps(width, height, edge)
    while steps > 1 and (across % steps or down % steps):  # a tile ends where the next begins
        steps //= 2
    canvas = Image.new("RGB", (max(1, width // steps), max(1, height // steps)))
    for place, item in enumerate(tiles):
        at = (place % columns * across // steps, place // columns * down // steps)
        canvas.paste(_decoded(file, item, steps), at)
    return canvas


def _decoded(file: _File, item: int, steps: int) -> Image.Image:
    """Return one picture in HEVC, divided by `steps`.

    Raises NotHeif for another codec or size, PhotoTooLarge for too many pixels.
    """
    if file.kinds.get(item) != b"hvc1":
        raise NotHeif("another codec than HEVC")
    width, height = _size(file, item)
    if width * height > MOST_PIXELS:
        raise PhotoTooLarge
    properties = dict(file.of(item))
    decoder: Any = av.CodecContext.create("hevc", "r")
    decoder.extradata, decoder.thread_count = properties[b"hvcC"], 1  # the decoder process can start no thread
    frames = [*decoder.decode(av.Packet(file.content(item))), *decoder.decode(None)]
    if not frames or (frames[0].width, frames[0].height) != (width, height):
        raise NotHeif("a picture has another size than it says")
    return _rgb(frames[0], max(1, width // steps), max(1, height // steps), properties.get(b"colr", b""))


_MATRICES = {1: "itu709", 5: "itu601", 6: "itu601", 9: "bt2020"}
"""Matrix coefficients of ISO/IEC 23091-2 as FFmpeg names them."""


def _rgb(frame: Any, width: int, height: int, colours: bytes) -> Image.Image:
    """Return a frame in red, green and blue. colours: what its colr box says, where the frame itself says nothing."""
    space: Any = _MATRICES.get(int(frame.colorspace), "itu601")
    full = frame.color_range == 2 or frame.format.name.startswith("yuvj")  # noqa: PLR2004 - AVCOL_RANGE_JPEG
    if colours[:4] == b"nclx" and len(colours) >= 11:  # noqa: PLR2004
        space, full = _MATRICES.get(_number(colours, 8, 2), space), bool(colours[10] & 0x80)
    made = frame.reformat(
        width=width, height=height, format="rgb24", src_colorspace=space, src_color_range="JPEG" if full else "MPEG",
        dst_color_range="JPEG", interpolation="AREA",
    )  # fmt: skip
    picture: Image.Image = made.to_image()
    return picture


_ANTICLOCKWISE = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}
_MIRRORED = {0: Image.Transpose.FLIP_TOP_BOTTOM, 1: Image.Transpose.FLIP_LEFT_RIGHT}


def _turned(picture: Image.Image, kind: bytes, body: bytes) -> Image.Image:
    """Return a picture as one property says that it is shown. What EXIF says of turning counts for nothing in HEIF."""
    if kind == b"irot" and body and body[0] & 3:
        return picture.transpose(_ANTICLOCKWISE[body[0] & 3])
    if kind == b"imir" and body:
        return picture.transpose(_MIRRORED[body[0] & 1])
    return picture
