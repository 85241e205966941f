"""What a command says is read by another program, which may have seen enough (`| head`), or goes to a full disk."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from forms.operations.cli.main import report_problems

ROOT = Path(__file__).parents[2]
SAYS = """
import click, sys
from forms.operations.cli.main import report_problems
@click.command()
def many():
    with report_problems():
        for _ in range(20000):
            click.echo("a line that is said")
many()
"""


def test_who_reads_along_may_stop(tmp_path: Path) -> None:
    """B2_Command_Line_Tool 1071, snakebite 150: here it was "cannot be written or read (Broken pipe). Is the disk full"."""
    reading, writing = os.pipe()
    with (tmp_path / "said").open("w+b") as said:
        process = subprocess.Popen([sys.executable, "-c", SAYS], cwd=ROOT, stdout=writing, stderr=said)
        os.close(writing)
        assert os.read(reading, 20) == b"a line that is said\n"
        os.close(reading)
        assert process.wait(300) == 1
        said.seek(0)
        assert said.read() == b""


def test_another_programs_broken_pipe_is_still_said() -> None:
    """git gone in the midst of a push is no reader that has seen enough."""
    with pytest.raises(click.ClickException, match="Broken pipe"), report_problems():
        raise BrokenPipeError(32, "Broken pipe")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, "-c", SAYS], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"The disk is full: make room" in done.stderr
    assert b"Traceback" not in done.stderr
