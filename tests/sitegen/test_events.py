"""Events of the table: parts, days that repeat, moved and cancelled ones; and every mistake as a sentence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sitegen.content.events import MAX_REPEATS, events_of, expand_series
from sitegen.content.spreadsheets.table_reader import read_tables

from forms.core import portal as portals
from forms.core.portal import Event

from .conftest import ROWS  # type: ignore[import-not-found]

MEETING = ROWS["events"][0]
WEEKLY = {**MEETING, "id": "weekly", "repeats": "weekly", "repeats_until": "2027-02-22", "ends": "2027-02-01T12:00"}


def events(folder: Any, *rows: dict[str, Any]) -> dict[str, Event]:
    folder.table("events", *rows)
    tables = read_tables(folder.csv("events").parent, folder.root / "site" / "schemas")
    return {event.id: event for event in events_of(list(expand_series(tables["events"])))}


def where(row: int, id: str, column: str) -> str:
    return f"content/tables/events.csv, row {row} ({id}), column {column}: "


def test_a_row_tells_what_a_person_asks_before_coming(folder: Any) -> None:
    found = events(folder, {**MEETING, "spoken": "ta te", "free_en": "Tea", "children": "true", "step_free": "false"})
    one = found["meeting"]
    assert (one.spoken, one.free, one.children, one.step_free, one.women_officers) == (
        ("ta", "te"), {"en": "Tea"}, True, False, None,
    )  # fmt: skip


def test_only_a_day_where_the_hour_is_not_known(folder: Any) -> None:
    one = events(folder, {**MEETING, "starts": "2020-02-26"})["meeting"]
    assert (one.starts, one.time, one.day) == ("2020-02-26", "", date(2020, 2, 26))


@pytest.mark.parametrize(
    ("state", "open_"), [("planned", True), ("moved", True), ("cancelled", False), ("held", False)]
)
def test_planned_and_moved_events_take_sign_ups(folder: Any, state: str, open_: bool) -> None:
    one = events(folder, {**MEETING, "state": state})["meeting"]
    assert one.takes_signups(date(2027, 1, 31)) is open_
    assert not one.takes_signups(date(2027, 2, 1)), "the day itself is for walk-ins"


def test_what_is_handed_over_is_read_back_whole(folder: Any) -> None:
    folder.table("events", {**WEEKLY, "spoken": "ta or", "free_en": "Tea"})
    folder.build()
    handed = portals.read(folder.root / ".build" / "portal.json")
    assert handed.events == tuple(events(folder, {**WEEKLY, "spoken": "ta or", "free_en": "Tea"}).values())
    assert handed.timezone == "Asia/Kolkata"
    kinds = [row["id"] for row in ROWS["kinds"] if row["of"] == "event"]
    assert [choice.value for choice in handed.choices["event_kinds"]] == kinds


@pytest.mark.parametrize(
    ("repeats", "first", "until", "days"),
    [
        ("weekly", "2027-02-01", "2027-02-15", ["2027-02-01", "2027-02-08", "2027-02-15"]),
        ("monthly-by-weekday", "2027-01-12", "2027-04-12", ["2027-01-12", "2027-02-09", "2027-03-09"]),
        ("monthly-by-weekday", "2027-01-31", "2027-03-31", ["2027-01-31", "2027-02-28", "2027-03-28"]),
        ("monthly-by-day", "2027-01-31", "2027-05-31", ["2027-01-31", "2027-03-31", "2027-05-31"]),
    ],
)  # fmt: skip
def test_days_that_repeat(folder: Any, repeats: str, first: str, until: str, days: list[str]) -> None:
    row = {**MEETING, "starts": f"{first}T10:00", "repeats": repeats, "repeats_until": until}
    found = events(folder, row)
    assert list(found) == [f"meeting-{day}" for day in days]
    assert {event.series for event in found.values()} == {"meeting"}
    assert [event.starts for event in found.values()] == [f"{day}T10:00" for day in days]


def test_days_excepted_are_left_out_and_each_day_is_as_long_as_the_first(folder: Any) -> None:
    found = events(folder, {**WEEKLY, "except": "2027-02-08 15-02-2027"})
    assert list(found) == ["weekly-2027-02-01", "weekly-2027-02-22"]
    assert found["weekly-2027-02-22"].ends == "2027-02-22T12:00"


def test_one_day_is_cancelled_by_a_row_of_its_own_that_leaves_the_rest_empty(folder: Any) -> None:
    series = {**WEEKLY, "title_ta": "கூட்டம்", "spoken": "ta"}
    own = {**MEETING, "id": "weekly-2027-02-08", "starts": "2027-02-08T10:00", "state": "cancelled", "capacity": ""}
    found = events(folder, own, series)
    assert [event.state for event in found.values()] == ["planned", "cancelled", "planned", "planned"]
    one = found["weekly-2027-02-08"]
    assert (one.title["ta"], one.spoken, one.capacity, one.series) == ("கூட்டம்", ("ta",), 5, "weekly")


def test_one_day_is_moved_and_another_title_takes_no_translation_of_the_old(folder: Any) -> None:
    own = {**MEETING, "id": "weekly-2027-02-08", "starts": "2027-02-09T15:00", "was": "2027-02-08T10:00",
           "state": "moved", "title_en": "Another"}  # fmt: skip
    one = events(folder, {**WEEKLY, "title_ta": "கூட்டம்"}, own)["weekly-2027-02-08"]
    assert (one.starts, one.ends, one.was) == ("2027-02-09T15:00", "2027-02-09T17:00", "2027-02-08T10:00")
    assert one.title == {"en": "Another"}
    assert folder.problems() == []


def test_parts_of_a_cancelled_event_are_cancelled_with_it(folder: Any) -> None:
    part = {**MEETING, "id": "part", "part_of": "meeting"}
    found = events(folder, {**MEETING, "state": "cancelled"}, part)
    assert found["part"].state == "cancelled"
    assert not found["part"].takes_signups(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("changes", "column", "sentence"),
    [
        ({"ends": "2027-01-31T10:00"}, "ends", "it ends before it starts. Look at both days and times."),
        ({"state": "moved"}, "was", "this event is moved, but from when is not said. Write the old day and time."),
        ({"was": "2027-01-31T10:00"}, "state", "there is an old day in the column was. Write moved, or empty that cell."),
        ({"state": "moved", "was": "2027-02-01T10:00"}, "was", "it is the same as starts. Write in was when it was to begin at first."),
        ({"state": "held"}, "state", "it is held, but its day is still to come. Write planned, or mend starts."),
        ({"spoken": "ta Telugu"}, "spoken", '"Telugu" is no code of a language. Write codes like ta te hi or en ml bn, with spaces between.'),
        ({"map_link": "near the bus stand"}, "map_link", "this is no address of a map. Copy it from the browser, with https:// at its beginning."),
        ({"report": "indx"}, "report", 'the page indx is not there. Did you mean "index"?'),
        ({"except": "2027-02-08"}, "except", "this event does not repeat. Fill in repeats, or empty this cell."),
        ({"repeats_until": "2027-02-08"}, "repeats_until", "this event does not repeat. Fill in repeats, or empty this cell."),
        ({"repeats": "weekly"}, "repeats_until", "this cell is empty. Write the last day on which it may take place."),
        ({"repeats": "weekly", "repeats_until": "2027-01-31"}, "repeats_until", "it ends before its first day. Look at starts and repeats_until."),
        ({"repeats": "weekly", "repeats_until": "2037-01-31"}, "repeats_until", f"it repeats {MAX_REPEATS} times or more. Write an earlier day."),
        ({"repeats": "weekly", "repeats_until": "2027-03-01", "except": "soon"}, "except", '"soon" is not a day. Write it like 2027-01-24, spaces between days.'),
        ({"repeats": "weekly", "repeats_until": "2027-03-01", "except": "2027-02-09"}, "except", "it would not take place on 2027-02-09 anyway. Look at the calendar."),
        ({"repeats": "weekly", "repeats_until": "2027-03-01", "state": "moved", "was": "2027-01-31T10:00"}, "state", "a repeating row cannot be moved. Write planned or cancelled here, and give the day that differs a row of its own."),
    ],
)  # fmt: skip
def test_a_wrong_row(folder: Any, changes: dict[str, str], column: str, sentence: str) -> None:
    folder.row("events", **changes)
    assert folder.problems() == [where(2, "meeting", column) + sentence]


@pytest.mark.parametrize("id", ["past", "index"])
def test_an_id_that_the_site_needs_itself(folder: Any, id: str) -> None:
    folder.row("events", id=id)
    assert folder.problems() == [where(2, id, "id") + f'"{id}" is a folder of the site. Give the event another id.']


@pytest.mark.parametrize(
    ("id", "why"), [("index", "is a folder of the site."), ("con", "is a name that Windows keeps")]
)
def test_an_id_of_a_place_whose_page_could_not_be_made(folder: Any, id: str, why: str) -> None:
    folder.row("places", id=id)
    folder.row("events", place=id)
    assert f'content/tables/places.csv, row 2, column id: "{id}" {why}' in folder.problems()[0]


def test_one_whole_day_may_end_on_itself(folder: Any) -> None:
    folder.row("events", starts="2027-02-01T10:00", ends="2027-02-01")
    assert folder.problems() == []


@pytest.mark.parametrize(
    ("changes", "column", "sentence"),
    [
        ({"part_of": "meting"}, "part_of", 'there is no event "meting". Did you mean "meeting"?'),
        ({"starts": "2027-02-02T10:00"}, "starts", "this part is not on a day of its whole. meeting is on 2027-02-01."),
        ({"ends": "2027-02-02T10:00"}, "starts", "this part is not on a day of its whole. meeting is on 2027-02-01."),
        ({"part_of": "weekly"}, "part_of", "weekly takes place on many days. Name one of its days, like weekly-2027-02-01."),
        ({"part_of": "other"}, "part_of", "other is itself a part. Name the event to which all parts belong."),
        ({"repeats": "weekly", "repeats_until": "2027-03-01"}, "repeats", "a part cannot repeat. Give each day a row of its own."),
    ],
)  # fmt: skip
def test_a_wrong_part(folder: Any, changes: dict[str, str], column: str, sentence: str) -> None:
    other = {**MEETING, "id": "other", "part_of": "meeting"}
    folder.table("events", MEETING, WEEKLY, other, {**MEETING, "id": "part", "part_of": "meeting", **changes})
    assert folder.problems() == [where(5, "part", column) + sentence]


def test_a_part_may_belong_to_one_day_of_a_repeating_event(folder: Any) -> None:
    folder.table(
        "events", WEEKLY, {**MEETING, "id": "part", "part_of": "weekly-2027-02-08", "starts": "2027-02-08T11:00"}
    )
    assert folder.problems() == []


def test_a_row_for_a_day_on_which_it_does_not_take_place(folder: Any) -> None:
    folder.table("events", WEEKLY, {**MEETING, "id": "weekly-2027-02-09", "starts": "2027-02-09T10:00"})
    assert folder.problems() == [
        where(3, "weekly-2027-02-09", "id") + "weekly does not take place on 2027-02-09. "
        "Its days are: 2027-02-01, 2027-02-08, 2027-02-15, 2027-02-22 ..."
    ]


def test_the_same_id_twice(folder: Any, refusal: Callable[[], str]) -> None:
    folder.table("events", MEETING, MEETING)
    assert 'events.csv, row 3, column id: "meeting" stands in an earlier row too. Give each row its own.' in refusal()


def test_an_event_whose_day_is_over_waits_for_what_came_of_it(folder: Any) -> None:
    warned = where(2, "meeting", "state") + "its day is over. Write held and what came of it, or cancelled."
    assert warned in folder.check(date(2027, 2, 2)).warnings
    assert warned not in folder.check(date(2027, 2, 1)).warnings


# Beside the last build: what people who signed up would lose


def test_an_event_that_is_gone_stops_the_build_until_it_is_cancelled(folder: Any) -> None:
    folder.build()
    folder.table("events")
    sentence = (
        "content/tables/events.csv, event meeting: is gone, and people may have signed up for it. "
        "Put the row back and write cancelled into state: those who signed up see it."
    )
    assert folder.problems() == [sentence]
    assert folder.problems(today=date(2027, 2, 1)) == [], "on its day nobody can sign up any more"
    folder.row("events", state="cancelled")
    assert folder.problems() == []


def test_a_day_that_is_excepted_later_is_missed_too(folder: Any) -> None:
    folder.table("events", WEEKLY)
    folder.build()
    folder.table("events", {**WEEKLY, "except": "2027-02-08"})
    assert folder.problems()[0].startswith("content/tables/events.csv, event weekly-2027-02-08: is gone")


def test_examples_and_events_without_sign_up_may_go(folder: Any) -> None:
    folder.table("events", {**MEETING, "example": "true"}, {**MEETING, "id": "open", "capacity": ""})
    folder.build()
    folder.table("events")
    report = folder.check()
    assert report.problems == ()
    assert any("event meeting: is gone." in warning for warning in report.warnings)
    assert not any("event open" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"capacity": "4"}, "column capacity: 5 before, 4 now. Those who signed up keep their places, even if they are more than that."),
        ({"capacity": ""}, "column capacity: it is empty now. Nobody can sign up; those who did keep their places."),
        ({"starts": "2027-02-03T10:00"}, "column starts: 2027-02-01T10:00 before. Write moved into state and the old time into was."),
    ],
)  # fmt: skip
def test_what_changed_for_those_who_signed_up_is_said(folder: Any, changes: dict[str, str], sentence: str) -> None:
    folder.build()
    before = folder.check().warnings
    folder.row("events", **changes)
    report = folder.check()
    assert report.problems == ()
    assert f"content/tables/events.csv, event meeting, {sentence}" in report.warnings
    assert not any("event meeting, column" in warning for warning in before)


def test_a_last_build_that_cannot_be_read_is_passed_over(folder: Any) -> None:
    (folder.root / ".build" / "portal.json").write_text("{", encoding="utf-8")
    assert folder.problems() == []


def test_the_list_of_the_form_tells_days_apart(folder: Any) -> None:
    folder.table("events", WEEKLY)
    folder.page("page", "[[ form: signup ]]")
    page = (folder.build() / "en/page/index.html").read_text(encoding="utf-8")
    assert '<option value="weekly-2027-02-08">8 February 2027 · Meeting</option>' in page


def test_constructor_calls_of_old_still_stand() -> None:
    one = Event("a", {}, {}, "", "2027-02-01T10:00", "", 5, "planned", False)
    assert replace(one, state="moved").takes_signups(date(2027, 1, 1))


def test_a_day_of_a_repeating_event_that_is_put_elsewhere_is_moved(folder: Any) -> None:
    day = {**MEETING, "id": "weekly-2027-02-08", "starts": "2027-02-09T10:00"}
    folder.table("events", WEEKLY, day)
    assert folder.problems() == [
        "content/tables/events.csv, row 3 (weekly-2027-02-08), column starts: its id says 2027-02-08."
        " Write that day; or moved into state and the old time into was."
    ]
    folder.table("events", WEEKLY, {**day, "state": "moved", "was": "2027-02-08T10:00"})
    assert folder.problems() == []


DOUBTFUL: list[tuple[str, list[dict[str, Any]], str]] = [
    ("a year long", [{"ends": "2028-02-01T12:00"}], where(2, "meeting", "ends") + "it lasts 365 days. Look at both days."),
    ("far away", [{"starts": "2207-02-01T10:00"}], where(2, "meeting", "starts") + "2207-02-01 is 180 years off. Look"),
    ("long ago", [{"starts": "1927-02-01T10:00"}], where(2, "meeting", "starts") + "1927-02-01 is 100 years ago. Look"),
    ("no time at all", [{"ends": "2027-02-01T10:00"}], where(2, "meeting", "ends") + "it ends when it begins."),
    ("kept by Windows", [{"id": "con"}], where(2, "con", "id") + '"con" is a name that Windows keeps for itself'),
    ("no day left", [{"repeats": "weekly", "repeats_until": "2027-02-08", "except": "2027-02-01 2027-02-08"}],
     where(2, "meeting", "except") + "no day is left on which it takes place."),
    ("on its own heels", [{"repeats": "weekly", "repeats_until": "2027-03-01", "ends": "2027-02-10T10:00"}],
     where(2, "meeting", "ends") + "it is still going on when it begins again."),
    ("a title of pictures", [{"title_en": "😀"}], 'events.csv, row 2, column title_en: "😀" has no letters'),
    ("an endless title", [{"title_ta": "க" * 420}], "column title_ta: \"" + "க" * 40 + '..." has 420 letters.'),
    ("a title in two lines", [{"title_en": "Two\nlines"}], "column title_en: \"Two ...\" stands in several lines."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "sentence"), [case[1:] for case in DOUBTFUL], ids=[case[0] for case in DOUBTFUL])
def test_what_is_hardly_meant_is_said(folder: Any, changes: list[dict[str, Any]], sentence: str) -> None:
    folder.table("events", *({**MEETING, **change} for change in changes))
    [problem] = folder.problems()
    assert sentence in problem


def test_what_is_rare_and_meant_is_left_alone(folder: Any) -> None:
    folder.table(
        "events",
        {**MEETING, "ends": "2027-02-20T12:00"},
        {**MEETING, "id": "other-hall", "where_en": "Another hall"},
        {**MEETING, "id": "same-place-and-time", "title_en": "Another"},
        {**MEETING, "id": "through-the-night", "starts": "2027-02-03T20:00", "ends": "2027-02-04T06:00"},
        {**MEETING, "id": "nightly", "starts": "2027-02-04T22:00", "ends": "2027-02-05T02:00", "repeats": "weekly",
         "repeats_until": "2027-02-18"},
        {**MEETING, "id": "nightly-2027-02-04", "starts": "2027-02-04T22:00", "state": "cancelled"},
    )  # fmt: skip
    assert folder.problems() == []


def test_a_copied_row_is_asked_about(folder: Any) -> None:
    folder.table(
        "events", MEETING, {**MEETING, "id": "other"}, {**MEETING, "id": "third", "starts": "2027-02-02T10:00"}
    )
    assert [one for one in folder.check().warnings if "same title" in one] == [
        where(3, "other", "id") + "row 2 (meeting) has the same title, time and place. "
        "Take one of them out, or write what is different."
    ]


def test_an_event_that_begins_in_the_night_is_asked_about(folder: Any) -> None:
    folder.row("events", starts="2027-02-01T02:30")
    [warning] = [one for one in folder.check().warnings if "at night" in one]
    assert warning == where(2, "meeting", "starts") + "it begins at 02:30 at night. Should it be 14:30?"
