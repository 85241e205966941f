"""Photos and recordings: how many, how large, of what kind, and clean of all but what is seen or heard.

Names that files have on a phone are never read. Nothing is written to a disk here: bytes go through a pipe.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOST = {"photo": 3, "voice": 1}
"""How many of a kind belong to one letter."""

LARGEST = {"photo": 12 * 1024 * 1024, "voice": 8 * 1024 * 1024}
"""Bytes of one file as it comes from the phone."""

_WAIT = 90
_AT_ONCE = threading.Semaphore(2)  # decoders at work in this process: memory is bounded by it
_ROOT = Path(__file__).parents[3]


class NotTaken(Exception):
    """A file cannot be taken. `code`: empty, large, many, kind, long, bomb or damaged."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Clean:
    """A file as it will be sealed: a kind of MOST, its media type, its bytes; seconds of a recording."""

    kind: str
    media_type: str
    content: bytes
    seconds: int = 0


def insist_on_few(kind: str, already: int) -> None:
    """Raise NotTaken where a letter has as many of a kind as it may have."""
    if already >= MOST[kind]:
        raise NotTaken("many")


def clean(kind: str, content: bytes) -> Clean:
    """The same photo or recording without anything beside it. Raises NotTaken."""
    if not content:
        raise NotTaken("empty")
    if len(content) > LARGEST[kind]:
        raise NotTaken("large")
    if not _looks_like(kind, content):
        raise NotTaken("kind")
    head, cleaned = _in_a_process_of_its_own(kind, content)
    if "problem" in head:
        raise NotTaken(str(head["problem"]))
    return Clean(kind, str(head["type"]), cleaned, int(head.get("seconds", 0)))


def _in_a_process_of_its_own(kind: str, content: bytes) -> tuple[dict[str, int | str], bytes]:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    with _AT_ONCE:
        try:
            done = subprocess.run(  # noqa: S603 - our own program; what it reads is bytes
                [sys.executable, "-m", "forms.core.media.decoder", kind],
                input=content, capture_output=True, timeout=_WAIT, check=False, cwd=_ROOT, env=environment,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"problem": "bomb"}, b""
    line, _, cleaned = done.stdout.partition(b"\n")
    if done.returncode or not line:  # ended by a limit, or a decoder fell over
        return {"problem": "bomb" if done.returncode < 0 else "damaged"}, b""
    return json.loads(line), cleaned


_PHOTOS: Sequence[tuple[int, bytes]] = ((0, b"\xff\xd8\xff"), (0, b"\x89PNG\r\n\x1a\n"), (8, b"WEBP"), (4, b"ftypavif"))
_VOICES: Sequence[tuple[int, bytes]] = (
    (0, b"OggS"), (0, b"ID3"), (0, b"RIFF"), (0, b"#!AMR"), (0, b"\x1aE\xdf\xa3"), (4, b"ftyp"), (0, b"fLaC"),
    (0, b"caff"),
)  # fmt: skip
_MPEG_SYNC = 0xE0  # MP3 and ADTS without a tag: eleven set bits (ISO 11172-3, 2.4.1.3)


def _looks_like(kind: str, content: bytes) -> bool:
    """Whether the first bytes are those of a photo, or recording, that we know: a renamed program's are not."""
    known = _PHOTOS if kind == "photo" else _VOICES
    if any(content.startswith(magic, start) for start, magic in known):
        return True
    return kind == "voice" and len(content) > 1 and content[0] == 0xFF and content[1] & _MPEG_SYNC == _MPEG_SYNC  # noqa: PLR2004
