"""A site laid out for an object store: each object as the server would answer it, and what is gone stays named."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from forms.core.problem import Problem
from forms.operations import static_layout
from forms.operations.cli import release_commands
from forms.operations.cli.main import portal
from forms.server.web.current import keep_state
from forms.server.web.static_site import site as static_site
from forms.web.headers import EVERYWHERE, FOR_EVER, OVER_TLS

FILES = {
    "index.html": b"<title>Welcome</title>", "404.html": b"<title>Nothing here</title>",
    "ta/index.html": "<title>முகப்பு</title>".encode() * 40, "ta/tell/index.html": b"<title>Tell</title>",
    "ta/events/calendar.ics": b"BEGIN:VCALENDAR", "ta/search/61.json": b"{}", "ta/tablet/app.webmanifest": b"{}",
    "assets/portal.1.css": b"p {}", "assets/portal.1.js": b"1", "assets/icon.svg": b"<svg/>",
    "audio/1.opus": b"OggS", "audio/1.mp3": b"ID3", "pictures/1.webp": b"RIFF", "pictures/1.jpg": b"\xff\xd8",
    "sitemap.xml": b"<urlset/>", "robots.txt": b"", "open-data.zip": b"PK", "withdrawn.json": b"[]", "sw.js": b"1",
}  # fmt: skip


@pytest.fixture
def public(tmp_path: Path) -> Path:
    public = tmp_path / "public"
    for name, data in FILES.items():
        path = public / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    page = public / "ta/index.html"
    page.with_name("index.html.gz").write_bytes(gzip.compress(page.read_bytes(), mtime=0))
    page.with_name("index.html.br").write_bytes(b"as Brotli")
    return public


def listed(folder: Path) -> Any:
    return json.loads((folder / "objects.json").read_text(encoding="utf-8"))


def test_each_object_has_the_headers_and_bytes_of_the_servers_answer(public: Path, tmp_path: Path) -> None:
    static_layout.write(public, tmp_path / "store")
    app = Flask(__name__, static_folder=None)
    keep_state(app, SimpleNamespace(public=public))  # type: ignore[arg-type]
    app.register_blueprint(static_site)
    client = app.test_client()
    found = {one["key"]: one for one in listed(tmp_path / "store")["objects"]}
    assert set(found) == set(FILES)
    for key, one in found.items():
        answer = client.get(f"/{key}", headers={"Accept-Encoding": "gzip"}, buffered=True)
        headers, data = one["headers"], (tmp_path / "store" / one["file"]).read_bytes()
        assert data == answer.data
        for name in ("Cache-Control", "Content-Encoding"):
            assert headers.get(name) == answer.headers.get(name), key
        kind = headers["Content-Type"].partition(";")[0]
        if key.endswith((".html", ".css", ".js", ".json", ".ics", ".xml", ".txt", ".svg", ".jpg")):
            assert kind == answer.headers["Content-Type"].partition(";")[0].replace("application/xml", "text/xml"), key
        assert kind != "application/octet-stream", key
        assert ("charset=utf-8" in headers["Content-Type"]) == kind.startswith("text/"), key
        assert {**EVERYWHERE, **OVER_TLS}.items() <= headers.items()
    assert found["ta/index.html"]["file"] == "gzip/ta/index.html"
    assert (tmp_path / "store/plain/ta/index.html").read_bytes() == FILES["ta/index.html"], "for hosts that compress"


def test_what_pages_need_comes_before_the_pages(public: Path, tmp_path: Path) -> None:
    static_layout.write(public, tmp_path / "store")
    keys = [one["key"] for one in listed(tmp_path / "store")["objects"]]
    last_hashed = max(place for place, key in enumerate(keys) if key.startswith(("assets/", "audio/", "pictures/")))
    first_page = min(place for place, key in enumerate(keys) if key.endswith(".html"))
    assert last_hashed < keys.index("ta/search/61.json") < first_page


def test_what_went_stays_named_until_it_comes_back(public: Path, tmp_path: Path) -> None:
    """An operator who misses one upload must still be told to delete the story that was withdrawn before it."""
    store, story = tmp_path / "store", public / "ta/stories/her/index.html"
    story.parent.mkdir(parents=True)
    story.write_text("her words")
    assert static_layout.write(public, store) == (len(FILES) + 1, 0)
    story.unlink()
    assert static_layout.write(public, store) == (len(FILES), 1)
    (public / "robots.txt").unlink()
    static_layout.write(public, store)
    assert listed(store)["gone"] == ["robots.txt", "ta/stories/her/index.html"]
    assert "her words" not in "".join(path.read_text(errors="replace") for path in store.rglob("*") if path.is_file())
    (public / "robots.txt").write_text("")
    static_layout.write(public, store)
    assert listed(store)["gone"] == ["ta/stories/her/index.html"]


def test_the_rules_of_static_hosts_say_the_same_and_overlap_nowhere(public: Path, tmp_path: Path) -> None:
    static_layout.write(public, tmp_path / "store")
    text = (tmp_path / "store/plain/_headers").read_text()
    rules = dict(re.findall(r"^(/\S+)\n((?:  .*\n)+)", text, re.M))
    for one in listed(tmp_path / "store")["objects"]:
        matching = [lines for pattern, lines in rules.items() if f"/{one['key']}".startswith(pattern.removesuffix("*"))]
        names = [line.partition(":")[0].strip() for lines in matching for line in lines.splitlines()]
        assert len(names) == len(set(names)), one["key"]
        headers = dict(line.strip().split(": ", 1) for lines in matching for line in lines.splitlines())
        if one["headers"]["Cache-Control"] != "no-cache":  # which both hosts give by themselves
            assert headers["Cache-Control"] == one["headers"]["Cache-Control"]
        assert EVERYWHERE.items() <= headers.items()
    assert FOR_EVER in rules["/assets/*"]


@pytest.mark.parametrize(
    "content", ["a file", "{}", '{"objects": [], "gone": [1]}', '{"objects": [1], "gone": []}', "["]
)
def test_a_folder_of_something_else_is_left_alone(public: Path, tmp_path: Path, content: str) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / ("letters.txt" if content == "a file" else "objects.json")).write_text(content)
    with pytest.raises(Problem, match="Name a new folder"):
        static_layout.write(public, store)
    assert [path.read_text() for path in store.iterdir()] == [content]


def test_a_folder_that_is_a_link_is_left_alone(public: Path, tmp_path: Path) -> None:
    static_layout.write(public, tmp_path / "store")
    (tmp_path / "link").symlink_to(tmp_path / "store")
    with pytest.raises(Problem, match="is a link"):
        static_layout.write(public, tmp_path / "link")


def test_a_full_disk_leaves_what_was_there(public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    static_layout.write(public, store)
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    (public / "index.html").write_text("<title>Newer</title>")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(static_layout, "copy_file", full)
    with pytest.raises(Problem, match="No space left"):
        static_layout.write(public, store)
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["public", "store"]


def test_a_compressed_copy_of_something_else_is_never_laid_out(public: Path, tmp_path: Path) -> None:
    (public / "ta/index.html.gz").write_bytes(gzip.compress(b"her words"))
    with pytest.raises(Problem, match="something else"):
        static_layout.write(public, tmp_path / "store")
    (public / "ta/index.html.gz").write_bytes(b"no gzip")
    with pytest.raises(Problem, match="something else"):
        static_layout.write(public, tmp_path / "store")


def test_the_command_lays_out_the_release_in_use(
    tmp_path: Path, build: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(release_commands, "become_owner", lambda _: None)
    build(1)
    (tmp_path / ".build").mkdir()
    (tmp_path / "portal.json").rename(tmp_path / ".build/portal.json")
    result = CliRunner().invoke(portal, ["publish", "--to", "store"])
    assert result.exit_code == 0, result.output
    assert "objects lie in store. Upload them in the order of objects.json" in result.output
    assert (tmp_path / "store/plain/en/index.html").read_text() == "<title>build 1</title>"
