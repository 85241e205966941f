"""Old keys: the desk first reports what still needs them, and forgets them only when nothing more can need them."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from forms.core.portal import Member
from forms.core.problem import Problem
from forms.desk.cli.main import desk as desk_command
from forms.desk.crypto import keys
from forms.desk.doctor.examination import examine
from forms.desk.session import Session
from tests.desk.conftest import Office
from tests.desk.test_session import only

pytestmark = pytest.mark.usefixtures("site_not_visited")

ANITA = "police/anita"


def machine_with_new_key(office: Office, *, pickup: bool = True) -> Session:
    """Anita's machine with a letter and a note under an old key, and a new key that the portal knows."""
    office.tell(what="before")
    anita = office.machine(ANITA)
    anita.log.write(only(anita), "note", text="a note of before")
    old = office.portal.desks_with_ids(["police"])[0].members
    public = anita.key_decisions.change_key(None)
    office.with_desk(
        "police", members=(Member(ANITA, public.key, public.pickup if pickup else old[0].pickup), *old[1:])
    )
    office.tell(what="after")
    anita.sync.run()
    return anita


def shell(office: Office, *words: str, typed: str = "") -> Result:
    options = ["--home", str(office.home), "--server", office.address, "--desk", ANITA]
    return CliRunner().invoke(desk_command, [*options, *words], input=typed)


def test_what_only_an_old_key_opens_is_said_first_and_nothing_is_done_without_a_yes(office: Office) -> None:
    machine_with_new_key(office)
    result = shell(office, "forget-old-keys", typed="n\n")
    assert "Only old keys open something of 1 case (1 of them not closed)." in result.output
    assert "before" in result.output
    assert "after" not in result.output
    assert "will not open any more" in result.output
    assert result.exit_code == 1
    assert len(keys.identities(office.home / ANITA, lambda: "")) == 2


def test_after_a_yes_it_opens_no_more_and_is_not_hidden(office: Office) -> None:
    machine_with_new_key(office)
    result = shell(office, "forget-old-keys", typed="y\n")
    assert "Forgotten: 1. Copies of the folder still have them." in result.output
    anita = office.machine(ANITA)
    assert len(anita.cases.unreadable()) == 2, "the letter and its note"
    assert [case.answers["what"] for case in anita.cases.all() if case.first] == ["after"]
    assert not (office.home / ANITA / "token.old.txt").exists()
    assert shell(office, "forget-old-keys").output == "This machine has no old key.\n"


def test_sealed_anew_first_nothing_is_lost(office: Office) -> None:
    machine_with_new_key(office)
    result = shell(office, "forget-old-keys", "--seal-anew", "--yes")
    assert "sealed for the present key first" in result.output
    anita = office.machine(ANITA)
    assert anita.cases.unreadable() == ()
    assert {case.answers["what"] for case in anita.cases.all()} == {"before", "after"}
    assert [entry.value["text"] for case in anita.cases.all() for entry in case.entries] == ["a note of before"]


def test_what_was_opened_is_forgotten_in_memory_too(office: Office) -> None:
    anita = machine_with_new_key(office)
    assert {case.answers["what"] for case in anita.cases.all()} == {"before", "after"}
    anita.key_decisions.forget_old_keys(None)
    assert [case.answers["what"] for case in anita.cases.all() if case.first] == ["after"]


def test_papers_of_events_count_too_and_what_is_for_others_does_not(office: Office) -> None:
    anita = machine_with_new_key(office)
    before = anita.key_retirement.find_needed()
    anita.local_store.save(
        "attendance/meeting", "a" * 32, keys.pyrage.encrypt(b"{}", [anita.own_keys.identities[1].to_public()])
    )
    anita.local_store.save("outbox", "1", keys.pyrage.encrypt(b"{}", [anita.own_keys.identities[1].to_public()]))
    needed = anita.key_retirement.find_needed()
    assert (needed.records, len(needed.files)) == (1, len(before.files) + 1)
    assert needed.sentence.endswith("(1 of them not closed). Besides, only they open 1 paper that belongs to no case.")


def test_old_keys_stay_while_new_letters_are_sealed_to_them(office: Office) -> None:
    anita = office.machine(ANITA)
    anita.sync.run()
    anita.key_decisions.change_key(None)
    result = shell(office, "forget-old-keys", "--yes")
    assert (result.exit_code, "New letters are still sealed to one of them" in result.output) == (1, True)
    assert len(keys.identities(office.home / ANITA, lambda: "")) == 2


def test_and_while_the_server_knows_only_the_old_token(office: Office) -> None:
    machine_with_new_key(office, pickup=False)
    assert "does not know this desk's token" in shell(office, "forget-old-keys", "--yes").output
    assert (office.home / ANITA / "token.old.txt").exists()


def test_and_while_letters_may_wait_on_a_server_that_is_away(office: Office, away: Callable[[bool], None]) -> None:
    anita = machine_with_new_key(office)
    away(True)
    with pytest.raises(Problem, match="may need them"):
        anita.key_retirement.require_that_new_key_is_known()


def test_the_doctor_speaks_of_an_old_key_only_once_nothing_needs_it(office: Office) -> None:
    anita = machine_with_new_key(office)

    def doctor_complaints() -> list[str]:
        return [finding.sentence for finding in examine(anita) if "old key" in finding.sentence]

    assert doctor_complaints() == []
    anita.key_retirement.seal_anew(anita.key_retirement.find_needed())
    assert doctor_complaints() == [
        "This machine keeps an old key, and nothing here needs it. Forget it: desk forget-old-keys"
    ]
    assert anita.key_retirement.find_needed().sentence == "Nothing on this machine needs an old key."
