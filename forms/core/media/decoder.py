"""Takes out of a photo or recording all but what is seen or heard: a program of its own, run once for each file.

`python -m forms.core.media.decoder photo < in > out`. Files are hostile: decoders run here, in a process that may use
little time and memory and can write no file.
Out come one line of JSON (`type`, `seconds`; or `problem`) and the new file's bytes.
"""

import io
import json
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress

from PIL import AvifImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from forms.core.audio import NotSound, TooLong, voice

LONGEST_VOICE = 180
"""Seconds of a recording."""

_FORMATS = tuple(
    reader.format
    for reader in (
        JpegImagePlugin.JpegImageFile,  # and MPO: what some phones write, with a second picture behind the first
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
        AvifImagePlugin.AvifImageFile,
    )
)
_MEMORY, _SECONDS = 1536 * 1024 * 1024, 60
_EDGE = 1280
_LARGEST_PHOTO = 120 * 1024
_MOST_PIXELS = 60_000_000
"""No phone we know takes larger photos; a "bomb" is a small file that unfolds into more."""


def clean_photo(data: bytes) -> tuple[dict[str, object], bytes]:
    """The pixels of a photo as a JPEG of at most 1280 px and about 120 KB: no place, camera, date, hidden thumbnail."""
    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
    with (
        warnings.catch_warnings(),
        Image.open(io.BytesIO(data), formats=_FORMATS) as photo,
    ):
        warnings.simplefilter("error")
        photo.draft("RGB", (_EDGE, _EDGE))  # a JPEG is unfolded no larger than needed
        upright = ImageOps.exif_transpose(photo)
        upright.thumbnail((_EDGE, _EDGE))
        pixels = Image.new("RGB", upright.size, "white")
        pixels.paste(upright.convert("RGB"))
    for quality in (72, 60, 48, 36):
        written = io.BytesIO()
        pixels.save(written, "JPEG", quality=quality, optimize=True)
        if written.tell() <= _LARGEST_PHOTO:
            break
    return {"type": "image/jpeg"}, written.getvalue()


def clean_voice(data: bytes) -> tuple[dict[str, object], bytes]:
    """The sound of a recording as Opus in Ogg."""
    opus, seconds = voice(data, LONGEST_VOICE)
    return {"type": "audio/ogg; codecs=opus", "seconds": seconds}, opus


CLEAN: Mapping[str, Callable[[bytes], tuple[dict[str, object], bytes]]] = {"photo": clean_photo, "voice": clean_voice}


def _confine() -> None:
    """Little memory and time, and no file at all (POSIX; elsewhere only the time that the caller waits)."""
    with suppress(ImportError):
        import resource  # noqa: PLC0415 - POSIX has it

        for limit, most in (
            (resource.RLIMIT_AS, _MEMORY),
            (resource.RLIMIT_CPU, _SECONDS),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(limit, (most, most))


def main() -> None:
    """Read, clean, write."""
    kind, data = sys.argv[1], sys.stdin.buffer.read()
    _confine()
    try:
        head, cleaned = CLEAN[kind](data)
    except TooLong:
        head, cleaned = {"problem": "long"}, b""
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        head, cleaned = {"problem": "bomb"}, b""
    except (NotSound, OSError, ValueError, SyntaxError, ArithmeticError, LookupError):
        head, cleaned = {"problem": "damaged"}, b""  # whatever a decoder says of a file that it cannot read
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + cleaned)


if __name__ == "__main__":
    main()
