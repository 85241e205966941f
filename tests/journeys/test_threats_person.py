"""Who looks at the phone or at the line: Back after sending, a number read aloud, scripts that were changed."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from sitegen.publish import browser_bundle

from forms.web.headers import FORM_PAGES
from tests.journeys.telling import come_back, fill, review, send, tell
from tests.journeys.walking import go, press
from tests.patience import until

ANSWERS = {"danger": "no", "what": "words that nobody may see"}
CHOSEN = {"children": "yes", "hide_from": ["police"]}


@pytest.mark.windows
def test_this_browser_keeps_pages_for_its_back_button(phones: Callable[..., Any]) -> None:
    """Else the tests below would prove nothing."""
    page = phones()
    page.goto("/en/rights/")
    page.evaluate("addEventListener('pageshow', (event) => { window.kept = event.persisted; })")
    page.goto("/en/signs/")
    go(page, -1)
    assert page.evaluate("window.kept") is True


@pytest.mark.windows
@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("script", [False, True])
def test_going_back_after_sending_shows_nothing_that_was_typed_or_chosen(
    phones: Callable[..., Any], script: bool, steps: int
) -> None:
    page = phones(script=script)
    page.goto("/en/rights/")
    page.goto("/en/tell/")
    for name, value in {**ANSWERS, **CHOSEN}.items():
        fill(page, name, value)
    review(page)
    receipt = send(page)
    for _ in range(steps):
        go(page, -1)
        assert_nothing_of(page, "words that nobody may see", receipt)
    go(page, 1)
    assert_nothing_of(page, "words that nobody may see", receipt)


@pytest.mark.windows
def test_going_back_through_pages_of_questions_shows_nothing_either(phones: Callable[..., Any]) -> None:
    """Their hidden fields hold what was typed: no page of them comes back after the letter is sent."""
    page = phones(script=False)
    page.goto("/forms/en/concern?step=1")
    while not page.locator('button[value="send"]').count():
        for name, value in ANSWERS.items():
            if page.locator(f'[data-field="{name}"]').count():
                fill(page, name, value)
        press(page, "next" if page.locator('button[value="next"]').count() else "check")
        assert "nobody" not in page.url
    receipt = send(page)
    for _ in range(4):
        go(page, -1)
        assert_nothing_of(page, "words that nobody may see", receipt)


@pytest.mark.windows
@pytest.mark.parametrize("script", [False, True])
def test_what_was_chosen_and_not_sent_does_not_come_back_either(phones: Callable[..., Any], script: bool) -> None:
    page = phones(script=script)
    page.goto("/en/tell/")
    for name, value in {"danger": "no", **CHOSEN}.items():
        fill(page, name, value)
    page.goto("/en/rights/")
    if not script:  # without one a page that was only left is the browser's own to keep: Leave replaces it
        return
    go(page, -1)
    assert_nothing_of(page, "words that nobody may see", "0000 0000")


@pytest.mark.windows
@pytest.mark.parametrize("script", [False, True])
def test_going_back_after_reading_an_answer_shows_no_receipt(phones: Callable[..., Any], script: bool) -> None:
    page = phones(script=script)
    page.goto("/en/tell/")
    receipt = tell(page, what="to come back")
    come_back(page, "en", receipt)
    page.goto("/en/rights/")
    for _ in range(2):
        go(page, -1)
        assert_nothing_of(page, receipt, receipt.replace(" ", ""))


def assert_nothing_of(page: Any, *words: str) -> None:
    """Neither in the page nor in any of its fields, and nothing is ticked."""
    fields = "[...document.querySelectorAll('input:not([type=hidden]), textarea, select')]"
    filled_fields = page.evaluate(f"{fields}.filter(f => f.checked || (f.type !== 'radio' && f.type !== 'checkbox' && f.value))"
                         ".map(f => f.value)")  # fmt: skip
    assert filled_fields == []
    html = page.content()
    for word in words:
        assert word not in html


def addresses_while_read_aloud(page: Any, receipt_page: Callable[[Any], None]) -> list[str]:
    """What the page asks for while its number is read aloud."""
    receipt_page(page)
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.evaluate(
        "window.played = []; Audio.prototype.play = function () {"
        " played.push(this.src); setTimeout(() => this.onended && this.onended(), 0); return Promise.resolve(); }; 0"
    )
    page.locator(".hear").click()
    until(lambda: len(page.evaluate("played")) >= 20, page)
    assert all(source.startswith("blob:") for source in page.evaluate("played")), "played from memory"
    return [address for address in addresses if not address.startswith("blob:")]


@pytest.mark.parametrize("road", ["locked on the phone", "locked by the server"])
def test_hearing_the_number_tells_no_digit_to_the_server(
    phones: Callable[..., Any], installation: Any, road: str
) -> None:
    def show_receipt(page: Any) -> None:
        if road == "locked by the server":
            page.route("**/assets/seal-*", lambda route: route.abort())
        page.goto("/ta/tell/")
        numbers.append(tell(page, what="x"))

    numbers: list[str] = []
    first, second = (addresses_while_read_aloud(phones(), show_receipt) for _ in range(2))
    assert numbers[0] != numbers[1]
    assert first == second
    assert len(first) == 10, "every digit once, whatever the number"


class Scripts(HTMLParser):
    """The attributes of every script of a page that is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "script" and "src" in named:
            self.found.append(named)


def scripts(text: str) -> list[dict[str, str | None]]:
    reader = Scripts()
    reader.feed(text)
    return reader.found


def test_every_script_of_every_page_has_an_integrity_hash_that_fits(installation: Any) -> None:
    pages = {
        str(path.relative_to(installation.public)): path.read_text("utf-8")
        for path in installation.public.rglob("*.html")
    }
    assert len(pages) > 100
    for name, text in pages.items():
        for script in scripts(text):
            file = installation.public / str(script["src"]).removeprefix("/")
            assert script.get("integrity") == browser_bundle.integrity(file.read_bytes()), (name, script)
        loaded = re.findall(r'data-script="([^"]*)" data-integrity="([^"]*)"', text)
        assert len(loaded) == text.count("data-script="), name
        for address, integrity in loaded:
            assert integrity == browser_bundle.integrity((installation.public / address.removeprefix("/")).read_bytes())


def test_every_built_page_with_a_form_is_never_kept(installation: Any) -> None:
    for path in installation.public.rglob("index.html"):
        address = f"/{path.parent.relative_to(installation.public).as_posix()}/"
        has_form = 'method="post"' in path.read_text("utf-8")
        assert has_form == bool(re.match(FORM_PAGES, address)), address


@pytest.mark.parametrize("path", ["concern", "answer", "signup", "cancel", "visit", "enquiry", "followup", "nothing"])
def test_every_script_of_the_forms_own_pages_has_one_too(browser: Any, installation: Any, path: str) -> None:
    context = browser.new_context(base_url=installation.address)
    for answer in (context.request.get(f"/forms/ta/{path}"), context.request.post(f"/forms/ta/{path}")):
        found = scripts(answer.text())
        assert found
        assert all(str(script.get("integrity")).startswith("sha384-") for script in found)
    context.close()


@pytest.mark.parametrize("script", ["portal.", "search."])
def test_a_changed_script_of_the_page_does_not_run(phones: Callable[..., Any], script: str) -> None:
    page = phones()
    page.route(
        f"**/assets/{script}*js",
        lambda route: route.fulfill(body="window.stolen = true", content_type="text/javascript"),
    )
    page.goto("/en/pages/")
    if script == "search.":
        page.locator("[data-search] input").focus()
        page.wait_for_timeout(300)  # a script that were taken would have run by then; none is
    assert page.evaluate("window.stolen") is None
