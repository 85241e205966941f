"""A machine that stops, or whose disk is full, at any write: nothing is said that is not so, and nothing is lost."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from forms.core.problem import Problem
from forms.desk.session import Session
from tests.desk.conftest import Office

pytestmark = pytest.mark.usefixtures("site_not_visited")

HOW = ("full", "before", "after")
"""What happens at a write: the disk is full, or the machine stops just before or just after it."""

MOST_WRITES = 20


class Stopped(BaseException):
    """The machine stops: the program catches this nowhere."""


@contextmanager
def interrupted(folder: Path, place: int, how: str) -> Iterator[list[str]]:
    """Let the `place`th write below this folder fail; yield the names of the files that were written."""
    real, written_paths = Path.replace, list[str]()

    def replace(self: Path, target: Any) -> Path:
        if folder in self.parents:
            written_paths.append(str(Path(target).relative_to(folder)))
            if len(written_paths) == place:
                if how == "full":
                    raise OSError(errno.ENOSPC, "No space left on device")
                if how == "after":
                    real(self, target)
                raise Stopped
        return real(self, target)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "replace", replace)
        yield written_paths


def log_of(session: Session, case_id: str) -> set[str]:
    return {entry.id for entry in session.cases.case(case_id).entries}


def test_at_whatever_write_a_machine_stops_colleagues_get_all_that_it_says(office: Office) -> None:
    receipt = office.tell(what="The first case")
    anita, babu = (office.machine(f"police/{name}") for name in ("anita", "babu"))
    anita.sync.run()
    [case] = anita.cases.all()
    folder = office.home / "police" / "anita"
    for how in HOW:
        for place in range(1, MOST_WRITES):
            words = f"We come {how} {place}"
            with interrupted(folder, place, how) as written_paths, suppress(Stopped, Problem):
                session = office.machine("police/anita")
                session.log.answer(case.id, words)
                session.log.write(case.id, "state", state="closed", outcome=words)
            again = office.machine("police/anita")
            assert again.sync.run().away == ""
            again.sync.run()
            babu.sync.run()
            assert log_of(again, case.id) == log_of(babu, case.id), (how, place, written_paths)
            texts = {entry.value.get("text") for entry in again.cases.case(case.id).entries if entry.kind == "answer"}
            page = office.answer_page(receipt)
            assert all(str(text) in page for text in texts), (how, place, written_paths)
            if len(written_paths) < place:
                break
        else:
            pytest.fail("raise MOST_WRITES")


def test_at_whatever_write_a_fetch_stops_the_next_one_brings_all(office: Office) -> None:
    letter_count = 0
    folder = office.home / "police" / "anita"
    office.machine("police/anita").sync.run()
    for how in HOW:
        for place in range(1, MOST_WRITES):
            office.add(office.tell(what=f"Case {letter_count}"), "and more")
            letter_count += 1
            with interrupted(folder, place, how) as written_paths, suppress(Stopped, Problem):
                office.machine("police/anita").sync.run()
            again = office.machine("police/anita")
            assert again.sync.run().away == ""
            assert len(again.cases.all()) == letter_count, (how, place, written_paths)
            assert all(len(case.letters) == 2 for case in again.cases.all()), (how, place, written_paths)
            assert again.cases.unreadable() == ()
            if len(written_paths) < place:
                break
        else:
            pytest.fail("raise MOST_WRITES")


def test_an_outbox_file_that_a_disk_damaged_keeps_nothing_else_back(office: Office) -> None:
    office.tell(what="The first case")
    anita = office.machine("police/anita")
    anita.sync.run()
    [case] = anita.cases.all()
    for name, damaged in (("1", b""), ("2", b"\xff\x00"), ("3", b"{}\nx"), ("4", b"[" * 10**5)):
        (anita.place.folder / "outbox").mkdir(exist_ok=True)
        (anita.place.folder / "outbox" / f"{name}.age").write_bytes(damaged)
    anita.log.write(case.id, "note", text="goes on")
    assert anita.sync.run().away == ""
    babu = office.machine("police/babu")
    babu.sync.run()
    assert [entry.value.get("text") for entry in babu.cases.case(case.id).entries if entry.kind == "note"] == [
        "goes on"
    ]
    assert sorted(path.stem for path in (anita.place.folder / "refused").glob("*")) == ["1", "2", "3", "4"], (
        "doctor tells"
    )


def test_a_letter_that_is_erased_leaves_nothing_of_a_killed_write_either(office: Office) -> None:
    office.tell(what="the letter")
    anita = office.machine("police/anita")
    anita.sync.run()
    [case] = anita.cases.all()
    letter_path = anita.place.folder / "letters" / f"{case.id}.age"
    left = letter_path.with_name(f"{letter_path.name}.0a1b2c3d.new")  # as forms/core/files/durable.py names it
    left.write_bytes(letter_path.read_bytes())
    other = letter_path.with_name(f"{'f' * 32}.age.0a1b2c3d.new")
    other.write_bytes(b"of another letter, which a program may be writing")
    anita.erasing.erase(case.id)
    assert not letter_path.exists()
    assert not left.exists()
    assert other.exists()
