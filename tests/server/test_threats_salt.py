"""Receipts live by the salt: a server that has lost it, or has another's, does not start, and says so."""

import ast
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from forms.core import portal as portals
from forms.core.problem import Problem
from forms.server import config
from forms.server.app import create_app
from forms.server.config import from_environment
from forms.server.store.faults import OtherSalt
from forms.server.web.current import state_of

from .conftest import CHEAP, TODAY
from .deployed import ROOT, gunicorn

Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path, district: Any) -> Iterator[Start]:
    """Start the endpoint on a data folder of this name."""
    portals.write(district.portal, tmp_path / "portal.json")
    apps: list[Any] = []

    def begin(name: str, **settings: Any) -> Any:
        given = {"portal": tmp_path / "portal.json", "data": tmp_path / name, "today": lambda: TODAY, "cost": CHEAP}
        apps.append(create_app({**given, **settings}))
        return apps[-1]

    yield begin
    for app in apps:
        state_of(app).services.close()


def send(app: Any, form: str = "concern", **answers: str) -> str:
    """Send something in; its number."""
    import re  # noqa: PLC0415

    words = {"what": "x", "event": "meeting", "people": "1", "adult": "yes", **answers}
    page = app.test_client().post(f"/forms/en/{form}", data={**words, "do": "send", "once": "a" * 32})
    found = re.search(r'class="code"[^>]*>\s*([0-9 ]+)', page.get_data(as_text=True))
    assert found
    return found[1].strip()


def opens(app: Any, code: str) -> bool:
    return bool(app.test_client().post("/forms/en/answer", data={"code": code}).status_code == 200)


def files(app: Any, folder: Path) -> Path:
    state_of(app).services.close()
    return folder / "salt"


@pytest.mark.parametrize("form", ["concern", "signup"])
def test_a_salt_that_is_lost_is_never_replaced(start: Start, tmp_path: Path, form: str) -> None:
    app = start("data")
    send(app, form)
    files(app, tmp_path / "data").unlink()
    with pytest.raises(Problem, match=r"salt: is not there, and the database holds.*backup"):
        start("data")
    assert not (tmp_path / "data" / "salt").exists()


def test_nor_beside_a_database_from_which_all_letters_are_gone(start: Start, tmp_path: Path) -> None:
    files(start("data"), tmp_path / "data").unlink()
    with pytest.raises(Problem, match="is not there"):
        start("data")


def test_nor_beside_a_database_that_cannot_be_read(start: Start, tmp_path: Path) -> None:
    files(start("data"), tmp_path / "data").unlink()
    (tmp_path / "data" / "concerns.db").write_bytes(b"damaged" * 1000)
    with pytest.raises(Problem):
        start("data")
    assert not (tmp_path / "data" / "salt").exists()


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_damaged_salt_is_said(start: Start, tmp_path: Path, content: bytes) -> None:
    files(start("data"), tmp_path / "data").write_bytes(content)
    with pytest.raises(Problem, match=r"salt: is damaged\..*backup"):
        start("data")


def test_a_salt_that_cannot_be_read_is_said(start: Start, tmp_path: Path) -> None:
    salt = files(start("data"), tmp_path / "data")
    salt.unlink()
    salt.mkdir()  # whoever runs the tests may be allowed to read any file
    with pytest.raises(Problem, match=r"salt: cannot be read \("):
        start("data")


@pytest.mark.parametrize("database", ["concerns.db", "signups.db"])
def test_a_database_of_another_portal_is_refused(start: Start, tmp_path: Path, database: str) -> None:
    for name in ("one", "other"):
        files(start(name), tmp_path / name)
    for left in (tmp_path / "one").glob(f"{database}*"):
        left.unlink()
    shutil.copy(tmp_path / "other" / database, tmp_path / "one" / database)
    with pytest.raises(OtherSalt, match=r"belongs to another salt.*PORTAL_SALT_FILE"):
        start("one")


def test_a_folder_copied_with_its_salt_goes_on(start: Start, tmp_path: Path) -> None:
    app = start("data")
    code = send(app)
    files(app, tmp_path / "data")
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    assert opens(start("copy"), code)


def test_a_folder_of_an_older_version_goes_on_and_is_guarded_from_then_on(start: Start, tmp_path: Path) -> None:
    app = start("data")
    code = send(app)
    salt = files(app, tmp_path / "data")
    for name in ("concerns.db", "signups.db"):
        with sqlite3.connect(tmp_path / "data" / name) as older:
            older.execute("DROP TABLE installation")
    again = start("data")
    assert opens(again, code)
    files(again, tmp_path / "data").write_bytes(b"y" * 32)
    with pytest.raises(OtherSalt):
        start("data")
    salt.unlink()


def test_an_older_version_without_its_salt_is_refused_too(start: Start, tmp_path: Path) -> None:
    app = start("data")
    send(app)
    salt = files(app, tmp_path / "data")
    for name in ("concerns.db", "signups.db"):
        with sqlite3.connect(tmp_path / "data" / name) as older:
            older.execute("DROP TABLE installation")
    salt.unlink()
    with pytest.raises(Problem, match="is not there"):
        start("data")


def test_two_machines_share_the_salt_by_a_setting(start: Start, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    first = start("one", concerns_url=url)
    code = send(first)
    with pytest.raises(Problem, match=r"is not there.*PORTAL_SALT_FILE"):
        start("two", concerns_url=url)
    salt = tmp_path / "one" / "salt"
    (tmp_path / "two").mkdir(exist_ok=True)
    (tmp_path / "two" / "salt").write_bytes(b"z" * 32)
    with pytest.raises(OtherSalt, match="PORTAL_SALT_FILE"):
        start("two", concerns_url=url)
    assert opens(start("three", concerns_url=url, salt_file=salt), code)
    assert opens(start("four", concerns_url=url, salt=salt.read_bytes().hex()), code)
    assert not (tmp_path / "three" / "salt").exists()
    with pytest.raises(Problem, match=r"is not there\. Copy the file"):
        start("five", salt_file=tmp_path / "nowhere")
    for odd in ("x", "ab" * 31, "zz" * 32):
        with pytest.raises(Problem, match="64 hexadecimal"):
            start("six", salt=odd)
    found = from_environment({"PORTAL_SALT_FILE": "/a", "PORTAL_SALT": "b"})
    assert found == {"salt_file": "/a", "salt": "b"}


def test_on_postgresql_too(start: Start, postgres: str, tmp_path: Path) -> None:
    plain = postgres.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("CREATE DATABASE salted")
    url = postgres.replace("/postgres?", "/salted?")
    first = start("one", concerns_url=url)
    code = send(first)
    with pytest.raises(Problem, match=r"is not there.*PORTAL_SALT_FILE"):
        start("two", concerns_url=url)
    files(first, tmp_path / "one").rename(tmp_path / "kept")
    with pytest.raises(Problem, match="is not there"):
        start("one", concerns_url=url)
    assert opens(start("three", concerns_url=url, salt_file=tmp_path / "kept"), code)


@pytest.fixture
def one_at_a_time_in_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one thread at a time parse: CPython 3.11 counts the depth of all threads together (gh-106905)."""
    parse, one = ast.parse, threading.Lock()

    def locked(*arguments: Any, **more: Any) -> ast.AST:
        with one:
            return parse(*arguments, **more)

    monkeypatch.setattr(ast, "parse", locked)  # Werkzeug parses each rule of an application


@pytest.mark.usefixtures("one_at_a_time_in_the_parser")
def test_eight_that_start_at_once_have_one_salt(start: Start) -> None:
    together = threading.Barrier(8)

    def begin(_: int) -> bytes:
        together.wait()
        return bytes(state_of(start("data")).services.salt)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(begin, range(8)))) == 1


def test_a_database_that_was_away_at_the_start_is_looked_at_when_it_comes(start: Start, tmp_path: Path) -> None:
    other = start("other")
    send(other)
    files(other, tmp_path / "other")
    url = f"sqlite:///{tmp_path}/away/concerns.db"
    app = start("data", concerns_url=url)
    (tmp_path / "away").mkdir()
    shutil.copy(tmp_path / "other" / "concerns.db", tmp_path / "away" / "concerns.db")
    page = app.test_client().post("/forms/en/concern", data={"what": "x", "do": "send", "once": "b" * 32})
    assert page.status_code == 503, "no receipt is given that would open nothing after a repair"


def test_gunicorn_says_it_in_a_sentence(start: Start, tmp_path: Path) -> None:
    files(start("data"), tmp_path / "data").unlink()
    served = subprocess.run(
        [sys.executable, "-c", "import deploy.wsgi"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin", "PORTAL_PORTAL": str(tmp_path / "portal.json"), "PORTAL_DATA": str(tmp_path / "data")},
    )  # fmt: skip
    assert served.returncode == 1
    assert served.stderr.startswith("The portal does not start. ")
    assert "Traceback" not in served.stderr


def test_workers_forked_from_one_parent_go_on(start: Start, tmp_path: Path) -> None:
    state_of(start("made/data")).services.close()
    served = gunicorn(tmp_path / "made", tmp_path / "portal.json")
    try:
        assert "error" not in (tmp_path / "made" / "gunicorn.log").read_text().lower()
    finally:
        served.stop()


@pytest.mark.parametrize(
    ("concerns", "signups", "are_one"),
    [
        ("sqlite:////srv/a.db", "sqlite:////srv/./a.db", True),
        ("sqlite:////srv/x/../a.db", "sqlite:////srv/a.db?timeout=3", True),
        ("postgresql+psycopg://a@localhost/letters", "postgresql+psycopg://b@127.0.0.1/letters", True),
        ("postgresql+psycopg://a@/letters?host=/run/postgresql", "postgresql://a@/letters", True),
        ("postgresql+psycopg://a@/letters", "postgresql+psycopg://a@/signups", False),
        ("sqlite:////srv/a.db", "sqlite:////srv/b.db", False),
    ],
)
def test_one_database_under_two_names_is_no_two(tmp_path: Path, concerns: str, signups: str, are_one: bool) -> None:
    """Every letter would lie in both, and be sent again in vain."""
    settings = {"portal": tmp_path / "p", "data": tmp_path, "concerns_url": concerns, "signups_url": signups}
    if are_one:
        with pytest.raises(Problem, match="same database"):
            config.read(settings)
    else:
        config.read(settings)
