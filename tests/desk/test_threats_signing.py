"""Attacks on keys and names: the server swaps or adds keys, and somebody writes in another's name."""

import json
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest
from click.testing import CliRunner, Result

from forms.core.crypto.encryption import seal, seal_file, seal_part
from forms.core.crypto.signing import public_text, sign, signing_key
from forms.core.ids import new_id
from forms.core.portal import Desk, Member, Portal
from forms.core.problem import Problem
from forms.desk.cases.log.case_log import Entry, new_entry, seal_entry, statement_of
from forms.desk.cli.main import desk as desk_command
from forms.desk.crypto import keys
from forms.desk.crypto.pinned_keys import FILE, UnconfirmedKey
from forms.desk.doctor.examination import examine
from forms.desk.session import Session
from forms.desk.sync.fetching import conflicts
from tests.desk.conftest import Office
from tests.desk.test_session import only
from tests.desk.test_threats_desks import put

pytestmark = pytest.mark.usefixtures("site_not_visited")

WORDS = "What was told"
ATTACKER = pyrage.x25519.Identity.generate()
THEIRS = str(ATTACKER.to_public())


def member_of(office: Office, desk: str, number: int = 0) -> Member:
    return office.portal.desks_with_ids([desk])[0].members[number]


def change_member(office: Office, desk: str, number: int = 0, **changes: str) -> None:
    """The server publishes other keys for one person."""
    members = list(office.portal.desks_with_ids([desk])[0].members)
    members[number] = replace(members[number], **changes)
    office.with_desk(desk, members=tuple(members))


def doctor_complaints(session: Session) -> str:
    return " ".join(finding.sentence for finding in examine(session) if not finding.ok)


def opens(path: Path) -> bool:
    try:
        pyrage.decrypt(path.read_bytes().partition(b"\n")[2], [ATTACKER])
    except pyrage.DecryptError:
        return False
    return True


def reached_the_attacker(office: Office) -> bool:
    """Return whether anything on the server or on a desk's disk opens with the attacker's key."""
    blobs = [path.read_bytes() for path in office.home.rglob("*") if path.is_file()]
    marks = [at for blob in blobs for at in _age_files(blob)]
    return any(_opens(blob) for blob in marks)


def _age_files(blob: bytes) -> list[bytes]:
    head = b"age-encryption.org/v1\n"
    return [head + rest for rest in blob.split(head)[1:]]


def _opens(blob: bytes) -> bool:
    # A blob may be followed by other bytes of the database: then the header opens and the payload does not.
    try:
        pyrage.decrypt(blob, [ATTACKER])
    except pyrage.DecryptError as error:
        return "No matching keys" not in str(error)
    return True


@pytest.fixture
def handed_over_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a case go to a desk that has it already, where only the keys are in question."""
    monkeypatch.setattr("forms.desk.cases.handover.has_complete_case", lambda *_: False)


@pytest.fixture
def machine_with_case(office: Office) -> tuple[Office, Session, str]:
    """An office, and Anita's machine with one case and all keys pinned; the case's id."""
    office.tell(what=WORDS, hide_from="partner")
    anita = office.machine("police/anita")
    id = only(anita)
    return office, anita, id


def add_ghost(office: Office) -> None:
    police = office.portal.desks_with_ids(["police"])[0]
    ghost = Member("police/ghost", THEIRS, police.members[0].pickup, "ed25519:" + "a" * 64)
    office.with_desk("police", members=(*police.members, ghost))


def namesake(office: Office) -> None:
    police = office.portal.desks_with_ids(["police"])[0]
    office.with_desk("police", members=(*police.members, replace(police.members[1], key=THEIRS)))


def namesake_of_another_desk(office: Office) -> None:
    police = office.portal.desks_with_ids(["police"])[0]
    office.with_desk("police", members=(*police.members, Member("legal", THEIRS, police.members[0].pickup)))


OWN_DESK: dict[str, Callable[[Office], None]] = {
    "a colleague's key is swapped": lambda office: change_member(office, "police", 1, key=THEIRS),
    "one's own key is swapped": lambda office: change_member(office, "police", 0, key=THEIRS),
    "a person is added": add_ghost,
    "a namesake is added": namesake,
    "somebody of another desk is added": namesake_of_another_desk,
    "a recovery key is added": lambda office: office.with_desk("police", recovery=THEIRS),
    "a colleague is dropped": lambda office: office.with_desk("police", members=(member_of(office, "police"),)),
    "a key is doubled": lambda office: change_member(office, "police", 1, key=member_of(office, "police").key),
    "a desk is renamed": lambda office: office.publish(rename_police(office.portal)),
}


def rename_police(portal: Portal) -> Portal:
    def rename_desk(desk: Desk) -> Desk:
        return replace(desk, id="cops", members=(Member("cops", THEIRS, "sha256:" + "0" * 64),))

    return replace(portal, desks=tuple(rename_desk(desk) if desk.id == "police" else desk for desk in portal.desks))


@pytest.mark.parametrize("attack", OWN_DESK)
def test_nothing_is_encrypted_to_a_changed_key_of_the_own_desk(
    machine_with_case: tuple[Office, Session, str], attack: str
) -> None:
    office, anita, id = machine_with_case
    OWN_DESK[attack](office)
    with suppress(Problem):  # a server that renamed the desk does not know its token
        anita.sync.run()
    (anita.place.folder / "portal.json").write_bytes((office.home / "portal.json").read_bytes())
    anita = office.machine("police/anita")
    assert anita.cases.case(id).answers["what"] == WORDS, "reading goes on"
    waiting = anita.outbox.waiting
    for act in (
        lambda: anita.log.write(id, "note", text="a note"),
        lambda: anita.log.write(id, "state", state="looking"),
        lambda: anita.log.answer(id, "an answer"),
        lambda: anita.sharing.hand_over(id, "legal"),
    ):
        with pytest.raises(UnconfirmedKey, match="Nothing is encrypted to it until you have compared the fingerprint"):
            act()
    anita.keys.seal_for_desk(b"a file that stays here")
    assert anita.outbox.waiting == waiting, "and nothing is half done"
    assert not reached_the_attacker(office)
    assert any("key" in finding.sentence for finding in examine(anita) if not finding.ok)


@pytest.mark.parametrize(
    "changes",
    [{"members": (Member("legal", THEIRS, "x"),)}, {"recovery": THEIRS}],
    ids=["the desk's key is swapped", "a recovery key is added"],
)
def test_no_case_is_handed_over_to_a_changed_key(
    machine_with_case: tuple[Office, Session, str], changes: dict[str, Any]
) -> None:
    office, anita, id = machine_with_case
    office.with_desk("legal", **changes)
    anita.sync.run()
    with pytest.raises(UnconfirmedKey, match="legal"):
        anita.sharing.hand_over(id, "legal")
    anita.log.write(id, "note", text="work in the own desk goes on")
    assert not reached_the_attacker(office)
    assert "legal: the" in doctor_complaints(anita)


def test_no_case_is_encrypted_anew_for_a_changed_key_of_a_colleague(
    machine_with_case: tuple[Office, Session, str],
) -> None:
    office, anita, _ = machine_with_case
    change_member(office, "police", 1, key=THEIRS)
    anita.sync.run()
    with pytest.raises(UnconfirmedKey, match="police/babu: the key is another one"):
        anita.sharing.reseal("police/babu")
    assert not reached_the_attacker(office)


def test_another_portal_for_one_desk_alone_shows_in_the_one_number_that_people_compare(office: Office) -> None:
    for name in ("police/anita", "legal"):
        office.machine(name).sync.run()
    numbers = {shell(office, name, "keys").output.splitlines()[0] for name in ("police/anita", "legal")}
    assert len(numbers) == 1
    assert next(iter(numbers)).startswith("All desks together: ")
    change_member(office, "legal", key=THEIRS)
    new_machine = office.machine("partner")
    new_machine.sync.run()
    assert shell(office, "partner", "keys").output.splitlines()[0] not in numbers
    assert "Not yet compared with the printed sheet" in shell(office, "partner", "keys").output


@pytest.mark.usefixtures("handed_over_again")
def test_a_key_that_was_swapped_and_swapped_back_is_still_told(machine_with_case: tuple[Office, Session, str]) -> None:
    office, anita, id = machine_with_case
    right = member_of(office, "legal").key
    change_member(office, "legal", key=THEIRS)
    anita.sync.run()
    change_member(office, "legal", key=right)
    anita.sync.run()
    anita.sharing.hand_over(id, "legal")
    assert "legal: the server published another key for a while" in doctor_complaints(anita)
    anita.key_decisions.trust("legal")
    assert "for a while" not in doctor_complaints(anita)


def test_a_change_that_a_person_confirmed_is_used_and_one_that_was_refused_is_not(
    machine_with_case: tuple[Office, Session, str],
) -> None:
    office, anita, id = machine_with_case
    change_member(office, "police", 1, key=THEIRS)
    anita.sync.run()
    anita.key_decisions.refuse("police/babu")
    anita.log.write(id, "note", text="goes on to the known keys")
    assert not reached_the_attacker(office)
    assert "You refused it" in doctor_complaints(anita)
    change_member(office, "police", 1, key=str(pyrage.x25519.Identity.generate().to_public()))
    anita.sync.run()
    with pytest.raises(UnconfirmedKey):
        anita.log.write(id, "note", text="another key than the refused one is asked about again")
    anita.key_decisions.trust("police/babu")
    anita.log.write(id, "note", text="confirmed")
    assert not reached_the_attacker(office)


def test_keys_are_pinned_from_the_portal_that_was_here_before_and_not_from_the_next_one(office: Office) -> None:
    """A desk that was upgraded: what the server publishes afterwards is a change already."""
    office.tell(what=WORDS)
    anita = office.machine("police/anita")
    id = only(anita)
    (anita.place.folder / FILE).unlink()
    change_member(office, "police", 1, key=THEIRS)
    again = office.machine("police/anita")
    again.sync.run()
    with pytest.raises(UnconfirmedKey):
        again.log.write(id, "note", text="x")


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"pinned": [[1]]}', b"\xff", b"[" * 5000])
def test_a_damaged_list_of_keys_confirms_nothing(machine_with_case: tuple[Office, Session, str], damage: bytes) -> None:
    office, anita, id = machine_with_case
    (anita.place.folder / FILE).write_bytes(damage)
    again = office.machine("police/anita")
    again.sync.run()
    assert again.cases.case(id).answers["what"] == WORDS
    with pytest.raises(UnconfirmedKey):
        again.log.write(id, "note", text="x")
    again.key_decisions.trust()
    again.log.write(id, "note", text="x")


def test_ones_own_new_key_needs_no_question_and_an_old_one_of_ones_own_does(
    machine_with_case: tuple[Office, Session, str],
) -> None:
    office, anita, id = machine_with_case
    old, babu = member_of(office, "police"), office.machine("police/babu")
    babu.sync.run()
    public = anita.key_decisions.change_key(None)
    anita.log.write(id, "note", text="signed by the old key, which the others know")
    change_member(office, "police", key=public.key, pickup=public.pickup, signing=public.signing)
    anita.sync.run()
    anita.log.write(id, "note", text="signed by the new key")
    babu.sync.run()
    assert [entry.value["text"][:17] for entry in babu.cases.case(id).entries] == ["signed by the old"]
    babu.key_decisions.trust("police/anita")
    assert len(babu.cases.case(id).entries) == 2, "and what the old key signed goes on counting"
    change_member(office, "police", key=old.key, signing=old.signing)
    anita.sync.run()
    with pytest.raises(UnconfirmedKey):
        anita.log.write(id, "note", text="the server goes back to a key that may be stolen")


# In a terminal


def shell(office: Office, who: str, *words: str, typed: str = "") -> Result:
    options = ["--home", str(office.home), "--server", office.address, "--desk", who]
    return CliRunner().invoke(desk_command, [*options, *words], input=typed)


def test_keys_are_shown_compared_and_confirmed_in_a_terminal(machine_with_case: tuple[Office, Session, str]) -> None:
    office, _, _ = machine_with_case
    change_member(office, "legal", key=str(pyrage.x25519.Identity.generate().to_public()))
    output = shell(office, "police/anita", "keys").output
    assert "! legal" in output
    assert "legal: the key is another one." in output
    assert re.search(r"Right\? desk .*trust legal\n", output)
    assert shell(office, "police/anita", "trust").exit_code == 1
    assert shell(office, "police/anita", "trust", "legal", typed="n\n").exit_code == 1
    assert "! legal" in shell(office, "police/anita", "keys").output
    assert "Confirmed: 1." in shell(office, "police/anita", "trust", "legal", typed="y\n").output
    assert "! legal" not in shell(office, "police/anita", "keys").output
    shell(office, "police/anita", "trust", "--all", "--yes")
    assert "Not yet compared" not in shell(office, "police/anita", "keys").output


def test_a_portal_cannot_write_control_characters_to_a_terminal(machine_with_case: tuple[Office, Session, str]) -> None:
    office, _, _ = machine_with_case
    police = office.portal.desks_with_ids(["police"])[0]
    evil = Member("police/\x1b[2Jghost", THEIRS, police.members[0].pickup)
    office.with_desk("police", members=(*police.members, evil))
    output = shell(office, "police/anita", "keys").output
    assert "\x1b" not in output
    assert "ghost" in output


# Writing in another's name


def recipients(office: Office) -> tuple[str, ...]:
    return office.portal.desks_with_ids(["police"])[0].keys


def closing(id: str, who: str = "police/anita") -> Entry:
    return new_entry(id, who, (), "state", {"state": "closed", "outcome": "nobody there", "letters": 1})


def by_anita(office: Office) -> Any:
    return signing_key(str(keys.identity(office.home / "police/anita", lambda: "")))


def by_babu(office: Office) -> Any:
    return signing_key(str(keys.identity(office.home / "police/babu", lambda: "")))


FORGERIES: dict[str, Callable[[Office, Entry], Entry]] = {
    "unsigned": lambda _, entry: entry,
    "an odd signature": lambda _, entry: replace(entry, signature="0" * 128),
    "signed by a colleague": lambda o, e: replace(e, signature=sign(statement_of(e, "police"), by_babu(o))),
    "signed by nobody known": lambda _, e: replace(
        e, signature=sign(statement_of(e, "police"), signing_key(str(ATTACKER)))
    ),
    "signed for another desk": lambda o, e: replace(e, signature=sign(statement_of(e, "legal"), by_anita(o))),
    "changed after it was signed": lambda o, e: replace(
        e, signature=sign(statement_of(replace(e, value={"state": "looking"}), "police"), by_anita(o))
    ),
    "of another case": lambda o, e: replace(
        e, signature=sign(statement_of(replace(e, thread=new_id()), "police"), by_anita(o))
    ),
    "in the name of nobody": lambda _, e: replace(e, member="police/ghost"),
    "in the name of another desk": lambda o, e: replace(
        replace(e, member="legal"), signature=sign(statement_of(replace(e, member="legal"), "police"), by_anita(o))
    ),
}


@pytest.mark.parametrize("reader", ["police/anita", "police/babu"])
@pytest.mark.parametrize("forgery", FORGERIES)
def test_an_entry_that_its_writer_did_not_sign_changes_nothing_and_is_shown(
    machine_with_case: tuple[Office, Session, str], forgery: str, reader: str
) -> None:
    office, _, id = machine_with_case
    machine = office.machine(reader)
    machine.sync.run()
    forged = FORGERIES[forgery](office, closing(id))
    assert (
        put(office, "police/babu", f"letters/{id}/entries/{forged.id}", seal_entry(forged, recipients(office))) == 204
    )
    machine.sync.run()
    case = office.machine(reader).cases.case(id)
    assert (case.state.value, case.outcome, case.entries) == ("new", "", ())
    assert [entry.id for entry in case.unproven] == [forged.id]
    assert "1 entries of the case log are not proven" in doctor_complaints(machine)
    output = shell(office, reader, "open", id).output
    assert "NOT PROVEN, changes nothing" in output
    assert [row["proven"] for row in case.time_line() if row["what"] == "state"] == [False]


@pytest.mark.parametrize("kind", ["state", "assign", "due", "flag", "merge", "theme", "note", "answer", "handover"])
def test_no_kind_of_forged_entry_has_an_effect(machine_with_case: tuple[Office, Session, str], kind: str) -> None:
    office, anita, id = machine_with_case
    before = office.machine("police/anita").cases.case(id)
    value = {
        "state": "closed", "member": "police/babu", "day": "2027-01-02", "flag": "urgent", "on": True,
        "into": new_id(), "theme": "wages", "text": "an answer of ours", "desk": "legal",
    }  # fmt: skip
    forged = new_entry(id, "police/anita", (), kind, value)
    put(office, "police/babu", f"letters/{id}/entries/{forged.id}", seal_entry(forged, recipients(office)))
    anita.sync.run()
    assert replace(anita.cases.case(id), unproven=()) == before
    assert [entry.kind for entry in anita.cases.case(id).unproven] == [kind], "and a forged answer of ours is noticed"


def test_a_signed_entry_under_another_id_or_twice_counts_once(machine_with_case: tuple[Office, Session, str]) -> None:
    office, anita, id = machine_with_case
    entry = anita.log.write(id, "state", state="closed")
    anita.log.write(id, "state", state="looking")
    put(office, "police/babu", f"letters/{id}/entries/{new_id()}", seal_entry(entry, recipients(office)))
    anita.sync.run()
    assert anita.cases.case(id).state.value == "looking"
    assert len(anita.cases.case(id).unproven) == 1


def test_taking_the_signing_key_out_of_the_portal_does_not_let_forged_entries_in(
    machine_with_case: tuple[Office, Session, str],
) -> None:
    office, anita, id = machine_with_case
    change_member(office, "police", 1, signing="")
    forged = closing(id, "police/babu")
    put(office, "police/anita", f"letters/{id}/entries/{forged.id}", seal_entry(forged, recipients(office)))
    anita.sync.run()
    assert anita.cases.case(id).entries == ()
    assert "police/babu: the signing key is gone" in doctor_complaints(anita)


def test_entries_of_before_signatures_keep_their_effect_and_new_ones_must_be_signed(office: Office) -> None:
    office.tell(what=WORDS)
    signing = [member.signing for member in office.portal.desks_with_ids(["police"])[0].members]
    for number in (0, 1):
        change_member(office, "police", number, signing="")
    anita, babu = office.machine("police/anita"), office.machine("police/babu")
    id = only(anita)
    old = closing(id, "police/babu")
    put(office, "police/babu", f"letters/{id}/entries/{old.id}", seal_entry(old, recipients(office)))
    anita.sync.run()
    assert anita.cases.case(id).state.value == "closed", "nobody signs yet"
    for number in (0, 1):
        change_member(office, "police", number, signing=signing[number])
    anita.sync.run()
    anita.key_decisions.trust()
    assert office.machine("police/anita").cases.case(id).state.value == "closed", "what was here goes on counting"
    late = closing(id, "police/babu")
    put(office, "police/babu", f"letters/{id}/entries/{late.id}", seal_entry(late, recipients(office)))
    anita.sync.run()
    assert [entry.id for entry in anita.cases.case(id).unproven] == [late.id]
    only(babu)
    babu.key_decisions.trust()
    babu.log.write(id, "note", text="signed")
    anita.sync.run()
    assert {entry.kind for entry in anita.cases.case(id).entries} == {"state", "note"}


def test_an_erased_entry_of_before_signatures_does_not_come_back_unsigned(
    machine_with_case: tuple[Office, Session, str],
) -> None:
    office, anita, id = machine_with_case
    old = closing(id)
    anita.local_store.save("entries", old.id, seal_entry(old, recipients(office)))
    (anita.place.folder / FILE).unlink()
    anita = office.machine("police/anita")
    assert anita.cases.case(id).state.value == "closed"
    letter = anita.local_store.read("letters", id)
    anita.erasing.erase(id)
    anita.local_store.save("letters", id, letter)
    anita.local_store.save("entries", old.id, seal_entry(old, recipients(office)))
    assert office.machine("police/anita").cases.case(id).state.value == "new"


def test_what_a_stolen_key_signs_afterwards_counts_no_more(machine_with_case: tuple[Office, Session, str]) -> None:
    office, anita, id = machine_with_case
    babu = office.machine("police/babu")
    only(babu)
    babu.log.write(id, "note", text="before the theft")
    anita.sync.run()
    stolen = by_babu(office)
    new_key = pyrage.x25519.Identity.generate()
    change_member(office, "police", 1, key=str(new_key.to_public()), signing=keys.signing_line(new_key))
    anita.sync.run()
    anita.key_decisions.trust("police/babu", stolen=True)
    forged = closing(id, "police/babu")
    forged = replace(forged, signature=sign(statement_of(forged, "police"), stolen))
    put(office, "police/anita", f"letters/{id}/entries/{forged.id}", seal_entry(forged, recipients(office)))
    anita.sync.run()
    case = anita.cases.case(id)
    assert [entry.value["text"] for entry in case.entries] == ["before the theft"]
    assert [entry.id for entry in case.unproven] == [forged.id]


def test_after_a_restore_a_person_can_let_old_entries_count(machine_with_case: tuple[Office, Session, str]) -> None:
    office, anita, id = machine_with_case
    forged = closing(id)
    put(office, "police/babu", f"letters/{id}/entries/{forged.id}", seal_entry(forged, recipients(office)))
    anita.sync.run()
    assert "They count now: 1." in shell(office, "police/anita", "trust", "--old-entries", typed="y\n").output
    assert office.machine("police/anita").cases.case(id).state.value == "closed"


@pytest.mark.parametrize(
    "value", [None, 3, [], {}, "x" * 100_000, "\ud800", "[" * 50], ids=lambda value: repr(value)[:9]
)
@pytest.mark.parametrize("field", ["signature", "copy"])
def test_malformed_signatures_stop_no_desk(
    machine_with_case: tuple[Office, Session, str], field: str, value: Any
) -> None:
    office, anita, id = machine_with_case
    entry = closing(id)
    data = {"form": "entry", "version": 1, **{name: getattr(entry, name) for name in ("thread", "member", "at", "kind")},
            "after": [], "value": dict(entry.value), field: value}  # fmt: skip
    body = seal_file(json.dumps(data).encode().ljust(24576), recipients(office))
    put(office, "police/babu", f"letters/{id}/entries/{entry.id}", body)
    anita.sync.run()
    again = office.machine("police/anita")
    assert again.cases.case(id).state.value == "new"
    assert office.machine("police/anita").cases.case(id).entries == (), "read back from the index too"


# Copies


def handed_to_partner(office: Office) -> tuple[Session, Session, str]:
    """A case that the police may hand over to the partner organisation, which did not get it."""
    office.with_desk("partner", reads=())
    office.tell(what=WORDS)
    office.with_desk("partner", reads=("concern",))
    anita, partner = office.machine("police/anita"), office.machine("partner")
    return anita, partner, only(anita)


def test_a_handed_over_copy_names_who_signed_it(office: Office) -> None:
    anita, partner, id = handed_to_partner(office)
    anita.sharing.hand_over(id, "partner")
    partner.sync.run()
    provenance = partner.cases.case(id).provenance[id]
    assert (provenance.by, provenance.is_proven) == ("police/anita", True)
    assert "Handed over by police/anita" in shell(office, "partner", "open", id).output
    assert office.machine("partner").cases.case(id).provenance == partner.cases.case(id).provenance, (
        "from the index too"
    )


COPIES: dict[str, Callable[[dict[str, Any], Office, str], dict[str, Any]]] = {
    "no mark": lambda data, _, __: {name: value for name, value in data.items() if name != "copy"},
    "changed words": lambda data, _, __: {**data, "answers": {"what": "forged"}},
    "another maker": lambda data, _, __: {**data, "copy": {**data["copy"], "by": "police/babu"}},
    "another reader": lambda data, _, __: {**data, "copy": {**data["copy"], "reader": "legal"}},
    "another day": lambda data, _, __: {**data, "copy": {**data["copy"], "day": "2020-01-01"}},
    "an odd mark": lambda data, _, __: {**data, "copy": "signed, really"},
    "a hash of its own": lambda data, _, __: {
        **data, "answers": {"what": "forged"}, "copy": {**data["copy"], "content": "0" * 64}
    },
}  # fmt: skip


@pytest.mark.parametrize("forgery", COPIES)
def test_a_copy_without_a_right_signature_is_shown_as_not_proven(office: Office, forgery: str) -> None:
    anita, partner, id = handed_to_partner(office)
    bodies: list[bytes] = []
    anita.outbox.try_to_send = lambda: None  # type: ignore[method-assign]
    anita.sharing.hand_over(id, "partner")
    for queued in anita.local_store.queued_requests():
        if "/copies/" in queued.path:
            bodies.append(queued.sealed)
    [copy] = bodies
    plain = pyrage.decrypt(copy, list(keys.identities(office.home / "partner", lambda: "")))
    data = COPIES[forgery](json.loads(plain), office, id)
    body = seal(data, office.portal.desks_with_ids(["partner"])[0].keys, 24576)
    assert put(office, "police/babu", f"letters/{id}/copies/{id}", body, "partner") == 204
    partner.sync.run()
    case = partner.cases.case(id)
    assert not case.provenance[id].is_proven
    assert "NOT PROVEN" in shell(office, "partner", "open", id).output
    assert [row["copy"]["proven"] for row in case.time_line() if row["what"] == "letter"] == [False]


def test_a_copy_for_one_letter_is_none_for_another(office: Office) -> None:
    anita, partner, id = handed_to_partner(office)
    anita.sharing.hand_over(id, "partner")
    partner.sync.run()
    sealed, other = partner.local_store.read("letters", id), secrets.token_hex(16)
    partner.local_store.save("letters", other, sealed)
    again = office.machine("partner")
    assert not again.cases.case(other).provenance[other].is_proven


def test_two_copies_and_the_original_are_no_conflict_though_their_marks_differ(office: Office) -> None:
    anita, partner, id = handed_to_partner(office)
    babu = office.machine("police/babu")
    only(babu)
    anita.sharing.hand_over(id, "partner")
    babu.sharing.hand_over(id, "partner")
    babu.sharing.reseal("police/anita")
    for machine in (partner, anita):
        machine.sync.run()
        assert list(conflicts(machine.local_store)) == []


def test_a_colleague_vouches_for_old_unsigned_entries_that_are_encrypted_anew(
    machine_with_case: tuple[Office, Session, str],
) -> None:
    office, _, id = machine_with_case
    babu = office.machine("police/babu")
    only(babu)
    old = new_entry(id, "police/babu", (), "state", {"state": "looking", "letters": 1})
    put(office, "police/babu", f"letters/{id}/entries/{old.id}", seal_entry(old, [member_of(office, "police", 1).key]))
    babu.sync.run()
    babu.key_decisions.accept_unsigned()
    anita = office.machine("police/anita")
    anita.sync.run()
    assert anita.cases.case(id).state.value == "new", "it does not open here"
    babu.sharing.reseal("police/anita")
    anita.sync.run()
    assert anita.cases.case(id).state.value == "looking"


def test_an_answer_is_signed_and_names_no_person(machine_with_case: tuple[Office, Session, str]) -> None:
    _, anita, id = machine_with_case
    reader, case = pyrage.x25519.Identity.generate(), anita.cases.case(id)
    assert case.first
    to_reader = replace(case.first, reply_to=str(reader.to_public()))
    _, sealed = anita.log.encrypt_answer(case, to_reader, "We come.", "")
    answer = json.loads(pyrage.decrypt(sealed, [reader]))
    assert len(answer["signature"]) == 128
    assert "anita" not in json.dumps(answer)


def photo_of(office: Office, desks: list[str], letter: str, content: bytes = b"evidence") -> tuple[str, bytes]:
    keys_of_all = [key for desk in office.portal.desks_with_ids(desks) for key in desk.keys]
    return seal_part({"kind": "photo", "type": "x"}, content, keys_of_all)


def test_a_photo_is_known_by_its_hash_or_by_the_signature_of_its_copy(office: Office) -> None:
    anita, partner, id = handed_to_partner(office)
    part, sealed = photo_of(office, ["police"], id)
    anita.local_store.save("parts", part, sealed)
    letter = json.loads(anita.own_keys.open(anita.local_store.read("letters", id)))
    letter["parts"] = [{"id": part, "kind": "photo", "seconds": 0}]
    with_photo = seal(letter, recipients(office), 24576)
    (anita.place.folder / "letters" / f"{id}.age").write_bytes(with_photo)
    (anita.place.folder / "index.age").unlink(missing_ok=True)
    anita = office.machine("police/anita")
    assert anita.cases.unproven_parts(anita.cases.case(id)) == frozenset()
    anita.outbox.try_to_send = lambda: None  # type: ignore[method-assign]
    anita.sharing.hand_over(id, "partner")
    changed_bodies = {
        queued.path.rpartition("/")[2]: queued.sealed
        for queued in anita.local_store.queued_requests()
        if "copies" in queued.path
    }
    partner.sync.run()
    partner.local_store.save("letters", id, changed_bodies[id])
    partner.local_store.save("parts", part, changed_bodies[part])
    assert partner.cases.case(id).provenance[id].is_proven
    assert partner.cases.unproven_parts(partner.cases.case(id)) == frozenset()
    forged = photo_of(office, ["partner"], id, b"something harmless")[1]
    (partner.place.folder / "parts" / f"{part}.age").write_bytes(forged)
    assert partner.cases.unproven_parts(partner.cases.case(id)) == {part}


def test_where_no_original_opens_the_copy_that_is_proven_is_kept(
    machine_with_case: tuple[Office, Session, str],
) -> None:
    """A colleague puts copies of his own making before those of an honest one."""
    office, anita, id = machine_with_case
    (office.home / "police/babu").rename(office.home / "lost")
    public = keys.make(office.home / "police/babu", None)
    change_member(office, "police", 1, key=public.key, pickup=public.pickup, signing=public.signing)
    new_machine = office.machine("police/babu")
    new_machine.sync.run()
    anita.sync.run()
    anita.key_decisions.trust("police/babu")
    for number in range(4):
        fields = {
            "form": "concern",
            "id": id,
            "day": "2027-01-02",
            "desks": ["police"],
            "answers": {"what": f"forged {number}"},
        }
        body = seal(fields, [member_of(office, "police", 1).key], 24576)
        assert put(office, "police/anita", f"letters/{id}/copies/{id}", body, "police/babu") == 204
    anita.sharing.reseal("police/babu")
    new_machine.sync.run()
    assert new_machine.cases.case(id).answers["what"] == WORDS
    assert new_machine.cases.case(id).provenance[id].is_proven


def test_what_another_program_of_this_machine_decided_is_not_undone(
    machine_with_case: tuple[Office, Session, str],
) -> None:
    """A window is open, a key is marked as stolen in a terminal, and then the window writes its own state."""
    office, window, _ = machine_with_case
    old = window.keys.pinned.present_signing_keys("legal", "legal")
    new_key = signing_key(str(pyrage.x25519.Identity.generate()))
    change_member(office, "legal", signing=public_text(new_key))
    window.sync.run()
    assert shell(office, "police/anita", "trust", "legal", "--yes", "--stolen").exit_code == 0
    window.keys.pinned.forget(["a" * 32])
    window.keys.pinned.accept(["b" * 32])
    after = office.machine("police/anita").keys.pinned
    assert after.signing_keys("legal", "legal") == {public_text(new_key)}
    assert not after.signing_keys("legal", "legal") & old
    assert after.is_accepted("b" * 32)
