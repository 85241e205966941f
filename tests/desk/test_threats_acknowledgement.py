"""What a person can prove of her letters, and a desk of what she added: acknowledgements, answers in order, additions."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from forms.core.crypto import receipts
from forms.core.crypto.encryption import SIZE_CLASSES, is_sealed_for, seal
from forms.core.proofs.receipt_proofs import AnswerRecord, addition_claim, is_proven, prove, short
from forms.desk.cases import acknowledgement
from forms.desk.cases.acknowledgement import AcknowledgementRecord, doubts
from forms.desk.crypto.decryption import PartName, read_letter
from forms.desk.doctor.examination import examine
from forms.desk.services.acknowledging import Acknowledging
from forms.desk.session import Session
from forms.desk.sync.client import Server
from forms.server.store.concerns.letters import NewLetter
from forms.server.web.current import state_of
from tests.desk.conftest import Office
from tests.server.conftest import TODAY

pytestmark = pytest.mark.usefixtures("site_not_visited")


def keys_of(office: Office, receipt: str) -> receipts.Keys:
    services = state_of(office.app).services
    return receipts.derive(receipts.read(receipt), services.salt, "concern", services.cost)


def answers(office: Office, receipt: str) -> list[dict[str, Any]]:
    """Return the answers that a receipt opens, each with `right`: whether its proof is valid."""
    keys = keys_of(office, receipt)
    progress = state_of(office.app).services.concerns.receipts.progress(keys.lookup)
    decrypted = [receipts.open_answer(answer.sealed, keys) for answer in progress.answers]
    return sorted(({**one, "right": is_right(one, keys)} for one in decrypted), key=lambda one: one["at"])


def is_right(answer: dict[str, Any], keys: receipts.Keys) -> bool:
    fields = {name: answer[name] for name in AnswerRecord.__dataclass_fields__ if name in answer}
    letters = tuple((id, day) for id, day in fields.pop("letters"))
    return is_proven(
        keys.answer_key,
        AnswerRecord(**{**fields, "after": tuple(fields["after"])}, letters=letters).claim,
        answer["proof"],
    )


def doctor_complaints(session: Session) -> str:
    return "\n".join(finding.sentence for finding in examine(session) if not finding.ok)


def only(session: Session) -> str:
    [case] = session.cases.all()
    return case.id


def test_each_desk_says_by_itself_and_once_that_it_has_opened_a_letter(office: Office) -> None:
    receipt = office.tell(what="is anybody there?")
    for member in ("police/anita", "police/babu", "legal", "police/anita"):
        office.machine(member).sync.run()
    acknowledgements = answers(office, receipt)
    assert sorted(one["desk"] for one in acknowledgements) == ["legal", "police"], (
        "one of each desk, though two machines have it"
    )
    assert all(one["right"] and not one["text"] and not one["state"] for one in acknowledgements)
    [id] = {one["letter"] for one in acknowledgements}
    assert [one["letters"] for one in acknowledgements] == [[[short(id), TODAY.isoformat()]]] * 2
    done = {row["what"] for row in office.machine("police/anita").place.server().access()}
    assert "acknowledged" in done
    assert "answered" not in done, "nobody wrote"


def test_an_acknowledgement_has_one_size_and_the_page_without_a_script_shows_none(office: Office) -> None:
    receipt = office.tell(what="short")
    office.add(receipt, "x" * 4000)
    legal = office.machine("legal")
    legal.sync.run()
    progress = state_of(office.app).services.concerns.receipts.progress(keys_of(office, receipt).lookup)
    assert [is_sealed_for(one.sealed, 1, SIZE_CLASSES[:1]) for one in progress.answers] == [True]
    assert "There is no answer yet" in office.answer_page(receipt)


def test_what_was_added_is_acknowledged_too_and_what_is_held_back_is_not_named(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt, legal = office.tell(what="first"), office.machine("legal")
    legal.sync.run()
    office.add(receipt, "more")
    waiting = Server.waiting
    with monkeypatch.context() as server:
        server.setattr(Server, "waiting", lambda self, **_: [row for row in waiting(self) if row["form"] != "followup"])
        legal.sync.run()
    assert [len(one["letters"]) for one in answers(office, receipt)] == [1], "what is held back is named by no desk"
    legal.sync.run()
    assert [len(one["letters"]) for one in answers(office, receipt)] == [1, 2]


def test_a_letter_without_its_photo_is_not_acknowledged(office: Office) -> None:
    office.tell(what="a photo belongs to it")
    legal = office.machine("legal")
    legal.sync.run()
    [(thread, tray, letter)] = legal.cases.index.letters()
    photo = replace(letter, parts=(PartName("a" * 32, "photo"),))  # type: ignore[type-var]
    assert acknowledgement.opened_threads([(thread, tray, photo)], lambda _: False) == {}
    assert list(acknowledgement.opened_threads([(thread, tray, photo)], lambda _: True)) == [thread]


def test_nobody_is_told_of_letters_that_hold_no_key_or_no_receipt(office: Office) -> None:
    office.tell(what="an older letter")
    legal = office.machine("legal")
    legal.sync.run()
    [row] = legal.cases.index.letters()
    for change in ({"answer_key": ""}, {"answer_key": "x" * 64}, {"reply_to": None}):
        assert acknowledgement.opened_threads([(*row[:2], replace(row[2], **change))], lambda _: True) == {}  # type: ignore[type-var,arg-type]


SAID = AnswerRecord(
    "a" * 64, "b" * 32, "police", "2027-01-05", "10:00", "We come.", "looking", ("c" * 16,), (("b" * 16, "2027-01-01"),)
)
KEY = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "changed",
    [{"id": "d" * 64}, {"letter": "d" * 32}, {"desk": "legal"}, {"day": "2027-01-06"}, {"at": "11:00"}, {"text": "We do not come."},
     {"state": "closed"}, {"after": ()}, {"letters": ()}, {"letters": (("b" * 16, "2027-01-02"),)}],
    ids=repr,
)  # fmt: skip
def test_nothing_of_an_answer_can_be_changed(changed: dict[str, Any]) -> None:
    proof = prove(KEY, SAID.claim)
    assert is_proven(KEY, SAID.claim, proof)
    assert not is_proven(KEY, replace(SAID, **changed).claim, proof)


@pytest.mark.parametrize("forged", ["", "0" * 64, "é" * 64, prove("f" * 64, SAID.claim)])
def test_without_the_key_nothing_is_proven(forged: str) -> None:
    assert not is_proven(KEY, SAID.claim, forged)
    assert not is_proven("", SAID.claim, prove(KEY, SAID.claim))
    assert not is_proven(KEY, "", prove(KEY, ""))


def test_each_answer_of_a_desk_names_those_before_it_also_a_colleagues(office: Office) -> None:
    receipt = office.tell(what="write to me")
    anita, babu = office.machine("police/anita"), office.machine("police/babu")
    anita.sync.run()
    id = only(anita)
    anita.log.answer(id, "The first.")
    anita.log.write(id, "state", state="looking")
    babu.sync.run()
    babu.log.answer(id, "The third.")
    acknowledged, first, state, third = answers(office, receipt)
    assert all(one["right"] for one in (acknowledged, first, state, third))
    assert (acknowledged["after"], first["after"], state["after"]) == ([], [], [short(first["id"])])
    assert third["after"] == [short(first["id"]), short(state["id"])], (
        "a middle one that is dropped is named by the last"
    )


def test_a_server_that_holds_an_answer_back_is_noticed_by_what_the_person_adds(office: Office) -> None:
    receipt, legal = office.tell(what="write to me"), office.machine("legal")
    legal.sync.run()
    id = only(legal)
    legal.log.answer(id, "Come on Monday.")
    added_on = TODAY + timedelta(days=40_000)  # entries have the day of the real clock
    with state_of(office.app).services.concerns.writing() as connection:
        connection.exec_driver_sql("DELETE FROM answers")
    post_addition(office, receipt, id, added_on.isoformat(), seen=())
    legal.sync.run()
    complaints = doctor_complaints(legal)
    assert "had not got what this desk sent on" in complaints
    assert "hold it back" in complaints


def test_nothing_is_said_where_the_answers_were_shown(office: Office) -> None:
    receipt, legal = office.tell(what="write to me"), office.machine("legal")
    legal.sync.run()
    id = only(legal)
    legal.log.answer(id, "Come on Monday.")
    office.add(receipt, "I will come.")
    legal.sync.run()
    assert doubts(legal.cases.case(id)) == {}
    [_, added] = legal.cases.case(id).letters
    [answer] = [one for one in answers(office, receipt) if one["text"]]
    assert short(answer["id"]) in added.seen  # type: ignore[union-attr]


def post_addition(office: Office, receipt: str, case_id: str, day: str, **changed: Any) -> str:
    """Return a follow-up as the page's script makes it, or (changed) as a hostile server forges it."""
    id = "e" * 32
    letter = {"form": "followup", "version": 2, "id": id, "day": day, "follows": case_id, "desks": ["legal"], "parts": [],
              "answers": {"what": "added “ë”", "people": 3}, "seen": [], "sealed_by": "browser"}  # fmt: skip
    letter |= {
        name: list(value) if isinstance(value, tuple) else value for name, value in changed.items() if name != "after"
    }
    letter["receipt_proof"] = changed.get(
        "receipt_proof", prove(keys_of(office, receipt).answer_key, addition_claim(letter))
    )
    letter |= changed.get("after", {})
    sealed = seal(letter, [office.public_keys["legal"].key], 24576)
    state_of(office.app).services.concerns.intake.save(
        NewLetter(id, case_id, "followup", TODAY, None, sealed, ("legal",))
    )
    return id


@pytest.mark.parametrize(
    "change",
    [{}, {"receipt_proof": ""}, {"receipt_proof": "0" * 64}, {"after": {"answers": {"what": "All is well."}}}, {"after": {"seen": ["a" * 16]}},
     {"after": {"day": "2027-01-02"}}, {"after": {"id": "f" * 32}}, {"after": {"parts": [{"id": "a" * 32, "kind": "photo"}]}},
     {"after": {"claim": "x"}}, {"receipt_proof": ["x"]}, {"after": {"seen": {"x": 1}}}],
    ids=repr,
)  # fmt: skip
def test_an_addition_that_the_server_makes_up_is_said(office: Office, change: dict[str, Any]) -> None:
    receipt, legal = office.tell(what="only I add to this"), office.machine("legal")
    legal.sync.run()
    id = only(legal)
    post_addition(office, receipt, id, TODAY.isoformat(), **change)
    legal.sync.run()
    is_forged = bool(change) and change != {"after": {"claim": "x"}}
    again = office.machine("legal")  # from the index, where what was worked out is kept
    for session in (legal, again):
        assert len(session.cases.case(id).letters) == 2
        assert ("Not proven: perhaps somebody without the receipt" in doctor_complaints(session)) == is_forged


def test_a_first_letter_of_another_person_proves_no_addition(office: Office) -> None:
    receipt = office.tell(what="one")
    office.tell(what="two")
    legal = office.machine("legal")
    legal.sync.run()
    answer_key = keys_of(office, receipt).answer_key
    other = next(case for case in legal.cases.all() if case.first and case.first.answer_key != answer_key)
    post_addition(office, receipt, other.id, TODAY.isoformat())
    legal.sync.run()
    assert list(doubts(legal.cases.case(other.id))) == ["e" * 32]


def test_what_could_not_be_said_is_said_at_the_next_fetch(office: Office, away: Callable[[bool], None]) -> None:
    receipt, legal = office.tell(what="the line breaks"), office.machine("legal")
    with pytest.MonkeyPatch.context() as line:
        line.setattr(
            Server, "acknowledge_to_person", lambda *_: away(True) or Server.send(legal.place.server(), "GET", "x", b"")
        )
        legal.sync.run()
    away(False)
    assert answers(office, receipt) == []
    legal.sync.run()
    assert [one["desk"] for one in answers(office, receipt)] == ["legal"]


@pytest.mark.parametrize("damaged", ["", "[]", "[" * 100_000, '{"x": 3}', "null"])
def test_a_damaged_memory_stops_no_desk(tmp_path: Path, damaged: str) -> None:
    (tmp_path / acknowledgement.FILE).write_text(damaged, encoding="utf-8")
    memory = AcknowledgementRecord(tmp_path)
    letter = read_letter({"id": "a" * 32, "form": "concern", "answers": {}, "reply_to": "age1", "answer_key": KEY})
    threads = acknowledgement.opened_threads([("a" * 32, 1, letter)], lambda _: True)
    assert [one.first.id for one in memory.pending(threads)] == ["a" * 32]
    memory.record(memory.pending(threads), threads)
    assert memory.pending(threads) == []
    memory.record([], {})
    assert json.loads((tmp_path / acknowledgement.FILE).read_text()) == {}, "what is erased is forgotten"


def test_a_letter_that_rests_until_it_is_erased_is_not_acknowledged(office: Office) -> None:
    receipt, legal = office.tell(what="I take it back"), office.machine("legal")
    with pytest.MonkeyPatch.context() as line:
        line.setattr(Acknowledging, "send", lambda _: None)
        legal.sync.run()
        office.answer_page(receipt, do="delete-now")
    legal.sync.run()
    assert list(legal.cases.awaiting_erasure()) != []
    assert "answered" not in {row["what"] for row in legal.place.server().access()}
