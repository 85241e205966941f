"""Many districts in one service: none can be seen, slowed or stopped by another."""

import logging
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyrage
import pytest
from click.testing import CliRunner
from werkzeug.test import Client

from forms.core import portal as portals
from forms.core.problem import Problem
from forms.operations.cli.main import portal as commands
from forms.server.blocked import blocked, set_block_listener
from forms.server.districts import dispatch, settings
from forms.server.districts.dispatch import Districts
from forms.server.districts.fair_turns import FairTurns
from forms.server.store.connections.addresses import database_of
from forms.server.store.database import Store
from forms.server.web.current import state_of
from tests.patience import until

from .conftest import CHEAP, TODAY, make_district

Serve = Callable[..., Districts]
OVERRIDES = {"cost": CHEAP, "today": lambda: TODAY}


@pytest.fixture(scope="module")
def portal() -> portals.Portal:
    return make_district().portal


@pytest.fixture
def folder(tmp_path: Path, portal: portals.Portal) -> Path:
    """A folder with districts north and south."""
    for name in ("north", "south"):
        add(tmp_path / "districts", name, portal)
    return tmp_path / "districts"


def add(folder: Path, name: str, portal: portals.Portal, **given: Any) -> None:
    own = replace(portal, district={"en": f"District {name}"})
    settings.write(folder, name, [f"{name}.example"], given)
    portals.write(own, folder / name / settings.PORTAL)


@pytest.fixture
def serve(folder: Path) -> Iterator[Serve]:
    made: list[Districts] = []

    def start(**more: Any) -> Districts:
        made.append(Districts(folder, overrides=dict(OVERRIDES), **more))
        return made[-1]

    yield start
    for districts in made:
        for app in districts.apps:
            dispatch.stop(app)


def get(districts: Districts, host: str, path: str = "/forms/en/concern") -> Any:
    return Client(districts).get(path, headers={"Host": host}, buffered=True)


def send(districts: Districts, host: str, what: str = "They keep our papers.") -> Any:
    data = {"what": what, "do": "send", "once": f"{abs(hash(what)):032x}"[-32:]}
    return Client(districts).post("/forms/en/concern", data=data, headers={"Host": host}, buffered=True)


def code_of(response: Any) -> str:
    found = re.search(r'class="code"[^>]*>\s*([0-9 ]+)', response.get_data(as_text=True))
    assert found, response.status
    return found[1].strip()


def opens(districts: Districts, host: str, code: str) -> bool:
    page = Client(districts).post("/forms/en/answer", data={"code": code}, headers={"Host": host})
    return bool(page.status_code == 200)


@pytest.mark.parametrize(
    ("host", "district"),
    [
        ("north.example", "north"),
        ("NORTH.Example:443", "north"),
        ("south.example.", "south"),
        ("other.example", ""),
        ("north.example.evil.example", ""),
        ("", ""),
        ("..", ""),
        ("north.example/../south.example", ""),
        ("north.example,south.example", ""),
        ("127.0.0.1", ""),
        ("[::1]:8000", ""),
        ("nört.example", ""),
        ("a" * 300, ""),
    ],
)
def test_a_request_goes_to_the_district_of_its_host_and_else_to_none(serve: Serve, host: str, district: str) -> None:
    captured: dict[str, Any] = {}
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/forms/en/concern", "HTTP_HOST": host, "SERVER_NAME": "x"}
    environ |= {"SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.input": None, "wsgi.errors": None}
    body = b"".join(serve()(environ, lambda status, headers: captured.update(status=status, headers=headers)))
    page = body.decode()
    if district:
        assert f"District {district}" in page
    else:
        assert captured["status"].startswith("421")
        assert not re.search(r"north|south|District", page)
        assert ("Content-Security-Policy" in dict(captured["headers"])) is True


def test_what_one_district_has_another_has_not(serve: Serve, folder: Path) -> None:
    districts = serve()
    code = code_of(send(districts, "north.example"))
    assert opens(districts, "north.example", code)
    assert not opens(districts, "south.example", code)
    token = {"Authorization": "Bearer token-police"}
    letters = {
        host: Client(districts).get("/pickup/v1/letters", headers={"Host": host, **token}).get_json()["letters"]
        for host in ("north.example", "south.example")
    }
    assert [len(found) for found in letters.values()] == [1, 0]
    salts = {(folder / name / "data" / "salt").read_bytes() for name in ("north", "south")}
    assert len(salts) == 2
    assert (folder / "north" / "data" / "concerns.db").exists()


def test_a_district_with_a_damaged_database_stops_no_other(
    serve: Serve, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for app in (first := serve()).apps:
        dispatch.stop(app)
    del first
    (folder / "north" / "data" / "concerns.db").write_bytes(b"damaged" * 1000)
    districts = serve()
    assert send(districts, "north.example").status_code == 503
    code = code_of(send(districts, "south.example"))
    assert opens(districts, "south.example", code)
    messages = [record.getMessage() for record in caplog.records]
    assert any("district north" in message for message in messages)
    assert not any("south" in message for message in messages)


@pytest.mark.parametrize("broken", ["salt", "portal", "toml", "host"])
def test_a_district_that_cannot_start_stops_no_other(
    serve: Serve, folder: Path, portal: portals.Portal, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    for app in serve().apps:
        dispatch.stop(app)
    if broken == "salt":
        (folder / "north" / "data" / "salt").write_bytes(b"short")
    elif broken == "portal":
        (folder / "north" / settings.PORTAL).write_text("{")
    elif broken == "toml":
        (folder / "north" / settings.FILE).write_text("hosts = [")
    else:
        settings.write(folder, "zone", ["south.example"], {})
    with caplog.at_level(logging.ERROR):
        districts = serve()
    assert get(districts, "south.example").status_code == 200
    name = "zone" if broken == "host" else "north"
    assert name in districts.problems
    assert sum(f"district {name}" in record.getMessage() for record in caplog.records) == 1
    if broken != "host":
        page = get(districts, "north.example")
        assert page.status_code in {421, 503}
        assert "District" not in page.get_data(as_text=True)


def test_a_district_comes_back_when_it_is_mended(serve: Serve, folder: Path, portal: portals.Portal) -> None:
    now = [0.0]
    (folder / "north" / settings.PORTAL).write_text("{")
    districts = serve(clock=lambda: now[0])
    assert get(districts, "north.example").status_code == 503
    portals.write(portal, folder / "north" / settings.PORTAL)
    now[0] += dispatch.RETRY_INTERVAL + 1
    assert get(districts, "north.example").status_code == 200
    assert districts.problems == {}


def test_a_full_budget_is_of_one_district_alone(folder: Path, serve: Serve, portal: portals.Portal) -> None:
    add(folder, "north", portal, budget=1)
    districts = serve()
    assert send(districts, "north.example").status_code == 503
    assert send(districts, "south.example").status_code == 200


def test_a_flood_in_one_sends_no_letter_of_another_to_the_second_queue(serve: Serve) -> None:
    districts = serve()
    by_name = {state_of(app).name: state_of(app).services for app in districts.apps}
    for _ in range(100):
        by_name["north"].flood_control.count()
    assert by_name["north"].flood_control.is_high()
    assert not by_name["south"].flood_control.is_high()


def test_a_district_that_hangs_keeps_few_threads_and_stops_no_other(serve: Serve, folder: Path) -> None:
    """Its database is locked by another program: its letters wait, and 40 of them hold 3 threads at most."""
    districts = serve(turns=FairTurns(max_threads=3))
    get(districts, "north.example")
    holder = sqlite3.connect(folder / "north" / "data" / "concerns.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with ThreadPoolExecutor(8) as pool:
            north = [pool.submit(send, districts, "north.example", f"letter {n}") for n in range(5)]
            until(lambda: sum(task.done() for task in north) >= 2)
            assert {task.result().status_code for task in north if task.done()} == {503}
            code = code_of(send(districts, "south.example"))
            assert opens(districts, "south.example", code)
            holder.execute("COMMIT")
            kept = [task.result() for task in north]
        assert sum(one.status_code == 200 for one in kept) == 3
        assert all("class=" in one.get_data(as_text=True) for one in kept), "who is turned away gets a page of ours"
    finally:
        holder.close()


def test_districts_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of a quiet district is next, however many of another wait."""
    turns, order = FairTurns(max_active=1, lease=1000, max_threads=50), []
    first = turns.enter("flood")
    assert first

    def ask(name: str) -> None:
        turn = turns.enter(name)
        assert turn
        order.append(name)
        turns.leave(turn)

    with ThreadPoolExecutor(12) as pool:
        for _ in range(10):
            pool.submit(ask, "flood")
        until(lambda: sum(map(len, turns.waiting.values())) == 10)
        pool.submit(ask, "quiet")
        until(lambda: "quiet" in turns.waiting)
        turns.leave(first)
    assert order[0] == "quiet"
    assert order.count("flood") == 10


def test_a_request_that_hangs_holds_no_turn() -> None:
    now = [0.0]
    turns = FairTurns(max_active=1, lease=0.05, clock=lambda: now[0])
    assert turns.enter("hangs")
    now[0] = 0.06
    assert turns.enter("other"), "at once, though the first never gave its turn back"


def test_a_district_holds_so_many_threads_and_no_more() -> None:
    turns = FairTurns(max_active=100, max_active_per_district=100, max_threads=2)
    assert turns.enter("a")
    assert turns.enter("a")
    assert turns.enter("a") is None
    assert turns.enter("b")
    turns.release("a")
    assert turns.enter("a")


def test_a_district_is_added_changed_and_removed_while_it_runs(
    serve: Serve, folder: Path, portal: portals.Portal
) -> None:
    now = [0.0]
    started: list[Any] = []
    districts = serve(clock=lambda: now[0])
    districts.on_start = started.append
    code = code_of(send(districts, "north.example"))
    assert get(districts, "west.example").status_code == 421
    add(folder, "west", portal)
    now[0] += 2
    assert get(districts, "west.example").status_code == 200
    assert [state_of(app).name for app in started] == ["west"]
    settings.write(folder, "north", ["new.example"], {})
    now[0] += 2
    assert get(districts, "north.example").status_code == 421
    assert opens(districts, "new.example", code)
    (folder / "west" / settings.FILE).unlink()
    now[0] += 2
    assert get(districts, "west.example").status_code == 421
    assert opens(districts, "new.example", code), "the others went on"


@pytest.mark.parametrize("text", ["", "hosts = [", "\xff", 'hosts = ["north.example"]\nbudget = "much"'])
def test_a_district_that_runs_goes_on_while_its_file_cannot_be_used(
    serve: Serve, folder: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    districts = serve(clock=lambda: now[0])
    code = code_of(send(districts, "north.example"))
    file = folder / "north" / settings.FILE
    before = file.read_bytes()
    file.write_text(text, encoding="latin-1")
    for _ in range(3):
        now[0] += 2
        assert opens(districts, "north.example", code)
        assert get(districts, "south.example").status_code == 200
    [message] = [record.getMessage() for record in caplog.records]
    assert message.startswith(f"district north goes on with its earlier settings. {file}")
    assert set(districts.problems) == {"north"}
    file.write_bytes(before)
    now[0] += 2
    assert opens(districts, "north.example", code)
    assert districts.problems == {}
    settings.write(folder, "north", ["new.example"], {})
    now[0] += 2
    assert opens(districts, "new.example", code)


@pytest.mark.parametrize("given", [{"salt_file": "nowhere"}, {"portal": "nowhere.json"}])
def test_a_district_that_runs_goes_on_while_it_cannot_start_with_its_new_file(
    serve: Serve, folder: Path, caplog: pytest.LogCaptureFixture, given: dict[str, str]
) -> None:
    now = [0.0]
    districts = serve(clock=lambda: now[0])
    code = code_of(send(districts, "north.example"))
    settings.write(folder, "north", ["north.example", "new.example"], given)
    for _ in range(8):
        now[0] += 2
        assert opens(districts, "north.example", code)
        assert get(districts, "south.example").status_code == 200
    [message] = [record.getMessage() for record in caplog.records]
    assert message.startswith("district north goes on with its earlier settings. ")
    assert "nowhere" in message
    assert set(districts.problems) == {"north"}
    for name, kept in (("nowhere", "data/salt"), ("nowhere.json", settings.PORTAL)):
        shutil.copy(folder / "north" / kept, folder / "north" / name)
    now[0] += dispatch.RETRY_INTERVAL
    assert opens(districts, "new.example", code), "taken once what it names is there"
    assert districts.problems == {}


def test_a_district_takes_no_host_of_another_that_runs(
    serve: Serve, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Letters to the desks of the one would go to those of the other."""
    now = [0.0]
    districts = serve(clock=lambda: now[0])
    codes = {name: code_of(send(districts, f"{name}.example")) for name in ("north", "south")}
    settings.write(folder, "north", ["north.example", "south.example"], {})
    now[0] += 2
    assert all(opens(districts, f"{name}.example", code) for name, code in codes.items())
    assert "district north goes on with its earlier settings. district north: has the host south.example" in caplog.text
    (folder / "north" / settings.FILE).write_text("hosts = [")
    settings.write(folder, "south", ["south.example", "north.example"], {})
    now[0] += 2
    assert all(opens(districts, f"{name}.example", code) for name, code in codes.items())


def test_a_folder_that_cannot_be_read_for_a_moment_changes_nothing(serve: Serve, folder: Path) -> None:
    now = [0.0]
    districts = serve(clock=lambda: now[0])
    moved = folder.rename(folder.with_name("moved"))
    now[0] += 2
    assert get(districts, "north.example").status_code == 200
    moved.rename(folder)
    now[0] += 2
    assert get(districts, "north.example").status_code == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no host"),
        ("hosts = []", "names no host"),
        ('hosts = ["a b"]', "names no host"),
        ('hosts = "a.example"', "names no host"),
        ('hosts = ["a.example"]\nsalt = "5a"', "not known"),
        ('hosts = ["a.example"]\nbudget = "many"', "something else"),
        ('hosts = ["a.example"]\nbudget = -1', "something else"),
        ('hosts = ["a.example"]\nbudget = true', "something else"),
        ('hosts = ["a.example"]\ndata = 5', "something else"),
        ("\x00", "not TOML"),
    ],
)
def test_a_wrong_setting_is_said(folder: Path, text: str, message: str) -> None:
    (folder / "north" / settings.FILE).write_text(text)
    with pytest.raises(Problem, match=message):
        settings.read(folder, "north")


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "-a", "a" * 41, "a b", "ñ", "."])
def test_a_name_is_never_a_path(folder: Path, name: str) -> None:
    with pytest.raises(Problem, match="cannot be used"):
        settings.write(folder, name, ["a.example"], {})


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(commands, ["district", arguments[0], "--folder", str(folder), *arguments[1:]])
    assert done.exit_code == code, done.output
    return done.output


def test_the_commands(folder: Path) -> None:
    assert "west is added" in run(folder, "add", "west", "--host", "west.example", "--set", "budget=1000")
    assert settings.read(folder, "west").settings.budget == 1000
    assert "is there already" in run(folder, "add", "west", "--host", "x.example", code=1)
    assert "host north.example of north" in run(folder, "add", "east", "--host", "north.example", code=1)
    assert not (folder / "east" / settings.FILE).exists(), "nothing half-added"
    assert "shares a folder" in run(folder, "update", "west", "--set", f"data={folder / 'north' / 'data'}", code=1)
    assert settings.read(folder, "west").settings.data == folder / "west" / "data", "as it was"
    assert "not known" in run(folder, "update", "west", "--set", "salt=1", code=1)
    run(folder, "update", "west", "--host", "west.example", "--host", "west.onion", "--set", "budget=")
    listed = run(folder, "list")
    assert "west: west.example, west.onion" in listed
    blocks = run(folder, "nginx")
    assert "server_name west.example west.onion;" in blocks
    assert str(folder / "west" / "published/current/public") in blocks
    assert "stays in" in run(folder, "remove", "west")
    assert "west" not in run(folder, "list")


@pytest.mark.parametrize("given", ["budget=" + "9" * 5000, "budget=-1", "data=a\nb", "flood_threshold=x"])
def test_what_cannot_be_set_leaves_nothing_behind(folder: Path, given: str) -> None:
    output = run(folder, "add", "west", "--host", "west.example", "--set", given, code=1)
    assert "fault of the program" not in output
    assert not (folder / "west").exists()


def test_a_folder_with_any_letters_can_be_named(folder: Path, tmp_path: Path) -> None:
    odd = tmp_path / "தமிழ் 'q\" \U0001f600"
    run(folder, "add", "west", "--host", "west.example", "--set", f"data={odd}")
    assert settings.read(folder, "west").settings.data == odd


def test_a_district_that_cannot_be_read_can_be_removed(folder: Path) -> None:
    (folder / "north" / settings.FILE).write_text("hosts = [")
    assert "not served any more" in run(folder, "remove", "north")
    assert "is not there" in run(folder, "remove", "north", code=1)
    assert settings.names(folder) == ["south"]


def test_each_has_its_own_schema_of_one_postgresql(
    folder: Path, serve: Serve, portal: portals.Portal, postgres: str
) -> None:
    import psycopg  # noqa: PLC0415

    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("create database districts")
    base = postgres.replace("/postgres?", "/districts?")
    for name in ("north", "south"):
        urls = {f"{kind}_url": f"{base}&options=-csearch_path%3D{name}_{kind}" for kind in ("concerns", "signups")}
        with psycopg.connect(base.replace("+psycopg", ""), autocommit=True) as connection:
            for kind in ("concerns", "signups"):
                connection.execute(f"create schema {name}_{kind}")
        add(folder, name, portal, **urls)
    districts = serve()
    assert districts.problems == {}
    code = code_of(send(districts, "north.example"))
    assert opens(districts, "north.example", code)
    assert not opens(districts, "south.example", code)
    for app in districts.apps:
        for store in state_of(app).services.stores:
            store.rewrite_in_random_order()
    assert opens(districts, "north.example", code)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("-csearch_path=north", "-c search_path=north"),
        ("-csearch_path=north", "-csearch_path=North"),
        ("-csearch_path=north", '-csearch_path="north"'),
        ("-csearch_path=north", "--search_path=north,public"),
        ("-csearch_path=north", "-cwork_mem=8MB -csearch_path=north"),
        ("-csearch_path=" + "n" * 63 + "_1", "-csearch_path=" + "n" * 63 + "_2"),
        ("", "-csearch_path=public"),
    ],
)
def test_two_districts_never_share_a_schema_however_it_is_written(one: str, other: str) -> None:
    first, second = (database_of(f"postgresql+psycopg://portal@/all?options={quote(text)}") for text in (one, other))
    assert first == second
    assert first != database_of(f"postgresql+psycopg://portal@/all?options={quote('-csearch_path=south')}")


def test_one_district_alone_is_as_before(tmp_path: Path, portal: portals.Portal) -> None:
    """No folder of districts: one app, any host."""
    from forms.server.app import create_app  # noqa: PLC0415

    portals.write(portal, tmp_path / "portal.json")
    app = create_app({"portal": tmp_path / "portal.json", "data": tmp_path / "data", "cost": CHEAP})
    assert app.test_client().get("/forms/en/concern", headers={"Host": "any.example"}).status_code == 200
    state_of(app).services.close()


def test_stores_of_one_database_share_their_connections(serve: Serve) -> None:
    services = state_of(serve().apps[0]).services
    assert services.concerns.engine is services.days.engine is services.statements.engine
    assert services.signups.engine is services.requests.engine is not services.concerns.engine
    assert all(isinstance(store, Store) for store in services.stores)


def test_of_one_district_few_run_at_once_and_blocked_ones_do_not_count() -> None:
    """Guessing at receipts in one district, which waits in lines, does not keep its own letters waiting."""
    now = [0.0]
    turns = FairTurns(max_active=10, max_active_per_district=1, clock=lambda: now[0])
    with ThreadPoolExecutor(2) as pool:
        assert turns.enter("a")
        second = pool.submit(turns.enter, "a")
        until(lambda: bool(turns.waiting))
        now[0] = 99.0
        assert turns.enter("b"), "another one is not kept by it"
        assert not second.done(), "however long the first takes"
        set_block_listener(None)
        ended = threading.Event()

        def waits() -> None:
            turn = turns.enter("c")
            assert turn
            with blocked():
                ended.wait()
            turns.leave(turn)

        waiting = pool.submit(waits)
        until(lambda: "c" in turns.threads and not any(name == "c" for name, _ in turns.leases.values()))
        assert turns.enter("c"), "what waits for a line or a lock does not count"
        ended.set()
        waiting.result()
        turns.leave(next(turn for turn, (name, _) in turns.leases.items() if name == "a"))
        assert second.result()
    set_block_listener(None)


def test_where_nobody_gives_turns_nothing_is_told() -> None:
    set_block_listener(None)
    with blocked():
        pass
    states: list[bool] = []
    set_block_listener(states.append)
    with blocked(), blocked():
        pass
    set_block_listener(None)
    assert states == [True, False]


def test_all_are_backed_up_and_one_that_cannot_be_stops_no_other(serve: Serve, folder: Path, tmp_path: Path) -> None:
    serve()
    (folder / "north" / "data" / "salt").write_bytes(b"short")
    public = str(pyrage.x25519.Identity.generate().to_public())
    arguments = ["backup", "--into", str(tmp_path / "backups"), "--to", public, "--districts", str(folder)]
    done = CliRunner().invoke(commands, arguments)
    assert done.exit_code == 1
    assert "district north" in done.output
    assert len([*(tmp_path / "backups" / "south").glob("portal-*.age")]) == 1
    assert not (tmp_path / "backups" / "north").exists()


# One that is set wrong


@pytest.mark.parametrize("how", ["nul", "long", "loop", "nested", "around", "portal", "salt"])
def test_a_district_that_is_set_wrong_in_any_way_stops_no_other(
    serve: Serve, folder: Path, portal: portals.Portal, how: str
) -> None:
    north = folder / "north"
    own: dict[str, Any] = {
        "nul": {"data": "a\0b"}, "long": {"data": "a" * 5000}, "loop": {"data": "loop/data"},
        "nested": {"data": str(north / "data" / "zone")}, "around": {"data": str(folder)},
        "portal": {"portal": str(north / settings.PORTAL)}, "salt": {"salt_file": str(north / "shared")},
    }[how]  # fmt: skip
    if how == "salt":
        (north / "shared").write_bytes(b"s" * 32)
        settings.write(folder, "north", ["north.example"], own)
    settings.write(folder, "zone", ["zone.example"], own)
    portals.write(portal, folder / "zone" / settings.PORTAL)
    (folder / "zone/loop").symlink_to("loop")
    districts = serve()
    for name in ("north", "south"):
        assert get(districts, f"{name}.example").status_code == 200
    assert set(districts.problems) == {"zone"}
    assert get(districts, "zone.example").status_code in {421, 503}
    result = CliRunner().invoke(commands, ["district", "list", "--folder", str(folder)])
    assert "Traceback" not in result.output
    assert "zone: " in result.output
    assert result.exit_code == 0


def test_an_error_that_nobody_thought_of_is_of_one_district(
    serve: Serve, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = dispatch.create_app

    def odd(given: Any) -> Any:
        if given["name"] == "north":
            raise ZeroDivisionError("MARKED words")
        return real(given)

    monkeypatch.setattr(dispatch, "create_app", odd)
    assert get(serve(), "south.example").status_code == 200
    assert "ZeroDivisionError" in caplog.text
    assert "MARKED" not in caplog.text


def test_a_start_that_fails_again_and_again_uses_up_no_files(serve: Serve, folder: Path) -> None:
    now = [0.0]
    districts = serve(clock=lambda: now[0])
    (folder / "north/data/salt").write_bytes(b"short")
    for app in districts.apps:
        dispatch.stop(app)
    for running in districts.running.values():
        running.app = None
    before = None
    for _ in range(5):
        now[0] += dispatch.RETRY_INTERVAL + 1
        get(districts, "north.example")
        held = sum(path.is_symlink() and path.readlink().name == "in-use" for path in Path("/proc/self/fd").iterdir())
        before = held if before is None else before
        assert held == before


def test_one_broken_district_prints_no_half_of_nginxs_part(folder: Path) -> None:
    (folder / "zone").mkdir()
    (folder / "zone" / settings.FILE).write_text("hosts = [")
    done = CliRunner().invoke(commands, ["district", "nginx", "--folder", str(folder)])
    assert done.exit_code == 1
    assert "server_name" not in done.output
