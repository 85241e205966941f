"""Calendars as a phone reads them: written with icalendar, read here with another parser (vobject)."""

import gzip
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sitegen.render.events.calendars import FEED_HISTORY, calendar, entry

from forms.core.portal import Event, Portal
from forms.server.web import static_site
from forms.server.web.current import keep_state

from .conftest import ROWS, TODAY  # type: ignore[import-not-found]

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # vobject asks for pytz
    import vobject

MEETING = ROWS["events"][0]


def parse(data: bytes) -> list[Any]:
    """The events that a second parser finds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(vobject.readOne(data.decode("utf-8")).contents.get("vevent", []))


def feed(site: Path, path: str) -> dict[str, Any]:
    return {event.uid.value: event for event in parse((site / path).read_bytes())}


def test_one_event_as_a_file_in_each_language(folder: Any) -> None:
    folder.row("events", title_ta="கூட்டம்; பெரியது, நல்லது", ends="2027-02-01T12:00", free_en="Tea")
    site = folder.build()
    one = feed(site, "ta/events/meeting/event.ics")["meeting@test-district"]
    assert one.summary.value == "கூட்டம்; பெரியது, நல்லது"
    assert one.dtstart.value.utcoffset() == timedelta(hours=5, minutes=30)
    assert one.dtstart.value.astimezone(UTC) == datetime(2027, 2, 1, 4, 30, tzinfo=UTC)
    assert one.dtend.value - one.dtstart.value == timedelta(hours=2)
    assert one.location.value == "School, வடக்கு"
    assert one.url.value == "https://portal.example/ta/events/meeting/"
    assert one.status.value == "CONFIRMED"
    assert "Tea" in one.description.value
    assert int(one.sequence.value) >= 0
    english = feed(site, "en/events/meeting/event.ics")
    assert list(english) == ["meeting@test-district"], "the same in every language"


def test_lines_are_folded_and_end_as_the_standard_says(folder: Any) -> None:
    folder.row("events", title_en="M" * 120)
    data = (folder.build() / "en/events/meeting/event.ics").read_bytes()
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"BEGIN:VTIMEZONE" in data
    assert b"TZID:Asia/Kolkata" in data


def test_the_zone_is_the_districts(folder: Any) -> None:
    path = folder.root / "content" / "portal.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("Asia/Kolkata", "Africa/Nairobi"), encoding="utf-8")
    one = feed(folder.build(), "en/events/meeting/event.ics")["meeting@test-district"]
    assert one.dtstart.value.astimezone(UTC) == datetime(2027, 2, 1, 7, 0, tzinfo=UTC)


def test_a_zone_that_is_none_is_a_sentence(folder: Any, refusal: Any) -> None:
    path = folder.root / "content" / "portal.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("Asia/Kolkata", "Asia/Chenai"), encoding="utf-8")
    assert refusal() == (
        'content/portal.yml, timezone: "Asia/Chenai" is no time zone. Take a name of the IANA time zone database, like Asia/Kolkata.'
    )


def test_a_cancelled_and_a_moved_event_replace_what_a_phone_has(folder: Any) -> None:
    folder.row("events", state="moved", was="2027-01-25T10:00")
    moved = feed(folder.build(), "en/events/calendar.ics")["meeting@test-district"]
    assert (moved.status.value, moved.summary.value) == ("CONFIRMED", "MOVED: Meeting")
    folder.row("events", state="cancelled")
    cancelled = feed(folder.build(), "en/events/calendar.ics")["meeting@test-district"]
    assert (cancelled.status.value, cancelled.summary.value) == ("CANCELLED", "CANCELLED: Meeting")
    assert int(cancelled.sequence.value) > int(moved.sequence.value)
    assert "does not take place" in cancelled.description.value


def test_a_day_without_an_hour_is_a_whole_day(folder: Any) -> None:
    folder.row("events", starts="2027-02-01", ends="2027-02-03")
    one = feed(folder.build(), "en/events/meeting/event.ics")["meeting@test-district"]
    assert (one.dtstart.value, one.dtend.value) == (date(2027, 2, 1), date(2027, 2, 4)), "the end is the day after"


def test_an_hour_that_ends_on_a_later_day_without_one(folder: Any) -> None:
    folder.row("events", ends="2027-02-02")
    one = feed(folder.build(), "en/events/meeting/event.ics")["meeting@test-district"]
    assert one.dtend.value.astimezone(UTC) == datetime(2027, 2, 2, 18, 30, tzinfo=UTC), "midnight after it"


def test_a_feed_for_each_language_and_for_each_part_of_the_district(folder: Any) -> None:
    folder.table("places", ROWS["places"][0], {"id": "south", "kind": "taluk", "name_en": "South"})
    part = {**MEETING, "id": "part", "part_of": "meeting", "place": "south"}
    weekly = {**MEETING, "id": "w", "place": "south", "repeats": "weekly", "repeats_until": "2027-02-15"}
    folder.table("events", MEETING, part, weekly)
    site = folder.build()
    days = [f"w-2027-02-{day}@test-district" for day in ("01", "08", "15")]
    assert sorted(feed(site, "en/events/calendar.ics")) == sorted(
        ["meeting@test-district", "part@test-district", *days]
    )
    assert sorted(feed(site, "ta/events/in/south/calendar.ics")) == sorted(["part@test-district", *days])
    assert sorted(feed(site, "ta/events/in/north/calendar.ics")) == ["meeting@test-district", "part@test-district"]
    event = feed(site, "en/events/calendar.ics")["part@test-district"]
    assert event.related_to.value == "meeting@test-district"
    text = (site / "ta/events/in/north/calendar.ics").read_text(encoding="utf-8")
    assert "X-WR-CALNAME:கூட்டங்களும்" in text.replace("\n ", "").replace("\r", "")
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT12H" in text


def test_a_feed_forgets_what_is_long_over_and_is_there_when_empty(folder: Any) -> None:
    site = folder.build(date(2027, 2, 1) + FEED_HISTORY)
    assert len(feed(site, "en/events/calendar.ics")) == 1
    assert not (site / "en/events/meeting/event.ics").exists()
    site = folder.build(date(2027, 2, 2) + FEED_HISTORY)
    assert feed(site, "en/events/calendar.ics") == {}


def test_the_same_build_gives_the_same_bytes_and_smaller_copies(folder: Any) -> None:
    first = (folder.build() / "or/events/calendar.ics").read_bytes()
    site = folder.build()
    assert (site / "or/events/calendar.ics").read_bytes() == first
    assert gzip.decompress((site / "or/events/calendar.ics.gz").read_bytes()) == first


@pytest.mark.parametrize("coding", ["br", "identity"])
def test_a_phone_is_told_that_it_is_a_calendar(folder: Any, coding: str) -> None:
    app = Flask("site")
    keep_state(app, SimpleNamespace(public=folder.build()))  # type: ignore[arg-type]
    app.register_blueprint(static_site.site)
    answer = app.test_client().get("/en/events/calendar.ics", headers={"Accept-Encoding": coding}, buffered=True)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.status_code == 200


PORTAL = Portal(
    {"en": "D"}, {"en": "P"}, {"en": "S"}, (), (), (), (), {"places": ()}, "", "https://x.example", False, {}, {},
    timezone="Asia/Kolkata",
)  # fmt: skip
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=90)


@given(title=WORDS, what=WORDS, hour=st.integers(1, 23), day=st.integers(1, 28))
def test_any_title_in_any_script_comes_back_whole(title: str, what: str, hour: int, day: int) -> None:
    event = Event(
        "a",
        {"en": title},
        {"en": "W"},
        "",
        f"2027-03-{day:02}T{hour:02}:30",
        "",
        None,
        "planned",
        False,
        what={"en": what},
    )
    (one,) = parse(calendar(PORTAL, [entry(PORTAL, event, "en", 0, TODAY)], "en"))
    assert one.summary.value == title
    assert one.description.value.startswith(what)
    assert one.dtstart.value.isoformat() == f"2027-03-{day:02}T{hour:02}:30:00+05:30"


@pytest.mark.parametrize("name", ["Safe, fair; free", "Two\nlines\n", "A \\ b"])
def test_the_name_of_a_feed_is_a_text_like_any_other(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        contents = vobject.readOne(calendar(PORTAL, [], "en", name).decode()).contents
    assert [contents[key][0].value for key in ("name", "x-wr-calname")] == [name, name]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_where_clocks_are_put_forward_times_are_in_utc(folder: Any, zone: str) -> None:
    """Outlook is an hour off where a zone lists its days of change (iCalcreator 86)."""
    settings = folder.root / "content" / "portal.yml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("Asia/Kolkata", zone), encoding="utf-8")
    for day in ("2027-02-01", "2027-07-01"):
        folder.row("events", starts=f"{day}T10:00", ends=f"{day}T12:00")
        data = (folder.build() / "en/events/meeting/event.ics").read_bytes()
        [event] = parse(data)
        assert event.dtstart.value == datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=ZoneInfo(zone))
        assert event.dtstart.value.utcoffset() == timedelta(0)
        assert b"VTIMEZONE" not in data
    folder.row("events", starts="2027-07-01")
    assert b"DTSTART;VALUE=DATE:20270701" in (folder.build() / "en/events/meeting/event.ics").read_bytes()
