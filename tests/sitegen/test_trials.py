"""Inputs that failed in similar software (public bug reports), each with what is right: of what staff write."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sitegen.content import events, pages
from sitegen.content.spreadsheets.dates import in_doubt
from sitegen.render.events import calendars

from forms.core.portal import Event, Portal


def test_a_day_with_a_time_in_front_matter_is_a_sentence(folder: Any) -> None:
    folder.page("index", language="ta", source_changed="2026-11-24T10:30:00")
    [said] = folder.problems()
    assert said.startswith('content/ta/index.md, source_changed: "2026-11-24 10:30:00" is not a day.')
    meta, *_ = pages.split("---\ntitle: A\nchanged: 2026-11-24 10:30:00\n---\n", "content/en/a.md")
    assert pages.PageSource("a.md", "en", meta, "", 1).changed is None, "nothing compares a day with a moment"


@pytest.mark.parametrize(
    "address",
    [
        "https://district.example/safe", "https://district.example/?a=b", "https://district.example/#a", "https://",
        "https://a b.example", "https://user:word@district.example", "https://district.example:port",
    ],
)  # fmt: skip
def test_an_address_below_another_sites_is_refused(folder: Any, said: Any, address: str) -> None:
    path = folder.root / "content" / "portal.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("https://portal.example/", f"'{address}'"), encoding="utf-8"
    )
    assert "content/portal.yml, address" in said()


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
    assert in_doubt(cells) == doubted


def test_all_rows_in_doubt_are_named(folder: Any, said: Any) -> None:
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
        assert f"content/tables/events.csv, row {number}, column starts: " in said()
    assert "without doubt" in said()


NIGHT = {
    "id": "night", "kind": "street-theatre", "title_en": "Night play", "what_en": "A play.", "where_en": "Bus stand",
    "state": "planned", "example": "false",
}  # fmt: skip


def event_of(folder: Any, starts: str, ends: str) -> Event:
    folder.table("events", {**NIGHT, "starts": starts, "ends": ends})
    [event] = events.events_of(list(events.expanded(folder.rows("events"))))
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
def test_trial_7_no_such_hour_is_a_sentence(folder: Any, said: Any, ends: str) -> None:
    folder.table("events", {**NIGHT, "starts": "2027-01-24T20:00", "ends": ends})
    assert "is not a day and time" in said()


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
    found = events.events_of(list(events.expanded(folder.rows("events"))))
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
