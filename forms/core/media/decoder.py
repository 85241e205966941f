"""Decode a photo or recording and encode it again: a program of its own, run once for each file.

decoder_process.py starts it, writes the file to its standard input and closes it; out come one line of JSON (`type`,
`seconds`; or `problem`) and the new file's bytes. Files are hostile: before a byte is read, the process locks itself in
(sandbox.py).
"""

import io
import wave
from collections.abc import Callable, Mapping

from forms.core.media import confined, heif, pixels
from forms.core.media.attachments import LEEWAY, LONGEST_ANSWER, LONGEST_READING, LONGEST_VOICE
from forms.core.media.audio import READ, SPOKEN, NotSound, TooLong, voice
from forms.core.media.confined import Made

PICTURE_EDGE = 2160
"""Pixels of the longer side of a picture for the site."""

_EDGE = 1280
_LARGEST_PHOTO = 120 * 1024
_PADDING = 0.5  # seconds that codecs add to a recording of just a minute


def clean_photo(data: bytes) -> Made:
    """The pixels of a photo as a JPEG of at most 1280 px and about 120 KB: no place, camera, date, hidden thumbnail."""
    photo = pixels.read_photo(data, _EDGE)
    for quality in (72, 60, 48, 36):
        written = io.BytesIO()
        photo.save(written, "JPEG", quality=quality, optimize=True)
        if written.tell() <= _LARGEST_PHOTO:
            break
    return {"type": "image/jpeg"}, written.getvalue()


def plain_picture(data: bytes) -> Made:
    """Return a picture for the site as bare pixels, red, green and blue, with what its file tells besides."""
    if heif.is_heif(data):
        picture, told = heif.read_photo(data, PICTURE_EDGE), heif.has_exif(data)
        picture.thumbnail((PICTURE_EDGE, PICTURE_EDGE))
    else:
        picture, told = pixels.read_photo(data, PICTURE_EDGE), pixels.tells_place_or_camera(data)
    return {"width": picture.width, "height": picture.height, "told": told}, picture.tobytes()


def clean_voice(data: bytes) -> Made:
    """Return the sound of a recording as Opus in Ogg."""
    opus, seconds = voice(data, LONGEST_VOICE + LEEWAY)
    return {"type": "audio/ogg; codecs=opus", "seconds": min(seconds, LONGEST_VOICE)}, opus


def clean_answer(data: bytes) -> Made:
    """Return the sound of what a desk answers, small enough for 2G."""
    opus, seconds = voice(data, LONGEST_ANSWER + _PADDING, SPOKEN)
    return {"type": "audio/ogg; codecs=opus", "seconds": min(seconds, LONGEST_ANSWER)}, opus


def clean_reading(data: bytes) -> Made:
    """Return the sound of what staff read aloud, good enough to be made small once more by a build."""
    opus, seconds = voice(data, LONGEST_READING + LEEWAY, READ)
    return {"type": "audio/ogg; codecs=opus", "seconds": min(seconds, LONGEST_READING)}, opus


CLEAN: Mapping[str, Callable[[bytes], Made]] = {
    "photo": clean_photo,
    "voice": clean_voice,
    "answer": clean_answer,
    "reading": clean_reading,
    "picture": plain_picture,
}


def main(kind: str) -> None:
    """Confine this process, then read, decode and write. The kind "layers" reports which layers of confinement work."""
    confined.run(kind, _made, warm_up)


def warm_up(kind: str) -> None:
    """Decode a file of our own first, since libraries import parts of themselves at their first use."""
    if kind in {"voice", "answer", "reading"}:
        sample = io.BytesIO()
        with wave.open(sample, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(1600))
        CLEAN[kind](sample.getvalue())
    elif kind in CLEAN:
        clean_photo(pixels.sample())


def _made(kind: str, data: bytes) -> Made:
    try:
        return CLEAN[kind](data)
    except TooLong:
        return {"problem": "long"}, b""
    except (heif.PhotoTooLarge, pixels.TooManyPixels, pixels.BOMB, pixels.BOMB_WARNING, MemoryError):
        return {"problem": "bomb"}, b""
    except (NotSound, OSError, ValueError, SyntaxError, ArithmeticError, LookupError):
        return {"problem": "damaged"}, b""  # whatever a decoder says of a file that it cannot read
