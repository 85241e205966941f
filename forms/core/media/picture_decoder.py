"""Decode a photo of staff for the site, HEIF of phones too: a program of its own, run once for each photo.

decoder_process.py starts it. Files are hostile: before a byte is read, the process confines itself (confined.py).
"""

from forms.core.media import confined, file_kinds, heif, pixels
from forms.core.media.confined import Output

PICTURE_EDGE = 2160
"""Pixels of the longer side of a picture for the site."""


def plain_picture(data: bytes) -> Output:
    """Return a picture for the site as bare RGB pixels; "told" in its head: whether the file names place or camera."""
    if file_kinds.is_heif(data):
        picture, has_details = heif.read_photo(data, PICTURE_EDGE), heif.has_exif(data)
        picture.thumbnail((PICTURE_EDGE, PICTURE_EDGE))
    else:
        picture, has_details = pixels.read_photo(data, PICTURE_EDGE), pixels.has_place_or_camera(data)
    return {"width": picture.width, "height": picture.height, "told": has_details}, picture.tobytes()


def main(kind: str) -> None:
    """Confine this process, then read, decode and write."""
    confined.run(kind, _convert, lambda _kind: plain_picture(pixels.sample()))


def _convert(_kind: str, data: bytes) -> Output:
    return confined.output_or_problem(
        plain_picture, data, too_large=(heif.PhotoTooLarge, pixels.TooManyPixels, *pixels.BOMBS)
    )
