"""`portal status`: what needs the operator is said, in days, with nothing of people; what is well is not."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from forms.core.builds import manifest, publishing_report
from forms.core.builds.manifest import BuildManifest
from forms.core.crypto.signing import private_key, public_text, sign_bytes
from forms.operations.backup import folder, making
from forms.operations.cli.main import portal
from forms.operations.cli.status_commands import NOTICE
from forms.operations.status.examination import examine
from forms.operations.status.items import Status
from forms.operations.status.site_items import certificate_days
from forms.server.districts import dispatch
from forms.server.districts import settings as districts
from forms.server.store.restore_mark import note_restored
from forms.server.web.current import state_of

from .conftest import TODAY, District, Endpoint
from .test_backup import KEY, code_of, make_older, schema_in, settings_of

Make = Callable[..., Endpoint]


def published(endpoint: Endpoint, district: District, day: date = TODAY, **more: Any) -> None:
    """A built site beside portal.json."""
    public = endpoint.data.parent / "public"
    public.mkdir(exist_ok=True)
    built = BuildManifest(7, day.isoformat(), {}, {}, more.get("portal") or manifest.portal_digest(district.portal))
    (public / "build-manifest.json").write_bytes(manifest.write(built))


def status(endpoint: Endpoint, day: date = TODAY, **more: Any) -> Status:
    return examine("here", settings_of(endpoint), today=lambda: day, due=list, **more)


def item(found: Status, name: str) -> Any:
    return next(one for one in found.items if one.name == name)


@pytest.fixture
def well(endpoint: Endpoint, district: District, tmp_path: Path) -> tuple[Endpoint, Path]:
    """An installation where nothing is to be done, and the folder of its backups."""
    published(endpoint, district)
    code_of(endpoint)
    for into in ("backups",):
        making.make(settings_of(endpoint), tmp_path / into, [KEY], TODAY, {})
        making.make_erasures(settings_of(endpoint), tmp_path / into, [KEY], TODAY)
    return endpoint, tmp_path / "backups"


def test_where_nothing_is_wrong_nothing_is_needed(well: tuple[Endpoint, Path]) -> None:
    found = status(well[0], backups=well[1])
    assert [one.sentence for one in found.needs] == []
    assert item(found, "build").value == {"number": 7, "days": 0, "fits": True}
    assert item(found, "desk police").value == {"days": None, "late": False}


def test_a_publishing_that_failed_is_said_without_a_word_of_its_content(endpoint: Endpoint, tmp_path: Path) -> None:
    own = settings_of(endpoint)
    current = tmp_path / "published" / "current"
    current.mkdir(parents=True)
    shutil.copy(own.portal, current / "portal.json")
    report = publishing_report.PublishingReport("2026-12-31", "content/en/a.md:3: has no title.")
    publishing_report.write(current.parent, report)
    found = examine("here", replace(own, portal=current / "portal.json"), today=lambda: TODAY, due=list)
    assert item(found, "publishing").needs
    assert "2026-12-31" in item(found, "publishing").sentence
    assert "a.md" not in item(found, "publishing").sentence


def test_a_desk_that_does_not_fetch_is_said(well: tuple[Endpoint, Path]) -> None:
    endpoint, into = well
    (letter,) = endpoint.letter_ids("legal")
    endpoint.pickup(f"letters/{letter}", "legal")
    endpoint.pickup(f"letters/{letter}/acknowledge", "legal", "POST")
    later = TODAY + timedelta(days=3)
    late = [
        one.name for one in status(endpoint, later, backups=into).items if one.name.startswith("desk ") and one.needs
    ]
    assert late == ["desk partner", "desk police"] or set(late) == {"desk partner", "desk police"}
    assert not item(status(endpoint, TODAY + timedelta(days=2), backups=into), "desk police").needs
    assert item(status(endpoint, later, backups=into), "desk legal").value["days"] is not None


def test_an_old_or_missing_backup_is_said(well: tuple[Endpoint, Path], tmp_path: Path) -> None:
    endpoint, into = well
    assert not item(status(endpoint, TODAY + timedelta(days=1), backups=into), "backup").needs
    old = status(endpoint, TODAY + timedelta(days=2), backups=into)
    assert "2 days old" in item(old, "backup").sentence
    assert item(old, "backup").needs
    assert item(old, "erasures").needs
    assert item(status(endpoint, backups=tmp_path / "none"), "backup").needs
    assert item(status(endpoint), "backup").needs
    next(into.glob("portal-*.json")).write_text("{}")
    assert "portal verify" in item(status(endpoint, backups=into), "backup").sentence


def test_a_site_that_does_not_fit_its_forms_is_said(well: tuple[Endpoint, Path], district: District) -> None:
    published(well[0], district, portal="ab" * 32)
    assert item(status(well[0], backups=well[1]), "build").needs
    (well[0].data.parent / "public" / "build-manifest.json").write_text("{")
    assert item(status(well[0], backups=well[1]), "build").needs


@pytest.mark.parametrize("broken", ["concerns.db", "signups.db", "salt"])
def test_a_broken_database_is_said_and_the_rest_is_looked_at(well: tuple[Endpoint, Path], broken: str) -> None:
    endpoint, into = well
    state_of(endpoint.client.application).services.close()
    (endpoint.data / broken).write_bytes(b"damaged" * 1000)
    found = status(endpoint, backups=into)
    assert item(found, "database").needs
    assert item(found, "database").sentence.startswith("No letter can be kept.")
    assert not item(found, "backup").needs


def test_a_full_budget_and_a_doubted_clock_are_said(well: tuple[Endpoint, Path]) -> None:
    endpoint, into = well
    small = settings_of(endpoint, budget=100_000)
    assert item(examine("here", small, today=lambda: TODAY, backups=into), "room of concerns").needs
    far = status(endpoint, TODAY + timedelta(days=400), backups=into)
    assert item(far, "clock").needs


def test_a_restored_system_says_so(well: tuple[Endpoint, Path]) -> None:
    endpoint, into = well
    note_restored(state_of(endpoint.client.application).services.concerns, TODAY, TODAY)
    assert "receipts since then may be lost" in item(status(endpoint, backups=into), "restored").sentence


def test_what_is_due_in_the_content_is_said(well: tuple[Endpoint, Path]) -> None:
    due = ["content/tables/helplines.csv, 112: last checked on 2026-01-01."]
    found = examine("here", settings_of(well[0]), today=lambda: TODAY, backups=well[1], due=lambda: due)
    assert [one.sentence for one in found.needs] == due

    def broken() -> list[str]:
        raise ValueError("a table is broken")

    found = examine("here", settings_of(well[0]), today=lambda: TODAY, backups=well[1], due=broken)
    assert item(found, "content").needs


def test_a_certificate_that_ends_is_said(tmp_path: Path, well: tuple[Endpoint, Path]) -> None:
    path = tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10", "-subj", "/CN=x"]
    subprocess.run([*made, "-keyout", tmp_path / "key.pem", "-out", path], check=True, capture_output=True)
    assert certificate_days(path, datetime.now(UTC).date()) in {9, 10}
    assert item(status(well[0], backups=well[1], certificate=path), "certificate").needs
    path.write_text("none")
    assert certificate_days(path, TODAY) is None
    assert item(status(well[0], backups=well[1], certificate=path), "certificate").needs


def test_status_tells_days_and_nothing_of_a_letter(well: tuple[Endpoint, Path]) -> None:
    endpoint, into = well
    (letter,) = endpoint.letter_ids()
    text = json.dumps(status(endpoint, backups=into).as_json)
    assert letter not in text
    assert not re.search(r"\d\d:\d\d", text)
    assert "letters" not in text, "not how many there are"


def test_the_command_and_its_exit_code(well: tuple[Endpoint, Path], tmp_path: Path) -> None:
    endpoint, into = well
    environment = {
        "PORTAL_PORTAL": str(tmp_path / "portal.json"), "PORTAL_DATA": str(endpoint.data),
        "PORTAL_BACKUP_FOLDER": str(into),
    }  # fmt: skip
    run = CliRunner(env=environment)
    none = ["--certificate", str(tmp_path / "none")]
    done = run.invoke(portal, ["status", *none])
    assert done.exit_code == 1, "the test's day is not today, so that the backup is of another day"
    found = json.loads(run.invoke(portal, ["status", "--json", *none]).output)
    assert found["needs"] == found["districts"][0]["needs"] > 0
    weekly = run.invoke(portal, ["status", "--weekly", *none])
    assert (weekly.exit_code, weekly.output.strip()) == (0, NOTICE)


def test_of_many_districts_each_is_looked_at(well: tuple[Endpoint, Path], tmp_path: Path) -> None:
    endpoint, _ = well
    folder = tmp_path / "districts"
    given = {"data": str(endpoint.data), "portal": str(tmp_path / "portal.json")}
    districts.write(folder, "north", ["north.example"], given)
    districts.write(folder, "south", ["south.example"], {})
    (folder / "west").mkdir()
    (folder / "west" / districts.FILE).write_text("hosts = [")
    done = CliRunner(env={"PORTAL_DISTRICTS": str(folder)}).invoke(portal, ["status"])
    assert done.exit_code == 1
    for part in ("north:", "south:", "west:", "is not there", "not TOML"):
        assert part in done.output


def test_healthz_tells_whether_letters_can_be_kept_and_nothing_else(endpoint: Endpoint) -> None:
    answer = endpoint.client.get("/healthz")
    assert (answer.status_code, answer.data) == (200, b"ok\n")
    code_of(endpoint)
    assert endpoint.client.get("/healthz").data == b"ok\n"
    state_of(endpoint.client.application).operator_log.record_check_fault("concerns", "full")
    answer = endpoint.client.get("/healthz")
    assert (answer.status_code, answer.data) == (503, b"not ok\n")
    assert answer.headers["Cache-Control"] == "no-store"


# What must not look well


def test_a_service_that_does_not_run_is_said(well: tuple[Endpoint, Path]) -> None:
    assert item(status(well[0], backups=well[1]), "service").value is True
    dispatch.stop(well[0].client.application)
    assert item(status(well[0], backups=well[1]), "service").needs


def test_a_timer_that_runs_no_more_is_said(endpoint: Endpoint, tmp_path: Path) -> None:
    """The last look went well, days ago: since then no consent has ended by itself."""
    own = settings_of(endpoint)
    current = tmp_path / "published" / "current"
    current.mkdir(parents=True)
    shutil.copy(own.portal, current / "portal.json")
    own = replace(own, portal=current / "portal.json")
    publishing_report.write(current.parent, publishing_report.PublishingReport(TODAY.isoformat(), ""))
    for days, needs in ((0, False), (1, False), (2, True), (-400, True)):
        found = examine("here", own, today=lambda days=days: TODAY + timedelta(days=days), due=list)
        assert ("publishing" in [one.name for one in found.needs]) == needs, days


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def forge(path: Path) -> None:
    """Somebody else's note, of a file that opens for nobody."""
    key = private_key("11" * 32)
    path.write_bytes(b"age-encryption.org/v1 nothing")
    note = folder.BackupNote(1, TODAY.isoformat(), 29, "00" * 32, public_text(key))
    text = {**asdict(note), "signature": sign_bytes(note.signed, key)}
    folder.note_path(path).write_text(json.dumps(text))


def date_ahead(path: Path) -> None:
    """A clock was a year ahead for a night, or somebody wants the newest backup to stay theirs."""
    for one in (path, folder.note_path(path)):
        one.rename(one.with_name(one.name.replace("000001", "000099").replace(TODAY.isoformat(), "2099-01-01")))


@pytest.mark.parametrize("how", [cut, forge, date_ahead])
def test_a_backup_that_is_none_is_never_well(well: tuple[Endpoint, Path], how: Callable[[Path], None]) -> None:
    (newest,) = well[1].glob("portal-*.age")
    how(newest)
    assert item(status(well[0], backups=well[1]), "backup").needs


@pytest.mark.parametrize("left", ["portal-tls", "portal/installed.json"])
def test_a_certificate_that_is_not_there_is_said_on_a_machine_that_was_installed(
    well: tuple[Endpoint, Path], tmp_path: Path, left: str
) -> None:
    """Also of a district that was added since, and where all of /etc/portal-tls is gone."""
    endpoint, _ = well
    path = tmp_path / "etc/portal-tls/current/fullchain.pem"
    own = {"data": str(endpoint.data), "portal": str(tmp_path / "portal.json")}
    districts.write(tmp_path / "districts", "north", ["north.example"], own)
    runs = [
        CliRunner(env={"PORTAL_PORTAL": own["portal"], "PORTAL_DATA": own["data"]}),
        CliRunner(env={"PORTAL_DISTRICTS": str(tmp_path / "districts")}),
    ]

    def marks() -> list[str]:
        outputs = [run.invoke(portal, ["status", "--certificate", str(path)]).output for run in runs]
        return re.findall("(.) There is no certificate at", "".join(outputs))

    assert "!" not in marks(), "a trial has none, and needs none"
    file = tmp_path / "etc" / left
    file.mkdir(parents=True) if file.suffix == "" else (file.parent.mkdir(parents=True), file.touch())
    assert marks() == ["!", "!"]


def test_of_many_districts_nothing_is_said_of_content_that_nobody_looked_at(
    well: tuple[Endpoint, Path], tmp_path: Path
) -> None:
    own = {"data": str(well[0].data), "portal": str(tmp_path / "portal.json")}
    districts.write(tmp_path / "districts", "north", ["north.example"], own)
    done = CliRunner(env={"PORTAL_DISTRICTS": str(tmp_path / "districts")}).invoke(portal, ["status"])
    assert "No helpline is due" not in done.output
    assert "see `status` on the machine that builds" in done.output


def test_what_nobody_thought_of_hides_no_other_thing(
    well: tuple[Endpoint, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(*_: object) -> None:
        raise ZeroDivisionError("MARKED words")

    monkeypatch.setattr("forms.operations.status.database_items.room_items", odd)
    found = status(well[0], backups=well[1])
    assert "ZeroDivisionError" in item(found, "database").sentence
    assert "MARKED" not in str(found)
    assert not item(found, "backup").needs


def test_an_older_database_is_said_and_left_as_it_is(well: tuple[Endpoint, Path]) -> None:
    dispatch.stop(well[0].client.application)
    make_older(well[0].data)
    before = schema_in(well[0].data)
    found = item(status(well[0], backups=well[1]), "database")
    assert found.needs
    assert "systemctl restart portal" in found.sentence
    assert schema_in(well[0].data) == before


def test_an_unforeseen_error_of_a_command_is_a_sentence_without_what_it_says(
    well: tuple[Endpoint, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(*_: object, **__: object) -> None:
        raise ValueError("MARKED words")

    monkeypatch.setattr("forms.operations.cli.status_commands.examine", odd)
    environment = {"PORTAL_PORTAL": str(tmp_path / "portal.json"), "PORTAL_DATA": str(well[0].data)}
    done = CliRunner(env=environment).invoke(portal, ["status"])
    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "A fault of the program: ValueError" in done.output
    assert "MARKED" not in done.output


@pytest.mark.parametrize(("budget", "needs"), [(10**9, False), (3 * 10**9, True)])
def test_budgets_that_are_larger_than_the_disk_together_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: int, needs: bool
) -> None:
    """Each keeps within its own, and floods of some fill the disk for all."""
    for name in ("north", "south"):
        (tmp_path / name / "data").mkdir(parents=True)
        districts.write(tmp_path, name, [f"{name}.example"], {"budget": budget})
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        "forms.operations.cli.status_commands.shutil.disk_usage", lambda _: usage._replace(total=10**10)
    )
    output = CliRunner().invoke(portal, ["status", "--districts", str(tmp_path)]).output
    assert ("all districts:" in output) == needs
    assert ("12 GB together, and their disk has 10 GB" in output) == needs
