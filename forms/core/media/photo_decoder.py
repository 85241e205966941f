"""Decode a photo that a person sent and encode it again: a program of its own, run once for each photo.

decoder_process.py starts it. Files are hostile: before a byte is read, the process confines itself (confined.py).
"""

import io
from collections.abc import Callable, Mapping

from forms.core.media import confined, pixels
from forms.core.media.confined import Output

_EDGE = 1280
_MAX_BYTES = 120 * 1024


def clean_photo(data: bytes) -> Output:
    """Return the pixels of a photo as a JPEG of at most 1280 px and about 120 KB.

    It contains no place, camera, date or hidden thumbnail.
    """
    photo = pixels.read_photo(data, _EDGE)
    for quality in (72, 60, 48, 36):
        jpeg = io.BytesIO()
        photo.save(jpeg, "JPEG", quality=quality, optimize=True)
        if jpeg.tell() <= _MAX_BYTES:
            break
    return {"type": "image/jpeg"}, jpeg.getvalue()


CLEAN: Mapping[str, Callable[[bytes], Output]] = {"photo": clean_photo}


def main(kind: str) -> None:
    """Confine this process, then read, decode and write."""
    confined.run(kind, _convert, lambda _kind: clean_photo(pixels.sample()))


def _convert(kind: str, data: bytes) -> Output:
    return confined.output_or_problem(CLEAN[kind], data, too_large=(pixels.TooManyPixels, *pixels.BOMBS))
