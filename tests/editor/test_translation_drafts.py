"""Drafts of translations: colleagues see them and continue them; they are never on the site."""

import hashlib
import re
from pathlib import Path

import pytest
from editor.editor import Editor
from sitegen import build

from forms.core.problem import Problems
from tests.editor.conftest import Browser, browser_at
from tests.editor.test_window import CONSENT
from tests.sitegen.conftest import KEY, TODAY, Folder

PATH = "/translate/ta/rights.md"
PARTS = ["# உரிமை", "", "இரண்டு, பாதி"]


def draft(folder: Folder, name: str = "rights") -> Path:
    return folder.root / "content" / "drafts" / "ta" / f"{name}.md"


def rights_page_text(folder: Folder) -> str:
    path = folder.root / "content" / "ta" / "rights.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def boxes(page: str) -> list[str]:
    return re.findall(r'<textarea name="paragraph"[^>]*>\n?(.*?)</textarea>', page, re.S)


def states(page: str) -> list[str]:
    return re.findall(r'<small class="state state--(\w+)" id="state-', page)


def save_draft(browser: Browser, parts: list[str], status: int = 303) -> str:
    fields = {**browser.fields(PATH), "title": "உரிமை", "description": "", "paragraph": parts, "draft": "yes"}
    return browser.post(PATH, status, **fields).text


def hashes(out: Path) -> dict[str, str]:
    """The files of a built site; of the manifest all but the number of the build, which is another each time."""
    files = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    manifest = files["build-manifest.json"]
    files["build-manifest.json"] = re.sub(rb'"number": ?\d+', b"", manifest)
    assert files["build-manifest.json"] != manifest
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def test_the_site_is_the_same_to_the_byte_as_without_the_draft(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.\n\nTwo.")
    folder.page("help", "One.")
    folder.page("help", "ஒன்று.", "ta")
    before = hashes(folder.build())
    save_draft(browser, PARTS)
    fields = {**browser.fields("/translate/ta/help.md"), "title": "T", "paragraph": ["# T", "வேறு"], "draft": "yes"}
    browser.post("/translate/ta/help.md", **fields)
    assert draft(folder).exists()
    assert draft(folder, "help").exists()
    assert hashes(folder.build()) == before
    assert folder.problems() == []


def test_a_draft_keeps_the_place_of_each_paragraph_and_says_whose_it_is(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.\n\nTwo.")
    assert states(browser.get(PATH)) == ["missing"] * 3
    save_draft(browser, PARTS)
    page = browser.get(PATH)
    assert boxes(page) == PARTS
    assert states(page) == ["draft", "missing", "draft"]
    assert "A draft by M. Devi, " in page
    assert "draft" in browser.get("/translate/ta/")
    assert "drafts/ta/rights.md" in browser.get("/")
    assert rights_page_text(folder) == ""
    assert "drafts/" not in browser.get("/publish/")


def test_each_paragraph_has_its_state(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.\n\nTwo.")
    full = ["# உரிமை", "ஒன்று.", "இரண்டு."]
    browser.post(PATH, **{**browser.fields(PATH), "title": "T", "description": "", "paragraph": full, "whole": "yes"})
    assert states(browser.get(PATH)) == ["waiting"] * 3
    both = re.findall(r'name="both" value="([\w ]+)"', browser.get(PATH))[0]
    browser.post("/sign/ta/rights.md", both=both)
    assert states(browser.get(PATH)) == ["read"] * 3
    save_draft(browser, ["# உரிமை", "ஒன்று, வேறு.", "இரண்டு."])
    page = browser.get(PATH)
    assert states(page) == ["read", "draft", "read"]
    assert "M. Devi 2027-01-01 · draft" in browser.get("/translate/ta/"), "what is on the site is still what was read"
    folder.page("rights", "One.\n\nTwo, new.")
    assert states(browser.get(PATH)) == ["waiting", "draft", "stale"]


def test_what_is_finished_goes_to_the_site_and_the_draft_is_gone(
    editor: Editor, browser: Browser, folder: Folder
) -> None:
    folder.page("rights", "One.\n\nTwo.")
    save_draft(browser, PARTS)
    full = ["# உரிமை", "ஒன்று.", "இரண்டு."]
    browser.post(PATH, **{**browser.fields(PATH), "title": "T", "description": "", "paragraph": full, "whole": "yes"})
    assert "ஒன்று.\n\nஇரண்டு." in rights_page_text(folder)
    assert not draft(folder).exists()
    assert folder.problems() == []
    assert "Draft is done" in browser.get("/history/")
    id = next(entry.id for entry in editor.store.history.revisions(9) if entry.what.startswith("Draft is done"))
    browser.post(f"/history/{id}/back", path="drafts/ta/rights.md")
    assert boxes(browser.get(PATH)) == PARTS, "it can be brought back"


def test_two_who_draft_at_once_lose_nothing(editor: Editor, browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.\n\nTwo.\n\nThree.")
    save_draft(browser, ["# உ", "ஒன்று", "", "மூன்று"])
    form = browser.fields(PATH)
    other = browser_at(editor)
    save_draft(other, ["# உ", "ஒன்று", "", "மூன்று, அவர்"])
    fields = {**form, "title": "உரிமை", "description": "", "paragraph": ["# உ", "ஒன்று, நான்", "", "மூன்று"]}
    browser.post(PATH, **fields, draft="yes")
    assert boxes(browser.get(PATH)) == ["# உ", "ஒன்று, நான்", "", "மூன்று, அவர்"], "what does not touch is joined"
    answer = browser.post(PATH, 409, **{**fields, "paragraph": ["# உ", "ஒன்று, வேறு", "", "மூன்று"]}, draft="yes").text
    assert "ஒன்று, நான்" in answer
    assert "ஒன்று, வேறு" in answer
    answer = browser.post(PATH, 409, **fields, whole="yes").text
    assert "A colleague saved a draft of this page while you wrote." in answer
    assert "மூன்று, அவர்" in answer
    assert rights_page_text(folder) == ""


def test_a_draft_is_thrown_away_and_not_one_that_nobody_saw(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.\n\nTwo.")
    save_draft(browser, PARTS)
    base = browser.fields(PATH)["draft_base"]
    save_draft(browser, ["# உரிமை", "", "வேறு"])
    browser.post("/drafts/ta/rights.md/gone", 400, draft_base=base)
    assert draft(folder).exists()
    browser.post("/drafts/ta/rights.md/gone", draft_base=browser.fields(PATH)["draft_base"])
    assert not draft(folder).exists()
    assert boxes(browser.get(PATH)) == ["", "", ""]
    browser.post("/drafts/ta/rights.md/gone", draft_base="")


def test_a_draft_leads_nowhere_else(browser: Browser, folder: Folder) -> None:
    for name in ("../../portal.yml", "..%2f..%2fportal.yml", "A.md", "rights.txt"):
        browser.client.post(
            f"/drafts/ta/{name}/gone",
            data={"form_token": browser.token, "draft_base": "x"},
            headers={"Origin": "http://localhost"},
        )
    assert (folder.root / "content" / "portal.yml").exists()
    outside = folder.root / "outside"
    outside.mkdir()
    (folder.root / "content" / "drafts").symlink_to(outside)
    folder.page("rights", "One.")
    browser.post(PATH, 400, title="T", description="", paragraph=["# T"], base="", draft_base="", draft="yes")
    assert list(outside.rglob("*.md")) == []


def test_a_draft_that_cannot_be_read_as_a_page_stops_no_publishing(folder: Folder) -> None:
    path = draft(folder)
    path.parent.mkdir(parents=True)
    path.write_text("---\ntitle: [\n---\n<script>", encoding="utf-8")
    (folder.root / "content" / "drafts" / "kn").mkdir()
    (folder.root / "content" / "drafts" / "kn" / "old.md").write_text("left of a language that was taken out", "utf-8")
    assert folder.problems() == []


def test_a_story_that_is_only_drafted_waits_for_no_second_person(
    editor: Editor, browser: Browser, folder: Folder
) -> None:
    portal = folder.root / "content" / "portal.yml"
    portal.write_text(portal.read_text("utf-8") + "\nsecond_person: [pages, stories]\n", "utf-8")
    folder.page("rights", "One.\n\nTwo.")
    editor.store.record_external_changes()
    save_draft(browser, PARTS)
    assert not editor.approvals.covers("drafts/ta/rights.md", draft(folder).read_bytes())


def test_a_withdrawal_takes_the_drafts_of_that_story_along(browser: Browser, folder: Folder, editor: Editor) -> None:
    folder.table("consents", {**CONSENT, "languages": "en ta"})
    folder.page("stories/the-well", "One.\n\nTwo.", consent="the-well")
    folder.page("stories/another", "One.\n\nTwo.")
    for name in ("the-well", "another"):
        path = f"/translate/ta/stories/{name}.md"
        fields = {**browser.fields(path), "title": "கிணறு", "paragraph": ["# கிணறு", "ஒன்று"], "draft": "yes"}
        browser.post(path, **fields)
    browser.post("/consents/withdraw", consent="the-well")
    assert not draft(folder, "stories/the-well").exists()
    assert draft(folder, "stories/another").exists()
    assert "drafts/ta/stories/the-well" not in browser.get("/")
    assert "கிணறு" not in browser.get("/translate/ta/stories/the-well.md")
    assert editor.store.history.has_unrecorded_changes() is False
    path = "/translate/ta/stories/the-well.md"
    fields = {**browser.fields(path), "title": "கிணறு", "paragraph": ["# கிணறு", "ஒன்று"], "draft": "yes"}
    assert "Its consent was withdrawn." in browser.post(path, 400, **fields).text
    assert not draft(folder, "stories/the-well").exists()


def test_pages_are_written_and_translated_while_a_desk_lacks_its_key(folder: Folder, editor: Editor) -> None:
    folder.page("rights", "One.")
    editor.content_cache.keys = {"police": (KEY, "sha256:0")}
    editor.remember(name="M. Devi")
    browser = browser_at(editor)
    for path in ("/translate/", "/translate/ta/", "/recordings/ta/", "/pages/", "/pictures/"):
        assert "desk events" in browser.get(path), path
    assert "rights.md" in browser.get("/translate/ta/")
    assert "rights" in browser.get("/recordings/ta/")
    fields = {**browser.fields(PATH), "title": "T", "description": "", "paragraph": PARTS, "whole": "yes"}
    browser.post(PATH, **fields)
    assert "இரண்டு" in rights_page_text(folder)
    assert browser.client.get("/review/ta/table").status_code == 200
    assert "desk events" in browser.get("/"), "it is said where it is told what is wrong"
    assert "desk events" in browser.get("/publish/")
    with pytest.raises(Problems, match="desk events"):
        build.prepare(folder.root, keys=editor.content_cache.keys, today=TODAY)


def test_what_cannot_be_read_is_said_above_what_was_read_before(folder: Folder, browser: Browser) -> None:
    folder.page("rights", "One.")
    assert "rights.md" in browser.get("/translate/ta/")
    (folder.root / "content" / "en" / "index.md").write_text("---\ntitle: [\n---\n", "utf-8")
    page = browser.get("/translate/ta/")
    assert "rights.md" in page
    assert "content/en/index.md" in page
