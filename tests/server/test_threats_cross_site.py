"""Another website makes a browser send a form; the browser itself would keep, translate or learn what is typed."""

from collections.abc import Callable

import pytest

from tests.server.conftest import LANGUAGES, Endpoint

SENTENCE = {
    "en": "this came from another website",
    "ta": "வேறொரு இணையதளத்திலிருந்து",
    "te": "మరో వెబ్‌సైట్",
    "hi": "दूसरी वेबसाइट",
    "or": "ଅନ୍ୟ ଏକ ୱେବସାଇଟ",
}


@pytest.mark.parametrize("origin", ["cross-site", "same-site", "something new", "same-origin, cross-site"])
@pytest.mark.parametrize("form", ["concern", "answer", "followup", "signup", "cancel", "change"])
def test_a_form_that_another_site_sends_is_refused(endpoint: Endpoint, form: str, origin: str) -> None:
    endpoint.headers = {"Sec-Fetch-Site": origin}
    refused = endpoint.post(form, what="forged words", do="send")
    assert refused.status_code == 403
    assert "forged words" not in refused.get_data(as_text=True)
    assert endpoint.letter_ids() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_refusal_is_in_the_persons_language(endpoint: Endpoint, language: str) -> None:
    endpoint.headers = {"Sec-Fetch-Site": "cross-site"}
    assert SENTENCE[language] in endpoint.post("concern", language, what="x").get_data(as_text=True)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "erasures"), ("POST", "lookups"), ("PUT", "letters/" + "a" * 32)]
)
def test_the_browsers_api_refuses_other_sites_too(endpoint: Endpoint, method: str, path: str) -> None:
    address = f"/forms/sealed/v1/{path}"
    other = endpoint.client.open(address, method=method, headers={"Sec-Fetch-Site": "cross-site"}, data="{}")
    assert other.status_code == 403
    assert "another website" in other.get_json()["problem"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        *(
            {"Sec-Fetch-Site": value}
            for value in ("same-origin", "none", "", "Same-Origin", "same-origin, same-origin")
        ),
    ],
)
def test_the_site_itself_and_older_browsers_are_let_in(endpoint: Endpoint, headers: dict[str, str]) -> None:
    endpoint.headers = headers
    assert endpoint.code(endpoint.send("concern", what="real words"))


def test_a_link_from_another_site_still_opens_a_page(endpoint: Endpoint) -> None:
    opened = endpoint.client.get("/forms/en/concern", headers={"Sec-Fetch-Site": "cross-site"})
    assert opened.status_code == 200


def test_desks_are_not_asked_where_they_come_from(endpoint: Endpoint) -> None:
    headers = {"Authorization": "Bearer token-police", "Sec-Fetch-Site": "cross-site"}
    assert endpoint.client.get("/pickup/v1/letters", headers=headers).status_code == 200


def pages_that_are_private(endpoint: Endpoint) -> dict[str, str]:
    """Every page on which somebody types or reads what is private."""
    receipt = endpoint.code(endpoint.send("concern", what="my words"))
    sent = {
        "form": endpoint.client.get("/forms/en/concern"),
        "form with a mistake": endpoint.post("concern"),
        "look before sending": endpoint.post("concern", what="my words"),
        "receipt": endpoint.send("concern", what="other words"),
        "look-up": endpoint.client.get("/forms/en/answer"),
        "progress": endpoint.post("answer", code=receipt),
        "add": endpoint.post("followup", code=receipt),
        "erase": endpoint.post("answer", code=receipt, do="delete"),
        "sign-up": endpoint.client.get("/forms/en/signup"),
    }
    return {name: page.get_data(as_text=True) for name, page in sent.items()}


def test_no_private_page_is_translated_spell_checked_or_completed(endpoint: Endpoint) -> None:
    for name, page in pages_that_are_private(endpoint).items():
        root = page.partition("<html")[2].partition(">")[0]
        for attribute in ('translate="no"', 'spellcheck="false"', 'writingsuggestions="false"'):
            assert attribute in root, (name, attribute)
        for form in page.split("<form")[1:]:
            assert 'autocomplete="off"' in form.partition(">")[0], name


def test_every_answer_to_a_form_empties_the_browsers_cache(endpoint: Endpoint) -> None:
    receipt = endpoint.code(endpoint.send("concern", what="my words"))
    answers = [
        endpoint.post("concern", what="x"),
        endpoint.post("concern"),
        endpoint.send("concern", what="y"),
        endpoint.post("answer", code=receipt),
        endpoint.post("answer", code="1"),
        endpoint.post("answer", code=receipt, do="delete-now"),
        endpoint.client.post("/forms/en/nothing"),
    ]
    assert [answer.headers.get("Clear-Site-Data") for answer in answers] == ['"cache"'] * len(answers)
    assert "Clear-Site-Data" not in endpoint.client.get("/forms/en/concern").headers


def test_a_full_letter_box_says_so_and_empties_the_cache_too(make_endpoint: Callable[..., Endpoint]) -> None:
    full = make_endpoint(budget=1)
    answer = full.send("concern", what="x")
    assert answer.status_code == 503
    assert answer.headers["Clear-Site-Data"] == '"cache"'


@pytest.mark.parametrize("form", ["concern", "answer", "followup", "signup", "cancel", "visit", "enquiry"])
def test_head_asks_and_never_sends(endpoint: Endpoint, form: str) -> None:
    """Other sites are not refused where nothing is sent: so nothing may be. A watch over the site asks so too."""
    answers = {"what": "forged words", "do": "send", "once": "a" * 32}
    answer = endpoint.client.head(f"/forms/en/{form}", data=answers, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert endpoint.letter_ids() == []
