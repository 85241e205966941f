"""Decode photos into pixels: allowed formats and sizes; upright, on white, reduced. Pillow decodes only here.

Called inside the decoder process only, since a photo may be made to break what reads it.
"""

import io
import warnings

from PIL import (
    AvifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

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
    )
)

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the decoder process can start no thread
Image.preinit()  # now: later no file can be opened. Not init(): forty readers of other formats take 0.1 seconds
_IMPORTED_LATE = (MpoImagePlugin, TiffImagePlugin)  # by Pillow, for a second picture behind the first, and for EXIF

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
_GPS, _MAKE, _MODEL = 0x8825, 0x010F, 0x0110  # EXIF 2.3, tables 4 and 15


class TooManyPixels(Exception):
    """A small file decodes to more pixels than a photo has."""


def read_photo(data: bytes, edge: int) -> Image.Image:
    """Return a photo as upright RGB pixels on white, at most `edge` wide and high.

    Raises TooManyPixels, MemoryError, and whatever a decoder says of a file that it cannot read.
    """
    with warnings.catch_warnings(), _open(data) as photo:
        warnings.simplefilter("error")
        share = edge / max(photo.size)
        # A JPEG is unfolded no larger than needed. Other formats have no draft.
        photo.draft("RGB", (max(1, int(photo.width * share)), max(1, int(photo.height * share))))
        if photo.width * photo.height > MOST_PIXELS:
            raise TooManyPixels
        turn = _TURNS.get(int(photo.getexif().get(_ORIENTATION) or 1))
        small = _on_white(photo, edge)
    return small if turn is None else small.transpose(turn)


def _open(data: bytes) -> Image.Image:
    """Return a photo, opened but not decoded. Raises TooManyPixels."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS_OF_A_JPEG  # Pillow raises from twice as many, and warns from as many
    photo = Image.open(io.BytesIO(data), formats=FORMATS)
    most = MOST_PIXELS_OF_A_JPEG if photo.format in {"JPEG", "MPO"} else MOST_PIXELS
    if photo.width * photo.height > most:
        raise TooManyPixels
    return photo


def _on_white(photo: Image.Image, edge: int) -> Image.Image:
    """Return a small copy that has no transparency and carries nothing but pixels."""
    transparent = photo.has_transparency_data
    small = photo.convert("RGBA" if transparent else "RGB")
    small.thumbnail((edge, edge))
    pixels = Image.new("RGB", small.size, "white")
    pixels.paste(small, mask=small.getchannel("A") if transparent else None)
    return pixels


def tells_place_or_camera(data: bytes) -> bool:
    """Return whether a photo names the place or the camera it was taken with."""
    with _open(data) as photo:
        exif = photo.getexif()
        return bool(exif.get_ifd(_GPS) or exif.get(_MAKE) or exif.get(_MODEL))


def sample() -> bytes:
    """Return a small photo of our own."""
    written = io.BytesIO()
    Image.new("RGBA", (8, 8)).save(written, "PNG")
    return written.getvalue()
