"""install-server writes what deploy/ says, may be run again, keeps what others wrote, and can be taken away."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from forms.core.problem import Problem, Problems
from forms.operations.districts import district_offices
from forms.operations.installing import conditions, server_installation
from forms.operations.installing.next_steps import SETTINGS
from forms.operations.installing.server_files import OFFICE, TARGETS
from forms.operations.installing.server_installation import ServerInstallation
from forms.server.districts import settings

from ..server.installed import find_nginx

ROOT = Path(__file__).parents[2]
NAME = "help.district.example"
UNITS = sorted(name for name in {**TARGETS, **OFFICE} if name.endswith((".service", ".socket", ".timer")))


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
        if "certificate.sh first" in command:
            name = command.partition("certificate.sh first")[2].split()
            tls = self.root / "etc/portal-tls" / (f"districts/{name[0]}" if name else "")
            (tls / "current").symlink_to("first")

    def installation(self, name: str = NAME, **options: Any) -> ServerInstallation:
        return ServerInstallation(self.root, self.root / "srv/portal", name, self.said.append, self.run, **options)

    def files(self) -> dict[str, str]:
        paths = (path for path in (self.root / "etc").rglob("*") if path.is_file() and not path.is_symlink())
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in paths}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_every_file_stands_where_it_belongs_with_this_name_and_this_place(machine: Machine) -> None:
    machine.installation().install()
    files = machine.files()
    assert set(TARGETS.values()) <= set(files)
    texts = "".join(text for name, text in files.items() if name in TARGETS.values())
    assert "portal.example" not in texts
    assert f"server_name {NAME};" in files["etc/nginx/nginx.conf"]
    assert f"WorkingDirectory={machine.root}/srv/portal" in files["etc/systemd/system/portal.service"]
    assert not re.search(r"(?<![\w.-])/srv/portal\b", texts)


def test_a_second_run_finds_nothing_to_do(machine: Machine) -> None:
    machine.installation().install()
    commands, files = list(machine.ran), machine.files()
    assert machine.installation().install() == []
    assert (machine.ran, machine.files()) == (commands, files)


def test_a_dry_run_says_all_and_does_nothing(machine: Machine) -> None:
    before = machine.files()
    would = machine.installation(dry=True).install()
    assert (machine.files(), machine.ran) == (before, [])
    assert would == machine.installation().install()


def test_a_changed_name_changes_what_it_must_and_nothing_else(machine: Machine) -> None:
    machine.installation().install()
    machine.ran.clear()
    actions = machine.installation("other.district.example").install()
    assert [line for line in actions if line.startswith("write")] == [f"write {machine.root}/etc/nginx/nginx.conf"]
    assert "systemctl restart nginx" in machine.ran


def test_what_was_there_before_comes_back(machine: Machine) -> None:
    before = machine.files()
    machine.installation().install()
    assert machine.files()["etc/nginx/nginx.conf.before-portal"] == "Debian's own"
    machine.installation().uninstall()
    remaining = {name: text for name, text in machine.files().items() if not name.startswith("etc/portal")}
    assert remaining == {**before, "etc/passwd": remaining["etc/passwd"]}
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
    installation = machine.installation()

    def fails(command: str) -> None:
        if command.startswith("umask"):
            raise Problem(command, "failed.")
        machine.run(command)

    installation.run = fails
    with pytest.raises(Problem):
        installation.install()
    machine.installation().install()
    assert (machine.root / "etc/portal-tls/current").is_symlink()
    assert "systemctl enable --now portal.service" in machine.ran


def test_an_unreadable_record_is_no_hindrance(machine: Machine) -> None:
    machine.installation().install()
    (machine.root / server_installation.RECORD).write_text("{")
    machine.installation().install()


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_each_unit(tmp_path: Path, unit: str) -> None:
    """systemd-analyze reads the files as systemd does; programs that are not on this machine are not its business."""
    for name in UNITS:
        text = (ROOT / "deploy" / name).read_text()
        (tmp_path / name).write_text(re.sub(r"ExecStart=.*", "ExecStart=/bin/true", text))
    process = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    errors = [line for line in process.stderr.splitlines() if unit in line and "Unknown user" not in line]
    assert errors == []


def test_a_program_that_belongs_to_another_user_is_not_installed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write one of its files would run what they like as the service, or as root at the next renewal."""
    if os.geteuid() == 0:
        os.chown(machine.root / "srv/portal/deploy/certificate.sh", 12345, 12345)
    else:
        monkeypatch.setattr(conditions.os, "geteuid", lambda: 1)
    with pytest.raises(Problem, match="belongs to another user"):
        machine.installation().install()
    assert machine.ran == []


@pytest.mark.parametrize("name", ["my portal", "portal;reboot", "portal$(id)", "portal\nUser=root"])
def test_a_place_that_a_shell_or_a_unit_would_read_otherwise_is_refused(machine: Machine, name: str) -> None:
    place = (machine.root / "srv/portal").rename(machine.root / "srv" / name)
    installation = ServerInstallation(machine.root, place, NAME, machine.said.append, machine.run)
    with pytest.raises(Problem, match="cannot stand in units"):
        installation.install()
    assert machine.ran == []


# Many districts


@pytest.fixture
def districts(tmp_path: Path) -> Path:
    folder = tmp_path / "etc/portal/districts"
    for name in ("north", "south"):
        options = {
            "data": f"/var/lib/portal/{name}", "content": str(tmp_path / "srv" / name),
            "portal": f"/srv/portal/.build/districts/{name}/published/current/portal.json",
        }  # fmt: skip
        settings.write(folder, name, [f"{name}.example"], options)
    settings.write(
        folder, "west", ["west.example", "www.west.example"], {"data": "/data/west", "portal": "/w/c/p.json"}
    )
    return folder


def test_many_districts_are_installed_in_one_go(machine: Machine, districts: Path) -> None:
    machine.installation(districts=districts).install()
    files = machine.files()
    service, update = (files[f"etc/systemd/system/{name}.service"] for name in ("portal", "portal-update"))
    assert f"Environment=PORTAL_DISTRICTS={districts}" in service
    assert not re.search("PORTAL_(DATA|PORTAL)=", service)
    assert "/var/lib/portal/north" not in service, "systemd gives that folder"
    assert f"ReadWritePaths=-{machine.root}/srv/north" in update
    assert "include portal-districts.conf;" in files["etc/nginx/nginx.conf"]
    for name in ("north", "south", "west"):
        assert f"server_name {name}.example" in files["etc/nginx/portal-districts.conf"]
        assert any(command.endswith(f"certificate.sh first {name} {name}.example") for command in machine.ran)
    north = files["etc/nginx/portal-places-north.conf"]
    assert "root /srv/portal/.build/districts/north/published/current/public;" in north
    assert any(command.startswith("chown") and f"{machine.root}/srv/north" in command for command in machine.ran)
    assert "systemctl try-restart portal.service" in machine.ran


def test_a_data_folder_that_is_not_there_stops_no_service(machine: Machine, districts: Path) -> None:
    """Met on a real Debian: with ReadWritePaths= of one that is missing, systemd starts nothing (226/NAMESPACE)."""
    machine.installation(districts=districts).install()
    assert "ReadWritePaths=-/data/west" in machine.files()["etc/systemd/system/portal.service"]
    folder_made = machine.ran.index("install -d -o portal -g www-data -m 700 /data/west")
    assert folder_made < machine.ran.index("systemctl enable --now portal.service")


def test_a_second_run_for_many_finds_nothing_to_do_and_one_more_is_added(machine: Machine, districts: Path) -> None:
    machine.installation(districts=districts).install()
    assert machine.installation(districts=districts).install() == []
    settings.write(districts, "east", ["east.example"], {"data": "/var/lib/portal/east", "portal": "/e/c/p.json"})
    actions = machine.installation(districts=districts).install()
    written_names = {Path(line.split()[1]).name for line in actions if line.startswith("write")}
    assert written_names == {"portal-districts.conf", "portal-places-east.conf"}


def test_what_many_districts_brought_goes_with_the_installation(machine: Machine, districts: Path) -> None:
    machine.installation(districts=districts).install()
    machine.installation().uninstall()
    assert not [name for name in machine.files() if name.startswith("etc/nginx/portal-")]
    assert (districts / "north/district.toml").exists()


@pytest.mark.parametrize("fault", ["broken", "same host", "the machine's name", "odd public", "none"])
def test_districts_that_cannot_be_served_stop_an_installation_before_it_begins(
    machine: Machine, districts: Path, fault: str
) -> None:
    if fault == "broken":
        (districts / "west/district.toml").write_text("hosts = [")
    elif fault == "same host":
        settings.write(districts, "zone", ["north.example"], {"data": "/z", "portal": "/z/p.json"})
    elif fault == "the machine's name":
        settings.write(districts, "zone", [NAME], {"data": "/z", "portal": "/z/p.json"})
    elif fault == "odd public":
        settings.write(districts, "zone", ["zone.example"], {"data": "/z", "portal": "/z/p;}.json", "public": "/z;}"})
    else:
        for path in districts.glob("*/district.toml"):
            path.unlink()
    before = machine.files()
    with pytest.raises((Problem, Problems)):
        machine.installation(districts=districts).install()
    assert (machine.files(), machine.ran) == (before, [])


@pytest.mark.skipif(
    not find_nginx() and not os.environ.get("CI"),
    reason="this machine has no nginx; CI must have: see tests/browser.py",
)
def test_nginx_takes_what_is_written_for_many_districts(machine: Machine, districts: Path) -> None:
    hosts, options = settings.read_options(districts, "north")
    settings.write(districts, "north", hosts, {**options, "office": "office.north.example"})
    settings.write(
        districts,
        "south",
        ["south.example"],
        {**settings.read_options(districts, "south")[1], "office": "office.south.example"},
    )
    machine.installation(districts=districts).install()
    make_certificate = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=x"]
    tls = machine.root / "etc/portal-tls"
    for first in (tls / "first", *tls.glob("districts/*/first")):
        files = ["-keyout", first / "privkey.pem", "-out", first / "fullchain.pem"]
        subprocess.run([*make_certificate, *files], check=True, capture_output=True)
    for path in (machine.root / "etc/nginx").rglob("*.conf"):
        text = path.read_text().replace("/etc/portal-tls", str(tls)).replace("/run/", f"{machine.root}/run/")
        path.write_text(text.replace("listen 443", "listen 44399").replace("listen 80", "listen 44380"))
    (machine.root / "run/portal-nginx").mkdir(parents=True)
    command = [str(find_nginx()), "-t", "-p", machine.root / "etc/nginx", "-c", machine.root / "etc/nginx/nginx.conf"]
    process = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert process.returncode == 0, process.stderr
    assert "conflicting server name" not in process.stderr


# The staff's office

STAFF = "office.district.example"


def office_units(machine: Machine) -> str:
    return (machine.root / OFFICE["portal-office.service"]).read_text()


def test_the_office_is_there_only_where_it_is_asked_for_and_then_stays(machine: Machine) -> None:
    machine.installation().install()
    assert not set(OFFICE.values()) & set(machine.files())
    machine.installation(office=STAFF).install()
    files = machine.files()
    assert f"edit --office {STAFF}" in office_units(machine)
    assert f"server_name {STAFF};" in files[OFFICE["nginx-office.conf"]]
    assert "office.example" not in "".join(files[name] for name in OFFICE.values()).replace(STAFF, "")
    assert {"systemctl enable --now portal-office.socket", "systemctl enable --now portal-office.service"} <= set(
        machine.ran
    )
    assert "systemctl disable --now portal-update.timer" in machine.ran, "both would write content/"
    commands = list(machine.ran)
    assert machine.installation().install() == [], "a later run knows it without being told"
    assert machine.ran == commands
    machine.installation().uninstall()
    assert not set(OFFICE.values()) & set(machine.files())


def test_the_office_sees_no_letter_no_key_and_no_network(machine: Machine) -> None:
    machine.installation(office=STAFF).install()
    unit, forms = office_units(machine), (machine.root / TARGETS["portal.service"]).read_text()
    inaccessible = (
        next(line for line in unit.splitlines() if line.startswith("InaccessiblePaths=")).partition("=")[2].split()
    )
    place = f"{machine.root}/srv/portal"
    assert {"-/var/lib/portal", "-/etc/portal", f"-{place}/var/desk", f"-{place}/var/publisher"} <= set(inaccessible)
    assert "User=portal-publish" in unit
    assert "User=portal\n" in forms, "another user has the databases"
    writable = next(line for line in unit.splitlines() if line.startswith("ReadWritePaths="))
    assert writable.split("=")[1].split() == [f"{place}/{name}" for name in ("content", "published", ".build", "var")]
    for line in ("PrivateNetwork=yes", "RestrictAddressFamilies=AF_UNIX", "ProtectSystem=strict", "NoNewPrivileges=yes",
                 "CapabilityBoundingSet=", "StandardOutput=null", "MemorySwapMax=0", "LimitCORE=0"):  # fmt: skip
        assert line in unit.splitlines()
    assert "SocketMode=0660" in (machine.root / OFFICE["portal-office.socket"]).read_text()


@pytest.mark.parametrize(
    "options",
    [{"office": NAME}, {"office": "no name"}, {"office": "x;reboot.example"}, {"office": STAFF, "builds": False}],
)
def test_an_office_that_cannot_be_is_refused_before_anything_is_written(
    machine: Machine, options: dict[str, Any]
) -> None:
    before = machine.files()
    with pytest.raises(Problem):
        machine.installation(**options).install()
    assert (machine.files(), machine.ran) == (before, [])


# An office for each of many districts


@pytest.fixture
def offices(districts: Path) -> Path:
    for name in ("north", "south"):
        hosts, options = settings.read_options(districts, name)
        settings.write(districts, name, hosts, {**options, "office": f"office.{name}.example"})
    return districts


def test_each_of_many_districts_has_an_office_of_its_own(machine: Machine, offices: Path) -> None:
    machine.installation(districts=offices).install()
    files, place = machine.files(), machine.root / "srv/portal"
    assert not set(OFFICE.values()) & set(files), "none of the machine's own"
    for name, other in (("north", "south"), ("south", "north")):
        unit = files[f"etc/systemd/system/portal-office-{name}.service"]
        content, root = machine.root / "srv" / name, place / ".build/districts" / name
        bind = f"--bind unix:/run/portal-office/{name}.sock"
        assert f"build.py --content {content} edit {bind} --office office.{name}.example" in unit
        assert f"ReadWritePaths={content} {root} {place}/.build/seal" in unit.splitlines()
        inaccessible = re.search("^InaccessiblePaths=(.*)", unit, re.M)[1].split()  # type: ignore[index]
        expected = (
            place / "var",
            root / "var/desk",
            root / "var/publisher",
            machine.root / "srv" / other,
            place / ".build/districts" / other,
        )
        assert {"-/var/lib/portal", "-/etc/portal", *(f"-{path}" for path in expected)} <= set(inaccessible)
        assert f"-{root}" not in inaccessible
        assert f"Requires=portal-office-{name}.socket" in unit
        socket = files[f"etc/systemd/system/portal-office-{name}.socket"]
        assert f"ListenStream=/run/portal-office/{name}.sock" in socket
        assert {f"systemctl enable --now portal-office-{name}.{kind}" for kind in ("socket", "service")} <= set(
            machine.ran
        )
        assert root.joinpath("var").is_dir()
    assert "systemctl enable --now portal-update.timer" in machine.ran, "the districts without an office need it"
    nginx = files[district_offices.NGINX]
    assert nginx.count("map $portal_size") == 2, "once for all of them"
    for name in ("north", "south"):
        assert f"server_name office.{name}.example;" in nginx
        assert f"proxy_pass http://unix:/run/portal-office/{name}.sock;" in nginx
        assert f"ssl_certificate /etc/portal-tls/districts/{name}/current/fullchain.pem;" in nginx
    assert not re.search(r"office\.example|portal-office/office\.sock", "".join(files.values()))
    assert machine.installation(districts=offices).install() == []


def test_an_office_that_is_taken_out_is_answered_no_more(machine: Machine, offices: Path) -> None:
    machine.installation(districts=offices).install()
    for name in ("north", "south"):
        hosts, options = settings.read_options(offices, name)
        settings.write(offices, name, hosts, {key: value for key, value in options.items() if key != "office"})
        machine.installation(districts=offices).install()
        assert f"systemctl disable --now portal-office-{name}.service" in machine.ran
        assert f"office.{name}.example" not in "".join(machine.files().values())
    assert not [name for name in machine.files() if "office" in name]
    assert machine.installation(districts=offices).install() == []


def test_the_offices_of_many_go_with_the_installation(machine: Machine, offices: Path) -> None:
    machine.installation(districts=offices).install()
    machine.installation().uninstall()
    assert "systemctl disable --now portal-office-south.socket" in machine.ran
    assert not [name for name in machine.files() if "office" in name]


@pytest.mark.parametrize("changes", [
    {"office": "north.example"}, {"office": "south.example"}, {"office": "office.south.example"}, {"office": NAME}, {"office": "x;reboot.example"},
    {"office": "localhost"}, {"office": "Office.North.example"}, {"office": 5}, {"content": None}, {"content": "srv/south/inside"},
])  # fmt: skip
def test_an_office_of_a_district_that_cannot_be_stops_an_installation(
    machine: Machine, offices: Path, changes: dict[str, Any]
) -> None:
    hosts, options = settings.read_options(offices, "north")
    changed = {
        **options,
        **{key: str(machine.root / value) if key == "content" and value else value for key, value in changes.items()},
    }
    settings.write(offices, "north", hosts, {key: value for key, value in changed.items() if value is not None})
    before = machine.files()
    with pytest.raises((Problem, Problems)):
        machine.installation(districts=offices).install()
    assert (machine.files(), machine.ran) == (before, [])


def test_of_many_districts_each_names_its_own_office(machine: Machine, districts: Path) -> None:
    with pytest.raises(Problem, match="each names its own in its"):
        machine.installation(districts=districts, office=STAFF).install()


def test_systemd_takes_the_units_of_a_districts_office(machine: Machine, offices: Path, tmp_path: Path) -> None:
    machine.installation(districts=offices).install()
    units = tmp_path / "units"
    units.mkdir()
    for name in ("portal-office-north.service", "portal-office-north.socket"):
        text = (machine.root / "etc/systemd/system" / name).read_text()
        (units / name).write_text(re.sub(r"ExecStart=.*", "ExecStart=/bin/true", text))
    process = subprocess.run(["systemd-analyze", "verify", "--man=no", units / "portal-office-north.service"],
                          capture_output=True, text=True, check=False, timeout=120)  # fmt: skip
    assert [
        line for line in process.stderr.splitlines() if "portal-office" in line and "Unknown user" not in line
    ] == []


def test_anybody_may_read_the_certificate_and_nobody_its_key(tmp_path: Path) -> None:
    """Met on a real Debian: `status`, which goes on as the portal's user, could never look at the certificate."""
    tls, live = tmp_path / "tls", tmp_path / "live"
    live.mkdir()
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={NAME}"]
    subprocess.run(
        [*command, "-keyout", str(live / "privkey.pem"), "-out", str(live / "fullchain.pem")],
        check=True,
        capture_output=True,
    )
    script = (ROOT / "deploy/certificate.sh").read_text().replace("/etc/portal-tls", str(tls))
    environment = {**os.environ, "RENEWED_LINEAGE": str(live)}
    subprocess.run(["sh", "-c", script, "certificate.sh", "first"], check=True, env=environment)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tls / "current").resolve().iterdir()}
    assert modes == {"fullchain.pem": 0o644, "privkey.pem": 0o600}
    assert (tls / "current").resolve().stat().st_mode & 0o777 == 0o755
