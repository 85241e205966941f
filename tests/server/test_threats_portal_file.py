"""A withdrawn token and a cancelled event count within seconds: workers take a new portal.json by themselves."""

import dataclasses
import http.client
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import g

from forms.core import portal as portals
from forms.core.problem import Problem
from forms.server.services.portal_file import RETRY_INTERVAL, PortalFile
from forms.server.web.current import state_of
from tests.patience import until

from .conftest import District, event, token_line
from .deployed import gunicorn


@pytest.fixture
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forms.server.services.portal_file.RETRY_INTERVAL", 0.0)


def withdrawn(portal: Any) -> Any:
    """The same portal, where the police desk has a new token and the meeting is called off."""
    police = portal.desks[0]
    member = dataclasses.replace(police.members[0], pickup=token_line("new"))
    events = (event("meeting", state="cancelled"), *portal.events[1:])
    desks = (dataclasses.replace(police, members=(member,)), *portal.desks[1:])
    return dataclasses.replace(portal, desks=desks, events=events)


def test_a_withdrawn_token_and_a_cancelled_event_count_without_a_restart(
    looks_at_once: None, endpoint: Any, district: Any
) -> None:
    assert endpoint.pickup("letters").status_code == 200
    assert endpoint.code(endpoint.send("signup", event="meeting", people="1"))
    portals.write(withdrawn(district.portal), endpoint.data.parent / "portal.json")
    assert endpoint.pickup("letters").status_code == 401
    assert endpoint.post("signup", event="meeting", people="1").status_code == 422


BROKEN: dict[str, Callable[[Path, str], object]] = {
    "half written": lambda path, text: path.write_text(text[: len(text) // 2]),
    "empty": lambda path, _: path.write_text(""),
    "no json": lambda path, _: path.write_bytes(b"\xff\x00"),
    "a list": lambda path, _: path.write_text("[]"),
    "lists for maps": lambda path, text: path.write_text(json.dumps({**json.loads(text), "clips": [], "choices": []})),
    "too deep": lambda path, _: path.write_text("[" * 100_000),
    "no desks": lambda path, text: path.write_text(json.dumps({**json.loads(text), "desks": []})),
    "no languages": lambda path, text: path.write_text(json.dumps({**json.loads(text), "languages": []})),
    "gone": lambda path, _: path.unlink(),
    "a folder": lambda path, _: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("spoil", sorted(BROKEN))
def test_a_broken_one_changes_nothing_and_is_said_once(
    looks_at_once: None, endpoint: Any, district: Any, caplog: pytest.LogCaptureFixture, spoil: str
) -> None:
    file = endpoint.data.parent / "portal.json"
    endpoint.post("concern", what="x")
    BROKEN[spoil](file, file.read_text())
    for _ in range(3):
        assert endpoint.pickup("letters").status_code == 200
        assert endpoint.post("concern", "ta", what="x").status_code == 200
    [message] = [record.getMessage() for record in caplog.records]
    assert message.startswith("The new portal.json is not taken, the one before stays in force. ")
    if file.is_dir():
        file.rmdir()
    portals.write(withdrawn(district.portal), file)
    assert endpoint.pickup("letters").status_code == 401
    assert caplog.records[-1].getMessage() == "The new portal.json is in force."


def test_what_is_written_piece_by_piece_is_taken_when_it_is_whole(
    looks_at_once: None, endpoint: Any, district: Any
) -> None:
    file, other = endpoint.data.parent / "portal.json", endpoint.data.parent / "other.json"
    portals.write(withdrawn(district.portal), other)
    whole = other.read_bytes()
    with file.open("r+b") as written:
        written.truncate(0)
        for start in range(0, len(whole), 1000):
            written.write(whole[start : start + 1000])
            written.flush()
            expected = 401 if start + 1000 >= len(whole) else 200
            assert endpoint.pickup("letters").status_code == expected


def test_each_request_sees_one_version(looks_at_once: None, endpoint: Any, district: Any) -> None:
    app, seen = endpoint.client.application, []

    def in_the_midst() -> None:
        from forms.server.maintenance import refresh_portal  # noqa: PLC0415
        from forms.server.web.current import current_services  # noqa: PLC0415

        before = current_services().portal
        portals.write(withdrawn(district.portal), endpoint.data.parent / "portal.json")
        refresh_portal(state_of(app))
        seen.append(current_services().portal is before is g.services.portal)
        seen.append(state_of(app).services.portal is not before)

    app.before_request_funcs[None].append(in_the_midst)
    assert endpoint.pickup("letters").status_code == 200
    assert seen == [True, True]


def test_a_broken_one_is_read_at_most_once_a_second(
    tmp_path: Path, district: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    portals.write(district.portal, tmp_path / "portal.json")
    file = PortalFile(tmp_path / "portal.json", lambda: now[0])
    (tmp_path / "portal.json").write_text("{")
    read = []
    whole = portals.read
    monkeypatch.setattr("forms.server.services.portal_file.portal.read", lambda path: read.append(path) or whole(path))
    for _ in range(50):
        now[0] += RETRY_INTERVAL / 10
        file.refresh(print)
    assert 4 <= len(read) <= 6


def test_the_next_request_goes_by_a_new_release_whichever_thread_takes_it(tmp_path: Path, district: Any) -> None:
    """The file is reached through a link to the release in use, which changes in one rename."""
    for name, portal in (("1", district.portal), ("2", withdrawn(district.portal))):
        portals.write(portal, tmp_path / name / "portal.json")
    (tmp_path / "current").symlink_to("1")
    file = PortalFile(tmp_path / "current/portal.json")
    used: list[Any] = []
    for _ in range(2):
        (tmp_path / "new").symlink_to("2")
        (tmp_path / "new").replace(tmp_path / "current")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: file.refresh(used.append), range(64)))
    assert [portal.events[0].state for portal in used] == ["cancelled"]


def test_a_file_with_the_same_size_and_time_is_seen_too(looks_at_once: None, endpoint: Any, district: Any) -> None:
    file = endpoint.data.parent / "portal.json"
    before = file.stat()
    portals.write(withdrawn(district.portal), file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert endpoint.pickup("letters").status_code == 401


def test_at_the_start_a_broken_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "portal.json").write_text('{"languages": ')
    with pytest.raises(Problem, match="Build the site again"):
        PortalFile(tmp_path / "portal.json")


def test_all_workers_of_gunicorn_take_it_within_seconds(tmp_path: Path, district: Any) -> None:
    portals.write(district.portal, tmp_path / "portal.json")
    served = gunicorn(tmp_path / "made", tmp_path / "portal.json", PORTAL_WORKERS="3")

    def answers() -> set[int]:
        got = set()
        for _ in range(12):
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=300)
            connection.request("GET", "/pickup/v1/letters", headers={"Authorization": "Bearer token-police"})
            with connection.getresponse() as answer:
                got.add(answer.status)
            connection.close()
        return got

    try:
        assert answers() == {200}
        portals.write(withdrawn(district.portal), tmp_path / "portal.json")
        until(lambda: answers() | answers() | answers() == {401})  # of each worker
    finally:
        served.stop()


@pytest.mark.parametrize("day", ["", "soon", "2027-13-45T10:00", "\x00"])
def test_an_event_without_a_day_is_of_no_portal(district: District, day: str) -> None:
    """Each page that names events would fail: the file of before stays in force, at the server and at desks."""
    data = portals.as_json(district.portal)
    data["events"][0]["starts"] = day
    with pytest.raises(portals.NotAPortal, match="event without a day"):
        portals.parse(json.dumps(data), "portal.json")


def test_a_key_that_cannot_be_used_is_said_once_however_often_the_file_is_read(
    tmp_path: Path, district: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """openclaw 40404: here a line in each second in which a request came, which told when they come."""
    path = tmp_path / "portal.json"
    portals.write(district.portal, path)
    whole = json.loads(path.read_text(encoding="utf-8"))
    whole["desks"][0]["members"][0]["pickup"] = "mistyped"
    path.write_text(json.dumps(whole), encoding="utf-8")
    for _ in range(5):
        portals.read(path)
    assert [record.getMessage() for record in caplog.records if "pickup line" in record.getMessage()] == [
        "desk police: its pickup line cannot be used and is left out. Correct portal.yml and build."
    ]
    path.rename(tmp_path / "other.json")
    portals.read(tmp_path / "other.json")
    assert len(caplog.records) == 2, "another district's file is another's"
