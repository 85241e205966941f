"""Inputs that failed in similar software (public bug reports), each with what is right: of what staff write."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from sitegen.content import events, page_reader, pages
from sitegen.content.spreadsheets.dates import ambiguous_days
from sitegen.media import images
from sitegen.render.engine.markdown_html import to_html
from sitegen.render.events import calendars

from forms.core.portal import Event, Portal


def test_a_day_with_a_time_in_front_matter_is_a_sentence(folder: Any) -> None:
    folder.page("index", language="ta", source_changed="2026-11-24T10:30:00")
    [problem] = folder.problems()
    assert problem.startswith('content/ta/index.md, source_changed: "2026-11-24 10:30:00" is not a day.')
    meta, *_ = page_reader.split_front_matter("---\ntitle: A\nchanged: 2026-11-24 10:30:00\n---\n", "content/en/a.md")
    assert pages.PageSource("a.md", "en", meta, "", 1).changed is None, "nothing compares a day with a moment"


@pytest.mark.parametrize(
    "address",
    [
        "https://district.example/safe", "https://district.example/?a=b", "https://district.example/#a", "https://",
        "https://a b.example", "https://user:word@district.example", "https://district.example:port",
    ],
)  # fmt: skip
def test_an_address_below_another_sites_is_refused(folder: Any, refusal: Any, address: str) -> None:
    path = folder.root / "content" / "portal.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("https://portal.example/", f"'{address}'"), encoding="utf-8"
    )
    assert "content/portal.yml, address" in refusal()


def test_endings_in_capitals_are_known(folder: Any) -> None:
    media = folder.root / "content" / "media"
    media.mkdir()
    (media / "installation.SVG").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0"/></svg>'
    )
    folder.page("index", "![A installation](/media/installation.SVG)")
    assert folder.problems() == []
    assert "<svg" in (folder.build() / "en" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("cells", "doubted"),
    [
        (["2/3/2027", "2/13/2027"], {0, 1}),
        (["2/3/2027 10:00", "", "12/31/2027 10:00", "5/5/2027"], {0, 2}),
        (["2/3/2027", "13/2/2027"], set()),
        (["2027-02-03", "2027-13-02"], set()),
        (["24-01-2027"], set()),
    ],
)
def test_days_beside_one_with_the_month_first_are_in_doubt(cells: list[str], doubted: set[int]) -> None:
    assert ambiguous_days(cells) == doubted


def test_all_rows_in_doubt_are_named(folder: Any, refusal: Any) -> None:
    row = {
        "id": "one",
        "kind": "other",
        "title_en": "A",
        "what_en": "B",
        "where_en": "C",
        "state": "planned",
        "example": "false",
    }
    folder.table("events", {**row, "starts": "2/3/2027 10:00"}, {**row, "id": "two", "starts": "2/13/2027 10:00"})
    for number in (2, 3):
        assert f"content/tables/events.csv, row {number}, column starts: " in refusal()
    assert "without doubt" in refusal()


NIGHT = {
    "id": "night", "kind": "street-theatre", "title_en": "Night play", "what_en": "A play.", "where_en": "Bus stand",
    "state": "planned", "example": "false",
}  # fmt: skip


def event_of(folder: Any, starts: str, ends: str) -> Event:
    folder.table("events", {**NIGHT, "starts": starts, "ends": ends})
    [event] = events.events_of(list(events.expand_series(folder.rows("events"))))
    return event


@pytest.mark.parametrize("ends", ["2027-01-25T00:00", "2027-01-24T24:00", "24-01-2027 24:00", "25-01-2027 12:00 AM"])
def test_trial_7_from_twenty_to_midnight_is_one_day(folder: Any, ends: str) -> None:
    event = event_of(folder, "2027-01-24T20:00", ends)
    assert (event.day, event.last_day) == (date(2027, 1, 24), date(2027, 1, 24))
    assert (event.time, event.end_time) == ("20:00", "24:00")
    assert dict(calendars.times_of(event, ZoneInfo("Asia/Kolkata"))) == {
        "dtstart": datetime(2027, 1, 24, 20, tzinfo=ZoneInfo("Asia/Kolkata")),
        "dtend": datetime(2027, 1, 25, 0, tzinfo=ZoneInfo("Asia/Kolkata")),
    }


def test_trial_7_midnight_is_an_hour_and_a_day_alone_has_none(folder: Any) -> None:
    event = event_of(folder, "2027-01-24T00:00", "2027-01-24T04:00")
    assert (event.time, event.end_time, event.last_day) == ("00:00", "04:00", date(2027, 1, 24))
    event = event_of(folder, "24-01-2027", "25-01-2027")
    assert (event.time, event.end_time, event.last_day) == ("", "", date(2027, 1, 25))
    assert dict(calendars.times_of(event, ZoneInfo("UTC")))["dtend"] == date(2027, 1, 26)


def test_trial_7_the_page_and_the_calendar_say_so(folder: Any) -> None:
    folder.table("events", {**NIGHT, "starts": "2027-01-24T20:00", "ends": "2027-01-25T00:00"})
    site = folder.build()
    page = (site / "en" / "events" / "night" / "index.html").read_text(encoding="utf-8")
    assert "20:00–24:00" in page
    assert "25 January" not in page
    entry = (site / "en" / "events" / "night" / "event.ics").read_text(encoding="utf-8")
    assert "DTEND;TZID=Asia/Kolkata:20270125T000000" in entry


@pytest.mark.parametrize("ends", ["2027-01-24T24:30", "2027-01-24T25:00", "2027-01-24T12:60"])
def test_trial_7_no_such_hour_is_a_sentence(folder: Any, refusal: Any, ends: str) -> None:
    folder.table("events", {**NIGHT, "starts": "2027-01-24T20:00", "ends": ends})
    assert "is not a day and time" in refusal()


def test_trial_7_a_repeating_night_and_its_moved_day_end_at_midnight(folder: Any) -> None:
    every = {
        "starts": "2027-01-24T20:00",
        "ends": "2027-01-25T00:00",
        "repeats": "weekly",
        "repeats_until": "2027-02-01",
    }
    moved = {
        **NIGHT,
        "id": "night-2027-01-31",
        "starts": "2027-02-01T20:00",
        "was": "2027-01-31T20:00",
        "state": "moved",
    }
    folder.table("events", {**NIGHT, **every}, moved)
    found = events.events_of(list(events.expand_series(folder.rows("events"))))
    assert [(event.day.day, event.last_day.day, event.end_time) for event in found] == [
        (24, 24, "24:00"),
        (1, 1, "24:00"),
    ]
    assert folder.problems() == []


def test_the_day_is_the_districts_not_the_machines() -> None:
    evening = datetime(2027, 1, 23, 20, 30, tzinfo=UTC)  # 02:00 on the 24th in India
    portal = object.__new__(Portal)
    object.__setattr__(portal, "timezone", "Asia/Kolkata")
    assert portal.today(evening) == date(2027, 1, 24)
    object.__setattr__(portal, "timezone", "no such zone")
    assert portal.today(evening) == date(2027, 1, 23)


PICTURES = {
    "as usual": "![A hall](/media/hall.png)", "with a title": '![A hall](/media/hall.png "The hall")',
    "with spaces": "![A hall]( /media/hall.png )", "between < and >": "![A hall](</media/hall.png>)",
    "by a name": "![A hall][hall]\n\n[hall]: /media/hall.png", "with a class": "![A hall](/media/hall.png){ .wide }",
    "as HTML": '<img src="/media/hall.png" alt="A hall">', "as HTML, other quotes": "<img alt='A hall' src='/media/hall.png'>",
    "as HTML in capitals": '<IMG SRC=/media/hall.png ALT="A hall">',
}  # fmt: skip


def with_hall(folder: Any) -> Path:
    """Put the picture into a district that these lines show; return its folder."""
    media = Path(folder.root) / "content" / "media"
    media.mkdir()
    Image.new("RGB", (400, 300), "red").save(media / "hall.png")
    return media


@pytest.mark.usefixtures("kept_pictures")
def test_a_picture_is_shown_or_named_however_it_is_written(folder: Any) -> None:
    """`check` was silent and the build ended with "cannot be written or read (None)", or showed a picture that is not there."""
    media = with_hall(folder)
    for number, source in enumerate(PICTURES.values()):
        folder.page(f"there-{number}", f"Words.\n\n{source}")
    assert folder.problems() == []
    site = folder.build()
    for number, way in enumerate(PICTURES):
        html = (site / "en" / f"there-{number}" / "index.html").read_text(encoding="utf-8")
        assert "/pictures/" in html, way
        assert "/media/hall" not in html, way
        assert 'alt="A hall"' in html, way
    (media / "hall.png").rename(media / "other.png")
    problems = folder.problems()
    for number, way in enumerate(PICTURES):
        assert any(
            f"there-{number}.md" in one and "the picture /media/hall.png is not there" in one for one in problems
        ), way


@pytest.mark.usefixtures("kept_pictures")
def test_a_picture_without_consent_is_left_out_however_it_is_written(folder: Any) -> None:
    media = with_hall(folder)
    for number, source in enumerate(PICTURES.values()):
        pipeline = images.ImagePipeline(media, folder.root / "c", folder.root / "o", {"hall.png": frozenset()})
        html = to_html(source, folder.root)
        assert "<img" not in pipeline.embed(html, "en"), number


@pytest.mark.parametrize("address", ["/media/none.mp4", "/media/none.WEBM"])
def test_a_film_that_is_not_there_is_named(folder: Any, address: str) -> None:
    folder.page("index", f"[A film]({address})")
    assert any(f"the film {address} is not there" in one for one in folder.problems())


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2027-02-01\u00a010:30", "2027-02-01T10:30"), ("01-02-2027\u202f10:30\u202fAM", "2027-02-01T10:30"),
        ("01\u201102\u20112027 10:30", "2027-02-01T10:30"), ("\u200e01/02/2027 10:30", "2027-02-01T10:30"),
        ("01\u201302\u20132027 10:30", "2027-02-01T10:30"),
    ],
)  # fmt: skip
def test_signs_that_look_the_same_in_a_day_are_read(folder: Any, cell: str, expected: str) -> None:
    """nodejs 46123: newer systems write a narrow space before AM; the sentence showed the cell as it must be."""
    folder.table("events", {**NIGHT, "starts": cell})
    assert folder.rows("events")[0]["starts"] == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "cell", ["\u200e112", "\u0967\u0967\u0968", "1 12", "1-12", "(1)12", "\u202a112\u202c", "1\u00a012"]
)
def test_digits_to_dial_are_read_in_any_script(folder: Any, cell: str) -> None:
    folder.row("helplines", tel=cell)
    assert folder.rows("helplines")[0]["tel"] == "112"


@pytest.mark.parametrize("cell", ["112.0", "1.12E+02", "'112", '="112"', "112/100"])
def test_what_is_no_number_to_dial_is_a_sentence(folder: Any, refusal: Any, cell: str) -> None:
    folder.row("helplines", tel=cell)
    assert "row 2, column tel" in refusal()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("-\u00a0one\n-\u00a0two", "without a space after its sign"),  # github/markup 1150, markdig 675
        ("1.\u2009one", "without a space after its sign"),
        ("\u2212 one\n\u2212 two", "without a space after its sign"),
        ("\u2011 one", "without a space after its sign"),
        ("\uff0a one", "without a space after its sign"),
        ("1\uff0e one", "without a space after its sign"),
        ("\u2022one\n\u2022two", "a bullet of Word"),
        ("==marked== words", "signs for bold or struck letters"),
        ("++new++ words", "signs for bold or struck letters"),
        ("- one\u2028- two", "the end of a line stands there"),
        ("one\u2029two", "the end of a line stands there"),
        ("one\x85two", "the end of a line stands there"),
        ("one_x000D_ two", "as a workbook stores it"),  # exceljs 584, parsexlsx 81
    ],
)
def test_what_other_programs_leave_on_a_page_is_named(folder: Any, text: str, sentence: str) -> None:
    folder.page("index", f"Words.\n\n{text}")
    assert any(sentence in one for one in folder.problems())


@pytest.mark.parametrize("cell", ["Danger_x000D_", "Dan\u2028ger", "Dan\x0bger"])
def test_what_other_programs_leave_in_a_cell_is_named(folder: Any, cell: str) -> None:
    folder.row("helplines", for_en=cell)
    assert any("column for_en" in one for one in folder.problems())


@pytest.mark.parametrize("days", ["030", "1:30", "3_0", "0x1e", "0b11110", "+0_3"])
def test_a_number_that_yaml_reads_as_another_is_said(folder: Any, refusal: Any, days: str) -> None:
    """YAML 1.1 (kramdown-rfc 83): sign-ups that were to be kept for 030 days were kept for 24."""
    path = folder.root / "content" / "portal.yml"
    path.write_text(path.read_text("utf-8").replace("signups_days: 30", f"signups_days: {days}"), "utf-8")
    assert f'keep, signups_days: "{days}" is no number of days' in refusal()


@pytest.mark.parametrize("title", ["0671", "10:30", "1_000_2"])
def test_a_title_stays_as_it_was_written(title: str) -> None:
    meta, *_ = page_reader.split_front_matter(f"---\ntitle: {title}\n---\n", "content/en/a.md")
    assert meta["title"] == title


def test_two_byte_order_marks_are_said(folder: Any, refusal: Any) -> None:
    """They are not passed over: what looks for withdrawn stories by its own means would not see them."""
    folder.page("index", "Words.")
    path = folder.root / "content" / "en" / "index.md"
    path.write_text("\ufeff\ufeff" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert (
        "index.md, line 1: something stands before ---: an empty line, a space, or a sign that nobody sees" in refusal()
    )


def test_months_that_a_repeating_event_skips_are_named(folder: Any) -> None:
    """Etar 662, ical.net 446, recurr 6: what begins on the 31st is not there in February, and nothing said so."""
    every = {**NIGHT, "starts": "2027-01-31T20:00", "repeats": "monthly-by-day", "repeats_until": "2027-06-30"}
    folder.table("events", every)
    [warning] = [one for one in folder.check().warnings if "have no day 31" in one]
    assert "column starts: 2027-02, 2027-04, 2027-06 have no day 31" in warning
    folder.table("events", every, {**NIGHT, "id": "night-february", "starts": "2027-02-28T20:00"})
    assert folder.problems() == []
    assert any("2027-04, 2027-06 have no day 31" in one for one in folder.check().warnings)
    folder.table("events", {**every, "starts": "2027-01-28T20:00"})
    assert not any("have no day" in one for one in folder.check().warnings)
