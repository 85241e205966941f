"""install-server writes what deploy/ says, may be run again, keeps what others wrote, and can be taken away."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from forms.core.problem import Problem
from forms.operations import installing
from forms.operations.installing import SETTINGS, TARGETS, ServerInstallation

ROOT = Path(__file__).parents[2]
NAME = "help.district.example"


@dataclass
class Machine:
    root: Path
    ran: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.root / "etc/nginx").mkdir(parents=True)
        (self.root / "etc/nginx/nginx.conf").write_text("Debian's own")
        (self.root / "etc/passwd").write_text("root:x:0:0::/root:/bin/bash\n")
        place = self.root / "srv/portal/deploy"
        place.mkdir(parents=True)
        for path in (ROOT / "deploy").iterdir():
            if path.is_file():
                (place / path.name).write_bytes(path.read_bytes())

    def run(self, command: str) -> None:
        self.ran.append(command)
        for user in re.findall(r"^adduser .* (\S+)$", command):
            with (self.root / "etc/passwd").open("a") as file:
                file.write(f"{user}:x:101:101::/:/bin/false\n")
        if command.endswith("certificate.sh first"):
            (self.root / "etc/portal-tls/current").symlink_to("first")

    def installation(self, name: str = NAME, **how: bool) -> ServerInstallation:
        return ServerInstallation(self.root, self.root / "srv/portal", name, self.said.append, self.run, **how)

    def files(self) -> dict[str, str]:
        kept = (path for path in (self.root / "etc").rglob("*") if path.is_file() and not path.is_symlink())
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in kept}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_every_file_stands_where_it_belongs_with_this_name_and_this_place(machine: Machine) -> None:
    machine.installation().install()
    files = machine.files()
    assert set(TARGETS.values()) <= set(files)
    written = "".join(text for name, text in files.items() if name in TARGETS.values())
    assert "portal.example" not in written
    assert f"server_name {NAME};" in files["etc/nginx/nginx.conf"]
    assert f"WorkingDirectory={machine.root}/srv/portal" in files["etc/systemd/system/portal.service"]
    assert not re.search(r"(?<![\w.-])/srv/portal\b", written)


def test_a_second_run_finds_nothing_to_do(machine: Machine) -> None:
    machine.installation().install()
    ran, files = list(machine.ran), machine.files()
    assert machine.installation().install() == []
    assert (machine.ran, machine.files()) == (ran, files)


def test_a_dry_run_says_all_and_does_nothing(machine: Machine) -> None:
    before = machine.files()
    would = machine.installation(dry=True).install()
    assert (machine.files(), machine.ran) == (before, [])
    assert would == machine.installation().install()


def test_a_changed_name_changes_what_it_must_and_nothing_else(machine: Machine) -> None:
    machine.installation().install()
    machine.ran.clear()
    done = machine.installation("other.district.example").install()
    assert [line for line in done if line.startswith("write")] == [f"write {machine.root}/etc/nginx/nginx.conf"]
    assert "systemctl restart nginx" in machine.ran


def test_what_was_there_before_comes_back(machine: Machine) -> None:
    before = machine.files()
    machine.installation().install()
    assert machine.files()["etc/nginx/nginx.conf.before-portal"] == "Debian's own"
    machine.installation().uninstall()
    left = {name: text for name, text in machine.files().items() if not name.startswith("etc/portal")}
    assert left == {**before, "etc/passwd": left["etc/passwd"]}
    assert machine.installation().uninstall() == []


def test_what_somebody_changed_by_hand_is_kept_beside_and_never_removed(machine: Machine) -> None:
    machine.installation().install()
    conf = machine.root / "etc/nginx/portal-forms.conf"
    conf.write_text("mine")
    machine.installation().install()
    assert conf.with_name("portal-forms.conf.yours").read_text() == "mine"
    conf.write_text("mine again")
    machine.installation().uninstall()
    assert conf.read_text() == "mine again"


def test_settings_are_never_touched_and_only_root_reads_them(machine: Machine) -> None:
    machine.installation().install()
    path = machine.root / SETTINGS
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("PORTAL_SALT=5a\n")
    machine.installation("other.district.example").install()
    machine.installation().uninstall()
    assert path.read_text() == "PORTAL_SALT=5a\n"


def test_a_machine_that_only_serves_gets_no_user_and_no_timer_for_publishing(machine: Machine) -> None:
    machine.installation(builds=False).install()
    assert not any("publish" in command or "timer" in command for command in machine.ran)


@pytest.mark.parametrize(
    "name", ["", "https://a.example", "a.example/x", "a b.example", "a.example;reboot", "-a.example", "a"]
)
def test_a_name_that_is_none_is_refused_before_anything_is_done(machine: Machine, name: str) -> None:
    before = machine.files()
    with pytest.raises(Problem, match="is no name of a site"):
        machine.installation(name).install()
    assert (machine.files(), machine.ran) == (before, [])


def test_a_program_that_everybody_may_change_is_not_installed(machine: Machine) -> None:
    (machine.root / "srv/portal/deploy").chmod(0o777)
    with pytest.raises(Problem, match="may be changed by everybody"):
        machine.installation().install()


def test_a_command_that_fails_stops_it_and_the_next_run_goes_on(machine: Machine) -> None:
    here = machine.installation()

    def fails(command: str) -> None:
        if command.startswith("umask"):
            raise Problem(command, "failed.")
        machine.run(command)

    here.run = fails
    with pytest.raises(Problem):
        here.install()
    machine.installation().install()
    assert (machine.root / "etc/portal-tls/current").is_symlink()
    assert "systemctl enable --now portal.service" in machine.ran


def test_an_unreadable_record_is_no_hindrance(machine: Machine) -> None:
    machine.installation().install()
    (machine.root / installing.RECORD).write_text("{")
    machine.installation().install()


@pytest.mark.parametrize("unit", sorted(name for name in TARGETS if name.endswith((".service", ".socket", ".timer"))))
def test_systemd_takes_each_unit(tmp_path: Path, unit: str) -> None:
    """systemd-analyze reads the files as systemd does; programs that are not on this machine are not its business."""
    for name in TARGETS:
        if name.endswith((".service", ".socket", ".timer")):
            text = (ROOT / "deploy" / name).read_text()
            (tmp_path / name).write_text(re.sub(r"ExecStart=.*", "ExecStart=/bin/true", text))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    wrong = [line for line in done.stderr.splitlines() if unit in line and "Unknown user" not in line]
    assert wrong == []


def test_a_program_that_belongs_to_another_user_is_not_installed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write one of its files would run what they like as the service, or as root at the next renewal."""
    if os.geteuid() == 0:
        os.chown(machine.root / "srv/portal/deploy/certificate.sh", 12345, 12345)
    else:
        monkeypatch.setattr(installing.os, "geteuid", lambda: 1)
    with pytest.raises(Problem, match="belongs to another user"):
        machine.installation().install()
    assert machine.ran == []


@pytest.mark.parametrize("name", ["my portal", "portal;reboot", "portal$(id)", "portal\nUser=root"])
def test_a_place_that_a_shell_or_a_unit_would_read_otherwise_is_refused(machine: Machine, name: str) -> None:
    place = (machine.root / "srv/portal").rename(machine.root / "srv" / name)
    here = ServerInstallation(machine.root, place, NAME, machine.said.append, machine.run)
    with pytest.raises(Problem, match="cannot stand in units"):
        here.install()
    assert machine.ran == []
