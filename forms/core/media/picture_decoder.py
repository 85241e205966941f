"""Decode a photo of staff for the site, HEIF of phones too: a program of its own, run once for each photo.

decoder_process.py starts it. Files are hostile: before a byte is read, the process confines itself (confined.py).
"""

from forms.core.media import confined, file_kinds, heif, pixels
from forms.core.media.confined import Made

PICTURE_EDGE = 2160
"""Pixels of the longer side of a picture for the site."""


def plain_picture(data: bytes) -> Made:
    """Return a picture for the site as bare pixels, red, green and blue, with what its file tells besides."""
    if file_kinds.is_heif(data):
        picture, told = heif.read_photo(data, PICTURE_EDGE), heif.has_exif(data)
        picture.thumbnail((PICTURE_EDGE, PICTURE_EDGE))
    else:
        picture, told = pixels.read_photo(data, PICTURE_EDGE), pixels.tells_place_or_camera(data)
    return {"width": picture.width, "height": picture.height, "told": told}, picture.tobytes()


def main(kind: str) -> None:
    """Confine this process, then read, decode and write."""
    confined.run(kind, _made, lambda _kind: plain_picture(pixels.sample()))


def _made(_kind: str, data: bytes) -> Made:
    return confined.made_or_problem(
        plain_picture, data, too_large=(heif.PhotoTooLarge, pixels.TooManyPixels, *pixels.BOMBS)
    )
