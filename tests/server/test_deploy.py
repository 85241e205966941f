"""The servers of deploy/, really run: nothing of a person stands in anything that nginx or gunicorn writes."""

import gzip
import http.client
import os
import re
import runpy
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from forms.core import form_schema
from forms.core import portal as portals
from forms.core.problem import Problem
from forms.server.config import from_environment, read
from forms.server.store.concerns.concern_store import ConcernStore
from forms.web.file_types import content_type
from forms.web.headers import EVERYWHERE, FORM_PAGES

from .deployed import DEPLOY, Served, gunicorn, nginx
from .test_never_broken import MARKS, WORDS, multipart, photo

MARKED = {
    "X-Forwarded-For": "203.0.113.77",
    "User-Agent": "MarkedAgent/1.0",
    "Referer": "http://marked-referrer.example/",
}
PAGE = "<h1>Tamil home</h1>"
ENDINGS = (".ics", ".opus", ".mp3", ".mp4", ".webm", ".avif", ".webp", ".jpg", ".png", ".svg", ".css", ".js", ".json", ".webmanifest",
           ".xml", ".txt", ".zip", ".pdf", ".sig")  # fmt: skip
"""Of all files that a built site can hold, beside pages."""


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built site in small."""
    folder = tmp_path_factory.mktemp("public")
    files = {"ta/index.html": PAGE, "404.html": "not here", "ta/404.html": "இங்கே இல்லை", "away.html": "away",
             "ta/away.html": "Not sent, in Tamil", "ta/stories/the-advance/index.html": PAGE, "assets/a.css": "a{}", "sat-Olck/tell/index.html": PAGE,
             "sat-Olck/404.html": "Santali: not here", "sat-Olck/away.html": "Santali: not sent", "too-large.html": "too large",
             "ta/too-large.html": "Too large, in Tamil", **{f"files/a{ending}": "x" for ending in ENDINGS}}  # fmt: skip
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, district: Any, public: Path) -> Iterator[list[Served]]:
    """nginx before gunicorn; gunicorn alone where there is no nginx. The first is what people reach."""
    folder = tmp_path_factory.mktemp("deployed")
    portals.write(district.portal, folder / "portal.json")
    running = [gunicorn(folder / "made", folder / "portal.json")]
    front = nginx(folder / "made", public, running[0].port)
    assert front or not os.environ.get("CI"), "CI must have nginx: see tests/browser.py"
    if front:
        running.insert(0, front)
    yield running
    for each in running:
        each.stop()


def ask(served: list[Served], method: str, path: str, body: Any = b"", **headers: str) -> tuple[int, Any, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", served[0].port, timeout=300)
    try:
        connection.request(method, path, body or None, {**MARKED, **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def open_files(served: list[Served]) -> Iterator[str]:
    """Files in the servers' folder that they hold open, those that were unlinked at once too (Linux tells)."""
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):
            for link in folder.iterdir():
                with suppress(OSError):
                    target = link.readlink()
                    if target.is_relative_to(served[0].folder):
                        yield str(target.relative_to(served[0].folder))


def written(served: list[Served]) -> bytes:
    files = [path for path in served[0].folder.rglob("*") if path.is_file()]
    return b"".join(str(path).encode() + path.read_bytes() for path in files)


def test_a_marked_concern_with_a_photo_leaves_no_mark_anywhere(served: list[Served]) -> None:
    seen: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.update(str(path.relative_to(served[0].folder)) for path in served[0].folder.rglob("*"))
            seen.update(open_files(served))

    watcher = threading.Thread(target=watch)
    watcher.start()
    body, kind = multipart(photo(4_000_000))
    status, _, page = ask(
        served, "POST", "/forms/ta/concern", slowly(body), **{"Content-Type": kind, "Content-Length": str(len(body))}
    )
    assert status == 200, page
    text = page.decode()
    once = re.search(r'name="once" value="([0-9a-f]+)"', text)
    part = re.search(r'name="part" value="([^"]+)"', text)
    assert once
    assert part, "the photo was taken in"
    form = "&".join(
        [*(f"{name}={value}" for name, value in WORDS.items()), f"once={once[1]}", f"part={part[1]}", "do=send"]
    )
    status, _, page = ask(
        served, "POST", "/forms/ta/concern", form.encode(), **{"Content-Type": "application/x-www-form-urlencoded"}
    )
    code = re.search(r'class="code"[^>]*>\s*([0-9 ]+)<', page.decode())
    assert code, page.decode()
    ask(served, "POST", "/forms/ta/concern", b"marked-bytes" * 90_000)
    ask(served, "GET", "/forms/ta/marked-referrer")
    ask(served, "GET", "/ta/marked-referrer/")
    raw_request(served, b"GET /marked-bytes HTTP/9.9\r\nMarkedAgent\r\n\r\n")
    done.set()
    watcher.join()
    found = written(served)
    assert b"concerns.db" in found
    assert [mark for mark in MARKS if mark.encode() in found] == []
    assert code[1].encode() not in found
    assert code[1].replace(" ", "").encode() not in found
    data = [path for path in seen if path.startswith("data/") and "salt" not in path and path != "data/in-use"]
    assert all(re.fullmatch(r"data/(concerns|signups)\.db(-wal|-shm|-journal)?", path) for path in data), data
    assert [path for path in seen if path.startswith(("tmp/", "front/")) and path.count("/") > 1] == [], (
        "nothing spooled"
    )


def slowly(body: bytes) -> Iterator[bytes]:
    """As a phone sends it: whoever wants to write it to a disk has time for it, and whoever watches too."""
    for start in range(0, len(body), len(body) // 8):
        yield body[start : start + len(body) // 8]
        time.sleep(0.05)  # so that a watcher has time too; none is needed where nothing is written


def raw_request(served: list[Served], text: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served[0].port, timeout=120)
    connection.connect()
    assert connection.sock
    connection.sock.sendall(text)
    connection.sock.recv(4096)
    connection.close()


def test_no_log_has_an_address_or_a_time_of_a_request(served: list[Served]) -> None:
    ask(served, "GET", "/forms/ta/concern")
    raw_request(served, b"nonsense\r\n\r\n")
    logs = b"".join(path.read_bytes() for path in served[0].folder.glob("*.log"))
    assert b"127.0.0.1" not in logs
    assert b"/forms" not in logs


def test_the_largest_letter_passes_and_more_is_said_in_the_persons_language(served: list[Served]) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, page = ask(served, "POST", "/forms/ta/concern", b"what=" + b"x" * 2_000_000, **kind)
    assert status == 413
    assert b'lang="ta"' in page


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/forms/ta/concern", "Too large, in Tamil"),
        ("/forms/xy/concern", "too large"),
        ("/forms/sat-Olck/concern", "too large"),
        ("/ta/tell/", "Too large, in Tamil"),
        ("/nothing", "too large"),
    ],
)
def test_a_body_that_nginx_does_not_take_gets_a_page_of_ours(served: list[Served], path: str, message: str) -> None:
    """Before, it said to try again, which never helped, or was nginx's own page, in English."""
    if len(served) == 1:
        return
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(25 * 1024 * 1024)}
    status, headers, body = ask(served, "POST", path, b"", **kind)
    assert (status, body.decode(), headers["Cache-Control"]) == (413, message, "no-store")


def test_a_release_of_before_that_page_shows_the_one_that_it_has(tmp_path: Path, served: list[Served]) -> None:
    older = tmp_path / "public"
    for name, text in {"away.html": "away", "ta/away.html": "Not sent, in Tamil"}.items():
        (older / name).parent.mkdir(parents=True, exist_ok=True)
        (older / name).write_text(text)
    front = nginx(tmp_path / "made", older, 1)
    if front is None:
        assert len(served) == 1
        return
    try:
        kind = {"Content-Length": str(25 * 1024 * 1024)}
        assert ask([front], "POST", "/forms/ta/concern", b"", **kind)[::2] == (413, b"Not sent, in Tamil")
        assert ask([front], "POST", "/forms/xy/concern", b"", **kind)[::2] == (413, b"away")
    finally:
        front.stop()


def test_nginx_says_what_the_endpoint_says_in_its_headers(served: list[Served]) -> None:
    """Word for word in the file, so that a page of the built site and a page of the forms are kept alike."""
    text = (DEPLOY / "portal-places.conf").read_text()
    static = text[text.index("location / {") :].split("\n}", 1)[0]
    stated = dict(re.findall(r'add_header (\S+) "([^"]+)" always;', static))
    assert {name: stated.get(name) for name in EVERYWHERE} == EVERYWHERE
    status, headers, _ = ask(served, "GET", "/forms/ta/concern")
    assert status == 200
    for name, value in EVERYWHERE.items():
        assert headers.get_all(name) == [value], "once"
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers


def test_nginx_and_the_endpoint_never_keep_the_same_pages() -> None:
    """The pages of the forms' definitions: a new form's page cannot be forgotten in one of the two."""
    [kept_out] = re.findall(r'"~\^/[^"]*/\(([a-z|-]+)\)/" "no-store"', (DEPLOY / "nginx.conf").read_text())
    assert {*kept_out.split("|")} == {form.page for form in form_schema.load_all() if form.page}
    for name in kept_out.split("|"):
        assert re.match(FORM_PAGES, f"/ta/{name}/")
        assert re.match(FORM_PAGES, f"/zh-Hant/{name}/")
    assert not re.match(FORM_PAGES, "/ta/rights/")


def test_a_language_with_a_script_in_its_code_is_served_like_any_other(served: list[Served]) -> None:
    if len(served) == 1:
        return
    status, headers, _ = ask(served, "GET", "/sat-Olck/tell/")
    assert (status, headers["Cache-Control"]) == (200, "no-store"), "Back must not show what was typed"
    for path in ("/sat-Olck/nothing/", "/sat-Olck/a/b"):
        status, headers, body = ask(served, "GET", path)
        assert (status, body.decode()) == (404, "Santali: not here")
        for name, value in EVERYWHERE.items():
            assert headers.get_all(name) == [value]


@pytest.mark.parametrize("path", ["/xy/nothing/", "/xy-Abcd/", "/my-page/", "/css/a", "/nothing"])
def test_a_missing_page_of_no_language_is_the_sites_own_page(served: list[Served], path: str) -> None:
    if len(served) == 1:
        return
    status, headers, body = ask(served, "GET", path)
    assert (status, body.decode()) == (404, "not here")
    for name, value in EVERYWHERE.items():
        assert headers.get_all(name) == [value]


@pytest.mark.parametrize(
    ("method", "path", "expected"), [("GET", "/ta/stories/", 404), ("GET", "/assets/", 404), ("POST", "/ta/", 405)]
)
def test_nginx_shows_no_page_of_its_own(served: list[Served], method: str, path: str, expected: int) -> None:
    """A folder without a page (an address that somebody cut short) and a form sent to a page."""
    if len(served) == 1:
        return
    status, headers, body = ask(served, method, path)
    assert (status, body.decode()) == (expected, "இங்கே இல்லை" if path.startswith("/ta/") else "not here")
    for name, value in EVERYWHERE.items():
        assert headers.get_all(name) == [value]


def test_the_site_is_served_small_and_kept_as_long_as_it_may(served: list[Served]) -> None:
    if len(served) == 1:  # gunicorn alone shows no site
        assert ask(served, "GET", "/ta/")[0] == 404
        return
    status, headers, body = ask(served, "GET", "/ta/", **{"Accept-Encoding": "gzip"})
    assert (status, headers["Content-Encoding"], gzip.decompress(body).decode()) == (200, "gzip", PAGE)
    assert headers["Cache-Control"] == "no-cache"
    for name, value in EVERYWHERE.items():
        assert headers.get_all(name) == [value]
    assert "immutable" in ask(served, "GET", "/assets/a.css")[1]["Cache-Control"]
    status, _, body = ask(served, "GET", "/ta/nothing/")
    assert (status, body.decode()) == (404, "இங்கே இல்லை")
    assert "nginx/" not in str(headers["Server"])


@pytest.mark.parametrize("ending", ENDINGS)
def test_nginx_names_the_type_by_which_a_phone_knows_a_file(served: list[Served], ending: str) -> None:
    """Debian's list of types has no calendars: a phone saved the file and offered no calendar."""
    if len(served) == 1:
        return
    sent_type = ask(served, "GET", f"/files/a{ending}")[1]["Content-Type"].replace(
        "application/javascript", "text/javascript"
    )
    expected = content_type(f"a{ending}")
    assert sent_type.partition(";")[0] == expected.partition(";")[0]
    if ending != ".css":  # a style has the encoding of its page
        assert sent_type == expected


def test_what_a_proxy_hands_on_is_small_too(served: list[Served]) -> None:
    if len(served) == 1:
        return
    headers = ask(served, "GET", "/ta/", **{"Accept-Encoding": "gzip", "Via": "1.1 proxy"})[1]
    assert headers["Content-Encoding"] == "gzip"


def test_a_folder_without_its_slash_leads_on_at_the_same_name_and_port(served: list[Served]) -> None:
    """What is before nginx may listen elsewhere, or take TLS off: only the browser knows how it came."""
    if len(served) == 1:
        return
    status, headers, _ = ask(served, "GET", "/ta/stories/the-advance", Host="portal.example:8443")
    assert (status, headers["Location"]) == (301, "/ta/stories/the-advance/")


def test_an_address_in_letters_that_nobody_encoded_gets_the_sites_page(served: list[Served]) -> None:
    if len(served) == 1:
        return
    with socket.create_connection(("127.0.0.1", served[0].port), 300) as line:
        line.sendall("GET /ta/உதவி/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert answer.endswith("இங்கே இல்லை".encode())


def test_while_the_forms_are_away_nginx_says_not_sent_in_the_persons_language(
    tmp_path: Path, public: Path, served: list[Served]
) -> None:
    front = nginx(tmp_path, public, 1)  # nothing listens there
    if front is None:
        assert len(served) == 1
        return
    try:
        status, headers, body = ask([front], "POST", "/forms/ta/concern", b"what=marked-words")
        assert (status, body.decode(), headers["Cache-Control"]) == (503, "Not sent, in Tamil", "no-store")
        assert ask([front], "PUT", "/forms/sealed/v1/letters/0", b"x")[0] == 503
        for path, message in {
            "sat-Olck/concern": "Santali: not sent",
            "xy/concern": "away",
            "xy-Abcd/tell": "away",
        }.items():
            status, headers, body = ask([front], "POST", f"/forms/{path}", b"what=marked-words")
            assert (status, body.decode(), headers["Cache-Control"]) == (503, message, "no-store")
    finally:
        front.stop()
    assert b"marked-words" not in written([front])


# Settings from the environment


def test_settings_come_from_variables() -> None:
    found = from_environment(
        {"PORTAL_DATA": "/d", "PORTAL_PORTAL": "/p", "PORTAL_BUDGET": "5", "PORTAL_BIND": "x", "HOME": "/"}
    )
    assert found == {"data": "/d", "portal": "/p", "budget": 5}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", " ", "\t"])
def test_the_end_of_a_line_is_no_part_of_a_setting(end: str) -> None:
    """kubernetes 23404, docker-hedgedoc 31, docs 25799: here a new, empty data folder "/d\\r" was made, with a salt of its own."""
    found = from_environment(
        {"PORTAL_DATA": f"/d{end}", "PORTAL_BUDGET": f"5{end}", "PORTAL_CONCERNS_URL": f"sqlite:///{end}"}
    )
    assert found == {"data": "/d", "budget": 5, "concerns_url": "sqlite:///"}


def test_a_setting_goes_on_working_under_its_former_name(tmp_path: Path) -> None:
    found = from_environment({"PORTAL_DATA": str(tmp_path), "PORTAL_PORTAL": "/p", "PORTAL_CALM": "7"})
    assert read(found).flood_threshold == 7


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"PORTAL_DATEN": "/d"},
            "variable PORTAL_DATEN: is not known. There are: PORTAL_BUDGET, PORTAL_CONCERNS_URL",
        ),
        ({"PORTAL_BUDGET": "4 GB"}, "variable PORTAL_BUDGET: is no number. Write digits only"),
        ({"PORTAL_FLOOD_THRESHOLD": "0"}, "variable PORTAL_FLOOD_THRESHOLD: is no number"),
        ({"PORTAL_COST": "1"}, "variable PORTAL_COST: is not known"),
        *(
            ({"PORTAL_DATA": text}, "variable PORTAL_DATA: is written as only a shell would read it. Write it without")
            for text in (
                '"/var/lib/portal"',
                "'/var/lib/portal'",
                "~/portal",
                "/var/lib\r\n/portal",
                "/var/lib/portal\u200b",
            )
        ),
    ],
)
def test_a_wrong_variable_is_said_in_a_sentence(variables: dict[str, str], message: str) -> None:
    with pytest.raises(Problem) as raised:
        from_environment(variables)
    assert str(raised.value).startswith(message)


def test_gunicorn_does_not_start_on_a_wrong_setting_and_says_which(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended at once"):
        gunicorn(tmp_path, tmp_path / "nothing.json")
    log = (tmp_path / "gunicorn.log").read_text()
    assert "The portal does not start." in log
    assert "nothing.json: is not there. Build the site first" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("workers", ["many", "0", "2.5"])
def test_a_number_of_workers_that_is_none_is_said_in_a_sentence(monkeypatch: Any, workers: str) -> None:
    monkeypatch.setenv("PORTAL_WORKERS", workers)
    with pytest.raises(SystemExit) as raised:
        runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))
    assert "The portal does not start. variable PORTAL_WORKERS: is no number. Write digits only" in str(raised.value)


def test_a_folder_in_place_of_the_portals_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"cannot be read .* Name the file .build/portal.json"):
        portals.read(tmp_path)


@pytest.mark.parametrize("url", ["concerns", "postgresql+nothing://portal:secret@/concerns"])
def test_the_address_of_a_database_that_is_none_is_said_without_its_password(url: str) -> None:
    with pytest.raises(Problem, match="The address of a database cannot be read") as raised:
        ConcernStore(url)
    assert "secret" not in str(raised.value)


def test_the_service_is_hardened() -> None:
    unit = (DEPLOY / "portal.service").read_text()
    for line in ("PrivateTmp=yes", "LimitCORE=0", "MemorySwapMax=0", "MemoryMax=", "StandardOutput=null"):
        assert f"\n{line}" in unit


def test_nginx_has_no_reason_to_write_a_body_to_a_disk() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    sizes = dict(re.findall(r"(client_max_body_size|client_body_buffer_size) (\w+);", text))
    assert len(set(sizes.values())) == 1
    for line in (
        "access_log off;",
        "error_log /dev/null crit;",
        "proxy_max_temp_file_size 0;",
        "client_body_in_file_only off;",
    ):
        assert line in text
