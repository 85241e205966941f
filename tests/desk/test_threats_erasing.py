"""Erasing another's letter: a notice without the receipt's secret erases nothing, whoever wrote and labelled it."""

import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from forms.core.crypto import encryption, receipts
from forms.core.portal import DEFAULT_ERASED_DAYS, MAX_ERASED_DAYS
from forms.core.problem import Problem
from forms.desk.cases.erasure import is_proof
from forms.desk.session import Session
from forms.desk.sync.client import Server
from forms.desk.sync.responses import NotThere
from forms.server.store.concerns.letters import NewLetter
from forms.server.web.current import state_of
from tests.desk.conftest import Office
from tests.server.conftest import CHEAP, TODAY

pytestmark = pytest.mark.usefixtures("site_not_visited")

WORDS = "They keep my brother at the kiln."


def keys_of(office: Office, receipt: str) -> receipts.Keys:
    salt = (office.home / "server" / "salt").read_bytes()
    return receipts.derive(receipts.read(receipt), salt, "concern", CHEAP)


def notice(office: Office, thread: str, proof: str | None, desk: str = "police", **more: Any) -> None:
    """Store a forged notice of erasure, which anybody can encrypt to a desk's public keys."""
    id, keys = secrets.token_hex(16), [key for one in office.portal.desks_with_ids([desk]) for key in one.keys]
    fields = {"form": "deletion", "id": id, "day": TODAY.isoformat(), "follows": thread, "answers": {}, "proof": proof}
    save_letter(office, id, {**fields, **more}, keys, desk)


def save_letter(
    office: Office, id: str, fields: dict[str, Any], keys: list[str], desk: str, form: str = "deletion"
) -> None:
    sealed = encryption.seal(fields, keys, 24576)
    state_of(office.app).services.concerns.intake.save(NewLetter(id, id, form, TODAY, None, sealed, (desk,)))


def fetched_letter(office: Office, words: str = WORDS, desk: str = "police/anita") -> tuple[Session, str, str]:
    """Send a letter and fetch it at a desk; return the session, the letter's id and its receipt."""
    receipt = office.tell(what=words)
    session = office.machine(desk)
    session.sync.run()
    return session, next(case.id for case in session.cases.all() if case.first_words == words), receipt


def pass_days(office: Office, days: int, *sessions: Session) -> None:
    """Let days pass; each desk fetches at least every week."""
    for step in [7] * (days // 7) + [days % 7]:
        office.day += timedelta(days=step)
        for session in sessions:
            session.sync.run()


def files(session: Session) -> list[str]:
    folders = ("letters", "parts", "entries", "labels", "outbox", "erasure")
    return [path.name for name in folders for path in (session.place.folder / name).glob("*")]


# What is right


def test_a_proven_case_rests_hidden_for_days_and_then_goes_for_good(office: Office) -> None:
    session, id, receipt = fetched_letter(office)
    session.log.write(id, "note", text="x")
    office.add(receipt, "something more")
    session.sync.run()
    office.answer_page(receipt, do="delete-now")
    synced = session.sync.run()
    assert (synced.new, synced.erasures_requested, synced.erased) == (0, 1, 0)
    assert session.cases.all() == ()
    assert session.cases.awaiting_erasure() == {id: TODAY + timedelta(days=DEFAULT_ERASED_DAYS)}
    assert session.local_store.has("letters", id), "it rests, sealed"
    with pytest.raises(Problem, match=f"goes for good on {TODAY + timedelta(days=DEFAULT_ERASED_DAYS)}"):
        session.cases.case(id)
    pass_days(office, DEFAULT_ERASED_DAYS - 1, session)
    assert session.local_store.has("letters", id)
    pass_days(office, 1, session)
    assert session.cases.all() == ()
    assert session.cases.awaiting_erasure() == {}
    assert files(session) == []


def test_a_letter_locked_on_the_phone_is_erased_by_what_the_phone_derives(office: Office) -> None:
    """The way of a browser with JavaScript: the letter holds the hash, and the request for erasure sends the secret."""
    keys = keys_of(office, receipts.with_check_digit(1234567890123456789))
    id, desks = secrets.token_hex(16), office.portal.desks_with_ids(["police", "legal"])
    letter = {"form": "concern", "id": id, "answers": {"what": WORDS}, "erase_hash": keys.erase_hash, "follows": None}
    sealed = encryption.seal(letter, [key for desk in desks for key in desk.keys], 24576)
    store = state_of(office.app).services.concerns
    store.intake.save(NewLetter(id, id, "concern", TODAY, keys.lookup, sealed, ("legal", "police")))
    session = office.machine("police/anita")
    session.sync.run()
    query = {"lookup": keys.lookup.hex(), "proof": keys.erase.hex()}
    assert office.app.test_client().post("/forms/sealed/v1/erasures", json=query).status_code == 200
    assert session.sync.run().erasures_requested == 1


def test_two_machines_and_a_desk_to_which_it_was_handed_over_all_check_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handed over to a desk that had it, as a program did before that was refused."""
    monkeypatch.setattr("forms.desk.cases.handover.has_complete_case", lambda *_: False)
    receipt = office.tell(what=WORDS, hide_from="partner")
    anita, babu, legal = (office.machine(name) for name in ("police/anita", "police/babu", "legal"))
    for session in (anita, babu):
        session.sync.run()
    [case] = anita.cases.all()
    anita.sharing.hand_over(case.id, "legal")
    legal.sync.run()
    office.answer_page(receipt, do="delete-now")
    assert [session.sync.run().erasures_requested for session in (anita, babu, legal)] == [1, 1, 1]
    pass_days(office, DEFAULT_ERASED_DAYS, anita, babu, legal)
    assert [files(session) for session in (anita, babu, legal)] == [[], [], []]


def test_the_days_are_the_districts_own_and_have_bounds(office: Office) -> None:
    session, id, receipt = fetched_letter(office)
    office.answer_page(receipt, do="delete-now")
    session.sync.run()
    path = session.place.folder / "portal.json"
    for days, stays in ((2, 2), (0, 1), (-5, 1), (10**6, MAX_ERASED_DAYS)):
        data = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps({**data, "keep": {**data["keep"], "erased_days": days}}), "utf-8")
        session = office.machine("police/anita")
        assert session.cases.awaiting_erasure() == {id: TODAY + timedelta(days=stays)}


def test_a_clock_that_jumps_erases_nothing_early(office: Office) -> None:
    session, id, receipt = fetched_letter(office)
    office.answer_page(receipt, do="delete-now")
    session.sync.run()
    office.day = date(2090, 1, 1)
    office.machine("police/anita").sync.run()
    assert session.local_store.has("letters", id)


def test_nothing_is_handed_over_or_answered_while_it_rests(office: Office) -> None:
    session, id, receipt = fetched_letter(office)
    office.answer_page(receipt, do="delete-now")
    session.sync.run()
    for attempt in (
        lambda: session.sharing.hand_over(id, "legal"),
        lambda: session.log.answer(id, "late"),
        lambda: session.log.write(id, "note", text="late"),
    ):
        with pytest.raises(Problem, match="goes for good"):
            attempt()


def test_a_notice_that_comes_before_its_letter_is_not_lost(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server chooses the order of delivery."""
    receipt, session = office.tell(what=WORDS), office.machine("police/anita")
    [row] = session.place.server().waiting()
    notice(office, row["id"], keys_of(office, receipt).erase.hex())
    with monkeypatch.context() as hostile:
        waiting = Server.waiting
        hostile.setattr(Server, "waiting", lambda server: [one for one in waiting(server) if one["id"] != row["id"]])
        assert session.sync.run().erasures_requested == 0
    assert session.sync.run().erasures_requested == 1
    assert session.cases.all() == ()


# What is wrong


@pytest.fixture
def victim(office: Office) -> Iterator[tuple[Office, Session, str]]:
    """A case of another person, which must be unchanged after the test."""
    session, id, _ = fetched_letter(office, "the victim's words")
    session.log.write(id, "note", text="our work on it")
    before = {name: (session.place.folder / name / f"{id}.age").read_bytes() for name in ("letters",)}
    yield office, session, id
    session.sync.run()
    pass_days(office, MAX_ERASED_DAYS + 3, session)
    case = session.cases.case(id)
    assert case.first_words == "the victim's words"
    assert [entry.kind for entry in case.entries if entry.kind != "merge"] == ["note"]
    assert {name: (session.place.folder / name / f"{id}.age").read_bytes() for name in before} == before


Victim = tuple[Office, Session, str]
PROOFS = [None, "", "0" * 64, "x", "FF" * 32, [], {}, 7, "0" * 63 + "\n"]


@pytest.mark.parametrize("proof", PROOFS, ids=repr)
def test_a_notice_without_proof_changes_nothing_and_is_shown(victim: Victim, proof: Any) -> None:
    office, session, id = victim
    notice(office, id, proof)
    synced = session.sync.run()
    assert (synced.new, synced.erasures_requested, synced.erased) == (0, 0, 0)
    assert session.cases.unproven_request(id)
    assert session.cases.awaiting_erasure() == {}


def test_the_proof_of_one_letter_erases_no_other(victim: Victim) -> None:
    office, session, id = victim
    own = office.tell(what="the attacker's own")
    notice(office, id, keys_of(office, own).erase.hex())
    session.sync.run()
    assert session.cases.unproven_request(id)


def test_a_true_notice_of_one_letter_that_is_copied_for_another_erases_nothing(victim: Victim) -> None:
    """What another desk or the server can do with a notice that it has read."""
    office, session, id = victim
    own = office.tell(what="the attacker's own")
    legal = office.machine("legal")
    session.sync.run()
    legal.sync.run()
    office.answer_page(own, do="delete-now")
    proof = keys_of(office, own).erase.hex()
    for form in ("deletion", "concern", "followup"):
        notice(office, id, proof, form=form)
    session.sync.run()
    assert session.cases.case(id).first_words == "the victim's words"


@pytest.mark.parametrize("secret", ["look-up value", "reply key", "hash in the letter"])
def test_nothing_that_others_know_of_a_receipt_is_the_proof(office: Office, secret: str) -> None:
    session, id, receipt = fetched_letter(office)
    keys = keys_of(office, receipt)
    secrets_of_letter = {
        "look-up value": keys.lookup.hex(),
        "reply key": hashlib.sha256(keys.recipient.encode()).hexdigest(),
        "hash in the letter": keys.erase_hash,
    }
    notice(office, id, secrets_of_letter[secret])
    assert session.sync.run().erasures_requested == 0
    assert session.cases.case(id)


def test_a_letter_that_the_server_calls_a_notice_stays_a_letter(victim: Victim) -> None:
    _, session, id = victim
    labels = session.place.folder / "labels"
    labels.mkdir(exist_ok=True)
    (labels / f"{id}.json").write_text(json.dumps({"thread": id, "tray": 1, "form": "deletion"}))
    session.sync.run()
    assert session.cases.case(id).first_words == "the victim's words"


def test_a_letter_that_the_server_puts_into_a_case_that_is_erased_stays(victim: Victim) -> None:
    """The server has a letter and receipt of its own, says that the victim's belongs to it, and erases both."""
    office, session, id = victim
    _, own, receipt = fetched_letter(office, "the attacker's own")
    labels = session.place.folder / "labels"
    labels.mkdir(exist_ok=True)
    (labels / f"{id}.json").write_text(json.dumps({"thread": own, "tray": 1, "form": "concern"}))
    office.answer_page(receipt, do="delete-now")
    session.sync.run()
    assert session.cases.case(id).first_words == "the victim's words"
    pass_days(office, DEFAULT_ERASED_DAYS, session)
    assert not session.local_store.has("letters", own)


def test_a_letter_that_takes_anothers_id_is_not_erased_in_its_place(victim: Victim) -> None:
    """The attacker's letter says inside that it is the victim's, with a hash of the attacker's own."""
    office, session, id = victim
    secret, other = secrets.token_bytes(32), secrets.token_hex(16)
    keys = [key for one in office.portal.desks_with_ids(["police"]) for key in one.keys]
    letter = {"form": "concern", "id": id, "answers": {"what": "x"}, "erase_hash": hashlib.sha256(secret).hexdigest()}
    save_letter(office, other, letter, keys, "police", "concern")
    session.sync.run()
    notice(office, id, secret.hex())
    notice(office, other, secret.hex())
    session.sync.run()
    assert session.cases.awaiting_erasure() == {}


def test_something_added_with_another_hash_proves_nothing(victim: Victim) -> None:
    office, session, id = victim
    secret, other = secrets.token_bytes(32), secrets.token_hex(16)
    keys = [key for one in office.portal.desks_with_ids(["police"]) for key in one.keys]
    added = {
        "form": "followup", "id": other, "follows": id, "answers": {"what": "x"},
        "erase_hash": hashlib.sha256(secret).hexdigest(),
    }  # fmt: skip
    sealed = encryption.seal(added, keys, 24576)
    state_of(office.app).services.concerns.intake.save(
        NewLetter(other, id, "followup", TODAY, None, sealed, ("police",))
    )
    session.sync.run()
    assert len(session.cases.case(id).letters) == 2
    notice(office, id, secret.hex())
    session.sync.run()
    assert session.cases.awaiting_erasure() == {}


def test_a_letter_that_is_here_is_not_dropped_when_the_server_lists_it_anew(
    victim: Victim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server lists the letter again and then says that it does not exist."""
    _, session, id = victim
    row = {"id": id, "thread": id, "tray": 1, "form": "concern", "maker": "", "parts": [], "copies": []}
    acknowledge = Server.acknowledge

    def raise_not_there(server: Server, letter_id: str) -> None:
        if letter_id == id:
            raise NotThere(id, "has no such letter.", "It is erased.")
        acknowledge(server, letter_id)

    with monkeypatch.context() as hostile:
        hostile.setattr(Server, "waiting", lambda _: [row])
        hostile.setattr(Server, "letter", lambda *_: (session.place.folder / "letters" / f"{id}.age").read_bytes())
        hostile.setattr(Server, "acknowledge", raise_not_there)
        session.sync.run()
    assert session.cases.case(id).first_words == "the victim's words"


def test_parts_of_other_letters_stay(office: Office) -> None:
    session, id, receipt = fetched_letter(office)
    part = secrets.token_hex(16)
    session.local_store.save(
        "parts", part, encryption.seal_file(b"x", [str(session.own_keys.identities[0].to_public())])
    )
    office.answer_page(receipt, do="delete-now")
    session.sync.run()
    pass_days(office, DEFAULT_ERASED_DAYS, session)
    assert not session.local_store.has("letters", id)
    assert session.local_store.has("parts", part)


def test_a_case_put_together_with_an_erased_one_stands_by_itself_again(victim: Victim) -> None:
    office, session, id = victim
    _, own, receipt = fetched_letter(office, "the attacker's own")
    session.log.merge(id, own)
    assert session.cases.case(id).merged_into == own
    office.answer_page(receipt, do="delete-now")
    session.sync.run()
    assert session.cases.case(id).merged_into == ""
    pass_days(office, DEFAULT_ERASED_DAYS, session)
    case = session.cases.case(id)
    assert (case.merged_into, case.first_words) == ("", "the victim's words")


@pytest.mark.parametrize("follows", ["../identity", "../../legal/identity", "", None, 5, "A" * 32, "a" * 31])
def test_a_notice_names_letters_and_no_other_file(office: Office, follows: Any) -> None:
    session, _, _ = fetched_letter(office)
    before = sorted(str(path) for path in session.place.folder.rglob("*") if path.is_file() and path.suffix != ".json")
    notice(office, follows, "0" * 64)
    session.sync.run()
    after = sorted(str(path) for path in session.place.folder.rglob("*") if path.is_file() and path.suffix != ".json")
    assert after == before
    assert session.own_keys.identities


# Letters of before


def test_an_older_letter_is_left_to_the_staff(office: Office) -> None:
    """The letter holds no hash: no request can be proven, so staff decide."""
    keys = [key for desk in office.portal.desks_with_ids(["police"]) for key in desk.keys]
    id = secrets.token_hex(16)
    save_letter(office, id, {"form": "concern", "id": id, "answers": {"what": WORDS}}, keys, "police", "concern")
    session = office.machine("police/anita")
    session.sync.run()
    notice(office, id, None)
    session.sync.run()
    assert session.cases.case(id).first_words == WORDS
    assert session.cases.unproven_request(id)
    session.erasing.dismiss_request(id)
    assert session.cases.unproven_request(id) is None
    notice(office, id, "1" * 64)
    session.sync.run()
    session.erasing.erase(id)
    assert session.cases.all() == ()
    assert files(session) == []


def test_is_proof_takes_nothing_but_the_secret() -> None:
    secret = secrets.token_bytes(32)
    assert is_proof(secret.hex(), hashlib.sha256(secret).hexdigest())
    assert not is_proof(secret.hex(), "")
    assert not is_proof("", hashlib.sha256(b"").hexdigest())
    assert not is_proof(secret.hex()[:-2], hashlib.sha256(secret[:-1]).hexdigest())
    assert not is_proof(secret.hex().upper() + "A", hashlib.sha256(secret).hexdigest())


def test_the_server_keeps_no_proof_in_clear(office: Office) -> None:
    _, _, receipt = fetched_letter(office)
    proof = keys_of(office, receipt).erase
    office.answer_page(receipt, do="delete-now")
    stored_bytes = b"".join(path.read_bytes() for path in (office.home / "server").rglob("*") if path.is_file())
    assert proof not in stored_bytes
    assert proof.hex().encode() not in stored_bytes


def test_staff_see_who_asked_and_what_was_not_proven(office: Office, tmp_path: Path) -> None:
    session, id, _ = fetched_letter(office, "kept")
    _, going, receipt = fetched_letter(office, "going")
    office.answer_page(receipt, do="delete-now")
    notice(office, id, None)
    session.sync.run()
    from click.testing import CliRunner  # noqa: PLC0415 - the command line is only asked here

    from forms.desk.cli.main import desk  # noqa: PLC0415

    result = CliRunner().invoke(
        desk, ["--home", str(office.home), "--server", office.address, "--desk", "police/anita", "list"]
    )
    assert f"{going}: asked to be erased, goes on" in result.output
    assert f"{id}: somebody asked for erasing; not proven" in result.output


def test_a_notice_to_a_key_of_another_desk_is_left_alone(office: Office) -> None:
    session, id, _ = fetched_letter(office)
    stranger = str(pyrage.x25519.Identity.generate().to_public())
    notice_id = secrets.token_hex(16)
    save_letter(
        office, notice_id, {"form": "deletion", "id": notice_id, "follows": id, "answers": {}}, [stranger], "police"
    )
    session.sync.run()
    assert session.cases.case(id)
