"""What build.py installs: beside the environment in use, switched when complete, removed when unused."""

import os
import runpy
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from forms.desk.cli import start
from tests.patience import until

ROOT = Path(__file__).parents[1]
linux = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what runs from where")


@pytest.fixture
def build(load: Callable[[Path], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """build.py as a module, with lock files and environments in a folder of its own."""
    module = load(ROOT / "build.py")
    places = {
        "VENV": ".venv",
        "ENVIRONMENTS": ".venvs",
        "CACHE": ".venvs/cache",
        "LOCKS": "locks",
        "UV_LOCK": "locks/uv.lock",
    }
    for name, path in places.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    module.LOCKS.mkdir()
    for group in (*module.ALL_GROUPS, "uv"):
        (module.LOCKS / f"{group}.lock").write_text("one==1")
    return module


def install(folder: Path) -> None:
    """A small environment whose one program says from which lock file it is."""
    bin_folder = folder / "bin"
    bin_folder.mkdir(parents=True, exist_ok=True)
    (bin_folder / "python").unlink(missing_ok=True)
    (bin_folder / "python").symlink_to(sys.executable)
    (bin_folder / "gunicorn").write_text(f"#!/bin/sh\necho {folder.name}\n")
    (bin_folder / "gunicorn").chmod(0o755)
    (folder / "lib").mkdir(exist_ok=True)
    (folder / "lib" / "package.py").write_text(folder.name)


def never(folder: Path) -> None:
    raise AssertionError("nothing is to be installed")


def change_lock(build: Any, text: str) -> None:
    (build.LOCKS / "server.lock").write_text(text)


def run_and_end(build: Any) -> Path:
    """Set up as a run of build.py that then ends, and so no longer holds its environment."""
    folder: Path = build.set_up(install)
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if link.readlink().name == "in-use":
                os.close(int(link.name))
    return folder


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def identity(path: Path) -> tuple[int, int, str]:
    """Return what changes if a link is replaced: not the time of access, which following it renews."""
    found = path.lstat()
    return found.st_ino, found.st_mtime_ns, str(path.readlink())


@contextmanager
def running(arguments: list[str]) -> Iterator[None]:
    """A program that runs until the end of the block."""
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
    assert process.stdout
    try:
        assert process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def waiting_program(python: Path) -> list[str]:
    return [str(python), "-c", "import time; print('ready', flush=True); time.sleep(600)"]


def holding_program(folder: Path) -> list[str]:
    """A program that holds an environment as deploy/gunicorn.conf.py does, and is started from elsewhere."""
    code = f"""
        import fcntl, os, time
        held = os.open({str(folder / "in-use")!r}, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_SH)
        print("ready", flush=True)
        time.sleep(600)
    """
    return [sys.executable, "-c", textwrap.dedent(code)]


def test_it_installs_once_and_venv_leads_there(build: Any) -> None:
    folder = build.set_up(install)
    assert build.set_up(never) == folder
    assert build.VENV.is_symlink()
    assert build.VENV.resolve() == folder.resolve()
    assert not build.VENV.readlink().is_absolute(), "the whole folder can be moved"


def test_another_lock_file_changes_nothing_in_the_environment_before(build: Any) -> None:
    first = build.set_up(install)
    before = snapshot(first)
    environments: list[Path] = []

    def watch(folder: Path) -> None:
        install(folder)
        environments.append(build.VENV.resolve())

    change_lock(build, "two==2")
    second = build.set_up(watch)
    assert second != first
    assert snapshot(first) == before
    assert environments == [first.resolve()], "switched only when whole"
    assert build.VENV.resolve() == second.resolve()
    change_lock(build, "one==1")
    assert build.set_up(never) == first, "back again without the network"
    assert build.VENV.resolve() == first.resolve()


def test_a_failed_installation_leaves_the_old_one_in_its_place(build: Any) -> None:
    first = build.set_up(install)
    change_lock(build, "two==2")
    with pytest.raises(SystemExit, match="Is it online"):
        build.set_up(lambda _: build.step([sys.executable, "-c", "raise SystemExit(1)"], "Is it online?"))
    assert build.VENV.resolve() == first.resolve()
    assert (build.VENV / "bin" / "gunicorn").exists()


@pytest.mark.parametrize("spoil", ["installed", "bin/python"])
def test_what_was_cut_short_or_is_broken_is_made_anew(build: Any, spoil: str) -> None:
    folder = build.set_up(install)
    (folder / spoil).unlink()
    times: list[Path] = []
    build.set_up(lambda folder: (times.append(folder), install(folder)))
    assert times == [folder]
    assert build.set_up(never) == folder


@linux
def test_the_last_two_stay_and_older_ones_go(build: Any) -> None:
    environments = []
    for number in range(5):
        change_lock(build, f"one=={number}")
        environments.append(run_and_end(build))
        os.utime(environments[-1] / build.STAMP, (number, number))
    assert {path.name for path in build.ENVIRONMENTS.iterdir() if path.is_dir()} == {
        path.name for path in environments[-2:]
    }


@linux
@pytest.mark.parametrize("way", ["started from it", "holds it"])
def test_an_environment_in_use_stays_however_many_come_after_it(build: Any, way: str) -> None:
    first = run_and_end(build)
    before = snapshot(first)
    program = waiting_program(first / "bin" / "python") if way == "started from it" else holding_program(first)
    with running(program):
        for number in range(4):
            change_lock(build, f"other=={number}")
            run_and_end(build)
            assert snapshot(first) == before
    for number in range(2):
        change_lock(build, f"after=={number}")
        run_and_end(build)
    assert not first.exists()


def test_the_interpreter_that_takes_over_holds_its_environment(build: Any) -> None:
    first = build.set_up(install)
    build.set_up(never)
    child = [sys.executable, "-c", "print('ready', flush=True); import time; time.sleep(600)"]
    process = subprocess.Popen(child, stdout=subprocess.PIPE, close_fds=False)
    assert process.stdout
    process.stdout.readline()
    link = Path(f"/proc/{process.pid}/fd")
    open_files = [str(path.readlink()) for path in link.iterdir()] if link.exists() else [str(first / "in-use")]
    process.kill()
    process.wait()
    process.stdout.close()
    assert str((first / "in-use").resolve()) in open_files


@linux
def test_gunicorn_holds_its_environment(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run_and_end(build)
    with (first / "in-use").open("rb") as another:
        assert build.try_to_lock(another.fileno())
    monkeypatch.setattr(sys, "prefix", str(first))
    lock = runpy.run_path(str(ROOT / "deploy" / "gunicorn.conf.py"))["held"]
    with (first / "in-use").open("rb") as another:
        assert not build.try_to_lock(another.fileno())
    os.close(lock)


# Groups of packages


def test_tests_get_an_environment_beside_the_everyday_one_which_then_serves_all(build: Any) -> None:
    everyday = build.set_up(install)
    before = snapshot(everyday)
    tests = build.set_up(install, build.TEST_GROUPS)
    assert tests != everyday
    assert snapshot(everyday) == before
    assert build.VENV.resolve() == tests.resolve()
    assert build.set_up(never) == tests, "it holds more than serve needs: nothing is switched back"
    assert build.set_up(never, build.TEST_GROUPS) == tests
    assert build.set_up(never, ("server",)) == tests


def test_a_server_gets_its_own_packages_only(build: Any) -> None:
    server = build.set_up(install, ("server",))
    (build.LOCKS / "site.lock").write_text("another==1")
    assert build.set_up(never, ("server",)) == server, "another group's lock changes nothing"
    assert build.set_up(install) != server, "a build needs more"


def test_a_new_lock_of_the_tests_makes_only_their_environment_anew(build: Any) -> None:
    everyday = run_and_end(build)
    tests = build.set_up(install, build.TEST_GROUPS)
    (build.LOCKS / "test.lock").write_text("two==2")
    assert build.set_up(never) == everyday
    assert build.set_up(install, build.TEST_GROUPS) not in {everyday, tests}


@pytest.mark.parametrize(
    ("arguments", "groups"),
    [
        ([], "server desk site"),
        (["--help"], "server desk site"),
        (["serve", "--port", "8001"], "server desk site"),
        (["withdraw", "test"], "server desk site"),
        (["test", "-k", "x"], "server desk site editor test"),
        (["edit"], "server desk site editor"),
        (["--content", "districts/hill", "edit", "--office", "x.example"], "server desk site editor"),
        (["--content=districts/hill", "edit", "office", "list"], "server desk site editor"),
        (["--content"], "server desk site"),
        (["--content", "edit", "serve"], "server desk site"),
        (["install", "server"], "server"),
        (["install", "site", "server"], "server site"),
        (["install"], "server desk site"),
        (["install", "--help"], "server desk site"),
    ],
)
def test_a_command_gets_the_groups_it_needs(build: Any, arguments: list[str], groups: str) -> None:
    assert build.required_groups(arguments) == tuple(groups.split())


def test_a_group_that_does_not_exist_is_said_in_a_sentence(build: Any) -> None:
    with pytest.raises(SystemExit, match=r"no group serve\. Choose from: server, desk, site, editor, test, docs"):
        build.required_groups(["install", "serve"])


def programs_started(
    build: Any, monkeypatch: pytest.MonkeyPatch, *, has: str = "", fails: str = "nothing"
) -> list[str]:
    """Return the programs that an installation starts, on a machine with this uv; those with `fails` in them fail."""
    started: list[str] = []

    def run(arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
        started.append(" ".join(arguments))
        failed = fails in started[-1]
        if "--target" in arguments and not failed:
            uv = Path(arguments[arguments.index("--target") + 1], "bin", "uv")
            uv.parent.mkdir(parents=True)
            uv.touch()
        return subprocess.CompletedProcess(arguments, int(failed), b"")

    monkeypatch.setattr(build, "run", run)
    monkeypatch.setattr(shutil, "which", lambda _: has)
    build.ENVIRONMENTS.mkdir()
    build.install(build.ENVIRONMENTS / "one", ("server", "desk"))
    assert all("--require-hashes" in line for line in started if " install " in line)
    return started


def test_packages_are_installed_with_the_machines_uv(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, last = programs_started(build, monkeypatch, has="/usr/bin/uv")
    assert last.startswith("/usr/bin/uv pip install ")
    assert f"-r {build.LOCKS / 'server.lock'} -r {build.LOCKS / 'desk.lock'}" in last


def test_uv_is_fetched_once_where_there_is_none(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _, fetched, last = programs_started(build, monkeypatch)
    assert str(build.UV_LOCK) in fetched
    assert last.startswith(f"{build.uv_folder() / 'bin' / 'uv'} pip install ")
    run_and_end(build)
    assert build.find_uv(), "kept for the next installation"


@pytest.mark.parametrize("fails", ["uv pip install", "uv.lock"])
def test_pip_installs_where_uv_cannot(build: Any, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    last = programs_started(build, monkeypatch, fails=fails)[-1]
    assert "/one/bin/python -m pip " in last
    assert str(build.LOCKS / "desk.lock") in last


def test_a_desk_without_its_packages_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "find_spec", lambda name: None if name == "typst" else name)
    with pytest.raises(SystemExit, match=r"missing \(typst\)\. Install them: pip install '\.\[desk\]'"):
        start.main()


# Two at once


def test_two_at_once_install_once(
    build: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[Path] = []

    waiting = threading.Event()
    really_try = build.try_to_lock

    def try_to_lock(descriptor: int) -> bool:
        locked = bool(really_try(descriptor))
        if not locked:
            waiting.set()
        return locked

    monkeypatch.setattr(build, "try_to_lock", try_to_lock)

    def slow(folder: Path) -> None:
        times.append(folder)
        assert waiting.wait(120), "nobody waited"
        install(folder)

    threads = [threading.Thread(target=build.set_up, args=(slow,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 1
    assert "Another run is installing. Waiting for it" in capsys.readouterr().out


def run_that_installs(tmp_path: Path, started: str) -> list[str]:
    """A second build.py, whose pip takes its time."""
    code = f"""
        import importlib.util, pathlib, sys
        spec = importlib.util.spec_from_file_location("build", {str(ROOT / "build.py")!r})
        build = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(build)
        root = pathlib.Path({str(tmp_path)!r})
        build.VENV, build.ENVIRONMENTS, build.LOCKS = root / ".venv", root / ".venvs", root / "locks"
        def install(folder):
            print("ready", flush=True)
            build.step([sys.executable, "-c", "f = open({started!r}, 'w'); f.write('x'); f.flush(); import time; time.sleep(2); f.write('done')"], "")
        build.set_up(install)
    """
    return [sys.executable, "-c", textwrap.dedent(code)]


@pytest.mark.skipif(os.name != "posix", reason="Windows ends no program by a signal")
def test_a_killed_run_whose_pip_goes_on_is_waited_for(build: Any, tmp_path: Path) -> None:
    started = tmp_path / "started"
    process = subprocess.Popen(run_that_installs(tmp_path, str(started)), stdout=subprocess.PIPE)
    until(lambda: started.exists() or process.poll() is not None)
    assert started.exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout
    process.stdout.close()
    folder = build.set_up(install)
    assert started.read_text() == "xdone", "pip of the killed run was still writing"
    assert build.is_complete(folder)


# Folders of their own kind


def test_a_folder_that_cannot_be_written_runs_when_all_is_there(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = build.set_up(install)
    build.VENV.unlink()

    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system", str(folder))

    monkeypatch.setattr(build, "install_lock", read_only)
    assert build.set_up(never) == folder


def test_a_place_that_cannot_be_made_is_said_in_a_sentence(build: Any) -> None:
    build.ENVIRONMENTS.write_text("a file")
    with pytest.raises(SystemExit, match=r"\.venvs.* cannot be written .*\nCopy the portal into a folder of your own"):
        build.set_up(install)


def old_checkout(build: Any, lock: str) -> None:
    """.venv as older versions made it: a folder."""
    change_lock(build, lock)
    install(build.VENV)
    (build.VENV / build.STAMP).write_text(build.environment_id())


def test_an_older_checkout_goes_on_with_the_folder_it_has(build: Any) -> None:
    old_checkout(build, "one==1")
    before = snapshot(build.VENV)
    assert build.set_up(never) == build.VENV
    assert snapshot(build.VENV) == before


@linux
def test_an_older_checkout_changes_over_when_nothing_runs(build: Any) -> None:
    old_checkout(build, "one==1")
    change_lock(build, "two==2")
    folder = build.set_up(install)
    assert build.VENV.is_symlink()
    assert build.VENV.resolve() == folder.resolve()


@linux
def test_an_older_checkout_changes_over_while_a_server_runs_from_it(build: Any) -> None:
    old_checkout(build, "one==1")
    library, python = snapshot(build.VENV / "lib"), identity(build.VENV / "bin" / "python")
    with running(waiting_program(build.VENV / "bin" / "python")):
        change_lock(build, "two==2")
        folder = build.set_up(install)
        assert snapshot(build.VENV / "lib") == library
        assert identity(build.VENV / "bin" / "python") == python
        started = subprocess.run([build.VENV / "bin" / "gunicorn"], capture_output=True, text=True, check=True)
        assert started.stdout.split()[0] == folder.name, "a restart of the service takes the new packages"
        assert build.set_up(never) == folder
    assert build.set_up(never) == folder
    assert build.VENV.is_symlink()
    assert build.VENV.resolve() == folder.resolve()


def test_all_that_is_made_is_ignored_by_git() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/.venv", "/.venvs/"} <= set(ignored)
