"""The papers of the events desk: fetched, marked, shared by a copied folder, erased with the count kept."""

import shutil
from datetime import date
from pathlib import Path

import pyrage
import pytest

from forms.core.problem import Problem
from forms.desk.events import signup_list
from forms.desk.events.attendees import SignupRow
from forms.desk.events.event_records import EventRecords
from forms.desk.events.event_retention import EventCount, erase_old_names, stored_count
from forms.desk.events.event_session import event_folder
from forms.desk.sync.local_store import LocalStore
from tests.desk.event_helpers import MEETING, TODAY, book, event, files, has_come, portal

LATER = date(2027, 2, 24)
"""31 days after the meeting."""

NAME = "marked-name-லக்ஷ்மி"


def test_signups_are_fetched_once_opened_in_memory_and_lie_sealed(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    session.server.sign_up(name=NAME, phone="98765")
    session.server.sign_up(state="waiting", turn=1, name="Second")
    assert desk.fetch().new == 2
    assert desk.fetch().new == 0
    assert len(session.server.fetched_ids) == 2, "nothing is fetched twice"
    parties = desk.parties(desk.gathering(MEETING))
    assert [(party.name, party.state) for party in parties] == [(NAME, "coming"), ("Second", "waiting")]
    for name, content in files(tmp_path).items():
        assert content.startswith(b"age-encryption.org/v1") or name == "day.json"
        assert NAME.encode() not in content


def test_without_a_server_what_was_fetched_before_is_there(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    session.server.sign_up(name=NAME)
    desk.fetch()
    session.server.away = True
    assert "cannot be reached" in desk.fetch().away
    assert desk.parties(desk.gathering(MEETING))[0].name == NAME


def test_who_cancels_is_erased_here_too(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    id = session.server.sign_up(name=NAME)
    desk.fetch()
    session.server.rows[id]["state"] = "cancelled"
    del session.server.letters[id]
    assert desk.fetch().cancelled == 1
    assert desk.fetch().cancelled == 0
    assert desk.parties(desk.gathering(MEETING)) == []
    assert [name for name in files(tmp_path) if id in name] == []


def test_who_changes_what_was_told_is_read_anew_and_the_older_letter_goes(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    id = session.server.sign_up(name="Before")
    desk.fetch()
    session.server.rows[id]["version"] = 1
    session.server.tell(id, name="After")
    assert desk.fetch().new == 1
    assert desk.parties(desk.gathering(MEETING))[0].name == "After"
    assert [name for name in files(tmp_path) if id in name] == [f"signups/{MEETING}/{id}-1.age"]


def test_what_the_server_lost_before_its_time_is_kept_and_said(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    session.server.sign_up(name=NAME)
    desk.fetch()
    session.server.rows.clear()
    session.server.letters.clear()
    desk.fetch()
    assert desk.gathering(MEETING).coming == 2
    assert [row.gone for row in desk.gathering(MEETING).rows] == [True]
    assert desk.parties(desk.gathering(MEETING))[0].name == NAME


def test_a_letter_that_went_between_list_and_fetch_stops_nothing(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    first, second = session.server.sign_up(name="A"), session.server.sign_up(name="B")
    del session.server.letters[first]
    assert desk.fetch().new == 1
    unread = {party.id: party.unreadable for party in desk.parties(desk.gathering(MEETING))}
    assert "Fetch again" in unread[first]
    assert unread[second] == ""


def test_a_strange_list_of_the_server_leaves_ours_as_it_is(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    session.server.sign_up(name=NAME)
    desk.fetch()
    before = files(tmp_path)
    session.server.rows["x"] = {"id": "../../../evil", "event": MEETING, "people": 1, "state": "coming"}
    with pytest.raises(Problem, match="something strange"):
        desk.fetch()
    assert files(tmp_path) == before


def test_junk_in_a_letter_and_a_damaged_list_are_sentences(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    id = session.server.sign_up(name=NAME)
    session.server.letters[id] = session.seal_for_desk(b"no json")
    desk.fetch()
    assert "junk" in desk.parties(desk.gathering(MEETING))[0].unreadable
    (tmp_path / "signups" / MEETING / f"{id}-0.age").write_bytes(b"cut")
    assert "do not open it" in desk.parties(desk.gathering(MEETING))[0].unreadable
    (tmp_path / "signups" / "rows.age").write_bytes(session.seal_for_desk(b"[1"))
    with pytest.raises(Problem, match="is damaged"):
        desk.gatherings()


@pytest.mark.parametrize("strange", ["../../up", "/etc/passwd", "", "a" * 300, "Großes", ".."])
def test_an_event_with_a_strange_name_never_leads_out_of_the_folder(tmp_path: Path, strange: str) -> None:
    desk, session = book(tmp_path / "desk")
    session.server.sign_up(event=strange, name=NAME)
    desk.fetch()
    desk.walk_in(strange, "X", 1)
    assert desk.parties(desk.gathering(strange))[0].name == NAME
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} == {"desk"}
    assert event_folder(strange).startswith("x-")


def test_an_unknown_event_or_party_is_a_sentence(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    session.server.sign_up()
    desk.fetch()
    with pytest.raises(Problem, match="no such event"):
        desk.walk_in("nothing", "X", 1)
    with pytest.raises(Problem, match="no such party at this event"):
        desk.mark(MEETING, "f" * 32, 1)
    with pytest.raises(Problem, match="Nobody came, it says"):
        desk.walk_in(MEETING, "X", 0)
    assert not (tmp_path / "attendance").exists()


def test_marks_are_there_after_the_machine_was_switched_off(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    id = session.server.sign_up(people=4, name=NAME)
    desk.fetch()
    desk.mark(MEETING, id, 4)
    desk.mark(MEETING, id, 3)
    desk.walk_in(MEETING, "  ", 2)
    again = EventRecords(session, lambda: TODAY)
    attendance = again.attendance_by_party(MEETING)
    assert (attendance[id].people, sum(one.people for one in attendance.values())) == (3, 5)
    assert [one.name for one in attendance.values() if one.walk_in] == ["-"]


def test_two_machines_come_together_by_a_copied_folder(tmp_path: Path) -> None:
    records, session = book(tmp_path / "here")
    other_records, other = book(tmp_path / "there")
    other.identity, other.server, other.member = session.identity, session.server, "events/ravi"
    id = session.server.sign_up(people=4)
    records.fetch()
    other_records.fetch()
    records.mark(MEETING, id, 4)
    other_records.mark(MEETING, id, 2)
    other_records.walk_in(MEETING, "Walked in", 3)
    assert records.import_marks(tmp_path / "there" / "attendance") == 2
    assert records.import_marks(tmp_path / "there" / "attendance") == 0
    assert records.attendance_by_party(MEETING)[id].is_disputed
    records.mark(MEETING, id, 4)
    assert sum(one.people for one in records.attendance_by_party(MEETING).values()) == 7
    assert other_records.import_marks(tmp_path / "here" / "attendance") == 2
    assert other_records.attendance_by_party(MEETING) == records.attendance_by_party(MEETING)
    with pytest.raises(Problem, match="is no folder"):
        records.import_marks(tmp_path / "nowhere")


def test_marks_of_another_key_are_counted_as_unreadable_and_not_taken_in(tmp_path: Path) -> None:
    desk, _ = book(tmp_path / "here")
    stranger = pyrage.x25519.Identity.generate().to_public()
    sealed = bytes(pyrage.encrypt(b"{}", [stranger]))
    LocalStore(tmp_path / "other").save(f"attendance/{MEETING}", "a" * 32, sealed)
    assert desk.import_marks(tmp_path / "other" / "attendance") == 0
    LocalStore(tmp_path / "here").save(f"attendance/{MEETING}", "a" * 32, sealed)
    assert (desk.marks(MEETING), desk.unreadable_marks(MEETING)) == ([], 1)


def test_a_full_disk_is_a_sentence_and_the_mark_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, session = book(tmp_path)
    id = session.server.sign_up()
    desk.fetch()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forms.core.files.durable.write_safely", full)
    with pytest.raises(Problem, match="cannot be written"):
        desk.mark(MEETING, id, 1)
    assert desk.attendance_by_party(MEETING) == {}


# Erasing


def fill_records(folder: Path, today: date = TODAY) -> tuple[EventRecords, str]:
    desk, session = book(folder, event(), event("2027-03-clinic", day="2027-03-20"))
    id = session.server.sign_up(people=4, name=NAME, phone="98765")
    session.server.sign_up(event="2027-03-clinic", name="Stays")
    desk.fetch()
    desk.mark(MEETING, id, 3)
    desk.walk_in(MEETING, "Walked in", 2)
    (folder / "reminders" / MEETING).mkdir(parents=True)
    (folder / "reminders" / MEETING / "x.age").write_bytes(b"x")
    has_come(folder, today)
    return EventRecords(session, lambda: today), id


def test_names_are_erased_when_told_and_the_count_stays(tmp_path: Path) -> None:
    desk, id = fill_records(tmp_path, LATER)
    assert erase_old_names(desk) == [EventCount(MEETING, "2027-01-24", 4, 5)]
    assert sorted({name.split("/")[0] for name in files(tmp_path)}) == ["day.json", "event-counts", "signups"]
    assert [name for name in files(tmp_path) if id in name or f"/{MEETING}/" in name] == []
    assert stored_count(desk.session, MEETING) == EventCount(MEETING, "2027-01-24", 4, 5)
    assert desk.gathering("2027-03-clinic").coming == 2
    assert erase_old_names(desk) == []


def test_nothing_is_erased_a_day_too_early(tmp_path: Path) -> None:
    desk, _ = fill_records(tmp_path, date(2027, 2, 23))
    before = files(tmp_path)
    assert erase_old_names(desk) == []
    assert files(tmp_path) == before


def test_what_is_erased_is_not_fetched_again_though_the_server_lists_it_another_day(tmp_path: Path) -> None:
    desk, id = fill_records(tmp_path, LATER)
    erase_old_names(desk)
    assert desk.fetch().new == 0
    assert [name for name in files(tmp_path) if id in name] == []


def test_an_interruption_between_count_and_erasing_counts_nothing_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, _ = fill_records(tmp_path, LATER)
    monkeypatch.setattr(
        "forms.desk.events.event_retention.erase_folder", lambda _: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        erase_old_names(desk)
    monkeypatch.undo()
    shutil.rmtree(tmp_path / "attendance")
    assert erase_old_names(desk) == [EventCount(MEETING, "2027-01-24", 4, 5)]


def test_a_folder_that_cannot_be_erased_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, _ = fill_records(tmp_path, LATER)

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("forms.desk.events.event_retention.shutil.rmtree", refuse)
    with pytest.raises(Problem, match="Erase this folder by hand"):
        erase_old_names(desk)


def test_a_vanished_event_is_erased_by_the_day_that_was_known_of_it(tmp_path: Path) -> None:
    desk, _ = fill_records(tmp_path, LATER)
    desk.session.portal = portal(event("2027-03-clinic", day="2027-03-20"))  # type: ignore[misc]
    assert "no longer in content/tables/events.csv" in desk.gatherings()[0].alarm
    assert erase_old_names(desk) == [EventCount(MEETING, "2027-01-24", 4, 5)]


def test_a_moved_event_keeps_its_names_for_its_new_day(tmp_path: Path) -> None:
    desk, _ = fill_records(tmp_path, LATER)
    desk.session.portal = portal(event(day="2027-02-20", state="moved"))  # type: ignore[misc]
    assert erase_old_names(desk) == []


def test_the_list_is_what_was_written(tmp_path: Path) -> None:
    desk, session = book(tmp_path)
    rows = [SignupRow("a" * 32, MEETING, 2, "waiting", 4, 1, gone=True)]
    signup_list.SignupList(session).save_rows(rows)
    assert desk.signups.rows() == tuple(rows)
    assert desk.signups.last_days() == {MEETING: "2027-01-24"}
