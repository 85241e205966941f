"""Two programs that build one folder at once wait for each other; a killed one holds nobody up."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sitegen.incremental.building import LOCK

from forms.core.files.locks import locked
from tests.patience import until
from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_incremental import KEYS, builder, built, files, from_scratch

ROOT = Path(__file__).parents[2]
SLOW = """
import json, sys, time
from pathlib import Path
from sitegen.incremental import building
from tests.sitegen.conftest import Folder
from tests.sitegen.test_incremental import builder, TODAY

root, going, go_on = map(Path, sys.argv[1:4])
exchange = building.exchange

def slowly(*folders):
    going.touch()
    while not go_on.exists():
        time.sleep(0.01)
    return exchange(*folders)

building.exchange = slowly
one = builder(Folder(root))
one.keys = {id: tuple(key) for id, key in json.loads(sys.argv[4]).items()}
one.say = lambda sentence: print(sentence, flush=True)
print("done:", one.build(TODAY, speak=False, compress=True), flush=True)
"""
"""Builds an edit, and waits for a file right before the new site is shown."""


@pytest.fixture
def district(folder: Folder) -> Folder:
    folder.page("rights", "Your rights.")
    folder.page("only", "Only in English.")
    built(folder)
    return folder


class Slow:
    """A program that builds an edit and is held up before it shows the new site."""

    def __init__(self, folder: Folder, tmp_path: Path, name: str) -> None:
        self.going, self.go_on = tmp_path / f"{name}.going", tmp_path / f"{name}.go"
        paths = os.pathsep.join([str(ROOT), str(ROOT / "site")])
        self.process = subprocess.Popen(
            [sys.executable, "-c", SLOW, str(folder.root), str(self.going), str(self.go_on), json.dumps(KEYS)],
            env={**os.environ, "PYTHONPATH": paths},
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait(self) -> None:
        """Wait until it is held up."""
        until(lambda: self.going.exists() or self.process.poll() is not None)
        assert self.going.exists()

    def said(self) -> str:
        self.go_on.touch()
        said, _ = self.process.communicate()
        assert self.process.returncode == 0
        return said


def test_the_second_of_two_builds_says_that_it_waits_and_then_builds_what_is_left(
    district: Folder, tmp_path: Path
) -> None:
    district.page("rights", "Other rights.")
    first = Slow(district, tmp_path, "first")
    first.wait()
    district.page("only", "Other words in English.")
    second = Slow(district, tmp_path, "second")
    assert second.process.stdout
    assert "Another program builds this site" in second.process.stdout.readline()
    assert not second.going.exists()
    assert "whole=False" in first.said()
    assert "whole=False" in second.said()
    assert files(district.root / "public") == from_scratch(district)
    assert built(district) is None


def test_the_second_of_two_builds_of_one_edit_has_nothing_left_to_do(district: Folder, tmp_path: Path) -> None:
    district.page("rights", "Other rights.")
    first = Slow(district, tmp_path, "first")
    first.wait()
    second = Slow(district, tmp_path, "second")
    assert second.process.stdout
    second.process.stdout.readline()
    assert "whole=False" in first.said()
    assert "done: None" in second.said()


def test_a_killed_build_holds_nobody_up(district: Folder, tmp_path: Path) -> None:
    district.page("rights", "Other rights.")
    first = Slow(district, tmp_path, "first")
    first.wait()
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.communicate()
    with locked(district.root / LOCK):
        pass
    assert built(district)
    assert files(district.root / "public") == from_scratch(district)


def test_a_program_that_goes_on_takes_up_what_another_built(district: Folder) -> None:
    """As `serve` beside `build`: what it remembers is of before, and to build on that would be to build everything."""
    serving, other = builder(district), builder(district)
    assert serving.build(TODAY, speak=False, compress=True) is None
    for turn in "ab":
        district.page("rights", f"Rights {turn * 3}.")
        done = other.build(TODAY, speak=False, compress=True)
        assert done
        assert not done.whole
        assert serving.build(TODAY, speak=False, compress=True) is None
        district.page("rights", f"More rights {turn * 3}.")
        done = serving.build(TODAY, speak=False, compress=True)
        assert done
        assert not done.whole
        assert files(district.root / "public") == from_scratch(district)
        assert other.build(TODAY, speak=False, compress=True) is None
