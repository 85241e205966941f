"""The ways through the installation, walked in a real browser, with JavaScript off and on."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PHONE  # type: ignore[import-not-found]
from tests.journeys.telling import NEXT, come_back, fill, review, send, unfold
from tests.journeys.walking import press, wait_for_address


def code(page: Any) -> str:
    return str(page.locator(".code").inner_text()).strip()


def test_from_the_tamil_home_to_a_concern_its_receipt_and_the_answer(
    page: Any, installation: Any, request: pytest.FixtureRequest
) -> None:
    page.goto("/ta/")
    assert page.locator("html").get_attribute("lang") == "ta"
    page.locator('main a[href$="tell/"]').first.click()
    words = f"எங்களை வெளியே விட மறுக்கிறார்கள் {id(page)}"
    fill(page, "what", words)
    fill(page, "place", "avadi")
    review(page)
    assert words in page.locator("main").inner_text()
    receipt = send(page)
    assert re.fullmatch(r"\d{4} \d{4} \d{4} \d{4} \d{4}", receipt)
    if "[no script]" in request.node.name:
        page.reload()
        assert code(page) == receipt, "a reload shows the same receipt and sends nothing new"

    listing = installation.at_the_desk("list")
    assert listing.exit_code == 0, listing.output
    assert listing.output.count(words) == 1
    answered = installation.at_the_desk("answer", letter_number(listing.output, words), "--text", "நாளை வருகிறோம்.")
    assert answered.exit_code == 0, answered.output

    come_back(page, "ta", receipt)
    assert "நாளை வருகிறோம்." in page.locator("main").inner_text()
    assert words not in page.locator("main").inner_text()


def letter_number(listing: str, words: str) -> str:
    """The number of the letter with these words in the desk's listing."""
    line = next(line for line in listing.splitlines() if words in line)
    return line.split()[0]


def test_sign_up_and_cancel(page: Any, installation: Any) -> None:
    page.goto("/or/sign-up/")
    unfold(page)
    page.locator("#event option").nth(1).wait_for(state="attached")
    page.locator("#event").select_option(index=1)
    page.locator("#people").fill("୩")
    page.locator('input[name="adult"][value="yes"]').check()
    page.locator("#name").fill("ମାଳତୀ")
    press(page, "check")
    press(page, "send")
    number = code(page)
    page.goto("/or/cancel/")
    page.locator("#code").fill(number)
    press(page, "check")
    press(page, "cancel")
    expect(page.locator(".panel--done")).to_have_count(1)
    listed = installation.at_the_desk("events", "--names", desk_name="events")
    assert listed.exit_code == 0, listed.output


def test_mistakes_are_told_in_ones_own_language_and_nothing_is_lost(page: Any) -> None:
    page.route("**/assets/seal-*", lambda route: route.abort())
    page.goto("/hi/tell/")
    unfold(page)
    page.locator("#contact").fill("पेड़ के नीचे")
    page.locator("#people").fill("बहुत")
    press(page, "check")
    assert page.locator(".error-summary a").count() == 2
    page.locator(".error-summary a").first.click()
    wait_for_address(page, "#what")
    assert page.locator("#contact").input_value() == "पेड़ के नीचे"
    assert re.search("[\u0900-\u097f]", page.locator("#what-error").inner_text())


def test_the_language_switch_keeps_the_page(page: Any, installation: Any) -> None:
    page.goto("/ta/rights/")
    for language in installation.portal.languages:
        page.locator("header summary").click()
        page.locator(f'header .tongues a[hreflang="{language.code}"]').click()
        wait_for_address(page, f"/{language.code}/rights/")
        assert page.locator("html").get_attribute("lang") == language.code


@pytest.mark.windows
@pytest.mark.leaves
def test_leaving_fast(page: Any, installation: Any, request: pytest.FixtureRequest) -> None:
    page.route(
        re.compile(r"^(?!http://127\.0\.0\.1)"),
        lambda route: route.fulfill(body="<title>elsewhere</title>", content_type="text/html"),
    )
    page.goto("/te/")
    page.goto("/te/signs/")
    page.locator("a[data-exit], a.exit").first.click()
    page.wait_for_url(re.compile("^" + re.escape(installation.portal.exit_for("te").rstrip("/"))))
    page.go_back(wait_until="commit")
    wait_for_address(
        page, "/te/" if "[script]" in request.node.name else "/te/signs/"
    )  # with a script it does not return there


@pytest.mark.leaves
def test_escape_three_times_leaves_too(page: Any, installation: Any, request: pytest.FixtureRequest) -> None:
    page.route(re.compile(r"^(?!http://127\.0\.0\.1)"), lambda route: route.fulfill(body="elsewhere"))
    page.goto("/te/tell/")
    if "[script]" in request.node.name:
        page.evaluate("Date.now = () => 0")  # three times within three seconds, however slow this machine is
    for _ in range(3):
        page.keyboard.press("Escape")
    if "[script]" in request.node.name:
        page.wait_for_url(re.compile("^" + re.escape(installation.portal.exit_for("te").rstrip("/"))))
    else:
        wait_for_address(page, "/te/tell/")


def focused_attribute(page: Any, attribute: str) -> str:
    """An attribute of what has the focus; a player's own buttons count as the player (`:focus` does not see them)."""
    return page.evaluate("name => document.activeElement.getAttribute(name)", attribute) or ""


def tab_to(page: Any, attribute: str, value: str) -> None:
    for _ in range(150):
        if focused_attribute(page, attribute) == value:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard never comes to {value}")


def test_with_the_keyboard_alone(page: Any, request: pytest.FixtureRequest) -> None:
    page.goto("/en/tell/")
    page.keyboard.press("Tab")
    assert "main" in focused_attribute(page, "href"), "the first stop skips to the text"
    if "[script]" in request.node.name:
        page.locator(NEXT).focus()
        page.keyboard.press("Enter")
    unfold(page)
    tab_to(page, "id", "what")
    page.keyboard.type("Only with the keyboard")
    if "[script]" in request.node.name:
        for _ in range(3):
            page.locator(NEXT).focus()
            page.keyboard.press("Enter")
        tab_to(page, "value", "check")
        page.keyboard.press("Enter")
        page.locator(".look .button").first.focus()
    else:
        tab_to(page, "value", "check")
        page.keyboard.press("Enter")
        page.locator('button[value="send"]').focus()
    page.keyboard.press("Enter")
    page.locator(".code").wait_for()


def test_a_page_that_is_not_there_says_so_in_its_language(page: Any) -> None:
    answer = page.goto("/or/nothing/")
    assert answer.status == 404
    assert page.locator("html").get_attribute("lang") == "or"


def test_the_check_for_oneself_answers_and_sends_nothing(page: Any) -> None:
    page.goto("/ta/is-this-me/")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    scene = page.locator(".scene:visible")
    expect(scene).to_have_count(1)
    first = scene.inner_text()
    scene.locator(".no").click()
    expect(scene).not_to_have_text(first, use_inner_text=True)
    expect(scene).to_have_count(1)
    scene.locator(".yes").click()
    expect(scene.locator("a[href='tel:112']")).to_be_visible()
    box = scene.locator(".said").bounding_box()
    assert box
    assert 0 <= box["y"] < PHONE["height"] - box["height"], "what it means stands where the answer was tapped"
    while scene.locator(".no, .ways .quiet[href^='#s']").count():
        scene.locator(".no, .ways .quiet[href^='#s']").first.click()
        if page.url.endswith("#none"):
            break
    assert "tell/" in str(scene.locator("a").first.get_attribute("href"))
    assert addresses == [], "an answer leaves the phone"
    assert page.locator(".self-check [name], .self-check form").count() == 0


def test_the_check_for_oneself_leaves_no_steps_behind(whole_browser: Any, installation: Any) -> None:
    """With the script: Back leads away from the check, not through what was answered."""
    context = whole_browser.new_context(viewport=PHONE, base_url=installation.address)
    page = context.new_page()
    page.goto("/or/")
    page.goto("/or/is-this-me/")
    for answer in (".no", ".yes"):
        page.locator(f".scene:visible {answer}").click()
    page.evaluate("history.back()")
    page.wait_for_url("**/or/", wait_until="commit")
    context.close()


@pytest.mark.parametrize(
    ("language", "typed", "page_found"),
    [
        ("ta", "கொத்தடிமையில்", "rights/"),
        ("ta", "கொத்தடுமை", "rights/"),
        ("en", "zero fir", "rights/"),
        ("or", "ରସିଦ", "answer/"),
    ],
)
def test_searching(browser: Any, installation: Any, language: str, typed: str, page_found: str) -> None:
    context = browser.new_context(base_url=installation.address)
    page = context.new_page()
    page.goto(f"/{language}/pages/")
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.locator("#search").fill(typed)
    page.locator(f'.search a[href="/{language}/{page_found}"]').wait_for()
    assert all(f"/{language}/search/" in url or "/assets/search." in url for url in addresses)
    page.locator("#search").fill("zzqqxx")
    page.locator(".search p").wait_for(state="visible")
    context.close()


def test_without_a_script_there_is_the_list_of_all_pages(page: Any, request: pytest.FixtureRequest) -> None:
    page.goto("/ta/pages/")
    assert page.locator(".search").is_visible() == ("[script]" in request.node.name)
    assert page.locator('main .links a[href="/ta/rights/"]').is_visible()


@pytest.mark.parametrize("failing_name", ["/assets/search.", "/search/7a-65.json", "/search/pages-"])
def test_searching_over_a_line_that_breaks_once(browser: Any, installation: Any, failing_name: str) -> None:
    """What failed once was kept as failed until the page was loaded anew."""
    context = browser.new_context(base_url=installation.address)
    page = context.new_page()
    failed: list[str] = []

    def break_once(route: Any) -> None:
        if failing_name in route.request.url and not failed:
            failed.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    page.route("**/*", break_once)
    page.goto("/en/pages/")
    with page.expect_event("requestfailed"):
        page.locator("#search").press_sequentially("zer")
    page.locator("#search").press_sequentially("o fir")
    page.locator('.search a[href="/en/rights/"]').wait_for()
    context.close()
