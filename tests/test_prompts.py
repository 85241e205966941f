"""Who is asked for a passphrase: in a terminal unseen, through a pipe, and where there is nobody to answer."""

import ast
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from .patience import until

ROOT = Path(__file__).parents[1]
ASKING = {
    "a question": "import click\nfrom forms.core.terminal.prompts import ask_secret\n"
    '@click.command()\ndef run(): click.echo(f\'<{len(ask_secret("Passphrase", or_else="or set SECRET"))}>\')\nrun()\n',
    "an option": "import click\nfrom forms.core.terminal.prompts import SecretOption\n"
    "@click.command()\n@click.option('--word', cls=SecretOption, prompt='Passphrase', hide_input=True)\n"
    "def run(word): click.echo(f'<{len(word)}>')\nrun()\n",
}
WORD = b"spring water\n"


def environment() -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run_without_terminal(program: str, given: int | bytes) -> subprocess.CompletedProcess[bytes]:
    how = {"input": given} if isinstance(given, bytes) else {"stdin": given}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-c", program], **how, env=environment(), capture_output=True, start_new_session=True,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("how", ASKING)
def test_a_timer_gets_a_sentence_that_says_how_to_give_it(how: str) -> None:
    """cron, systemd-run, ssh without -t: until now "Aborted!", below three lines of Python's."""
    done = run_without_terminal(ASKING[how], subprocess.DEVNULL)
    said = done.stderr.decode()
    assert done.returncode == 1
    assert "Error: Passphrase: cannot be asked: this command runs without a terminal" in said
    assert ("or set SECRET." if how == "a question" else "or give it with --word.") in said
    assert "GetPassWarning" not in said


@pytest.mark.parametrize("how", ASKING)
def test_a_program_whose_input_is_closed_gets_it_too(how: str) -> None:
    closed = f"import os, sys\nos.close(0)\nsys.stdin = None\n{ASKING[how]}"
    done = run_without_terminal(closed, subprocess.DEVNULL)
    assert done.returncode == 1
    assert "without a terminal" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize("how", ASKING)
def test_a_pipe_is_read(how: str) -> None:
    done = run_without_terminal(ASKING[how], WORD)
    assert done.returncode == 0
    assert done.stdout.decode().strip().endswith("<12>")


LEAVES = "from forms.operations.installation import leave_terminal\nleave_terminal()\n"


@pytest.mark.parametrize("how", ASKING)
@pytest.mark.parametrize("first", ["", LEAVES], ids=["in a terminal", "as who left root's terminal"])
def test_who_sits_there_is_asked_unseen(how: str, first: str) -> None:
    assert typed(first + ASKING[how], WORD).endswith("Passphrase: \r\n<12>\r\n")


@pytest.mark.parametrize("how", ASKING)
def test_ctrl_c_is_no_missing_terminal(how: str) -> None:
    said = typed(ASKING[how], b"\x03")
    assert "Aborted!" in said
    assert "without a terminal" not in said


def typed(program: str, word: bytes) -> str:
    """Return what a program shows in a terminal, in which somebody answers its question."""
    child, terminal = pty.fork()
    if not child:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execve(sys.executable, [sys.executable, "-c", program], dict(environment()))
    seen = bytearray()

    def read() -> bool:
        try:
            seen.extend(os.read(terminal, 1024))
        except OSError:  # EIO: it has ended
            return True
        return False

    until(lambda: read() or b"Passphrase: " in seen)
    os.write(terminal, word)
    until(read)
    os.waitpid(child, 0)
    os.close(terminal)
    return seen.decode()


def test_every_secret_is_asked_for_in_the_same_way() -> None:
    for path in (ROOT / "build.py", *(ROOT / "forms").rglob("*.py"), *(ROOT / "site").rglob("*.py")):
        if path.name == "prompts.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and any(one.arg == "hide_input" for one in node.keywords):
                assert any(one.arg == "cls" for one in node.keywords), f"{path}, line {node.lineno}"
