"""Public pages of events: one for each, and lists by day, place, month and year, with no script."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sitegen.content import event_lists
from sitegen.publish import page_weight
from sitegen.render.events.event_pages import with_events

from forms.core import portal as portals
from forms.core.problem import Problems

from .conftest import ROWS, TODAY  # type: ignore[import-not-found]

MEETING = ROWS["events"][0]
PART = {**MEETING, "part_of": "meeting", "id": "play", "title_en": "Play", "starts": "2027-02-01T11:00"}


def html(folder: Any, path: str, today: date = TODAY) -> str:
    return ((folder.build(today)) / path / "index.html").read_text(encoding="utf-8")


def many(count: int, **more: Any) -> list[dict[str, Any]]:
    """Events on days that follow each other."""
    first = date(2027, 2, 1)
    return [
        {
            **MEETING,
            "id": f"e{number}",
            "title_en": f"Event {chr(97 + number // 26)}{chr(97 + number % 26)}",  # 100 might be a number to call
            "starts": f"{first + timedelta(number)}T10:00",
            **more,
        }
        for number in range(count)
    ]


def test_each_event_has_a_page_in_each_language_in_the_same_shell(folder: Any) -> None:
    folder.row("events", title_ta="கூட்டம்", spoken="ta", free_en="Tea", children="true", step_free="false",
               women_officers="true", map_link="https://map.example/x")  # fmt: skip
    site = folder.build()
    for language in ("en", "ta", "or"):
        page = (site / language / "events/meeting/index.html").read_text(encoding="utf-8")
        assert f'<html lang="{language}">' in page
        assert '<link rel="alternate" hreflang="ta" href="https://portal.example/ta/events/meeting/">' in page
        assert f'href="/forms/{language}/signup?event=meeting"' in page
        assert (site / language / "events/meeting/index.html.br").is_file()
        assert f"https://portal.example/{language}/events/meeting/" in (site / "sitemap.xml").read_text("utf-8")
    english = (site / "en/events/meeting/index.html").read_text(encoding="utf-8")
    for text in ("1 February 2027", "10:00", "School, ", "North", "Tamil", "Tea", "Children are welcome.",
                 "A woman officer is there.", "There are steps. If you need help with them", 'href="https://map.example/x"'):  # fmt: skip
        assert text in english
    tamil = (site / "ta/events/meeting/index.html").read_text(encoding="utf-8")
    assert "<h1" in tamil
    assert '<span lang="en">School</span>' in tamil, "English that stands in is marked"


def test_what_nobody_has_said_is_not_on_the_page(folder: Any) -> None:
    page = html(folder, "en/events/meeting")
    for word in ("Languages spoken there", "What is free", "Children", "Women officers", "Getting in", ">Map<"):
        assert word not in page


@pytest.mark.parametrize("path", ["en/events/meeting", "en/page"])
def test_moved_and_cancelled_are_said_loudly(folder: Any, path: str) -> None:
    folder.page("page", "[[ events: upcoming ]]")
    folder.row("events", state="moved", was="2027-01-25T09:00")
    moved = html(folder, path)
    assert "<strong>Moved: it was on 25 January 2027, 09:00. Now it is on 1 February 2027, 10:00.</strong>" in moved
    assert "signup?event=meeting" in moved
    folder.row("events", state="cancelled")
    called_off = html(folder, path)
    assert "<strong>This event is cancelled. It does not take place.</strong>" in called_off
    assert "signup?event=meeting" not in called_off


def test_parts_stand_on_the_page_of_their_whole_each_with_its_own_sign_up(folder: Any) -> None:
    folder.page("page", "[[ events: upcoming ]]")
    folder.table(
        "events", {**MEETING, "capacity": ""}, PART, {**PART, "id": "stall", "title_en": "Stall", "capacity": ""}
    )
    site = folder.build()
    meeting_page = (site / "en/events/meeting/index.html").read_text(encoding="utf-8")
    assert re.findall(r"signup\?event=(\w+)", meeting_page) == ["play"]
    assert meeting_page.index("What happens when") < meeting_page.index("Play") < meeting_page.index("Stall")
    part = (site / "en/events/play/index.html").read_text(encoding="utf-8")
    assert 'This is a part of: <a href="/en/events/meeting/">Meeting</a>' in part
    page = (site / "en/page/index.html").read_text(encoding="utf-8")
    assert "/en/events/meeting/" in page
    assert "/en/events/play/" not in page, "a list tells of the whole"


def test_staffs_own_words_stand_below_the_table(folder: Any) -> None:
    folder.page("events/meeting", "Bring **papers**, if you have them.")
    page = html(folder, "en/events/meeting")
    assert page.index("School") < page.index("<strong>papers</strong>")
    assert page.count("<h1") == 1
    assert "papers" not in html(folder, "ta/events/meeting")


def test_words_for_an_event_that_is_not_in_the_table(folder: Any) -> None:
    folder.page("events/meting", "x")
    assert folder.problems() == [
        'content/en/events/meting.md: there is no event "meting" in content/tables/events.csv. Did you mean "meeting"?'
    ]


def test_an_invitation_may_be_recorded(folder: Any) -> None:
    spoken = folder.root / "content/media/audio/ta/events"
    spoken.mkdir(parents=True)
    (spoken / "meeting.m4a").write_bytes(b"x")
    assert folder.problems() == []
    (spoken / "meting.m4a").write_bytes(b"x")
    assert "content/media/audio/ta/events/meting.m4a: belongs to no page or question." in folder.problems()[0]


def test_what_came_of_it_is_told_when_it_is_over(folder: Any) -> None:
    folder.page("heard", "x")
    folder.page("page", "[[ events: past ]]")
    later = date(2027, 3, 1)
    assert "Nobody has written yet what came of it." in html(folder, "en/events/meeting", later)
    folder.row(
        "events", state="held", outcome_en="Nine people spoke.", report="heard", source="https://paper.example/x"
    )
    site = folder.build(later)
    page = (site / "en/events/meeting/index.html").read_text(encoding="utf-8")
    assert re.search(r'Nine people spoke\. <a href="/en/heard/">heard</a>', page)
    assert 'href="https://paper.example/x"' in page
    assert "Nine people spoke." in (site / "en/page/index.html").read_text(encoding="utf-8")
    assert "event.ics" not in page


def test_each_part_of_the_district_has_a_list_and_its_feed(folder: Any) -> None:
    folder.table("places", ROWS["places"][0], {"id": "south", "kind": "taluk", "name_en": "South"})
    folder.table(
        "events", MEETING, {**PART, "place": "south"}, {**MEETING, "id": "other", "title_en": "Other", "place": "south"}
    )
    folder.page("page", "[[ events: upcoming ]]")
    site = folder.build()
    north, south, listed = (
        (site / "en" / name / "index.html").read_text(encoding="utf-8")
        for name in ("events/in/north", "events/in/south", "page")
    )
    assert "<h1>Meetings and events: North</h1>" in north
    assert "/en/events/meeting/" in north
    assert "/en/events/other/" not in north
    assert "/en/events/meeting/" in south, "one of its parts is there"
    assert 'href="webcal://portal.example/en/events/in/south/calendar.ics"' in south
    assert '<a href="/en/events/in/north/">North (1)</a>' in listed
    assert '<a href="/en/events/in/south/">South (2)</a>' in listed


def test_a_repeating_event_stands_in_a_list_once_and_names_its_other_days(folder: Any) -> None:
    weekly = {**MEETING, "repeats": "weekly", "repeats_until": "2027-03-01"}
    own = {**MEETING, "id": "meeting-2027-02-15", "starts": "2027-02-15T10:00", "state": "cancelled"}
    folder.table("events", weekly, own)
    folder.page("page", "[[ events: upcoming ]]")
    site = folder.build()
    page = (site / "en/page/index.html").read_text(encoding="utf-8")
    assert re.findall(r'<h3><a href="/en/events/([\w-]+)/">', page) == ["meeting-2027-02-01", "meeting-2027-02-15"]
    page = (site / "en/events/meeting-2027-02-01/index.html").read_text(encoding="utf-8")
    assert "Other days" in page
    assert "15 February 2027, 10:00 · cancelled" in page
    found = (site / "en/search/pages-0.json").read_text(encoding="utf-8")
    assert found.count("meeting-2027-02") == 1, "the search finds the next day, not each"


def test_a_repeating_event_that_is_cancelled_whole_says_so_once(folder: Any) -> None:
    folder.table("events", {**MEETING, "repeats": "weekly", "repeats_until": "2027-03-01", "state": "cancelled"})
    folder.page("page", "[[ events: upcoming ]]")
    assert html(folder, "en/page").count("This event is cancelled.") == 1


def test_a_long_list_is_cut_into_months_and_stays_within_the_weight(folder: Any) -> None:
    folder.table("events", *many(120))
    folder.page("page", "[[ events: upcoming ]]")
    site = folder.build()
    page = (site / "en/page/index.html").read_text(encoding="utf-8")
    assert page.count('<li class="card') == event_lists.MAX_CARDS
    assert page.count("/en/events/e") - event_lists.MAX_CARDS == event_lists.MAX_LINES
    assert '<a href="/en/events/on/2027-03/">March 2027 (31)</a>' in page
    assert page_weight.problems(page_weight.visits(site, ("en", "ta", "or"))) == []
    every = {
        name
        for path in (site / "en/events/on").rglob("index.html")
        for name in re.findall(r"/en/events/(e\d+)/", path.read_text("utf-8"))
    }
    assert len(every) == 120, "each stands in the list of its month"


def test_a_long_past_is_cut_into_years(folder: Any) -> None:
    folder.table("events", *many(20, state="held"))
    folder.page("page", "[[ events: past ]]")
    site = folder.build(date(2027, 6, 1))
    page = (site / "en/page/index.html").read_text(encoding="utf-8")
    assert '<a href="/en/events/past/2027/">2027 (20)</a>' in page
    assert page.index("Event at") < page.index("Event aa"), "the latest first"
    assert "<h1>What has been: 2027</h1>" in (site / "en/events/past/2027/index.html").read_text(encoding="utf-8")


class Items:
    """The microdata of a page (HTML, section 5): properties of each item by its type."""

    def __init__(self, page: str) -> None:
        self.types = re.findall(r'itemtype="https://schema.org/(\w+)"', page)
        self.values = dict(re.findall(r'<(?:meta|link) itemprop="(\w+)" (?:content|href)="([^"]*)"', page))


def test_search_engines_are_told_what_takes_place_and_no_script_is_needed(folder: Any) -> None:
    folder.table("events", {**MEETING, "ends": "2027-02-01T12:00", "state": "moved", "was": "2027-01-25T10:00"}, PART)
    page = html(folder, "en/events/meeting")
    items = Items(page)
    assert items.types == ["Event", "Place", "Event", "Place"]
    assert "<script>" not in page
    assert "ld+json" not in page
    assert items.values["eventStatus"] == "https://schema.org/EventRescheduled"
    assert items.values["previousStartDate"] == "2027-01-25T10:00+05:30"
    assert items.values["endDate"] == "2027-02-01T12:00+05:30"
    assert items.values["address"] == "North, Test district"
    assert '<meta itemprop="startDate" content="2027-02-01T10:00+05:30">' in page
    folder.table("events", {**MEETING, "state": "cancelled"}, PART)
    assert Items(html(folder, "en/events/meeting")).values["eventStatus"] == "https://schema.org/EventCancelled"


def test_an_example_is_not_told_to_search_engines(folder: Any) -> None:
    folder.row("events", example="true")
    page = html(folder, "en/events/meeting")
    assert "itemprop" not in page
    assert "An example, to show how this page works. It does not take place." in page


def test_a_title_cannot_become_a_script(folder: Any) -> None:
    folder.row("events", title_en="<script>alert(1)</script>", outcome_en="<b>")
    with pytest.raises(Problems, match="title_en: has HTML in it"):
        folder.build()
    folder.row("events", title_en="Rights & wages: 3 < 4", outcome_en="", where_en="*x*")
    page = html(folder, "en/events/meeting")
    assert "Rights &amp; wages: 3 &lt; 4" in page
    assert "*x*" in page, "what stands in a table is no Markdown"


def test_made_pages_say_that_nobody_checked_their_words(folder: Any) -> None:
    folder.page("events", "[[ events: upcoming ]]")
    folder.page("events", "[[ events: upcoming ]]", language="ta", reviewed_by="nobody")
    folder.page("events", "[[ events: upcoming ]]", language="or")
    site: Path = folder.build()
    noted = {
        code: "note--translation" in (site / code / "events/meeting/index.html").read_text("utf-8")
        for code in ("en", "ta", "or")
    }
    assert noted == {"en": False, "ta": True, "or": False}


def test_checks_of_the_staffs_pages_do_not_count_made_ones(folder: Any) -> None:
    folder.build()
    portal = portals.read(folder.root / ".build" / "portal.json")
    from sitegen.content.page_reader import read_all  # noqa: PLC0415

    library, _ = read_all(folder.root / "content", portal.language_codes())
    assert set(with_events(library, portal, TODAY).names) - set(library.names) == {
        "events/meeting.md",
        "events/in/north.md",
    }
    assert not any("events/meeting.md" in warning for warning in folder.check().warnings)


def test_without_the_stylesheet_a_day_is_read_once(folder: Any) -> None:
    """The large number of the day belongs to the looks: a browser of text only would show "11 February 2027"."""
    folder.page("page", "[[ events ]]")
    text = re.sub(r"<[^>]*>", "", html(folder, "en/page"))
    assert {*re.findall(r"\d+ February 2027", text)} == {"1 February 2027"}
