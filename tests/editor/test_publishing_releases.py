"""Where releases are in use, the same two buttons publish a release and go back one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forms.core.portal import Portal
from forms.operations.cli.main import Checkout
from forms.operations.release_place import ReleasePlace
from tests.editor.conftest import browser_at, make_editor
from tests.editor.test_window import CONSENT
from tests.operations.conftest import build, portal
from tests.sitegen.conftest import TODAY, Folder

__all__ = ["build", "portal"]


@pytest.fixture
def place(tmp_path: Path, build: Callable[..., None], portal: Portal) -> ReleasePlace:
    count = iter(range(1, 9))

    def build_next() -> tuple[Path, Path]:
        build(next(count))
        return tmp_path / "public", tmp_path / "portal.json"

    return ReleasePlace(Checkout(tmp_path, build_next, lambda _: None, lambda: TODAY))


def test_the_button_publishes_a_release_and_undo_goes_back_one_and_again_forward(
    folder: Folder, place: ReleasePlace, tmp_path: Path, request: Any
) -> None:
    editor = make_editor(folder, place)
    request.addfinalizer(editor.store.history.close)
    editor.remember(name="M. Devi")
    browser = browser_at(editor)
    published_page = tmp_path / "published/current/public/en/index.html"
    for number in (1, 2):
        form = browser.form("/pages/en/index.md")
        browser.post("/pages/en/index.md", **{**form, "text": f"# index\n\nNumber {number}."})
        assert ">Undo<" not in browser.get("/publish/")
        browser.post("/publish/")
        editor.publisher.wait()
        assert published_page.read_text() == f"<title>build {number}</title>"
        assert "Nothing: both are the same." in browser.get("/publish/")
    assert ">Undo<" in browser.get("/publish/")
    browser.post("/publish/undo")
    assert published_page.read_text() == "<title>build 1</title>"
    assert "en/index.md" in browser.get("/publish/"), "it is saved, and not on the site"
    assert "Press Undo again to come back to what is there now." in browser.get("/publish/")
    browser.post("/publish/undo")
    assert published_page.read_text() == "<title>build 2</title>"
    assert "Nothing: both are the same." in browser.get("/publish/")


def test_after_a_withdrawal_nobody_is_asked_to_copy_what_is_shown_from_here(
    folder: Folder, place: ReleasePlace, request: Any
) -> None:
    editor = make_editor(folder, place)
    request.addfinalizer(editor.store.history.close)
    folder.table("consents", CONSENT)
    browser = browser_at(editor)
    browser.post("/consents/withdraw", consent="the-well")
    page = browser.get("/tables/consents/?done=withdrawn")
    assert "It is off the site, in all languages." in page
    assert "Copy the site" not in page
