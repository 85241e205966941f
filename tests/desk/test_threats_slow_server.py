"""A server that responds strangely or without end does not block a desk: the desk reports it and works on."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from forms.core.problem import Problem
from forms.desk.crypto import keys
from forms.desk.doctor.examination import examine
from forms.desk.sync import fetching, responses
from forms.desk.sync.client import Server
from forms.desk.sync.connection import connection
from forms.desk.sync.responses import ServerAway
from forms.desk.watch.site_watch import SiteWatch
from tests.desk.conftest import Office


@pytest.fixture
def dripping() -> Iterator[str]:
    """A server that starts a response and then sends single bytes without end."""
    ended = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        with suppress(OSError):
            line, _ = listening.accept()
            with line:
                line.recv(65536)
                line.sendall(b"HTTP/1.1 200 OK\r\nPortal-Answer: 1\r\nContent-Length: 1000000\r\n\r\n")
                while not ended.wait(0.02):  # between one byte and the next
                    line.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    ended.set()
    listening.close()
    thread.join()


def test_a_server_that_drips_is_left(dripping: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "GRACE_SECONDS", 0.2)
    begun = time.monotonic()
    with pytest.raises(ServerAway, match="too slowly"):
        Server(dripping, "t").waiting()
    assert time.monotonic() - begun < 600, "and not when the million bytes are here"


def test_a_visit_that_lasts_too_long_ends_and_the_next_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SiteWatch, "check", lambda *_: ())
    for number in range(3):
        office.tell(what=f"Case {number}")
    anita = office.machine("police/anita")
    honest_letter = Server.letter

    def one_then_late(self: Server, letter_id: str) -> bytes:
        monkeypatch.setattr(fetching, "time", _Later())
        return honest_letter(self, letter_id)

    monkeypatch.setattr(Server, "letter", one_then_late)
    assert "so slow" in anita.sync.run().away
    assert len(anita.cases.all()) == 1, "what came is here"
    monkeypatch.undo()
    assert anita.sync.run().away == ""
    assert len(anita.cases.all()) == 3


class _Later:
    """A clock on which the longest visit has expired."""

    @staticmethod
    def monotonic() -> float:
        return time.monotonic() + fetching.MAX_FETCH_SECONDS + 1


@pytest.mark.parametrize(
    "date",
    ["", "x", "Thu, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "Fri, 01 Jan 2027 00:00:00 -0000", "\xff"],
)  # fmt: skip
def test_no_date_of_a_server_ends_the_doctor(office: Office, monkeypatch: pytest.MonkeyPatch, date: str) -> None:
    monkeypatch.setattr(Server, "clock", lambda _: date)
    anita = office.machine("police/anita")
    anita.sync.run()
    assert [finding for finding in examine(anita) if "knows this machine as" in finding.sentence]


def test_a_netrc_of_the_user_does_not_stand_in_the_tokens_place(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert office.machine("police/anita").place.server().me() == "police/anita"


def test_a_proxy_and_authorities_of_the_environment_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/authorities.pem")
    line = connection("https://portal.example")
    assert (line.proxies["https"], line.verify) == ("http://proxy.example:3128", "/etc/authorities.pem")
    monkeypatch.setenv("no_proxy", "127.0.0.1,portal.example")
    assert "https" not in connection("https://portal.example").proxies
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    assert connection("https://portal.example").verify is True, "the authorities that come with the program"


@pytest.mark.parametrize(
    ("content", "works"),
    [
        (b"{token}\r\n", True),
        (b"\xef\xbb\xbf{token}\r\n", True),
        (b"  {token}\n\n", True),
        (b"", False),
        (b"\n", False),
        (b"{token}\xff\xfe", False),
        (b"{token} {token}", False),
        ("{token}".encode("utf-16"), False),
        (b"{token}\x00", False),
    ],
    ids=repr,
)
def test_a_token_that_an_editor_saved_works_or_is_said_to_be_damaged(
    tmp_path: Path, content: bytes, works: bool
) -> None:
    keys.make(tmp_path, None)
    token = keys.token(tmp_path)
    saved = content.replace(b"{token}", token.encode())
    (tmp_path / "token.txt").write_bytes(saved)
    (tmp_path / "token.old.txt").write_bytes(saved)
    assert all(one.isascii() for one in keys.old_tokens(tmp_path))
    if works:
        assert keys.token(tmp_path) == token
        secret = (tmp_path / "identity.txt").read_bytes()
        (tmp_path / "identity.txt").write_bytes(b"\xef\xbb\xbf" + secret.replace(b"\n", b"\r\n"))
        assert keys.identities(tmp_path, lambda: "")
    else:
        with pytest.raises(Problem, match="damaged"):
            keys.token(tmp_path)
