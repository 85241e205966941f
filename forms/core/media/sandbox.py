"""Confine this process for good: no files, no network, no programs, no other processes. Used by the decoder only.

Three layers, each by itself: resource limits (POSIX), Landlock and seccomp (Linux, on x86-64 and ARM64). `confine` says
which of them hold. It uses ctypes, because the standard library has none of these calls and a package would do no more.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

LIMITS, LANDLOCK, SECCOMP = "resource limits", "Landlock", "seccomp"
LAYERS = (LIMITS, LANDLOCK, SECCOMP)

ROOM = 384 * 1024 * 1024
"""Bytes of memory beyond those of the program itself."""

SECONDS = 20
"""Seconds of processor time."""

_PROGRAM = 256 * 1024 * 1024  # bytes of the program itself, where the system does not tell

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38  # linux/prctl.h
EPERM, ENOSYS = 1, 38

# Landlock (linux/landlock.h): file rights by ABI version. A right that the kernel does not know is refused by it.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NETWORK_RIGHTS, _SCOPES = 0b11, 0b11  # bind and connect TCP from ABI 4; abstract sockets and signals from ABI 6
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446  # the same number on every architecture

# Numbers of seccomp and its filter language, from linux/seccomp.h, linux/audit.h and linux/bpf_common.h
_SECCOMP_SET_MODE_FILTER, _TSYNC = 1, 1
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, EQUAL, AT_LEAST, _ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _THIRD_ARGUMENT_AT = 0, 4, 32  # struct seccomp_data; low half of an argument (little-endian)
_PROT_EXEC = 4
_X32 = 0x40000000

CALLS: dict[str, dict[str, int]] = {
    "x86_64": {
        "audit": 0xC000003E, "seccomp": 317, "mmap": 9, "mprotect": 10, "clone3": 435,
        "read": 0, "write": 1, "close": 3, "lseek": 8, "munmap": 11, "brk": 12, "rt_sigaction": 13,
        "rt_sigprocmask": 14, "rt_sigreturn": 15, "readv": 19, "writev": 20, "sched_yield": 24, "mremap": 25,
        "madvise": 28, "nanosleep": 35, "getpid": 39, "exit": 60, "gettimeofday": 96, "sigaltstack": 131,
        "gettid": 186, "time": 201, "futex": 202, "restart_syscall": 219, "clock_gettime": 228,
        "clock_nanosleep": 230, "exit_group": 231, "getrandom": 318,
    },
    "aarch64": {
        "audit": 0xC00000B7, "seccomp": 277, "mmap": 222, "mprotect": 226, "clone3": 435,
        "read": 63, "write": 64, "close": 57, "lseek": 62, "munmap": 215, "brk": 214, "rt_sigaction": 134,
        "rt_sigprocmask": 135, "rt_sigreturn": 139, "readv": 65, "writev": 66, "sched_yield": 124, "mremap": 216,
        "madvise": 233, "nanosleep": 101, "getpid": 172, "exit": 93, "gettimeofday": 169, "sigaltstack": 132,
        "gettid": 178, "futex": 98, "restart_syscall": 128, "clock_gettime": 113, "clock_nanosleep": 115,
        "exit_group": 94, "getrandom": 278,
    },
}  # fmt: skip
"""Numbers of system calls. Beside the first five of each, these are all that may be called: what computing needs."""

NOT_IN_THE_LIST = frozenset({"audit", "seccomp", "mmap", "mprotect", "clone3"})


def confine() -> tuple[str, ...]:
    """Confine this process, and return the layers that work. Whatever it needs must be imported and open before."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    held, size = [], _program_size()
    if libc:
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc and restrict_files(libc):
        held.append(LANDLOCK)
    if limit_resources(size + ROOM):  # after Landlock, which opens a file descriptor
        held.append(LIMITS)
    if libc and filter_calls(libc):  # last: it forbids the calls of the others
        held.append(SECCOMP)
    return tuple(held)


# Resource limits


def limit_resources(memory: int) -> bool:
    """Set limits of memory, time, files, processes and core dumps; False if the system refuses the first two."""
    if resource is None:
        return False
    limits = {"AS": memory, "CPU": SECONDS, "NOFILE": 0, "NPROC": 0, "FSIZE": 0, "CORE": 0}
    for name, most in limits.items():
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
        except (AttributeError, OSError, ValueError):
            if name in {"AS", "CPU"}:  # macOS lacks or refuses some
                return False
    return True


def _program_size() -> int:
    """Return the bytes of address space that this process has taken so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return _PROGRAM
    return pages * os.sysconf("SC_PAGE_SIZE")


# Landlock


def restrict_files(libc: ctypes.CDLL) -> bool:
    """Take every right to files, TCP, abstract sockets and signals to others away, as far as this kernel knows them."""
    version = int(libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(1)))
    if version < 1:
        return False
    files = max(rights for since, rights in _FILE_RIGHTS.items() if since <= version)
    network, scopes = _NETWORK_RIGHTS if version >= 4 else 0, _SCOPES if version >= 6 else 0  # noqa: PLR2004
    rules = ctypes.create_string_buffer(struct.pack("<QQQ", files, network, scopes), 24)
    size = ctypes.c_size_t(24 if version >= 6 else 16 if version >= 4 else 8)  # noqa: PLR2004
    handle = int(libc.syscall(_LANDLOCK_CREATE, rules, size, ctypes.c_uint(0)))
    return handle >= 0 and int(libc.syscall(_LANDLOCK_RESTRICT, ctypes.c_int(handle), ctypes.c_uint(0))) == 0


# seccomp


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))


def filter_calls(libc: ctypes.CDLL) -> bool:
    """Allow the few system calls that computing needs; all others fail with "not permitted"."""
    calls = CALLS.get(platform.machine())
    if calls is None or sys.byteorder != "little" or sys.maxsize < 2**32:
        return False
    program = b"".join(seccomp_program(calls))
    code = ctypes.create_string_buffer(program, len(program))
    given = _Filter(len(program) // 8, ctypes.addressof(code))
    call = ctypes.c_long(calls["seccomp"])
    flags = ctypes.c_uint(_TSYNC)
    return int(libc.syscall(call, ctypes.c_uint(_SECCOMP_SET_MODE_FILTER), flags, ctypes.byref(given))) == 0


def seccomp_program(calls: dict[str, int]) -> Sequence[bytes]:
    """Return the filter as instructions of classic BPF (struct sock_filter).

    Another architecture's calls (32-bit ones by int 0x80, x32) end the process. clone3 "does not exist", so that the C
    library asks for clone, which is refused: its arguments could not be looked at. No memory becomes executable.
    """
    allowed = sorted(number for name, number in calls.items() if name not in NOT_IN_THE_LIST)
    program = [
        _step(LOAD, _ARCH_AT), _step(EQUAL, calls["audit"], yes=1), _step(RETURN, KILL),
        _step(LOAD, _NUMBER_AT), _step(AT_LEAST, _X32, no=1), _step(RETURN, KILL),
    ]  # fmt: skip
    for number in allowed:
        program += [_step(EQUAL, number, no=1), _step(RETURN, ALLOW)]
    program += [_step(EQUAL, calls["clone3"], no=1), _step(RETURN, ERRNO | ENOSYS)]
    program += [_step(EQUAL, calls["mmap"], yes=2), _step(EQUAL, calls["mprotect"], yes=1)]
    program += [_step(RETURN, ERRNO | EPERM)]
    program += [_step(LOAD, _THIRD_ARGUMENT_AT), _step(_ANY_BIT, _PROT_EXEC, no=1)]
    program += [_step(RETURN, ERRNO | EPERM), _step(RETURN, ALLOW)]
    return program


def _step(code: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """Return one instruction; yes and no: how many instructions a comparison passes over."""
    return struct.pack("<HBBI", code, yes, no, value)
