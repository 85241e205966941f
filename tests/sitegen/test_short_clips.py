"""Short clips: what is said of a number and an event, what may be recorded, and what is recorded first."""

from typing import Any

import pytest
from sitegen.content import tables
from sitegen.content.spreadsheets import table_reader
from sitegen.media import short_clips, speech, spoken_texts

from forms.core.portal import Choice, Clip, Event, SoundFile
from tests.sitegen.conftest import ROOT  # type: ignore[import-not-found]
from tests.sitegen.test_listen import recording, with_voice  # type: ignore[import-not-found]


@pytest.fixture(scope="module")
def rows() -> tables.Tables:
    return table_reader.read_tables(ROOT / "content" / "tables", ROOT / "site" / "schemas")


@pytest.mark.parametrize(("number", "expected"), [("112", "Danger, 1 1 2."), ("1800 4252 650", "Danger.")])
def test_a_short_number_is_said_digit_by_digit_and_a_long_one_by_what_it_is_for(number: str, expected: str) -> None:
    assert short_clips.number_text({"number": number, "for_en": "Danger"}, "en") == expected


def test_an_event_is_said_with_day_hour_and_place() -> None:
    event = Event("m", {"en": "Meeting"}, {"en": "School"}, "north", "2027-01-24T10:00", "", 5, "planned", False)
    assert short_clips.event_text(event, "en") == "Meeting. 24 January 2027, 10:00. School."


def test_twenty_five_clips_come_first_and_all_may_be_recorded(rows: tables.Tables) -> None:
    first = short_clips.first_clips(rows)
    assert len(first) == len(set(first)) == 25
    known_keys = {*short_clips.clip_keys(rows, []), *spoken_texts.questions(), *spoken_texts.DIGITS}
    assert set(first) <= known_keys


@pytest.mark.parametrize("language", ["en", "ta", "te", "hi", "or"])
def test_a_number_is_heard_within_four_seconds(rows: tables.Tables, language: str) -> None:
    """So at most 10 KB as Opus. Measured in what the machine's voice says, not in time that passes."""
    for row in rows["helplines"]:
        samples = len(speech.speak(short_clips.number_text(row, language), language)) / 2
        assert 0 < samples / speech.SAMPLE_RATE < 4.2, row["id"]


def test_a_recording_of_a_short_clip_takes_its_place(folder: Any, kept_lines: None) -> None:
    with_voice(folder, en="en")
    recording(folder.root / "content" / "media" / "audio" / "en" / "number" / "112.mp3")
    folder.page("index", "[[ home ]]")
    html = (folder.build() / "en" / "index.html").read_text(encoding="utf-8")
    head = html[html.index('class="dials"') :]
    assert head.count('class="ear"') == 1
    assert 'href="tel:112"' in head
    assert html.index('class="ear"') < html.index('class="listen"'), "the long clip stands below the short ones"


def test_without_a_voice_pictures_stay_and_nothing_pretends_to_speak(folder: Any) -> None:
    folder.page("index", "[[ home ]]")
    folder.page("is-this-me", "[[ self-check ]]")
    folder.page("tell")
    public = folder.build()
    home = (public / "en" / "index.html").read_text(encoding="utf-8")
    assert "<audio" not in home
    assert home.count('class="door"') == 2, "a door leads only to a page that is there"


def test_only_whole_answers_of_the_desks_sentences_are_spoken(portal_with_phrases: Any) -> None:
    spoken = portal_with_phrases.sentence_clips
    assert [clip.seconds for clip in spoken("Call 112. Now.\n\nThank you.", "en")] == [2, 1]
    for words in ("Thank you. My own.", "My own.", "", "Thank"):
        assert spoken(words, "en") == ()
    assert spoken("Thank you.", "ta") == ()


@pytest.fixture
def portal_with_phrases(folder: Any) -> Any:
    from dataclasses import replace  # noqa: PLC0415

    from forms.core.portal import read  # noqa: PLC0415

    folder.build()
    clip = SoundFile("/audio/a.opus", "audio/ogg", 900)
    phrases = (
        Choice("a", {"en": "Thank you."}),
        Choice("b", {"en": "Call 112. Now."}),
        Choice("c", {"en": "Call 112."}),
    )
    clips = {"en": {f"phrase/{name}": Clip(number, (clip,)) for number, name in enumerate("abc", 1)}}
    portal = read(folder.root / ".build" / "portal.json")
    return replace(portal, choices={**portal.choices, "phrases": phrases}, clips=clips)
