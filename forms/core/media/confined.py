"""The frame of a program that decodes one hostile file: it confines itself before it reads a byte.

decoder_process.py starts it, writes the file to its standard input and closes it. The program writes one line of JSON,
and bytes.
"""

import json
import os
import sys
from collections.abc import Callable

from forms.core.media import sandbox

_NICE = 10  # on a small machine, receiving letters has priority

Output = tuple[dict[str, object], bytes]
"""The head, written as a line of JSON (`type`, `seconds`; or `problem`), and the converted file."""

Errors = tuple[type[BaseException], ...]


def run(kind: str, make: Callable[[str, bytes], Output], warm_up: Callable[[str], object]) -> None:
    """Confine this process, then read the file, convert it with `make`, and write the output.

    warm_up: converts a file of our own first, since libraries import parts of themselves at their first use.
    """
    if hasattr(os, "nice"):
        os.nice(_NICE)
    warm_up(kind)
    sandbox.confine()
    _write(make(kind, _read_all()))


def main(_kind: str) -> None:
    """Confine this process and report which layers of confinement work. It reads no file and needs no library."""
    _write(({"layers": sandbox.confine()}, b""))


def output_or_problem(
    make: Callable[[bytes], Output], data: bytes, *, too_large: Errors = (), damaged: Errors = ()
) -> Output:
    """Return the converted file, or the problem "bomb" or "damaged". too_large, damaged: the libraries' errors."""
    bombs: Errors = (MemoryError, *too_large)
    unreadable: Errors = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, *damaged)
    try:
        return make(data)
    except bombs:
        return {"problem": "bomb"}, b""
    except unreadable:  # the errors of decoders for files that they cannot read
        return {"problem": "damaged"}, b""


def _write(output: Output) -> None:
    _write_all(json.dumps(output[0]).encode() + b"\n" + output[1])


def _read_all() -> bytes:
    return b"".join(iter(lambda: os.read(sys.__stdin__.fileno(), 1 << 20), b""))  # type: ignore[union-attr]


def _write_all(data: bytes) -> None:
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[os.write(sys.__stdout__.fileno(), remaining) :]  # type: ignore[union-attr]
