"""Letters that the server holds back, gives out again, or shows to one machine of a desk only."""

from datetime import timedelta
from pathlib import Path

import pytest

from forms.core.crypto.encryption import seal
from forms.desk.cases.arrivals import FILE, Arrivals, ArrivedLetter
from forms.desk.doctor.examination import examine
from forms.desk.session import Session
from forms.desk.sync.client import Server
from forms.server.web.current import state_of
from tests.desk.conftest import Office
from tests.server.conftest import TODAY

pytestmark = pytest.mark.usefixtures("site_not_visited")


def doctor_complaints(session: Session) -> str:
    return "\n".join(finding.sentence for finding in examine(session) if not finding.ok)


def hold_back(monkeypatch: pytest.MonkeyPatch, *machines: str) -> None:
    """Let the server list no letters to these machines (by their tokens)."""
    honest_waiting = Server.waiting

    def waiting(self: Server, *, everything: bool = False) -> list[dict[str, object]]:
        return [] if not machines or self.token in machines else honest_waiting(self, everything=everything)

    monkeypatch.setattr(Server, "waiting", waiting)


def test_a_letter_that_was_held_back_and_comes_later_is_said(office: Office) -> None:
    legal = office.machine("legal")
    with pytest.MonkeyPatch.context() as server:
        hold_back(server)
        for day in range(4):
            office.tell(what=f"told while the server holds back {day}")
            office.day = TODAY + timedelta(days=day)
            legal.sync.run()
    assert "came on" not in doctor_complaints(legal)
    legal.sync.run()
    complaints = doctor_complaints(legal)
    assert f"of {TODAY} came on {office.day} only" in complaints
    assert "holds letters back" in complaints
    assert len(legal.withheld.arrivals.unusual()) == 4, "every one of them"


def test_letters_that_come_in_time_are_not_said(office: Office) -> None:
    """Nor one that was written before midnight and sent after it, nor the first letters of a new machine."""
    office.tell(what="before this machine first fetched")
    office.day = TODAY + timedelta(days=300)
    new_machine = office.machine("partner")
    new_machine.sync.run()
    assert new_machine.withheld.arrivals.unusual() == ()
    legal = office.machine("legal")
    office.day = TODAY
    for day in (0, 0, 1):
        office.day = TODAY + timedelta(days=day)
        legal.sync.run()
        office.tell(what=f"told on day {day}")
    legal.sync.run()
    assert legal.withheld.arrivals.unusual() == ()
    assert "came late" not in doctor_complaints(legal)


def fetch_only(machine: Session, id: str, sealed: bytes) -> None:
    """Synchronise with a server that gives out this one letter."""
    with pytest.MonkeyPatch.context() as server:
        row = {"id": id, "thread": id, "tray": 1, "form": "", "maker": "", "parts": [], "copies": False}
        server.setattr(Server, "waiting", lambda *_, **__: [row])
        server.setattr(Server, "letter", lambda *_: sealed)
        server.setattr(Server, "acknowledge", lambda *_: None)
        machine.sync.run()


def test_an_old_letter_that_the_server_gives_out_under_another_id_is_said(office: Office) -> None:
    office.tell(what="only once")
    legal = office.machine("legal")
    legal.sync.run()
    [id] = legal.local_store.ids("letters")
    again, sealed = "f" * 32, legal.local_store.read("letters", id)
    fetch_only(legal, again, sealed)
    assert f"{again[:8]} came under another id" in doctor_complaints(legal)


def test_a_letter_that_was_erased_and_is_given_out_again_is_said(office: Office) -> None:
    office.tell(what="erased at this desk")
    legal = office.machine("legal")
    legal.sync.run()
    [id] = legal.local_store.ids("letters")
    sealed = legal.local_store.read("letters", id)
    legal.erasing.erase(id)
    office.day = TODAY + timedelta(days=2)
    legal.sync.run()
    fetch_only(legal, id, sealed)
    assert f"{id[:8]} of {TODAY} came on {office.day} only" in doctor_complaints(legal)


def test_a_letter_that_one_machine_of_a_desk_never_gets_is_said_there(office: Office) -> None:
    office.tell(what="shown to one colleague only")
    anita, babu = office.machine("police/anita"), office.machine("police/babu")
    with pytest.MonkeyPatch.context() as server:
        hold_back(server, babu.place.server().token)
        anita.sync.run()
        [case] = anita.cases.all()
        anita.log.write(case.id, "note", text="I look into it.")
        babu.sync.run()
        assert f"never came to this machine ({case.id[:8]}" in doctor_complaints(babu)
    assert "never came" not in doctor_complaints(anita)
    babu.sync.run()
    assert "never came" not in doctor_complaints(babu)


def test_the_server_cannot_answer_in_a_desks_place(office: Office) -> None:
    """What shows a person that a desk has the letter is an answer or a state: locked to a key that stands inside the
    letter, which a server that never saw its words does not know. It can only lock to another, and that opens nowhere.
    """
    receipt = office.tell(what="is anybody there?")
    legal = office.machine("legal")
    legal.sync.run()
    [case] = legal.cases.all()
    forged = seal({"form": "answer", "text": "All is well."}, [office.public_keys["legal"].key], 16384)
    store = state_of(office.app).services.concerns
    assert store.desk_writing.add_answer("f" * 64, case.id, "legal", TODAY, forged)
    assert "All is well." not in office.answer_page(receipt)
    legal.log.answer(case.id, "We have it.")
    assert "We have it." in office.answer_page(receipt)


@pytest.mark.parametrize(
    "damaged", ["", "[]", "[" * 100_000, '{"last": 3, "odd": [1, [2], ["x", 1, 2, 3]]}', '{"odd": 7}']
)
def test_a_damaged_memory_stops_no_desk(tmp_path: Path, damaged: str) -> None:
    (tmp_path / FILE).write_text(damaged, encoding="utf-8")
    arrivals = Arrivals(tmp_path)
    assert arrivals.unusual() == ()
    arrivals.record([ArrivedLetter("a" * 32, "b" * 32, "no day")], TODAY)
    assert [one.kind for one in arrivals.unusual()] == ["again"]
