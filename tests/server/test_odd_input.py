"""Hypothesis sends every form odd bytes, broken multipart, odd headers: always a page in the language asked, never an error."""

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forms.core import form_schema

from .conftest import LANGUAGES, multipart

FORMS = form_schema.names()
EXPECTED = {200, 400, 404, 409, 413, 422, 503}
ODD = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

SCRIPTS = st.sampled_from(
    ["abc 123", "உதவி ௧௨", "సహాయం ౧౨", "मदद १२ क़", "ସାହାଯ୍ୟ ୧୨ ଡ଼", "\u202eabc", "\u200b", "\ud800", "\0", "'\"<>&{{7*7}}"]
)
TEXTS = st.one_of(
    SCRIPTS,
    st.text(max_size=80),
    st.sampled_from(["check", "send", "send-without", "change", "delete-now", "typed", "cancel"]),
)
NAMES = st.sampled_from(
    sorted(
        {field.name for form in FORMS for field in form_schema.load(form).fields}
        | {"do", "once", "part", "drop", "typed", "nonsense"}
    )
)
ONCES = st.one_of(st.just("0" * 32), st.text("0123456789abcdef", min_size=32, max_size=32), TEXTS)
HEADERS = st.dictionaries(
    st.sampled_from(["Accept", "Accept-Language", "Authorization", "Cookie", "Range", "If-None-Match", "X-HTTP-Method-Override",
                     "Content-Encoding", "Expect", "Forwarded", "Portal-Desks", "Origin"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60), max_size=4,
)  # fmt: skip


def require_a_page(answer: Any, language: str) -> None:
    text = answer.get_data(as_text=True)
    assert answer.status_code in EXPECTED, (answer.status_code, text[-300:])
    assert f'<html lang="{language}"' in text
    assert "<h1>" in text
    assert "Traceback" not in text
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("form", FORMS)
@ODD
@given(
    language=st.sampled_from(LANGUAGES),
    pairs=st.lists(st.tuples(NAMES, TEXTS), max_size=12),
    once=ONCES,
    headers=HEADERS,
)
def test_any_answers_get_a_page(
    endpoint: Any, form: str, language: str, pairs: list[tuple[str, str]], once: str, headers: dict[str, str]
) -> None:
    body = urlencode([*pairs, ("once", once)], errors="surrogatepass").encode()
    answer = endpoint.client.post(
        f"/forms/{language}/{form}", data=body, headers=headers, content_type="application/x-www-form-urlencoded"
    )
    require_a_page(answer, language)


@pytest.mark.parametrize("form", FORMS)
@ODD
@given(
    language=st.sampled_from(LANGUAGES),
    body=st.binary(max_size=400),
    kind=st.sampled_from([
        "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16", "multipart/form-data",
        "multipart/form-data; boundary=B", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"", "text/plain",
        "application/json", "application/octet-stream", "", "x", "multipart/mixed; boundary=B",
    ]),
)  # fmt: skip
def test_any_bytes_get_a_page(endpoint: Any, form: str, language: str, body: bytes, kind: str) -> None:
    require_a_page(endpoint.client.post(f"/forms/{language}/{form}", data=body, content_type=kind), language)


@pytest.mark.parametrize("form", ["concern", "followup", "signup"])
@ODD
@given(
    language=st.sampled_from(LANGUAGES),
    cut=st.integers(0, 500),
    swap=st.integers(0, 400),
    to=st.binary(min_size=1, max_size=9),
    text=SCRIPTS,
)
def test_a_broken_multipart_body_gets_a_page(
    endpoint: Any, form: str, language: str, cut: int, swap: int, to: bytes, text: str
) -> None:
    typed = text.encode(errors="replace").decode()
    whole = multipart(
        {"what": typed, "do": "check", "photos": [(b"\xff\xd8\xff broken", "a.jpg")], "voice": [(b"", "b.ogg")]}
    )
    body = (whole[:swap] + to + whole[swap:])[: len(whole) - cut]
    answer = endpoint.client.post(
        f"/forms/{language}/{form}", data=body, content_type="multipart/form-data; boundary=B"
    )
    require_a_page(answer, language)


@ODD
@given(
    path=st.text(st.characters(min_codepoint=33, max_codepoint=0x0B7F), max_size=40),
    language=st.sampled_from(LANGUAGES),
)
def test_any_address_gets_a_page_in_the_language_it_begins_with(endpoint: Any, path: str, language: str) -> None:
    for method in ("get", "post", "put", "delete"):
        answer = getattr(endpoint.client, method)(
            f"/forms/{language}/x{path.replace('?', '').replace('#', '').replace('/', '')}", follow_redirects=True
        )  # a full stop at the end of an address leads to the address without it
        assert answer.status_code in {404, 405}
        assert f'<html lang="{language}"' in answer.get_data(as_text=True)


@ODD
@given(query=st.text(max_size=60))
def test_any_query_shows_the_form(endpoint: Any, query: str) -> None:
    answer = endpoint.client.get("/forms/or/signup", query_string={"event": query.encode(errors="replace")})
    require_a_page(answer, "or")
    assert answer.status_code == 200


def test_many_thousands_of_answers_make_no_page(endpoint: Any) -> None:
    """A page of them would take seconds: half a megabyte must not hold a worker so long."""
    for form in ("concern", "signup", "answer"):
        body = urlencode([("what", "x"), *[("hide_from", "police")] * 30000])
        answer = endpoint.client.post(f"/forms/ta/{form}", data=body, content_type="application/x-www-form-urlencoded")
        assert (answer.status_code, len(answer.data) < 20_000) == (413, True)
