"""Photos and recordings: limits of number, size and kind, and removal of everything but pixels and sound.

File names are never read. Nothing is written to a disk here: bytes go through a pipe.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from forms.core.media import decoder_process, file_kinds
from forms.core.media.decoder_process import DEFAULT_WAIT, DecoderFailed, NoDecoderFree

MAX_FILES = {"photo": 3, "voice": 1}
"""Number of files of each kind in one letter."""

MAX_VOICE_SECONDS = 180
"""Seconds of a recording, as messages to people say."""

LEEWAY_SECONDS = 5
"""Seconds more that are accepted: a recorder that stops after three minutes, like ours, writes a little more."""

MAX_FILE_BYTES = {"photo": 12 * 1024 * 1024, "voice": 4 * 1024 * 1024 - 1024, "answer": 24 * 1024 * 1024}
"""Bytes of one file from a phone, or (answer) from a desk's recorder: a minute of WAV has 11 MB.

The phone seals a recording unchanged: with a header line it must fit the largest size class. Three minutes of AAC at
128 kbit/s, as phones record, fit. The browser gets the same number.
"""


def megabytes(kind: str) -> int:
    """Return the largest size of a kind in megabytes, as messages to people say."""
    return MAX_FILE_BYTES[kind] // 1_000_000


MAX_READING_SECONDS = 600
"""Seconds of a page that staff read aloud for the site."""

MAX_ANSWER_SECONDS = 60
"""Seconds of a desk's voice beside its answer."""


class FileRefused(Exception):
    """A file is refused. code: empty, large, many, kind, heic, long, bomb, damaged; or busy: try again."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Clean:
    """A cleaned file, ready to be encrypted: its kind, media type and bytes; seconds of a recording."""

    kind: str
    media_type: str
    content: bytes
    seconds: int = 0


def require_few(kind: str, already: int) -> None:
    """Raise FileRefused if a letter has the largest number of files of this kind already."""
    if already >= MAX_FILES[kind]:
        raise FileRefused("many")


def clean(kind: str, content: bytes, wait: float = DEFAULT_WAIT) -> Clean:
    """Return a photo or recording without its metadata, encoded again. Raises FileRefused.

    kind: photo, voice, or answer for a desk's voice; wait: seconds for a free decoder.
    """
    if not content:
        raise FileRefused("empty")
    if len(content) > MAX_FILE_BYTES[kind]:
        raise FileRefused("large")
    if not (file_kinds.is_photo if kind == "photo" else file_kinds.is_recording)(content):
        raise FileRefused("heic" if kind == "photo" and file_kinds.is_heif(content) else "kind")
    try:
        head, output = decoder_process.decode(kind, content, wait)
    except NoDecoderFree:
        raise FileRefused("busy") from None
    except DecoderFailed as failed:
        raise FileRefused("bomb" if failed.ended else "damaged") from None
    return _checked_output(kind, head, output)


_PROBLEMS = frozenset({"long", "bomb", "damaged"})
_OUTPUT_FORMATS: Mapping[str, tuple[str, bytes]] = {
    "photo": ("image/jpeg", b"\xff\xd8\xff"),
    "voice": ("audio/ogg; codecs=opus", b"OggS"),
    "answer": ("audio/ogg; codecs=opus", b"OggS"),
}
_MAX_SECONDS: Mapping[str, int] = {"photo": 0, "voice": MAX_VOICE_SECONDS, "answer": MAX_ANSWER_SECONDS}


def _checked_output(kind: str, head: Mapping[str, object], output: bytes) -> Clean:
    """Return a decoder's output as a file, after checking it: a hostile file may have taken the decoder over.

    Raises FileRefused for a reported problem, or if the output is not of the expected kind.
    """
    if "problem" in head:
        problem = str(head["problem"])
        raise FileRefused(problem if problem in _PROBLEMS else "damaged")
    media_type, start = _OUTPUT_FORMATS[kind]
    seconds = head.get("seconds", 0)
    if not output.startswith(start) or not isinstance(seconds, int) or not 0 <= seconds <= _MAX_SECONDS[kind]:
        raise FileRefused("damaged")
    return Clean(kind, media_type, output, seconds)
