"""Decode photos into pixels: allowed formats and sizes; upright, on white, reduced. Pillow decodes only here.

Called inside the decoder process only, since a photo may be made to break what reads it.
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

MOST_PIXELS = 16_000_000
"""Pixels that a photo may unfold into: a phone's screen has 4 million, a usual photo 12. AVIF, PNG, WebP unfold all."""

MOST_PIXELS_OF_A_JPEG = 200_000_000
"""Pixels of a JPEG, of which only as many are unfolded as are needed: the largest photos of any phone."""

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
_IMPORTED_LATE = (MpoImagePlugin, TiffImagePlugin, copy)  # by Pillow: a second picture behind the first, EXIF, GIF

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

_ORIENTATION = 0x0112
_TURNS = {
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
_SAME = 8
"""Steps of brightness by which what a decoder fills in differs within itself."""

_GPS, _MAKE, _MODEL = 0x8825, 0x010F, 0x0110  # EXIF 2.3, tables 4 and 15


class TooManyPixels(Exception):
    """A small file decodes to more pixels than a photo has."""


def read_photo(data: bytes, edge: int) -> Image.Image:
    """Return a photo as upright RGB pixels on white, at most `edge` wide and high; of one that is cut, what is there.

    Raises TooManyPixels, MemoryError, and whatever a decoder says of a file that it cannot read.
    """
    try:
        return _read(data, edge)
    except OSError:
        if not data.startswith(_JPEG):
            raise
        return _read(data + _END_OF_JPEG, edge, cut=True)


def _read(data: bytes, edge: int, *, cut: bool = False) -> Image.Image:
    """Return such pixels. cut: its end was put there, so at least half of them must be. Raises as `read_photo`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what stands beside the pixels, which nobody takes over
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with _open(data) as photo:
            share = edge / max(photo.size)
            # A JPEG is unfolded no larger than needed. Other formats have no draft.
            photo.draft("RGB", (max(1, int(photo.width * share)), max(1, int(photo.height * share))))
            if photo.width * photo.height > MOST_PIXELS:
                raise TooManyPixels
            turn = _turn_of(photo)
            small = _on_white(photo, edge)
    if cut and _lacks_half(small):
        raise OSError("most of it is not there")
    return small if turn is None else small.transpose(turn)


def _lacks_half(photo: Image.Image) -> bool:
    """Return whether the lower half is of one colour, as decoders fill what is not there."""
    lower = photo.crop((0, photo.height // 2, photo.width, photo.height))
    return all(high - low <= _SAME for low, high in lower.getextrema())  # type: ignore[misc] # of three bands


def _open(data: bytes) -> Image.Image:
    """Return a photo, opened but not decoded. Raises TooManyPixels."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS_OF_A_JPEG  # Pillow raises from twice as many, and warns from as many
    plain = _only_pixels(data) if data.startswith(_PNG) else file_kinds.as_plain_avif(data)
    photo = Image.open(io.BytesIO(plain), formats=FORMATS)
    most = MOST_PIXELS_OF_A_JPEG if photo.format in {"JPEG", "MPO"} else MOST_PIXELS
    if photo.width * photo.height > most:
        raise TooManyPixels
    return photo


def _only_pixels(png: bytes) -> bytes:
    """Return a PNG without what stands beside its pixels, which no photo is refused for: texts, profiles, films.

    A chunk is needed where its name begins with a capital (ISO/IEC 15948, 5.4). Transparency and the turn stay.
    """
    parts, at = [_PNG], len(_PNG)
    while at + 8 <= len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        end = at + 12 + length
        if name[:1].isupper() or name in _KEPT_CHUNKS:
            parts.append(png[at:end])
        at = end
    return b"".join(parts)


def _exif_of(photo: Image.Image) -> Any:
    """Return what the camera wrote, or None where that is damaged: then the pixels may be whole all the same."""
    try:
        exif = photo.getexif()
        exif.get_ifd(_GPS)
    except Exception:  # noqa: BLE001 - Pillow raises whatever it stumbles on, and none of it concerns the pixels
        return None
    return exif


def _turn_of(photo: Image.Image) -> Image.Transpose | None:
    """Return how a photo must be turned to stand upright; None where it stands so, or where nobody can tell."""
    value = (_exif_of(photo) or {}).get(_ORIENTATION)
    first = value[0] if isinstance(value, tuple) and value else value
    return _TURNS.get(first) if isinstance(first, int) else None


def _on_white(photo: Image.Image, edge: int) -> Image.Image:
    """Return a small copy that has no transparency and carries nothing but pixels."""
    if photo.mode.startswith("I"):  # 16 bits of grey: to convert them would make white of all but the blackest
        photo = photo.point(lambda value: value * (1 / 257)).convert("L")
    transparent = photo.has_transparency_data and photo.mode != "L"
    small = photo.convert("RGBA" if transparent else "RGB")
    small.thumbnail((edge, edge))
    pixels = Image.new("RGB", small.size, "white")
    pixels.paste(small, mask=small.getchannel("A") if transparent else None)
    return pixels


def tells_place_or_camera(data: bytes) -> bool:
    """Return whether a photo names the place or the camera it was taken with, or has notes that nobody can read."""
    with warnings.catch_warnings(), _open(data) as photo:
        warnings.simplefilter("ignore")
        exif = _exif_of(photo)
        return exif is None or bool(exif.get_ifd(_GPS) or exif.get(_MAKE) or exif.get(_MODEL))


def sample() -> bytes:
    """Return a small photo of our own."""
    written = io.BytesIO()
    Image.new("RGBA", (8, 8)).save(written, "PNG")
    return written.getvalue()
