"""Speech by the line: each line of a text is spoken and encoded once, kept, and put together with the others.

So a text costs only those of its lines that nobody has said yet (docs/decisions/0005).
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from forms.core.files import kept_results
from forms.core.files.audio_files import KINDS, AudioFormat
from sitegen import interruption, kept_work
from sitegen.interruption import GoOn
from sitegen.kept_work import KeptWork
from sitegen.media import shared_clips, speech

NAME = "lines"
_FORM = "by the line, 1"
"""Stands for how lines are spoken, kept and put together: what was made in another way is another clip."""

_COUNT, _SIZE = "I", "H"
_KEY_BYTES = 20


def name_of(text: str, voice: str) -> str:
    """Return the name of a clip's files, without their ending: a hash of what is said."""
    return hashlib.sha256(f"{_FORM} {voice} {speech.WORDS_PER_MINUTE} {text}".encode()).hexdigest()[:16]


def lines_of(text: str) -> list[str]:
    """Return the lines that a text is spoken in."""
    return [line for line in text.split("\n") if line.strip()] or [text]


def key_of(line: str, voice: str) -> bytes:
    """Return the key under which a line is kept."""
    how = (_FORM, *shared_clips.makers(), voice, speech.WORDS_PER_MINUTE, *KINDS)
    return kept_results.key_of("line", *how, line)


def made(line: str, voice: str) -> bytes:
    """Return a line as it is kept: its packets of each kind. Raises speech.NoSuchVoice."""
    from forms.core.media import audio  # noqa: PLC0415 - FFmpeg is large, and only a build makes sound

    samples = speech.speak(line, voice)
    return b"".join(_packed(audio.encode_line(samples, speech.SAMPLE_RATE, kind)) for kind in KINDS)


def write(lines: Sequence[bytes], where: Iterable[tuple[AudioFormat, Path]]) -> None:
    """Put lines together as a file of each kind."""
    from forms.core.media import audio  # noqa: PLC0415 - FFmpeg is large, and only a build makes sound

    kinds = zip(*map(_unpacked, lines), strict=True)
    for (kind, path), packets in zip(where, kinds, strict=True):
        audio.write_lines(packets, kind, path)


def found_or_made(
    root: Path | None, text: str, voice: str, *, making: bool, go_on: GoOn = interruption.go_on
) -> list[bytes] | None:
    """Return the lines of a text; without `making` None where one is not kept. Raises speech.NoSuchVoice.

    root: of the site that keeps its own lines and takes those that districts share; None where nothing is kept. go_on:
    called before a line is made, and may raise GivenUp: the lines that were made are kept.
    """
    own, lines, keys = _kept(root), [], []
    for line in lines_of(text):
        key = key_of(line, voice)
        value = shared_clips.value(root, key) if root else None
        if value is None:
            keys.append(key)
            value = own.get(key)
        if value is None and making:
            go_on()
            value = own.put(key, made(line, voice))
            own.save()  # this may end before the next line
        if value is None:
            return None
        lines.append(value)
    own.put(_list_of(name_of(text, voice)), b"".join(keys))
    own.save()
    return lines


def cut_down(root: Path, names: Iterable[str]) -> None:
    """Remove kept lines of which no clip is kept. names: of the clips that are, without their endings."""
    own, used = _kept(root), set()
    for listed in map(_list_of, names):
        joined = own.get(listed) or b""
        used |= {listed, *(joined[at : at + _KEY_BYTES] for at in range(0, len(joined), _KEY_BYTES))}
    own.cut_down(used, few=True)


def _kept(root: Path | None) -> KeptWork:
    return kept_work.at(root, NAME) if root else KeptWork(None)


def _list_of(name: str) -> bytes:
    return kept_results.key_of("lines of a clip", name)


def _packed(packets: Sequence[bytes]) -> bytes:
    return struct.pack(f"<{_COUNT}{len(packets)}{_SIZE}", len(packets), *map(len, packets)) + b"".join(packets)


def _unpacked(data: bytes) -> list[list[bytes]]:
    """Return the packets of each kind."""
    kinds, at = [], 0
    for _ in KINDS:
        (count,) = struct.unpack_from(f"<{_COUNT}", data, at)
        sizes = struct.unpack_from(f"<{count}{_SIZE}", data, at + struct.calcsize(f"<{_COUNT}"))
        at += struct.calcsize(f"<{_COUNT}{count}{_SIZE}")
        packets = []
        for size in sizes:
            packets.append(data[at : at + size])
            at += size
        kinds.append(packets)
    return kinds
