"""One program, many runs at once: what one does to itself is nothing to the others, and all it started ends with it."""

import os
import signal
import time
from pathlib import Path

import pytest

from forms.operations.districts import forked
from forms.operations.districts.forked import RunResult
from tests.patience import until

PROGRAM = """
import os, pathlib, sys, time
print("argument", sys.argv[1], "secret" if "SECRET" in os.environ else "clean")
what = sys.argv[1]
if what == "fails":
    sys.exit("It is broken.")
if what == "raises":
    raise ValueError("a word of somebody")
if what == "exits":
    os._exit(7)
if what == "killed":
    os.kill(os.getpid(), 9)
if what == "clears":
    os.kill(0, 9)
if what == "hangs":
    if not os.fork():
        pathlib.Path(sys.argv[2]).write_text(str(os.getpid()))
    time.sleep(3600)
if what == "floods":
    sys.stderr.write("x" * 1_000_000 + "end")
    sys.exit(3)
if what == "temporary":
    sys.exit(75)
if what.startswith("needs"):
    from forms.operations.districts import forked
    with open(sys.argv[2], "a") as file:
        print(what, file=file)
    print("begun")
    forked.require_prepared()
    print("done")
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def results(program: Path, *names: str, longest: float = 600, more: str = "") -> dict[str, RunResult]:
    tasks = {name: [name, more] for name in names}
    return dict(forked.run_each(program, tasks, at_once=2, longest=longest, without=["SECRET"]))


def test_each_has_arguments_and_output_of_its_own(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    results_by_name = results(program, "one", "two", "three")
    assert {name: ended.output for name, ended in results_by_name.items()} == {
        name: f"argument {name} clean" for name in ("one", "two", "three")
    }
    assert {ended.code for ended in results_by_name.values()} == {0}
    assert os.environ["SECRET"] == "1"


@pytest.mark.parametrize(
    ("name", "code", "errors"),
    [
        ("fails", 1, "It is broken."),
        ("raises", 1, "A fault of the program: ValueError. Tell a developer, with this line."),
        ("exits", 7, ""),
        ("killed", -signal.SIGKILL, ""),
        ("clears", -signal.SIGKILL, ""),
    ],
)
def test_one_that_ends_badly_stops_no_other(program: Path, name: str, code: int, errors: str) -> None:
    results_by_name = results(program, "before", name, "after")
    assert (results_by_name[name].code, results_by_name[name].errors) == (code, errors)
    assert (results_by_name["before"].code, results_by_name["after"].code) == (0, 0)


def test_one_that_says_too_much_is_heard_at_its_end(program: Path) -> None:
    results_by_name = results(program, "floods")
    assert results_by_name["floods"].errors.endswith("xend")
    assert len(results_by_name["floods"].errors) < 100_000


def is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_that_hangs_is_ended_with_all_that_it_started(program: Path, tmp_path: Path) -> None:
    note = tmp_path / "started"
    begun = time.monotonic()
    found = results(program, "hangs", longest=5, more=str(note))
    assert found["hangs"].code is None
    assert time.monotonic() - begun >= 5
    until(lambda: not is_there(int(note.read_text())))


def test_whoever_stops_asking_ends_those_that_run(program: Path, tmp_path: Path) -> None:
    note = tmp_path / "started"
    tasks = {"hangs": ["hangs", str(note)], "one": ["one"]}
    runs = forked.run_each(program, tasks, at_once=2, longest=600)
    assert next(runs)[0] == "one"
    until(lambda: note.is_file() and note.read_text())
    runs.close()
    until(lambda: not is_there(int(note.read_text())))


def prepared_runs(program: Path, note: Path, *names: str) -> tuple[dict[str, RunResult], int]:
    """Return how each ended, one after the other, and how often what they need was prepared."""
    calls: list[None] = []
    tasks = {name: [name, str(note)] for name in names}
    runs = forked.run_each(program, tasks, at_once=1, longest=600, prepare=lambda: calls.append(None))
    return dict(runs), len(calls)


def test_what_only_some_need_is_prepared_when_the_first_needs_it_and_only_that_one_begins_again(
    program: Path, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    results_by_name, times = prepared_runs(program, note, "one", "needs a", "fails", "needs b", "temporary")
    assert times == 1
    assert {name: ended.code for name, ended in results_by_name.items()} == {
        "one": 0, "needs a": 0, "fails": 1, "needs b": 0, "temporary": 75,
    }  # fmt: skip
    assert note.read_text().splitlines() == ["needs a", "needs a", "needs b"]
    assert results_by_name["needs a"].output == "argument needs a clean\nbegun\ndone", "nothing of the first attempt"


def test_where_none_needs_it_nothing_is_prepared(program: Path, tmp_path: Path) -> None:
    assert prepared_runs(program, tmp_path / "note", "one", "fails", "killed")[1] == 0


def test_where_nothing_is_to_be_prepared_all_is_there(program: Path, tmp_path: Path) -> None:
    results_by_name = results(program, "needs a", more=str(tmp_path / "note"))
    assert (results_by_name["needs a"].code, results_by_name["needs a"].output.splitlines()[-1]) == (0, "done")
