"""Attacks of one desk on another, of a colleague on a colleague, and of the server on a desk, carried out for real."""

import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from forms.core.crypto.encryption import seal, seal_part
from forms.core.ids import new_id
from forms.core.problem import Problem
from forms.desk.cases.log.case_log import seal_entry
from forms.desk.crypto import keys
from forms.desk.doctor.examination import examine
from forms.desk.session import Session
from forms.desk.sync.client import MAX_FILE_SIZE, Server
from forms.desk.sync.fetching import conflicts
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.responses import RequestRefused
from forms.desk.sync.rows import letter_row
from forms.server.store.concerns.letters import MAX_COPIES
from forms.server.web.current import state_of
from tests.desk.conftest import Office
from tests.desk.test_session import on_new_machine, only
from tests.serving import serve_in_thread

pytestmark = pytest.mark.usefixtures("site_not_visited")

TOLD = "What the person really told"
FORGED = "What an officer would like to read there"


def put(office: Office, member: str, path: str, body: bytes, reader: str = "") -> int:
    """Send something to the desk API with a member's own token; return the status."""
    token = keys.token(office.home / member)
    headers = {"Authorization": f"Bearer {token}", "Portal-For": reader}
    return requests.put(f"{office.address}/pickup/v1/{path}", data=body, headers=headers, timeout=120).status_code


def forge_letter(office: Office, desk: str, letter_id: str, what: str = FORGED) -> bytes:
    """Return a forged letter for another desk, encrypted to its public keys, which everybody knows."""
    fields = {"form": "concern", "id": letter_id, "day": "2027-01-02", "answers": {"what": what}}
    return seal(fields, office.portal.desks_with_ids([desk])[0].keys, 24576)


def case_text(session: Session, case_id: str) -> str:
    session.sync.run()
    return str(session.cases.case(case_id).answers["what"])


# A desk replaces what another desk reads


@pytest.mark.parametrize("legal_has_it", [False, True], ids=["before it was fetched", "after it was fetched"])
def test_no_desk_replaces_what_another_desk_reads(office: Office, legal_has_it: bool) -> None:
    office.tell(what=TOLD)
    police, legal = office.machine("police/anita"), office.machine("legal")
    id = only(police)
    if legal_has_it:
        only(legal)
    assert put(office, "police/anita", f"letters/{id}/copies/{id}", forge_letter(office, "legal", id), "legal") == 409
    assert case_text(legal, id) == TOLD
    assert FORGED not in str(legal.sharing.documents(id)), "nor is it what a court would read"


def test_no_desk_replaces_another_desks_photo(office: Office) -> None:
    concerns = state_of(office.app).services.concerns
    office.tell(what=TOLD)
    police = office.machine("police/anita")
    id = only(police)
    part, sealed = seal_part(
        {"kind": "photo", "type": "x"}, b"evidence", office.portal.desks_with_ids(["police", "legal"])[0].keys
    )
    concerns.intake.save_part(part, police.clock.today(), ["police", "legal", "partner"], sealed)
    with concerns.writing() as connection:
        connection.exec_driver_sql(f"UPDATE parts SET letter = '{id}'")
    other = seal_part({"kind": "photo", "type": "x"}, b"harmless", office.portal.desks_with_ids(["legal"])[0].keys)[1]
    assert put(office, "police/anita", f"letters/{id}/copies/{part}", other, "legal") == 409
    assert concerns.inbox.sealed_part(part, "legal", "legal") == sealed


def test_what_is_on_a_desks_disk_is_never_overwritten_and_a_conflict_is_shown(office: Office) -> None:
    """A taken-over server sends other bytes for a letter that the desk has."""
    office.tell(what=TOLD)
    legal = office.machine("legal")
    id = only(legal)
    before = legal.local_store.read("letters", id)
    with state_of(office.app).services.concerns.writing() as connection:
        connection.exec_driver_sql("DELETE FROM taken WHERE member = 'legal'")
        connection.exec_driver_sql("UPDATE letters SET sealed = ?", (forge_letter(office, "legal", id),))
    assert case_text(legal, id) == TOLD
    assert legal.local_store.read("letters", id) == before
    [conflict] = list(conflicts(legal.local_store))
    assert conflict.item == id
    assert any(f"Another version of {id[:8]}" in finding.sentence for finding in examine(legal))


def handed_to_partner(office: Office) -> tuple[Session, str]:
    """Hand a letter that the partner could not read over to it; return its machine and the letter's id."""
    office.with_desk("partner", reads=())
    office.tell(what=TOLD)
    office.with_desk("partner", reads=("concern",))
    anita, partner = office.machine("police/anita"), office.machine("partner")
    id = only(anita)
    anita.sharing.hand_over(id, "partner")
    return partner, id


def test_a_copy_names_its_maker_and_stands_in_the_receivers_access_log(office: Office) -> None:
    partner, id = handed_to_partner(office)
    assert case_text(partner, id) == TOLD
    first = partner.cases.case(id).first
    assert first
    assert first.copied_by == "police/anita"
    assert ("police/anita", "handed over", id) in {
        (r["member"], r["what"], r["letter"]) for r in partner.place.server().access()
    }


def test_no_copy_replaces_an_earlier_copy(office: Office) -> None:
    partner, id = handed_to_partner(office)
    assert (
        put(office, "police/babu", f"letters/{id}/copies/{id}", forge_letter(office, "partner", id), "partner") == 204
    )
    case_text(partner, id)
    [conflict] = list(conflicts(partner.local_store))
    assert conflict.item == id, "both are kept, and staff are told"
    for number in range(20):
        put(
            office,
            "police/babu",
            f"letters/{id}/copies/{id}",
            forge_letter(office, "partner", id, str(number)),
            "partner",
        )
    rows = state_of(office.app).services.concerns.inbox.copies(id, "partner", "partner")
    babus_copies = [copy for copy in rows if copy.maker == "police/babu"]
    assert len(babus_copies) <= MAX_COPIES, "and an insider cannot fill the disk with them"


def test_no_colleague_replaces_what_another_colleague_reads(office: Office) -> None:
    office.tell(what=TOLD)
    anita, babu = office.machine("police/anita"), office.machine("police/babu")
    id = only(babu)
    forged = forge_letter(office, "police", id)
    put(office, "police/babu", f"letters/{id}/copies/{id}", forged, "police/anita")
    assert case_text(anita, id) == TOLD
    assert [conflict.item for conflict in list(conflicts(anita.local_store))] == [id]
    babu.log.write(id, "note", text="a note")
    new_machine = on_new_machine(office, "police/anita")
    new_machine.sync.run()
    babu.sync.run()
    babu.key_decisions.trust("police/anita")
    babu.sharing.reseal("police/anita")
    new_machine.sync.run()
    assert new_machine.cases.case(id).letters, "a colleague with a new key still gets the case"


@pytest.mark.parametrize("road", ["letter", "part"])
def test_the_server_takes_no_copy_for_a_desk_that_was_left_out(office: Office, road: str) -> None:
    office.tell(what=TOLD, hide_from="legal")
    police, legal = office.machine("police/anita"), office.machine("legal")
    id = only(police)
    item = id if road == "letter" else new_id()
    assert put(office, "police/anita", f"letters/{id}/copies/{item}", forge_letter(office, "legal", id), "legal") in {
        404,
        409,
    }
    assert legal.sync.run().new == 0
    assert legal.cases.all() == ()
    assert put(office, "legal", f"letters/{id}/copies/{id}", forge_letter(office, "legal", id), "legal") == 404


# Ids inside letters and names of files


@pytest.mark.parametrize(
    "claimed", ["../identity", "../token", "/etc/passwd", "..", "", "A" * 32, "a" * 31, "a" * 33, None, 3]
)
def test_an_id_inside_an_entry_names_no_file(office: Office, claimed: Any) -> None:
    office.tell(what=TOLD)
    anita = office.machine("police/anita")
    id = only(anita)
    entry = anita.log.write(id, "note", text="x")
    hostile = json.loads(json.dumps({**vars(entry), "id": claimed, "after": [claimed, "../x"]}))
    body = seal({"form": "entry", "version": 1, **hostile}, office.portal.desks_with_ids(["police"])[0].keys, 24576)
    assert put(office, "police/babu", f"letters/{id}/entries/{'c' * 32}", body) == 204
    before = {
        path.relative_to(anita.place.folder)
        for path in anita.place.folder.rglob("*")
        if path.name.startswith(("identity", "token"))
    }
    anita.sync.run()
    anita.erasing.erase(id)
    after = {
        path.relative_to(anita.place.folder)
        for path in anita.place.folder.rglob("*")
        if path.name.startswith(("identity", "token"))
    }
    assert before == after != set()
    assert anita.local_store.ids("entries") == [], "and what it really was is gone with its case"


@pytest.mark.parametrize(
    "name", ["../identity", "..", "", ".", "a/b", "A" * 32, "a" * 31 + "_", "\0", "a" * 32 + "\n", "𝟎" * 32]
)
@pytest.mark.parametrize("folder", ["letters", "parts", "entries", "outbox", "..", "letters/..", "../police", "/tmp"])
def test_the_local_store_names_nothing_outside_its_folders(tmp_path: Path, folder: str, name: str) -> None:
    store = LocalStore(tmp_path / "desk")
    for attempt in (
        lambda: store.save(folder, name, b"x"), lambda: store.delete(folder, name), lambda: store.read(folder, name),
        lambda: store.has(folder, name), lambda: store.label(name, {"thread": "x", "tray": 2}), lambda: store.unlabel(name),
    ):  # fmt: skip
        with pytest.raises(Problem):
            attempt()
    assert list(tmp_path.rglob("*")) == []


# What the server says of letters

GOOD = {"id": "a" * 32, "thread": "a" * 32, "form": "concern", "day": "2027-01-01", "tray": 1, "parts": []}
ODD: list[Any] = [
    "x", [], {}, [1], 1e400, float("nan"), -1, 3, 10**40, True, None, "../x", "\ud800", "a" * 10_000, ["../x"], [None], {"a": 1},
]  # fmt: skip


@pytest.mark.parametrize("field", ["thread", "tray", "form", "parts", "maker", "id"])
def test_one_bad_row_of_the_server_stops_no_desk(office: Office, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    """Whatever the bad row contains, the good letter beside it is fetched, and earlier letters stay."""
    anita = office.machine("police/anita")
    honest_get_json = Server.get_json
    bad: list[Any] = []

    def hostile(server: Server, path: str) -> dict[str, Any]:
        data = honest_get_json(server, path)
        if path == "letters":
            data["letters"] = [*bad, *data["letters"]]
        return data

    monkeypatch.setattr(Server, "get_json", hostile)
    texts: set[str] = set()
    for number, value in enumerate(ODD):
        bad[:] = [{**GOOD, field: value}, value]
        office.tell(what=f"{TOLD} {number}")
        texts.add(f"{TOLD} {number}")
        for machine in (anita, office.machine("police/anita")):  # the second reads what the first has written
            machine.sync.run()
            assert {case.answers["what"] for case in machine.cases.all()} == texts, repr(value)[:99]


@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:20])
def test_a_desk_that_an_earlier_bad_label_broke_works_again(office: Office, value: Any) -> None:
    office.tell(what=TOLD)
    anita = office.machine("police/anita")
    id = only(anita)
    labels = anita.place.folder / "labels"
    labels.mkdir(exist_ok=True)
    for field in ("tray", "thread", "form"):
        (labels / f"{id}.json").write_text(json.dumps({"thread": id, "tray": 1, field: value}))
        assert [case.id for case in office.machine("police/anita").cases.all()] == [id]
    (labels / f"{id}.json").write_text("[" * 100_000)
    assert [case.id for case in office.machine("police/anita").cases.all()] == [id]


def test_unknown_fields_of_a_newer_server_are_passed_over() -> None:
    assert letter_row({**GOOD, "colour": "red"}) == letter_row(GOOD) is not None


# What the server sends


class Hostile(BaseHTTPRequestHandler):
    """A server that answers every request with the same body."""

    body, encoding = b"", ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.encoding:
            self.send_header("Content-Encoding", self.encoding)
        self.end_headers()
        try:
            self.wfile.write(self.body)
        except OSError:
            return  # the desk hung up

    def log_message(self, *_: Any) -> None:
        """Do not log."""


@pytest.fixture
def hostile() -> Iterator[Server]:
    with serve_in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Hostile)) as address:
        yield Server(address, "token")


@cache
def bomb() -> bytes:
    """200 MB of nothing, in gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(bytes(200 * 2**20)) + packer.flush()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_a_compressed_bomb_is_not_unpacked(hostile: Server, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    monkeypatch.setattr(Hostile, "body", bomb())
    monkeypatch.setattr(Hostile, "encoding", encoding)
    with pytest.raises(RequestRefused):
        hostile.letter("a" * 32)


def test_an_endless_letter_is_cut_off(hostile: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hostile, "body", bytes(MAX_FILE_SIZE + 1))
    with pytest.raises(RequestRefused):
        hostile.letter("a" * 32)


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"letters": 3}', b'{"letters": {"a": 1}}', b"\xff", b"", b"NaN", b'{"letters": [1, null, []]}'],
)
def test_odd_json_is_a_sentence_or_nothing(hostile: Server, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr(Hostile, "body", body)
    with suppress(Problem):
        assert hostile.waiting() == []


def test_the_hash_of_a_part_is_held_against_its_name(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server sends another picture under a part's name: it is not kept, and the letter is not acknowledged."""
    concerns = state_of(office.app).services.concerns
    keys_of_desk = office.portal.desks_with_ids(["police"])[0].keys
    part, sealed = seal_part({"kind": "photo", "type": "x"}, b"evidence", keys_of_desk)
    concerns.intake.save_part(part, office.day, ["police"], sealed)
    office.tell(what=TOLD)
    with concerns.writing() as connection:
        connection.exec_driver_sql("UPDATE parts SET letter = (SELECT id FROM letters)")
    other = seal_part({"kind": "photo", "type": "x"}, b"something harmless", keys_of_desk)[1]
    monkeypatch.setattr(Server, "part", lambda *_: other)
    anita = office.machine("police/anita")
    result = anita.sync.run()
    assert result.damaged == 1
    assert not anita.local_store.has("parts", part)
    assert [case.answers["what"] for case in anita.cases.all()] == [TOLD], "its words are read all the same"
    assert hashlib.sha256(sealed).hexdigest()[:32] == part


def test_an_entry_keeps_the_id_of_its_file(office: Office) -> None:
    office.tell(what=TOLD)
    anita = office.machine("police/anita")
    id = only(anita)
    first = anita.log.write(id, "note", text="first")
    anita.sync.run()
    copy = seal_entry(first, office.portal.desks_with_ids(["police"])[0].keys)
    assert put(office, "police/babu", f"letters/{id}/entries/{'d' * 32}", copy) == 204
    anita.sync.run()
    case = anita.cases.case(id)
    assert [entry.id for entry in case.entries] == [first.id]
    assert [entry.id for entry in case.unproven] == ["d" * 32], "and its signature is good for its own id only"


# What answers in the server's place


@pytest.mark.parametrize("status", [401, 403, 404, 405, 410, 413, 418, 451, 302])
def test_what_waits_to_be_sent_outlives_any_answer_but_the_portals_own(
    office: Office, hostile: Server, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    receipt = office.tell(what=TOLD)
    anita = office.machine("police/anita")
    id = only(anita)

    def answer(self: BaseHTTPRequestHandler) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    monkeypatch.setattr(Hostile, "do_PUT", answer, raising=False)
    monkeypatch.setattr(Hostile, "do_GET", answer)
    elsewhere = Session.unlock(replace(anita.place, address=hostile.address), None, lambda: office.day)
    elsewhere.log.answer(id, "We will come on Monday.")
    assert elsewhere.outbox.waiting == 2
    assert elsewhere.sync.run().away
    assert elsewhere.outbox.waiting == 2, "the answer and its entry in the log, once each"
    assert office.machine("police/anita").sync.run().waiting == 0
    assert "We will come on Monday." in office.answer_page(receipt)
