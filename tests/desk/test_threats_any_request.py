"""A hostile desk sends any request to both APIs with its own token: no other desk's case changes, and none stops."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms.core.crypto.encryption import seal_file, seal_part
from forms.desk.crypto import keys
from forms.desk.session import Session
from forms.server.api.browser_api import blueprint
from forms.server.api.desk_api import desk_api
from forms.server.web.current import state_of
from tests.desk.conftest import Office
from tests.desk.hostile_server import ANY_JSON, ODD, IdOf, Known, dump_json, fill_ids
from tests.desk.test_threats_any_bytes import EXAMPLES, PROFILE, digests, originals, standing

pytestmark = pytest.mark.usefixtures("site_not_visited")

TOLD = "What the person really told"
HIDDEN = "What police must not see"
FORGED = "What an officer would like to read there"


@dataclass
class Shared:
    """The legal desk's two cases; police is the hostile desk, reads one of them and was left out of the other."""

    office: Office
    legal: Session
    known: Known
    sealed: dict[str, bytes]
    before: dict[str, Any]
    files: dict[str, bytes]

    def client(self) -> Any:
        return self.office.app.test_client()

    def token(self, member: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {keys.token(self.office.home / member)}"}

    def fetch(self, path: str) -> bytes:
        return bytes(self.client().get(f"/pickup/v1/{path}", headers=self.token("legal")).get_data())


@pytest.fixture
def shared(office: Office) -> Shared:
    office.tell(what=TOLD)
    office.tell(what=HIDDEN, hide_from="police")
    legal = office.machine("legal")
    legal.sync.run()
    ids = {str(case.answers["what"]): case.id for case in legal.cases.all()}
    part, photo = seal_part(
        {"kind": "photo", "type": "x"}, b"evidence", office.portal.desks_with_ids(["legal"])[0].keys
    )
    concerns = state_of(office.app).services.concerns
    concerns.intake.save_part(part, office.day, ["legal", "partner", "police"], photo)
    with concerns.writing() as connection:
        connection.exec_driver_sql(f"UPDATE parts SET letter = '{ids[TOLD]}'")
    entry = legal.log.write(ids[TOLD], "state", state="looking")
    legal.log.answer(ids[HIDDEN], "We will come on Monday.")
    legal.sync.run()
    police = office.machine("police/babu")
    police.sync.run()
    noted = police.log.write(ids[TOLD], "note", text="of police")
    known = Known(
        tuple(office.portal.desks_with_ids(["legal"])[0].keys),
        (ids[TOLD], ids[HIDDEN], part, entry.id, noted.id, "e" * 32),
    )
    paths = [f"letters/{ids[TOLD]}", f"letters/{ids[HIDDEN]}", f"parts/{part}", f"entries/{entry.id}"]
    installation = Shared(office, legal, known, {}, standing(legal), originals(legal.place.folder))
    installation.sealed = {path: installation.fetch(path) for path in paths}
    return installation


RULES = (
    "/pickup/v1/letters", "/pickup/v1/letters/{}", "/pickup/v1/letters/{}/acknowledge", "/pickup/v1/letters/{}/answers/{}",
    "/pickup/v1/letters/{}/entries/{}", "/pickup/v1/letters/{}/copies/{}", "/pickup/v1/letters/{}/copies", "/pickup/v1/copies/{}/{}",
    "/pickup/v1/parts/{}", "/pickup/v1/entries", "/pickup/v1/entries/{}", "/pickup/v1/desks", "/pickup/v1/portal", "/pickup/v1/day",
    "/pickup/v1/publishing",
    "/pickup/v1/access", "/pickup/v1/statements", "/pickup/v1/signups", "/pickup/v1/signups/{}", "/pickup/v1/signups/{}/{}", "/forms/sealed/v1/terms", "/forms/sealed/v1/lookups",
    "/forms/sealed/v1/erasures", "/forms/sealed/v1/parts/{}", "/forms/sealed/v1/letters/{}",
    "/forms/sealed/v1/voices",
)  # fmt: skip
_IDS = st.builds(IdOf, st.integers(0, 5))
_TEXT = st.text(max_size=20) | st.sampled_from(
    ["../letters", "%2e%2e", "a" * 32, "0" * 64, "legal", "\x00", "x" * 5000]
)
_HEADERS = st.dictionaries(
    st.sampled_from(["Portal-For", "Portal-Desks", "Portal-Parts", "Portal-Lookup", "Portal-Follows", "Portal-Work", "Portal-Day"]),
    st.sampled_from(["legal", "police/anita", "partner", "legal,partner", "legal,legal", "events", "2027-01-01", "9999-12-31", "0" * 64])
    | _IDS | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20),
    max_size=3,
)  # fmt: skip


@dataclass(frozen=True)
class Forged:
    """A forged letter, part or entry for the legal desk, encrypted to its public keys."""

    fields: Any

    def body(self, known: Known) -> bytes:
        fields = fill_ids(self.fields, known)
        head = {"form": "concern", "id": known.ids[0], "day": "2027-01-02", "answers": {"what": FORGED}}
        return seal_file(
            dump_json({**head, **fields} if isinstance(fields, dict) else head).ljust(24576), list(known.keys)
        )


@dataclass(frozen=True)
class Replayed:
    """Something that the legal desk holds, sent again to another address."""

    number: int


@dataclass(frozen=True)
class Request:
    """One request. token: whether it carries the hostile desk's token."""

    method: str
    rule: str
    places: tuple[Any, Any]
    headers: dict[str, Any]
    body: Any
    token: bool

    def send(self, shared: Shared) -> Any:
        places = [quote(str(fill_ids(place, shared.known)).encode("utf-8", "replace")) for place in self.places]
        headers = {name: str(fill_ids(value, shared.known)) for name, value in self.headers.items()}
        by = shared.token("police/babu") if self.token else {}
        return shared.client().open(
            self.rule.format(*places), method=self.method, headers={**headers, **by}, data=self._body(shared)
        )

    def _body(self, shared: Shared) -> bytes:
        if isinstance(self.body, Forged):
            return self.body.body(shared.known)
        if isinstance(self.body, Replayed):
            return list(shared.sealed.values())[self.body.number % len(shared.sealed)]
        return self.body if isinstance(self.body, bytes) else dump_json(fill_ids(self.body, shared.known))


_BODIES = st.one_of(
    st.binary(max_size=200),
    ANY_JSON,
    st.builds(Forged, st.dictionaries(st.sampled_from(["form", "id", "follows", "parts", "kind", "value", "thread"]), ODD, max_size=4)),
    st.builds(Forged, st.none()),
    st.builds(Replayed, st.integers(0, 3)),
)  # fmt: skip
REQUESTS = st.builds(
    Request, st.sampled_from(["GET", "PUT", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"]), st.sampled_from(RULES),
    st.tuples(_IDS | _TEXT, _IDS | _TEXT), _HEADERS, _BODIES, st.booleans(),
)  # fmt: skip
AIMED = st.builds(
    Request, st.just("PUT"), st.sampled_from([rule for rule in RULES if rule.count("{}") == 2 or "sealed/v1/letters" in rule]),
    st.tuples(_IDS, _IDS), st.fixed_dictionaries({"Portal-For": st.sampled_from(["legal", "police/anita", "partner"])}),
    _BODIES, st.just(True),
)  # fmt: skip


def test_every_rule_of_both_apis_is_tried(office: Office) -> None:
    rules = {
        rule.rule
        for rule in office.app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0] in {desk_api.name, blueprint.name}
    }
    assert {re.sub(r"<(?:\w+:)?\w+>", "{}", rule) for rule in rules} == set(RULES)


def test_whatever_a_desk_sends_no_other_desks_case_changes(shared: Shared) -> None:
    outside = digests(shared.office.home / "partner")
    answer = state_of(shared.office.app).services.concerns

    @settings(PROFILE, max_examples=20 * EXAMPLES)
    @given(st.lists(REQUESTS | AIMED, min_size=1, max_size=6))
    def look(requests: list[Request]) -> None:
        with answer.writing() as connection:  # what police let go of, it has again
            connection.exec_driver_sql(
                "INSERT OR IGNORE INTO recipients (letter, desk) VALUES (?, 'police')", (shared.known.ids[0],)
            )
        for request in requests:
            response = request.send(shared)
            assert response.status_code < 500, request
            assert HIDDEN.encode() not in response.get_data()
        for path, sealed in shared.sealed.items():
            assert shared.fetch(path) == sealed, path

    look()
    shared.legal.sync.run()
    assert {id: standing(shared.legal).get(id) for id in shared.before} == shared.before
    assert {name: originals(shared.legal.place.folder).get(name) for name in shared.files} == shared.files
    assert digests(shared.office.home / "partner") == outside
    shared.legal.log.write(next(iter(shared.before)), "note", text="and on it goes")
    assert shared.legal.outbox.waiting == 0


def test_a_desk_left_out_gets_the_same_answers_as_for_a_letter_that_there_is_not(shared: Shared) -> None:
    """Whatever the desk requests or sends for the letter, no response reveals that it exists."""

    @settings(PROFILE, max_examples=20 * EXAMPLES)
    @given(st.sampled_from([rule for rule in RULES if rule.startswith("/pickup/v1/letters/{}")]), st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
           st.sampled_from(["legal", "partner", "police/anita", "police", "", "x"]), st.builds(Forged, st.none()) | st.binary(max_size=50),
           st.sampled_from([1, 2, 3, 5]))  # fmt: skip
    def look(rule: str, method: str, reader: str, body: Any, other: int) -> None:
        answers = []
        for letter in (shared.known.ids[1], "d" * 32):
            item = letter if other == 1 else shared.known.ids[other]
            request = Request(method, rule, (letter, item), {"Portal-For": reader}, body, True)
            response = request.send(shared)
            answers.append((response.status_code, response.get_data(), {**response.headers, "Date": ""}))
        assert answers[0] == answers[1], (rule, method, reader)

    look()
