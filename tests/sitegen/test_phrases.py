"""What a desk answers with: handed to its window, counted while it waits for a reader, and never a promise."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sitegen.media import audio_clips

from forms.core import portal as portals
from tests.server.conftest import make_district
from tests.sitegen.conftest import ROOT, TODAY, Folder

THANKS = {"id": "thanks", "order": 2, "name_en": "Thank you.", "name_ta": "நன்றி.", "name_or": "ଧନ୍ୟବାଦ।"}
LINK = {"id": "forms", "order": 1, "name_en": "Forms", "url": "https://example.org/f", "source": "x",
        "checked_on": "2026-12-01", "checked_by": "me"}  # fmt: skip


def handed_over_choices(folder: Folder) -> Any:
    folder.build()
    return portals.read(folder.root / ".build" / "portal.json").choices


def test_the_window_gets_phrases_pages_and_duties_but_no_reviewers_name(folder: Folder) -> None:
    closing = {**THANKS, "id": "close", "order": 1, "reviewed_ta": "Malar", "state": "closed"}
    folder.table("phrases", THANKS, closing)
    folder.table("staff_links", LINK)
    folder.table("duties", {"id": "child", "name_en": "Call.", "source": "x", "checked": "yes"})
    found = handed_over_choices(folder)
    assert [(one.value, one.state, one.reviewed) for one in found["phrases"]] == [
        ("close", "closed", ("en", "ta")),
        ("thanks", "", ("en",)),
    ]
    assert found["phrases"][1].label["or"] == "ଧନ୍ୟବାଦ।"
    assert [(one.value, one.label["en"]) for one in found["staff_links"]] == [("https://example.org/f", "Forms")]
    assert [(one.value, one.reviewed) for one in found["duties"]] == [("child", ("en",))]
    assert "Malar" not in (folder.root / ".build" / "portal.json").read_text("utf-8")


def test_a_portal_file_written_before_there_were_phrases_is_read(folder: Folder) -> None:
    folder.build()
    path = folder.root / ".build" / "portal.json"
    data = json.loads(path.read_text("utf-8"))
    data["choices"] = {"places": [{"value": "north", "label": {"en": "North"}, "picture": ""}]}
    assert portals.parse(json.dumps(data), "old").choices["places"][0].reviewed == ()


def test_what_waits_for_a_reader_is_one_line_a_language(folder: Folder) -> None:
    folder.table("phrases", THANKS, {**THANKS, "id": "again", "reviewed_ta": "Malar"})
    folder.table("duties", {"id": "child", "name_en": "Call.", "source": "x", "checked": "no"})
    lines = [line for line in folder.check().warnings if "phrases.csv" in line or "duties.csv" in line]
    assert lines == [
        "content/tables/phrases.csv: 1 phrases wait for a native reader (reviewed_ta).",
        "content/tables/phrases.csv: 2 phrases wait for a native reader (reviewed_or).",
        "content/tables/duties.csv: 1 duties wait for a legal adviser (checked).",
    ], "and staff's English is not asked for in other languages"


@pytest.mark.parametrize(
    ("table", "row", "sentence"),
    [
        ("phrases", {**THANKS, "name_ta": "7 நாள்"}, "column name_ta: 7 is no number"),
        ("phrases", {**THANKS, "name_ta": "", "reviewed_ta": "Malar"}, "a sentence that is not there"),
        ("duties", {"id": "child", "name_en": "You must.", "checked": "no"}, "has no source and is told as a fact"),
        ("staff_links", {**LINK, "checked_on": "2027-01-02"}, "still to come"),
    ],
)
def test_what_a_desk_must_not_say_stops_the_build(
    folder: Folder, table: str, row: dict[str, Any], sentence: str
) -> None:
    folder.table(table, row)
    assert any(sentence in problem for problem in folder.problems())


def test_a_helpline_may_be_named_and_a_question_needs_no_source(folder: Folder) -> None:
    folder.table("phrases", {**THANKS, "name_en": "Call 112."})
    folder.table("duties", {"id": "pocso", "name_en": "Ask your legal adviser whether.", "checked": "no"})
    assert folder.problems(TODAY) == []


@pytest.mark.parametrize(
    ("table", "row", "sentence"),
    [
        ("staff_links", {**LINK, "url": "javascript:x"}, "https://"),
        ("phrases", {**THANKS, "state": "free"}, "looking, closed"),
        ("duties", {"id": "child", "name_en": "x", "checked": "perhaps"}, "perhaps"),
    ],
)
def test_a_wrong_cell_is_a_sentence(
    folder: Folder, refusal: Callable[[], str], table: str, row: dict[str, Any], sentence: str
) -> None:
    folder.table(table, row)
    assert sentence in refusal()


def test_every_phrase_of_this_district_is_in_all_its_languages() -> None:
    with (ROOT / "library" / "india" / "tables" / "phrases.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) >= 14
    assert all(row[f"name_{code}"] for row in rows for code in ("en", "ta", "te", "hi", "or"))
    assert all(row["name_en"].endswith(":") == row["name_or"].endswith(":") for row in rows)


def test_every_phrase_of_the_district_is_spoken_in_every_language() -> None:
    """An answer made of them then speaks: the machine's voice says it until somebody records it."""
    rows = list(csv.DictReader((ROOT / "library" / "india" / "tables" / "phrases.csv").read_text("utf-8").splitlines()))
    codes = ("en", "ta", "te", "hi", "or")
    phrases = tuple(
        portals.Choice(row["id"], {code: row[f"name_{code}"] for code in codes if row[f"name_{code}"]}) for row in rows
    )
    spoken: list[tuple[str, str, str]] = []

    class Pipeline:
        def clip(self, language: str, key: str, words: str) -> portals.Clip | None:
            spoken.append((language, key, words))
            return portals.Clip(2, (portals.SoundFile("/a.mp3", "audio/mpeg", 3000),)) if words else None

    portal = make_district().portal
    spoken_portal = audio_clips.with_questions(replace(portal, choices={"phrases": phrases}), Pipeline(), TODAY)  # type: ignore[arg-type]
    for code in codes:
        assert {f"phrase/{row['id']}" for row in rows} <= set(spoken_portal.clips[code]), code
        answer = " ".join(row[f"name_{code}"] for row in rows[:3])
        assert len(spoken_portal.sentence_clips(answer, code)) == 3, "an answer of three sentences has three clips"
    assert len({words for _, key, words in spoken if key.startswith("phrase/")}) == len(rows) * len(codes)
