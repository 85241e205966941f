"""Start a decoder process for one hostile file; few run at once, counted over all workers of a server.

The process gets no environment, no open file but its two pipes, and Python without site-packages' start-up code. What
it may write and how long it may take is bounded here; what it may do, by itself (sandbox.py) before it reads the file.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

from forms.core.media.sandbox import LAYERS

AT_ONCE = 2
"""Decoders that run at once on this machine: each may take 384 MB beside its program (sandbox.ROOM)."""

WAIT = 30.0
"""Seconds that a file waits for a free decoder, where nobody says otherwise."""

LONGEST = 30.0
"""Seconds that a decoder may take by the clock; its processor time is bounded by sandbox.SECONDS."""

LARGEST_OUTPUT = 16 * 1024 * 1024
"""Bytes that a decoder may give back: a picture for the site, as bare pixels, is the largest."""

_LONGEST_HEAD = 200  # bytes of its line of JSON
ROOT = Path(__file__).parents[3]


def program_of(module: str) -> str:
    """Return the program that a decoder process runs: main(kind) of a module that confines itself (confined.py)."""
    return f"import sys; sys.path[:] = sys.argv[2:]; from {module} import main; main(sys.argv[1])"


_SOUND = program_of("forms.core.media.sound_decoder")
PROGRAMS = {
    "photo": program_of("forms.core.media.photo_decoder"),
    "picture": program_of("forms.core.media.picture_decoder"),
    "voice": _SOUND,
    "answer": _SOUND,
    "reading": _SOUND,
    "layers": program_of("forms.core.media.confined"),
}
"""By kind. Each loads the libraries of its kind only: that was most of the time of a small file."""


class NoDecoderFree(Exception):
    """All decoders were at work for as long as this file may wait."""


class DecoderFailed(Exception):
    """A decoder returned nothing. ended: whether a limit of memory or time ended it."""

    def __init__(self, *, ended: bool) -> None:
        super().__init__("ended" if ended else "failed")
        self.ended = ended


class Slots:
    """Slots for decoders, shared by all processes forked from this one.

    A place is a lock on one byte of a file without a name: the system takes it back from a process that dies.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._file = _nameless_file()  # open as long as this program runs
        self.places = [threading.Lock() for _ in range(at_once)]  # threads of one process share its locks on a file

    @contextmanager
    def one(self, wait: float = WAIT) -> Iterator[None]:
        """Hold one slot. Raises NoDecoderFree after `wait` seconds."""
        place = self._found(wait)
        try:
            yield
        finally:
            _unlock(self._file, place)
            self.places[place].release()

    def _found(self, wait: float) -> int:
        """Return the number of a free place; wait for one for `wait` seconds. Raises NoDecoderFree after them."""
        until = time.monotonic() + wait
        while True:
            for place, mine in enumerate(self.places):
                if mine.acquire(blocking=False):
                    if _lock(self._file, place):
                        return place
                    mine.release()
            if time.monotonic() >= until:
                raise NoDecoderFree
            time.sleep(0.02)


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("decoders")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _lock(file: int, place: int) -> bool:
    try:
        import fcntl  # noqa: PLC0415 - POSIX has it; elsewhere there is one process only
    except ImportError:
        return True
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except OSError:
        return False
    return True


def _unlock(file: int, place: int) -> None:
    with suppress(ImportError):
        import fcntl  # noqa: PLC0415 - as above

        fcntl.lockf(file, fcntl.LOCK_UN, 1, place)


SLOTS = Slots()
"""Made when a server starts, before its workers are forked."""


def decode(kind: str, content: bytes, wait: float = WAIT, program: str = "") -> tuple[dict[str, Any], bytes]:
    """Return what a decoder of this kind makes of a file: its head, and bytes. Raises NoDecoderFree, DecoderFailed.

    program: of files that are neither photo nor recording (program_of).
    """
    with SLOTS.one(wait):
        return _run(kind, content, program)


@cache
def missing_layers() -> tuple[str, ...]:
    """Return the layers of confinement that this machine does not give a decoder."""
    try:
        held = _run("layers", b"")[0].get("layers", ())
    except DecoderFailed:
        held = ()
    return tuple(layer for layer in LAYERS if layer not in held)


def _run(kind: str, content: bytes, program: str = "") -> tuple[dict[str, Any], bytes]:
    with subprocess.Popen(  # noqa: S603 - our own program; what it reads is bytes
        _command(kind, program or PROGRAMS[kind]),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=_environment(), cwd=ROOT.anchor, close_fds=True, start_new_session=True,
    ) as process:  # fmt: skip
        overtime = threading.Timer(LONGEST, process.kill)
        feeding = threading.Thread(target=_feed, args=(process.stdin, content), daemon=True)
        overtime.start()
        feeding.start()
        try:
            written = process.stdout.read(LARGEST_OUTPUT + 1) if process.stdout else b""
            if len(written) > LARGEST_OUTPUT:
                process.kill()
            process.wait()
        finally:
            overtime.cancel()
            process.kill()
            feeding.join()
    return _parsed(written, process.returncode)


def _command(kind: str, program: str) -> Sequence[str]:
    """Python by itself: -I passes over the environment and the user's own packages, -S over start-up code."""
    found = dict.fromkeys([str(ROOT), *(path for path in sys.path if Path(path).is_absolute())])
    return (sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", program, kind, *found)


def _environment() -> dict[str, str]:
    """Return an empty environment, but for what Windows needs to start any program."""
    return {name: value for name, value in os.environ.items() if name == "SYSTEMROOT"}


def _feed(pipe: IO[bytes], content: bytes) -> None:
    with suppress(OSError), pipe:  # a decoder that ended reads no more
        pipe.write(content)


def _parsed(written: bytes, status: int) -> tuple[dict[str, Any], bytes]:
    """Return a decoder's output after checking it: the file may have taken the decoder over.

    Raises DecoderFailed where it is not in the form of one.
    """
    line, mark, made = written.partition(b"\n")
    if status or not mark or len(line) > _LONGEST_HEAD or len(written) > LARGEST_OUTPUT:
        raise DecoderFailed(ended=status < 0 or len(written) > LARGEST_OUTPUT)
    try:
        head = json.loads(line)
    except ValueError:
        raise DecoderFailed(ended=False) from None
    if not isinstance(head, dict):
        raise DecoderFailed(ended=False)
    return head, made
