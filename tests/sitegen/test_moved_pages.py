"""Addresses that people hold go on working: pages that moved, went, moved again, or were withdrawn (decision 0049)."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sitegen.content.pages import AllPages, PageSource
from sitegen.publish.addresses import known_pages, moved_pages, redirects
from sitegen.publish.addresses.known_pages import KnownPage
from sitegen.publish.withdrawals import withdrawal

from tests.sitegen.conftest import TODAY

TEXT = "\n# Rights\n\nNobody may keep you for a debt.\n\nThe law is on your side.\n"
ROOT = Path(__file__).parents[2]


def page(name: str, text: str = TEXT, language: str = "en") -> PageSource:
    return PageSource(f"{name}.md", language, {"title": name}, text, 4)


def library(*pages: PageSource) -> AllPages:
    found: dict[str, dict[str, PageSource]] = {"en": {}, "ta": {}}
    for one in (page("index", "\n# Home\n\nHome.\n"), *pages):
        found[one.language][one.name] = one
    return AllPages(found)


def rows(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"old": old, "new": new} for old, new in pairs]


def known_after(*libraries: AllPages) -> dict[str, KnownPage]:
    pages: dict[str, KnownPage] = {}
    for one in libraries:
        pages = known_pages.with_library(one, pages)
    return pages


def test_a_page_under_another_name_with_another_title_is_known_by_its_text() -> None:
    moved = library(page("your-rights", TEXT.replace("# Rights", "# Your rights")))
    known_pages_after = known_after(library(page("rights")), moved)
    assert moved_pages.redirect_targets(moved, [], known_pages_after) == {"rights.md": "your-rights.md"}
    [warning] = moved_pages.warnings(moved, [], known_pages_after)
    assert "the page rights has moved to your-rights, where the same text stands" in warning


def test_it_goes_on_leading_there_for_ever_whatever_becomes_of_the_text() -> None:
    edited = library(page("your-rights", "\n# Other\n\nQuite another text.\n"))
    known_pages_after = known_after(library(page("rights")), library(page("your-rights")), edited, edited)
    assert moved_pages.redirect_targets(edited, [], known_pages_after) == {"rights.md": "your-rights.md"}


def test_a_page_that_moved_twice_leads_straight_to_its_end() -> None:
    last = library(page("c"))
    known_pages_after = known_after(library(page("a")), library(page("b")), last)
    assert moved_pages.redirect_targets(last, [], known_pages_after) == {"a.md": "c.md", "b.md": "c.md"}


def test_two_pages_with_that_text_are_not_guessed_between() -> None:
    two = library(page("one"), page("two"))
    known_pages_after = known_after(library(page("rights")), two)
    assert moved_pages.redirect_targets(two, [], known_pages_after) == {}
    [warning] = moved_pages.warnings(two, [], known_pages_after)
    assert (
        "the page rights is gone, and people may hold its address. Its text stands in one: perhaps write one" in warning
    )
    assert "leave new empty if it is gone for good" in warning


def test_a_text_that_stood_there_before_is_no_move() -> None:
    before, after = library(page("rights"), page("copy-of-it")), library(page("copy-of-it"))
    assert moved_pages.redirect_targets(after, [], known_after(before, after)) == {}


def test_most_of_a_text_is_a_suggestion_and_nothing_of_it_is_none() -> None:
    before = library(page("rights"))
    near = library(page("law", f"{TEXT}\nMore.\n"))
    assert "perhaps write law under new" in "".join(moved_pages.warnings(near, [], known_after(before, near)))
    far = library(page("law", "\n# Law\n\nOther.\n"))
    assert "If it moved, name it there." in "".join(moved_pages.warnings(far, [], known_after(before, far)))


def test_the_table_is_believed_before_the_text() -> None:
    moved = library(page("your-rights"), page("help", "\n# Help\n\nCall.\n"))
    known_pages_after = known_after(library(page("rights")), moved)
    assert moved_pages.redirect_targets(moved, rows(("rights", "help")), known_pages_after) == {"rights.md": "help.md"}
    assert moved_pages.redirect_targets(moved, rows(("rights", "")), known_pages_after) == {}
    assert [*moved_pages.warnings(moved, rows(("rights", "")), known_pages_after)] == []


def test_a_page_that_is_back_leads_nowhere() -> None:
    back = library(page("rights"), page("your-rights"))
    known_pages_after = known_after(library(page("rights")), library(page("your-rights")), back)
    assert moved_pages.redirect_targets(back, [], known_pages_after) == {}
    assert [*moved_pages.warnings(back, [], known_pages_after)] == []


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        ([("a", "b"), ("b", "a")], "leads in a circle"),
        ([("a", "a")], "leads in a circle"),
        ([("a", "b"), ("b", "c"), ("c", "b")], "leads in a circle"),
        ([("a", "rihgts")], 'the page rihgts is not there. Did you mean "rights"?'),
        ([("a", "b"), ("b", "nowhere")], "the page b is not there"),
        ([("../../x", "index")], "cannot be the address of a page that moved"),
        ([("index", "rights")], "cannot be the address of a page that moved"),
        ([("search/pages-0", "rights")], "cannot be the address of a page that moved"),
        ([("events/meeting", "rights")], "cannot be the address of a page that moved"),
        ([("tablet", "rights")], "cannot be the address of a page that moved"),
        ([("tablet/words", "rights")], "cannot be the address of a page that moved"),
        ([("a\nb", "rights")], "cannot be the address of a page that moved"),
        ([("rights", "index")], "the page rights is there, so nobody is led away from it"),
    ],
)
def test_rows_that_lead_nowhere_are_said(pairs: list[tuple[str, str]], sentence: str) -> None:
    one, table = library(page("rights")), rows(*pairs)
    problems = [str(problem) for problem in moved_pages.problems(one, table)]
    assert any(sentence in line and line.startswith("content/tables/moved.csv") for line in problems), problems
    assert all("rights.md" not in end for end in moved_pages.redirect_targets(one, table, {}).values())


@pytest.mark.parametrize(
    "spelling",
    [
        "visits/page",
        "/visits/page/",
        "visits/page.md",
        "/en/visits/page/",
        "https://x.example/ta/visits/page/",
        "/en/visits/page/index.html",
    ],
)
def test_a_page_is_named_as_people_have_it_before_them(spelling: str) -> None:
    assert moved_pages.name_of(spelling) == "visits/page.md"


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("old-page", "https://other.example/", "new"),
        ("old-page", "https://other.example/en/rights/", "new"),
        ("old-page", "//other.example/rights", "new"),
        ("old-page", "https://portal.example.evil.example/en/rights/", "new"),
        ("https://other.example/en/old-page/", "rights", "old"),
    ],
)
def test_the_address_of_another_site_is_no_page_of_this_one(old: str, new: str, column: str) -> None:
    [problem] = map(str, moved_pages.problems(library(page("rights")), rows((old, new)), "https://portal.example"))
    assert problem.startswith(
        f"content/tables/moved.csv, row 0, column {column}: {new if column == 'new' else old} is the"
    )
    assert "address of another site" in problem


def test_addresses_of_this_site_are_pages_and_only_its_languages_are_left_out_of_them() -> None:
    one = library(page("rights"), page("law/rights"))
    own = rows(("https://Portal.example/en/gone/", "https://portal.example/ta/rights/"), ("/law/gone/", "/law/rights/"))
    assert [*moved_pages.problems(one, own, "https://portal.example")] == []
    assert moved_pages.redirect_targets(one, own, {}) == {"gone.md": "rights.md", "law/gone.md": "law/rights.md"}
    [problem] = map(str, moved_pages.problems(one, rows(("gone", "/xx/rights/")), "https://portal.example"))
    assert "the page /xx/rights/ is not there" in problem
    assert moved_pages.name_of("/zh-Hant/rights/", ("en", "zh-Hant")) == "rights.md"
    assert moved_pages.name_of("/ta/", ("en", "ta")) == "index.md"


def test_english_that_went_leaves_no_other_language_in_its_place() -> None:
    tamil = page("rights", "\n# உரிமைகள்\n\nஒன்று.\n", "ta")
    after = library(tamil, page("your-rights"))
    known_pages_after = known_after(library(page("rights"), tamil), after)
    assert after.find("rights.md", "en").withdrawn
    assert moved_pages.redirect_targets(after, [], known_pages_after) == {"rights.md": "your-rights.md"}, (
        "of its English readers"
    )
    alone = library(tamil)
    assert moved_pages.redirect_targets(alone, [], known_after(library(page("rights"), tamil), alone)) == {}
    assert [*moved_pages.warnings(alone, [], known_after(library(page("rights"), tamil), alone))] == []


def test_a_redirect_is_a_page_without_a_script_in_each_language(folder: Any) -> None:
    folder.page("rights", "Freedom for everybody.")
    folder.page("gone", "Another text.")
    folder.page("rights", "விடுதலை.", "ta")
    folder.build()
    for name in ("rights", "gone"):
        (folder.root / "content" / "en" / f"{name}.md").unlink()
    folder.page("your-rights", "Freedom for everybody.")
    site = folder.build()
    page = (site / "en" / "rights" / "index.html").read_text(encoding="utf-8")
    assert '<meta http-equiv="refresh" content="0; url=/en/your-rights/">' in page
    assert re.search(r'<a class="button" href="/en/your-rights/">', page)
    assert "This page has moved" in page
    assert 'name="robots" content="noindex"' in page
    assert "url=/or/your-rights/" in (site / "or" / "rights" / "index.html").read_text(encoding="utf-8")
    assert "refresh" not in (site / "ta" / "rights" / "index.html").read_text(encoding="utf-8"), (
        "it has a page of its own"
    )
    assert not [*(site / "en" / "rights").glob("index.html.*")], "no older copy is served instead"
    assert "rights/" not in re.sub("your-rights/", "", (site / "sitemap.xml").read_text(encoding="utf-8")).replace(
        "/ta/rights/", ""
    )
    assert any("the page gone is gone" in line for line in folder.check().warnings)
    assert redirects.targets(site) == {
        "/en/rights/": "/en/your-rights/", "/or/rights/": "/or/your-rights/",
    }  # fmt: skip


CONSENT = {
    "id": "c1", "kind": "survivor", "story": "stories/new-name", "given_on": "2026-12-01", "expires_on": "2027-12-01",
    "languages": "en", "adult": "true", "name_changed": "true", "court_case": "no", "approved_by": "B",
    "approved_on": "2026-12-02",
}  # fmt: skip


def test_a_withdrawn_story_leaves_no_redirect_that_names_it(folder: Any) -> None:
    folder.page("stories/new-name", "She is free.", consent="c1")
    folder.table("consents", CONSENT)
    folder.table(
        "moved", {"old": "stories/old-name", "new": "stories/new-name"}, {"old": "leaflet", "new": "stories/new-name"}
    )
    site = folder.build()
    assert withdrawal.purge(site, folder.root / "content", TODAY) == [], "a redirect to a story with consent stays"
    assert "/en/stories/new-name/" in (site / "en" / "leaflet" / "index.html").read_text(encoding="utf-8")
    folder.table("consents", {**CONSENT, "withdrawn_on": "2027-01-01"})
    for _ in ("in place", "built anew"):
        withdrawal.purge(site, folder.root / "content", TODAY)
        for old in ("stories/old-name", "leaflet"):
            page = (site / "en" / old / "index.html").read_text(encoding="utf-8")
            assert "new-name" not in page
            assert "refresh" not in page
            assert "This page is no longer here" in page
        assert redirects.targets(site) == {}
        site = folder.build()


def test_a_file_of_addresses_that_is_broken_is_a_sentence(folder: Any, refusal: Any) -> None:
    (folder.root / "content" / "addresses.json").write_text("<<<<<<< HEAD", encoding="utf-8")
    assert refusal().startswith("content/addresses.json: cannot be read.")


def test_a_district_without_the_table_needs_none(folder: Any) -> None:
    folder.csv("moved").unlink()
    assert folder.problems() == []


def test_every_page_of_the_demonstration_is_remembered() -> None:
    known_pages_after = json.loads((ROOT / "content" / "addresses.json").read_text(encoding="utf-8"))
    names = {path.relative_to(ROOT / "content" / "en").as_posix() for path in (ROOT / "content" / "en").rglob("*.md")}
    assert names <= {*known_pages_after}


def events(*pages: tuple[str, str]) -> AllPages:
    """Return a library with pages of events and lists: names, and what the table says of them ("" for a list)."""
    generated = [
        replace(
            page(f"events/{name}"),
            generated=True,
            meta={"title": name if not text else "Play", **({"description": text} if text else {})},
        )
        for name, text in pages
    ]
    return library(page("events", "\n# Events\n\nAll.\n"), *generated)


def known_of_events(*libraries: AllPages) -> dict[str, KnownPage]:
    pages: dict[str, KnownPage] = {}
    for one in libraries:
        pages = known_pages.with_events(one, known_pages.with_library(one, pages))
    return pages


def test_an_event_under_another_id_leads_there_and_one_that_is_gone_to_all_events() -> None:
    before = events(("play", "8 June, school"), ("clinic", "9 June, hall"), ("on/2027-06", ""), ("in/north", ""))
    after = events(("play-in-june", "8 June, school"), ("in/north", ""))
    known_pages_after = known_of_events(before, after)
    assert moved_pages.redirect_targets(after, [], known_pages_after) == {
        "events/play.md": "events/play-in-june.md", "events/clinic.md": "events.md", "events/on/2027-06.md": "events.md",
    }  # fmt: skip
    last = events(("in/north", ""))
    assert moved_pages.redirect_targets(last, [], known_of_events(before, after, last))["events/play.md"] == "events.md"
    assert [*moved_pages.warnings(last, [], known_pages_after)] == [], "empty lists and old events are no news"
    back = moved_pages.redirect_targets(before, [], known_of_events(before, after, before))
    assert back == {"events/play-in-june.md": "events/play.md"}, "the others are back"


def test_two_events_that_say_the_same_are_not_guessed_between() -> None:
    after = events(("a", "8 June"), ("b", "8 June"))
    assert moved_pages.redirect_targets(after, [], known_of_events(events(("old", "8 June")), after)) == {
        "events/old.md": "events.md"
    }


def test_a_printed_address_of_an_event_is_never_dead(folder: Any) -> None:
    folder.row("events", example="true")
    folder.build()
    folder.row("events", id="meeting-north", example="true")
    site = folder.build()
    for language in ("en", "ta", "or"):
        page = (site / language / "events" / "meeting" / "index.html").read_text(encoding="utf-8")
        assert f"url=/{language}/events/meeting-north/" in page
    folder.table("events")
    site = folder.build()
    for name in ("meeting", "meeting-north"):
        assert (site / "ta" / "events" / name / "index.html").is_file(), name
