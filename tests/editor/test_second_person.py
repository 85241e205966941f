"""What portal.yml names is published only after somebody has read it who did not write it."""

import re
import threading
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
import yaml
from editor.editor import Editor
from editor.publishing import Folder as PublicFolder

from tests.editor.conftest import Browser, browser_at
from tests.editor.test_window import CONSENT
from tests.sitegen.conftest import ROWS, Folder, refusal

__all__ = ["refusal"]


@pytest.fixture
def gated(editor: Editor, folder: Folder) -> Browser:
    """A browser at the editor of a district that asks for a second person, and has published before."""
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(
        yaml.safe_dump({**settings, "second_person": ["stories", "helplines", "consents"]}, allow_unicode=True), "utf-8"
    )
    editor.remember(name="M. Devi")
    browser = browser_at(editor)
    assert folder.problems() == []
    publish(browser, editor)
    return browser


def publish(browser: Browser, editor: Editor, status: int = 303) -> str:
    answer = browser.post("/publish/", status)
    editor.publisher.wait()
    return answer.text


def mark_called(browser: Browser) -> None:
    browser.post("/helplines/called", id="112")


def waiting(browser: Browser) -> dict[str, str]:
    """Return the ids of the changes that wait, by file."""
    html = browser.get("/approve/")
    return dict(
        map(reversed, re.findall(r'name="id" value="(\w*)"><button class="button" name="path" value="([^"]*)"', html))
    )  # type: ignore[arg-type]


def agree(browser: Browser, editor: Editor, who: str, path: str = "tables/helplines.csv", status: int = 303) -> str:
    editor.remember(name=who)
    id = waiting(browser).get(path, "0" * 40)
    return unescape(browser.post("/approve/", status, path=path, id=id).text)


def test_a_helpline_waits_for_a_second_person(gated: Browser, editor: Editor) -> None:
    mark_called(gated)
    assert "for a second person to read" in gated.get("/")
    assert "A second person must read this" in publish(gated, editor, 400)
    assert waiting(gated) == {}, "she wrote it herself, so that she is not asked"
    assert "Nobody agrees to what they wrote themselves." in gated.get("/approve/")
    assert "tables/helplines.csv" in agree(gated, editor, "m.  DEVI", status=400)
    publish(gated, editor, 400)
    agree(gated, editor, "A. Kumar")
    publish(gated, editor)
    assert "Nothing: both are the same." in gated.get("/publish/")
    assert "for a second person to read" not in gated.get("/")


@pytest.mark.parametrize("name", ["M. De\u200bvi", "\u202aM. Devi\u202c", "\uff2d. \uff24evi", "M Devi", "M. Devi."])
def test_a_name_that_looks_the_same_is_the_same_person(gated: Browser, editor: Editor, name: str) -> None:
    mark_called(gated)
    agree(gated, editor, name, status=400)
    publish(gated, editor, 400)


@pytest.mark.parametrize("name", ["M. Devi <m@example.org>", "m.  devi", "editor"])
def test_no_way_to_write_a_name_makes_two_persons_of_one(gated: Browser, editor: Editor, name: str) -> None:
    editor.remember(name=name)
    mark_called(gated)
    agree(gated, editor, name, status=400)
    publish(gated, editor, 400)


@pytest.mark.parametrize("name", ["?", "<>", "  ", "12"])
def test_a_name_without_a_letter_is_none(browser: Browser, name: str) -> None:
    """The history says ? for what another program changed, to which everybody may agree."""
    browser.post("/who", 400, name=name)


def test_an_edit_after_it_was_read_waits_again(gated: Browser, editor: Editor, folder: Folder) -> None:
    mark_called(gated)
    agree(gated, editor, "A. Kumar")
    editor.remember(name="M. Devi")
    path = "/tables/helplines/row?key=112"
    row = {**ROWS["helplines"][0], "for_en": "Other"}
    gated.post("/tables/helplines/row", base=gated.base(path), key="112", **row)
    publish(gated, editor, 400)


def test_what_was_read_is_what_is_agreed_to(gated: Browser, editor: Editor, folder: Folder) -> None:
    mark_called(gated)
    editor.remember(name="A. Kumar")
    id = waiting(gated)["tables/helplines.csv"]
    folder.csv("helplines").write_text(folder.csv("helplines").read_text("utf-8").replace("Danger", "Other"), "utf-8")
    assert "It was changed" in gated.post("/approve/", 400, path="tables/helplines.csv", id=id).text
    publish(gated, editor, 400)


def test_where_two_wrote_each_reads_what_the_other_did(gated: Browser, editor: Editor) -> None:
    mark_called(gated)
    editor.remember(name="A. Kumar")
    path = "/tables/helplines/row?key=112"
    gated.post("/tables/helplines/row", base=gated.base(path), key="112", **{**ROWS["helplines"][0], "for_en": "Other"})
    agree(gated, editor, "A. Kumar")
    publish(gated, editor, 400)
    agree(gated, editor, "A. Kumar", status=400)
    agree(gated, editor, "M. Devi")
    publish(gated, editor)


def test_what_another_program_changed_waits_too(gated: Browser, editor: Editor, folder: Folder) -> None:
    folder.row("helplines", for_en="Written with Excel")
    publish(gated, editor, 400)
    agree(gated, editor, "M. Devi")
    publish(gated, editor)


def test_a_story_waits_in_each_language_and_another_page_does_not(
    gated: Browser, editor: Editor, folder: Folder
) -> None:
    folder.page("help", "Help.")
    publish(gated, editor)
    for language in ("en", "ta"):
        folder.page("stories/the-well", "She dug.", language, draft="true")
    publish(gated, editor, 400)
    assert set(waiting(gated)) == {"en/stories/the-well.md", "ta/stories/the-well.md"}
    agree(gated, editor, "A. Kumar", "en/stories/the-well.md")
    publish(gated, editor, 400)
    agree(gated, editor, "A. Kumar", "ta/stories/the-well.md")
    publish(gated, editor)


def test_a_file_that_was_taken_away_waits_too(gated: Browser, editor: Editor, folder: Folder) -> None:
    folder.page("stories/the-well", "She dug.", draft="true")
    gated.get("/")
    agree(gated, editor, "A. Kumar", "en/stories/the-well.md")
    publish(gated, editor)
    (folder.root / "content" / "en" / "stories" / "the-well.md").unlink()
    publish(gated, editor, 400)
    agree(gated, editor, "A. Kumar", "en/stories/the-well.md")
    publish(gated, editor)


def test_a_withdrawal_waits_for_nobody(gated: Browser, editor: Editor, folder: Folder) -> None:
    folder.table("consents", CONSENT)
    gated.get("/")
    agree(gated, editor, "A. Kumar", "tables/consents.csv")
    publish(gated, editor)
    gated.post("/consents/withdraw", consent="the-well")
    publish(gated, editor)
    folder.table(
        "consents", {**CONSENT, "withdrawn_on": "2027-01-01"}, {**CONSENT, "id": "other", "story": "stories/other"}
    )
    publish(gated, editor, 400)


def test_nothing_slips_into_a_build_that_has_begun(gated: Browser, editor: Editor, folder: Folder) -> None:
    """What was not read must not be in it only because it was saved a moment after the button."""
    begun, go_on = threading.Event(), threading.Event()
    place = editor.publisher.destination
    assert isinstance(place, PublicFolder)
    build = place.build

    def slowly(out: Path) -> None:
        begun.set()
        assert go_on.wait(120)
        build(out)

    place.build = slowly
    gated.post("/publish/")
    assert begun.wait(120)
    before = folder.csv("helplines").read_bytes()
    page = gated.post("/helplines/called", 400, id="112").text
    form = gated.form("/pages/en/index.md")
    gated.post("/pages/en/index.md", **{**form, "text": "# index\n\nOther pages go on."})
    go_on.set()
    editor.publisher.wait()
    assert "is being published just now" in page
    assert folder.csv("helplines").read_bytes() == before
    mark_called(gated)


def test_a_damaged_memory_asks_again(gated: Browser, editor: Editor) -> None:
    mark_called(gated)
    agree(gated, editor, "A. Kumar")
    for damage in ("{", "[]", '{"tables/helplines.csv": 1}', '{"tables/helplines.csv": {"x": 1}}'):
        (editor.memory / "approvals.json").write_text(damage)
        publish(gated, editor, 400)
    agree(gated, editor, "A. Kumar")
    publish(gated, editor)


def test_where_portal_yml_asks_for_nobody_nothing_waits(browser: Browser, editor: Editor, folder: Folder) -> None:
    mark_called(browser)
    publish(browser, editor)
    assert "Nothing waits." in browser.get("/approve/")


def test_a_word_that_names_nothing_is_a_sentence(folder: Folder, refusal: Callable[[], str]) -> None:
    path = folder.root / "content" / "portal.yml"
    path.write_text(path.read_text("utf-8") + "\nsecond_person: [storys]\n", "utf-8")
    assert "second_person" in refusal()
