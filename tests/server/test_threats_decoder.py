"""A hole in a picture decoder, played through: hostile code runs inside the decoder process and can do nothing but compute."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from forms.core.media import attachments, decoder_process, sandbox
from forms.core.media.attachments import FileRefused
from forms.core.media.decoder_process import DecoderFailed, NoDecoderFree, Slots
from forms.server.run import log_missing_confinement

linux = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")

# The real program, but the decoder of photos has a hole: it runs the "photo" as code and gives back what became of it.
TAKEN_OVER = """
import sys; sys.path[:] = sys.argv[2:]
import ctypes, json, os, signal, socket, subprocess, mmap, tempfile, threading
from forms.core.media import photo_decoder
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    result = libc.syscall(ctypes.c_long(number), *args)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result
def hole(data):
    return {}, json.dumps({name: failure(code) for name, code in json.loads(data).items()}).encode()
def failure(code):
    try:
        exec(code, {**globals(), "parent": os.getppid()})
    except BaseException as error:
        return f"{type(error).__name__} {getattr(error, 'errno', '')}"
    return ""
photo_decoder.CLEAN = {"photo": hole}
photo_decoder.main("photo")
"""


Attacks = Mapping[str, str]


@pytest.fixture
def failures(monkeypatch: pytest.MonkeyPatch) -> Callable[[Attacks], Attacks]:
    """Run hostile code inside the decoder process: how each attack failed, empty where it did not."""
    monkeypatch.setitem(decoder_process.PROGRAMS, "photo", TAKEN_OVER)

    def run(attacks: Attacks) -> Attacks:
        return dict(json.loads(decoder_process.decode("photo", json.dumps(attacks).encode())[1]))

    return run


@pytest.fixture
def run_inside(failures: Callable[[Attacks], Attacks]) -> Callable[[str], str]:
    """The same for one attack."""
    return lambda code: failures({"one": code})["one"]


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "salt"
    path.write_text("the salt")
    return path


FILES = {
    "read a file": "open(VICTIM).read()",
    "read a file by the raw call": "call(2, VICTIM.encode(), 0)",
    "learn whether a file is there": "os.stat(VICTIM)",
    "list a folder": "os.listdir(FOLDER)",
    "delete a file": "os.unlink(VICTIM)",
    "make a file": "open(FOLDER + '/new', 'w').write('x')",
    "make a folder": "os.mkdir(FOLDER + '/new')",
    "rename a file": "os.rename(VICTIM, VICTIM + '.old')",
    "cut a file": "os.truncate(VICTIM, 0)",
    "let others read a file": "os.chmod(VICTIM, 0o777)",
    "link a file": "os.link(VICTIM, FOLDER + '/link')",
    "link a file by name": "os.symlink(VICTIM, FOLDER + '/link')",
    "set a file's time": "os.utime(VICTIM)",
    "make a temporary file": "tempfile.TemporaryFile()",
    "make a pipe with a name": "os.mkfifo(FOLDER + '/pipe')",
    "change the folder": "os.chdir(FOLDER)",
    "change the root": "os.chroot(FOLDER)",
    "mount": "call(165, b'none', FOLDER.encode(), b'tmpfs', 0, None)",
    "name a handle": "call(303, -100, VICTIM.encode(), ctypes.create_string_buffer(200), ctypes.byref(ctypes.c_int()), 0)",
    "open by a handle": "call(304, -100, ctypes.create_string_buffer(200), 0)",
    "watch a folder": "call(253)",
    "open by openat2": "call(437, -100, VICTIM.encode(), ctypes.create_string_buffer(24), 24)",
}
OTHER_PROCESSES = {
    "read the parent's memory": "open(f'/proc/{parent}/mem', 'rb').read(1)",
    "read the parent's environment": "open(f'/proc/{parent}/environ', 'rb').read()",
    "read its own environment": "open('/proc/self/environ', 'rb').read()",
    "trace the parent": "call(101, 16, parent, 0, 0)",
    "read the parent's memory by call": "call(310, parent, None, 0, None, 0, 0)",
    "write the parent's memory by call": "call(311, parent, None, 0, None, 0, 0)",
    "hold the parent": "call(434, parent, 0)",
    "take the parent's files": "call(438, 0, 0, 0)",
    "find the parent": "os.kill(parent, 0)",
    "end the parent": "os.kill(parent, signal.SIGKILL)",
    "end its group": "os.killpg(0, signal.SIGKILL)",
    "limit the parent": "call(302, parent, 7, None, None)",
    "slow the parent": "os.setpriority(os.PRIO_PROCESS, parent, 19)",
    "move the parent": "call(203, parent, 8, ctypes.create_string_buffer(8))",
    "compare with the parent": "call(312, parent, parent, 0, 0, 0)",
    "shared memory": "call(29, 1234, 4096, 0o1777)",
    "a message queue": "call(68, 1234, 0o1777)",
    "a queue with a name": "call(240, b'/x', 0o102, 0o600, None)",
    "keys of the kernel": "call(250, 0, -3, 0)",
}
PROGRAMS = {
    "start a program": "os.execv('/bin/true', ['true'])",
    "start a program beside": "subprocess.run(['/bin/true'])",
    "fork": "os.fork() or os._exit(0)",
    "clone": "call(56, 17, None, None, None, 0)",
    "clone3": "call(435, ctypes.create_string_buffer(88), 88)",
    "vfork": "call(58)",
    "start a thread": "threading.Thread(target=print).start()",
    "a file in memory": "os.memfd_create('x')",
    "run a file in memory": "call(322, 0, b'', None, None, 0x1000)",
    "memory to run": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "make memory run": "call(10, ctypes.c_void_p(id(object()) & ~4095), 4096, 7)",
    "make memory run with a key": "call(329, ctypes.c_void_p(id(object()) & ~4095), 4096, 7, 0)",
    "load a library": "ctypes.CDLL('libanl.so.1')",
    "another personality": "call(135, 0x0400000)",
    "spaces of its own": "call(272, 0x10000000)",
    "another's spaces": "call(308, 0, 0)",
}
LINES = {
    "TCP": "socket.socket(socket.AF_INET)",
    "TCP over IPv6": "socket.socket(socket.AF_INET6)",
    "UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "a local socket": "socket.socket(socket.AF_UNIX)",
    "a pair of sockets": "socket.socketpair()",
    "the kernel's socket": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "raw packets": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "a name": "os.sethostname('x')",
}
KERNEL = {
    "io_uring": "call(425, 8, ctypes.create_string_buffer(120))",
    "asynchronous files": "call(206, 8, ctypes.byref(ctypes.c_ulong()))",
    "bpf": "call(321, 0, None, 0)",
    "performance counters": "call(298, None, 0, -1, -1, 0)",
    "handled page faults": "call(323, 0)",
    "a new filter": "call(317, 1, 0, None)",
    "its own limits": "call(160, 7, ctypes.create_string_buffer(16))",
    "be traced": "call(157, 4, 1, 0, 0, 0)",
    "a terminal": "call(16, 0, 0x5412, b'x')",
    "be another user": "os.setuid(0)",
    "time": "call(227, 0, ctypes.create_string_buffer(16))",
    "restart": "call(169, 0xfee1dead, 0, 0, None)",
    "a module": "call(313, 0, b'', 0)",
}
ATTACKS = {"files": FILES, "processes": OTHER_PROCESSES, "programs": PROGRAMS, "lines": LINES, "kernel": KERNEL}


def aimed(attacks: Attacks, victim: Path) -> Attacks:
    """Attacks on this file and its folder."""
    return {name: f"VICTIM, FOLDER = {str(victim)!r}, {str(victim.parent)!r}\n{code}" for name, code in attacks.items()}


@linux
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="raw calls have the numbers of x86-64")
@pytest.mark.parametrize("kind", sorted(ATTACKS))
def test_code_inside_the_decoder_can_do_nothing(
    kind: str, failures: Callable[[Attacks], Attacks], victim: Path
) -> None:
    found = failures(aimed(ATTACKS[kind], victim))
    assert [name for name, failed in found.items() if not failed] == []
    assert found.keys() == ATTACKS[kind].keys()
    assert victim.read_text() == "the salt"
    assert [path.name for path in victim.parent.iterdir()] == ["salt"]


@linux
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 is of x86-64")
@pytest.mark.parametrize("number", [0x40000000 + 2, 0x40000000 + 59])
def test_another_way_to_call_the_kernel_ends_the_process(number: int, run_inside: Callable[[str], str]) -> None:
    with pytest.raises(DecoderFailed) as failed:
        run_inside(f"call({number}, b'/etc/passwd', 0)")
    assert failed.value.ended


def test_hostile_code_that_only_computes_does_run(run_inside: Callable[[str], str]) -> None:
    """So the tests above fail for what is forbidden, and not because nothing runs at all."""
    assert run_inside("assert sum(range(10)) == 45") == ""
    assert "AssertionError" in run_inside("assert sum(range(10)) == 46")


def test_no_secret_of_the_parent_is_inside(run_inside: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_CONCERNS_URL", "postgresql://portal:password@host/concerns")
    assert run_inside("assert set(os.environ) <= {'LC_CTYPE'}, os.environ") == ""
    assert run_inside("assert not any('password' in text for text in sys.argv)") == ""


@linux
def test_no_open_file_of_the_parent_is_inside(run_inside: Callable[[str], str], victim: Path) -> None:
    with victim.open("rb") as held, socket.socket() as line:
        os.set_inheritable(held.fileno(), True)
        os.set_inheritable(line.fileno(), True)
        for number in (held.fileno(), line.fileno()):
            assert "OSError 9" in run_inside(f"os.read({number}, 1)")


@linux
def test_here_all_layers_hold_each_by_itself() -> None:
    decoder_process.missing_layers.cache_clear()
    assert decoder_process.missing_layers() == ()
    for layer in ("limit_resources", "restrict_files", "filter_calls"):
        code = (
            f"from forms.core.media import sandbox; sandbox.{layer} = lambda *_: False; print(len(sandbox.confine()))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={"PYTHONPATH": str(decoder_process.ROOT)},
        )
        assert done.stdout == b"2\n", layer


def test_a_layer_that_is_missing_is_logged_when_a_server_starts(
    endpoint: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = endpoint.client.application
    app.logger.propagate = True
    log_missing_confinement(app)
    assert caplog.messages == []
    monkeypatch.setattr("forms.server.run.missing_layers", lambda: ("Landlock",))
    log_missing_confinement(app)
    assert ["lacks Landlock" in message for message in caplog.messages] == [True]


def test_a_decoder_that_cannot_start_holds_no_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder_process.missing_layers.cache_clear()
    monkeypatch.setitem(decoder_process.PROGRAMS, "layers", "raise SystemExit(1)")
    assert decoder_process.missing_layers() == sandbox.LAYERS
    decoder_process.missing_layers.cache_clear()


WITHOUT_SECCOMP = {
    "read a file": "open(VICTIM).read()",
    "delete a file": "os.unlink(VICTIM)",
    "make a file": "open(FOLDER + '/new', 'w')",
    "make a folder": "os.mkdir(FOLDER + '/new')",
    "list a folder": "os.listdir(FOLDER)",
    "start a program": "os.execv('/bin/true', ['true'])",
    "a socket": "socket.socket(socket.AF_INET)",
    "trace the parent": "call(101, 16, parent, 0, 0)",
    "end the parent": "os.kill(parent, 0)",
    "read the parent's memory": "open(f'/proc/{parent}/mem', 'rb').read(1)",
}


@linux
def test_where_a_kernel_lacks_seccomp_landlock_still_holds(
    victim: Path, failures: Callable[[Attacks], Attacks], monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = "from forms.core.media import sandbox; sandbox.filter_calls = lambda _: False\nphoto_decoder.CLEAN ="
    monkeypatch.setitem(decoder_process.PROGRAMS, "photo", TAKEN_OVER.replace("photo_decoder.CLEAN =", lacking))
    found = failures(aimed(WITHOUT_SECCOMP, victim))
    assert [name for name, failed in found.items() if not failed] == []
    assert [path.name for path in victim.parent.iterdir()] == ["salt"]


@pytest.mark.parametrize("machine", sorted(sandbox.CALLS))
def test_the_filter_of_each_architecture_allows_only_its_list(machine: str) -> None:
    """Played through by hand, as the kernel would: for every number of a call, and for the wrong architecture."""
    calls = sandbox.CALLS[machine]
    allowed = {number for name, number in calls.items() if name not in sandbox.SPECIAL_CALLS}
    program = sandbox.seccomp_program(calls)
    for number in range(600):
        action = played(program, calls["audit"], number, protection=3)
        open_to_all = number in allowed | {calls["mmap"], calls["mprotect"]}
        refused = sandbox.ERRNO | (sandbox.ENOSYS if number == calls["clone3"] else sandbox.EPERM)
        assert action == (sandbox.ALLOW if open_to_all else refused), number
    for name in ("mmap", "mprotect"):
        assert played(program, calls["audit"], calls[name], protection=5) == sandbox.ERRNO | sandbox.EPERM
    assert played(program, 0x40000003, calls["read"], protection=0) == sandbox.KILL  # i386
    assert played(program, calls["audit"], 0x40000000, protection=0) == sandbox.KILL


def played(program: Any, arch: int, number: int, protection: int) -> int:
    import struct  # noqa: PLC0415 - only here

    data, loaded, at = {0: number, 4: arch, 32: protection}, 0, 0
    while True:
        code, yes, no, value = struct.unpack("<HBBI", program[at])
        at += 1
        if code == sandbox.LOAD:
            loaded = data[value]
        elif code == sandbox.RETURN:
            return int(value)
        else:
            held = {sandbox.EQUAL: loaded == value, sandbox.AT_LEAST: loaded >= value}.get(code, bool(loaded & value))
            at += yes if held else no


# What a decoder that was taken over may give back


@linux
def test_memory_is_bounded(run_inside: Callable[[str], str]) -> None:
    assert "MemoryError" in run_inside(f"bytearray({sandbox.ROOM + (64 << 20)})")


def test_what_it_writes_is_bounded(run_inside: Callable[[str], str]) -> None:
    with pytest.raises(DecoderFailed):
        run_inside("while True: os.write(1, bytes(1 << 20))")


def test_a_decoder_that_never_ends_is_ended(run_inside: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "LONGEST", 1.0)
    with pytest.raises(DecoderFailed) as failed:
        run_inside("import time\nwhile True: time.sleep(1)")
    assert failed.value.ended


@pytest.mark.parametrize(
    "output",
    [
        "", "x", "[]", "1", "{}", '{"type": "text/html"}', '{"type": "image/jpeg", "seconds": 1e9}', "[" * 150, "[" * 100_000,
        '{"problem": "<script>"}', '{"problem": {"a": 1}}', '{"type": "image/jpeg", "seconds": "1"}', '{"problem": null}',
    ],
)  # fmt: skip
def test_nothing_that_it_says_is_believed(output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = f"import sys; sys.stdin.buffer.read(); sys.stdout.write({output!r} + chr(10) + '<html>')"
    monkeypatch.setitem(decoder_process.PROGRAMS, "photo", program)
    with pytest.raises(FileRefused, match="damaged"):
        attachments.clean("photo", b"\xff\xd8\xff")


# Few at once, over all workers


@contextlib.contextmanager
def held_by_another_process(slots: Slots) -> Iterator[int]:
    """All places held by a forked worker, until it is killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.ExitStack() as stack:
            for _ in slots.places:
                stack.enter_context(slots.one())
            os.write(writing, b"x")
            time.sleep(600)  # until it is killed
        os._exit(0)
    os.read(reading, 1)
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, 9)
            os.waitpid(child, 0)
        os.close(reading)
        os.close(writing)


@linux
def test_decoders_of_all_workers_are_counted_together_and_a_killed_one_gives_its_place_back() -> None:
    slots = Slots()
    with held_by_another_process(slots) as worker:
        with pytest.raises(NoDecoderFree), slots.one(0.1):
            pass
        os.kill(worker, 9)
        os.waitpid(worker, 0)
        with slots.one(0.1):
            pass


def test_a_place_is_given_back_whatever_happens() -> None:
    slots = Slots(count=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"), slots.one(0):
            raise ValueError("x")
    with slots.one(0):
        pass


@pytest.mark.parametrize(("kind", "unneeded"), [("photo", "av"), ("voice", "PIL"), ("layers", "json.tool, PIL, av")])
def test_a_decoder_loads_no_library_that_its_kind_does_not_need(
    kind: str, unneeded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loading both was most of the time of a small file, and each library is something to take over."""
    program = decoder_process.PROGRAMS[kind].partition("main(")[0]
    named = [name.strip() for name in unneeded.split(",")]
    tell = f"import json, os; os.write(1, json.dumps([n for n in {named} if n in sys.modules]).join(['{{\"found\": ', '}}']).encode() + b'\\n')"
    monkeypatch.setitem(decoder_process.PROGRAMS, kind, program + tell)
    assert decoder_process.decode(kind, b"")[0] == {"found": []}
