"""Photos in HEIF as phones write them (.heic): one picture in HEVC, or a grid of tiles, with how it is to be turned.

ISO/IEC 23008-12; boxes as in ISO/IEC 14496-12. FFmpeg decodes the tiles; its own reader of the container gives neither
the grid nor the turn. Called inside the decoder process only, since a photo may be made to break what reads it.
"""

import struct
from typing import Any

import av
from PIL import Image

from forms.core.media.heif_boxes import MOST_TILES, HeifFile, NotHeif, number, read

MOST_PIXELS = 64_000_000
"""Pixels of a photo: the largest of any phone has 50 million. Each tile is made small as soon as it is decoded."""


class PhotoTooLarge(Exception):
    """A photo has more pixels than any phone's."""


def has_exif(data: bytes) -> bool:
    """Return whether a photo carries what the camera wrote. Raises NotHeif."""
    return b"Exif" in read(data).kinds.values()


def read_photo(data: bytes, edge: int) -> Image.Image:
    """Return a photo upright as RGB pixels, reduced by whole steps to no less than `edge` wide or high.

    Raises NotHeif, PhotoTooLarge, and what FFmpeg says of a picture that it cannot decode.
    """
    try:
        file = read(data)
        picture = _grid(file, edge) if file.kinds.get(file.primary) == b"grid" else _single(file, edge)
        for kind, body in file.of(file.primary):
            picture = _turned(picture, kind, body)
    except (struct.error, KeyError, IndexError, av.FFmpegError) as error:
        raise NotHeif(str(error)) from None
    return picture


def _steps(width: int, height: int, edge: int) -> int:
    """Return by how much a picture can be divided and still fill the edge. Raises PhotoTooLarge."""
    if width * height > MOST_PIXELS:
        raise PhotoTooLarge
    steps = 1
    while max(width, height) // (steps * 2) >= edge:
        steps *= 2
    return steps


def _size(file: HeifFile, item: int) -> tuple[int, int]:
    body = dict(file.of(item))[b"ispe"]
    return number(body, 4, 4), number(body, 8, 4)


def _single(file: HeifFile, edge: int) -> Image.Image:
    width, height = _size(file, file.primary)
    steps = _steps(width, height, edge)
    return _decoded(file, file.primary, steps).crop((0, 0, max(1, width // steps), max(1, height // steps)))


def _grid(file: HeifFile, edge: int) -> Image.Image:
    """Return a picture put together from its tiles. Raises NotHeif where they are too few, too many or too small."""
    body = file.content(file.primary)
    wide = 4 if body[1] & 1 else 2
    rows, columns = body[2] + 1, body[3] + 1
    width, height = number(body, 4, wide), number(body, 4 + wide, wide)
    tiles = file.tiles.get(file.primary, [])
    if len(tiles) != rows * columns or len(tiles) > MOST_TILES or not width or not height:
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


def _decoded(file: HeifFile, item: int, steps: int) -> Image.Image:
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
        space, full = _MATRICES.get(number(colours, 8, 2), space), bool(colours[10] & 0x80)
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
