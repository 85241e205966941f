"""Speech by the line: each line of a text is spoken and encoded once, cached, and joined to the others.

So only the lines of a text that are not in the cache cost time (docs/decisions/0005).
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from forms.core.files import kept_results
from forms.core.files.audio_files import KINDS, AudioFormat
from sitegen import interruption, kept_work
from sitegen.interruption import GivenUp, GoOn
from sitegen.kept_work import KeptWork
from sitegen.media import shared_clips, speech

NAME = "lines"
_FORMAT = "by the line, 1"
"""Part of every hash. Changes when lines are spoken, stored or joined in another way: then clips are new."""

_COUNT, _SIZE = "I", "H"
"""The types (struct) of the number of packets, and of the size of one."""

_KEY_BYTES = 20


def name_of(text: str, voice: str) -> str:
    """Return the name of a clip's files, without their ending: a hash of text and voice."""
    return hashlib.sha256(f"{_FORMAT} {voice} {speech.WORDS_PER_MINUTE} {text}".encode()).hexdigest()[:16]


def lines_of(text: str) -> list[str]:
    """Return the lines into which a text is divided to be spoken."""
    return [line for line in text.split("\n") if line.strip()] or [text]


def key_of(line: str, voice: str) -> bytes:
    """Return the key of a line in the cache."""
    settings = (_FORMAT, *shared_clips.tool_versions(), voice, speech.WORDS_PER_MINUTE, *KINDS)
    return kept_results.key_of("line", *settings, line)


def speak_line(line: str, voice: str) -> bytes:
    """Speak and encode a line; return its packets of each kind, packed for the cache. Raises speech.NoSuchVoice."""
    from forms.core.media import audio  # noqa: PLC0415 - FFmpeg is large, and only builds make sound

    samples = speech.speak(line, voice)
    return b"".join(_pack(audio.encode_line(samples, speech.SAMPLE_RATE, kind)) for kind in KINDS)


def write(lines: Sequence[bytes], targets: Iterable[tuple[AudioFormat, Path]]) -> None:
    """Join packed lines, and write a file of each kind."""
    from forms.core.media import audio  # noqa: PLC0415 - FFmpeg is large, and only builds make sound

    kinds = zip(*map(_unpack, lines), strict=True)
    for (kind, path), packets in zip(targets, kinds, strict=True):
        audio.write_lines(packets, kind, path)


def lines_for(
    root: Path | None, text: str, voice: str, *, can_make: bool, go_on: GoOn = interruption.go_on
) -> list[bytes] | None:
    """Return the packed lines of a text, from the cache or spoken now; None if one is not cached and `can_make` False.

    root: of the site, whose cache and whose shared lines are used; None to use neither. go_on: called before a
    line is spoken, and may raise GivenUp; lines spoken until then stay in the cache. Raises speech.NoSuchVoice.
    """
    cache, lines, keys = _cache(root), [], []
    try:
        for line in lines_of(text):
            key = key_of(line, voice)
            data = shared_clips.get(root, key) if root else None
            if data is None:
                keys.append(key)
                data = cache.get(key)
            if data is None and can_make:
                go_on()
                data = cache.put(key, speak_line(line, voice))
            if data is None:
                return None
            lines.append(data)
        cache.put(_key_of_list(name_of(text, voice)), b"".join(keys))
    except GivenUp:
        cache.save()
        raise
    cache.save()
    return lines


def prune(root: Path, names: Iterable[str]) -> None:
    """Remove cached lines that belong to no cached clip. names: of the cached clips, without their endings."""
    cache, used = _cache(root), set()
    for list_key in map(_key_of_list, names):
        keys = cache.get(list_key) or b""
        used |= {list_key, *(keys[start : start + _KEY_BYTES] for start in range(0, len(keys), _KEY_BYTES))}
    cache.cut_down(used, few=True)


def _cache(root: Path | None) -> KeptWork:
    return kept_work.at(root, NAME) if root else KeptWork(None)


def _key_of_list(name: str) -> bytes:
    """Return the key under which the keys of a clip's lines are cached. name: of the clip."""
    return kept_results.key_of("lines of a clip", name)


def _pack(packets: Sequence[bytes]) -> bytes:
    return struct.pack(f"<{_COUNT}{len(packets)}{_SIZE}", len(packets), *map(len, packets)) + b"".join(packets)


def _unpack(data: bytes) -> list[list[bytes]]:
    """Return the packets of each kind from a packed line."""
    kinds, offset = [], 0
    for _ in KINDS:
        (count,) = struct.unpack_from(f"<{_COUNT}", data, offset)
        sizes = struct.unpack_from(f"<{count}{_SIZE}", data, offset + struct.calcsize(f"<{_COUNT}"))
        offset += struct.calcsize(f"<{_COUNT}{count}{_SIZE}")
        packets = []
        for size in sizes:
            packets.append(data[offset : offset + size])
            offset += size
        kinds.append(packets)
    return kinds
