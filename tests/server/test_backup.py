"""A server that is lost comes back whole from its backup: every receipt that was shown before it opens again."""

import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest
from click.testing import CliRunner

from forms.core import portal as portals
from forms.core.crypto.signing import private_key
from forms.core.files import folder_swap
from forms.core.problem import Problem
from forms.core.trusted_date import TrustedDate
from forms.operations.backup import archive, contents, folder, making, restoring, verifying
from forms.operations.backup import opening as reading
from forms.operations.backup.archive import ArchiveMember, NotABackup
from forms.operations.backup.contents import DATABASES, SITE
from forms.operations.backup.erasing_again import erase_again
from forms.operations.backup.folder import Backup, Rule
from forms.operations.backup.members import site_path
from forms.operations.backup.opening import Opening
from forms.operations.cli import backup_commands
from forms.operations.cli.backup_commands import rule
from forms.operations.cli.main import portal
from forms.server import config
from forms.server.app import create_app
from forms.server.config import ServerSettings
from forms.server.districts import dispatch
from forms.server.services import retention
from forms.server.services.operator_log import Leader
from forms.server.store import erasures, restore_mark, system_tables
from forms.server.web.current import state_of
from tests.patience import until

from ..operations.test_cut_short import INTERRUPTIONS, MAX_CHANGES, cut_at
from .conftest import CHEAP, TODAY, Endpoint

IDENTITY = pyrage.x25519.Identity.generate()
KEY, SECRET = str(IDENTITY.to_public()), str(IDENTITY)
LATER = TODAY + timedelta(days=3)
Make = Callable[..., Endpoint]


def settings_of(endpoint: Endpoint, **more: Any) -> ServerSettings:
    portal = endpoint.data.parent / "portal.json"
    return config.read({"portal": portal, "data": endpoint.data, "cost": CHEAP, **more})


def backup(endpoint: Endpoint, into: Path, day: date = TODAY, **more: Any) -> making.NewBackup:
    return making.make(settings_of(endpoint, **more), into, [KEY], day, {"PORTAL_WORKERS": "2", "HOME": "/root"})


def opening(made: making.NewBackup) -> Opening:
    return Opening([SECRET], made.signer)


def code_of(endpoint: Endpoint, form: str = "concern", **answers: Any) -> str:
    words = {"what": "They keep our papers."} if form == "concern" else {"event": "meeting", "people": "2"}
    return endpoint.code(endpoint.send(form, **{**words, **answers}))


def opens(endpoint: Endpoint, code: str, form: str = "answer") -> bool:
    return endpoint.post(form, code=code).status_code == 200


@pytest.fixture
def again(tmp_path: Path, district: Any) -> Any:
    """Start the endpoint on a data folder that was brought back."""
    apps: list[Any] = []

    def start(data: Path, **more: Any) -> Endpoint:
        given = {"portal": tmp_path / "portal.json", "data": data, "today": lambda: LATER, "cost": CHEAP}
        apps.append(create_app({**given, **more}))
        return Endpoint(apps[-1].test_client(), data, district.identities)

    yield start
    for app in apps:
        state_of(app).services.close()


def close(endpoint: Endpoint) -> None:
    dispatch.stop(endpoint.client.application)


def lose(endpoint: Endpoint) -> None:
    close(endpoint)
    shutil.rmtree(endpoint.data)


def test_a_lost_server_comes_back_and_every_receipt_opens(endpoint: Endpoint, tmp_path: Path, again: Any) -> None:
    codes, number = [code_of(endpoint, what=f"letter {n}") for n in range(3)], code_of(endpoint, "signup")
    made = backup(endpoint, tmp_path / "backups")
    lose(endpoint)
    found = restoring.restore(settings_of(endpoint), made.path, opening(made), LATER)
    assert found.before is None
    assert found.rows > 4
    back = again(endpoint.data)
    assert all(opens(back, code) for code in codes)
    assert opens(back, number, "cancel")
    assert len(back.open_letters()) == 3, "desks can fetch and open them"
    assert (endpoint.data.stat().st_mode & 0o777, (endpoint.data / "salt").stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_drill_under_load(endpoint: Endpoint, tmp_path: Path, again: Any) -> None:
    """Letters go on coming while the backup is made: each receipt that was shown before it began opens afterwards."""
    shown: list[str] = []
    ended = threading.Event()

    def send(worker: int) -> None:
        n = 0
        while not ended.is_set():
            n += 1
            shown.append(code_of(endpoint, what=f"{worker} {n} " + "word " * 50))

    with ThreadPoolExecutor(3) as pool:
        tasks = [pool.submit(send, worker) for worker in range(3)]
        until(lambda: len(shown) >= 6)
        before = list(shown)
        made = backup(endpoint, tmp_path / "backups")
        ended.set()
        for task in tasks:
            task.result()
    lose(endpoint)
    restoring.restore(settings_of(endpoint), made.path, opening(made), LATER)
    back = again(endpoint.data)
    assert all(opens(back, code) for code in before)
    assert verifying.check(made.path, [SECRET], made.signer).rows > 6


def test_nothing_in_clear_is_written_while_a_backup_is_made(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code_of(endpoint, what="MARKED words")
    opened: list[str] = []
    watching = [True]  # a hook cannot be taken out again
    sys.addaudithook(
        lambda name, args: opened.append(str(args[0])) if watching and name == "open" and _writes(args) else None
    )
    made = backup(endpoint, tmp_path / "backups")
    watching.clear()
    names = {Path(name).name for name in opened if name and not name.isdigit()}
    written = {name for name in names if not re.match(r"(portal-|lock|backup-key)", name)}
    assert not any(name.endswith((".tar", ".db", ".sql", ".tmp")) for name in written), written
    salt = (endpoint.data / "salt").read_bytes()
    for path in (tmp_path / "backups").iterdir():
        assert salt not in path.read_bytes()
        assert b"recipients" not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0, "only the service's user reads it"
    assert made.size == made.path.stat().st_size


def _writes(args: Any) -> bool:
    return bool(isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR))


def test_a_backup_holds_no_order_of_arrival_and_no_time(endpoint: Endpoint, tmp_path: Path) -> None:
    for n in range(8):
        code_of(endpoint, what=f"letter {n}")
    made = backup(endpoint, tmp_path / "backups")
    with made.path.open("rb") as file:
        members = {member.name: member.content for member in reading.read(file, [SECRET])}
    from forms.server.store.rows import rows_in  # noqa: PLC0415

    ids = [row["id"] for name, chunk in members.items() if "/letters/" in name for row in rows_in(chunk)]
    assert len(ids) == 8
    assert ids == sorted(ids)
    with made.path.open("rb") as file:
        plain = io.BytesIO()
        pyrage.decrypt_io(file, plain, [IDENTITY])
    plain.seek(0)
    with tarfile.open(fileobj=plain) as tar:
        assert {(info.mtime, info.uid, info.uname) for info in tar} == {(0, 0, "")}
    assert b"HOME" not in members["settings.json"]


# What people had erased


def test_what_was_erased_after_the_backup_does_not_come_back(endpoint: Endpoint, tmp_path: Path, again: Any) -> None:
    kept, erased = code_of(endpoint, what="stays"), code_of(endpoint, what="goes")
    number = code_of(endpoint, "signup")
    desks_copy = endpoint.letter_ids("legal")
    made = backup(endpoint, tmp_path / "backups")
    assert opens(endpoint, erased)
    endpoint.post("answer", code=erased, do="delete-now")
    endpoint.post("cancel", code=number, do="cancel")
    small = making.make_erasures(settings_of(endpoint), tmp_path / "backups", [KEY], LATER)
    lose(endpoint)
    found = restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, erasures=small.path)
    assert found.erased_again == 2
    back = again(endpoint.data)
    assert opens(back, kept)
    assert not opens(back, erased)
    assert len(back.letter_ids("legal")) == len(desks_copy) - 1
    assert "cancelled" in back.post("cancel", code=number).get_data(as_text=True).lower()


def test_a_desk_that_had_the_letter_gets_its_notice_after_the_restore(
    endpoint: Endpoint, tmp_path: Path, again: Any
) -> None:
    erased = code_of(endpoint, what="goes")
    (letter,) = endpoint.letter_ids("police")
    endpoint.pickup(f"letters/{letter}")
    endpoint.pickup(f"letters/{letter}/acknowledge", method="POST")
    made = backup(endpoint, tmp_path / "backups")
    endpoint.post("answer", code=erased, do="delete-now")
    small = making.make_erasures(settings_of(endpoint), tmp_path / "backups", [KEY], LATER)
    lose(endpoint)
    restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, erasures=small.path)
    (notice,) = again(endpoint.data).open_letters("police")
    assert notice["form"] == "deletion"
    assert notice["follows"] == letter
    assert notice["proof"], "what the person's receipt proved is not lost either"


def test_what_one_desk_erased_does_not_come_back_to_it(endpoint: Endpoint, tmp_path: Path, again: Any) -> None:
    code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    (letter,) = endpoint.letter_ids("police")
    endpoint.pickup(f"letters/{letter}", method="DELETE")
    small = making.make_erasures(settings_of(endpoint), tmp_path / "backups", [KEY], LATER)
    lose(endpoint)
    restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, erasures=small.path)
    back = again(endpoint.data)
    assert back.letter_ids("police") == []
    assert back.letter_ids("legal") == [letter]


def test_restoring_over_what_is_there_erases_by_what_is_known_there(
    endpoint: Endpoint, tmp_path: Path, again: Any
) -> None:
    erased = code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    endpoint.post("answer", code=erased, do="delete-now")
    close(endpoint)
    found = restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, in_place=True)
    assert found.erased_again == 1
    assert found.before is not None
    assert (found.before / "concerns.db").exists(), "what was there is kept"
    assert not opens(again(endpoint.data), erased)


def test_a_mark_cannot_be_matched_to_a_receipt_nor_tells_a_day(endpoint: Endpoint) -> None:
    from forms.core.crypto import receipts  # noqa: PLC0415

    code = code_of(endpoint)
    endpoint.post("answer", code=code, do="delete-now")
    services = state_of(endpoint.client.application).services
    keys = receipts.derive(receipts.read(code), services.salt, "concern", CHEAP)
    with services.concerns.reading() as connection:
        rows = connection.exec_driver_sql("select mark, day from erased").all()
    assert [str(day)[8:10] for _, day in rows] == ["01"]
    assert len(rows) == 1
    known = [keys.lookup.hex(), keys.erase.hex(), keys.erase_hash, keys.answer_key, keys.recipient, code]
    marks = {mark for mark, _ in rows}
    is_erased = erasures.erasure_check(services.concerns)
    assert not marks & set(known)
    assert not any(is_erased(value) for value in known)


def test_marks_are_forgotten_when_no_backup_is_so_old(endpoint: Endpoint) -> None:
    endpoint.post("answer", code=code_of(endpoint), do="delete-now")
    store = state_of(endpoint.client.application).services.concerns
    erasures.delete_old_marks(store, erased_before=date(2000, 1, 1))
    with store.reading() as connection:
        assert connection.exec_driver_sql("select count(*) from erased").scalar() == 1
    erasures.delete_old_marks(store, erased_before=date(2999, 1, 1))
    with store.reading() as connection:
        assert connection.exec_driver_sql("select count(*) from erased").scalar() == 0


def test_marks_of_a_clock_in_2031_go_when_others_of_their_day_go(endpoint: Endpoint) -> None:
    """Whichever day it is while the clock is doubted, no mark goes before its time."""
    store = state_of(endpoint.client.application).services.concerns

    def days() -> list[str]:
        with store.reading() as connection:
            return [str(day) for (day,) in connection.exec_driver_sql("select day from erased order by day")]

    def erase(known: TrustedDate) -> None:
        retention.erase_old(state_of(endpoint.client.application).services, known)

    with store.writing() as connection:
        store.add_rows(connection, system_tables.erased, [{"mark": "ab" * 32, "day": date(2031, 5, 1)}])
    erase(TrustedDate(TODAY, date(2031, 5, 20), 1))
    assert days() == ["2031-05-01"], "the clock may be right"
    erase(TrustedDate(TODAY))
    endpoint.post("answer", code=code_of(endpoint), do="delete-now")
    assert days() == [str(TODAY.replace(day=1))] * 2, "also those that were made since"
    erase(TrustedDate(TODAY + timedelta(days=erasures.MARKS_KEPT_DAYS - 40)))
    assert len(days()) == 2
    erase(TrustedDate(TODAY + timedelta(days=erasures.MARKS_KEPT_DAYS + 40)))
    assert days() == []


# Attacks on the file


def test_a_cut_swapped_or_changed_backup_is_refused(endpoint: Endpoint, tmp_path: Path) -> None:
    code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    whole = made.path.read_bytes()
    lose(endpoint)
    for broken in (
        b"",
        whole[:20],
        whole[: len(whole) // 2],
        whole[:-1],
        whole[:900] + b"x" + whole[901:],
        whole + b"x",
    ):
        made.path.write_bytes(broken)
        with pytest.raises(NotABackup):
            restoring.restore(settings_of(endpoint), made.path, opening(made), LATER)
        assert verifying.problems(tmp_path / "backups"), "also without the key"
        assert not endpoint.data.exists(), "nothing half-written"
        assert not list(endpoint.data.parent.glob("*.restoring"))
    made.path.write_bytes(whole)
    assert verifying.problems(tmp_path / "backups", made.signer) == []


def test_a_backup_that_somebody_else_made_is_refused(endpoint: Endpoint, tmp_path: Path) -> None:
    """Whoever knows the operator's public key can encrypt to it; only this server can sign."""
    code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    forged = tmp_path / "forged.age"
    with made.path.open("rb") as file:
        members = [member for member in reading.read(file, [SECRET]) if member.name != archive.SIGNATURE]
    with forged.open("wb") as file:
        archive.write(file, members, [KEY], private_key("11" * 32))
    lose(endpoint)
    with pytest.raises(NotABackup, match="not made by that server"):
        restoring.restore(settings_of(endpoint), forged, opening(made), LATER)
    assert not endpoint.data.exists()
    with pytest.raises(NotABackup, match="not made by that server"):
        verifying.check(forged, [SECRET], made.signer)


def test_an_older_backup_under_a_newer_name_is_noticed(endpoint: Endpoint, tmp_path: Path) -> None:
    into = tmp_path / "backups"
    old, new = backup(endpoint, into), backup(endpoint, into, LATER)
    new.path.write_bytes(old.path.read_bytes())
    assert any("others" in problem or "bytes" in problem for problem in verifying.problems(into, new.signer))
    folder.note_path(new.path).write_bytes(folder.note_path(old.path).read_bytes())
    assert any("another backup" in problem for problem in verifying.problems(into, new.signer))


def test_erasures_of_another_installation_are_refused(endpoint: Endpoint, make_endpoint: Make, tmp_path: Path) -> None:
    code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    other = make_endpoint(data=tmp_path / "other")
    other.data = tmp_path / "other"
    small = making.make_erasures(settings_of(other), tmp_path / "others", [KEY], LATER)
    lose(endpoint)
    with pytest.raises(NotABackup, match="not made by that server"):
        restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, erasures=small.path)
    with pytest.raises(NotABackup, match="another installation"):
        restoring.restore(settings_of(endpoint), made.path, Opening([SECRET], ""), LATER, erasures=small.path)
    assert not endpoint.data.exists()


@pytest.mark.parametrize(
    "name", ["site/../../etc/x", "/etc/passwd", "site/%2e%2e/x", "%2Fetc", "unknown", "concerns/x", "site/a%00b"]
)
def test_hostile_members_write_nothing_elsewhere(endpoint: Endpoint, tmp_path: Path, name: str) -> None:
    """Also where the signature fits: the server may have been taken over."""
    made = backup(endpoint, tmp_path / "backups")
    with made.path.open("rb") as file:
        members = [member for member in reading.read(file, [SECRET]) if member.name != archive.SIGNATURE]
    hostile = tmp_path / "hostile.age"
    with hostile.open("wb") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive, "NAME", re.compile(r".*", re.DOTALL))
        archive.write(file, [*members, ArchiveMember(name, b"x")], [KEY], private_key("11" * 32))
    lose(endpoint)
    before = set(tmp_path.rglob("*"))
    with pytest.raises((NotABackup, Problem)):
        restoring.restore(settings_of(endpoint), hostile, Opening([SECRET], ""), LATER, release=tmp_path / "release")
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_a_member_that_is_no_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    plain = io.BytesIO()
    with tarfile.open(mode="w|", fileobj=plain) as tar:
        info = tarfile.TarInfo("salt")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    sealed = pyrage.encrypt(plain.getvalue(), [IDENTITY.to_public()])
    with pytest.raises(NotABackup):
        list(reading.read(io.BytesIO(sealed), [SECRET]))


def test_the_site_lies_where_it_belongs(endpoint: Endpoint, tmp_path: Path) -> None:
    public = tmp_path / "public" / "en"
    public.mkdir(parents=True)
    (public / "index.html").write_text("page")
    (public / "a b.txt").write_text("odd name")
    made = backup(endpoint, tmp_path / "backups")
    lose(endpoint)
    restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, release=tmp_path / "release")
    assert (tmp_path / "release" / "public" / "en" / "index.html").read_text() == "page"
    assert (tmp_path / "release" / "public" / "en" / "a b.txt").read_text() == "odd name"
    assert portals.read(tmp_path / "release" / "portal.json").desks
    assert restoring.settings_of(endpoint.data) == {"PORTAL_WORKERS": "2"}
    assert site_path(f"{SITE}/a%20b").as_posix() == "public/a b"


# The operator


def test_a_living_system_is_not_overwritten(endpoint: Endpoint, tmp_path: Path) -> None:
    code = code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    with pytest.raises(Problem, match="is there already"):
        restoring.restore(settings_of(endpoint), made.path, opening(made), LATER)
    running = Leader(endpoint.data)
    assert running()
    with pytest.raises(Problem, match="the service runs"):
        restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, in_place=True)
    running.close()
    assert opens(endpoint, code)


def test_the_folder_one_stands_in_can_be_named(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup(endpoint, tmp_path / "backups")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    there = config.read({"portal": settings_of(endpoint).portal.resolve(), "data": "."})
    restoring.restore(there, made.path, opening(made), LATER)
    assert (tmp_path / "here" / "salt").read_bytes() == (endpoint.data / "salt").read_bytes()
    assert (tmp_path / "here" / "concerns.db").exists()


def test_two_backups_at_once_do_not_meet(endpoint: Endpoint, tmp_path: Path) -> None:
    with folder.alone(tmp_path / "backups"), pytest.raises(Problem, match="another backup runs"):
        backup(endpoint, tmp_path / "backups")
    assert backup(endpoint, tmp_path / "backups").path.exists()


def test_the_hourly_backup_waits_for_the_nightly_one(tmp_path: Path) -> None:
    """Met on a real Debian: both timers began in the same minute, and the small one failed."""
    done: list[str] = []

    def small() -> None:
        with folder.alone(tmp_path / "backups", patience=120):
            done.append("small")

    with folder.alone(tmp_path / "backups"):
        other = threading.Thread(target=small)
        other.start()
        other.join(1.5)  # it would have come in by then, were it let in
        done.append("nightly")
    other.join(120)
    assert done == ["nightly", "small"]


def test_a_full_disk_leaves_the_backups_as_they_were(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = backup(endpoint, tmp_path / "backups")
    real = folder.CountingFile.write

    def full(self: Any, data: bytes) -> int:
        if self.size > 100:
            raise OSError(28, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(folder.CountingFile, "write", full)
    with pytest.raises(OSError, match="No space"):
        backup(endpoint, tmp_path / "backups", LATER)
    assert [one.path for one in folder.every(tmp_path / "backups")] == [first.path]
    assert not list((tmp_path / "backups").glob("*unfinished"))
    assert verifying.problems(tmp_path / "backups") == []


def test_a_disk_that_writes_other_bytes_is_noticed(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = folder.CountingFile.write
    monkeypatch.setattr(
        folder.CountingFile, "write", lambda self, data: real(self, data) if self.size < 100 else _lost(self, data)
    )
    with pytest.raises(Problem, match="was not written as it should be"):
        backup(endpoint, tmp_path / "backups")
    assert folder.every(tmp_path / "backups") == []


def _lost(counting: Any, data: bytes) -> int:
    counting.digest.update(data)
    counting.size += len(data)
    counting.file.write(b"\0" * len(data))
    return len(data)


KILLED = """
import os, random, signal, sys, threading, time
from datetime import date
from pathlib import Path
from forms.operations.backup import making
from forms.server import config
settings = config.read({"portal": Path(sys.argv[1]), "data": Path(sys.argv[2])})
for n in range(int(sys.argv[5])):
    child = os.fork()
    if child == 0:
        making.make(settings, Path(sys.argv[3]), [sys.argv[4]], date(2027, 1, 1), {})
        os._exit(0)
    time.sleep(random.random() * 0.08)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_killed_fifty_times_each_backup_that_has_a_name_is_whole(endpoint: Endpoint, tmp_path: Path) -> None:
    for n in range(3):
        code_of(endpoint, what=f"{n}")
    into, portal = tmp_path / "backups", tmp_path / "portal.json"
    arguments = [str(portal), str(endpoint.data), str(into), KEY, "50"]
    subprocess.run([sys.executable, "-c", KILLED, *arguments], check=True, timeout=300)
    for one in folder.every(into):
        assert verifying.check(one.path, [SECRET]).rows > 3
        assert folder.read_note(one.path)
    made = backup(endpoint, into, LATER)
    assert verifying.problems(into, made.signer) == []
    assert not list(into.glob("*unfinished"))


@pytest.mark.parametrize("key", ["", "age1nonsense", SECRET])
def test_a_key_that_is_none_is_said_before_anything_is_written(endpoint: Endpoint, tmp_path: Path, key: str) -> None:
    with pytest.raises(Problem, match="PORTAL_BACKUP_KEY"):
        making.make(settings_of(endpoint), tmp_path / "backups", [key], TODAY, {})
    assert folder.every(tmp_path / "backups") == []


def test_a_backup_beside_what_it_is_of_is_refused(endpoint: Endpoint) -> None:
    with pytest.raises(Problem, match="lost together"):
        backup(endpoint, endpoint.data / "backups")


def test_no_empty_backup_is_made_of_a_database_that_is_gone(endpoint: Endpoint, tmp_path: Path) -> None:
    close(endpoint)
    (endpoint.data / "concerns.db").unlink()
    with pytest.raises(Problem, match="is not there"):
        backup(endpoint, tmp_path / "backups")
    assert not (endpoint.data / "concerns.db").exists()


def test_the_wrong_key_is_said(endpoint: Endpoint, tmp_path: Path) -> None:
    made = backup(endpoint, tmp_path / "backups")
    with pytest.raises(NotABackup, match="another key"):
        verifying.check(made.path, [str(pyrage.x25519.Identity.generate())])


def test_how_many_stay() -> None:
    today = date(2027, 6, 30)
    backups = [Backup(Path(f"{n}"), 1000 - n, today - timedelta(days=n)) for n in range(400)]
    stay = folder.kept(backups, Rule())
    days = sorted((today - one.day).days for one in backups if one.number in stay)
    assert days[:7] == list(range(7))
    assert len(stay) <= 7 + 4 + 12
    assert len({(one.day.year, one.day.month) for one in backups if one.number in stay}) == 12
    twice = [replace(backups[0], number=2000), *backups]
    assert 1000 not in folder.kept(twice, Rule()), "of one day the newest"


def test_a_clock_that_jumps_removes_no_backup(endpoint: Endpoint, tmp_path: Path) -> None:
    into = tmp_path / "backups"
    for n in range(3):
        backup(endpoint, into, TODAY + timedelta(days=n))
    backup(endpoint, into, date(2999, 1, 1))
    assert len(folder.every(into)) == 4


# PostgreSQL


def test_from_sqlite_into_postgresql(endpoint: Endpoint, tmp_path: Path, postgres: str, again: Any) -> None:
    codes, number = [code_of(endpoint, what=f"{n}") for n in range(3)], code_of(endpoint, "signup")
    made = backup(endpoint, tmp_path / "backups")
    lose(endpoint)
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as connection:
        for name in ("back_concerns", "back_signups"):
            connection.execute(f"create database {name}")
    urls = {
        "concerns_url": postgres.replace("/postgres?", "/back_concerns?"),
        "signups_url": postgres.replace("/postgres?", "/back_signups?"),
    }
    restoring.restore(settings_of(endpoint, **urls), made.path, opening(made), LATER)
    back = again(endpoint.data, **urls)
    assert all(opens(back, code) for code in codes)
    assert opens(back, number, "cancel")
    second = making.make(settings_of(endpoint, **urls), tmp_path / "second", [KEY], LATER, {})
    close(back)
    checked = verifying.check(second.path, [SECRET], made.signer)
    assert checked.rows >= verifying.check(made.path, [SECRET]).rows
    shutil.rmtree(endpoint.data)
    with pytest.raises(Problem, match="holds letters or sign-ups already"):
        restoring.restore(settings_of(endpoint, **urls), made.path, opening(made), LATER)


# The person


@pytest.mark.parametrize("language", ["en", "ta", "te", "hi", "or"])
def test_a_receipt_made_after_the_backup_gets_a_sentence_of_its_own(
    endpoint: Endpoint, tmp_path: Path, again: Any, language: str
) -> None:
    made = backup(endpoint, tmp_path / "backups")
    code, number = code_of(endpoint), code_of(endpoint, "signup")
    lose(endpoint)
    usual = endpoint_says(again(tmp_path / "other"), code, "answer", language)
    restoring.restore(settings_of(endpoint), made.path, opening(made), LATER)
    back = again(endpoint.data)
    for form, typed in (("answer", code), ("cancel", number)):
        message = endpoint_says(back, typed, form, language)
        assert message != usual
        assert len(message) > 100
    lookup = back.client.post("/forms/sealed/v1/lookups", json={"lookup": "ab" * 32, "language": "en"})
    assert (lookup.status_code, lookup.get_json()["why"]) == (404, "restored")


def endpoint_says(endpoint: Endpoint, code: str, form: str, language: str) -> str:
    """What stands beside the number that was typed."""
    page = endpoint.post(form, language, code=code)
    assert page.status_code == 422
    return endpoint.search(r'class="error"[^>]*><span[^>]*>[^<]*</span>\s*([^<]+)', page)


def test_the_sentence_goes_when_what_was_lost_would_be_erased_anyway(endpoint: Endpoint) -> None:
    store = state_of(endpoint.client.application).services.concerns
    restore_mark.note_restored(store, TODAY, TODAY)
    erasures.delete_old_marks(store, restored_before=TODAY)
    assert restore_mark.last_restore(store) == (TODAY, TODAY)
    erasures.delete_old_marks(store, restored_before=TODAY + timedelta(days=1))
    assert restore_mark.last_restore(store) is None


def test_the_commands(endpoint: Endpoint, tmp_path: Path, again: Any) -> None:
    """As the operator types them: a key, a backup and what was erased, a check, the loss, the way back."""
    code, erased = code_of(endpoint), code_of(endpoint, what="goes")
    environment = {
        "PORTAL_PORTAL": str(tmp_path / "portal.json"),
        "PORTAL_DATA": str(endpoint.data),
        "PORTAL_BACKUP_FOLDER": str(tmp_path / "backups"),
    }

    def run(*arguments: str) -> str:
        done = CliRunner(env=environment).invoke(portal, [*arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    key = str(tmp_path / "operator.key")
    environment["PORTAL_BACKUP_KEY"] = re.findall("age1[a-z0-9]+", run("backup-key", key, "--passphrase", ""))[0]
    assert Path(key).stat().st_mode & 0o777 == 0o600
    signer = run("backup").splitlines()[-1]  # the whole line, as people copy it
    assert re.search("Signed by ed25519:[0-9a-f]{64}$", signer)
    endpoint.post("answer", code=erased, do="delete-now")
    run("backup", "--erasures")
    assert "was not tried" in run("verify")
    assert "all read" in run("verify", "--key", key, "--signer", signer)
    (made,) = (tmp_path / "backups").glob("portal-*.age")
    lose(endpoint)
    output = run("restore", str(made), "--key", key, "--signer", signer)
    assert "PORTAL_BACKUP_KEY" not in output, "only what differs is said"
    assert "had erased it: 1." in output
    back = again(endpoint.data)
    assert opens(back, code)
    assert not opens(back, erased)


@pytest.mark.parametrize("signer", ["", "ed25519:", f"ed25519:{'0' * 63}", f"ed25519:{'0' * 64} ed25519:{'1' * 64}"])
@pytest.mark.parametrize("command", ["restore", "verify"])
def test_a_server_key_that_is_none_is_said_and_not_taken_for_any_or_another(
    tmp_path: Path, command: str, signer: str
) -> None:
    """An empty variable in the shell was: any server. Half a key was: a forged backup."""
    (tmp_path / "file").touch()
    words = [command, str(tmp_path / "file"), "--key", str(tmp_path / "file"), "--signer", signer]
    output = CliRunner(env={"PORTAL_BACKUP_FOLDER": ""}).invoke(portal, words).output
    assert ("holds no key of a server" in output) == (bool(signer) or command == "restore")


def test_a_locked_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    public = reading.make_key(tmp_path / "key", "correct horse")
    assert b"AGE-SECRET" not in (tmp_path / "key").read_bytes()
    (secret,) = reading.read_identities(tmp_path / "key", lambda: "correct horse")
    assert str(pyrage.x25519.Identity.from_str(secret).to_public()) == public
    with pytest.raises(Problem, match="does not open"):
        reading.read_identities(tmp_path / "key", lambda: "wrong")
    with pytest.raises(Problem, match="is there already"):
        reading.make_key(tmp_path / "key", "")


@pytest.mark.parametrize("keep", ["7", "7,4", "0,4,12", "a,b,c", "7,4,12,1", "-1,4,12"])
def test_a_rule_that_is_none_is_said(keep: str) -> None:
    with pytest.raises(Problem, match="PORTAL_BACKUP_KEEP"):
        rule(keep)


@pytest.mark.parametrize("change", [{"format": 99}, {"schema": "9999"}])
def test_a_backup_of_a_newer_program_is_said(change: dict[str, Any]) -> None:
    about = {"kind": "backup", "number": 1, "day": "2027-01-01", "district": "x", "salt_mark": "y", **change}
    with pytest.raises(NotABackup, match="newer program"):
        contents.read_manifest(ArchiveMember(contents.MANIFEST, json.dumps(about).encode()))


# Over a service, over a disk, over another district


def test_a_service_that_runs_is_noticed_before_it_has_looked_once(endpoint: Endpoint, tmp_path: Path) -> None:
    made = backup(endpoint, tmp_path / "backups")
    with pytest.raises(Problem, match="the service runs"):
        restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, in_place=True)


def require_told_during_a_restore(
    endpoint: Endpoint, made: making.NewBackup, monkeypatch: pytest.MonkeyPatch, attempt: Callable[[], object]
) -> None:
    """Restore a backup in place, and require that what is tried meanwhile is told so."""
    tried: list[str] = []
    real = erase_again

    def meanwhile(stores: Any) -> int:
        with pytest.raises(Problem, match="being brought back") as raised:
            attempt()
        tried.append(str(raised.value))
        return real(stores)

    monkeypatch.setattr(restoring, "erase_again", meanwhile)
    restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, in_place=True)
    assert len(tried) == 1


def test_no_service_starts_while_its_folder_is_brought_back(
    endpoint: Endpoint, tmp_path: Path, again: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket starts it with the next visitor: what they send would lie in the folder that is put away."""
    code = code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    require_told_during_a_restore(endpoint, made, monkeypatch, lambda: again(endpoint.data))
    assert opens(again(endpoint.data), code)


@pytest.mark.parametrize("kind", [backup, lambda *a: making.make_erasures(settings_of(a[0]), a[1], [KEY], TODAY)])
def test_a_timer_that_backs_up_while_a_restore_runs_is_told_so(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[..., making.NewBackup]
) -> None:
    """It would read the salt of one folder and the letters of the other."""
    code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    require_told_during_a_restore(endpoint, made, monkeypatch, lambda: kind(endpoint, tmp_path / "others"))
    assert kind(endpoint, tmp_path / "others").path.exists(), "the next hour's is made"


def test_no_restore_begins_under_a_backup(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    real = contents.everything

    def begins(*arguments: Any) -> Any:
        with pytest.raises(Problem, match="is in use: the service runs, or a backup"):
            restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, in_place=True)
        return real(*arguments)

    monkeypatch.setattr(contents, "everything", begins)
    second = backup(endpoint, tmp_path / "backups")
    assert verifying.check(second.path, [SECRET], made.signer).rows


def test_the_lock_leads_nobody_to_another_file(endpoint: Endpoint, tmp_path: Path) -> None:
    """The service's user puts a link there, and root restores."""
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    theirs = tmp_path / "roots"
    theirs.write_text("root's")
    (endpoint.data / "in-use").unlink()
    (endpoint.data / "in-use").symlink_to(theirs)
    os.chown(endpoint.data, 12345, 12345) if os.geteuid() == 0 else None
    restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, in_place=True)
    assert theirs.read_text() == "root's"
    assert theirs.stat().st_uid == os.geteuid()


def test_there_is_no_moment_without_a_data_folder(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power goes between two renames: a service would begin a new folder, with another salt."""
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    real = Path.rename

    def cut(self: Path, to: Path) -> Path:
        assert endpoint.data.exists()
        done = real(self, to)
        assert endpoint.data.exists()
        return done

    monkeypatch.setattr(Path, "rename", cut)
    restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, in_place=True)


def test_a_disk_of_its_own_is_said(endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    monkeypatch.setattr(restoring.os.path, "ismount", lambda path: path == endpoint.data)
    with pytest.raises(Problem, match=r"is a disk of its own.*PORTAL_DATA"):
        restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, in_place=True)


def test_a_backup_of_another_district_is_refused(endpoint: Endpoint, tmp_path: Path, district: Any) -> None:
    made = backup(endpoint, tmp_path / "backups")
    lose(endpoint)
    own = tmp_path / "portal.json"
    portals.write(replace(district.portal, district={"en": "South"}), own)
    with pytest.raises(Problem, match=f"and {own} of South.*--renamed"):
        restoring.restore(settings_of(endpoint), made.path, opening(made), LATER)
    assert not endpoint.data.exists()
    restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, renamed=True)


def test_no_server_writes_among_anothers_backups(endpoint: Endpoint, make_endpoint: Make, tmp_path: Path) -> None:
    """Two districts with one folder: by the rule, the backups of each day of the one would go with the other's."""
    other = make_endpoint(data=tmp_path / "other")
    other.data = tmp_path / "other"
    first = making.make_erasures(settings_of(other), tmp_path / "backups", [KEY], TODAY)
    noted = first.path.read_bytes()
    for make in (backup, lambda *a: making.make_erasures(settings_of(endpoint), a[1], [KEY], TODAY)):
        with pytest.raises(Problem, match="another server signed"):
            make(endpoint, tmp_path / "backups")
    assert first.path.read_bytes() == noted


def test_it_is_said_until_when_it_is_known_what_was_erased(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever keeps the copies gives an older erased.age, which is as well signed as the newest."""
    small = making.make_erasures(settings_of(endpoint), tmp_path / "backups", [KEY], TODAY)
    old = small.path.read_bytes()
    made = backup(endpoint, tmp_path / "backups", LATER)
    close(endpoint)
    for broken in (False, True):
        (tmp_path / "old.age").write_bytes(old)
        if broken:
            (endpoint.data / "concerns.db").write_bytes(b"damaged" * 1000)
        found = restoring.restore(
            settings_of(endpoint), made.path, opening(made), LATER, erasures=tmp_path / "old.age", in_place=True
        )
        backup_commands.print_restored(found, endpoint.data)
        output = capsys.readouterr().out
        assert f"erased.age of {TODAY} is older than the backup" in output
        assert ("could not be read" in output) == broken


def test_a_hostile_backup_leaves_nothing_half_written_in_a_folder_that_was_there(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    (tmp_path / "public/en").mkdir(parents=True)
    (tmp_path / "public/en/index.html").write_text("page")
    made = backup(endpoint, tmp_path / "backups")
    lose(endpoint)
    (tmp_path / "release").mkdir()
    with pytest.raises(NotABackup, match="not made by that server"):
        restoring.restore(
            settings_of(endpoint), made.path, Opening([SECRET], "ed25519:" + "0" * 64), LATER,
            release=tmp_path / "release",
        )  # fmt: skip
    assert list((tmp_path / "release").iterdir()) == []
    assert not list(tmp_path.glob("*.restoring"))


# A database that an older program left, and on which it may be running


def make_older(data: Path) -> None:
    """As a program before 1.0 left it: no number, a column less."""
    for name, statements in {
        "concerns": ["drop table alembic_version", "alter table recipients drop column maker", "drop table restored"],
        "signups": ["drop table alembic_version", "drop index signups_line", "alter table signups drop column version"],
    }.items():
        with closing(sqlite3.connect(data / f"{name}.db")) as connection, connection:
            for statement in statements:
                connection.execute(statement)


def schema_in(data: Path) -> list[str]:
    found = []
    for name in ("concerns", "signups"):
        with closing(sqlite3.connect(data / f"{name}.db")) as connection:
            found += [str(row) for row in connection.execute("select name, sql from sqlite_master order by name")]
    return found


def test_a_backup_reads_an_older_database_as_it_is(endpoint: Endpoint, tmp_path: Path, again: Any) -> None:
    code, number = code_of(endpoint), code_of(endpoint, "signup")
    close(endpoint)
    make_older(endpoint.data)
    before = schema_in(endpoint.data)
    made = backup(endpoint, tmp_path / "backups")
    small = making.make_erasures(settings_of(endpoint), tmp_path / "backups", [KEY], TODAY)
    assert schema_in(endpoint.data) == before
    assert not list(endpoint.data.glob("*.before-*"))
    found = restoring.restore(
        settings_of(endpoint), made.path, opening(made), LATER, erasures=small.path, in_place=True
    )
    assert found.manifest.schema == ""
    assert found.before
    assert not found.unread
    assert schema_in(found.before) == before, "nor does a restore change what it replaces"
    back = again(endpoint.data)
    assert opens(back, code)
    assert opens(back, number, "cancel")


def test_only_this_user_reads_the_data_whatever_the_umask(tmp_path: Path, district: Any, again: Any) -> None:
    portals.write(district.portal, tmp_path / "portal.json")
    before = os.umask(0)
    try:
        made = again(tmp_path / "new")
        code_of(made)
        code_of(made, "signup")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert {"concerns.db", "signups.db", "salt"} <= modes.keys()
    assert {name: mode for name, mode in modes.items() if mode != 0o600} == {}


def test_a_database_that_others_could_read_is_closed_to_them(endpoint: Endpoint, again: Any) -> None:
    close(endpoint)
    (endpoint.data / "concerns.db").chmod(0o664)
    again(endpoint.data)
    assert (endpoint.data / "concerns.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_a_restore_that_is_cut_short_leaves_what_was_there_or_what_came(
    endpoint: Endpoint, tmp_path: Path, again: Any, how: Callable[..., bool]
) -> None:
    """At each change on the disk: never no data folder, never half of one, and the same command goes through then."""
    code = code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    salt = (endpoint.data / "salt").read_bytes()
    run = partial(
        restoring.restore, settings_of(endpoint), made.path, opening(made), LATER,
        release=tmp_path / "release", in_place=True,
    )  # fmt: skip
    for at in range(1, MAX_CHANGES):
        shutil.rmtree(tmp_path / "release", ignore_errors=True)
        (endpoint.data / "what came since").touch()
        came = how(at, run)
        assert (endpoint.data / "salt").read_bytes() == salt
        [old] = tmp_path.glob("server*/what came since")
        assert old.parent.suffix != ".restoring", "the next restore removes that folder, and this is kept"
        with closing(sqlite3.connect(f"file:{endpoint.data / 'concerns.db'}?mode=ro", uri=True)) as connection:
            assert connection.execute("select count(*) from letters").fetchone() == (1,)
        for before in tmp_path.glob("server.before-*"):
            shutil.rmtree(before)
        if not came:
            break
    assert 5 < at < MAX_CHANGES - 1
    shutil.rmtree(tmp_path / "release", ignore_errors=True)
    run()
    assert not list(tmp_path.glob("*.restoring"))
    assert opens(again(endpoint.data), code)


def test_a_restore_that_is_cut_short_where_names_cannot_be_exchanged_is_mended_by_the_next(
    endpoint: Endpoint, tmp_path: Path, again: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 3.15, or on a file system like NFS: between two renames there is no data folder."""
    monkeypatch.setattr(folder_swap, "exchange", lambda *_: False)
    code, erased = code_of(endpoint), code_of(endpoint, what="goes")
    made = backup(endpoint, tmp_path / "backups")
    endpoint.post("answer", code=erased, do="delete-now")
    close(endpoint)
    (endpoint.data / "what came since").touch()
    first = tmp_path / "first"
    shutil.copytree(endpoint.data, first)
    run = partial(
        restoring.restore, settings_of(endpoint), made.path, opening(made), LATER, in_place=True,
    )  # fmt: skip
    without = 0
    for at in range(1, MAX_CHANGES):
        for left in tmp_path.glob("server*"):
            shutil.rmtree(left)
        shutil.copytree(first, endpoint.data)
        came = cut_at(at, run)
        without += not endpoint.data.exists()
        run()
        assert list(tmp_path.glob("server*/what came since")), "nothing of before is lost"
        assert not folder_swap.aside_of(endpoint.data).exists()
        back = again(endpoint.data)
        assert opens(back, code)
        assert not opens(back, erased), "what was there says what was erased since, wherever it lay"
        close(back)
        if not came:
            break
    assert without == 1
    assert 5 < at < MAX_CHANGES - 1


def test_a_restore_with_a_release_that_is_cut_short_is_ended_by_the_same_command(
    endpoint: Endpoint, tmp_path: Path, again: Any
) -> None:
    """Between the release and the data: the next run said that the release is not empty."""
    code = code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    run = partial(
        restoring.restore, settings_of(endpoint), made.path, opening(made), LATER,
        release=tmp_path / "release", in_place=True,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(folder_swap, "exchange", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run()
    assert (tmp_path / "release" / "portal.json").exists()
    run()
    assert (tmp_path / "release" / "portal.json").exists()
    assert not (tmp_path / "release" / ".restoring").exists()
    with pytest.raises(Problem, match="is not empty"):
        run()
    assert opens(again(endpoint.data), code)


@pytest.mark.parametrize("laid", ["a link", "a folder"])
def test_root_gives_away_only_what_it_brought_back(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, laid: str
) -> None:
    """The folder above is the service's: its user lays a link in the place of what root is about to give away."""
    made, fresh, roots = backup(endpoint, tmp_path / "backups"), tmp_path / "server.restoring", tmp_path / "roots"
    close(endpoint)
    roots.mkdir()
    (roots / "shadow").touch()
    given: list[Any] = []
    real, noted = restore_mark.note_restored, []

    def replaced_after_the_last(*arguments: Any) -> None:
        real(*arguments)
        noted.append(arguments[0])
        if len(noted) == len(DATABASES):
            fresh.rename(tmp_path / "moved")
            fresh.symlink_to(roots) if laid == "a link" else roots.rename(fresh)

    def seen(kind: Callable[..., os.stat_result], uid: int) -> Callable[..., os.stat_result]:
        def stat(path: Any, **how: Any) -> os.stat_result:
            found = kind(path, **how)
            return os.stat_result([*found[:4], uid, uid, *found[6:]])

        return stat

    monkeypatch.setattr(restore_mark, "note_restored", replaced_after_the_last)
    monkeypatch.setattr(restoring.os, "geteuid", lambda: 0)
    monkeypatch.setattr(Path, "stat", seen(Path.stat, 1500))
    monkeypatch.setattr(restoring.os, "fstat", seen(os.fstat, 1500))
    monkeypatch.setattr(restoring.os, "chown", lambda *what, **_: given.append(what))
    with pytest.raises((Problem, OSError)):
        restoring.restore(settings_of(endpoint), made.path, opening(made), LATER, in_place=True)
    assert given == []
