"""Compressed copies beside text files, for servers that hand them out as they are; kept between builds by content."""

import gzip
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import brotli

from forms.core.builds.earlier_assets import LIST as EARLIER
from sitegen import kept_work

COMPRESSED = frozenset({".html", ".css", ".js", ".json", ".xml", ".txt"})
"""Kinds of files of which a smaller copy is worth its place."""

_ENDINGS = tuple(COMPRESSED)

FEED = "calendar.ics"
"""A calendar of many events, which is worth it too."""

SMALLEST = 256
"""Bytes from which a file has copies: a smaller one travels in one packet with its headers, compressed or not."""

AT_ONCE = 64
"""Files of one task: few enough that two processors end at the same time."""

ENDINGS = (".gz", ".br")
_OF_PROGRAM: dict[bytes, bytes] = {}
"""Copies of what the program brings into every site, by key: those that `remember` made in this process."""

_KEPT = "compressed"
"""The name of what is kept of them (kept_work)."""

_LENGTH = 4
_WIDEST, _NARROWEST = 22, 10


def wanted(folder: Path) -> list[Path]:
    """Return the files below a folder that should have compressed copies and have none yet."""
    found = []
    for where, _, names in os.walk(folder):  # a site has thousands of files, and few of them are wanted
        there = frozenset(names)
        wanted = (name for name in names if is_wanted(f"{folder.name}/{name}") and f"{name}.br" not in there)
        found += [path for path in (Path(where, name) for name in wanted) if path.stat().st_size >= SMALLEST]
    return sorted(found)


def is_wanted(path: str) -> bool:
    """Return whether a file of the site has compressed copies, if it is large enough: none beside the folders."""
    folder, _, name = path.lstrip("/").rpartition("/")
    return bool(folder) and (name.endswith(_ENDINGS) or name == FEED) and name != EARLIER


def in_parts(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Yield the files of one task after the other."""
    yield from (paths[start : start + AT_ONCE] for start in range(0, len(paths), AT_ONCE))


def remember(texts: Iterable[bytes]) -> None:
    """Make the copies of what stands on every site, like styles, once for all processes that are forked from this."""
    for data in texts:
        if len(data) >= SMALLEST:
            _OF_PROGRAM[_key_of(data)] = _copies_of(data)


class Compressor:
    """Makes copies in threads while whoever began them goes on: gzip and Brotli need nothing of Python meanwhile.

    To be used in a `with`, at whose end all of them are made.
    """

    def __init__(self, root: Path) -> None:
        self._kept = kept_work.at(root, _KEPT)
        self._begun: dict[bytes, Future[bytes]] = {}

    def __enter__(self) -> Self:
        self._threads = ThreadPoolExecutor(os.cpu_count())
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def begin(self, data: bytes) -> None:
        """Begin to make the copies of a file with these bytes, unless they are kept or it needs none."""
        key = _key_of(data)
        if len(data) >= SMALLEST and key not in self._begun and self._kept.get(key) is None:
            self._begun[key] = self._threads.submit(_copies_of, data)

    def copies(self, key: bytes, data: bytes) -> bytes:
        """Return the copies of a file, once they are made."""
        return self._begun[key].result() if key in self._begun else _copies_of(data)


def compress(
    root: Path, paths: Iterable[Path], copies: Callable[[bytes, bytes], bytes] = lambda _, data: _copies_of(data)
) -> frozenset[bytes]:
    """Write a .gz and a .br beside each file that is large enough; return the keys of what `root` keeps of them.

    copies: returns those that are not kept, of a key and a file's bytes.
    """
    kept, keys = kept_work.at(root, _KEPT), []
    for path in paths:
        data = path.read_bytes()
        if len(data) < SMALLEST:
            continue
        key = _key_of(data)
        small, smaller = _parts(kept.get(key) or kept.put(key, _OF_PROGRAM.get(key) or copies(key, data)))
        path.with_name(f"{path.name}.gz").write_bytes(small)
        path.with_name(f"{path.name}.br").write_bytes(smaller)
        keys.append(key)
    kept.save()
    return frozenset(keys)


def compressed(data: bytes) -> tuple[bytes, bytes]:
    """Return these bytes as gzip and as Brotli, with a window no wider than they are: that takes less time."""
    window = max(_NARROWEST, min(_WIDEST, (len(data) + 16).bit_length()))
    return gzip.compress(data, 9, mtime=0), brotli.compress(data, mode=brotli.MODE_TEXT, lgwin=window)


def _key_of(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=20, person=b"copies").digest()


def _copies_of(data: bytes) -> bytes:
    small, smaller = compressed(data)
    return len(small).to_bytes(_LENGTH) + small + smaller


def _parts(joined: bytes) -> tuple[bytes, bytes]:
    end = _LENGTH + int.from_bytes(joined[:_LENGTH])
    return joined[_LENGTH:end], joined[end:]
