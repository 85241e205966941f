"""From the list of events to a place kept at a part of one, and what assistive technology meets on the way."""

from typing import Any

import pytest

from tests.journeys.walking import LANGUAGES, assert_accessible, assert_fits

PAGES = ("events/", "events/2027-03-open-day/", "events/2027-03-meeting/", "events/in/ponneri/", "events/launch-2020/")


def test_a_person_finds_the_day_near_her_and_signs_up_for_one_part(page: Any) -> None:
    page.goto("/ta/events/")
    page.get_by_role("link", name="திருவள்ளூர் (").click()
    page.locator("a[href='/ta/events/2027-03-open-day/']").click()
    assert "20 மார்ச், 2027" in page.locator("main").inner_text()
    page.locator("a[href$='event=2027-03-open-day-play']").click()
    assert page.locator("#event").input_value() == "2027-03-open-day-play"


def test_a_moved_event_says_so_before_anything_else(page: Any) -> None:
    page.goto("/or/events/2027-03-meeting/")
    loud = page.locator("main .panel--note")
    assert loud.bounding_box()["y"] < page.locator("main dl").bounding_box()["y"]
    assert "2027" in loud.inner_text()


def test_no_page_of_events_is_wider_than_the_phone(page: Any) -> None:
    for language in LANGUAGES:
        for path in PAGES:
            page.goto(f"/{language}/{path}")
            assert_fits(page)


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(browser: Any, installation: Any, path: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=installation.address)
    opened = context.new_page()
    for language in ("en", "ta"):
        opened.goto(f"/{language}/{path}")
        assert_accessible(opened)
    context.close()
