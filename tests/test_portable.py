"""What staff run on Windows and macOS: no path, signal, lock or file name that only Linux has."""

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

POSIX_MODULES = frozenset({"fcntl", "grp", "posix", "pwd", "pty", "resource", "syslog", "termios", "tty"})
POSIX_NAMES = frozenset({
    "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "chown", "fork", "forkpty", "geteuid", "getgid", "getloadavg", "getuid",
    "killpg", "mkfifo", "setsid", "setuid", "sched_getaffinity", "sync", "uname", "wait3",
})  # fmt: skip
"""Attributes of os and signal that Windows lacks."""

GUARDED = {
    "build.py", "forms/core/files/locks.py", "forms/core/files/owners.py", "forms/core/media/decoder_process.py",
    "forms/core/media/sandbox.py", "forms/core/other_programs.py",
    "forms/core/terminal/prompts.py",
    "site/editor/office/serving.py", "site/sitegen/incremental/trees.py", "site/sitegen/media/shared_clips.py",
    "site/sitegen/workers.py",
}  # fmt: skip
"""Files that name such a thing, each behind a question whether it is there: what goes on without it is said there."""

SERVERS_OWN = ("forms/server/", "forms/operations/", "deploy/")
"""What runs on the server alone, which is a Linux machine."""

RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


def sources() -> list[Path]:
    found = [ROOT / "build.py", *(ROOT / "forms").rglob("*.py"), *(ROOT / "site" / "sitegen").rglob("*.py")]
    found += [*(ROOT / "site" / "editor").rglob("*.py"), *(ROOT / "site" / "commands").rglob("*.py")]
    return [path for path in found if not name_of(path).startswith(SERVERS_OWN)]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def unix_only(tree: ast.AST) -> Iterator[str]:
    """Yield what a module names that other systems lack: modules, signals, calls, and paths below /dev, /proc or /tmp."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in POSIX_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in POSIX_MODULES:
            yield node.module
        elif isinstance(node, ast.Attribute) and node.attr in POSIX_NAMES and _is_of(node, {"os", "signal"}):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"^/(?:dev|proc|tmp|var|etc|usr)(?:/\S*)?$", node.value)


def _is_of(node: ast.Attribute, modules: set[str]) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in modules


def test_no_program_of_staff_needs_linux() -> None:
    naming = {name_of(path) for path in sources() if any(unix_only(ast.parse(path.read_text(encoding="utf-8"))))}
    assert naming <= GUARDED, "ask whether it is there, say what goes on without it, and name the file above"


@pytest.mark.parametrize(
    "code",
    ["import fcntl", "from pwd import getpwnam", "os.fork()", "signal.SIGKILL", "open('/dev/null')", "Path('/proc')"],
)
def test_what_only_linux_has_is_found(code: str) -> None:
    assert list(unix_only(ast.parse(code)))


@pytest.mark.parametrize("name", sorted(name for name in GUARDED if (ROOT / name).exists()))
def test_a_module_that_only_linux_has_is_imported_where_its_lack_is_caught(name: str) -> None:
    """An import at the top of the file, without a try around it, ends the program on Windows."""
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    assert [node for node in tree.body if isinstance(node, ast.Import) and any(unix_only(node))] == []


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [name for name in listed.stdout.split("\0") if name]


def test_every_file_can_be_checked_out_on_windows_and_macos() -> None:
    names = tracked() or [name_of(path) for path in (ROOT / "content").rglob("*")]
    parts = {part for name in names for part in name.split("/")}
    refused_parts = [part for part in parts if re.search(r'[<>:"|?*\\]|[. ]$', part) or RESERVED.fullmatch(part)]
    assert refused_parts == []
    assert len({name.casefold() for name in names}) == len(names), "two names that differ in their case alone"
    assert max(map(len, names)) < 200, "Windows takes 260 letters, with the folder in which it lies"


def test_the_starters_name_commands_that_exist() -> None:
    starters = sorted((ROOT / "starters").glob("*.*"))
    assert {path.suffix for path in starters} == {".bat", ".command", ".sh", ".md"}
    for path in (one for one in starters if one.suffix != ".md"):
        text = path.read_bytes()
        assert re.search(rb"build\.py (serve|desk)\b", text)
        assert (b"\r\n" in text) == (path.suffix == ".bat"), "each system's own line ends"
        if path.suffix != ".bat" and os.name == "posix":
            assert text.startswith(b"#!/bin/sh\n")
            assert path.stat().st_mode & 0o111, "a double click starts it"
