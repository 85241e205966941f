"""The built site beside the forms: files of the site only, each language's own 404 page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


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
