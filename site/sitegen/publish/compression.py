"""Compressed copies beside text files, which web servers send as they are; cached between builds by content."""

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

SUFFIXES = frozenset({".html", ".css", ".js", ".json", ".xml", ".txt"})
"""Kinds of files for which a compressed copy is worth its space."""

_SUFFIXES = tuple(SUFFIXES)

FEED = "calendar.ics"
"""A calendar of many events, for which it is worth it too."""

MIN_SIZE = 256
"""Bytes of the smallest file with copies: smaller ones fit one packet with their headers, compressed or not."""

BATCH_SIZE = 64
"""Files of one task: few enough that two processors finish at about the same time."""

ENDINGS = (".gz", ".br")
_PRELOADED: dict[bytes, bytes] = {}
"""Copies of the program's own files, which are in every site, by key; `preload` makes them."""

_CACHE = "compressed"
"""The name of the cache of copies (kept_work)."""

_LENGTH_BYTES = 4
_MAX_WINDOW, _MIN_WINDOW = 22, 10


def uncompressed_files(folder: Path) -> list[Path]:
    """Return the files below a folder that should have compressed copies and have none yet."""
    paths: list[Path] = []
    for parent, _, names in os.walk(folder):  # a site has thousands of files, and few of them need copies
        existing = frozenset(names)
        missing = (name for name in names if is_compressible(f"{folder.name}/{name}") and f"{name}.br" not in existing)
        paths += [path for path in (Path(parent, name) for name in missing) if path.stat().st_size >= MIN_SIZE]
    return sorted(paths)


def is_compressible(path: str) -> bool:
    """Return whether a file of the site gets compressed copies if it is large enough. Files at the root get none."""
    folder, _, name = path.lstrip("/").rpartition("/")
    return bool(folder) and (name.endswith(_SUFFIXES) or name == FEED) and name != EARLIER


def batches(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """Yield the files of one task after the other."""
    yield from (paths[start : start + BATCH_SIZE] for start in range(0, len(paths), BATCH_SIZE))


def preload(texts: Iterable[bytes]) -> None:
    """Make the copies of files that every site has, like styles, for all processes that are forked from this one."""
    for data in texts:
        if len(data) >= MIN_SIZE:
            _PRELOADED[_key_of(data)] = _copies_of(data)


class Compressor:
    """Makes copies in threads while the caller goes on: gzip and Brotli release Python's lock.

    A context manager: at its end all copies are made.
    """

    def __init__(self, root: Path) -> None:
        self._cache = kept_work.at(root, _CACHE)
        self._futures: dict[bytes, Future[bytes]] = {}

    def __enter__(self) -> Self:
        self._threads = ThreadPoolExecutor(os.cpu_count())
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def begin(self, data: bytes) -> None:
        """Begin to make the copies of a file with these bytes, unless they are cached or it is too small."""
        key = _key_of(data)
        if len(data) >= MIN_SIZE and key not in self._futures and self._cache.get(key) is None:
            self._futures[key] = self._threads.submit(_copies_of, data)

    def copies(self, key: bytes, data: bytes) -> bytes:
        """Wait for the copies of a file, and return them."""
        return self._futures[key].result() if key in self._futures else _copies_of(data)


def compress(
    root: Path, paths: Iterable[Path], copies: Callable[[bytes, bytes], bytes] = lambda _, data: _copies_of(data)
) -> frozenset[bytes]:
    """Write a .gz and a .br beside each file that is large enough; return their keys in the cache of `root`.

    copies: called with a key and a file's bytes, returns copies that are not cached.
    """
    cache, keys = kept_work.at(root, _CACHE), []
    for path in paths:
        data = path.read_bytes()
        if len(data) < MIN_SIZE:
            continue
        key = _key_of(data)
        gzipped, brotlied = _split(cache.get(key) or cache.put(key, _PRELOADED.get(key) or copies(key, data)))
        path.with_name(f"{path.name}.gz").write_bytes(gzipped)
        path.with_name(f"{path.name}.br").write_bytes(brotlied)
        keys.append(key)
    cache.save()
    return frozenset(keys)


def compressed(data: bytes) -> tuple[bytes, bytes]:
    """Return these bytes as gzip and as Brotli, whose window is no larger than they are, which takes less time."""
    window = max(_MIN_WINDOW, min(_MAX_WINDOW, (len(data) + 16).bit_length()))
    return gzip.compress(data, 9, mtime=0), brotli.compress(data, mode=brotli.MODE_TEXT, lgwin=window)


def _key_of(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=20, person=b"copies").digest()


def _copies_of(data: bytes) -> bytes:
    """Return both copies of a file as one value: the length of the gzip, the gzip, the Brotli."""
    gzipped, brotlied = compressed(data)
    return len(gzipped).to_bytes(_LENGTH_BYTES) + gzipped + brotlied


def _split(copies: bytes) -> tuple[bytes, bytes]:
    """Return the gzip and the Brotli of a value that _copies_of made."""
    end = _LENGTH_BYTES + int.from_bytes(copies[:_LENGTH_BYTES])
    return copies[_LENGTH_BYTES:end], copies[end:]
