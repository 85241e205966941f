"""Root types a command that goes on as another user: no program of that user can put words into root's shell."""

import ast
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forms.core.media import decoder_process
from forms.core.other_programs import run_apart
from forms.operations import installation

from ..patience import until

SERVICE = 995
HAS_TERMINAL = [sys.executable, "-c", "import os; os.open('/dev/tty', os.O_RDWR); print('has one', end='')"]
"""A program that says whether it has a controlling terminal, which TIOCSTI asks for."""


def output_in_terminal(run: Callable[[], str], *, leads: bool = False) -> str:
    """Return what a function says that runs in a terminal of its own, as one process under a shell; leads: as the shell."""
    child, terminal = pty.fork()
    if not child:
        reached = "nothing"
        try:
            if leads or not (below := os.fork()):
                reached = run()
            else:
                os.waitpid(below, 0)
                os._exit(0)
        finally:
            os.write(1, f"<{reached}>".encode())
            os._exit(0)
    output = bytearray()

    def has_ended() -> bool:
        try:
            output.extend(os.read(terminal, 1024))
        except OSError:  # EIO: the last who had it open has ended
            return True
        return b">" in output

    until(has_ended)
    os.waitpid(child, 0)
    os.close(terminal)
    return output.decode().partition("<")[2].partition(">")[0]


def terminal_of_child() -> str:
    """Return whether a program that is started as any other has the terminal."""
    process = subprocess.run(HAS_TERMINAL, capture_output=True, check=False)
    return process.stdout.decode() or "has none"


def test_the_test_sees_a_terminal() -> None:
    assert output_in_terminal(terminal_of_child) == "has one"


@pytest.mark.parametrize("leads", [False, True], ids=["under a shell", "ssh -t"])
def test_who_becomes_another_user_leaves_roots_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leads: bool
) -> None:
    real = Path.stat

    def stat(self: Path, **options: bool) -> os.stat_result:
        found = real(self, **options)
        return os.stat_result([*found[:4], SERVICE, SERVICE, *found[6:]])

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    for name in ("setgroups", "setgid", "setuid"):
        monkeypatch.setattr(os, name, lambda _: None)

    def as_the_owner() -> str:
        installation.become_owner(tmp_path)
        return terminal_of_child()

    assert output_in_terminal(as_the_owner, leads=leads) == "has none"


def test_programs_that_read_what_others_wrote_have_no_terminal() -> None:
    """Git, ssh-keygen and the decoder of files, whoever types the command."""
    assert (
        output_in_terminal(lambda: run_apart(HAS_TERMINAL, max_seconds=60).stdout.decode() or "has none") == "has none"
    )
    decoding = (
        "import os, sys\ntry: os.open('/dev/tty', os.O_RDWR); said = 'has one'\nexcept OSError: said = 'has none'\n"
    )
    decoding += "print('{\"said\": \"' + said + '\"}')"
    assert output_in_terminal(lambda: str(decoder_process.decode("x", b"", program=decoding)[0]["said"])) == "has none"


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """git-remote-https, whose server says nothing for ever: each look would leave one more."""
    script = f"sleep 600 & echo $! > {tmp_path}/below; wait"
    with pytest.raises(subprocess.TimeoutExpired):
        run_apart(["sh", "-c", script], max_seconds=1)
    until(lambda: not is_running(int((tmp_path / "below").read_text())))


def is_running(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


MAY_START_PROGRAMS = {
    "forms/core/other_programs.py": "run_apart itself",
    "forms/core/media/decoder_process.py": "has a session of its own, shown above",
    "forms/desk/cli/main.py": "writes a command line, starts none",
    "forms/operations/cli/install_commands.py": "root's own commands for the machine, run as root",
    "forms/operations/cli/status_commands.py": "sendmail, after become_owner",
    "site/commands/cli/development_commands.py": "a developer's programs in the developer's terminal",
    "site/sitegen/publish/browser_bundle.py": "node, on a developer's machine or after become_owner",
    "build.py": "installs packages, with the rights of who types it",
}


def test_every_program_that_is_started_was_thought_of() -> None:
    """A new one goes through run_apart, or has a reason here."""
    root = Path(__file__).parents[2]
    starts = set()
    for path in (root / "build.py", *(root / "forms").rglob("*.py"), *(root / "site").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (
                (node.value.id == "subprocess" and node.attr in {"run", "call", "Popen", "check_call", "check_output"})
                or (node.value.id == "os" and node.attr in {"system", "popen", "posix_spawn", "posix_spawnp"})
            ):  # fmt: skip
                starts.add(path.relative_to(root).as_posix())
    assert starts <= MAY_START_PROGRAMS.keys()
