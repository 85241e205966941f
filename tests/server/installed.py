"""Carries out the commands of docs/deploy.md in a folder of its own, with directories that come and go as systemd's do.

Only absolute paths and ports are changed. No directory is made but those that Debian has, those that the commands make,
and those that the unit files name.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from forms.operations.installing.server_files import has_ipv6
from forms.operations.installing.server_installation import ServerInstallation
from tests.patience import free_port, until

from .deployed import ROOT

HANDBOOK = ROOT / "docs" / "deploy.md"
DEBIAN = ("etc/nginx", "etc/systemd/system", "run", "srv/portal", "usr/bin", "var/lib")
ABSOLUTE = re.compile(r"(?<![\w./}$-])/(?=(?:etc|run|srv|var)/)")
NGINX_UNIT = """
[Service]
Type=forking
PIDFile=/run/nginx.pid
ExecStartPre=nginx -t -q -g 'daemon on; master_process on;'
ExecStart=nginx -g 'daemon on; master_process on;'
ExecReload=nginx -g 'daemon on; master_process on;' -s reload
"""
"""As Debian's package has it, but for the path of nginx: the one here names the folder's own nginx.conf."""


def find_nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def runs(pid: int) -> bool:
    """Return whether a process runs. One that ended, and that nobody asked about yet, does not: not every init asks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def handbook_commands() -> list[str]:
    """Return every command of the handbook's blocks, in order."""
    blocks = re.findall(r"^( *)```sh\n(.*?)^ *```", HANDBOOK.read_text(encoding="utf-8"), re.M | re.DOTALL)
    return [line.strip() for _, block in blocks for line in block.splitlines()]


def settings(unit: str) -> dict[str, list[str]]:
    """Return the settings of a unit file, each with all its values."""
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        if re.match(r"[A-Za-z]+=", line):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@dataclass
class Machine:
    """A scratch machine: its root folder, and the ports in the place of 80 and 443."""

    root: Path
    name: str = "portal.example"
    http: int = field(default_factory=free_port)
    https: int = field(default_factory=free_port)
    named: bool = False
    skipped: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    service: "subprocess.Popen[bytes] | None" = None
    listening: socket.socket | None = None

    def __post_init__(self) -> None:
        for folder in DEBIAN:
            (self.root / folder).mkdir(parents=True)
        shutil.copy("/etc/nginx/mime.types", self.root / "etc/nginx")
        (self.root / "srv/portal/forms").symlink_to(ROOT / "forms")
        shutil.copytree(ROOT / "deploy", self.root / "srv/portal/deploy", ignore=shutil.ignore_patterns("__pycache__"))
        for path in (self.root / "srv/portal/deploy").iterdir():
            path.write_text(self.here(path.read_text()))
        self.program("nginx", f'exec {find_nginx()} -c {self.root}/etc/nginx/nginx.conf "$@"')
        self.program("systemctl", f'test "$1 $2" = "reload nginx" && exec {self.root}/usr/bin/nginx -s reload')

    def program(self, name: str, line: str, folder: str = "usr/bin") -> None:
        path = self.root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def here(self, text: str) -> str:
        """Return the text with this machine's paths and ports in the place of the real ones."""
        text = ABSOLUTE.sub(f"{self.root}/", text)
        for real, port in ((80, self.http), (443, self.https)):
            text = re.sub(rf"listen \[::\]:{real}\b", f"listen [::1]:{port}", text)
            text = re.sub(rf"listen {real}\b", f"listen 127.0.0.1:{port}", text)
            text = text.replace(f"localhost:{real}", f"127.0.0.1:{port}")
        return text if has_ipv6() else re.sub(r"\n +listen \[::.*", "", text)  # as the handbook says

    def run(self, command: str) -> None:
        """Carry out one command of the handbook as this machine does it."""
        if command.startswith("systemctl "):
            self.systemctl(command.split()[1:])
        elif command == "NAME=portal.example":
            self.named = True  # whoever installs writes another name here
        elif re.match(r"(apt-get|adduser|chown|certbot|git) |cd \S+ && python3 build\.py publish$", command):
            self.skipped.append(command)
        elif command == 'python3 build.py install-server --name "$NAME"':
            self.installation().install()
        else:
            self.shell(self.here(command))

    def installation(self) -> ServerInstallation:
        """What `install-server` does, on this machine."""
        return ServerInstallation(self.root, self.root / "srv/portal", self.name, self.said.append, self.run)

    def shell(self, command: str, **environment: str) -> None:
        path = f"{self.root}/usr/bin:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", command], env={**os.environ, "PATH": path, **({"NAME": self.name} if self.named else {}), **environment},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{command}: {done.stderr}")

    # systemd, as far as the units ask for it

    def unit(self, name: str) -> dict[str, list[str]]:
        """Return the settings of a unit and its drop-ins."""
        text = self.here(NGINX_UNIT) if name == "nginx" else ""
        units = self.root / "etc/systemd/system"
        files = [units / f"{name}.service", *sorted((units / f"{name}.service.d").glob("*.conf"))]
        return settings("\n".join([text, *(path.read_text() for path in files if path.exists())]))

    def systemctl(self, words: list[str]) -> None:
        verb, name = words[0], words[-1].removesuffix(".service")
        if verb == "daemon-reload" or words == ["enable", "nginx"] or name.endswith((".timer", "journald")):
            return
        if name.endswith(".socket"):
            self.hold_socket(verb)
            return
        assert verb in {"enable", "start", "stop", "restart", "reload"}, words
        if verb == "reload":
            self.shell(self.unit(name)["ExecReload"][0])
            return
        if verb in {"stop", "restart"}:
            self.stop(name, restarts=verb == "restart")
        if verb != "stop":
            self.start(name)

    def directories(self, unit: dict[str, list[str]], name: str) -> list[Path]:
        under = {"RuntimeDirectory": "run", "StateDirectory": "var/lib"}[name]
        return [self.root / under / folder for value in unit.get(name, []) for folder in value.split()]

    def start(self, name: str, *, waits: bool = True) -> None:
        """Make the unit's directories, and start its program."""
        unit = self.unit(name)
        for kind in ("RuntimeDirectory", "StateDirectory"):
            for folder in self.directories(unit, kind):
                folder.mkdir(exist_ok=True)
                folder.chmod(int(unit.get(f"{kind}Mode", ["0755"])[-1], 8))
                if os.geteuid() == 0 and "Group" in unit:
                    shutil.chown(folder, group=unit["Group"][0])
        for command in unit.get("ExecStartPre", []):
            self.shell(command)
        if name == "nginx":
            self.shell(unit["ExecStart"][0])
            until(self.nginx_pid)
        else:
            self.start_service(unit, waits=waits)

    def hold_socket(self, verb: str) -> None:
        """Listen where the socket's unit says, or no more."""
        if verb in {"stop", "disable"} and self.listening:
            path = self.listening.getsockname()
            self.listening.close()
            self.listening = None
            Path(path).unlink()
        elif verb in {"start", "enable"} and not self.listening:
            socket_settings = settings((self.root / "etc/systemd/system/portal.socket").read_text())
            path = Path(socket_settings["ListenStream"][0])
            path.parent.mkdir(parents=True, exist_ok=True)
            self.listening = socket.socket(socket.AF_UNIX)
            self.listening.bind(str(path))
            self.listening.listen(int(socket_settings["Backlog"][0]))
            path.chmod(int(socket_settings["SocketMode"][0], 8))
            if os.geteuid() == 0:
                shutil.chown(path, group=socket_settings["SocketGroup"][0])

    def start_service(self, unit: dict[str, list[str]], *, waits: bool) -> None:
        variables = dict(value.split("=", 1) for value in unit["Environment"])
        clean = {name: text for name, text in os.environ.items() if not name.startswith("PORTAL_")}
        assert self.listening, "a service starts after its socket"
        held = self.listening.fileno()
        self.service = subprocess.Popen(
            ["bash", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {unit['ExecStart'][0]} 3<&{held}"], pass_fds=(held,), env=clean | variables, cwd=unit["WorkingDirectory"][0],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, umask=int(unit["UMask"][0], 8),
            group=unit["Group"][0] if os.geteuid() == 0 else None,
        )  # fmt: skip
        if waits:
            until(self.has_workers)

    def has_workers(self) -> bool:
        """Return whether the service has forked what answers."""
        assert self.service
        assert self.service.poll() is None, "the service ended at once"
        children = Path(f"/proc/{self.service.pid}/task/{self.service.pid}/children")
        return bool(children.read_text().split())

    def stop(self, name: str, *, restarts: bool = False) -> None:
        """End the unit's program, and remove its runtime directories as systemd does."""
        if name == "nginx" and (pid := self.nginx_pid()):
            os.kill(pid, signal.SIGQUIT)
            until(lambda: not self.nginx_pid())
        if name == "portal" and self.service:
            self.service.terminate()
            self.service.wait(120)
            self.service = None
        self.remove_directories(name, restarts=restarts)

    def remove_directories(self, name: str, *, restarts: bool) -> None:
        unit = self.unit(name)
        kept = unit.get("RuntimeDirectoryPreserve", ["no"])[-1]
        if kept == "yes" or (kept == "restart" and restarts):
            return
        for folder in self.directories(unit, "RuntimeDirectory"):
            shutil.rmtree(folder, ignore_errors=True)

    def nginx_pid(self) -> int | None:
        """Return the number of nginx's main process, None where it does not run."""
        path = self.root / "run/nginx.pid"
        text = path.read_text().strip() if path.exists() else ""
        return int(text) if text and runs(int(text)) else None

    def kill_nginx(self) -> None:
        """End nginx and its workers as a lack of memory does; systemd then starts the unit again."""
        pid = self.nginx_pid()
        assert pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in [pid, *map(int, children)]:
            os.kill(each, signal.SIGKILL)
        until(lambda: not self.nginx_pid())
        self.remove_directories("nginx", restarts=True)

    def shut_down(self) -> None:
        for name in ("nginx", "portal"):
            self.stop(name)
        self.hold_socket("stop")

    def install_site(self, public: Path, handover: Path) -> None:
        """What `python3 build.py publish` leaves: packages, and a release with site and hand-over file."""
        release = self.root / "srv/portal/published/releases/0000000001"
        shutil.copytree(public, release / "public")
        shutil.copy(handover, release / "portal.json")
        (self.root / "srv/portal/published/current").symlink_to("releases/0000000001")
        self.program("gunicorn", f'exec {sys.executable} -m gunicorn "$@"', "srv/portal/.venv/bin")

    def install(self) -> None:
        """Carry out the whole handbook."""
        for command in handbook_commands():
            self.run(command)
