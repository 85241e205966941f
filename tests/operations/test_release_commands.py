"""The commands of releases: what they say, and as whom they write."""

import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from forms.core.builds import publishing_report
from forms.core.builds.version import VERSION
from forms.core.files import locks
from forms.core.problem import Problems
from forms.operations import publishing_lock
from forms.operations.cli import release_commands, update_commands
from forms.operations.cli.main import Checkout, portal
from forms.operations.installation import PROGRAM as OURS
from forms.operations.installation import take_service_settings
from forms.server.districts import settings as district_settings

Build = Callable[..., None]


@pytest.fixture
def typed(tmp_path: Path, build: Build, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run commands of `portal` in a folder with a build; whose files they would write stands in `owners`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".build").mkdir()
    for module in (release_commands, update_commands):
        monkeypatch.setattr(module, "become_owner", lambda folder: (tmp_path / "owner").write_text(str(folder)))

    def run(*words: str, number: int = 0, day: str = "2026-01-01") -> str:
        if number:
            build(number, day=day)
            shutil.copy(tmp_path / "portal.json", tmp_path / ".build")
        result = CliRunner().invoke(portal, words)
        assert "Traceback" not in result.output
        return f"{result.exit_code} {result.output}"

    return run


def test_publish_list_and_go_back(typed: Callable[..., str], tmp_path: Path) -> None:
    assert "Nothing is published yet" in typed("releases")
    assert typed("publish", number=1).startswith("0 Release 1 is in use")
    assert typed("publish", "--as-it-is", number=2).startswith("0 Release 2 is in use")
    assert typed("releases") == "0 2  built on 2026-01-01  in use\n1  built on 2026-01-01\n"
    assert typed("rollback").startswith("0 Release 1 is in use again.")
    assert typed("rollback").startswith("1 Error: ")
    assert (tmp_path / "owner").read_text() == str(tmp_path / "published")


def test_a_clock_that_was_turned_back_publishes_nothing(typed: Callable[..., str], tmp_path: Path) -> None:
    """A consent that ended yesterday must not count again because the machine believes that it is last month."""
    ahead = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    assert typed("publish", number=1, day=ahead).startswith("0 Release 1 is in use")
    output = typed("publish", number=2)
    assert output.startswith("1 Error: The clock of this machine: shows ")
    assert f"a release was made on {ahead}" in output
    assert "publish --clock-is-right" in output
    assert "1  built on" in typed("releases").splitlines()[0], "the release in use stays"
    assert typed("publish", "--clock-is-right", number=2).startswith("0 Release 2 is in use")


def test_commands_at_the_server_take_the_settings_of_its_service(tmp_path: Path) -> None:
    """`python3 build.py status`, as the handbook has it: nobody types the service's settings again."""
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/portal").mkdir()
    unit = tmp_path / "etc/systemd/system/portal.service"
    lines = ["[Service]", f"WorkingDirectory={OURS}", "Environment=PORTAL_PORTAL=/p.json"]
    unit.write_text("\n".join([*lines, "Environment=PORTAL_DATA=/d", "Environment=PYTHONUTF8=1"]))
    (tmp_path / "etc/portal/settings.env").write_text("# PORTAL_SALT=x\nPORTAL_DATA=/own\nPORTAL_BUDGET=5\nHOME=/x\n")
    found: dict[str, str] = {}
    take_service_settings(found, tmp_path)
    assert found == {"PORTAL_PORTAL": "/p.json", "PORTAL_DATA": "/own", "PORTAL_BUDGET": "5"}
    options = {"PORTAL_DATA": "/typed"}
    take_service_settings(options, tmp_path)
    assert options == {"PORTAL_DATA": "/typed"}, "what is typed stands alone"
    unit.write_text(unit.read_text() + "\nEnvironment=PORTAL_OPERATOR_MARKS=/marks")
    take_service_settings(options, tmp_path)
    assert options == {"PORTAL_DATA": "/typed", "PORTAL_OPERATOR_MARKS": "/marks"}, "a restore takes the mark away"
    with (tmp_path / "etc/portal/settings.env").open("a") as own:
        own.write("PORTAL_OPERATOR_MARKS=/other\n")
    take_service_settings(options := {"PORTAL_DATA": "/typed"}, tmp_path)
    assert options == {"PORTAL_DATA": "/typed", "PORTAL_OPERATOR_MARKS": "/other"}, "where the service writes it"
    unit.write_text(unit.read_text().replace(str(OURS), "/another/portal"))
    other: dict[str, str] = {}
    take_service_settings(other, tmp_path)
    assert other == {}, "the service is another program's"


@pytest.mark.parametrize("command", ["publish", "update", "rollback"])
def test_root_writes_as_whom_the_releases_belong_to(typed: Callable[..., str], tmp_path: Path, command: str) -> None:
    typed("publish", number=1)
    (tmp_path / "owner").unlink()
    typed(command)
    assert (tmp_path / "owner").read_text() == str(tmp_path / "published")


def test_without_a_build_a_sentence_says_what_to_do(typed: Callable[..., str]) -> None:
    assert "holds no built site. Build it: python3 build.py build" in typed("publish")


def test_the_version_is_said(typed: Callable[..., str]) -> None:
    assert typed("--version") == f"0 {VERSION}\n"


@pytest.mark.parametrize("command", ["publish", "update", "rollback"])
def test_one_waits_for_another_from_the_content_to_the_release(
    typed: Callable[..., str], tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A timer and a hand at once: the content would change under a build."""
    typed("publish", number=1)
    typed("publish", number=2)
    monkeypatch.setattr(publishing_lock, "MAX_WAIT_SECONDS", 0.1)
    with locks.locked(tmp_path / "published/work"):
        output = typed(command)
    assert "waiting for its end" in output
    assert "is held by another program" in output


PROGRAM = """
import os, sys
at = sys.argv.index("--content") + 1
name = os.path.basename(sys.argv[at])
assert "PORTAL_DISTRICTS" not in os.environ, "else each would update all"
with open(os.environ["ASKED"], "a") as file:
    print(*sys.argv[1:], file=file)
if name == "north":
    sys.exit("Error: origin/main: 0123 is not signed by one of the people named in allowed_signers.")
print("Taken: 4567, signed by anita.")
"""


def test_of_many_districts_each_is_updated_by_its_own_signers_and_one_that_fails_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    folder = tmp_path / "districts"
    for name in ("north", "south", "west"):
        content = {} if name == "west" else {"content": f"/srv/{name}"}
        district_settings.write(folder, name, [f"{name}.example"], content)
    for name in ("north", "south"):
        handover = folder / name / district_settings.PORTAL
        handover.parent.mkdir(parents=True)
        handover.write_text("{}")
    (folder / "zone").mkdir()
    (folder / "zone" / district_settings.FILE).write_text("hosts = [")
    place = Checkout(tmp_path, program=(sys.executable, str(tmp_path / "program.py")))
    monkeypatch.setattr(update_commands, "checkout", lambda: place)
    log = tmp_path / "asked"
    result = CliRunner(env={"PORTAL_DISTRICTS": str(folder), "ASKED": str(log)}).invoke(portal, ["update"])
    assert result.exit_code == 1
    assert "south: Taken: 4567, signed by anita." in result.output
    assert "district north: origin/main: 0123 is not signed" in result.output
    assert "district zone: " in result.output
    assert "west: its content is not on this machine" in result.output
    lines = sorted(log.read_text().splitlines())
    assert [line.split()[1] for line in lines] == ["/srv/north", "/srv/south"]
    for line, name in zip(lines, ("north", "south"), strict=True):
        assert f"--signers {folder / name / 'allowed_signers'}" in line


def test_publish_takes_every_district_whose_content_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "program.py").write_text("import sys\nprint(*sys.argv[1:])")
    folder = tmp_path / "districts"
    for name in ("north", "south"):
        district_settings.write(folder, name, [f"{name}.example"], {"content": f"/srv/{name}"})
    handover = folder / "north" / district_settings.PORTAL
    handover.parent.mkdir(parents=True)
    handover.write_text("{}")
    loaded: list[str] = []
    place = Checkout(
        tmp_path, program=(sys.executable, str(tmp_path / "program.py")),
        preload_looks=lambda: loaded.append("looks"), preload=lambda: loaded.append("all"),
    )  # fmt: skip
    monkeypatch.setattr(release_commands, "checkout", lambda: place)
    result = CliRunner().invoke(portal, ["publish", "--districts", str(folder), "--daily"])
    assert loaded == ["looks"], "none had anything to build"
    assert "north: --content /srv/north publish --daily" in result.output
    assert "south: --content /srv/south publish --daily" in result.output
    assert "district south: " in result.output
    assert "is not what was published" in result.output, "nothing was put where district.toml says"


@pytest.mark.parametrize(
    "folders",
    [{"content": "loop/x"}, {"content": "loop"}, {"content": "x" * 300}, {"portal": "x" * 300}, {"portal": "loop/x"}],
)
def test_folders_that_no_system_can_have_stop_no_other_district(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: dict[str, str]
) -> None:
    (tmp_path / "program.py").write_text("import sys, time\n'b-ok' in sys.argv[2] and time.sleep(1)\nprint('Done.')")
    folder = tmp_path / "districts"
    for name in ("a-ok", "b-ok", "b-odd"):
        options = {"content": f"/srv/{name}", **(folders if name == "b-odd" else {})}
        district_settings.write(folder, name, [f"{name}.example"], options)
        (folder / name / "loop").symlink_to("loop")
        handover = folder / name / district_settings.PORTAL
        handover.parent.mkdir(parents=True)
        handover.write_text("{}")
    place = Checkout(tmp_path, program=(sys.executable, str(tmp_path / "program.py")))
    monkeypatch.setattr(release_commands, "checkout", lambda: place)
    result = CliRunner().invoke(portal, ["publish", "--districts", str(folder)])
    assert "a-ok: Done." in result.output
    assert "b-ok: Done." in result.output
    assert "fault of the program" not in result.output
    assert result.exit_code == int("portal" in folders)


def test_publish_by_hand_ends_what_the_power_cut_short_in_an_update(typed: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "var/content.git").mkdir(parents=True)
    (tmp_path / "var/content.git/consents-known.csv").write_text("id,withdrawn_on\na,2027-01-01\n")
    (tmp_path / "content/tables").mkdir(parents=True)
    (tmp_path / "content/tables/consents.csv").write_text("id,withdrawn_on\na,\n")
    assert typed("publish", number=1).startswith("0 ")
    assert "2027-01-01" in (tmp_path / "content/tables/consents.csv").read_text()


def test_one_release_that_cannot_be_cleaned_stops_no_other(
    typed: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        typed("publish", number=number)
    cleaned: list[str] = []

    def purge(public: Path) -> None:
        cleaned.append(public.parent.name[-1])
        if cleaned[-1] == "2":
            raise PermissionError(13, "no", "x")

    place = Checkout(tmp_path, None, purge)
    with pytest.raises(Problems, match="release 2: cannot be cleaned of what was withdrawn: PermissionError"):
        release_commands.purge_all(place)
    assert cleaned == ["3", "2", "1"]


@pytest.mark.parametrize(("number", "problem"), [(1, ""), (0, "holds no built site")])
def test_the_timer_of_the_day_writes_down_what_came_of_it(
    typed: Callable[..., str], tmp_path: Path, number: int, problem: str
) -> None:
    typed("publish", "--daily", number=number)
    report = publishing_report.read(tmp_path / "published")
    assert report
    assert (problem in report.problem) if problem else report.problem == ""
    shutil.rmtree(tmp_path / "published")
    typed("publish")
    assert publishing_report.read(tmp_path / "published") is None, "by hand nobody needs a report"


@pytest.mark.parametrize("command", [("publish", "--daily"), ("update",)])
def test_what_has_no_consent_leaves_the_releases_while_another_program_publishes_or_hangs(
    typed: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    typed("publish", number=1)
    cleaned: list[Path] = []
    place = Checkout(tmp_path, None, cleaned.append)
    monkeypatch.setattr(release_commands, "checkout", lambda: place)
    monkeypatch.setattr(update_commands, "checkout", lambda: place)
    monkeypatch.setattr(publishing_lock, "MAX_WAIT_SECONDS", 0.5)
    with locks.locked(tmp_path / "published" / publishing_lock.WORK):
        output = typed(*command)
    assert output.startswith("1 ")
    assert "does not end" in output
    assert [path.name for path in cleaned] == ["public"]
    report = publishing_report.read(tmp_path / "published")
    assert report
    assert "does not end" in report.problem
