"""Start a decoder process for one hostile file. All workers of a server together run a few at once.

The process gets no environment, no open file but its two pipes, and Python without site-packages' start-up code. This
module limits its output and its time. The process itself gives up its other rights (sandbox.py) before it reads a byte.
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

MAX_DECODERS = 2
"""Decoders that run at once on this machine: each may use 384 MB besides its program (sandbox.ROOM)."""

DEFAULT_WAIT = 30.0
"""Seconds that a file waits for a free decoder by default."""

LONGEST = 30.0
"""Seconds that a decoder may run by the clock; sandbox.SECONDS limits its processor time."""

MAX_OUTPUT_BYTES = 16 * 1024 * 1024
"""Bytes of a decoder's output: a picture for the site, as bare pixels, is the largest."""

_MAX_HEAD_BYTES = 200  # bytes of its line of JSON
ROOT = Path(__file__).parents[3]


def program_of(module: str) -> str:
    """Return the program of a decoder process, which runs main(kind) of a module that confines itself (confined.py)."""
    return f"import sys; sys.path[:] = sys.argv[2:]; from {module} import main; main(sys.argv[1])"


_SOUND_PROGRAM = program_of("forms.core.media.sound_decoder")
PROGRAMS = {
    "photo": program_of("forms.core.media.photo_decoder"),
    "picture": program_of("forms.core.media.picture_decoder"),
    "voice": _SOUND_PROGRAM,
    "answer": _SOUND_PROGRAM,
    "reading": _SOUND_PROGRAM,
    "layers": program_of("forms.core.media.confined"),
}
"""Programs by kind. Each loads the libraries of its kind only, since loading takes most of the time of a small file."""


class NoDecoderFree(Exception):
    """No decoder became free while the file could wait."""


class DecoderFailed(Exception):
    """A decoder failed. ended: whether a limit of memory, time or output ended it."""

    def __init__(self, *, ended: bool) -> None:
        super().__init__("ended" if ended else "failed")
        self.ended = ended


class Slots:
    """Slots for decoders, shared by all processes forked from this one.

    A slot is a lock on one byte of a file without a name: the system releases it when its process dies.
    """

    def __init__(self, count: int = MAX_DECODERS) -> None:
        self._file = _nameless_file()  # open as long as this program runs
        self.places = [threading.Lock() for _ in range(count)]  # threads of one process share its locks on a file

    @contextmanager
    def one(self, wait: float = DEFAULT_WAIT) -> Iterator[None]:
        """Hold one slot. Raises NoDecoderFree after `wait` seconds."""
        place = self._wait_for_slot(wait)
        try:
            yield
        finally:
            _unlock(self._file, place)
            self.places[place].release()

    def _wait_for_slot(self, wait: float) -> int:
        """Return the number of a slot, locked. Raises NoDecoderFree if none becomes free within `wait` seconds."""
        deadline = time.monotonic() + wait
        while True:
            for place, lock in enumerate(self.places):
                if lock.acquire(blocking=False):
                    if _lock(self._file, place):
                        return place
                    lock.release()
            if time.monotonic() >= deadline:
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
"""Created at the start of a server, before it forks its workers."""


def decode(kind: str, content: bytes, wait: float = DEFAULT_WAIT, program: str = "") -> tuple[dict[str, Any], bytes]:
    """Return a decoder's output for a file: its head, and bytes. Raises NoDecoderFree, DecoderFailed.

    program: for files that are neither photo nor recording (program_of).
    """
    with SLOTS.one(wait):
        return _run(kind, content, program)


@cache
def missing_layers() -> tuple[str, ...]:
    """Return the layers of confinement that do not work on this machine."""
    try:
        working_layers = _run("layers", b"")[0].get("layers", ())
    except DecoderFailed:
        working_layers = ()
    return tuple(layer for layer in LAYERS if layer not in working_layers)


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
            output = process.stdout.read(MAX_OUTPUT_BYTES + 1) if process.stdout else b""
            if len(output) > MAX_OUTPUT_BYTES:
                process.kill()
            process.wait()
        finally:
            overtime.cancel()
            process.kill()
            feeding.join()
    return _parse_output(output, process.returncode)


def _command(kind: str, program: str) -> Sequence[str]:
    """Return the command: isolated Python. -I ignores the environment and the user's packages, -S start-up code."""
    import_paths = dict.fromkeys([str(ROOT), *(path for path in sys.path if Path(path).is_absolute())])
    return (sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", program, kind, *import_paths)


def _environment() -> dict[str, str]:
    """Return an empty environment, except the variable that Windows needs to start any program."""
    return {name: value for name, value in os.environ.items() if name == "SYSTEMROOT"}


def _feed(pipe: IO[bytes], content: bytes) -> None:
    with suppress(OSError), pipe:  # the decoder may have ended
        pipe.write(content)


def _parse_output(output: bytes, status: int) -> tuple[dict[str, Any], bytes]:
    """Return head and bytes of a decoder's output, after checking it: a hostile file may have taken the decoder over.

    Raises DecoderFailed for any other form.
    """
    line, mark, content = output.partition(b"\n")
    if status or not mark or len(line) > _MAX_HEAD_BYTES or len(output) > MAX_OUTPUT_BYTES:
        raise DecoderFailed(ended=status < 0 or len(output) > MAX_OUTPUT_BYTES)
    try:
        head = json.loads(line)
    except ValueError:
        raise DecoderFailed(ended=False) from None
    if not isinstance(head, dict):
        raise DecoderFailed(ended=False)
    return head, content
