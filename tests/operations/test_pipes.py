"""What a command says goes to a program that has seen enough (`| head`), a full disk, or a file of Windows."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from forms.desk.cli import main as desk_main
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
    with (tmp_path / "said").open("w+b") as errors:
        process = subprocess.Popen([sys.executable, "-c", SAYS], cwd=ROOT, stdout=writing, stderr=errors)
        os.close(writing)
        assert os.read(reading, 20) == b"a line that is said\n"
        os.close(reading)
        assert process.wait(300) == 1
        errors.seek(0)
        assert errors.read() == b""


def test_another_programs_broken_pipe_is_still_said() -> None:
    """git gone in the midst of a push is no reader that has seen enough."""
    with pytest.raises(click.ClickException, match="Broken pipe"), report_problems():
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_said(unbuffered: str) -> None:
    with Path("/dev/full").open("wb") as full:
        process = subprocess.run(
            [sys.executable, "-c", SAYS], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert process.returncode == 1
    assert b"The disk is full: make room" in process.stderr
    assert b"Traceback" not in process.stderr
    assert b"Exception ignored" not in process.stderr


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "latin-1", "ascii", "utf-8"])
def test_tamil_goes_into_a_file_whatever_the_code_page(encoding: str, tmp_path: Path) -> None:
    """click 2121, code42cli 338, allosaurus 73: `portal-desk list > letters.txt` on Windows ended in a traceback."""
    process = subprocess.run(
        [sys.executable, "-c", "from forms.desk.cli.start import main; main()", "--home", "எங்கள் \u201csmart\u201d", "list"],
        cwd=tmp_path, capture_output=True, check=False,  # a folder of that name is made there
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": f"{encoding}:strict", "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert b"Traceback" not in process.stderr
    assert "எங்கள்" in process.stderr.decode()
    encoded = subprocess.run(
        [sys.executable, "-c", "from forms.core.terminal.output import take_any_script; take_any_script(); print('எங்கள்')"],
        cwd=ROOT, capture_output=True, check=True, env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert encoded.stdout.decode().strip() == "எங்கள்"


def test_a_terminal_that_has_no_tamil_ends_in_no_traceback() -> None:
    main, other = os.openpty()
    code = "from forms.core.terminal.output import take_any_script; take_any_script(); print('எ', flush=True)"
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdin=other, stdout=other, stderr=other, env=environment, check=True
    )
    assert b"\\u0b8e" in os.read(main, 100)
    os.close(main)
    os.close(other)


def test_a_desk_without_a_home_says_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """hermes-agent 50926: RuntimeError("Could not determine home directory.") from cron and from containers."""
    monkeypatch.setattr(
        Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("Could not determine home directory."))
    )
    monkeypatch.setattr(sys, "argv", ["portal-desk", "list"])
    monkeypatch.chdir(tmp_path)  # without a home the desk's folder is made in this one
    monkeypatch.setattr(desk_main.desk, "params", list(desk_main.desk.params))
    with pytest.raises(SystemExit):
        desk_main.main()
    assert "has no key" in capsys.readouterr().err
