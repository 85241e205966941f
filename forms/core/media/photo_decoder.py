"""Decode a photo that somebody sent and encode it again: a program of its own, run once for each photo.

decoder_process.py starts it. Files are hostile: before a byte is read, the process confines itself (confined.py).
"""

import io
from collections.abc import Callable, Mapping

from forms.core.media import confined, pixels
from forms.core.media.confined import Made

_EDGE = 1280
_LARGEST_PHOTO = 120 * 1024


def clean_photo(data: bytes) -> Made:
    """The pixels of a photo as a JPEG of at most 1280 px and about 120 KB: no place, camera, date, hidden thumbnail."""
    photo = pixels.read_photo(data, _EDGE)
    for quality in (72, 60, 48, 36):
        written = io.BytesIO()
        photo.save(written, "JPEG", quality=quality, optimize=True)
        if written.tell() <= _LARGEST_PHOTO:
            break
    return {"type": "image/jpeg"}, written.getvalue()


CLEAN: Mapping[str, Callable[[bytes], Made]] = {"photo": clean_photo}


def main(kind: str) -> None:
    """Confine this process, then read, decode and write."""
    confined.run(kind, _made, lambda _kind: clean_photo(pixels.sample()))


def _made(kind: str, data: bytes) -> Made:
    return confined.made_or_problem(CLEAN[kind], data, too_large=(pixels.TooManyPixels, *pixels.BOMBS))
