"""Photos in HEIF as phones write them (.heic): one picture in HEVC, or a grid of tiles, with its rotation.

ISO/IEC 23008-12; boxes as in ISO/IEC 14496-12. FFmpeg decodes the tiles; its own reader of the container gives neither
the grid nor the rotation. Called inside the decoder process only, since a photo may be made to exploit its decoder.
"""

import struct
from typing import Any

import av
from PIL import Image

from forms.core.media.heif_boxes import MAX_TILES, HeifFile, NotHeif, number, read

MAX_PIXELS = 64_000_000
"""Pixels of a photo: the largest of any phone has 50 million. Each tile is reduced as soon as it is decoded."""


class PhotoTooLarge(Exception):
    """A photo has more pixels than any phone takes."""


def has_exif(data: bytes) -> bool:
    """Return whether a photo contains EXIF data of the camera. Raises NotHeif."""
    return b"Exif" in read(data).kinds.values()


def read_photo(data: bytes, edge: int) -> Image.Image:
    """Return a photo upright as RGB pixels, reduced by a power of two, but not below `edge` on its longer side.

    Raises NotHeif, also for a picture that FFmpeg cannot decode, and PhotoTooLarge.
    """
    try:
        file = read(data)
        picture = _read_grid(file, edge) if file.kinds.get(file.primary) == b"grid" else _read_single(file, edge)
        for kind, body in file.properties_of(file.primary):
            picture = _apply_transform(picture, kind, body)
    except (struct.error, KeyError, IndexError, av.FFmpegError) as error:
        raise NotHeif(str(error)) from None
    return picture


def _divisor(width: int, height: int, edge: int) -> int:
    """Return the largest power of two that leaves a picture at least as long as the edge. Raises PhotoTooLarge."""
    if width * height > MAX_PIXELS:
        raise PhotoTooLarge
    divisor = 1
    while max(width, height) // (divisor * 2) >= edge:
        divisor *= 2
    return divisor


def _size(file: HeifFile, item: int) -> tuple[int, int]:
    body = dict(file.properties_of(item))[b"ispe"]
    return number(body, 4, 4), number(body, 8, 4)


def _read_single(file: HeifFile, edge: int) -> Image.Image:
    width, height = _size(file, file.primary)
    divisor = _divisor(width, height, edge)
    return _decode_item(file, file.primary, divisor).crop((0, 0, max(1, width // divisor), max(1, height // divisor)))


def _read_grid(file: HeifFile, edge: int) -> Image.Image:
    """Return a picture assembled from its tiles. Raises NotHeif if they are too few, too many or too small."""
    body = file.content(file.primary)
    number_size = 4 if body[1] & 1 else 2
    rows, columns = body[2] + 1, body[3] + 1
    width, height = number(body, 4, number_size), number(body, 4 + number_size, number_size)
    tiles = file.tiles.get(file.primary, [])
    if len(tiles) != rows * columns or len(tiles) > MAX_TILES or not width or not height:
        raise NotHeif("the grid lacks tiles")
    across, down = _size(file, tiles[0])
    if across * columns < width or down * rows < height or across * columns * down * rows > 2 * MAX_PIXELS:
        raise NotHeif("the tiles do not fill the grid")
    divisor = _divisor(width, height, edge)
    while divisor > 1 and (across % divisor or down % divisor):  # a tile ends where the next begins
        divisor //= 2
    canvas = Image.new("RGB", (max(1, width // divisor), max(1, height // divisor)))
    for index, item in enumerate(tiles):
        position = (index % columns * across // divisor, index // columns * down // divisor)
        canvas.paste(_decode_item(file, item, divisor), position)
    return canvas


def _decode_item(file: HeifFile, item: int, divisor: int) -> Image.Image:
    """Return one picture in HEVC, divided by `divisor`.

    Raises NotHeif for another codec or size, PhotoTooLarge for too many pixels.
    """
    if file.kinds.get(item) != b"hvc1":
        raise NotHeif("another codec than HEVC")
    width, height = _size(file, item)
    if width * height > MAX_PIXELS:
        raise PhotoTooLarge
    properties = dict(file.properties_of(item))
    decoder: Any = av.CodecContext.create("hevc", "r")
    decoder.extradata, decoder.thread_count = properties[b"hvcC"], 1  # the decoder process can start no thread
    frames = [*decoder.decode(av.Packet(file.content(item))), *decoder.decode(None)]
    if not frames or (frames[0].width, frames[0].height) != (width, height):
        raise NotHeif("a picture has another size than it says")
    return _rgb(frames[0], max(1, width // divisor), max(1, height // divisor), properties.get(b"colr", b""))


_MATRICES = {1: "itu709", 5: "itu601", 6: "itu601", 9: "bt2020"}
"""Matrix coefficients of ISO/IEC 23091-2 as FFmpeg names them."""


def _rgb(frame: Any, width: int, height: int, colours: bytes) -> Image.Image:
    """Return a frame as RGB. colours: its colr box, which takes precedence over the frame's own colour space."""
    space: Any = _MATRICES.get(int(frame.colorspace), "itu601")
    full_range = frame.color_range == 2 or frame.format.name.startswith("yuvj")  # noqa: PLR2004 - AVCOL_RANGE_JPEG
    if colours[:4] == b"nclx" and len(colours) >= 11:  # noqa: PLR2004
        space, full_range = _MATRICES.get(number(colours, 8, 2), space), bool(colours[10] & 0x80)
    converted = frame.reformat(
        width=width, height=height, format="rgb24", src_colorspace=space,
        src_color_range="JPEG" if full_range else "MPEG", dst_color_range="JPEG", interpolation="AREA",
    )  # fmt: skip
    picture: Image.Image = converted.to_image()
    return picture


_ROTATIONS = {1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}

_MIRRORS = {0: Image.Transpose.FLIP_TOP_BOTTOM, 1: Image.Transpose.FLIP_LEFT_RIGHT}


def _apply_transform(picture: Image.Image, kind: bytes, body: bytes) -> Image.Image:
    """Return a picture after one transformative property. The orientation in EXIF is ignored in HEIF."""
    if kind == b"irot" and body and body[0] & 3:
        return picture.transpose(_ROTATIONS[body[0] & 3])
    if kind == b"imir" and body:
        return picture.transpose(_MIRRORS[body[0] & 1])
    return picture
