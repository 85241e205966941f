"""Where slow results are kept between two runs of a program, by whoever has a place for them (sitegen/kept_work.py)."""

import hashlib
from collections.abc import Callable
from typing import Any, Protocol


class ResultStore(Protocol):
    """Keeps bytes under the hash of all that they follow from."""

    def get(self, key: bytes) -> bytes | None:
        """Return what is kept under a key, as it was put there; None where there is nothing, or it is damaged."""

    def put(self, key: bytes, value: bytes) -> bytes:
        """Keep bytes and return them."""


def key_of(*parts: Any) -> bytes:
    """Return a hash of values, each told apart from the next. They must be what `repr` writes whole."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode() + data)
    return digest.digest()


def get_or_make(store: ResultStore | None, made_from: tuple[bytes | str, ...], make: Callable[[], bytes]) -> bytes:
    """Return the bytes that follow from these values: the kept ones, else those that `make` makes now."""
    if store is None:
        return make()
    key = key_of(*made_from)
    found = store.get(key)
    return store.put(key, make()) if found is None else found
