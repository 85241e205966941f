"""A service that cannot start says why once an hour at most, turns people away at once, and starts when it is mended."""

import fcntl
import os
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forms.core.problem import Problem
from forms.server import held_socket

REASON = "/var/lib/portal/salt: is damaged. Take it back from a backup."


@pytest.fixture
def held(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen(8)
        yield listening


def failing(times: int) -> Callable[[], str]:
    left = [times]

    def make() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise Problem("/var/lib/portal/salt", "is damaged.", "Take it back from a backup.")
        return "started"

    return make


def test_it_is_tried_again_and_said_once_an_hour(held: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    now, messages = [0.0], []
    monkeypatch.setattr(
        held_socket, "close_connections", lambda *_: now.__setitem__(0, now[0] + held_socket.RETRY_INTERVAL)
    )
    assert held_socket.start(failing(1000), held, messages.append, lambda: now[0]) == "started"
    assert messages == [f"The portal does not start. {REASON}"] * 3, "10,000 seconds"


def test_without_a_socket_it_ends_with_the_sentence() -> None:
    with pytest.raises(SystemExit, match=r"The portal does not start\. /var/lib/portal/salt: is damaged\."):
        held_socket.start(failing(1), None)


def test_whoever_asks_meanwhile_is_turned_away_unread(held: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX) as person:
        person.connect(held.getsockname())
        person.sendall(b"POST /forms/ta/concern HTTP/1.1\r\n")
        held_socket.close_connections(held, 0.2)
        with pytest.raises(ConnectionResetError):  # what was sent lies there unread
            person.recv(1)


@pytest.mark.parametrize(
    "environment", [{}, {"LISTEN_FDS": "1", "LISTEN_PID": "1"}, {"LISTEN_FDS": "2", "LISTEN_PID": str(os.getpid())}]
)
def test_a_socket_that_is_not_this_process_is_none(environment: dict[str, str]) -> None:
    assert held_socket.handed_over(environment) is None


def test_a_program_with_many_open_files_turns_people_away_too(held: socket.socket) -> None:
    """select() ends in an error for a file whose number is above 1,023."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    with (
        socket.socket(fileno=fcntl.fcntl(held.fileno(), fcntl.F_DUPFD, 1100)) as high,
        socket.socket(socket.AF_UNIX) as person,
    ):
        person.connect(held.getsockname())
        held_socket.close_connections(high, 0.2)
        assert person.recv(10) == b""
