"""The built site beside the forms: files of the site only, each language's own 404 page."""

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forms.web.file_types import content_type


@pytest.fixture
def site(make_endpoint: Callable[..., Any], tmp_path: Path) -> Any:
    public = tmp_path / "public"
    for path, text in {
        "index.html": "root", "404.html": "not here", "ta/index.html": "ta", "ta/404.html": "இங்கே இல்லை",
        "ta/signs/index.html": "signs", "assets/portal.css": "x",
    }.items():  # fmt: skip
        (public / path).parent.mkdir(parents=True, exist_ok=True)
        (public / path).write_text(text, encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret")
    return make_endpoint(public=public)


@pytest.mark.parametrize(
    ("path", "text"), [("/", "root"), ("/ta/", "ta"), ("/ta/signs/", "signs"), ("/assets/portal.css", "x")]
)
def test_pages(site: Any, path: str, text: str) -> None:
    answer = site.client.get(path, buffered=True)
    assert answer.get_data(as_text=True) == text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_folder_without_its_slash(site: Any) -> None:
    assert site.client.get("/ta/signs", buffered=True).headers["Location"].endswith("/ta/signs/")


@pytest.mark.parametrize(
    ("path", "text"), [("/ta/none/", "இங்கே இல்லை"), ("/none", "not here"), ("/xx/none/", "not here")]
)
def test_what_is_not_there(site: Any, path: str, text: str) -> None:
    answer = site.client.get(path, buffered=True)
    assert (answer.status_code, answer.get_data(as_text=True)) == (404, text)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/ta/../../secret.txt",
        "/%2e%2e/secret.txt",
        "//etc/passwd",
        "/ta/%00",
        "/..%2fserver",
    ],
)
def test_nothing_outside_can_be_reached(site: Any, path: str) -> None:
    answer = site.client.get(path, follow_redirects=True, buffered=True)
    assert answer.status_code == 404
    assert "secret" not in answer.get_data(as_text=True)


def test_styles_are_kept_and_pages_asked_for_again(site: Any) -> None:
    assert "immutable" in site.client.get("/assets/portal.css", buffered=True).headers["Cache-Control"]
    assert site.client.get("/ta/", buffered=True).headers["Cache-Control"] == "no-cache"


def test_a_phone_gets_the_smallest_copy_it_understands(site: Any, tmp_path: Path) -> None:
    (tmp_path / "public/ta/index.html.br").write_bytes(b"small")
    (tmp_path / "public/ta/index.html.gz").write_bytes(b"smaller than plain")
    for understood, body in (("br, gzip", b"small"), ("gzip", b"smaller than plain"), ("br;q=0", b"ta"), ("", b"ta")):
        answer = site.client.get("/ta/", headers={"Accept-Encoding": understood}, buffered=True)
        assert answer.data == body
        assert answer.mimetype == "text/html"
        assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path", ["/ta/" + "a" * 300, "/" + "a" * 300 + "/", "/ta/" + "a" * 254, "/ta/" + "க" * 90, "/ta/" + "a/" * 3000]
)
def test_an_address_longer_than_any_files_name_is_not_there(site: Any, path: str) -> None:
    answer = site.client.get(path, follow_redirects=True, buffered=True)
    assert answer.status_code == 404
    assert "text/html" in answer.headers["Content-Type"]


def test_a_page_that_is_not_there_is_shown_whole(site: Any) -> None:
    answer = site.client.get("/ta/none/", headers={"Range": "bytes=0-2"}, buffered=True)
    assert (answer.status_code, answer.get_data(as_text=True)) == (404, "இங்கே இல்லை")
    assert site.client.get("/ta/none/", headers={"Range": "bytes=9999-"}, buffered=True).status_code == 404


def test_a_part_of_a_file_is_given_where_it_is_asked_for_rightly(site: Any) -> None:
    answer = site.client.get("/ta/signs/", headers={"Range": "bytes=1-2"}, buffered=True)
    assert (answer.status_code, answer.data, answer.headers["Content-Range"]) == (206, b"ig", "bytes 1-2/5")
    for other in ("items=0-1", "bytes=3-1", "bytes=0-1,3-4", "bytes", "bytes=x-"):  # RFC 9110, 14.2: passed over
        answer = site.client.get("/ta/signs/", headers={"Range": other}, buffered=True)
        assert (answer.status_code, answer.data) == (200, b"signs"), other
    answer = site.client.get("/ta/signs/", headers={"Range": "bytes=9-"}, buffered=True)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, "bytes */5")


def test_a_refused_method_names_those_that_are_not(site: Any) -> None:
    """RFC 9110, section 15.5.6."""
    for path, method in (("/ta/", "POST"), ("/forms/ta/concern", "PUT"), ("/pickup/v1/letters", "DELETE")):
        answer = site.client.open(path, method=method)
        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"], path
        assert answer.headers.get_all("Content-Type") == ["text/html; charset=utf-8"], path


@pytest.mark.parametrize("name", ["a.ics", "a.webp", "a.opus", "a.avif", "a.webmanifest", "a.js"])
def test_a_file_has_the_same_type_on_every_machine(site: Any, tmp_path: Path, name: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(mimetypes, "_db", mimetypes.MimeTypes())  # a machine that knows only what Python knows
    (tmp_path / "public" / name).write_bytes(b"x")
    assert site.client.get(f"/{name}", buffered=True).headers["Content-Type"] == content_type(name)
