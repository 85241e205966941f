"""The command line: it installs its packages, reports problems in sentences, and does what the README says."""

import ast
import itertools
import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from commands import building, following
from commands.cli.main import portal
from commands.keys import publishers_signature
from sitegen.incremental.building import Builder

from forms.core.builds import manifest
from forms.core.i18n import extraction
from forms.core.problem import Problem
from forms.desk.cli.main import desk
from tests.commands import run, site_in
from tests.patience import PATIENCE, until

ROOT = Path(__file__).parents[1]


@pytest.fixture
def build(load: Callable[[Path], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """build.py as a module, with its environments in a folder of its own."""
    module = load(ROOT / "build.py")
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "ENVIRONMENTS", tmp_path / ".venvs")
    return module


def test_a_failed_step_leaves_no_stamp(build: Any) -> None:
    with pytest.raises(SystemExit):
        build.set_up(lambda _: build.step([sys.executable, "-c", "raise SystemExit('no route')"], "Is it online?"))
    assert not list(build.ENVIRONMENTS.rglob(build.STAMP))
    assert not build.VENV.exists()


def test_a_step_that_fails_says_its_last_words_and_what_to_do(build: Any) -> None:
    with pytest.raises(SystemExit) as exit_info:
        build.step([sys.executable, "-c", "raise SystemExit('no route to host')"], "Is this machine on the internet?")
    assert str(exit_info.value) == "  | no route to host\nIs this machine on the internet?"


def test_a_disk_that_cannot_be_written(build: Any) -> None:
    def full(folder: Path) -> None:
        raise OSError(30, "Read-only file system", str(folder))

    with pytest.raises(SystemExit, match="cannot be written"):
        build.set_up(full)


def test_stopping_in_the_middle_says_that_the_next_run_heals_it(build: Any) -> None:
    def stopped(folder: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit, match="next run"):
        build.set_up(stopped)


@pytest.mark.skipif(os.name != "posix", reason="there it runs as a child")
def test_what_is_compiled_once_is_kept_for_the_next_start(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python is told to keep no bytecode, each start compiled all packages anew: a second `serve` took twice as long."""
    started: list[dict[str, str]] = []
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(build, "set_up", lambda *_: Path("environment"))
    monkeypatch.setattr(sys, "argv", ["build.py", "serve"])
    monkeypatch.setattr(os, "execve", lambda *called: started.append(called[2]))
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: 0)
    with pytest.raises(SystemExit):
        build.enter()
    assert "PYTHONDONTWRITEBYTECODE" not in started[0]


def test_an_old_python_reads_the_file_and_is_told() -> None:
    source = (ROOT / "build.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    first = source[: source.index("import hashlib")]
    with pytest.raises(SystemExit) as exit_info:
        exec(compile(first.replace("sys.version_info", "(3, 8, 1)"), "build.py", "exec"), {"__name__": "old"})
    assert "This is Python 3.8. The portal needs Python 3.11 or newer." in str(exit_info.value)


def test_a_taken_port_names_the_next_free_one() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        result = run(site_in(ROOT), "serve", "--port", port)
    assert result.exit_code == 1
    assert re.search(
        rf"port {port}: is taken by another program. Try: python3 build.py serve --port \d+", result.output
    )


def test_what_is_wrong_with_content_is_a_sentence_and_exit_code_1(tmp_path: Path) -> None:
    for name in ("content", "library", "site"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    events = tmp_path / "content" / "tables" / "events.csv"
    events.write_text(events.read_text(encoding="utf-8").replace("2027-01-24T10:00", "24.13.2027"), encoding="utf-8")
    for command in ("check", "build"):
        result = run(site_in(tmp_path), command)
        assert result.exit_code == 1
        assert 'content/tables/events.csv, row 3, column starts: "24.13.2027" is not a day and time.' in result.output
        assert "Traceback" not in result.output
    assert not (tmp_path / "public").exists()


def test_the_real_content_has_no_problem() -> None:
    checked = run(site_in(ROOT), "check")
    assert checked.exit_code == 0, checked.output
    assert "Nothing is wrong." in checked.output
    assert {code for code in extraction.translated_languages() if extraction.unfinished(code)} == set(), (
        "no word is missing"
    )


def test_help_reads() -> None:
    helped = run(site_in(ROOT), "--help").output
    for command in ("build", "check", "desk", "serve", "test", "words"):
        assert re.search(rf"^  {command} +[A-Z]", helped, re.M)
        assert run(site_in(ROOT), command, "--help").exit_code == 0


def test_the_readmes_commands_are_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"python3 build\.py ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", readme)
    assert {"serve", "test"} <= {first for first, _ in commands}
    assert {first for first, _ in commands} <= set(portal.list_commands(click.Context(portal)))
    assert all(second in desk.commands for first, second in commands if first == "desk" and second)
    first_lines = "\n".join(readme.splitlines()[:20])
    assert "python3 build.py serve" in first_lines
    assert "python3 build.py test" in first_lines


def test_files_named_in_the_readme_are_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", readme):
        assert (ROOT / target).exists(), target


def test_it_runs_from_another_folder_with_spaces_in_its_path(tmp_path: Path) -> None:
    """The whole file as a program, already inside its .venv."""
    own = tmp_path / "a folder with spaces"
    shutil.copytree(ROOT, own, ignore=shutil.ignore_patterns(".venv*", ".git", "public", "var", ".build", ".*_cache"))
    inside = {**os.environ, "PORTAL_INSIDE_VENV": str(own.resolve() / ".venv"), "PYTHONPATH": f"{own}:{own / 'site'}"}
    process = subprocess.run(
        [sys.executable, own / "build.py", "check"], cwd="/", env=inside, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    assert "Nothing is wrong." in process.stdout


def test_a_publisher_makes_a_key_once_and_build_signs_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_in(tmp_path)
    site.content.symlink_to(ROOT / "content")
    monkeypatch.setenv("PORTAL_PUBLISHER_PASSPHRASE", "four plain words here")
    assert publishers_signature(site) is None
    result = run(site, "new-publisher-key", "--passphrase", "four plain words here")
    assert result.exit_code == 0, result.output
    key = re.search(r'publishers: \["(ed25519:[0-9a-f]{64})"\]', result.output)
    assert key
    data = manifest.write(manifest.BuildManifest(1, "2027-01-01", {}, {}, "0" * 64))
    line = publishers_signature(site)(data)
    assert manifest.is_signed(data, line.encode(), [key[1]])
    again = run(site, "new-publisher-key", "--passphrase", "four plain words here")
    assert again.exit_code == 1
    assert "has keys already" in again.output
    monkeypatch.setenv("PORTAL_PUBLISHER_PASSPHRASE", "another one")
    with pytest.raises(Exception, match="does not open this key"):
        publishers_signature(site)


def test_a_fault_of_ours_is_a_sentence_with_the_file_and_no_traceback(monkeypatch: Any) -> None:
    def fault(page: Any, *_: Any) -> None:
        raise KeyError(page.name)

    monkeypatch.setattr("sitegen.lint.keys.problems", fault)
    result = run(site_in(ROOT), "check")
    assert result.exit_code == 1
    assert re.search(
        r"content/en/[\w-]+\.md: the program has a fault here \(KeyError\): this is our fault", result.output
    )
    assert "Traceback" not in result.output


@pytest.mark.parametrize("error", [Problem("content/ta/rights.md", "is wrong."), KeyError("x"), SystemExit(1)])
def test_serve_goes_on_after_whatever_was_wrong_and_says_when_it_is_mended(
    monkeypatch: Any, capsys: Any, tmp_path: Path, error: BaseException
) -> None:
    (tmp_path / "mkdocs.yml").write_text("1")
    (tmp_path / "requirements.lock").write_text("1")
    ways: list[BaseException | bool] = [error, error, False]

    def build(*_: object, **_options: object) -> bool:
        way = ways.pop(0)
        if isinstance(way, BaseException):
            raise way
        return way

    monkeypatch.setattr(building, "build_if_changed", build)
    follower = following.Follower(site_in(tmp_path, date(2027, 1, 1)))
    for text in ("1", "22", "333"):
        (tmp_path / "mkdocs.yml").write_text(text)
        follower.look(lambda: None)
        follower.look(lambda: None)
    captured = capsys.readouterr()
    assert captured.err.count("The old site stays until this is mended.") == 1, "said once"
    assert captured.out.strip() == "What was wrong is mended. The site is as before. Reload the page to see it."
    assert ways == [], "nothing is built again unless something was edited"


def test_a_page_is_read_once_its_words_are_there_again(tmp_path: Path) -> None:
    """A program that saves empties a file first: read then, the page would be wrong and the whole site built."""
    page, missing, slept = tmp_path / "rights.md", tmp_path / "gone.md", []
    page.write_bytes(b"")

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            page.write_bytes(b"# Rights\n")

    following.wait_while_empty([page, missing, tmp_path], sleep)
    assert len(slept) == 3
    following.wait_while_empty([page], sleep)
    assert len(slept) == 3, "nothing is waited for where no file is empty"


def test_a_file_that_stays_empty_holds_nobody_up(tmp_path: Path) -> None:
    slept: list[float] = []
    pages = [tmp_path / name for name in "abc"]
    for page in pages:
        page.touch()
    following.wait_while_empty(pages, slept.append)
    assert sum(slept) < 0.5, "also where there are many of them"


def test_what_is_saved_while_serve_makes_ready_is_told_as_soon_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was seen five seconds later: nobody watched yet."""
    watching, looks = threading.Event(), []

    class Ended(BaseException):
        """Ends what goes on for ever."""

    def edits(_: object) -> Iterator[set[str]]:
        watching.set()
        yield from ({"one.md"}, {"two.md"})

    def look(_: object, _then: object, named: Collection[str] = ()) -> bool:
        looks.append({*named})
        if {"one.md", "two.md"} <= set().union(*looks):
            raise Ended
        return False

    monkeypatch.setattr(following, "edits", edits)
    monkeypatch.setattr(following.Follower, "look", look)
    monkeypatch.setattr(Builder, "preload", lambda _: watching.wait(PATIENCE) or pytest.fail("nobody watches yet"))
    with pytest.raises(Ended):
        following.follow(site_in(tmp_path), lambda: None)
    assert looks[0] == set(), "everything is looked at first"


def test_serve_is_told_of_an_edit_by_the_system(tmp_path: Path) -> None:
    (tmp_path / "content" / "en").mkdir(parents=True)
    edits = following.edits(site_in(tmp_path), quiet=100)
    assert not next(edits), "nothing was edited"
    (tmp_path / "content" / "en" / "page.md").write_text("new", encoding="utf-8")
    assert any(itertools.islice(edits, 50)), "it reports the edit within some looks"


def test_an_edit_of_a_library_is_told_and_what_python_compiles_is_none(tmp_path: Path) -> None:
    content, library = tmp_path / "content", tmp_path / "library"
    for path in (content, library / "en", tmp_path / "site" / "__pycache__"):
        path.mkdir(parents=True)
    (content / "portal.yml").write_text("library: [../library]\n", encoding="utf-8")
    edits = following.edits(site_in(tmp_path), quiet=100)
    assert not next(edits)
    (tmp_path / "site" / "__pycache__" / "x.pyc").touch()
    page = library / "en" / "page.md"
    page.write_text("new", encoding="utf-8")
    assert next(named for named in itertools.islice(edits, 50) if named) == {str(page)}


def test_only_an_edit_that_is_named_ends_the_speech_of_a_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can name edits, each second would end it, and nothing would ever be heard."""
    edits: queue.SimpleQueue[set[str] | None] = queue.SimpleQueue()
    monkeypatch.setattr(following, "edits", lambda _: iter(edits.get, "never"))
    waiting = following.WaitingEdits(site_in(tmp_path))
    for nothing in (set(), None):
        edits.put(nothing)
        assert waiting.take() == nothing
        assert not waiting.is_edited()
    edits.put({"one.md"})
    until(waiting.is_edited)
    assert waiting.take() == {"one.md"}
    assert not waiting.is_edited()
