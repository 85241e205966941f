"""A picture, film or recording whose consent ends leaves the site at once, and leaves no hole behind."""

import hashlib
import json
import re
import shutil
import wave
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyrage
import pytest
from PIL import Image
from sitegen import build as site_build
from sitegen.content.consent import consent_table, consents
from sitegen.content.consent.consent_table import read_leniently
from sitegen.languages import adding
from sitegen.publish.withdrawals import named_consents, withdrawal, withdrawal_writing

TODAY = date(2027, 1, 1)
KEY = str(pyrage.x25519.Identity.generate().to_public())
CONSENT = {
    "id": "visit", "kind": "survivor", "media": "photos/Visit.png, audio/en/told.wav film.mp4", "languages": "en ta",
    "given_on": "2026-06-01", "expires_on": "2027-06-01", "adult": "true", "approved_by": "B",
    "approved_on": "2026-06-02", "court_case": "no", "name_changed": "true",
}  # fmt: skip
PLACE = {"id": "place", "kind": "nobody", "media": "kiln.png", "approved_by": "B"}


def photo(path: Path, colour: str) -> str:
    """Write a photo; return what its files on the site are called by."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (400, 300), colour).save(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def recording(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"\x10\x00\x20\x00" * 8000)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


@pytest.fixture
def marks(folder: Any, kept_pictures: None) -> dict[str, str]:
    """A page with a photo of a person and one without, a recording and a film; what each is called by on the site."""
    media = folder.root / "content" / "media"
    found = {
        "person": photo(media / "photos" / "visit.png", "red"),
        "place": photo(media / "kiln.png", "green"),
        "voice": recording(media / "audio" / "en" / "told.wav"),
        "film": "film.mp4",
    }
    (media / "film.mp4").write_bytes(b"film")
    text = "![A visit](/media/photos/visit.png)\n\n![A kiln](/media/kiln.png)\n\n[The film](/media/film.mp4) of it."
    folder.page("told", text)
    folder.table("consents", CONSENT, PLACE)
    return found


def visible_marks(site: Path, marks: dict[str, str]) -> set[str]:
    """Return which of the files stand on the site, as a file or in a page."""
    names = " ".join(path.name for path in site.rglob("*") if path.is_file())
    pages = " ".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html"))
    return {kind for kind, mark in marks.items() if mark in names or mark in pages}


def html(site: Path, language: str) -> str:
    text = (site / language / "told" / "index.html").read_text(encoding="utf-8")
    return text[text.index("<h1") :]


def test_a_consent_covers_a_language_with_a_script_in_its_code(folder: Any, marks: dict[str, str]) -> None:
    adding.add(folder.root / "content", folder.root / "site" / "schemas", "sat-Olck")
    for language, words in (("en", "Words."), ("sat-Olck", "ᱯᱟᱹᱨᱥᱤ")):
        folder.page("told", f"{words}\n\n![{words}](/media/photos/visit.png)", language)
        folder.page("stories/a", words, language, consent="told", composite="true")
    story = {
        **CONSENT,
        "id": "told",
        "media": "",
        "kind": "composite",
        "story": "stories/a",
        "languages": "en sat-Olck",
    }
    folder.table("consents", {**CONSENT, "languages": "en sat-olck"}, story, PLACE)
    assert not [each for each in folder.problems() if "consent" in each]
    assert not [each for each in folder.check().warnings if "visit.png" in each and "sat-Olck" in each]
    site = folder.build()
    story_page = site / "sat-Olck" / "stories" / "a" / "index.html"
    assert marks["person"] in html(site, "sat-Olck")
    assert "ᱯᱟᱹᱨᱥᱤ" in story_page.read_text(encoding="utf-8")
    folder.table("consents", {**CONSENT, "languages": "en sat-Deva"}, {**story, "languages": "en"}, PLACE)
    withdrawal.purge(site, folder.root / "content", TODAY, say=lambda _: None)
    assert marks["person"] not in html(site, "sat-Olck")
    assert marks["person"] in html(site, "en")
    assert "ᱯᱟᱹᱨᱥᱤ" not in story_page.read_text(encoding="utf-8")


def test_what_a_consent_covers_is_published_in_its_languages_only(folder: Any, marks: dict[str, str]) -> None:
    site = folder.build()
    assert visible_marks(site, marks) == {*marks}
    for language, kinds in (("en", {*marks}), ("ta", {"person", "place", "film"}), ("or", {"place"})):
        assert {kind for kind, mark in marks.items() if mark in html(site, language)} - {"voice"} == kinds - {"voice"}
    assert "The film of it." in html(site, "or")
    assert "<p></p>" not in html(site, "or")
    media_list = (site / "consented.json").read_text(encoding="utf-8")
    assert "visit" not in media_list, "names of files may name people"
    assert marks["place"] not in media_list
    assert withdrawal.purge(site, folder.root / "content", TODAY) == []


@pytest.mark.parametrize(
    "changes", [{"withdrawn_on": "2026-12-31"}, {"expires_on": "2027-01-01"}, {"adult": "false"}, {"approved_by": ""}]
)
def test_what_no_consent_covers_is_built_nowhere(folder: Any, marks: dict[str, str], changes: dict[str, str]) -> None:
    folder.table("consents", {**CONSENT, **changes}, PLACE)
    site = folder.build()
    assert visible_marks(site, marks) == {"place"}
    assert "<p></p>" not in html(site, "en")
    assert "<audio" not in html(site, "en")
    assert "content/media/film.mp4: its consent does not allow more, so it is published nowhere." in (
        folder.check().warnings
    )


def change(folder: Any, **changes: str) -> None:
    folder.table("consents", {**CONSENT, **changes}, PLACE)


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: change(folder, withdrawn_on="yes"),
        lambda folder: folder.csv("consents").write_bytes(b"\xd0\xcf\x11\xe0"),
        lambda folder: folder.csv("consents").unlink(),
        lambda folder: (change(folder, withdrawn_on="yes"), shutil.rmtree(folder.root / "content" / "media")),
        lambda folder: folder.table("consents", CONSENT, {**CONSENT, "id": "another", "adult": ""}, PLACE),
    ],
    ids=["withdrawn", "unreadable", "missing", "its file is deleted too", "a second person did not agree"],
)
def test_it_leaves_a_built_site_and_the_builds_beside_it(
    folder: Any, marks: dict[str, str], harm: Callable[[Any], Any]
) -> None:
    site = folder.build()
    shutil.copytree(site, folder.root / "public.before")
    harm(folder)
    removed = withdrawal.purge(site, folder.root / "content", TODAY)
    assert visible_marks(site, marks) == visible_marks(folder.root / "public.before", marks) == {"place"}
    assert "<p></p>" not in html(site, "en")
    assert "<audio" not in html(site, "en")
    assert "The film of it." in html(site, "en")
    assert {address.split("/")[1] for address in removed} == {"pictures", "audio", "media"}
    assert {*removed} <= {*json.loads((site / "withdrawn.json").read_text(encoding="utf-8"))}
    assert withdrawal.purge(site, folder.root / "content", TODAY) == []


def test_it_leaves_the_languages_that_a_consent_covers_no_more(folder: Any, marks: dict[str, str]) -> None:
    site = folder.build()
    change(folder, languages="ta")
    withdrawal.purge(site, folder.root / "content", TODAY)
    assert marks["person"] not in html(site, "en")
    assert marks["person"] in html(site, "ta")
    assert list(site.glob(f"pictures/{marks['person']}*"))


def test_it_is_withdrawn_by_its_file(folder: Any, marks: dict[str, str]) -> None:
    content = folder.root / "content"
    assert named_consents.stories_of("content/media/photos/visit.png", content, folder.root / "public") == []
    assert withdrawal_writing.write_withdrawn(content, "content/media/photos/visit.png", TODAY) == 1
    assert set(read_leniently(content).media(TODAY).values()) == {frozenset()}
    assert marks


def test_a_photo_of_which_nobody_has_said_whom_it_shows_waits_for_a_person(folder: Any, marks: dict[str, str]) -> None:
    folder.table("consents", CONSENT)
    (line,) = [line for line in folder.check().warnings if "nobody has said whether this shows a person." in line]
    assert line.startswith("content/media/kiln.png: ")
    keys = dict.fromkeys(("police", "events"), (KEY, "sha256:0"))
    items = map(str, site_build.go_live_list(folder.root, keys=keys, today=TODAY, unprotected=()))
    assert "MUST  content/media/kiln.png: nobody has said whether this shows a person." in " ".join(items)
    assert marks


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"media": ""}, "names no story, no file and no quote."),
        ({"media": "photos/other.png"}, "photos/other.png is not there."),
        ({"media": "drawing.svg"}, "drawing.svg is not there."),
        ({"languages": ""}, "column languages: this cell is empty."),
        ({"court_case": ""}, "column court_case: this cell is empty."),
        ({"kind": "nobody", "approved_by": ""}, "nobody has looked at it."),
    ],
)
def test_what_is_wrong_with_a_row_is_said(folder: Any, row: dict[str, str], sentence: str) -> None:
    folder.table("consents", {**CONSENT, "media": "", **row})
    assert any(sentence in problem for problem in folder.problems())


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0"/></svg>'


def test_a_drawing_of_a_person_needs_a_consent_and_goes_with_it(folder: Any) -> None:
    media = folder.root / "content" / "media"
    media.mkdir()
    (media / "portrait.svg").write_text(SVG, encoding="utf-8")
    folder.page("told", "![Her face](/media/portrait.svg)\n\nText.")
    assert any("portrait.svg: nobody has said whether this shows a person" in line for line in folder.check().warnings)
    folder.table("consents", {**CONSENT, "media": "portrait.svg"})
    assert folder.problems() == []
    site = folder.build()
    assert "Her face" in (site / "en" / "told" / "index.html").read_text(encoding="utf-8")
    folder.table("consents", {**CONSENT, "media": "portrait.svg", "withdrawn_on": "2027-01-01"})
    withdrawal.purge(site, folder.root / "content", TODAY)
    assert "Her face" not in (site / "en" / "told" / "index.html").read_text(encoding="utf-8")
    assert "Her face" not in (folder.build() / "en" / "told" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "meta", "right"),
    [
        ("> They kept my papers.", {}, False),
        ("Text.\n\n>They kept my papers.", {}, False),
        ("> Rehabilitation is no office's work alone.", {"quotes": "published"}, True),
        ("5 > 3, and so on.", {}, True),
        ("Text.\n> They kept my papers.", {}, False),
        ("- one\n- > They kept my papers.", {}, False),
        ("!!! note\n    > They kept my papers.", {}, False),
        ("1. one\n\n    > They kept my papers.", {}, False),
        ("Somebody\n:   > They kept my papers.", {}, False),
        ("<blockquote>They kept my papers.</blockquote>", {}, False),
        ("She says <q>they kept my papers</q>.", {}, False),
        ("<div markdown>> They kept my papers.</div>", {}, False),
        ("> They kept my papers.\n> consent: told", {}, True),
        ("> They kept my papers.\n>\n> consent: told", {}, True),
        ("> One.\n> consent: told\n\nText.\n\n> Another.", {}, False),
    ],
)
def test_a_quote_cannot_slip_past(folder: Any, text: str, meta: dict[str, str], right: bool) -> None:
    folder.table("consents", QUOTED)
    folder.page("told", text, **meta)
    assert (folder.problems() == []) is right


QUOTED = {**CONSENT, "id": "told", "media": "", "quotes": "told", "languages": "en"}
QUOTE = "Before.\n\n> They kept my papers.\n> consent: told\n\nAfter."


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"quotes": "", "story": "stories/a"}, "no consent record of its own"),
        ({"quotes": "index"}, "no consent record of its own"),
        ({"id": "other"}, "no consent record of its own"),
        ({"approved_by": ""}, "not complete"),
        ({"adult": "false"}, "not complete"),
        ({"court_case": "open"}, "not complete"),
    ],
)
def test_a_quote_needs_a_whole_row_that_names_its_page(folder: Any, row: dict[str, str], sentence: str) -> None:
    folder.page("told", QUOTE)
    folder.table("consents", {**QUOTED, **row})
    assert any("told.md, line" in problem and sentence in problem for problem in folder.problems())


def test_a_quote_stands_only_where_its_consent_covers_the_language(folder: Any) -> None:
    folder.page("told", QUOTE)
    folder.table("consents", QUOTED)
    assert folder.problems() == []
    assert any("content/ta/told.md: the consent does not cover ta" in line for line in folder.check().warnings)
    site = folder.build()
    html = (site / "en" / "told" / "index.html").read_text(encoding="utf-8")
    assert re.search(r'<blockquote data-consent="[0-9a-f]{16}">\s*<p>They kept my papers.</p>\s*</blockquote>', html)
    assert "consent:" not in html
    other = (site / "ta" / "told" / "index.html").read_text(encoding="utf-8")
    assert "After." in other
    assert "papers" not in other


@pytest.mark.parametrize(
    "change",
    [
        {"withdrawn_on": "2027-01-01"},
        {"expires_on": "2026-12-31"},
        {"languages": "ta"},
        {"quotes": "elsewhere"},
        {"id": "renamed"},
        None,
    ],
)
def test_a_quote_leaves_a_built_site_with_its_sound_while_a_table_is_broken(folder: Any, change: Any) -> None:
    media = folder.root / "content" / "media"
    recording(media / "audio" / "en" / "told.wav")
    reading = {**PLACE, "media": "audio/en/told.wav"}
    folder.page("told", QUOTE, recorded="2026-06-01")
    folder.table("consents", QUOTED, reading)
    site = folder.build()
    page = site / "en" / "told" / "index.html"
    assert 'class="listen"' in page.read_text(encoding="utf-8")
    withdrawal.purge(site, folder.root / "content", TODAY)
    assert "papers" in page.read_text(encoding="utf-8")
    folder.csv("helplines").write_text("broken", encoding="utf-8")
    if change is None:
        folder.csv("consents").write_bytes(b"\xff\x00")
    else:
        folder.table("consents", {**QUOTED, **change}, reading)
    assert withdrawal.purge(site, folder.root / "content", TODAY)
    text = page.read_text(encoding="utf-8")
    assert "papers" not in text
    assert "After." in text
    assert 'class="listen"' not in text
    assert (
        list((site / "audio").glob(f"{hashlib.sha256((media / 'audio/en/told.wav').read_bytes()).hexdigest()[:16]}*"))
        == []
    )
    assert all("paper" not in file.read_text(encoding="utf-8") for file in (site / "en" / "search").glob("*.json"))
    assert withdrawal.purge(site, folder.root / "content", TODAY) == []


def test_the_next_build_leaves_out_a_withdrawn_quote_and_the_recording_that_says_it(folder: Any) -> None:
    recording(folder.root / "content" / "media" / "audio" / "en" / "told.wav")
    folder.page("told", QUOTE, recorded="2026-06-01")
    folder.table("consents", {**QUOTED, "withdrawn_on": "2027-01-01"})
    assert folder.problems() == []
    text = (folder.build() / "en" / "told" / "index.html").read_text(encoding="utf-8")
    assert "papers" not in text
    assert "After." in text
    mark = hashlib.sha256((folder.root / "content/media/audio/en/told.wav").read_bytes()).hexdigest()[:16]
    assert mark not in text


def test_a_broken_row_hides_what_it_names_and_a_withdrawal_always_wins() -> None:
    cells = {**CONSENT, "story": "stories/a"}
    head = list(cells)
    valid_cells, broken_cells = list(cells.values()), ["other", "survivor", "photos/b.png stories/a"]
    rows = [consent_table.parse_row(head, valid_cells), consent_table.parse_row(head, broken_cells)]
    alone, beside = consents.Consents(Path(), tuple(rows[:1])), consents.Consents(Path(), tuple(rows))
    assert alone.status("visit", "stories/a", "en", TODAY) == consents.ConsentStatus()
    assert "cannot be read" in beside.status("visit", "stories/a", "en", TODAY).reason
    assert beside.media(TODAY)["photos/b.png"] == frozenset()
    unread = consents.Consents(Path(), ({**cells, "withdrawn_on": "yesterday"},))
    assert unread.status("visit", "stories/a", "en", TODAY).lapsed
