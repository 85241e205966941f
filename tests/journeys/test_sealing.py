"""Locked on the phone: what goes over the line, broken lines, slow lines, photos and voices, many letters at once."""

import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import brotli
import pyrage
import pytest
from PIL import Image

from forms.core.crypto import encryption, receipts
from forms.desk.crypto import keys
from forms.desk.crypto.decryption import open_letter
from forms.desk.sync.client import Server
from forms.server.services.flood.flood_control import FloodControl
from tests.journeys.conftest import PHONE
from tests.journeys.telling import NEXT, come_back, fill, in_steps, review, send, tell
from tests.journeys.walking import go
from tests.patience import until

SEALED = "**/forms/sealed/v1/letters/*"
BROWSER_LINE = "This phone locks your letter"
SERVER_LINE = "Our server locks your letter"


@pytest.fixture
def phone(own_browser: Any, installation: Any) -> Iterator[Any]:
    """A phone with a script; what it asks for is kept in `phone.asked`."""
    context = own_browser.new_context(viewport=PHONE, base_url=installation.address, service_workers="block")
    page = context.new_page()
    page.asked = []
    page.on("request", lambda request: page.asked.append(request))  # noqa: PLW0108 - Playwright marks what it is given
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    context.close()


def at_the_desk(installation: Any, words: str, desk: str = "legal") -> list[dict[str, Any]]:
    """The waiting letters with these words, as one desk opens them: the plain JSON."""
    folder = installation.desks / desk
    server = Server(installation.address, keys.token(folder))
    identity = keys.identity(folder, lambda: "")
    opened = []
    for row in server.waiting():
        plain = pyrage.decrypt(server.letter(row["id"]), [identity])
        open_letter(server.letter(row["id"]), identity)
        opened.append({**json.loads(plain), "length": len(plain), "tray": row["tray"]})
    return [letter for letter in opened if words in json.dumps(letter, ensure_ascii=False)]


def part_at_the_desk(installation: Any, part_id: str, desk: str = "legal") -> tuple[dict[str, Any], bytes]:
    folder = installation.desks / desk
    server = Server(installation.address, keys.token(folder))
    plain = pyrage.decrypt(server.part(part_id), [keys.identity(folder, lambda: "")])
    line, _, rest = plain.partition(b"\n")
    head = json.loads(line)
    return head, rest[: head["bytes"]]


def test_only_ciphertext_leaves_the_phone(phone: Any, installation: Any) -> None:
    phone.goto("/ta/tell/")
    words = f"துயரம் {time.time_ns()}"
    receipt = tell(
        phone, danger="yes", what=words, place="avadi", people="௧௨", contact="under-the-tree", hide_from="police"
    )
    posted = [request for request in phone.asked if request.post_data_buffer]
    assert posted
    for request in posted:
        body = request.post_data_buffer
        assert body.startswith(b"age-encryption.org/v1\n"), request.url
        assert words.encode() not in body
        headers = json.dumps(request.headers) + request.url
        assert receipt.replace(" ", "") not in headers
        assert "avadi" not in headers
        assert "under-the-tree" not in headers
    [letter] = at_the_desk(installation, words)
    assert letter["answers"] == {
        "danger": "yes", "what": words, "place": "avadi", "people": 12, "contact": "under-the-tree", "hide_from": ["police"],
    }  # fmt: skip
    assert letter["desks"] == ["revenue", "legal", "partner"]
    assert at_the_desk(installation, words, "police") == []


def test_both_roads_give_the_same_letter(page: Any, installation: Any, request: pytest.FixtureRequest) -> None:
    page.goto("/en/tell/")
    words = f"both roads {request.node.name} {time.time_ns()}"
    tell(page, what=words, work="brick-kiln" if page.locator('#work option[value="brick-kiln"]').count() else "other")
    [letter] = at_the_desk(installation, words)
    assert set(letter) - {"length", "tray"} == {
        "form", "version", "id", "language", "sealed_by", "day", "desks", "reply_to", "parts", "follows", "answers",
        "erase_hash", "answer_key",
    }  # fmt: skip
    assert (letter["form"], letter["version"], letter["language"], letter["length"]) == ("concern", 2, "en", 24576)
    assert (letter["parts"], letter["follows"], len(letter["id"])) == ([], None, 32)
    assert letter["reply_to"].startswith("age1")
    assert letter["sealed_by"] == ("browser" if "[script]" in request.node.name else "server")


def test_the_receipt_made_on_the_phone_opens_the_answer_in_any_road(phone: Any, installation: Any) -> None:
    phone.goto("/en/tell/")
    words = f"receipt {time.time_ns()}"
    receipt = tell(phone, what=words)
    assert receipts.read(receipt) == receipt.replace(" ", "")
    [letter] = at_the_desk(installation, words)
    folder = installation.desks / "legal"
    Server(installation.address, keys.token(folder)).answer(
        letter["id"],
        "a" * 32,
        encryption.seal({"form": "answer", "text": "We come on Monday."}, [letter["reply_to"]], 24576),
    )
    come_back(phone, "en", receipt)
    assert "We come on Monday." in phone.locator("main").inner_text()


def test_the_receipt_is_typed_back_in_ones_own_numerals(page: Any) -> None:
    page.goto("/ta/tell/")
    receipt = tell(page, what="x")
    mistyped = receipt[:-1] + str((int(receipt[-1]) + 1) % 10)
    tamil = "".join(chr(0x0BE6 + int(char)) if char.isdigit() else char for char in receipt)
    for typed, right in ((mistyped, False), (tamil, True)):
        page.locator("#typed").fill(typed)
        page.locator("#typed + button, #typed ~ button").first.click()
        confirmation = page.locator("p.panel--done").or_(
            page.locator(".panel--done h2", has_text="சரி")
        )  # with a script, without
        (confirmation if right else page.locator(".error, .error-summary")).first.wait_for()
        assert (page.locator(".error, .error-summary").count() == 0) == right


def test_no_receipt_can_be_chosen(page: Any, installation: Any) -> None:
    page.goto("/en/tell/")
    words = f"no receipt {time.time_ns()}"
    fill(page, "what", words)
    review(page)
    send(page, receipt=False)
    assert page.locator(".code").count() == 0
    [letter] = at_the_desk(installation, words)
    assert letter["reply_to"] is None


def test_the_page_says_which_road_is_used(page: Any, request: pytest.FixtureRequest) -> None:
    page.goto("/en/tell/")
    fill(page, "what", "x")
    review(page)
    text = page.locator("main").inner_text()
    script = "[script]" in request.node.name
    assert (BROWSER_LINE in text, SERVER_LINE in text) == (script, not script)


@pytest.mark.parametrize("kilobytes", [8])
def test_sent_before_the_script_came_it_is_never_called_locked_on_the_phone(
    browser: Any, installation: Any, kilobytes: int
) -> None:
    """A line of 8 KB a second: the page and its form are there long before the script is."""
    context = browser.new_context(viewport=PHONE, base_url=installation.address, service_workers="block")
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 300,
            "downloadThroughput": kilobytes * 1024,
            "uploadThroughput": kilobytes * 1024,
        },
    )
    page.goto("/en/tell/", wait_until="commit")
    page.locator('button[name="do"]').wait_for()
    assert not in_steps(page), "the script is still on its way"
    words = f"before the script {time.time_ns()}"
    page.locator("#what").fill(words)
    assert BROWSER_LINE not in page.locator("main").inner_text()
    page.locator('button[name="do"]').click()
    page.locator('button[value="send"]').wait_for(timeout=120_000)
    text = page.locator("main").inner_text()
    assert (BROWSER_LINE in text, SERVER_LINE in text) == (False, True)
    send(page)
    context.close()
    [letter] = at_the_desk(installation, words)
    assert letter["sealed_by"] == "server"


def test_whoever_is_writing_when_the_script_arrives_stays_where_they_are(phone: Any) -> None:
    routes: list[Any] = []
    phone.route("**/assets/seal-*", lambda route: routes.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    phone.goto("/en/tell/", wait_until="commit")
    phone.locator("#what").click()
    phone.keyboard.type("first words")
    until(lambda: routes, phone)
    routes[0].continue_()
    phone.locator("form[data-sealing] .step").wait_for()
    assert phone.evaluate("document.activeElement.id") == "what"
    phone.keyboard.type(", and more")
    assert phone.locator("#what").input_value() == "first words, and more"


def test_a_line_that_breaks_is_tried_again_and_makes_one_letter(phone: Any, installation: Any) -> None:
    phone.goto("/en/tell/")
    words = f"broken line {time.time_ns()}"
    turns: list[str] = []

    def break_twice(route: Any) -> None:
        turns.append(route.request.url)
        if len(turns) == 1:
            route.abort()  # it never reached the server
        elif len(turns) == 2:
            route.fetch()  # it did, and the answer was lost
            route.abort()
        else:
            route.continue_()

    phone.route(SEALED, break_twice)
    receipt = tell(phone, what=words)
    assert len(turns) == 3
    assert len(set(turns)) == 1, "the same letter each time"
    assert len(at_the_desk(installation, words)) == 1
    come_back(phone, "en", receipt)
    assert phone.locator(".states").count() == 1


def run_until(phone: Any, selector: str, step: int) -> None:
    """Let the page's clock run in steps of milliseconds until an element is shown; a busy machine gets a minute."""

    def runs_on() -> bool:
        phone.clock.run_for(step)
        return bool(phone.locator(selector).count())

    until(runs_on, phone)


def test_a_line_that_stays_away_says_not_sent_and_keeps_everything(phone: Any, installation: Any) -> None:
    phone.clock.install()
    phone.goto("/en/tell/")
    words = f"away {time.time_ns()}"
    phone.route("**/forms/sealed/v1/**", lambda route: route.abort())
    fill(phone, "what", words)
    review(phone)
    phone.locator(".look .button").first.click()
    run_until(phone, ".sending .error-summary", 10_000)
    assert "Not sent" in phone.locator(".sending").inner_text()
    assert phone.locator("#what").input_value() == words
    phone.unroute("**/forms/sealed/v1/**")
    phone.locator(".sending .button").first.click()
    run_until(phone, ".code", 1000)
    assert phone.locator(".code").count() == 1
    assert len(at_the_desk(installation, words)) == 1


def test_nothing_goes_another_way_unless_the_person_chooses_it(phone: Any, installation: Any) -> None:
    phone.goto("/en/tell/")
    words = f"chosen {time.time_ns()}"
    phone.route("**/forms/sealed/v1/**", lambda route: route.fulfill(status=400, body="{}"))
    fill(phone, "what", words)
    review(phone)
    phone.locator(".look .button").first.click()
    phone.locator(".sending .error-summary").wait_for()
    assert [request.url for request in phone.asked if request.method == "POST"] == []
    phone.locator(".sending summary").click()
    phone.locator(".sending details .button").click()
    phone.locator('button[value="send"]').wait_for()
    assert SERVER_LINE in phone.locator("main").inner_text()
    send(phone)
    assert [letter["sealed_by"] for letter in at_the_desk(installation, words)] == ["server"]


def test_going_back_and_forth_loses_nothing_and_any_question_may_be_left_out(phone: Any) -> None:
    phone.goto("/en/tell/")
    fill(phone, "danger", "no")
    fill(phone, "what", "first words")
    fill(phone, "contact", "under the tree")
    back = phone.locator("form[data-sealing] > button.quiet")
    for _ in range(4):
        back.click()
    phone.locator('[data-field="danger"]').wait_for()
    assert not back.is_visible()
    review(phone)
    text = phone.locator(".look").inner_text()
    for words in ("No", "first words", "under the tree"):
        assert words in text
    assert "About how many people" not in text, "what was left out is not there"
    phone.locator(".look .button").nth(2).click()
    assert phone.locator("#contact").input_value() == "under the tree"


def test_a_text_of_more_characters_than_fit_is_told_and_stays(phone: Any) -> None:
    """Counted as the server counts: 5,000 characters of any script."""
    phone.goto("/ta/tell/")
    for length, fits in ((5001, False), (5000, True)):
        fill(phone, "what", "மி" * (length // 2) + "x" * (length % 2))
        while phone.locator(NEXT).is_visible():
            phone.locator(NEXT).click()
        phone.locator('form[data-sealing] button[name="do"]').click()
        phone.locator(".look" if fits else '[data-field="what"] .error').wait_for()
        assert phone.locator(".look").count() == fits
        assert phone.locator('[data-field="what"] .error').is_visible() != fits
        assert len(phone.locator("#what").input_value()) == length


def test_danger_comes_first_with_the_numbers_to_call(page: Any) -> None:
    page.goto("/hi/tell/")
    first = page.locator("[data-field]").first
    assert first.get_attribute("data-field") == "danger"
    assert [link.get_attribute("href") for link in first.locator('a[href^="tel:"]').all()][:2] == [
        "tel:112",
        "tel:1098",
    ]


def test_an_empty_letter_is_told_what_it_needs(phone: Any) -> None:
    phone.goto("/or/tell/")
    while phone.locator(NEXT).is_visible():
        phone.locator(NEXT).click()
    phone.locator('form[data-sealing] button[name="do"]').click()
    phone.locator('[data-field="what"] .error').wait_for()
    assert phone.evaluate("document.activeElement.id") == "what"


def photo(tmp_path: Path, name: str = "photo.jpg", size: tuple[int, int] = (2000, 1500)) -> str:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "MarkedMaker", "MarkedModel"
    exif[0x8825] = {1: "N", 2: (13.0, 8.0, 0.0)}
    Image.effect_noise(size, 50).convert("RGB").save(tmp_path / name, "JPEG", exif=exif, quality=90)
    return str(tmp_path / name)


def test_photos_are_made_small_and_lose_what_the_camera_wrote(page: Any, installation: Any, tmp_path: Path) -> None:
    page.goto("/en/tell/")
    words = f"photos {time.time_ns()}"
    tell(page, what=words, photos=[photo(tmp_path), photo(tmp_path, "second.jpg", (300, 200))])
    [letter] = at_the_desk(installation, words)
    contents = [part_at_the_desk(installation, part["id"]) for part in letter["parts"]]
    assert [head["type"] for head, _ in contents] == ["image/jpeg"] * 2
    assert sorted(max(Image.open(io.BytesIO(content)).size) for _, content in contents) == [300, 1280]
    for _, content in contents:
        assert b"Marked" not in content
        assert b"Exif" not in content


def test_what_is_no_photo_is_said_and_the_words_stay(page: Any, tmp_path: Path) -> None:
    (tmp_path / "program.jpg").write_bytes(b"MZ" + b"x" * 4000)
    page.goto("/en/tell/")
    fill(page, "what", "my words")
    fill(page, "photos", str(tmp_path / "program.jpg"))
    if not in_steps(page):
        page.locator('button[name="do"]').click()
    page.locator('[data-field="photos"] .error').wait_for()
    assert page.locator("#what").input_value() == "my words"


def test_a_voice_recorded_on_the_page_reaches_the_desk(whole_browser: Any, installation: Any) -> None:
    context = whole_browser.new_context(
        base_url=installation.address, permissions=["microphone"], service_workers="block"
    )
    page = context.new_page()
    page.goto("/en/tell/")
    fill(page, "danger", "no")
    page.locator(NEXT).click()
    record = page.locator('[data-field="voice"] button').first
    record.click()
    page.get_by_text(re.compile(r"0:0[2-9]|0:[1-5]\d")).first.wait_for()
    record.click()
    page.locator(".held audio").wait_for()
    review(page)
    send(page)
    context.close()
    letter = next(letter for letter in at_the_desk(installation, '"voice"') if letter["answers"] == {"danger": "no"})
    head, content = part_at_the_desk(installation, letter["parts"][0]["id"])
    assert head["kind"] == "voice"
    with av.open(io.BytesIO(content)) as sound:
        assert sum(frame.samples for frame in sound.decode(audio=0)) > 48000


def test_the_script_is_small_comes_last_and_only_where_it_is_needed(installation: Any) -> None:
    script = installation.public / installation.portal.assets["seal"].removeprefix("/")
    assert len(brotli.compress(script.read_bytes())) < 40 * 1024
    with_it = []
    for path in installation.public.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if "/assets/seal-" in text:
            with_it.append(path.relative_to(installation.public).as_posix())
            tag = text[text.index('<script src="/assets/seal-') :].split(">")[0]
            assert f'integrity="{installation.portal.assets["seal_integrity"]}"' in tag
            assert " defer" in tag
            assert text.index("/assets/seal-") > text.index(
                "</template>" if "/answer/" in with_it[-1] else 'name="hide_from"'
            ), "after the text of the page"
    codes = sorted(installation.portal.language_codes())
    assert sorted(with_it) == [f"{code}/{page}/index.html" for code in codes for page in ("answer", "tell", "voice")]


def test_a_changed_script_is_refused_and_the_form_still_works(phone: Any, installation: Any) -> None:
    phone.route("**/assets/seal-*", lambda route: route.fulfill(body="alert(1)", content_type="text/javascript"))
    phone.goto("/en/tell/")
    assert not in_steps(phone)
    assert tell(phone, what="x")


def test_while_very_many_come_the_phone_works_for_its_letter(phone: Any, installation: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(FloodControl, "is_high", lambda _: True)
    monkeypatch.setattr("forms.server.services.flood.flood_control.BITS", 12)
    phone.goto("/en/tell/")
    words = f"under pressure {time.time_ns()}"
    tell(phone, what=words)
    assert [letter["tray"] for letter in at_the_desk(installation, words)] == [1]


@pytest.mark.windows
def test_after_sending_nothing_of_it_comes_back_with_the_back_button(phone: Any) -> None:
    phone.goto("/en/tell/")
    receipt = tell(phone, what="secret words")
    # What a phone does that keeps the page for its Back button; the test's browser loads it anew instead.
    phone.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    assert receipt not in phone.content()
    phone.goto("/en/rights/")
    go(phone, -1)
    html = phone.content()
    assert receipt not in html
    assert "secret words" not in html
    assert phone.evaluate("(document.querySelector('#what') || {}).value || ''") == ""
