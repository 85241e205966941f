"""Repositories of git as people have them: cut off, with the ends of Windows, with pointers, with names of old bytes."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from editor.editor import Editor

from forms.core.problem import Problem
from tests.editor.conftest import Browser, browser_at, make_editor
from tests.sitegen.conftest import Folder

PAGES = ("/", "/pages/en/index.md", "/history/", "/history/?path=en/index.md", "/tables/helplines/", "/publish/")
NO_SETTINGS = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
NAMED = [item for who in ("AUTHOR", "COMMITTER") for item in ((f"GIT_{who}_NAME", "x"), (f"GIT_{who}_EMAIL", "x@y"))]


def git(folder: Path, *words: str) -> str:
    env = {**os.environ, **NO_SETTINGS, **dict(NAMED)}
    return subprocess.run(["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=True).stdout


def commit(content: Path, what: str = "one") -> None:
    if not (content / ".git").exists():
        git(content, "init", "-q", "-b", "main")
    git(content, "add", "-A")
    git(content, "commit", "-qm", what)


def clone(content: Path, *how: str) -> None:
    """Let a clone stand in place of the folder."""
    origin = content.with_name("origin")
    shutil.move(content, origin)
    git(content.parent, "clone", "-q", *how, origin.as_uri(), str(content))


def open_browser(editor: Editor) -> Browser:
    editor.remember(name="M. Devi")
    return browser_at(editor)


def walk_through(browser: Browser) -> list[str]:
    """Open each page, and each entry of the history; return the entries."""
    for page in PAGES:
        browser.get(page)
    entries = re.findall(r"/history/([0-9a-f]{40})", browser.get("/history/"))
    for entry in entries:
        browser.get(f"/history/{entry}")
    return entries


def save(browser: Browser, text: str) -> None:
    browser.post("/pages/en/index.md", **{**browser.form("/pages/en/index.md"), "text": text})


@pytest.fixture
def content(folder: Folder) -> Path:
    return folder.root / "content"


def close_editor(editor: Editor) -> None:
    editor.publisher.wait()
    editor.store.history.close()


def test_a_clone_that_is_cut_off_has_a_first_entry(folder: Folder, content: Path) -> None:
    for number in ("one", "two", "three"):
        folder.page("index", number)
        commit(content, number)
    clone(content, "--depth", "1")
    editor = make_editor(folder)
    browser = open_browser(editor)
    assert len(walk_through(browser)) == 1
    save(browser, "four")
    assert len(walk_through(browser)) == 2
    assert git(content, "status", "--porcelain") == ""
    close_editor(editor)


def test_line_ends_of_windows_are_nobodys_change(folder: Folder, content: Path) -> None:
    """Git for Windows writes them into the folder, and records the others (core.autocrlf)."""
    (content / ".gitattributes").write_text("* text=auto eol=crlf\n")
    commit(content)
    clone(content)
    assert b"\r\n" in (content / "en" / "index.md").read_bytes()
    editor = make_editor(folder)
    browser = open_browser(editor)
    assert len(walk_through(browser)) == 1
    assert git(content, "status", "--porcelain") == ""
    page = content / "ta" / "index.md"
    page.write_bytes(page.read_bytes() + b"\r\nMore.\r\n")
    save(browser, "Changed here.")
    assert len(walk_through(browser)) == 3, "what another program changed, and the save"
    assert git(content, "status", "--porcelain") == ""
    assert git(content, "diff", "--stat", "HEAD~1~1", "--", "ta/index.md").count("|") == 1
    assert (
        b"\r"
        not in subprocess.run(["git", "show", "HEAD:ta/index.md"], cwd=content, capture_output=True, check=True).stdout
    )
    close_editor(editor)


def test_two_saves_of_a_page_with_ends_of_windows_are_joined(folder: Folder, content: Path) -> None:
    folder.page("index", "First.\n\nSecond.\n\nThird.")
    (content / ".gitattributes").write_text("* text=auto eol=crlf\n")
    commit(content)
    clone(content)
    editor = make_editor(folder)
    browser = open_browser(editor)
    form = browser.form("/pages/en/index.md")
    page = content / "en" / "index.md"
    page.write_bytes(page.read_bytes().replace(b"Third.", b"Third, by a colleague."))
    browser.post("/pages/en/index.md", **{**form, "text": form["text"].replace("First.", "First, by me.")})
    assert "First, by me." in page.read_text("utf-8")
    assert "Third, by a colleague." in page.read_text("utf-8")
    close_editor(editor)


def test_a_large_file_stays_the_pointer_that_git_has_of_it(folder: Folder, content: Path) -> None:
    data = b"\x89PNG and so on"
    (content / "media").mkdir()
    oid = hashlib.sha256(data).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n"
    (content / "media" / "a.png").write_text(pointer)
    commit(content)
    (content / "media" / "a.png").write_bytes(data)
    editor = make_editor(folder)
    browser = open_browser(editor)
    save(browser, "Changed here.")
    assert git(content, "show", "HEAD:media/a.png") == pointer
    close_editor(editor)


@pytest.mark.parametrize("own", [False, True])
def test_a_name_of_old_bytes_stops_nobody(folder: Folder, content: Path, own: bool) -> None:
    """As an old Windows or a stick left it: `check` says so, and everybody writes on."""
    (content / "media").mkdir()
    name = os.fsencode(content / "media") + b"/caf\xe9.jpg"
    Path(os.fsdecode(name)).write_bytes(b"x")
    if own:
        commit(content)
    editor = make_editor(folder)
    browser = open_browser(editor)
    walk_through(browser)
    assert "caf?.jpg" in browser.get("/")
    save(browser, "Changed here.")
    walk_through(browser)
    if own:
        assert git(content, "status", "--porcelain") == ""
        assert "caf" in git(content, "ls-tree", "-r", "HEAD"), "what was recorded stays"
    close_editor(editor)


def test_a_repository_of_another_format_is_a_sentence(folder: Folder, content: Path) -> None:
    git(content, "init", "-q", "--object-format=sha256")
    with pytest.raises(Problem, match="no git repository that this program reads"):
        make_editor(folder)


def test_a_change_in_the_same_moment_of_the_same_length_is_seen(folder: Folder, content: Path) -> None:
    """A stick with FAT counts time in two seconds."""
    page = content / "en" / "index.md"
    editor = make_editor(folder)
    browser = open_browser(editor)
    before = browser.form("/pages/en/index.md")["base"]
    state = page.stat()
    page.write_bytes(page.read_bytes()[:-2] + b"!\n")
    os.utime(page, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert len(walk_through(browser)) == 2
    assert browser.form("/pages/en/index.md")["base"] != before
    close_editor(editor)
