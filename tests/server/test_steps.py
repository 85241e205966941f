"""Without a script the questions come a few at a time: what was typed travels in the page, and nothing is kept before."""

from html.parser import HTMLParser
from typing import Any

import pytest

from forms.core import form_schema

from .test_attachments import photo

CONCERN = form_schema.load("concern")
ANSWERS: dict[str, Any] = {
    "danger": "no", "what": 'உதவி <b> "x"\nஇரண்டாவது', "place": "avadi", "where": "the tank", "work": "kiln",
    "people": "12", "children": "yes", "can_leave": "no", "contact": "98765", "hide_from": ["legal"],
}  # fmt: skip


class Sent(HTMLParser):
    """The form of a page, as a browser without a script would send it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.values: dict[str, Any] = {}
        self.asked: list[str] = []
        self.buttons: list[str] = []
        self.area = ""
        self.feed(html.partition('<form class="form"')[2].partition("</form>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, kind = given.get("name") or "", given.get("type")
        if tag == "button" and kind != "button":
            self.buttons.append(given["value"] or "")
        elif tag in {"input", "textarea", "select"} and kind != "hidden":
            self.asked.append(name)
        self.area = name if tag == "textarea" else ""
        if tag == "input" and (kind not in {"radio", "checkbox", "file"} or "checked" in given):
            self.add(name, given.get("value") or "")
        if tag == "option" and "selected" in given:
            self.add(self.asked[-1], given["value"] or "")

    def handle_data(self, data: str) -> None:
        if self.area:
            self.add(self.area, data.removeprefix("\n"))
            self.area = ""

    def add(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)


class Person:
    """Somebody without a script who goes from page to page."""

    def __init__(self, endpoint: Any, language: str = "ta", form: str = "concern") -> None:
        self.endpoint, self.language, self.name = endpoint, language, form
        self.pages = form_schema.load(form).pages
        self.show(endpoint.client.get(f"/forms/{language}/{form}?step=1"))

    def show(self, answer: Any) -> None:
        self.answer, self.html = answer, answer.get_data(as_text=True)
        self.form = Sent(self.html)
        assert answer.headers["Cache-Control"].startswith("no-store")
        assert f'action="/forms/{self.language}/{self.name}"' in self.html or 'class="code"' in self.html
        assert answer.status_code in {200, 422}

    def press(self, do: str, **answers: Any) -> None:
        assert do in self.form.buttons
        self.show(self.endpoint.post(self.name, self.language, **{**self.form.values, **answers, "do": do}))

    def fill(self, answers: dict[str, Any], until: int) -> None:
        """Answer page after page, up to the one of this place."""
        for place in range(until):
            assert set(self.form.asked) == set(self.pages[place])
            self.press("next", **{name: answers[name] for name in self.pages[place] if name in answers})


LAST = len(CONCERN.pages) - 1


def test_all_answers_arrive_and_nothing_is_kept_on_the_way(endpoint: Any) -> None:
    person = Person(endpoint)
    before = {path: path.read_bytes() for path in endpoint.data.rglob("*") if path.is_file()}
    person.fill(ANSWERS, LAST)
    person.press("check")
    assert {path: path.read_bytes() for path in endpoint.data.rglob("*") if path.is_file()} == before
    person.press("send")
    assert 'class="code"' in person.html
    [letter] = endpoint.open_letters("police")
    assert letter["answers"] == {**ANSWERS, "people": 12}
    assert endpoint.open_letters("legal") == []


def test_no_page_asks_more_than_four_questions_and_files_come_last() -> None:
    assert max(map(len, CONCERN.pages)) <= 4
    assert CONCERN.pages[LAST] == ("voice", "photos")
    assert sorted(name for page in CONCERN.pages for name in page) == sorted(field.name for field in CONCERN.fields)


def test_going_back_loses_nothing(endpoint: Any) -> None:
    person = Person(endpoint)
    person.fill(ANSWERS, LAST)
    for place in reversed(range(LAST)):
        person.press("back")
        assert set(person.form.asked) == set(CONCERN.pages[place])
    assert "back" not in person.form.buttons
    for name, value in ANSWERS.items():
        assert person.form.values[name] == (value if isinstance(value, list) else [value])


def test_a_mistake_is_said_on_its_own_page(endpoint: Any) -> None:
    person = Person(endpoint)
    person.fill({**ANSWERS, "people": "many"}, 3)
    person.press("next", people="many", children="yes")
    assert person.answer.status_code == 422
    assert set(person.form.asked) == set(CONCERN.pages[3])
    assert 'href="#people"' in person.html
    assert person.form.values["what"] == [ANSWERS["what"]]
    person.press("next", people="12")
    assert set(person.form.asked) == set(CONCERN.pages[4])


def test_what_is_needed_is_asked_for_at_the_end(endpoint: Any) -> None:
    person = Person(endpoint)
    person.fill({"contact": "x"}, LAST)
    person.press("check")
    assert person.answer.status_code == 422
    assert set(person.form.asked) == {"what"}
    assert person.form.values["contact"] == ["x"]


def test_changing_something_begins_at_the_first_page_and_may_end_there(endpoint: Any) -> None:
    person = Person(endpoint)
    person.fill(ANSWERS, LAST)
    person.press("check")
    person.press("change")
    assert set(person.form.asked) == {"danger"}
    person.press("check", danger="yes")
    person.press("send")
    assert endpoint.open_letters()[0]["answers"]["danger"] == "yes"


def test_a_photo_on_the_last_page_goes_along_and_stays_when_something_is_changed(endpoint: Any) -> None:
    person = Person(endpoint)
    person.fill({"what": "x"}, LAST)
    person.press("check", photos=[(photo(), "a.jpg")])
    person.press("change")
    assert len(person.form.values["part"]) == 1
    person.press("check")
    person.press("send")
    assert 'class="code"' in person.html


@pytest.mark.parametrize("step", ["0", "99", "-1", "x", "1.0", "๑", ""])
def test_a_page_that_is_none_is_the_whole_form(endpoint: Any, step: str) -> None:
    whole = endpoint.client.get(f"/forms/en/concern?step={step}").get_data(as_text=True)
    assert set(Sent(whole).asked) == {field.name for field in CONCERN.fields}
    sent = endpoint.send("concern", "en", what="x", step=step)
    assert 'class="code"' in sent.get_data(as_text=True)


@pytest.mark.parametrize("do", ["next", "back"])
def test_an_older_page_without_steps_is_taken_whole(endpoint: Any, do: str) -> None:
    assert 'value="send"' in endpoint.post("concern", "en", what="x", do=do).get_data(as_text=True)


SIGNUP = form_schema.load("signup")
PLACES: dict[str, Any] = {
    "event": "meeting", "people": "௩", "adult": "with", "name": "Malar <b>", "phone": "98400 00000", "remind": ["yes"],
    "interpreter": "ta", "help_with": ["child-care"], "needs": "a chair",
}  # fmt: skip


@pytest.fixture
def guest(endpoint: Any) -> Person:
    return Person(endpoint, "en", "signup")


def test_a_sign_up_comes_a_few_questions_at_a_time_too(endpoint: Any, guest: Person) -> None:
    assert "You can leave out any question" not in guest.html, "these must be answered"
    assert max(map(len, SIGNUP.pages)) <= 3
    assert sorted(name for page in SIGNUP.pages for name in page) == sorted(field.name for field in SIGNUP.fields)
    guest.fill(PLACES, len(SIGNUP.pages) - 1)
    assert endpoint.pickup("signups", "events").get_json()["signups"] == [], "nothing is kept on the way"
    guest.press("check", **{name: PLACES[name] for name in SIGNUP.pages[-1]})
    assert "Malar &lt;b&gt;" in guest.html
    guest.press("send")
    assert 'class="code"' in guest.html
    [row] = endpoint.pickup("signups", "events").get_json()["signups"]
    assert (row["event"], row["people"]) == ("meeting", 3)


def test_back_and_change_lose_nothing_of_a_sign_up(guest: Person) -> None:
    last = len(SIGNUP.pages) - 1
    guest.fill(PLACES, last)
    for place in reversed(range(last)):
        guest.press("back")
        assert set(guest.form.asked) == set(SIGNUP.pages[place])
    guest.fill(PLACES, last)
    guest.press("check")
    guest.press("change")
    assert set(guest.form.asked) == set(SIGNUP.pages[0])
    for name in ("name", "phone", "adult"):
        assert guest.form.values[name] == [PLACES[name]]


def test_after_what_must_be_answered_a_sign_up_may_end_early(guest: Person) -> None:
    guest.press("next", event="meeting", people="2")
    assert "check" not in guest.form.buttons
    guest.press("next", adult="yes")
    guest.press("check", name="Malar")
    guest.press("send")
    assert 'class="code"' in guest.html


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"people": "2"}, "Please choose an event."),
        ({"event": "meeting", "people": "many"}, "Please write a number, like 3."),
        ({"event": "nothing", "people": "2"}, "This event is not in our list"),
    ],
)
def test_a_mistake_in_a_sign_up_is_said_on_its_own_page(guest: Person, answers: dict[str, str], message: str) -> None:
    guest.press("next", **answers)
    assert guest.answer.status_code == 422
    assert message in guest.html
    assert set(guest.form.asked) == set(SIGNUP.pages[0])


def test_who_is_under_18_and_alone_comes_back_into_the_steps(guest: Person) -> None:
    guest.press("next", event="meeting", people="2")
    guest.press("next", adult="no")
    assert "Please come with a grown-up" in guest.html
    guest.press("check")
    guest.press("send")
    assert 'class="code"' in guest.html


def test_the_page_of_a_sign_up_offers_the_steps_with_its_event(endpoint: Any) -> None:
    html = endpoint.client.get("/forms/ta/signup?event=meeting").get_data(as_text=True)
    assert 'href="/forms/ta/signup?step=1&amp;event=meeting"' in html
    stepped = Sent(endpoint.client.get("/forms/ta/signup?step=1&event=meeting").get_data(as_text=True))
    assert stepped.values["event"] == ["meeting"]
    again = endpoint.post("signup", "ta", event="meeting", people="x").get_data(as_text=True)
    assert '<details class="whole">' not in again, "who has begun with the whole form goes on with it"
