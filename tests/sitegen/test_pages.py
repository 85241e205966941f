"""Staff's pages: what is wrong with them, and what still waits for a person."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown
from sitegen import build as site_build
from sitegen.content.pages import PageSource
from sitegen.render.engine.markdown_extensions import BlockExtension
from sitegen.render.slugs import slugify

from forms.core import i18n
from tests.sitegen.conftest import KEY

CONSENT = {
    "id": "a-story", "kind": "survivor", "story": "stories/a", "languages": "en", "given_on": "2026-06-01",
    "expires_on": "2027-06-01", "adult": "true", "approved_by": "B", "approved_on": "2026-06-02", "court_case": "no",
    "name_changed": "true",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[ helpline ]]", 'line 8: there is no block [[ helpline ]]. Did you mean "helplines"?'),
        ("One.\n\n[[ form: concerns ]]", 'line 10: there is no form "concerns". Did you mean "concern"?'),
        ("[x](rihgts.md)", "line 8: the link goes to rihgts.md, which is not there."),
        ("[x](/ta/rights/#a)", "line 8: the link goes to /ta/rights/, which is not there."),
        ("Call [[ helplines ]] now.", "line 8: [[ helplines is no block as it stands, and everybody would see it."),
        ("[[ Helplines ]]", "Write it in small letters on a line of its own, like [[ helplines ]]."),
        ("One.\n\n[[ form: concern ]", "line 10: [[ form is no block as it stands"),
        ("[[ உதவி எண்கள் ]]", "line 8: there is no block [[ உதவி எண்கள் ]]. There are: answers"),
        ("[[ सहायता नंबर: danger ]]", "line 8: there is no block [[ सहायता नंबर ]]."),
        ("[[ helpline2 ]]", 'line 8: there is no block [[ helpline2 ]]. Did you mean "helplines"?'),
        ("[[1]]", "line 8: there is no block [[ 1 ]]."),
        ("[[ ]]", "line 8: there is no block [[  ]]."),
        ("[[ helplines\u200b ]]", 'Did you mean "helplines"?'),
        ("உதவி [[ உதவி எண்கள் ]]", "line 8: [[ உதவி எண்கள் is no block as it stands"),
        ("[[ events: comming ]]", '[[ events ]] has nothing that is called "comming". Did you mean "upcoming"?'),
        ("[[ event: meting ]]", '[[ event ]] has nothing that is called "meting". Did you mean "meeting"?'),
        ("[[ helplines: dangr ]]", 'Did you mean "danger"?'),
        ("[1800 4252 650](tel:18004252651)", "line 8: it shows 1800 4252 650, and the phone would call 18004252651."),
    ],
)
def test_what_a_page_asks_for_in_vain(folder: Any, text: str, sentence: str) -> None:
    folder.page("page", text)
    assert sentence in folder.problems()[0]
    assert folder.problems()[0].startswith("content/en/page.md, ")


def test_links_into_and_out_of_folders_are_followed(folder: Any) -> None:
    folder.page("stories-of/one", "[home](../index.md) [me](one.md) [out](https://x.example/a.md)")
    folder.page("page", "[one](stories-of/one.md#stories-of-one)")
    assert folder.problems() == []


@pytest.mark.parametrize(
    "text",
    [
        "[[ events: in/north ]]",
        "[[ events: past ]]",
        "[[ helplines: danger ]]",
        "[112](tel:112)",
        "[[1]](https://x.example/)",
        "[x](/en/) [x](/ta/page/#page) [x](/en/events/in/north/) [x](/open-data/x.zip)",
    ],
)
def test_what_a_page_may_ask_for(folder: Any, text: str) -> None:
    folder.page("page", text)
    assert folder.problems() == []


def test_a_day_in_the_front_matter_that_is_none(folder: Any) -> None:
    folder.page("page", changed="24-11-2026")
    assert folder.problems() == ['content/en/page.md, changed: "24-11-2026" is not a day. Write it like 2026-11-23.']


@pytest.mark.parametrize("name", ["rights.md.txt", "rights.docx", "rights.MD"])
def test_what_was_meant_as_a_page_and_is_none(folder: Any, name: str) -> None:
    (folder.root / "content" / "ta" / name).write_bytes(b"x")
    assert folder.problems() == [
        f"content/ta/{name}: is no page: its name does not end in .md. Save it as plain text, ending in .md."
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# No front matter\n", "has no front matter. Begin the file with lines between --- and ---"),
        ("---\nchanged: 2026-01-01\n---\nText", "has no title."),
        ("---\ntitle: a: b\n---\nText", "page.md, line 2: a second colon stands in the text."),
        ("---\n- a\n---\nText", "page.md, line 2: this line has no key and colon."),
    ],
)
def test_front_matter(folder: Any, refusal: Callable[[], str], text: str, sentence: str) -> None:
    (folder.root / "content/ta/page.md").write_text(text, encoding="utf-8")
    assert "content/ta/page.md" in refusal()
    assert sentence in refusal()


def test_a_page_in_another_encoding(folder: Any, refusal: Callable[[], str]) -> None:
    (folder.root / "content/ta/page.md").write_bytes("---\ntitle: é\n---\n".encode("cp1252"))
    assert "content/ta/page.md: has letters that are not UTF-8" in refusal()


def test_portal_yml(folder: Any, refusal: Callable[[], str]) -> None:
    path = folder.root / "content/portal.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("exit_url", "exit"), encoding="utf-8")
    assert "content/portal.yml: exit_url is missing." in refusal()
    path.write_text("a: b: c", encoding="utf-8")
    assert "content/portal.yml, line 1: cannot be read." in refusal()
    path.write_text(text.replace("demonstration: true", "demonstration: false"), encoding="utf-8")
    assert "desk police: has no key or no pickup line. Run: python3 build.py desk --desk police new-key" in refusal()
    path.unlink()
    assert "content/portal.yml: is missing." in refusal()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"exit_url": "wikipedia.org"}, 'exit_url: "wikipedia.org" is no address on the web. Write it whole'),
        ({"exit_url": {"en": "https://a.example", "ta": "b"}}, 'exit_url, ta: "b" is no address on the web.'),
        (
            {"languages": [{"code": "en", "name": "E"}, {"code": "en", "name": "F"}]},
            "languages, en: stands there twice.",
        ),
        ({"exit_url": {"ta": "https://a.example"}}, "exit_url: en is missing."),
        ({"exit_url": {"en": "https://a.example", "xx": "https://b.example"}}, 'exit_url: there is no language "xx"'),
        ({"exit_url": None}, "exit_url: this is no address on the web."),
        ({"address": "portal.example"}, "address: "),
        (
            {"keep": {"signups_days": "a month", "concerns_days": 365}},
            'keep, signups_days: "a month" is no number of days',
        ),
        ({"keep": {"signups_days": 0, "concerns_days": 365}}, '"0" is no number of days. Write a number of days'),
        ({"keep": {"signups_days": 30}}, "keep, concerns_days: is missing."),
        ({"languages": [{"code": "en"}]}, "languages, en: name is missing. Each needs: code, name."),
        ({"desks": "police"}, "desks: this is no list."),
    ],
)
def test_what_portal_yml_holds(folder: Any, refusal: Callable[[], str], changes: dict[str, Any], sentence: str) -> None:
    path = folder.root / "content/portal.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")
    assert f"content/portal.yml, {sentence}" in refusal() or sentence in refusal()


def test_the_page_on_the_leaflet_is_there(folder: Any) -> None:
    path = folder.root / "content/portal.yml"
    path.write_text(path.read_text(encoding="utf-8") + "paper: {leaflet: rihgts}\n", encoding="utf-8")
    folder.page("rights")
    assert folder.problems() == [
        'content/portal.yml, paper, leaflet: the page rihgts.md is not there. Did you mean "rights"?'
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reads": None}, "desks, police: reads is missing. Each needs: id, name, what, reads."),
        ({"reads": "concern"}, "desk police, reads: this is no list. Write it like reads: [concern]."),
        (
            {"reads": ["concerns"]},
            'desk police, reads: there is no form "concerns": this desk would get no letters of it.',
        ),
        ({"id": "events"}, "desks, events: stands there twice. Give each its own id."),
        ({"people": [{"key": "x"}]}, "desk police, people: somebody has no id."),
    ],
)
def test_desks_of_portal_yml(folder: Any, refusal: Callable[[], str], changes: dict[str, Any], sentence: str) -> None:
    path = folder.root / "content/portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["desks"][0] |= changes
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert sentence in refusal()


def test_a_language_without_its_folder(folder: Any, refusal: Callable[[], str]) -> None:
    (folder.root / "content/or/index.md").unlink()
    (folder.root / "content/or").rmdir()
    assert "content/or: is not there." in refusal()


def test_what_waits_for_a_person_is_named(folder: Any) -> None:
    folder.page("rights", changed="2026-05-01")
    folder.page("rights", language="ta", source_changed="2026-04-30", reviewed_by="nobody")
    folder.page("only", language="ta")
    warnings = folder.check().warnings
    assert "content/en/only.md is missing, in English too: readers are told that the page is not here." in warnings
    assert "content/or/rights.md is missing: English is shown in its place." in warnings
    assert "content/ta/rights.md: the English has changed since it was translated." in warnings
    assert "content/ta: 1 pages wait for a native reader (reviewed_by)." in warnings
    assert "content/tables/events.csv, meeting, column title_ta: not translated yet." in warnings


def test_a_story_with_valid_consent_is_published(folder: Any) -> None:
    folder.table("consents", CONSENT)
    folder.page("stories/a", consent="a-story")
    assert folder.problems() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": "other"}, "this story has no consent record."),
        ({"story": "stories/b"}, "the consent is for another story."),
        ({"adult": "false"}, "the person is not an adult."),
        ({"name_changed": "false"}, "the name is not changed."),
        ({"approved_by": ""}, "the consent record is not complete."),
        ({"given_on": ""}, "the consent record is not complete."),
        ({"given_on": "2027-01-02"}, "the consent is not valid today."),
        ({"expires_on": "2029-07-01"}, "the consent lasts longer than three years."),
        ({"court_case": "open"}, "a court case is open."),
        ({"kind": "composite"}, "this composite example is not labelled."),
    ],
)
def test_a_story_without_valid_consent_does_not_build(folder: Any, changes: dict[str, str], sentence: str) -> None:
    folder.table("consents", {**CONSENT, **changes})
    folder.page("stories/a", consent="a-story")
    assert any(sentence in problem for problem in folder.problems())


def test_consent_that_covers_one_language_publishes_no_other(folder: Any) -> None:
    folder.table("consents", CONSENT)
    folder.page("stories/a", consent="a-story")
    folder.page("stories/a", consent="a-story", language="ta")
    report = folder.check()
    assert report.problems == ()
    assert (
        "content/ta/stories/a.md: the consent does not cover ta. A neutral page stands in its place." in report.warnings
    )


@pytest.mark.parametrize(
    "text", ["Call 98400 12345 today.", "On 24.1.2019 we left.", "On 2019-01-24 we left.", "1234 5678 9012"]
)
def test_what_could_show_who_it_is_does_not_build(folder: Any, text: str) -> None:
    folder.table("consents", CONSENT)
    folder.page("stories/a", text, consent="a-story")
    assert "could show who this is" in folder.problems()[0]


@pytest.mark.parametrize("text", ["Call [112](tel:112).", "In 2019 six families left.", "14,000 to 35,000 rupees"])
def test_what_shows_nobody_builds(folder: Any, text: str) -> None:
    folder.table("consents", CONSENT)
    folder.page("stories/a", text, consent="a-story")
    assert folder.problems(today=date(2027, 1, 1)) == []


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [("Your rights!", "your-rights"), ("கடன் ரத்து", "கடன்-ரத்து"), ("ଋଣ ରଦ୍ଦ", "ଋଣ-ରଦ୍ଦ"), ("  a  –  b ", "a-b")],
)
def test_anchors_keep_the_letters_of_every_script(heading: str, anchor: str) -> None:
    assert slugify(heading, "-") == anchor


@pytest.mark.parametrize(("language", "expected"), [("en", "24 January 2027"), ("or", "24 ଜାନୁଆରୀ 2027")])
def test_a_day_is_written_with_the_day_first(language: str, expected: str) -> None:
    assert i18n.day(date(2027, 1, 24), language) == expected


def test_english_that_is_deleted_leaves_no_other_language_in_its_place(folder: Any) -> None:
    folder.page("only", "தமிழில் மட்டும்.", language="ta")
    folder.page("page", "[[ pages ]]\n\n[it](only.md)")
    library = prepare_library(folder)
    for language in ("en", "or"):
        page = library.find("only.md", language)
        assert "தமிழில்" not in page.text
        assert page.withdrawn, "in no list, not for search engines"
        assert i18n.translator(language)("This page is not here") in page.text
    assert "தமிழில்" in library.find("only.md", "ta").text


def prepare_library(folder: Any) -> Any:
    keys = {"police": (KEY, "sha256:0"), "events": (KEY, "sha256:1")}
    return site_build.prepare(folder.root, keys=keys, today=date(2027, 1, 1))[0].library


LINES = st.lists(
    st.sampled_from(["[[ signs ]]", "[[ அ: x ]]", "[[]]", "text", "", "    [[ signs ]]", "```", "- item", "[[ a ]] b"])
)


@given(
    LINES
    | st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]) | st.sampled_from("[]:")))
)
def test_checks_and_build_find_the_same_blocks(lines: list[str]) -> None:
    text = "\n".join(lines)
    blocks = BlockExtension()
    Markdown(extensions=["tables", "fenced_code", blocks]).convert(text)
    expected = [(block.name, block.argument) for block in PageSource("x.md", "en", {}, text, 1).blocks]
    assert [(block.name, block.argument) for block in blocks.blocks] == (expected if text.strip() else [])


def test_a_hole_that_staff_write_themselves_is_no_block() -> None:
    blocks = BlockExtension()
    html = Markdown(extensions=[blocks]).convert("<!--block:7-->\n\n[[ signs ]]")
    assert blocks.fill(html, lambda block: block.name) == "\n\nsigns"
