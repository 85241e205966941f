"""Confine this process for good: no files, no network, no programs, no other processes. Used by the decoder only.

Three independent layers: resource limits (POSIX), Landlock and seccomp (Linux, on x86-64 and ARM64). `confine` returns
those that work. It uses ctypes, because the standard library has none of these calls and a package would do no more.
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

_DEFAULT_PROGRAM_SIZE = 256 * 1024 * 1024  # bytes of the program itself, where the system does not tell

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38  # linux/prctl.h
EPERM, ENOSYS = 1, 38

# Landlock (linux/landlock.h): file rights by ABI version. The kernel refuses rights that it does not know.
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
"""Numbers of system calls. Except SPECIAL_CALLS, these are the calls that computing needs, and all that are allowed."""

SPECIAL_CALLS = frozenset({"audit", "seccomp", "mmap", "mprotect", "clone3"})


def confine() -> tuple[str, ...]:
    """Confine this process, and return the layers that work. All that it needs must be imported and open before."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    working, size = [], _program_size()
    if libc:
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if libc and restrict_files(libc):
        working.append(LANDLOCK)
    if limit_resources(size + ROOM):  # after Landlock, which opens a file descriptor
        working.append(LIMITS)
    if libc and filter_calls(libc):  # last: it forbids the calls of the others
        working.append(SECCOMP)
    return tuple(working)


# Resource limits


def limit_resources(memory: int) -> bool:
    """Limit memory, time, files, processes and core dumps. Return False if the system refuses the first two."""
    if resource is None:
        return False
    limits = {"AS": memory, "CPU": SECONDS, "NOFILE": 0, "NPROC": 0, "FSIZE": 0, "CORE": 0}
    for name, limit in limits.items():
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (limit, limit))
        except (AttributeError, OSError, ValueError):
            if name in {"AS", "CPU"}:  # macOS lacks or refuses some
                return False
    return True


def _program_size() -> int:
    """Return the bytes of address space that this process uses so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return _DEFAULT_PROGRAM_SIZE
    return pages * os.sysconf("SC_PAGE_SIZE")


# Landlock


def restrict_files(libc: ctypes.CDLL) -> bool:
    """Give up all rights to files, TCP, abstract sockets and signals to others that this kernel knows.

    Returns whether that worked.
    """
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
    """Allow the system calls that computing needs; all others fail with "not permitted". Return whether that worked."""
    calls = CALLS.get(platform.machine())
    if calls is None or sys.byteorder != "little" or sys.maxsize < 2**32:
        return False
    program = b"".join(seccomp_program(calls))
    code = ctypes.create_string_buffer(program, len(program))
    filter_ = _Filter(len(program) // 8, ctypes.addressof(code))
    call = ctypes.c_long(calls["seccomp"])
    flags = ctypes.c_uint(_TSYNC)
    return int(libc.syscall(call, ctypes.c_uint(_SECCOMP_SET_MODE_FILTER), flags, ctypes.byref(filter_))) == 0


def seccomp_program(calls: dict[str, int]) -> Sequence[bytes]:
    """Return the filter as instructions of classic BPF (struct sock_filter).

    Calls of another architecture (32-bit ones by int 0x80, x32) end the process. clone3 "does not exist", since a
    filter cannot read its arguments: the C library then calls clone, which is refused. No memory becomes executable.
    """
    allowed = sorted(number for name, number in calls.items() if name not in SPECIAL_CALLS)
    program = [
        _instruction(LOAD, _ARCH_AT), _instruction(EQUAL, calls["audit"], skip_if_true=1), _instruction(RETURN, KILL),
        _instruction(LOAD, _NUMBER_AT), _instruction(AT_LEAST, _X32, skip_if_false=1), _instruction(RETURN, KILL),
    ]  # fmt: skip
    for number in allowed:
        program += [_instruction(EQUAL, number, skip_if_false=1), _instruction(RETURN, ALLOW)]
    program += [_instruction(EQUAL, calls["clone3"], skip_if_false=1), _instruction(RETURN, ERRNO | ENOSYS)]
    program += [
        _instruction(EQUAL, calls["mmap"], skip_if_true=2),
        _instruction(EQUAL, calls["mprotect"], skip_if_true=1),
    ]
    program += [_instruction(RETURN, ERRNO | EPERM)]
    program += [_instruction(LOAD, _THIRD_ARGUMENT_AT), _instruction(_ANY_BIT, _PROT_EXEC, skip_if_false=1)]
    program += [_instruction(RETURN, ERRNO | EPERM), _instruction(RETURN, ALLOW)]
    return program


def _instruction(code: int, value: int, *, skip_if_true: int = 0, skip_if_false: int = 0) -> bytes:
    """Return one instruction. skip_if_true, skip_if_false: number of instructions that a comparison skips."""
    return struct.pack("<HBBI", code, skip_if_true, skip_if_false, value)
