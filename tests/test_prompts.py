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


def run_without_terminal(program: str, standard_input: int | bytes) -> subprocess.CompletedProcess[bytes]:
    streams = {"input": standard_input} if isinstance(standard_input, bytes) else {"stdin": standard_input}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-c", program], **streams, env=environment(), capture_output=True, start_new_session=True,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("prompt", ASKING)
def test_a_timer_gets_a_sentence_that_says_how_to_give_it(prompt: str) -> None:
    """cron, systemd-run, ssh without -t: until now "Aborted!", below three lines of Python's."""
    process = run_without_terminal(ASKING[prompt], subprocess.DEVNULL)
    errors = process.stderr.decode()
    assert process.returncode == 1
    assert "Error: Passphrase: cannot be asked: this command runs without a terminal" in errors
    assert ("or set SECRET." if prompt == "a question" else "or give it with --word.") in errors
    assert "GetPassWarning" not in errors


@pytest.mark.parametrize("prompt", ASKING)
def test_a_program_whose_input_is_closed_gets_it_too(prompt: str) -> None:
    closed = f"import os, sys\nos.close(0)\nsys.stdin = None\n{ASKING[prompt]}"
    process = run_without_terminal(closed, subprocess.DEVNULL)
    assert process.returncode == 1
    assert "without a terminal" in process.stderr.decode()
    assert "Traceback" not in process.stderr.decode()


@pytest.mark.parametrize("prompt", ASKING)
def test_a_pipe_is_read(prompt: str) -> None:
    process = run_without_terminal(ASKING[prompt], WORD)
    assert process.returncode == 0
    assert process.stdout.decode().strip().endswith("<12>")


LEAVES = "from forms.operations.installation import leave_terminal\nleave_terminal()\n"


@pytest.mark.parametrize("prompt", ASKING)
@pytest.mark.parametrize("first", ["", LEAVES], ids=["in a terminal", "as who left root's terminal"])
def test_who_sits_there_is_asked_unseen(prompt: str, first: str) -> None:
    assert output_when_typed(first + ASKING[prompt], WORD).endswith("Passphrase: \r\n<12>\r\n")


@pytest.mark.parametrize("prompt", ASKING)
def test_ctrl_c_is_no_missing_terminal(prompt: str) -> None:
    output = output_when_typed(ASKING[prompt], b"\x03")
    assert "Aborted!" in output
    assert "without a terminal" not in output


def output_when_typed(program: str, word: bytes) -> str:
    """Return what a program shows in a terminal, in which somebody answers its question."""
    child, terminal = pty.fork()
    if not child:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.execve(sys.executable, [sys.executable, "-c", program], dict(environment()))
    output = bytearray()

    def read_output() -> bool:
        try:
            output.extend(os.read(terminal, 1024))
        except OSError:  # EIO: it has ended
            return True
        return False

    until(lambda: read_output() or b"Passphrase: " in output)
    os.write(terminal, word)
    until(read_output)
    os.waitpid(child, 0)
    os.close(terminal)
    return output.decode()


def test_every_secret_is_asked_for_in_the_same_way() -> None:
    for path in (ROOT / "build.py", *(ROOT / "forms").rglob("*.py"), *(ROOT / "site").rglob("*.py")):
        if path.name == "prompts.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and any(one.arg == "hide_input" for one in node.keywords):
                assert any(one.arg == "cls" for one in node.keywords), f"{path}, line {node.lineno}"
