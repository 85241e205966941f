"""A machine's small state files: damage is reported, nothing is lost silently, and no desk stops."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from forms.core.problem import Problem
from forms.core.trusted_date import EARLIEST_DATE, TrustedDate
from forms.desk.cases import acknowledgement, arrivals
from forms.desk.cases.erasure import ErasureRequest, ErasureRequests
from forms.desk.doctor.colleague_keys import colleagues_file, record_colleague_keys
from forms.desk.doctor.examination import examine
from forms.desk.state_file import DamagedFile, StateFile
from forms.desk.sync import date_file, statements
from forms.desk.watch import watch_state
from tests.desk.conftest import Office
from tests.server.conftest import TODAY

MAKERS: dict[str, Any] = {
    "acknowledged.json": acknowledgement.state_file,
    "arrivals.json": arrivals.state_file,
    "statements.json": statements.state_file,
    "day.json": date_file.state_file,
    "colleagues.json": colleagues_file,
    "site-watch.json": watch_state.state_file,
}
STATES: dict[str, Any] = {
    "acknowledged.json": {"a" * 32: "x"},
    "arrivals.json": arrivals.Fetches("2027-01-01", (("a" * 32, "late", "2026-12-01", "2027-01-01"),)),
    "statements.json": statements.Known("k", 3, "2027-01-01", {"3": "h"}, {"a" * 32: 2}, {"b" * 32: "2027-01-02"}),
    "day.json": TrustedDate(TODAY, EARLIEST_DATE, 2),
    "colleagues.json": {"police/babu": "age1x"},
    "site-watch.json": watch_state.WatchState(("p",), "d", True, alarms=(watch_state.Alarm("2027-01-01", "odd"),)),
}
DAMAGE = [b"", b"\xff\x00", b"[", b"[" * 100_000, b"7", b"null", b"[]", b'{"nobody": {"knows": 1}}', b"\x00" * 400]


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_written_is_read_again_and_more_fields_of_a_newer_program_do_no_harm(name: str, tmp_path: Path) -> None:
    file = MAKERS[name](tmp_path)
    assert file.read() is None
    assert list(file.complaints()) == []
    file.write(STATES[name])
    assert MAKERS[name](tmp_path).read() == STATES[name]
    assert list(file.complaints()) == []
    assert file.path.name == name
    if not isinstance(STATES[name], dict):
        file.path.write_bytes(file.path.read_bytes().rstrip(b"}") + b', "newer": [1]}')
        assert file.read() == STATES[name]


@pytest.mark.parametrize("damage", DAMAGE, ids=range(len(DAMAGE)))
@pytest.mark.parametrize("name", MAKERS)
def test_damage_is_a_sentence_and_stays_one_after_the_file_is_written_anew(
    name: str, damage: bytes, tmp_path: Path
) -> None:
    file = MAKERS[name](tmp_path)
    file.path.write_bytes(damage)
    with pytest.raises(DamagedFile, match="is damaged"):
        file.read()
    [complaint] = file.complaints()
    assert name in complaint
    file.write(STATES[name])
    assert file.read() == STATES[name]
    [complaint] = file.complaints()
    assert f"{name}.damaged" in complaint
    assert (tmp_path / f"{name}.damaged").read_bytes() == damage, "whoever looks for the cause has it"
    (tmp_path / f"{name}.damaged").unlink()
    assert list(file.complaints()) == []


@pytest.mark.parametrize("damage", [*DAMAGE, b'{"since": "2027-01-01", "proof": "", "proven": "yes"}'])
def test_a_damaged_request_to_erase_is_one_that_nobody_has_proven(damage: bytes, tmp_path: Path) -> None:
    """Not none: the person may have asked, and staff decide."""
    id, requests = "a" * 32, ErasureRequests(tmp_path)
    requests.add(id, "f" * 64, TODAY)
    requests.mark_proven(id, TODAY)
    (tmp_path / "erasure" / f"{id}.json").write_bytes(damage)
    assert requests.all() == {id: ErasureRequest(EARLIEST_DATE, "")}
    requests.add(id, "f" * 64, TODAY)
    requests.mark_proven(id, TODAY)
    assert requests.of(id) == ErasureRequest(TODAY, "f" * 64, proven=True)


def test_a_full_disk_keeps_nobody_from_letters_and_damages_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = StateFile(tmp_path / "day.json", TypeAdapter(dict[str, str]))
    file.write({"a": "b"})
    monkeypatch.setattr("forms.core.files.durable.write_safely", full)
    file.try_to_write({"a": "c"})
    with pytest.raises(Problem, match="cannot be written"):
        file.write({"a": "c"})
    assert file.read() == {"a": "b"}


def test_the_doctor_says_which_memory_is_damaged(office: Office) -> None:
    anita = office.machine("police/anita")
    anita.sync.run()
    for name in MAKERS:
        (anita.place.folder / name).write_bytes(b"")
    output = "\n".join(one.sentence for one in examine(anita) if not one.ok)
    assert [name for name in MAKERS if f"{name} in this desk's folder" not in output] == []
    anita.sync.run()
    record_colleague_keys(anita)
    output = "\n".join(one.sentence for one in examine(anita) if not one.ok)
    assert [name for name in MAKERS if f"{name} in this desk's folder" not in output] == [], (
        "still, after it was written"
    )
