"""Whatever is wrong with a form or with the server, the page comes back with the words in it and a sentence."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from forms.core.media import attachments
from forms.core.media.attachments import Clean
from forms.server.services import lookup, sending, services
from forms.server.store.concerns.intake import Intake
from forms.server.store.faults import NotKept
from forms.server.web.current import state_of

from .conftest import LANGUAGES, TODAY, multipart
from .test_never_broken import photo

WORDS = "உதவி வேண்டும்"
EVERYBODY = ["police", "legal", "partner"]
AWAY = NotKept("store", "The database did not answer.")


def page_with_words(answer: Any, language: str = "ta", status: int = 422) -> str:
    page = str(answer.get_data(as_text=True))
    assert (answer.status_code, WORDS in page) == (status, True), page[-1500:]
    assert f'<html lang="{language}"' in page
    assert 'role="alert"' in page, "it says what is wrong"
    return page


def part_of(endpoint: Any) -> str:
    """A photo that was taken in, as its page names it."""
    office = state_of(endpoint.client.application).services
    desks = office.portal.readers("concern")
    part = sending.keep_part(office, Clean("photo", "image/webp", b"x"), desks, TODAY, office.concerns)
    return f"{part.id} photo 0"


# Everybody left out, unknown desks, and a photo


@pytest.mark.parametrize(
    ("language", "do"),
    [*((one, "check") for one in LANGUAGES), *(("ta", do) for do in ("send", "send-without", "odd"))],
)
@pytest.mark.parametrize("hidden", [EVERYBODY, [*EVERYBODY, "nobody"], ["police ", "legal\u200b", "partner\n"]])
def test_all_desks_left_out_and_a_photo(endpoint: Any, language: str, do: str, hidden: list[str]) -> None:
    answers = {"what": WORDS, "hide_from": hidden, "photos": [(photo(), "a.jpg")], "do": do, "once": "0" * 32}
    page = page_with_words(endpoint.post("concern", language, **answers), language)
    assert 'name="part"' not in page, "a photo that nobody can open is not kept"
    assert endpoint.letter_ids() == []


def test_a_photo_taken_in_before_stays_while_all_desks_are_left_out_by_mistake(endpoint: Any) -> None:
    part = part_of(endpoint)
    page_with_words(endpoint.post("concern", "ta", what=WORDS, part=part, hide_from=EVERYBODY))
    assert endpoint.code(endpoint.send("concern", "ta", what=WORDS, part=part))


@pytest.mark.parametrize(
    "hidden", [["nobody"], ["police", "nobody"], ["police"] * 50, [""], ["\x00"], ["police,legal"]]
)
def test_odd_desks_left_out_and_a_photo(endpoint: Any, hidden: list[str]) -> None:
    answer = endpoint.post("concern", "ta", what=WORDS, hide_from=hidden, photos=[(photo(), "a.jpg")])
    assert WORDS in answer.get_data(as_text=True)
    assert answer.status_code in {200, 422}


# Too many


@pytest.mark.parametrize("do", ["check", "send", "send-without", "change"])
def test_nine_photos_named_in_one_letter(endpoint: Any, do: str) -> None:
    parts = [part_of(endpoint) for _ in range(9)]
    answer = endpoint.post("concern", "ta", do=do, once="1" * 32, what=WORDS, part=parts)
    assert page_with_words(answer).count('name="part"') == 3
    assert endpoint.letter_ids() == []


@pytest.mark.parametrize("kind", ["photo", "voice"])
def test_one_photo_named_twice_is_one(endpoint: Any, kind: str) -> None:
    part = part_of(endpoint)
    endpoint.send("concern", "ta", what=WORDS, part=[part, part.replace("photo", kind), part.replace(" 0", " 7")])
    [letter] = endpoint.open_letters()
    assert [one["id"] for one in letter["parts"]] == [part.split()[0]]


def test_nine_photos_added_to_a_letter(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", "ta", what="x"))
    parts = [part_of(endpoint) for _ in range(4)]
    page_with_words(endpoint.post("followup", "ta", do="send", once="1" * 32, code=code, what=WORDS, part=parts))
    assert len(endpoint.letter_ids()) == 1


def test_the_browsers_road_takes_no_more_parts_than_a_letter_may_have(endpoint: Any) -> None:
    from .test_sealed import new_id, put, sealed_letter  # noqa: PLC0415

    id = new_id()
    answer = put(endpoint, f"letters/{id}", sealed_letter(endpoint, id), parts=[new_id() for _ in range(5)])
    assert (answer.status_code, endpoint.letter_ids()) == (400, [])


# Too large


def test_photos_that_are_too_large_together_leave_the_words(endpoint: Any) -> None:
    """Three of the largest photos that one form may bring: each alone is taken."""
    photos = [(b"\xff\xd8\xff" + bytes(11 * 1024 * 1024), f"{number}.jpg") for number in range(3)]
    body = {"what": WORDS, "photos": photos, "hide_from": "police"}
    page = page_with_words(endpoint.post("concern", "ta", **body), status=413)
    assert re.search(r'value="police"[^>]*checked', page), "what stands after the photos is there too"


@pytest.mark.parametrize(("form", "question"), [("concern", "what"), ("visit", "where"), ("signup", "needs")])
def test_a_text_that_is_far_too_long_comes_back(endpoint: Any, form: str, question: str) -> None:
    answer = endpoint.post(form, "ta", **{question: WORDS + "x" * 2_000_000})
    page_with_words(answer, status=413)
    assert len(answer.data) < 200_000


@pytest.mark.parametrize("megabytes", [1, 5, 30, 80])
@pytest.mark.parametrize("form", ["concern", "followup"])
def test_a_text_that_is_far_too_long_comes_back_with_photos_beside_it(endpoint: Any, form: str, megabytes: int) -> None:
    """As a browser sends it: a form that may bring photos is sent in parts."""
    answers = {"what": WORDS + "x" * megabytes * 1024**2, "photos": [(photo(), "a.jpg")], "once": "1" * 32}
    body = multipart({**answers, "code": "1234", "urgent": "yes"})
    answer = endpoint.client.post(f"/forms/ta/{form}", data=body, content_type="multipart/form-data; boundary=B")
    page = page_with_words(answer, status=413)
    assert "தொடக்கம்" in page, "it says that only the beginning is still there"
    assert len(answer.data) < 200_000


def test_a_text_after_photos_comes_back_too(endpoint: Any) -> None:
    photos = [(b"\xff\xd8\xff" + bytes(5 * 1024**2), "a.jpg")]
    body = multipart({"photos": photos, "what": WORDS + "x" * 5 * 1024**2})
    answer = endpoint.client.post("/forms/ta/concern", data=body, content_type="multipart/form-data; boundary=B")
    assert answer.status_code == 413
    assert '<html lang="ta"' in answer.get_data(as_text=True)


def test_an_enormous_body_is_read_no_further_than_it_must(endpoint: Any) -> None:
    body = multipart({"what": WORDS, "photos": [(bytes(80 * 1024 * 1024), "a.jpg")]})
    answer = endpoint.client.post("/forms/ta/concern", data=body, content_type="multipart/form-data; boundary=B")
    page_with_words(answer, status=413)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "text/plain", ""])
def test_a_large_body_of_any_kind_gets_a_page(endpoint: Any, kind: str) -> None:
    answer = endpoint.client.post("/forms/ta/concern", data=b"\x00\xff=&" * 7_000_000, content_type=kind)
    assert answer.status_code in {413, 422}
    assert '<html lang="ta"' in answer.get_data(as_text=True)


# The store is away, or something breaks that nobody thought of, at any step


def away(*_: Any, **__: Any) -> Any:
    raise AWAY


def broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError(WORDS)


STEPS: list[tuple[Any, str]] = [
    (Intake, "save_part"), (Intake, "save"), (attachments, "clean"),
    (sending, "keep_part"), (sending, "send_concern"), (sending, "seal"),
]  # fmt: skip


@pytest.mark.parametrize("fault", [away, broken])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[1])
@pytest.mark.parametrize("do", ["check", "send"])
def test_a_concern_with_photos_loses_no_word(
    endpoint: Any, monkeypatch: Any, caplog: Any, fault: Callable[..., Any], step: tuple[Any, str], do: str
) -> None:
    part = part_of(endpoint)
    with monkeypatch.context() as while_away:
        while_away.setattr(*step, fault)
        more: dict[str, Any] = {"part": part, "once": "2" * 32}
        if step[1] in {"save_part", "clean", "keep_part"}:
            more["photos"] = [(photo(), "b.jpg")]
        answer = endpoint.post("concern", "ta", do=do, what=WORDS, **more)
    page = answer.get_data(as_text=True)
    assert WORDS in page
    assert part in page, "what was taken in before stays"
    assert 'class="code"' not in page
    assert WORDS not in caplog.text
    again = endpoint.send("concern", "ta", what=WORDS, part=part)
    assert endpoint.code(again)


@pytest.mark.parametrize("fault", [away, broken])
def test_whether_photos_still_wait_cannot_be_asked(endpoint: Any, monkeypatch: Any, fault: Callable[..., Any]) -> None:
    part = part_of(endpoint)
    monkeypatch.setattr(Intake, "has_parts", fault)
    page = endpoint.post("concern", "ta", what=WORDS, part=part).get_data(as_text=True)
    assert WORDS in page
    assert part in page


@pytest.mark.parametrize("fault", [away, broken])
@pytest.mark.parametrize(
    "step", [(lookup, "look_up"), (sending, "send_followup"), (sending, "seal")], ids=lambda step: step[1]
)
def test_what_is_added_loses_no_word(
    endpoint: Any, monkeypatch: Any, caplog: Any, fault: Callable[..., Any], step: tuple[Any, str]
) -> None:
    code = endpoint.code(endpoint.send("concern", "ta", what="x")).replace(" ", "")
    more = {"do": "send", "code": code, "once": "3" * 32, "what": WORDS}
    with monkeypatch.context() as while_away:
        while_away.setattr(*step, fault)
        page = endpoint.post("followup", "ta", **more).get_data(as_text=True)
    assert WORDS in page
    assert f'name="code" value="{code}"' in page
    assert f'name="once" value="{"3" * 32}"' in page
    assert WORDS not in caplog.text
    assert endpoint.post("followup", "ta", **more).status_code == 200
    assert sorted(letter["answers"]["what"] for letter in endpoint.open_letters()) == ["x", WORDS]


@pytest.mark.parametrize("fault", [away, broken])
@pytest.mark.parametrize("step", ["save", "find", "occupancy", "move_lines_up", "groups_before"])
@pytest.mark.parametrize("do", ["check", "send"])
def test_a_sign_up_loses_no_word(
    endpoint: Any, monkeypatch: Any, fault: Callable[..., Any], step: str, do: str
) -> None:
    from forms.server.store.signups.signup_store import SignupStore  # noqa: PLC0415

    with monkeypatch.context() as while_away:
        while_away.setattr(SignupStore, step, fault)
        more = {"event": "meeting", "people": "2", "needs": WORDS, "once": "4" * 32}
        answer = endpoint.post("signup", "ta", do=do, **more)
    page = answer.get_data(as_text=True)
    assert WORDS in page or 'class="code"' in page, page
    assert endpoint.code(endpoint.post("signup", "ta", do="send", **more))
    assert len(endpoint.pickup("signups", "events").get_json()["signups"]) == 1


@pytest.mark.parametrize("fault", [away, broken])
@pytest.mark.parametrize("form", ["answer", "cancel", "change"])
def test_a_number_that_was_typed_stays(endpoint: Any, monkeypatch: Any, form: str, fault: Callable[..., Any]) -> None:
    code = endpoint.code(
        endpoint.send("concern" if form == "answer" else "signup", event="meeting", people="1", what="x")
    )
    monkeypatch.setattr(services.Services, "keys_for_lookup", fault)
    answer = endpoint.post(form, "ta", code=code)
    assert answer.status_code == (503 if fault is away else 500)
    assert code in answer.get_data(as_text=True)


def test_without_a_single_reader_left_the_form_still_says_so(make_endpoint: Any, district: Any) -> None:
    portal = dataclasses.replace(district.portal, desks=district.portal.desks[:1])
    endpoint = make_endpoint(portal=portal)
    page_with_words(endpoint.post("concern", "ta", what=WORDS, hide_from="police", photos=[(photo(), "a.jpg")]))


def test_odd_encodings_come_back(endpoint: Any) -> None:
    body = urlencode({"what": WORDS}).encode() + b"%ff%ed%a0%80"
    answer = endpoint.client.post("/forms/ta/concern", data=body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in {200, 422}
    assert WORDS in answer.get_data(as_text=True)
