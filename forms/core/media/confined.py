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
"""What is said of a file in a line of JSON (`type`, `seconds`; or `problem`), and what was made of it."""

Errors = tuple[type[BaseException], ...]


def run(kind: str, make: Callable[[str, bytes], Made], warm_up: Callable[[str], object]) -> None:
    """Confine this process, then read the file, make of it what this kind makes, and write that.

    warm_up: reads a file of our own first, since libraries import parts of themselves at their first use.
    """
    if hasattr(os, "nice"):
        os.nice(_NICE)
    warm_up(kind)
    sandbox.confine()
    _write(make(kind, _read_all()))


def main(_kind: str) -> None:
    """Confine this process and report which layers of confinement work. It reads no file and needs no library."""
    _write(({"layers": sandbox.confine()}, b""))


def made_or_problem(
    make: Callable[[bytes], Made], data: bytes, *, too_large: Errors = (), damaged: Errors = ()
) -> Made:
    """Return what is made of a file, or that it is a bomb or damaged. too_large, damaged: the libraries' own errors."""
    bombs: Errors = (MemoryError, *too_large)
    unreadable: Errors = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, *damaged)
    try:
        return make(data)
    except bombs:
        return {"problem": "bomb"}, b""
    except unreadable:  # whatever a decoder says of a file that it cannot read
        return {"problem": "damaged"}, b""


def _write(made: Made) -> None:
    _write_all(json.dumps(made[0]).encode() + b"\n" + made[1])


def _read_all() -> bytes:
    return b"".join(iter(lambda: os.read(sys.__stdin__.fileno(), 1 << 20), b""))  # type: ignore[union-attr]


def _write_all(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(sys.__stdout__.fileno(), left) :]  # type: ignore[union-attr]
