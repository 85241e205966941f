"""Coming back with a receipt, with script off and on: the answer, adding something, erasing; what leaves the phone."""

import json
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from forms.core.crypto import encryption, receipts
from forms.desk.crypto import keys
from forms.desk.sync.client import Server
from forms.server.services.flood import proof_of_work
from tests.journeys.telling import come_back, fill, review, send, tell
from tests.journeys.test_sealing import at_the_desk, part_at_the_desk, phone, photo  # noqa: F401 - phone is a fixture
from tests.journeys.walking import assert_accessible, assert_fits, go
from tests.patience import until

OPENED_HERE = "This phone opens the answer itself"


def answer(installation: Any, words: str, desk: str = "legal", **answers: str) -> None:
    """A desk answers the letter with these words."""
    [letter] = at_the_desk(installation, words, desk)
    sealed = encryption.seal({"form": "answer", "text": "", **answers}, [letter["reply_to"]], 24576)
    Server(installation.address, keys.token(installation.desks / desk)).answer(
        letter["id"], f"{time.time_ns():x}"[:32], sealed
    )


def main_text(page: Any) -> str:
    return str(page.locator("main").inner_text())


def press_button(page: Any, name: str, expected: str) -> None:
    """Press a button by its name; wait for what should stand there then."""
    page.get_by_role("button", name=name).click()
    page.locator("main").get_by_text(expected).first.wait_for()


def test_the_answer_something_added_and_everything_erased(page: Any, installation: Any) -> None:
    page.goto("/en/tell/")
    words = f"comes back {time.time_ns()}"
    receipt = tell(page, what=words, hide_from="police")
    come_back(page, "en", receipt)
    assert "nobody has fetched it yet" in main_text(page)
    answer(installation, words, text="We come on Monday.\n\nWait there.", state="looking", at="2026-12-01T08:00:00Z")
    answer(installation, words, text="It is done.", state="closed", at="2026-12-01T09:00:00Z")
    come_back(page, "en", receipt)
    text = main_text(page)
    assert text.index("We come on Monday.") < text.index("Wait there.") < text.index("It is done.")
    assert "Answer from: " in text
    assert words not in text, "the letter itself is never shown"
    assert page.locator(".states .done").count() == 3, "received, looked into, closed"

    press_button(page, "Add something", "What do you want to add?")
    more = f"more of it {time.time_ns()}"
    page.locator("#what").fill(more)
    press_button(page, "Send it", "What you added is safe with us")
    [first], [followup] = at_the_desk(installation, words), at_the_desk(installation, more)
    assert (followup["form"], followup["follows"], followup["reply_to"]) == ("followup", first["id"], first["reply_to"])
    assert (followup["desks"], followup["length"]) == (first["desks"], first["length"])
    assert at_the_desk(installation, more, "police") == [], (
        "what is added stays hidden from whom the first letter was hidden"
    )
    press_button(page, "Back to my letter", "You added something on")

    press_button(page, "Erase my letter", "Erase this letter?")
    press_button(page, "No, keep it", "Your letter came on")
    press_button(page, "Erase my letter", "Erase this letter?")
    press_button(page, "Yes, erase it", "Your letter is erased")
    come_back(page, "en", receipt)
    assert "We know no letter with this receipt" in main_text(page)
    assert at_the_desk(installation, words) == at_the_desk(installation, more) == []


def test_the_number_never_leaves_the_phone_nor_does_what_is_added(phone: Any, installation: Any) -> None:  # noqa: F811
    phone.goto("/en/tell/")
    words = f"stays here {time.time_ns()}"
    receipt = tell(phone, what=words).replace(" ", "")
    answer(installation, words, text="A word for her.")
    phone.asked.clear()
    come_back(phone, "en", receipt)
    assert "A word for her." in main_text(phone)
    press_button(phone, "Add something", "What do you want to add?")
    phone.locator("#what").fill("added words")
    press_button(phone, "Send it", "What you added is safe with us")
    office_keys = receipts.derive(receipt, bytes.fromhex(terms(phone)["salt"]), "concern", receipts.Cost(64, 1))
    sent_requests = [request for request in phone.asked if request.method != "GET"]
    assert [request.url.rpartition("/v1/")[2].partition("/")[0] for request in sent_requests] == ["lookups", "letters"]
    for request in phone.asked:
        everything = json.dumps(request.headers) + request.url + (request.post_data_buffer or b"").decode("latin-1")
        for secret in (receipt, "added words", office_keys.identity, "A word for her."):
            assert secret not in everything, request.url
    assert [letter["sealed_by"] for letter in at_the_desk(installation, "added words")] == ["browser"]


def test_while_somebody_guesses_the_phone_works_for_its_look_up(phone: Any, installation: Any) -> None:  # noqa: F811
    phone.goto("/en/tell/")
    words = f"asked for work {time.time_ns()}"
    receipt = tell(phone, what=words)
    answer(installation, words, text="Found all the same.")
    lookups: list[tuple[str, str]] = []

    def guessed(route: Any) -> None:
        value = json.loads(route.request.post_data)["lookup"]
        work = route.request.headers.get("portal-lookup-work", "")
        lookups.append((value, work))
        if work:
            route.continue_()
        else:
            route.fulfill(status=428, json={"problem": "Work first.", "bits": 8, "lookup": True})

    phone.route("**/lookups", guessed)
    come_back(phone, "en", receipt)
    assert "Found all the same." in main_text(phone)
    assert [bool(work) for _, work in lookups] == [False, True]
    assert proof_of_work.is_proof_of_work(lookups[1][0], b"", lookups[1][1], 8)


def terms(page: Any) -> dict[str, Any]:
    return dict(page.request.get("/forms/sealed/v1/terms").json())


def test_the_page_says_where_the_answer_is_opened(page: Any, request: pytest.FixtureRequest) -> None:
    page.goto("/en/answer/")
    assert (OPENED_HERE in main_text(page)) == ("[script]" in request.node.name)


def test_numbers_that_are_none_are_told_and_stay(page: Any) -> None:
    good = receipts.with_check_digit(77)
    mistyped = good[:-1] + str((int(good[-1]) + 1) % 10)
    cases = (
        ("", "Please type"),
        ("12", "20 digits"),
        ("help", "20 digits"),
        (mistyped, "One digit is wrong"),
        (good, "We know no letter"),
        (f"My number is {good}.", "We know no letter"),
        (f"Your receipt:  {good[:10]}  {good[10:]} (keep it)", "We know no letter"),
        (good.replace("0", "O").replace("1", "l"), "We know no letter"),
        (f"number {mistyped}".replace("0", "o"), "One digit is wrong"),
    )
    assert "0" in good
    for typed, sentence in cases:
        come_back(page, "en", typed)
        assert sentence in page.locator('[data-field="code"]').inner_text(), typed
        assert page.locator("#code").input_value() == typed


def test_photos_and_a_recording_are_added(phone: Any, installation: Any, tmp_path: Path) -> None:  # noqa: F811
    phone.goto("/en/tell/")
    words = f"with photos {time.time_ns()}"
    come_back(phone, "en", tell(phone, what=words))
    [first] = at_the_desk(installation, words)
    press_button(phone, "Add something", "What do you want to add?")
    press_button(phone, "Send it", "Please write something, record it, or choose a photo.")
    phone.locator("#photos").set_input_files([photo(tmp_path), photo(tmp_path, "two.jpg", (300, 200))])
    phone.locator(".held img").nth(1).wait_for()
    press_button(phone, "Send it", "What you added is safe with us")
    [followup] = at_the_desk(installation, f'"follows": "{first["id"]}"')
    assert followup["answers"] == {}
    heads = [part_at_the_desk(installation, part["id"])[0] for part in followup["parts"]]
    assert [head["type"] for head in heads] == ["image/jpeg"] * 2


def test_a_line_that_breaks_while_adding_makes_one_letter_and_one_that_stays_away_keeps_the_words(
    phone: Any,  # noqa: F811
    installation: Any,
) -> None:
    phone.goto("/en/tell/")
    words = f"line {time.time_ns()}"
    come_back(phone, "en", tell(phone, what=words))
    press_button(phone, "Add something", "What do you want to add?")
    more = f"more over a broken line {time.time_ns()}"
    phone.locator("#what").fill(more)
    phone.route("**/letters/*", lambda route: route.fulfill(status=400, body="{}"))
    press_button(phone, "Send it", "Not sent. Please try again.")
    press_button(phone, "Change something", "What do you want to add?")
    assert phone.locator("#what").input_value() == more
    phone.unroute("**/letters/*")
    turns: list[str] = []

    def lose_the_answer(route: Any) -> None:
        turns.append(route.request.url)
        if len(turns) == 1:
            route.fetch()  # it reached the server, and the answer was lost
            route.abort()
        else:
            route.continue_()

    phone.route("**/letters/*", lose_the_answer)
    press_button(phone, "Send it", "What you added is safe with us")
    assert len(turns) == 2
    assert len(set(turns)) == 1
    assert len(at_the_desk(installation, more)) == 1


def test_an_answer_sealed_to_another_key_hides_no_other(phone: Any, installation: Any) -> None:  # noqa: F811
    phone.goto("/en/tell/")
    words = f"two answers {time.time_ns()}"
    receipt = tell(phone, what=words)
    [letter] = at_the_desk(installation, words)
    stray = encryption.seal(
        {"form": "answer", "text": "not hers"},
        [str(keys.identity(installation.desks / "legal", lambda: "").to_public())],
        24576,
    )
    Server(installation.address, keys.token(installation.desks / "legal")).answer(letter["id"], "c" * 32, stray)
    answer(installation, words, text="This is hers.")
    come_back(phone, "en", receipt)
    assert "This is hers." in main_text(phone)
    assert "not hers" not in main_text(phone)


@pytest.mark.windows
def test_nothing_that_was_opened_comes_back_with_the_back_button(phone: Any, installation: Any) -> None:  # noqa: F811
    phone.goto("/en/tell/")
    words = f"back {time.time_ns()}"
    receipt = tell(phone, what=words)
    answer(installation, words, text="Only for her eyes.")
    come_back(phone, "en", receipt)
    assert "Only for her eyes." in main_text(phone)
    phone.goto("/en/rights/")
    go(phone, -1)
    assert "Only for her eyes." not in phone.content()
    assert phone.locator("#code").input_value() == ""
    assert phone.locator("#code").is_visible(), "and the form is there again"


LEAVE_PAGE = "dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))"
"""What a phone does that keeps the page for its Back button; the test's browser loads it anew instead."""


@pytest.mark.windows
def test_answers_that_come_after_the_page_was_left_are_not_shown(phone: Any, installation: Any) -> None:  # noqa: F811
    phone.goto("/en/tell/")
    words = f"late {time.time_ns()}"
    receipt = tell(phone, what=words)
    answer(installation, words, text="Only for her eyes.")
    phone.goto("/en/answer/")
    phone.locator("#code").fill(receipt)
    waits: list[Any] = []
    phone.route("**/lookups", lambda route: waits.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    phone.locator('main form button[value="check"]').click()
    phone.wait_for_function("document.querySelector('progress')")
    until(lambda: waits, phone)
    phone.evaluate(LEAVE_PAGE)
    with phone.expect_response("**/lookups"):
        waits[0].continue_()
    phone.locator(".sending").wait_for(state="detached")
    assert "Only for her eyes." not in phone.content()


def test_while_something_is_on_its_way_nothing_else_can_be_pressed_and_a_failure_is_seen(
    phone: Any,  # noqa: F811
) -> None:
    phone.goto("/en/tell/")
    come_back(phone, "en", tell(phone, what=f"waits {time.time_ns()}"))
    press_button(phone, "Add something", "What do you want to add?")
    phone.locator("#what").fill("more")
    waits: list[Any] = []
    phone.route("**/letters/*", lambda route: waits.append(route))  # noqa: PLW0108 - likewise
    phone.get_by_role("button", name="Send it").click()
    until(lambda: waits, phone)
    assert phone.locator(".opened button:visible").count() == 0
    waits[0].fulfill(status=400, body="{}")
    phone.get_by_text("Not sent. Please try again.").wait_for()
    press_button(phone, "Change something", "What do you want to add?")
    press_button(phone, "Back to my letter", "Your letter came on")
    press_button(phone, "Erase my letter", "Erase this letter?")
    phone.route("**/erasures", lambda route: route.fulfill(status=400, body="{}"))
    for _ in range(2):
        press_button(phone, "Yes, erase it", "Not erased. Please try again.")
        assert phone.locator(".opened .error").count() == 1


def test_what_is_added_after_the_case_went_to_another_desk_is_sent_at_the_second_try(
    phone: Any,  # noqa: F811
    installation: Any,
) -> None:
    phone.goto("/en/tell/")
    words = f"goes on {time.time_ns()}"
    come_back(phone, "en", tell(phone, what=words, hide_from="police"))
    press_button(phone, "Add something", "What do you want to add?")
    more = f"more {time.time_ns()}"
    phone.locator("#what").fill(more)
    [letter] = at_the_desk(installation, words)
    with closing(sqlite3.connect(installation.data / "concerns.db")) as database, database:
        database.execute("DELETE FROM left_out")  # as if the police desk read concerns only since today
    server = Server(installation.address, keys.token(installation.desks / "legal"))
    police = str(keys.identity(installation.desks / "police", lambda: "").to_public())
    copy = encryption.seal({"answers": {}}, [police], 24576)
    server.send("PUT", f"letters/{letter['id']}/copies/{letter['id']}", copy, "police")
    press_button(phone, "Send it", "Not sent. Please try again.")
    press_button(phone, "Try again", "What you added is safe with us")
    assert len(at_the_desk(installation, more, "police")) == 1


def test_a_recording_that_still_runs_goes_along(whole_browser: Any, installation: Any) -> None:
    context = whole_browser.new_context(base_url=installation.address, service_workers="block")
    context.grant_permissions(["microphone"])
    page = context.new_page()
    page.goto("/en/tell/")
    words = f"spoken {time.time_ns()}"
    fill(page, "what", words)
    record(page)
    review(page)
    come_back(page, "en", send(page))
    [first] = at_the_desk(installation, words)
    assert [part["kind"] for part in first["parts"]] == ["voice"]
    press_button(page, "Add something", "What do you want to add?")
    more = f"more spoken {time.time_ns()}"
    page.locator("#what").fill(more)
    record(page)
    press_button(page, "Send it", "What you added is safe with us")
    [followup] = at_the_desk(installation, more)
    assert [part["kind"] for part in followup["parts"]] == ["voice"]
    context.close()


def record(page: Any) -> None:
    """Begin a recording and speak for a second or more: a busy phone leaves seconds out when it counts."""
    page.locator('[data-field="voice"] button').first.click()
    page.get_by_text(re.compile(r"0:0[1-9]|0:[1-5]\d")).first.wait_for()


@pytest.mark.parametrize("language", ["en", "ta", "te", "hi", "or"])
def test_every_page_of_it_is_readable_by_all(phone: Any, installation: Any, language: str) -> None:  # noqa: F811
    phone.goto(f"/{language}/tell/")
    words = f"for all {language} {time.time_ns()}"
    receipt = tell(phone, what=words)
    answer(installation, words, text="பதில் ଉତ୍ତର", state="looking")
    come_back(phone, language, receipt)
    for button in (None, ".opened > .button.quiet", ".opened > .button.quiet", ".opened > .button:not(.quiet)"):
        if button:
            phone.locator(button).last.click()
        assert_accessible(phone)
        assert_fits(phone)
    text = phone.locator(".opened").inner_text()
    assert language == "en" or not any(word in text for word in ("Your ", "letter", "Photos")), text


def test_an_answer_made_of_the_desks_sentences_is_read_out(page: Any, installation: Any) -> None:
    """With a script all clips are fetched in the same order: which of them was wanted is told to nobody."""
    sentences = installation.portal.sentences("ta")
    assert len(sentences) == len(installation.portal.choices["phrases"])
    page.goto("/ta/tell/")
    words = f"read out {time.time_ns()}"
    receipt = tell(page, what=words)
    answer(installation, words, text=f"{sentences[3][0]}\n{sentences[0][0]}")
    answer(installation, words, text=f"{sentences[3][0]} And a word of their own.", desk="revenue")
    come_back(page, "ta", receipt)
    first, second = (
        page.locator(".panel--done", has_text=sentences[0][0]),
        page.locator(".panel--done", has_text="own."),
    )
    assert second.locator(".hear, audio").count() == 0, "half of an answer is not read out"
    assert first.bounding_box()["y"] < page.locator(".states").bounding_box()["y"]
    assert page.locator(".states li svg").count() == 4
    if first.locator("audio").count():
        players = [one.get_attribute("src") for one in first.locator("audio source:first-child").all()]
        assert players == [sentences[3][1].files[0].address, sentences[0][1].files[0].address]
        return
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url.removeprefix(installation.address)))
    first.locator(".hear").click()
    page.wait_for_function("count => performance.getEntriesByType('resource').length >= count", arg=len(sentences))
    until(lambda: len([one for one in addresses if one.startswith("/audio/")]) >= len(sentences), page)
    fetched = [one for one in addresses if one.startswith("/audio/")]
    stems = [clip.files[0].address.rpartition(".")[0] for _, clip in sentences]
    assert [one.rpartition(".")[0] for one in fetched[: len(stems)]] == stems
