"""Two programs that build one folder at once wait for each other; a killed one holds nobody up."""

import errno
import json
import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from sitegen.incremental import building
from sitegen.incremental.building import LOCK
from sitegen.publish.withdrawals import withdrawal

from forms.core.files.folder_swap import exchange
from forms.core.files.locks import locked
from forms.core.problem import Problem
from tests.patience import until
from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_incremental import KEYS, builder, built, files, from_scratch
from tests.sitegen.test_threats_withdrawal import tell, traces

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


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a file")
def test_the_lock_of_another_user_is_put_aside_only_when_nobody_holds_it(
    district: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root's builds were overtaken: two programs wrote one site."""
    lock, access = district.root / LOCK, os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != lock and access(path, mode))
    district.page("rights", "Other rights.")
    with locked(lock):
        lock_status = lock.stat()
        with pytest.raises(Problem, match="holds it"):
            built(district)
        assert os.path.samestat(lock.stat(), lock_status)
    assert built(district)
    assert files(district.root / "public") == from_scratch(district)


def test_a_program_that_goes_on_takes_up_what_another_built(district: Folder) -> None:
    """As `serve` beside `build`: what it remembers is of before, and to build on that would be to build everything."""
    serving, other = builder(district), builder(district)
    assert serving.build(TODAY, speak=False, compress=True) is None
    for turn in "ab":
        district.page("rights", f"Rights {turn * 3}.")
        outcome = other.build(TODAY, speak=False, compress=True)
        assert outcome
        assert not outcome.whole
        assert serving.build(TODAY, speak=False, compress=True) is None
        district.page("rights", f"More rights {turn * 3}.")
        outcome = serving.build(TODAY, speak=False, compress=True)
        assert outcome
        assert not outcome.whole
        assert files(district.root / "public") == from_scratch(district)
        assert other.build(TODAY, speak=False, compress=True) is None


class Midnight:
    """A builder, and the day on which its consents are looked at: a story's consent ends on the next one."""

    def __init__(self, folder: Folder) -> None:
        self.folder, self.day = folder, TODAY
        tell(folder, expires_on=(TODAY + timedelta(days=1)).isoformat())
        self.builder = builder(folder)
        self.builder.clock, self.builder.purge = self.today, self.purge

    def today(self) -> date:
        return self.day

    def strike(self, *_: object) -> None:
        self.day = TODAY + timedelta(days=1)

    def purge(self) -> None:
        withdrawal.purge(self.folder.root / "public", self.folder.root / "content", self.day)

    def build(self) -> object:
        return self.builder.build(self.day, speak=False, compress=True)


@pytest.fixture
def midnight(folder: Folder) -> Midnight:
    return Midnight(folder)


def test_a_consent_that_ends_while_everything_is_built_counts_no_more(midnight: Midnight) -> None:
    midnight.builder.say = midnight.strike
    assert midnight.build()
    assert not traces(midnight.folder.root / "public")


@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
def test_a_consent_that_ends_while_an_edit_is_built_counts_no_more(
    midnight: Midnight, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    midnight.folder.page("rights", "Your rights.")
    midnight.build()
    assert traces(midnight.folder.root / "public")

    def exchanged(one: Path, other: Path) -> bool:
        if before:
            midnight.strike()
        result = exchange(one, other)
        midnight.strike()
        return result

    monkeypatch.setattr(building, "exchange", exchanged)
    midnight.folder.page("rights", "Other rights.")
    assert midnight.build()
    assert not traces(midnight.folder.root / "public")


def test_a_build_that_waits_over_midnight_builds_the_new_day(
    midnight: Midnight, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight.build()
    midnight.folder.page("rights", "Your rights.")
    removed: list[bool] = []
    with locked(midnight.folder.root / LOCK):
        midnight.builder.say = midnight.strike
        monkeypatch.setattr(building, "MAX_WAIT", 0.5)
        with pytest.raises(Problem, match="held by another program"):
            midnight.build()
        removed.append(not traces(midnight.folder.root / "public"))
    assert removed == [True], "what has no consent does not wait for another program"
    assert midnight.build()
    assert (midnight.folder.root / "public" / "en" / "rights" / "index.html").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks otherwise")
def test_where_the_file_system_has_no_locks_it_is_built_all_the_same(
    district: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", lacks)
    district.page("rights", "Other rights.")
    assert built(district)
