"""Decode photos into pixels: allowed formats and sizes; upright, on white, reduced. Pillow decodes only here.

Called inside the decoder process only, since a photo may be made to exploit its decoder.
"""

import copy
import io
import struct
import warnings
from typing import Any

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from forms.core.media import file_kinds

MAX_PIXELS = 16_000_000
"""Pixels of a decoded photo: a phone's screen has 4 million, a usual photo 12. AVIF, PNG and WebP decode all."""

MAX_JPEG_PIXELS = 200_000_000
"""Pixels of a JPEG, as in the largest photos of any phone: only as many are decoded as are needed."""

FORMATS = tuple(
    reader.format
    for reader in (
        JpegImagePlugin.JpegImageFile,  # and MPO: what some phones write, with a second picture behind the first
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
        AvifImagePlugin.AvifImageFile,
        GifImagePlugin.GifImageFile,  # and BMP: of older phones
        BmpImagePlugin.BmpImageFile,
    )
)

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the decoder process can start no thread
Image.preinit()  # now: later no file can be opened. Not init(): forty readers of other formats take 0.1 seconds
_IMPORTED_LATE = (MpoImagePlugin, TiffImagePlugin, copy)  # by Pillow: for a second picture after the first, EXIF, GIF

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

_ORIENTATION = 0x0112
_ROTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_JPEG, _END_OF_JPEG, _PNG = b"\xff\xd8", b"\xff\xd9", b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = frozenset({b"tRNS", b"eXIf"})
_FILL_TOLERANCE = 8
"""Levels of brightness by which the pixels that a decoder fills in may differ."""

_GPS, _MAKE, _MODEL = 0x8825, 0x010F, 0x0110  # EXIF 2.3, tables 4 and 15


class TooManyPixels(Exception):
    """A small file decodes to more pixels than a photo has."""


def read_photo(data: bytes, edge: int) -> Image.Image:
    """Return a photo as upright RGB pixels on white, at most `edge` wide and high; of a truncated JPEG, what is left.

    Raises TooManyPixels, MemoryError, and the errors of decoders.
    """
    try:
        return _read(data, edge)
    except OSError:
        if not data.startswith(_JPEG):
            raise
        return _read(data + _END_OF_JPEG, edge, cut=True)


def _read(data: bytes, edge: int, *, cut: bool = False) -> Image.Image:
    """Return the pixels of a photo. cut: it was truncated, and must have at least half. Raises as `read_photo`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata, which is dropped
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with _open(data) as photo:
            share = edge / max(photo.size)
            # A JPEG is decoded no larger than needed. Other formats have no draft.
            photo.draft("RGB", (max(1, int(photo.width * share)), max(1, int(photo.height * share))))
            if photo.width * photo.height > MAX_PIXELS:
                raise TooManyPixels
            rotation = _rotation_of(photo)
            small = _on_white(photo, edge)
    if cut and _lacks_half(small):
        raise OSError("most of it is not there")
    return small if rotation is None else small.transpose(rotation)


def _lacks_half(photo: Image.Image) -> bool:
    """Return whether the lower half has one colour, with which decoders fill missing pixels."""
    lower = photo.crop((0, photo.height // 2, photo.width, photo.height))
    return all(high - low <= _FILL_TOLERANCE for low, high in lower.getextrema())  # type: ignore[misc] # of three bands


def _open(data: bytes) -> Image.Image:
    """Return a photo, opened but not decoded. Raises TooManyPixels."""
    Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS  # Pillow warns from this number on, and raises from twice as many
    plain = _strip_png(data) if data.startswith(_PNG) else file_kinds.as_plain_avif(data)
    photo = Image.open(io.BytesIO(plain), formats=FORMATS)
    limit = MAX_JPEG_PIXELS if photo.format in {"JPEG", "MPO"} else MAX_PIXELS
    if photo.width * photo.height > limit:
        raise TooManyPixels
    return photo


def _strip_png(png: bytes) -> bytes:
    """Return a PNG without texts, colour profiles and animations, so that faults in these do not refuse a photo.

    Chunks whose names begin with a capital are critical (ISO/IEC 15948, 5.4). Transparency and EXIF stay too.
    """
    parts, position = [_PNG], len(_PNG)
    while position + 8 <= len(png):
        length, name = struct.unpack(">I4s", png[position : position + 8])
        end = position + 12 + length
        if name[:1].isupper() or name in _KEPT_CHUNKS:
            parts.append(png[position:end])
        position = end
    return b"".join(parts)


def _exif_of(photo: Image.Image) -> Any:
    """Return the EXIF data, or None if it is damaged: the pixels may be intact nevertheless."""
    try:
        exif = photo.getexif()
        exif.get_ifd(_GPS)
    except Exception:  # noqa: BLE001 - Pillow raises many kinds of errors here, and none concerns the pixels
        return None
    return exif


def _rotation_of(photo: Image.Image) -> Image.Transpose | None:
    """Return the rotation that makes a photo upright; None if it needs none, or if that is unknown."""
    value = (_exif_of(photo) or {}).get(_ORIENTATION)
    first = value[0] if isinstance(value, tuple) and value else value
    return _ROTATIONS.get(first) if isinstance(first, int) else None


def _on_white(photo: Image.Image, edge: int) -> Image.Image:
    """Return a small copy without transparency and metadata."""
    if photo.mode.startswith("I"):  # 16 bits of grey: converting them directly turns all but the darkest white
        photo = photo.point(lambda value: value * (1 / 257)).convert("L")
    transparent = photo.has_transparency_data and photo.mode != "L"
    small = photo.convert("RGBA" if transparent else "RGB")
    small.thumbnail((edge, edge))
    pixels = Image.new("RGB", small.size, "white")
    pixels.paste(small, mask=small.getchannel("A") if transparent else None)
    return pixels


def has_place_or_camera(data: bytes) -> bool:
    """Return whether a photo's metadata names the place or the camera, or cannot be read."""
    with warnings.catch_warnings(), _open(data) as photo:
        warnings.simplefilter("ignore")
        exif = _exif_of(photo)
        return exif is None or bool(exif.get_ifd(_GPS) or exif.get(_MAKE) or exif.get(_MODEL))


def sample() -> bytes:
    """Return a small photo of our own."""
    file = io.BytesIO()
    Image.new("RGBA", (8, 8)).save(file, "PNG")
    return file.getvalue()
