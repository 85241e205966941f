"""What is never broken: nothing a person wrote or is stands on the server's disk or in its logs; a receipt
that was shown always opens its letter; nothing a person sent is dropped without telling them.

These run the endpoint as its own process, watch everything it writes, and kill it.
"""

import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pyrage
import pytest
from PIL import Image
from sqlalchemy import event

from forms.core import portal as portals
from forms.core.crypto import encryption, receipts
from forms.server.web.current import state_of
from forms.web.no_trace import LARGEST_REQUEST
from tests.patience import free_port, until
from tests.server.deployed import wait_for

ROOT = Path(__file__).parents[2]
RUN = """
import os, sys
def tell(event, args):  # every file that Python code opens for writing, named or not (O_TMPFILE)
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    if writes and isinstance(args[0], str):
        os.write(2, f"opened: {args[0]}\\n".encode())
sys.addaudithook(tell)
from datetime import date
from forms.server.app import create_app
from forms.core.crypto.receipts import Cost
from forms.server.run import serve
portal, data, port = sys.argv[1:]
settings = {"portal": portal, "data": data, "today": lambda: date(2027, 1, 1), "cost": Cost(64, 1)}
serve(create_app(settings), "127.0.0.1", int(port))
"""
WORDS = {"what": "marked-words-துயரம்", "contact": "marked-contact", "where": "marked-village"}
MARKS = (
    *WORDS.values(),
    "203.0.113.77",
    "MarkedAgent",
    "marked-file-name",
    "marked-bytes",
    "marked-camera",
    "marked-referrer",
)


@dataclass
class Running:
    """An endpoint in its own process, and all that it writes."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    def post(self, path: str, body: bytes, kind: str = "application/x-www-form-urlencoded") -> tuple[int, str]:
        headers = {
            "Content-Type": kind,
            "X-Forwarded-For": "203.0.113.77",
            "User-Agent": "MarkedAgent/1.0",
            "Referer": "http://marked-referrer.example/",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def send(self, **answers: str) -> str:
        """Send a concern; its receipt."""
        _, seen = self.post("/forms/ta/concern", urlencode(answers).encode())
        once = re.search(r'name="once" value="([0-9a-f]+)"', seen)
        assert once
        _, sent = self.post("/forms/ta/concern", urlencode({**answers, "do": "send", "once": once[1]}).encode())
        code = re.search(r'class="code"[^>]*>\s*([0-9 ]+)<', sent)
        assert code, sent
        return code[1]

    def written(self) -> bytes:
        """Every byte under the endpoint's folder: data, temporary files, logs, and their names."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return b"".join(str(path).encode() + path.read_bytes() for path in files)


@pytest.fixture
def start(tmp_path: Path, district: Any) -> Iterator[Callable[[], Running]]:
    portals.write(district.portal, tmp_path / "portal.json")
    folder = tmp_path / "server"
    (folder / "tmp").mkdir(parents=True)
    running: list[Running] = []

    def begin() -> Running:
        port = free_port()
        log = (folder / "log").open("ab")
        arguments = [sys.executable, "-c", RUN, tmp_path / "portal.json", folder / "data", str(port)]
        environment = {**os.environ, "TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(arguments, stdout=log, stderr=log, env=environment, cwd=folder)
        log.close()
        wait_for(port, process)
        running.append(Running(folder, port, process))
        return running[-1]

    yield begin
    for each in running:
        each.process.kill()
        each.process.wait()


def photo(size: int = 0) -> bytes:
    """A photo as a phone makes it, with what the phone writes into it; noise makes it large."""
    edge = max(64, int((size / 1.2) ** 0.5))
    camera = Image.Exif()
    camera[0x010F] = "marked-camera"
    written = io.BytesIO()
    Image.effect_noise((edge, edge), 90).convert("RGB").save(written, "JPEG", quality=95, exif=camera)
    return written.getvalue()


def multipart(content: bytes, name: str = "photos") -> tuple[bytes, str]:
    """A form with a file, as a phone sends it."""
    parts = [b'--B\r\nContent-Disposition: form-data; name="what"\r\n\r\n' + WORDS["what"].encode()]
    head = f'--B\r\nContent-Disposition: form-data; name="{name}"; filename="marked-file-name.jpg"\r\n'.encode()
    parts.append(head + b"Content-Type: image/jpeg\r\n\r\n" + content)
    return b"\r\n".join([*parts, b"--B--\r\n"]), "multipart/form-data; boundary=B"


def test_nothing_a_person_wrote_or_is_stands_on_the_disk(start: Callable[[], Running]) -> None:
    server = start()
    code = server.send(**WORDS)
    server.post("/forms/ta/concern", urlencode({**WORDS, "people": "wrong"}).encode())
    server.post("/forms/ta/answer", urlencode({"code": code}).encode())
    server.post("/forms/ta/concern", *multipart(photo()))
    server.post("/forms/ta/concern", *multipart(b"marked-bytes" + b"x" * (LARGEST_REQUEST - 2000)))
    server.post(quote("/forms/ta/marked-words-துயரம்"), b"marked-bytes")
    server.process.terminate()
    server.process.wait()
    written = server.written()
    assert b"concerns.db" in written, "the search reads what was written"
    assert [mark for mark in MARKS if mark.encode() in written] == []
    assert code.encode() not in written
    assert code.replace(" ", "").encode() not in written
    assert not re.search(rb"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}", written), "no time of day"
    assert not re.search(rb"\b127\.0\.0\.1\b", written)


def test_a_photo_never_touches_the_disk(start: Callable[[], Running]) -> None:
    """Werkzeug would spool it to a temporary file; an audit hook tells of every file opened for writing.

    And a watch on the folders tells of files that other code than Python's makes, however short they live.
    """
    server = start()
    server.post("/forms/ta/concern", urlencode(WORDS).encode())  # what is made at the first request is made now
    before = len(re.findall("opened: (.*)", (server.folder / "log").read_text()))
    large = photo(4_000_000)
    assert len(large) > LARGEST_REQUEST, "larger than what Werkzeug keeps in memory"
    seen: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.update(str(path.relative_to(server.folder)) for path in server.folder.rglob("*"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    status, page = server.post("/forms/ta/concern", *multipart(large))
    done.set()
    watcher.join()
    opened = re.findall("opened: (.*)", (server.folder / "log").read_text())
    assert status == 200
    assert WORDS["what"] in page
    assert 'name="part"' in page, "the photo was taken in"
    assert any("salt" in path for path in opened), "the hook tells"
    assert [path for path in opened[before:] if path != "/dev/null"] == []
    assert {path for path in seen if not path.startswith(("data/concerns.db", "data/signups.db"))} == {
        "data", "data/in-use", "data/salt", "log", "tmp",
    }  # fmt: skip
    assert (server.folder / "data/in-use").read_bytes() == b"", "only a lock is on it"
    assert b"marked-camera" not in server.written()


def test_every_receipt_that_was_shown_opens_its_letter_after_a_kill(
    start: Callable[[], Running], district: Any
) -> None:
    server, shown = start(), []

    def keep_sending(name: int) -> None:
        for number in range(200):
            try:
                shown.append((server.send(what=f"letter {name}-{number}"), f"letter {name}-{number}"))
            except (OSError, http.client.HTTPException):
                return

    senders = [threading.Thread(target=keep_sending, args=(name,)) for name in range(6)]
    for sender in senders:
        sender.start()
    until(lambda: len(shown) >= 200 or not any(sender.is_alive() for sender in senders))
    server.process.send_signal(signal.SIGKILL)
    for sender in senders:
        sender.join()
    again = start()
    letters = dict(fetched(again, district.identities["legal"]))
    assert len(shown) >= 200
    missing = [words for _, words in shown if words not in letters]
    assert missing == []
    for code, _ in shown[::20]:
        status, _page = again.post("/forms/en/answer", urlencode({"code": code}).encode())
        assert status == 200


def fetched(server: Running, identity: pyrage.x25519.Identity) -> Iterator[tuple[str, dict[str, Any]]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)

    def get(path: str) -> bytes:
        connection.request("GET", f"/pickup/v1/{path}", headers={"Authorization": "Bearer token-legal"})
        return connection.getresponse().read()

    for row in json.loads(get("letters"))["letters"]:
        letter = json.loads(pyrage.decrypt(get(f"letters/{row['id']}"), [identity]))
        yield letter["answers"]["what"], letter
    connection.close()


def test_ten_megabytes_get_a_page_and_not_a_broken_line(start: Callable[[], Running]) -> None:
    server = start()
    body = urlencode({"what": "marked-words-துயரம்"}).encode() + b"x" * 10_000_000
    status, page = server.post("/forms/en/concern", body)
    assert status == 413
    assert "longer than we can take" in page
    assert "marked-words" in page, "what was typed is given back"
    assert b"marked-words" not in server.written()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/forms/ta/nonsense", 404),
        ("/forms/xx/concern", 404),
        ("/forms/ta/../../etc/passwd", 404),
        ("/forms/", 404),
        ("/forms/ta/base", 404),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_not_there_is_said_in_a_page(endpoint: Any, path: str, status: int, method: str) -> None:
    answer = getattr(endpoint.client, method)(path)
    assert answer.status_code == status
    assert "<h1>" in answer.get_data(as_text=True)


BODIES = {
    "not utf-8": b"what=%FF%FE%80",
    "cp1252": b"what=caf\xe9",
    "utf-16": "what=உதவி".encode("utf-16"),
    "null bytes": b"what=%00%00",
    "no equals": b"&&&;;=",
    "empty": b"",
    "one field a thousand times": b"&".join([b"what=x"] * 1000),
    "json": b'{"what": "x"}',
}


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "multipart/form-data; boundary=B",
        "application/json",
        "",
    ],
)
@pytest.mark.parametrize("body", sorted(BODIES))
def test_broken_bytes_get_a_page_that_says_not_sent(endpoint: Any, body: str, kind: str) -> None:
    answer = endpoint.client.post("/forms/ta/concern", data=BODIES[body], content_type=kind)
    assert answer.status_code in {200, 400, 413, 422}
    assert "<main" in answer.get_data(as_text=True)
    assert endpoint.letter_ids() == []


def test_when_the_letter_box_is_away_nothing_is_lost_and_no_receipt_is_shown(
    make_endpoint: Any, tmp_path: Path
) -> None:
    away = make_endpoint(concerns_url=f"sqlite:///{tmp_path}/missing/concerns.db")
    answer = away.send("concern", "en", what="உதவி")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert "Not sent" in page
    assert 'value="உதவி"' in page
    assert 'class="code"' not in page
    back = make_endpoint()
    once = away.search(r'name="once" value="([0-9a-f]+)"', answer)
    assert back.code(back.post("concern", do="send", once=once, what="உதவி"))
    assert back.post("answer", code=receipts.with_check_digit(1)).status_code == 422


def test_a_full_disk_keeps_nothing_half_and_shows_no_receipt(endpoint: Any) -> None:
    endpoint.send("concern", what="before")
    store = state_of(endpoint.client.application).services.concerns
    with store.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    store.engine.dispose()
    event.listen(store.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages}"))
    answers = [endpoint.send("concern", what=f"after {number}") for number in range(3)]
    assert {answer.status_code for answer in answers} == {503}
    assert len(endpoint.letter_ids()) == 1


def test_an_error_report_has_no_word_of_the_person(endpoint: Any, caplog: Any, monkeypatch: Any) -> None:
    def broken(**_: Any) -> None:
        raise ValueError("marked-words-துயரம்")

    monkeypatch.setitem(endpoint.client.application.view_functions, "pages.form", broken)
    answer = endpoint.client.post("/forms/ta/concern?marked-referrer", data={"what": "marked-words"})
    assert answer.status_code == 500
    assert "marked" not in answer.get_data(as_text=True)
    assert "ValueError in" in caplog.text
    assert "marked" not in caplog.text


def test_everything_under_forms_is_never_kept_by_a_browser(endpoint: Any) -> None:
    answers = [
        endpoint.client.get("/forms/ta/concern"),
        endpoint.post("concern", what=""),
        endpoint.post("concern", what="x"),
        endpoint.send("concern", what="x"),
        endpoint.post("answer", code=receipts.with_check_digit(1)),
        endpoint.client.get("/forms/ta/nonsense"),
        endpoint.pickup("letters"),
    ]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers


def test_the_receipt_is_never_in_an_address(endpoint: Any) -> None:
    sent = endpoint.send("concern", what="x")
    code = endpoint.code(sent).replace(" ", "")
    links = re.findall(r'(?:href|action|src)="([^"]*)"', sent.get_data(as_text=True))
    assert not any(code in link.replace("%20", "") for link in links)
    assert sent.headers.get("Location") is None


def test_the_server_holds_no_key_that_opens_a_letter(endpoint: Any, district: Any) -> None:
    endpoint.send("concern", what="x")
    sealed = endpoint.pickup(f"letters/{endpoint.letter_ids()[0]}").data
    written = b"".join(path.read_bytes() for path in endpoint.data.parent.rglob("*") if path.is_file())
    assert b"AGE-SECRET-KEY" not in written
    assert encryption.is_sealed(sealed)
