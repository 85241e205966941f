"""Signing up in a browser, with script off and on: the waiting list, changing, cancelling; asking for a visit."""

from typing import Any

import pytest

from tests.journeys.telling import come_back, unfold
from tests.journeys.walking import press

EVENT = "2027-02-legal-aid"
"""The demonstration's event with 30 places."""


def sign_up(page: Any, people: str, *, event: str = EVENT, language: str = "en", **typed: str) -> str:
    """Fill in the form, look at it, send it; the number that is shown."""
    page.goto(f"/forms/{language}/signup?event={event}")
    unfold(page)
    page.fill("#people", people)
    page.check('input[name="adult"][value="yes"]')
    for name, text in typed.items():
        page.fill(f"#{name}", text)
    press(page, "check")
    press(page, "send")
    return str(page.locator(".code").text_content()).strip()


def look(page: Any, code: str, language: str = "en") -> str:
    """What the page of a sign-up says."""
    page.goto(f"/{language}/cancel/")
    page.fill("#code", code)
    press(page, "check")
    return str(page.locator("main").inner_text())


@pytest.fixture
def full(page: Any) -> Any:
    """An event whose 30 places are taken by two groups; both cancel in the end."""
    codes = [sign_up(page, "20"), sign_up(page, "10")]
    yield codes
    for code in codes:
        look(page, code)
        if page.locator('button[value="cancel"]').count():
            press(page, "cancel")


def test_waiting_moving_up_changing_and_cancelling(page: Any, full: list[str]) -> None:
    page.goto(f"/forms/en/signup?event={EVENT}")
    unfold(page)
    assert "All places are taken now" in page.locator("main").inner_text()
    page.fill("#people", "3")
    page.check('input[name="adult"][value="with"]')
    page.check('input[name="help_with"][value="child-care"]')
    press(page, "check")
    assert "There are not enough places left" in page.locator("main").inner_text()
    assert page.locator('button[value="send"]').inner_text() == "Join the waiting list"
    press(page, "send")
    code = str(page.locator(".code").text_content()).strip()
    assert "You are on the waiting list" in page.locator("main").inner_text()
    assert "Your place in the line: 1" in look(page, code)
    look(page, full[1])
    press(page, "cancel")
    assert "You are signed up" in look(page, code)
    press(page, "show")
    assert page.input_value("#people") == "3"
    page.fill("#people", "25")
    press(page, "send")
    assert "Please write a number from 1 to 20" in page.locator("main").inner_text()
    page.fill("#people", "11")
    press(page, "send")
    assert "Nothing was changed" in page.locator("main").inner_text()
    page.fill("#people", "2")
    press(page, "send")
    assert "Your change is kept" in page.locator("main").inner_text()
    assert "2 people" in page.locator("main").inner_text()
    press(page, "cancel")
    assert "This sign-up is cancelled" in page.locator("main").inner_text()


def test_a_child_alone_is_shown_whom_to_ask_in_its_language(page: Any) -> None:
    page.goto(f"/forms/ta/signup?event={EVENT}")
    unfold(page)
    page.fill("#people", "1")
    page.fill("#name", "Malar")
    page.check('input[name="adult"][value="no"]')
    press(page, "check")
    page.locator('main a[href="tel:1098"]').wait_for()
    assert page.locator(".code").count() == 0
    press(page, "check")
    assert "Malar" in page.locator(".summary").inner_text(), "with a grown-up, nothing is typed again"


def test_the_events_desk_sees_who_comes(page: Any, installation: Any) -> None:
    code = sign_up(page, "2", event="2027-06-play", name="Example family", phone="98400 00000")
    listed = installation.at_the_desk("events", "--names", desk_name="events")
    assert listed.exit_code == 0, listed.output
    assert "Example family" in listed.output
    look(page, code)
    press(page, "cancel")


@pytest.mark.parametrize("language", ["en", "or"])
def test_asking_for_a_visit_and_coming_back(page: Any, language: str) -> None:
    page.goto(f"/{language}/events/")
    page.click(f'main a[href="/{language}/ask-for-a-visit/"], main a[href="../ask-for-a-visit/"]')
    page.check('input[name="kind"][value="play"]')
    page.fill("#where", "Example village")
    press(page, "check")
    assert "Example village" in page.locator(".summary").inner_text()
    press(page, "send")
    code = str(page.locator(".code").text_content()).strip()
    come_back(page, language, code)
    assert page.locator(".states .done").count() == 1
    assert "Example village" not in page.content()


def test_asking_about_goods(page: Any) -> None:
    page.goto("/hi/ask-about-goods/")
    press(page, "check")
    page.locator("#question-error").wait_for()
    page.fill("#question", "Example question")
    press(page, "check")
    press(page, "send")
    assert len(str(page.locator(".code").text_content()).replace(" ", "")) == 20


def test_a_mistakes_link_to_a_group_of_choices_focuses_the_first(page: Any) -> None:
    """As GOV.UK's error summary does: whoever follows it with a key can choose at once."""
    page.goto("/forms/en/signup")
    unfold(page)
    press(page, "check")
    page.locator('#problems a[href="#adult"]').click()
    assert page.evaluate("[document.activeElement.name, document.activeElement.value]") == ["adult", "yes"]
    page.keyboard.press("Space")
    assert page.locator('[name="adult"][value="yes"]').is_checked()
