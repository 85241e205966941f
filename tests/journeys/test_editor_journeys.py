"""Whole journeys through the editor in a real browser: what staff do in a week, and two of them at once.

What each step writes is read in content/, and what is published on the site that a real build has made.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from editor.editor import Editor
from editor.publishing import Destination
from editor.publishing import Folder as PublicFolder
from editor.window.app import create_window
from playwright.sync_api import expect
from sitegen.publish.withdrawals import withdrawal

from forms.web.local.entrance import entrance_of
from forms.web.local.running import run
from tests.editor.conftest import folder, kept_tables, make_editor, seal_cache
from tests.editor.office_helpers import PASSPHRASE, Place
from tests.editor.test_publishing_remote import District, district
from tests.editor.test_window import CONSENT
from tests.journeys.test_office import phone, served
from tests.journeys.walking import wait_for_address
from tests.sitegen.conftest import TODAY, Folder

__all__ = ["district", "folder", "kept_tables", "seal_cache"]

SAVED = "It is not on the site before somebody publishes."


def site_place(folder: Folder) -> Destination:
    """Where the site that a real build has made is published, as a folder of this machine."""
    return PublicFolder(
        folder.root / "public",
        lambda _: folder.build(),
        lambda out: withdrawal.purge(out, folder.root / "content", TODAY),
        is_live=True,
    )


@pytest.fixture
def editor(folder: Folder) -> Iterator[Editor]:
    """An editor that builds and withdraws as the program does."""
    writing = make_editor(folder, site_place(folder))
    write_day = writing.withdraw

    def withdraw(name: str) -> None:
        write_day(name)
        withdrawal.purge(folder.root / "public", folder.root / "content", TODAY)

    writing.withdraw = withdraw
    yield writing
    writing.publisher.wait()
    writing.store.history.close()


@contextmanager
def open_window(browser: Any, editor: Editor) -> Iterator[Any]:
    """A browser that has come in by the address which the program shows."""
    app = create_window(editor)
    window = run(app, entrance_of(app))
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(window.enter)
    yield page
    assert page.faults == []
    context.close()
    window.stop()


def open_from_bar(page: Any, name: str) -> None:
    """Follow a link of the bar that stands on every page."""
    page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", level=1).wait_for()


def press(page: Any, name: str) -> None:
    """Press a button of the page, and meet the page that answers whole."""
    with page.expect_navigation(wait_until="load"):
        page.locator("main").get_by_role("button", name=name, exact=True).click()


def stay(page: Any, name: str) -> None:
    """Save where something is written: the page says so, and stays."""
    page.locator("main").get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_text(SAVED)).to_be_visible()


def follow(page: Any, name: str) -> None:
    """Follow a link of the page, and meet the next one whole."""
    with page.expect_navigation(wait_until="load"):
        page.locator("main").get_by_role("link", name=name, exact=True).first.click()


def edit(page: Any, change: Callable[[str], str]) -> None:
    """Change the text of the page that is open, and save it."""
    text = page.get_by_label("Text", exact=True)
    text.fill(change(text.input_value()))
    stay(page, "Save")


def fill(page: Any, cells: dict[str, str]) -> None:
    """Fill the form of a row, whatever control a column has."""
    for name, cell in cells.items():
        field = page.locator(f'[name="{name}"]')
        if field.evaluate("one => one.localName") == "select":
            field.select_option(cell)
        else:
            field.fill(cell)


def publish(page: Any) -> None:
    open_from_bar(page, "Publish")
    expect(page.get_by_role("heading", level=1)).to_have_text("Publish")
    assert page.get_by_role("alert").all_inner_texts() == []
    press(page, "Publish")
    page.get_by_text("It is on the site.").wait_for()


def source_of(folder: Folder, name: str) -> str:
    return (folder.root / "content" / name).read_text(encoding="utf-8")


def words_of(folder: Folder, address: str) -> str:
    """What a reader of the published site reads at an address, between its tags."""
    html = (folder.root / "public" / address / "index.html").read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_writer_who_never_sees_a_file_has_a_week(browser: Any, editor: Editor, folder: Folder) -> None:
    folder.page("index", "Call us befor you pay.")
    folder.row("helplines", checked_on=(TODAY - timedelta(days=200)).isoformat())
    with open_window(browser, editor) as page:
        page.get_by_label("Your name").fill("M. Devi")
        press(page, "Go on")
        mend_a_typo(page, folder)
        add_a_campaign_in_two_languages(page, folder)
        add_a_series_of_meetings(page, folder)
        add_a_story_with_its_consent(page, folder)
        record_a_helpline_call(page, folder)
        publish(page)
        assert "Call us before you pay." in words_of(folder, "en")
        assert "Wages are due each month." in words_of(folder, "en/campaigns/wages")
        assert "கூலி மாதந்தோறும் வர வேண்டும்." in words_of(folder, "ta/campaigns/wages")
        assert "Clinic on Tuesdays" in words_of(folder, "en/campaigns/wages")
        days = (folder.root / "public" / "ta" / "events").glob("tuesdays-*")
        assert sorted(day.name[-5:] for day in days) == ["02-02", "02-16", "02-23"]
        assert "She dug the well." in words_of(folder, "en/stories/the-well")
        withdraw_the_story(page, folder)


def mend_a_typo(page: Any, folder: Folder) -> None:
    open_from_bar(page, "Pages")
    follow(page, "index")
    before = source_of(folder, "en/index.md")
    edit(page, lambda text: text.replace("befor ", "before "))
    assert source_of(folder, "en/index.md") == before.replace("befor ", "before ").replace("2026-01-01", str(TODAY))


def add_a_campaign_in_two_languages(page: Any, folder: Folder) -> None:
    open_from_bar(page, "Pages")
    page.get_by_text("New page", exact=True).click()
    page.get_by_label("Title", exact=True).fill("Wages on time")
    page.get_by_label("Address").fill("campaigns/wages")
    press(page, "Begin a draft")
    wait_for_address(page, "campaigns/wages.md?begun=yes")
    page.get_by_label("In one sentence").fill("When wages are due.")
    edit(page, lambda text: f"{text}\nWages are due each month.\n\n[[ events: upcoming ]]\n")
    press(page, "It is ready to be published")
    assert "draft" not in source_of(folder, "en/campaigns/wages.md")
    follow(page, "தமிழ்")
    page.get_by_label("Title", exact=True).fill("கூலி நேரத்தில்")
    page.get_by_label("In one sentence").fill("கூலி எப்போது வர வேண்டும்.")
    page.get_by_label("# Wages on time").fill("# கூலி நேரத்தில்")
    page.get_by_label("Wages are due each month.").fill("கூலி மாதந்தோறும் வர வேண்டும்.")
    page.get_by_label("[[ events: upcoming ]]").fill("[[ events: upcoming ]]")
    stay(page, "Save: it says what the English says now")
    expect(page.get_by_text(SAVED)).to_be_visible()
    tamil = source_of(folder, "ta/campaigns/wages.md")
    assert 'title: "கூலி நேரத்தில்"' in tamil
    assert 'reviewed_by: "nobody"' in tamil
    assert "draft" not in tamil
    open_from_bar(page, "Tables")
    follow(page, "Awareness campaigns")
    follow(page, "New row")
    row = {
        "id": "wages",
        "problem": "debt",
        "page": "campaigns/wages",
        "title_en": "Wages on time",
        "starts": str(TODAY),
    }
    fill(page, row)
    press(page, "Save")
    expect(page.get_by_text(SAVED)).to_be_visible()
    assert folder.rows("campaigns")[0]["page"] == "campaigns/wages"


def add_a_series_of_meetings(page: Any, folder: Folder) -> None:
    open_from_bar(page, "Tables")
    follow(page, "Meetings, clinics, plays")
    follow(page, "New row")
    cells = {
        "id": "tuesdays", "kind": "clinic", "title_en": "Clinic on Tuesdays", "what_en": "A nurse comes.", "place": "north",
        "where_en": "School", "starts": "2027-02-02T10:00", "repeats": "weekly", "repeats_until": "2027-02-23",
        "except": "2027-02-09", "state": "planned", "example": "false",
    }  # fmt: skip
    fill(page, {**cells, "starts": "Tuesday"})
    press(page, "Save")
    expect(page.locator(".field--wrong")).to_contain_text("starts")
    assert len(folder.rows("events")) == 1
    fill(page, {"starts": cells["starts"]})
    press(page, "Save")
    row = page.get_by_role("listitem").filter(has_text="tuesdays")
    row.get_by_text("It takes place on 3 days.").click()
    expect(row.get_by_role("listitem")).to_have_text(["2 February 2027", "16 February 2027", "23 February 2027"])
    assert [row["id"] for row in folder.rows("events")] == ["meeting", "tuesdays"]


def add_a_story_with_its_consent(page: Any, folder: Folder) -> None:
    open_from_bar(page, "Pages")
    follow(page, "New story, with its consent")
    page.get_by_label("Title", exact=True).fill("The well")
    page.get_by_label("Address").fill("the-well")
    press(page, "Go on")
    fill(page, {"languages": "en"})
    press(page, "Save")
    expect(page.locator(".field--wrong")).not_to_have_count(0)
    assert folder.rows("consents") == []
    open_from_bar(page, "Pages")  # what she lacks she asks for later; the draft waits there
    follow(page, "stories/the-well.md")
    edit(page, lambda text: f"{text}\nShe dug the well.\n")
    press(page, "It is ready to be published")
    expect(page.get_by_role("alert")).to_contain_text("has no consent record")
    assert "draft: true" in source_of(folder, "en/stories/the-well.md")
    follow(page, "Its consent")
    for name in ("id", "kind", "story"):
        expect(page.locator(f'[name="{name}"]')).to_have_value(CONSENT[name])
    fill(page, {name: cell for name, cell in CONSENT.items() if name != "approved_by"})
    press(page, "Save")
    expect(page.locator(".field--wrong")).to_contain_text("approved_by")
    assert folder.rows("consents") == []
    fill(page, {"approved_by": CONSENT["approved_by"]})
    press(page, "Save")
    assert [row["id"] for row in folder.rows("consents")] == ["the-well"]
    open_from_bar(page, "Pages")
    follow(page, "stories/the-well.md")
    press(page, "It is ready to be published")
    expect(page.get_by_text(SAVED)).to_be_visible()
    assert "draft" not in source_of(folder, "en/stories/the-well.md")


def record_a_helpline_call(page: Any, folder: Folder) -> None:
    open_from_bar(page, "What waits")
    waiting = page.locator("details").filter(has_text="help numbers to call again")
    waiting.locator("summary").click()
    waiting.get_by_role("link", name="Open").click()
    press(page, "I called today: it is right")
    expect(page.get_by_text(SAVED)).to_be_visible()
    row = folder.rows("helplines")[0]
    assert (row["checked_on"], row["checked_by"]) == (TODAY, "M. Devi, called")


def withdraw_the_story(page: Any, folder: Folder) -> None:
    open_from_bar(page, "Tables")
    follow(page, "Consent to publish a story, a quote, a picture or a recording")
    press(page, "Withdraw: off the site now")
    expect(page.get_by_text("It is off the site, in all languages.")).to_be_visible()
    assert folder.rows("consents")[0]["withdrawn_on"] == TODAY
    remaining = [
        path for path in (folder.root / "public").rglob("*.html") if "She dug the well." in path.read_text("utf-8")
    ]
    assert remaining == []
    assert "Wages are due each month." in words_of(folder, "en/campaigns/wages")


def sign_in(browser: Any, place: Place, name: str, *roles: str, languages: tuple[str, ...] = ()) -> Any:
    """Somebody whom the office has invited, at a phone of their own, signed in with a passphrase."""
    page = phone(browser, place)
    page.goto(f"/invited/{place.invite(name, *roles, languages=languages)}")
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    press(page, "Take this passphrase")
    page.get_by_role("heading", name="What waits").wait_for()
    return page


def test_a_reviewer_signs_and_a_publisher_publishes_and_undoes(browser: Any, editor: Editor, folder: Folder) -> None:
    folder.page("rights", "You may leave.")
    folder.page("rights", "நீங்கள் போகலாம்.", "ta", reviewed_by="nobody")
    folder.table("consents", CONSENT)
    folder.page("stories/the-well", "She dug the well.", consent="the-well", description="A well.")
    with served(editor) as place:
        reviewer = sign_in(browser, place, "K. Meena", "writer", "reviewer", languages=("ta",))
        publisher = sign_in(browser, place, "B. Das", "writer", "publisher")
        open_from_bar(reviewer, "Translate")
        follow(reviewer, "தமிழ்")
        follow(reviewer, "rights")
        press(reviewer, "I have read both, and they say the same")
        expect(reviewer.get_by_text("read: K. Meena")).to_be_visible()
        assert 'reviewed_by: "K. Meena"' in source_of(folder, "ta/rights.md")
        open_from_bar(reviewer, "Publish")
        expect(reviewer.get_by_text("Your account does not publish.")).to_be_visible()
        publish(publisher)
        assert "She dug the well." in words_of(folder, "en/stories/the-well")
        open_from_bar(publisher, "Pages")
        follow(publisher, "rights")
        edit(publisher, lambda text: text.replace("You may leave.", "You may leave today."))
        publish(publisher)
        assert "You may leave today." in words_of(folder, "en/rights")
        open_from_bar(reviewer, "Tables")
        follow(reviewer, "Consent to publish a story, a quote, a picture or a recording")
        press(reviewer, "Withdraw: off the site now")
        assert "She dug the well." not in words_of(folder, "en/stories/the-well")
        open_from_bar(publisher, "Publish")
        press(publisher, "Undo")
        assert "You may leave." in words_of(folder, "en/rights")
        assert "You may leave today." in source_of(folder, "en/rights.md"), "texts stay as they are"
        press(publisher, "Undo")
        assert "You may leave today." in words_of(folder, "en/rights")
        remaining = [
            one for one in folder.root.glob("public*/**/*.html") if "She dug the well." in one.read_text("utf-8")
        ]
        assert remaining == [], "neither the site nor the one that Undo would bring back"
        assert reviewer.faults == publisher.faults == []


def test_two_at_once_are_merged_or_shown_side_by_side(browser: Any, editor: Editor, folder: Folder) -> None:
    folder.page("rights", "One.\n\nTwo.\n\nThree.")
    with served(editor) as place:
        devi, ravi = (sign_in(browser, place, name) for name in ("M. Devi", "Ravi"))
        for one in (devi, ravi):
            open_from_bar(one, "Pages")
            follow(one, "rights")
        edit(devi, lambda text: text.replace("One.", "One, by Devi."))
        edit(ravi, lambda text: text.replace("Three.", "Three, by Ravi."))
        expect(ravi.get_by_label("Text", exact=True)).to_have_value(
            "# rights\n\nOne, by Devi.\n\nTwo.\n\nThree, by Ravi.\n"
        )
        edit(ravi, lambda text: text.replace("One, by Devi.", "One, by both."))
        text = devi.get_by_label("Text", exact=True)
        text.fill(text.input_value().replace("One, by Devi.", "One, by Devi again."))
        press(devi, "Save")
        expect(devi.get_by_role("heading", name="Somebody else changed the same lines meanwhile")).to_be_visible()
        expect(devi.locator("pre").first).to_contain_text("One, by both.")
        yours = devi.get_by_label("Yours")
        expect(yours).to_have_value(re.compile("One, by Devi again."))
        assert "again" not in source_of(folder, "en/rights.md")
        yours.fill(yours.input_value().replace("One, by Devi again.", "One, by Devi and Ravi."))
        press(devi, "Save")
        expect(devi.get_by_text(SAVED)).to_be_visible()
        assert "One, by Devi and Ravi.\n\nTwo.\n\nThree, by Ravi." in source_of(folder, "en/rights.md")
        assert not re.search("<<<<|====|>>>>", source_of(folder, "en/rights.md"))
        open_from_bar(ravi, "History")
        expect(ravi.get_by_text("M. Devi").first).to_be_visible()
        assert devi.faults == ravi.faults == []


def test_without_a_network_work_goes_on_and_is_published_later(browser: Any, district: District) -> None:
    away = district.bare.with_name("away")
    with open_window(browser, district.devi.editor) as page:
        district.bare.rename(away)
        open_from_bar(page, "Pages")
        follow(page, "index")
        edit(page, lambda text: f"{text}\nBefore the line broke.\n")
        open_from_bar(page, "Publish")
        press(page, "Publish")
        page.get_by_text("cannot be reached").wait_for()
        open_from_bar(page, "Pages")
        follow(page, "index")
        edit(page, lambda text: f"{text}\nWhile it was broken.\n")
        open_from_bar(page, "What waits")
        expect(page.get_by_text("Your texts are saved.")).to_be_visible()
        away.rename(district.bare)
        press(page, "Publish")
        page.get_by_text("It was sent to the server").wait_for()
        assert "Before the line broke.\n\nWhile it was broken." in district.text_on_server("en/index.md")
        open_from_bar(page, "What waits")
        expect(page.get_by_text("Your texts are saved.")).to_have_count(0)
