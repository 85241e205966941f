"""`portal status`: what needs the operator is said, in days, with nothing of people; what is well is not."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from forms.core.builds import manifest, publishing_report
from forms.core.builds.manifest import BuildManifest
from forms.operations.backup import making
from forms.operations.cli import portal
from forms.operations.status import Status, certificate_days, look_at
from forms.operations.status_commands import NOTICE
from forms.server.districts import settings as districts

from .conftest import TODAY, District, Endpoint
from .test_backup import KEY, code_of, settings_of

Make = Callable[..., Endpoint]


def published(endpoint: Endpoint, district: District, day: date = TODAY, **more: Any) -> None:
    """A built site beside portal.json."""
    public = endpoint.data.parent / "public"
    public.mkdir(exist_ok=True)
    built = BuildManifest(7, day.isoformat(), {}, {}, more.get("portal") or manifest.portal_digest(district.portal))
    (public / "build-manifest.json").write_bytes(manifest.write(built))


def status(endpoint: Endpoint, day: date = TODAY, **more: Any) -> Status:
    return look_at("here", settings_of(endpoint), today=lambda: day, due=list, **more)


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
    report = publishing_report.Report("2026-12-31", "content/en/a.md:3: has no title.")
    publishing_report.write(current.parent, report)
    found = look_at("here", replace(own, portal=current / "portal.json"), today=lambda: TODAY, due=list)
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
    endpoint.client.application.extensions["services"].close()
    (endpoint.data / broken).write_bytes(b"damaged" * 1000)
    found = status(endpoint, backups=into)
    assert item(found, "database").needs
    assert item(found, "database").sentence.startswith("No letter can be kept.")
    assert not item(found, "backup").needs


def test_a_full_budget_and_a_doubted_clock_are_said(well: tuple[Endpoint, Path]) -> None:
    endpoint, into = well
    small = settings_of(endpoint, budget=100_000)
    assert item(look_at("here", small, today=lambda: TODAY, backups=into), "room of concerns").needs
    far = status(endpoint, TODAY + timedelta(days=400), backups=into)
    assert item(far, "clock").needs


def test_a_restored_system_says_so(well: tuple[Endpoint, Path]) -> None:
    endpoint, into = well
    endpoint.client.application.extensions["services"].concerns.note_restored(TODAY, TODAY)
    assert "receipts since then may be lost" in item(status(endpoint, backups=into), "restored").sentence


def test_what_is_due_in_the_content_is_said(well: tuple[Endpoint, Path]) -> None:
    due = ["content/tables/helplines.csv, 112: last checked on 2026-01-01."]
    found = look_at("here", settings_of(well[0]), today=lambda: TODAY, backups=well[1], due=lambda: due)
    assert [one.sentence for one in found.needs] == due

    def broken() -> list[str]:
        raise ValueError("a table is broken")

    found = look_at("here", settings_of(well[0]), today=lambda: TODAY, backups=well[1], due=broken)
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
    for said in ("north:", "south:", "west:", "is not there", "not TOML"):
        assert said in done.output


def test_healthz_tells_whether_letters_can_be_kept_and_nothing_else(endpoint: Endpoint) -> None:
    answer = endpoint.client.get("/healthz")
    assert (answer.status_code, answer.data) == (200, b"ok\n")
    code_of(endpoint)
    assert endpoint.client.get("/healthz").data == b"ok\n"
    endpoint.client.application.extensions["operator_log"].found("concerns", "full")
    answer = endpoint.client.get("/healthz")
    assert (answer.status_code, answer.data) == (503, b"not ok\n")
    assert answer.headers["Cache-Control"] == "no-store"
