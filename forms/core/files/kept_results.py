"""The interface of a store for slow results between runs of a program; sitegen/kept_work.py implements it."""

import hashlib
from collections.abc import Callable
from typing import Any, Protocol


class ResultStore(Protocol):
    """Stores bytes under the hash of all inputs that they depend on."""

    def get(self, key: bytes) -> bytes | None:
        """Return the bytes stored under a key; None if there are none, or they are damaged."""

    def put(self, key: bytes, value: bytes) -> bytes:
        """Store bytes and return them."""


def key_of(*parts: Any) -> bytes:
    """Return a hash of values, each with its length, so that their boundaries count. `str` must show each in full."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(f"{len(data)}:".encode() + data)
    return digest.digest()


def get_or_make(store: ResultStore | None, inputs: tuple[bytes | str, ...], make: Callable[[], bytes]) -> bytes:
    """Return the bytes that depend on these inputs: from the store, or else from `make`, and store them."""
    if store is None:
        return make()
    key = key_of(*inputs)
    value = store.get(key)
    return store.put(key, make()) if value is None else value
