"""Two machines of the police desk and one of the legal desk against a real server."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyrage
import pytest
from click.testing import CliRunner

from forms.core.portal import Member
from forms.core.problem import Problem
from forms.desk.cases import plain_text
from forms.desk.cli.main import desk
from forms.desk.crypto import keys
from forms.desk.doctor.colleague_keys import record_colleague_keys
from forms.desk.doctor.examination import examine
from forms.desk.session import Session
from tests.desk.conftest import TODAY, Office
from tests.desk.event_helpers import has_come

pytestmark = pytest.mark.usefixtures("site_not_visited")

WORDS = "marked-words-துயரம்"


def only(session: Session) -> str:
    session.sync.run()
    [case] = session.cases.all()
    return case.id


def test_both_machines_of_a_desk_come_to_hold_the_same_case(office: Office) -> None:
    office.tell(what=WORDS)
    anita, babu = office.machine("police/anita"), office.machine("police/babu")
    id = only(anita)
    assert only(babu) == id
    anita.log.write(id, "note", text="spoke with the revenue office")
    babu.log.write(id, "assign", member="police/babu")
    anita.sync.run()
    babu.sync.run()
    assert anita.cases.case(id) == babu.cases.case(id)
    assert anita.cases.case(id).assigned.value == "police/babu"
    assert anita.keys.member == "police/anita"
    assert office.machine("legal").sync.run().new == 1, "the letter, and none of the police's notes"


def test_what_two_machines_wrote_at_once_is_shown_on_both_and_settled_once(office: Office) -> None:
    office.tell(what=WORDS)
    anita, babu = office.machine("police/anita"), office.machine("police/babu")
    id = only(anita)
    only(babu)
    anita.log.write(id, "state", state="looking")
    babu.log.write(id, "state", state="closed", outcome="nobody there")
    for machine in (anita, babu):
        machine.sync.run()
        assert {entry.member for entry in machine.cases.case(id).state.rivals} == {"police/anita", "police/babu"}
    anita.log.write(id, "state", state="looking")
    babu.sync.run()
    assert (babu.cases.case(id).state.value, babu.cases.case(id).conflicts) == ("looking", ())


def test_a_page_that_is_older_than_the_log_writes_a_conflict_and_loses_nothing(office: Office) -> None:
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    anita.log.write(id, "state", state="closed")
    anita.log.write(id, "state", after=(), state="looking")
    assert len(anita.cases.case(id).state.rivals) == 2


def test_while_the_server_is_away_work_goes_on_and_is_brought_later(
    office: Office, away: Callable[[bool], None]
) -> None:
    receipt = office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    away(True)
    anita.log.write(id, "note", text="x")
    anita.log.answer(id, "We come tomorrow.", "looking")
    synced = anita.sync.run()
    assert "cannot be reached" in synced.away
    assert synced.waiting == 4, "note, answer, its record, the state"
    again = office.machine("police/anita")
    assert again.cases.case(id).state.value == "looking", "a machine switched off and on has lost nothing"
    assert "We come tomorrow." not in office.answer_page(receipt)
    away(False)
    assert again.sync.run().sent == 4
    page = office.answer_page(receipt)
    assert "We come tomorrow." in page
    assert page.count('class="done"') == 3


def test_the_person_sees_received_read_looking_and_closed(office: Office) -> None:
    receipt = office.tell(what=WORDS)
    steps = [office.answer_page(receipt).count('class="done"')]
    anita, babu = office.machine("police/anita"), office.machine("police/babu")
    id = only(anita)
    steps.append(office.answer_page(receipt).count('class="done"'))
    for state in ("looking", "closed"):
        anita.log.write(id, "state", state=state)
        steps.append(office.answer_page(receipt).count('class="done"'))
    assert steps == [1, 2, 3, 4]
    assert babu.sync.run().new == 3


def test_two_answers_at_once_are_both_read(office: Office) -> None:
    receipt = office.tell(what=WORDS)
    for member, text in (("police/anita", "First answer."), ("police/babu", "Second answer.")):
        machine = office.machine(member)
        machine.log.answer(only(machine), text)
    page = office.answer_page(receipt)
    assert "First answer." in page
    assert "Second answer." in page


def test_what_a_person_adds_comes_to_the_same_case(office: Office) -> None:
    receipt = office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    office.add(receipt, "one thing more")
    anita.sync.run()
    assert [letter.answers["what"] for letter in anita.cases.case(id).letters] == [WORDS, "one thing more"]  # type: ignore[union-attr]


def test_what_a_person_adds_after_it_was_closed_is_work_again(office: Office) -> None:
    receipt = office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    anita.log.write(id, "state", state="closed")
    assert anita.cases.case(id).is_over
    office.add(receipt, "they came back")
    anita.sync.run()
    case = anita.cases.case(id)
    assert (case.state.value, case.added_since_closed, case.is_over) == ("closed", True, False)
    assert "+" in plain_text.case_line(1, case, TODAY)
    anita.log.answer(id, "We come again.", "closed")
    assert anita.cases.case(id).is_over
    has_come(anita.place.folder, office.day + timedelta(days=2000))
    anita.clock.today = lambda: office.day + timedelta(days=2000)
    assert [old.id for old in anita.erasing.old_cases()] == [id]


# Who may see it


def test_a_desk_that_was_left_out_cannot_learn_that_the_letter_exists(office: Office) -> None:
    receipt = office.tell(what=WORDS, hide_from="partner")
    anita, partner = office.machine("police/anita"), office.machine("partner")
    id = only(anita)
    office.add(receipt, "more")
    anita.sync.run()
    anita.log.write(id, "note", text="x")
    assert partner.sync.run().new == 0
    assert partner.cases.all() == ()
    assert partner.place.server().access() == []
    with pytest.raises(Problem, match="the person said so"):
        anita.sharing.hand_over(id, "partner")
    assert partner.sync.run().new == 0


def test_a_case_is_handed_over_whole(office: Office) -> None:
    office.with_desk("partner", reads=())
    receipt = office.tell(what=WORDS)
    office.add(receipt, "one thing more")
    office.with_desk("partner", reads=("concern",))
    anita, partner = office.machine("police/anita"), office.machine("partner")
    id = only(anita)
    assert partner.sync.run().new == 0
    anita.sharing.hand_over(id, "partner")
    assert partner.sync.run().new == 2
    assert [letter.answers["what"] for letter in partner.cases.case(id).letters] == [WORDS, "one thing more"]  # type: ignore[union-attr]
    partner.log.answer(id, "From the partner.")
    assert "From the partner." in office.answer_page(receipt)
    assert [entry.kind for entry in partner.cases.case(id).entries] == ["answer"], "the police's own notes stay theirs"


@pytest.mark.parametrize(
    ("desk", "sentence"), [("events", "does not read such letters"), ("nobody", "Choose one of: police")]
)
def test_a_case_goes_to_no_desk_that_does_not_read_it(office: Office, desk: str, sentence: str) -> None:
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    with pytest.raises(Problem, match=sentence):
        anita.sharing.hand_over(only(anita), desk)


def test_what_staff_did_is_in_the_audit_log_without_contents(office: Office) -> None:
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    anita.log.write(id, "note", text="marked-note")
    log = anita.place.server().access()
    assert {(row["member"], row["what"], row["letter"]) for row in log} == {
        ("police/anita", "fetched", id), ("police/anita", "acknowledged", id), ("police/anita", "wrote", id)
    }  # fmt: skip
    assert "marked" not in json.dumps(log)


def test_nothing_opened_stands_on_any_disk(office: Office, quick_passphrase: None) -> None:
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    anita.log.write(only(anita), "note", text="marked-note")
    anita.log.answer(only(anita), "marked-answer")
    anita.sharing.export(only(anita), "a long enough passphrase")
    assert WORDS.encode() not in office.encrypted_files()
    assert b"marked" not in office.encrypted_files()


# Keys


def on_new_machine(office: Office, member: str) -> Session:
    """Return the same member's session on a new machine with new keys."""
    (office.home / member).rename(office.home / "lost")
    public = keys.make(office.home / member, None)
    members = tuple(Member(one.id, public.key, public.pickup) if one.id == member else one
                   for one in office.portal.desks_with_ids(["police"])[0].members)  # fmt: skip
    office.with_desk("police", members=members)
    return office.machine(member)


def test_a_lost_laptop_is_shut_out_and_its_owner_gets_all_open_cases_on_a_new_one(office: Office) -> None:
    office.tell(what=WORDS)
    anita, babu = office.machine("police/anita"), office.machine("police/babu")
    id = only(babu)
    only(anita)
    babu.log.write(id, "note", text="remember")
    record_colleague_keys(babu)
    new_machine = on_new_machine(office, "police/anita")
    with pytest.raises(Problem, match="does not know this desk's token"):
        Session.unlock(replace(anita.place, folder=office.home / "lost"), None).place.server().waiting()
    assert new_machine.sync.run().new == 1, "the note is listed, and does not open yet"
    assert new_machine.cases.unreadable()
    babu.sync.run()
    assert any("police/anita has a new key" in each.sentence for each in examine(babu))
    with pytest.raises(Problem, match="police/anita: the key is another one"):
        babu.sharing.reseal("police/anita")
    babu.key_decisions.trust("police/anita")
    assert babu.sharing.reseal("police/anita") == 1
    record_colleague_keys(babu, "police/anita")
    new_machine.sync.run()
    assert new_machine.cases.case(id).answers["what"] == WORDS
    assert [entry.value["text"] for entry in new_machine.cases.case(id).entries] == ["remember"]
    assert not any("has a new key" in each.sentence for each in examine(babu))


def test_after_a_change_of_keys_old_and_new_letters_open(office: Office) -> None:
    office.tell(what="before")
    only(office.machine("police/anita"))
    public = keys.rotate(office.home / "police/anita", None)
    office.tell(what="between: the new lines are not in the portal yet")
    changed = office.machine("police/anita")
    assert changed.sync.run().new == 1
    assert any("an older key" in each.sentence for each in examine(changed))
    babu = office.portal.desks_with_ids(["police"])[0].members[1]
    office.with_desk("police", members=(Member("police/anita", public.key, public.pickup), babu))
    office.tell(what="after")
    changed.sync.run()
    assert {case.answers["what"][:6] for case in changed.cases.all()} == {"before", "betwee", "after"}
    assert keys.forget_old_keys(office.home / "police/anita", None) == 1
    assert len(office.machine("police/anita").cases.unreadable()) == 2, "said, not hidden: the old key is gone"


def test_a_printed_recovery_key_opens_everything_on_a_new_machine(office: Office, quick_passphrase: None) -> None:
    secret, public = keys.new_recovery_key()
    office.with_desk("legal", recovery=public)
    office.tell(what=WORDS)
    public_keys = keys.restore(
        office.home / "new-legal",
        " ".join(secret[at : at + 8] for at in range(0, len(secret), 8)),
        "twelve letters or more",
    )
    office.with_desk("legal", members=(Member("legal", public_keys.key, public_keys.pickup),))
    place = replace(office.machine("legal").place, folder=office.home / "new-legal")
    restored = Session.unlock(place, "twelve letters or more", lambda: office.day)
    assert restored.cases.case(only(restored)).answers["what"] == WORDS
    with pytest.raises(Problem, match="is not whole"):
        keys.restore(office.home / "x", secret[:-1], "twelve letters or more")


def test_the_passphrase_is_changed_and_the_old_one_opens_no_more(office: Office, quick_passphrase: None) -> None:
    folder = office.home / "legal"
    keys.change_passphrase(folder, "", "the first passphrase")
    keys.change_passphrase(folder, "the first passphrase", "the second passphrase")
    place = office.machine("police/anita").place
    with pytest.raises(Problem, match="does not open this key"):
        Session.unlock(replace(place, name="legal", folder=folder), "the first passphrase")
    assert Session.unlock(replace(place, name="legal", folder=folder), "the second passphrase").sync.run().away == ""


# Letting go


def test_a_case_is_erased_here_and_there(office: Office) -> None:
    receipt = office.tell(what=WORDS)
    office.add(receipt, "more")
    anita = office.machine("police/anita")
    id = only(anita)
    anita.log.write(id, "note", text="x")
    anita.erasing.erase(id)
    assert anita.cases.all() == ()
    assert [
        path.name
        for name in ("letters", "entries", "parts", "labels")
        for path in (anita.place.folder / name).glob("*")
    ] == []
    assert anita.sync.run().new == 0
    assert office.machine("legal").sync.run().new == 2, "another desk's share stays"


def test_when_the_person_asks_it_is_erased_at_every_desk_that_has_it(office: Office) -> None:
    receipt = office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    anita.log.write(id, "note", text="x")
    office.answer_page(receipt, do="delete-now")
    synced = anita.sync.run()
    assert (synced.new, synced.erasures_requested) == (0, 1), "that a case goes is nothing new to read"
    assert anita.cases.all() == ()
    office.day += timedelta(days=7)
    assert anita.sync.run().erased == 1
    assert list((anita.place.folder / "letters").glob("*")) == []
    with pytest.raises(Problem, match="There is no such case"):
        anita.cases.case(id)


def test_a_desk_that_has_it_and_gets_it_handed_over_again_is_asked_to_erase_it_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an older program did, which still handed a case over to a desk that has it."""
    monkeypatch.setattr("forms.desk.cases.handover.has_complete_case", lambda *_: False)
    receipt = office.tell(what=WORDS)
    anita, legal = office.machine("police/anita"), office.machine("legal")
    id = only(legal)
    only(anita)
    anita.sharing.hand_over(id, "legal")
    office.answer_page(receipt, do="delete-now")
    legal.sync.run()
    assert legal.cases.all() == ()


def test_closed_cases_grow_old(office: Office) -> None:
    office.tell(what="closed")
    office.tell(what="open")
    anita = office.machine("police/anita")
    anita.sync.run()
    for case in anita.cases.all():
        anita.log.write(case.id, "state", state="closed" if case.answers["what"] == "closed" else "looking")
    assert anita.erasing.old_cases() == ()
    anita.clock.today = lambda: office.day + timedelta(days=2000)
    assert anita.erasing.old_cases() == (), "its clock has jumped"
    has_come(anita.place.folder, office.day + timedelta(days=2000))
    assert [case.answers["what"] for case in anita.erasing.old_cases()] == ["closed"]


def test_an_export_opens_with_any_age_tool_and_every_hash_is_right(office: Office) -> None:
    import hashlib  # noqa: PLC0415 - one test only

    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    court = pyrage.x25519.Identity.generate()
    for plain in (
        pyrage.decrypt(anita.sharing.export(id, str(court.to_public())), [court]),
        pyrage.passphrase.decrypt(anita.sharing.export(id, "a long enough passphrase"), "a long enough passphrase"),
    ):
        bundle = zipfile.ZipFile(io.BytesIO(plain))
        sums = dict(reversed(line.split("  ")) for line in bundle.read("SHA256SUMS").decode().splitlines())
        assert set(sums) == set(bundle.namelist()) - {"SHA256SUMS"}
        assert all(hashlib.sha256(bundle.read(name)).hexdigest() == sums[name] for name in sums)
        assert json.loads(bundle.read(f"letters/{id}.json"))["answers"]["what"] == WORDS
    with pytest.raises(Problem, match="no passphrase that is long enough"):
        anita.sharing.export(id, "short")


# Faults


def damage(session: Session, change: Callable[[bytes], bytes]) -> None:
    [path] = (session.place.folder / "letters").glob("*.age")
    path.write_bytes(change(path.read_bytes()))
    (session.place.folder / "index.age").unlink()


@pytest.mark.parametrize(
    "change", [lambda b: b[:-100], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b[:0], lambda b: b[:1]]
)
def test_a_cut_or_changed_letter_is_said_and_its_case_stays(office: Office, change: Callable[[bytes], bytes]) -> None:
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    anita.log.write(id, "note", text="still here")
    damage(anita, change)
    again = office.machine("police/anita")
    assert "do not open it" in str(again.cases.case(id).letters[0])
    assert [entry.value["text"] for entry in again.cases.case(id).entries] == ["still here"]
    assert any("do not open" in each.sentence for each in examine(again) if not each.ok)
    with pytest.raises(Problem, match="Ask another machine"):
        again.log.answer(id, "x")


def test_a_damaged_index_is_made_anew(office: Office) -> None:
    office.tell(what=WORDS)
    id = only(office.machine("police/anita"))
    (office.home / "police/anita" / "index.age").write_bytes(b"age-encryption.org/v1\ncut")
    assert office.machine("police/anita").cases.case(id).answers["what"] == WORDS


def test_a_full_disk_writes_nothing_half(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(Problem, match="No space left"):
        anita.log.write(id, "note", text="x")
    assert anita.cases.case(id).entries == ()
    assert anita.local_store.ids("outbox") == []


def test_what_the_server_refuses_stops_nothing_and_is_told_by_the_doctor(office: Office) -> None:
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    anita.outbox.post("PUT", f"letters/{id}/entries/{'0' * 32}", b"this is not sealed")
    anita.log.write(id, "note", text="x")
    assert anita.sync.run().waiting == 0
    assert any("refused 1 sealed things" in each.sentence for each in examine(anita))


def test_a_letter_erased_between_list_and_fetch_stops_nothing(office: Office, monkeypatch: Any) -> None:
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    row = {"id": "f" * 32, "thread": "f" * 32, "form": "concern", "day": "2027-01-01", "tray": 1, "parts": [],
           "copies": False}  # fmt: skip
    honest_waiting = type(anita.place.server()).waiting
    monkeypatch.setattr(type(anita.place.server()), "waiting", lambda self: [row, *honest_waiting(self)])
    assert anita.sync.run().new == 1


def test_a_locked_desk_shows_nothing(office: Office) -> None:
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    only(anita)
    anita.lock()
    with pytest.raises(Problem, match="is locked"):
        anita.cases.all()


def test_a_desk_that_is_well_says_so(office: Office, quick_passphrase: None) -> None:
    anita = office.machine("police/anita")
    keys.change_passphrase(anita.place.folder, "", "a long enough passphrase")
    anita.sync.run()
    anita.key_decisions.trust()
    assert [each.sentence for each in examine(anita) if not each.ok] == []


def test_a_clock_that_is_wrong_is_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forms.desk.sync.client.Server.clock", lambda _: "Mon, 01 Jan 2024 00:00:00 GMT")
    anita = office.machine("police/anita")
    anita.sync.run()
    assert any("clock differs" in each.sentence for each in examine(anita))


def test_a_case_is_put_together_with_another(office: Office) -> None:
    office.tell(what="one")
    office.tell(what="two")
    anita = office.machine("police/anita")
    anita.sync.run()
    first, second = (case.id for case in anita.cases.all())
    anita.log.merge(first, second)
    assert anita.cases.case(first).merged_into == second
    with pytest.raises(Problem, match="cannot be put together"):
        anita.log.merge(second, first)
    with pytest.raises(Problem, match="cannot be put together"):
        anita.log.merge(second, second)


def test_two_cases_are_put_together_in_the_terminal_too(office: Office) -> None:
    for number in range(2):
        office.tell(what=f"{WORDS} {number}")
    options = ["--home", str(office.home), "--server", office.address, "--desk", "police/anita"]

    def run(*words: str) -> str:
        return CliRunner().invoke(desk, [*options, *words]).output

    run("list")
    assert "cannot be put together with that one" in run("merge", "1", "1")
    assert "There is no such letter here" in run("merge", "1", "9")
    assert "Written down" in run("merge", "2", "1")
    assert "=" in next(line for line in run("list").splitlines() if line.split()[:1] == ["2"])
    merged = [case for case in office.machine("police/anita").cases.all() if case.merged_into]
    assert len(merged) == 1


# A lost machine


def restore_lost_machine(office: Office, secret: str) -> Session:
    """The legal desk's only machine is stolen; a new one is made from the printed recovery key, and published."""
    folder = office.home / "legal"
    name = next(f"lost-{number}" for number in range(99) if not (office.home / f"lost-{number}").exists())
    folder.rename(office.home / name)
    public_keys = keys.restore(folder, secret, "twelve letters or more")
    office.with_desk("legal", members=(Member("legal", public_keys.key, public_keys.pickup),))
    place = replace(office.machine("partner").place, name="legal", folder=folder)
    return Session.unlock(place, "twelve letters or more", lambda: office.day)


def test_the_printed_recovery_key_brings_every_case_back(office: Office, quick_passphrase: None) -> None:
    for number in range(3):
        office.tell(what=f"before there was a recovery key {number}")
    for machine in ("police/anita", "police/babu", "partner", "legal"):
        office.machine(machine).sync.run()
    secret, public = keys.new_recovery_key()
    office.with_desk("legal", recovery=public)
    legal = office.machine("legal")
    assert len(legal.sharing.on_this_machine_alone()) == 3
    legal.portal.fetch_if_readable()
    assert any("3 letters lie on this machine alone" in finding.sentence for finding in examine(legal))
    receipt = office.tell(what="after it")
    legal.sync.run()
    assert len(legal.sharing.on_this_machine_alone()) == 3, (
        "nothing is encrypted to a recovery key that nobody compared"
    )
    legal.key_decisions.trust("legal")
    (legal.place.folder / "secured").unlink(missing_ok=True)
    legal.sync.run()
    assert legal.sharing.on_this_machine_alone() == ()
    assert not any("would be lost" in finding.sentence for finding in examine(legal))
    [case] = [case for case in legal.cases.all() if case.first_words == "after it"]
    legal.log.write(case.id, "note", text="what was found out")
    for machine in ("police/anita", "police/babu", "partner"):
        office.machine(machine).sync.run()
    office.add(receipt, "and one thing more")
    for machine in ("police/anita", "police/babu", "partner", "legal"):
        office.machine(machine).sync.run()
    letter_ids = {letter.id for case in legal.cases.all() for letter in case.letters if not isinstance(letter, Problem)}
    restored = restore_lost_machine(office, secret)
    restored.sync.run()
    assert {
        letter.id for case in restored.cases.all() for letter in case.letters if not isinstance(letter, Problem)
    } == letter_ids
    assert [entry.value["text"] for entry in restored.cases.case(case.id).entries] == ["what was found out"]
    assert not any("Forget it" in finding.sentence for finding in examine(restored)), "the printed key is needed"
    again = restore_lost_machine(office, secret)
    again.sync.run()
    assert len(again.cases.all()) == 4, "and a second time"


def test_a_case_that_was_erased_does_not_come_back(office: Office, quick_passphrase: None) -> None:
    secret, public = keys.new_recovery_key()
    office.with_desk("legal", recovery=public)
    receipt = office.tell(what=WORDS)
    kept_receipt = office.tell(what="kept")
    for machine in ("police/anita", "police/babu", "partner", "legal"):
        office.machine(machine).sync.run()
    office.answer_page(receipt, do="delete")
    office.answer_page(receipt, do="delete-now")
    erased = "There is no" in office.answer_page(receipt) or WORDS not in office.answer_page(receipt)
    assert erased
    assert kept_receipt
    restored = restore_lost_machine(office, secret)
    restored.sync.run()
    assert "kept" in {case.first_words for case in restored.cases.all()}


def test_a_desk_older_than_its_server_still_fetches_and_sends(office: Office, monkeypatch: Any) -> None:
    receipt = office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    honest_portal = type(anita.place.server()).portal

    def newer(server: Any) -> bytes:
        portal = json.loads(honest_portal(server))
        portal["desks"] = [
            {**desk, "colour": "red", "members": [{**m, "since": 3} for m in desk["members"]]}
            for desk in portal["desks"]
        ]
        return json.dumps({**portal, "weather": {"sun": True}}).encode()

    monkeypatch.setattr(type(anita.place.server()), "portal", newer)
    assert anita.sync.run().away == "", "what it does not know is passed over"
    monkeypatch.setattr(type(anita.place.server()), "portal", lambda _: b'{"version": 9, "desks": [{"id": 3}]}')
    office.tell(what="told since")
    anita.log.answer(id, "We will come.")
    result = anita.sync.run()
    assert "may be older than the server" in result.outdated
    assert (result.new, result.waiting) == (1, 0)
    assert "We will come." in office.answer_page(receipt)


def test_what_was_written_first_is_sent_first_by_whatever_clock(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop's clock is put right by hours between two answers that wait for a network."""
    anita = office.machine("police/anita")
    now = time.time_ns()
    for clock, word in ((now, b"first"), (now - 7_200_000_000_000, b"second"), (now - 1, b"third")):
        monkeypatch.setattr("time.time_ns", lambda clock=clock: clock)
        anita.outbox.post("PUT", f"letters/{'a' * 32}/entries/{'b' * 32}", word)
    assert [one.sealed for one in anita.local_store.queued_requests()] == [b"first", b"second", b"third"]


def test_two_programs_of_a_desk_send_the_same_outbox(office: Office) -> None:
    """The window is open while a timer fetches: what one has just sent is no fault to the other."""
    anita = office.machine("police/anita")
    for word in (b"one", b"two", b"three"):
        anita.outbox.post("PUT", f"letters/{'a' * 32}/entries/{'b' * 32}", word)
    waiting = anita.local_store.queued_requests()
    assert next(waiting).sealed == b"one"
    anita.local_store.delete("outbox", anita.local_store.ids("outbox")[1])
    assert [one.sealed for one in waiting] == [b"three"]
