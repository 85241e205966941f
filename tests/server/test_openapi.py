"""docs/pickup-openapi.yaml is what the program does: no rule more or less, no answer that it does not describe."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from forms.core.form_schema import load
from forms.server.api.browser_api import blueprint, letters
from forms.server.api.desk_api import desk_api
from forms.server.web.current import state_of

from .test_sealed import new_id, put, sealed_letter

FILE = Path(__file__).parents[2] / "docs" / "pickup-openapi.yaml"
DESCRIBED = yaml.load(FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)
METHODS = {"get", "put", "post", "delete", "patch"}
EXAMPLES = 9


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, item in DESCRIBED["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_every_rule_is_described_and_every_description_has_its_rule(endpoint: Any) -> None:
    rules = {
        (method, re.sub(r"<(?:\w+:)?\w+>", "{}", rule.rule))
        for rule in endpoint.client.application.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in {desk_api.name, blueprint.name}
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert rules == {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in operations()}


def test_every_call_of_desks_needs_a_token_and_none_of_browsers_does() -> None:
    for (_, path), operation in operations().items():
        assert bool(operation.get("security")) == path.startswith("/pickup/"), path


def test_without_a_token_every_call_of_desks_is_refused_and_says_how_to_be_known(endpoint: Any) -> None:
    for method, path in operations():
        if path.startswith("/pickup/"):
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic dG9rZW4tcG9saWNl"}):
                answer = endpoint.client.open(re.sub(r"\{\w+\}", "0" * 32, path), method=method, headers=headers)
                assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer"), path


def test_sizes_and_limits_of_the_file_are_those_of_the_program() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert f"spaces up to {load('concern').pad_to // 1024} KiB" in text
    assert letters.MAX_PART_BYTES == 4 * 1024 * 1024
    assert "up to 64, 128, 256, 512 KiB, 1, 2\n        or 4 MiB" in text


class Described:
    """The endpoint with its description beside it, where schemathesis looks for it."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/openapi.json":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(DESCRIBED).encode()]
        return self.app(environ, start_response)


@pytest.fixture(params=["sqlite", "postgresql"])
def schema(request: pytest.FixtureRequest, make_endpoint: Any) -> Any:
    """The description, with an endpoint on either database; it holds one letter, entry and sign-up."""
    urls: dict[str, str] = {}
    if request.param == "postgresql":
        concerns = request.getfixturevalue("postgres")
        urls = {"concerns_url": concerns, "signups_url": concerns.replace("/postgres?", "/signups?")}
    endpoint = make_endpoint(**urls)
    endpoint.send("concern", what="x")
    endpoint.send("signup", event="meeting", people="1")
    [id] = endpoint.letter_ids()
    body = sealed_letter(endpoint, id)
    assert endpoint.pickup(f"letters/{id}/entries/{'1' * 32}", method="PUT", data=body).status_code == 204
    found = schemathesis.openapi.from_wsgi("/openapi.json", Described(endpoint.client.application))
    yield found, id, body
    for store in (
        state_of(endpoint.client.application).services.concerns,
        state_of(endpoint.client.application).services.signups,
        state_of(endpoint.client.application).services.days,
    ):
        store.metadata.drop_all(store.engine)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_only_what_is_described_is_answered(schema: Any, mode: GenerationMode) -> None:
    """Right and wrong requests as the description makes them, and half of them for a letter that there is."""
    described, id, body = schema
    tokens = st.sampled_from(["police", "events"])
    for found in described.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.path_parameters and not operation.body:
            continue

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode), tokens, st.booleans())
        def look(case: Any, desk: str, real: bool) -> None:
            if real and "letter_id" in case.path_parameters:
                case.path_parameters["letter_id"] = id
            if real and isinstance(case.body, bytes):
                case.body = body
            headers = {"Authorization": f"Bearer token-{desk}"} if case.path.startswith("/pickup") else {}
            answer = case.call(headers=headers)
            assert answer.status_code < 500, answer.content
            if answer.status_code in {405, 308}:
                return  # a made-up address is not the operation's
            case.validate_response(answer, checks=[
                schemathesis.checks.not_a_server_error,
                schemathesis.specs.openapi.checks.status_code_conformance,
                schemathesis.specs.openapi.checks.content_type_conformance,
                schemathesis.specs.openapi.checks.response_headers_conformance,
                schemathesis.specs.openapi.checks.response_schema_conformance,
            ])  # fmt: skip

        look()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(cut=st.integers(0, 24_000), changed=st.integers(0, 700), to=st.integers(0, 255))
def test_a_cut_letter_is_refused_and_so_is_one_whose_header_changed(
    endpoint: Any, cut: int, changed: int, to: int
) -> None:
    id = new_id()
    whole = sealed_letter(endpoint, id)
    assert put(endpoint, f"letters/{id}", whole[:cut]).status_code == 400
    other = whole[:changed] + bytes([to]) + whole[changed + 1 :]
    answer = put(endpoint, f"letters/{id}", other)
    # Where the changed byte still has the form of a key or of rage's random stanza, only a desk can tell (age's own MAC).
    assert answer.status_code in {200, 201, 400}
    assert answer.status_code == 400 or other.startswith(b"age-encryption.org/v1\n-> ")


def test_a_changed_byte_of_a_part_is_refused(endpoint: Any) -> None:
    from forms.core.crypto import encryption  # noqa: PLC0415

    from .test_sealed import keys  # noqa: PLC0415

    part, whole = encryption.seal_part({"type": "image/jpeg"}, b"x", keys(endpoint))
    for at in (30, 5000, len(whole) - 1):
        other = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        assert put(endpoint, f"parts/{part}", other).status_code == 400
        assert hashlib.sha256(other).hexdigest()[:32] != part
    assert put(endpoint, f"parts/{part}", whole).status_code == 201


def test_too_many_bytes_for_any_letter_are_refused_on_both_roads(endpoint: Any) -> None:
    large = b"x" * 9_000_000
    assert put(endpoint, f"letters/{new_id()}", large).status_code == 413
    assert put(endpoint, f"parts/{new_id()}", large).status_code == 413
    assert endpoint.pickup(f"letters/{new_id()}/answers/a", method="PUT", data=large).status_code == 413
