"""Papers of events: their size, their letters, that each fits its sheet, and what their code leads to."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sitegen.build import prepare
from sitegen.print import event_posters, leaflets
from sitegen.render.blocks import Context

from forms.core.i18n import fonts

from .conftest import KEY, ROWS, TODAY  # type: ignore[import-not-found]

MEETING = ROWS["events"][0]
A4, A5 = (595, 842), (420, 595)


def context(folder: Any, language: str = "en") -> Context:
    keys = {"police": (KEY, "sha256:0"), "events": (KEY, "sha256:1")}
    return replace(prepare(folder.root, keys=keys, today=TODAY)[0], language=language)


def papers(folder: Any, out: Path, language: str = "en") -> dict[str, bytes]:
    list(event_posters.write(out, context(folder, language), folder.root / "content" / "media"))
    return {path.name: path.read_bytes() for path in out.rglob("*.pdf")}


def sheets(pdf: bytes) -> list[tuple[int, int]]:
    return [(round(float(w)), round(float(h))) for w, h in re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf)]


def data(folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str = "en") -> list[dict[str, Any]]:
    """What the template is given for each paper, in turn."""
    documents: list[dict[str, Any]] = []
    monkeypatch.setattr(
        leaflets, "typeset", lambda room, _template, kind, _path: documents.append({"kind": kind, **json.loads((room / "data.json").read_text("utf-8"))})
    )  # fmt: skip
    list(event_posters.write(tmp_path, context(folder, language), folder.root / "content" / "media"))
    return documents


@pytest.mark.parametrize("language", ["en", "ta", "or"])
def test_each_event_has_a_poster_and_a_hand_out_and_each_language_a_wall_poster(
    folder: Any, tmp_path: Path, language: str
) -> None:
    folder.row("events", title_ta="கூட்டம்", title_or="ବୈଠକ", spoken="ta or", children="true")
    pdfs = papers(folder, tmp_path, language)
    assert {name: sheets(pdf) for name, pdf in pdfs.items()} == {
        f"meeting-poster-{language}.pdf": [A4],
        f"meeting-handout-{language}.pdf": [A5],
        f"wall-{language}.pdf": [A4],
    }
    if language != "en":
        assert all(fonts.font_of(language).replace(" ", "").encode() in pdf for pdf in pdfs.values())


def test_a_full_programme_still_fits_one_sheet(folder: Any, tmp_path: Path) -> None:
    parts = [
        {
            **MEETING,
            "id": f"p{number}",
            "part_of": "meeting",
            "title_en": f"Part {number}: " + "many words " * 8,
            "starts": f"2027-02-01T{number + 1:02}:00",
        }
        for number in range(16)
    ]
    folder.table(
        "events", {**MEETING, "title_en": "A title with many words " * 5, "what_en": "What happens. " * 30}, *parts
    )
    pdfs = papers(folder, tmp_path)
    assert sheets(pdfs["meeting-poster-en.pdf"]) == [A4]
    assert sheets(pdfs["meeting-handout-en.pdf"]) == [A5]


def test_a_paper_says_what_one_must_know_before_going(
    folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[str] = []
    monkeypatch.setattr(leaflets, "write_qr_code", lambda address, _path: codes.append(address))
    folder.table(
        "events",
        {
            **MEETING,
            "state": "moved",
            "was": "2027-01-25T10:00",
            "ends": "2027-02-01T12:00",
            "women_officers": "true",
            "children": "false",
        },
        {**MEETING, "id": "play", "part_of": "meeting", "title_en": "Play", "starts": "2027-02-01T11:00"},
    )
    poster = data(folder, tmp_path, monkeypatch)[0]
    assert codes == ["https://portal.example/en/events/meeting/", "https://portal.example/en/"]
    assert poster["address"] == "portal.example/en/events/meeting"
    assert (poster["day"], poster["time"], poster["where"]) == ("1 February 2027", "10:00–12:00", "School, North")
    assert poster["moved"] == "Moved: it was on 25 January 2027, 10:00. Now it is on 1 February 2027, 10:00."
    assert poster["parts"] == [{"time": "11:00", "title": "Play"}]
    assert [fact["name"] for fact in poster["facts"]] == ["Women officers"]
    assert poster["signup"] == "You can sign up on this page."


def test_which_events_are_put_on_walls(folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weekly = {**MEETING, "id": "weekly", "repeats": "weekly", "repeats_until": "2027-03-01", "example": "true"}
    past = {**MEETING, "id": "past-one", "starts": "2026-02-01T10:00", "state": "held"}
    folder.table("events", {**MEETING, "state": "cancelled"}, weekly, past)
    papers_data = data(folder, tmp_path, monkeypatch)
    assert [paper["kind"] for paper in papers_data] == ["poster", "handout", "wall"]
    assert papers_data[0]["others"] == [
        "8 February 2027, 10:00",
        "15 February 2027, 10:00",
        "22 February 2027, 10:00",
        "1 March 2027, 10:00",
    ]
    assert papers_data[0]["example"] == "An example, to show how this page works. It does not take place."


def test_the_strips_name_the_numbers_of_help_and_the_site(
    folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = data(folder, tmp_path, monkeypatch)[-1]
    assert wall["strips"] == ["112"], "a number, and no word that tells what it is for"
    assert wall["address"] == "portal.example/en"
    assert wall["count"] == event_posters.STRIPS


def test_a_code_has_four_empty_modules_around_it(tmp_path: Path) -> None:
    """ISO/IEC 18004, 9.1: with fewer, scanners miss it beside words or on a coloured poster."""
    leaflets.write_qr_code("https://portal.example/ta/", tmp_path / "qr.svg")
    assert "M4 4.5h7" in (tmp_path / "qr.svg").read_text(encoding="utf-8")
