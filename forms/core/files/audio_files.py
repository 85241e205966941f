"""Kinds of sound files: those that people may send, and those that the program writes. audio.py converts them."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class AudioFormat:
    """A format of sound files: file ending, media type, container, codec, bits a second, and the codec's options.

    quick: options for synthetic speech, which gains nothing from a finer search: half the time, as many bytes.
    frame: samples in a packet; delay: samples that an encoder puts before the sound; pause: packets of silence between
    two lines of a text, about 0.4 s with the silence at their ends.
    """

    ending: str
    media_type: str
    container: str
    codec: str
    bits: int
    options: dict[str, str] = field(hash=False)
    quick: dict[str, str] = field(hash=False)
    frame: int
    delay: int
    pause: int


_OPUS = {"application": "voip", "compression_level": "3"}
KINDS = (
    AudioFormat(
        "opus", "audio/ogg; codecs=opus", "ogg", "libopus", 16_000, _OPUS, {**_OPUS, "compression_level": "1"},
        frame=320, delay=104, pause=19,
    ),
    AudioFormat("mp3", "audio/mpeg", "mp3", "libmp3lame", 24_000, {}, {"compression_level": "7"},
         frame=576, delay=1105, pause=8),
)  # fmt: skip

EXTENSIONS = frozenset({".wav", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".amr", ".3gp", ".flac", ".webm", ".mp4"})
"""Endings of files that staff may record: FFmpeg reads them all."""


def is_recording(path: Path) -> bool:
    """Return whether a file has the ending of a recording."""
    return path.suffix.lower() in EXTENSIONS
