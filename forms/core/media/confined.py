"""The frame of a program that reads one hostile file: it locks itself in before it reads a byte, then answers.

decoder_process.py starts it, writes the file to its standard input and closes it; out come one line of JSON and bytes.
"""

import json
import os
import sys
from collections.abc import Callable

from forms.core.media import sandbox

_NICE = 10  # letters come first on a small machine

Made = tuple[dict[str, object], bytes]
"""What is said of a file in a line of JSON, and what was made of it."""


def run(kind: str, make: Callable[[str, bytes], Made], warm_up: Callable[[str], None]) -> None:
    """Confine this process, then read the file, make of it what this kind makes, and write that.

    warm_up: reads a file of our own first, since libraries import parts of themselves at their first use. The kind
    "layers" reports which layers of confinement work.
    """
    if hasattr(os, "nice"):
        os.nice(_NICE)
    warm_up(kind)
    layers = sandbox.confine()
    made = ({"layers": layers}, b"") if kind == "layers" else make(kind, _read_all())
    _write_all(json.dumps(made[0]).encode() + b"\n" + made[1])


def _read_all() -> bytes:
    return b"".join(iter(lambda: os.read(sys.__stdin__.fileno(), 1 << 20), b""))  # type: ignore[union-attr]


def _write_all(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(sys.__stdout__.fileno(), left) :]  # type: ignore[union-attr]
