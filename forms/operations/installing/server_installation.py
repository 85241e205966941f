"""Install a server: user, folders, units, nginx and a first certificate, as the files in deploy/ say (docs/deploy.md).

Running it again is safe: correct files are left alone, files that somebody edited are kept beside the new ones.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from forms.core.files.durable import make_open_folder, write_durably
from forms.core.files.locks import AlreadyLocked, locked
from forms.core.problem import Problem
from forms.operations.districts import district_offices, server_districts, site_folders
from forms.operations.installing.conditions import require_name, require_owned_by_root
from forms.operations.installing.next_steps import SETTINGS
from forms.operations.installing.server_files import OFFICE, TARGETS, UNITS, file_texts
from forms.server.districts.settings import District

Run = Callable[[str], None]
"""Runs one shell command. Raises Problem where it fails."""

RECORD = "etc/portal/installed.json"
LOCK = "etc/portal/installing"
FOLDERS = ("etc/portal", "etc/portal-tls", "var/www/portal-acme")
PUBLISHER = "portal-publish"

PUBLISHERS_FOLDERS = ("content", "published", ".build", "var")
"""Folders of the checkout that belong to the user who publishes; the rest belongs to root."""

STARTED_WITH = "started with"
"""The key in the record for the SHA-256 of the files with which the units were started."""

SERVICE_UNITS = ("portal.socket", "portal.service")
OFFICE_UNITS = ("portal-office.socket", "portal-office.service")
TIMER = "portal-update.timer"
TIMERS = (TIMER, "portal-update.path", "portal-backup.timer", "portal-erasures.timer")
ORIGINAL, EDITED = ".before-portal", ".yours"
"""Endings of files that stay beside ours: that of another package, and ours after somebody edited it."""

_FIRST_SETTINGS = """# Settings of the portal, one a line, like PORTAL_BUDGET=4294967296; docs/deploy.md lists them.
# They are taken at the next restart: systemctl restart portal. The installation never changes this file.
"""


@dataclass
class ServerInstallation:
    """One machine.

    root: the folder of the machine's files, / for a real one; place: the checkout; name: of the site, like
    help.example.org; say: prints each step; run: runs shell commands; dry: only print the steps; builds: whether the
    site is built on this machine, by a timer; districts: the folder of the districts, where the service has many: then
    `name` is the machine's own; office: the name of the staff's office, where it is served here; later runs know it.
    """

    root: Path
    place: Path
    name: str
    say: Callable[[str], None]
    run: Run
    dry: bool = False
    builds: bool = True
    districts: Path | None = None
    office: str = ""
    done: list[str] = field(default_factory=list)
    _many: Sequence[District] = ()
    _offices: Sequence[District] = ()

    def install(self) -> list[str]:
        """Install or update this machine as deploy/ says; return the changes. Raises Problem."""
        require_name(self.name)
        require_owned_by_root(self.place)
        self.office = self.office or self._installed_office()
        if self.office:
            self._require_office()
        self._many = server_districts.all_apart(self.districts) if self.districts else []
        server_districts.require_no_host(self.name, self._many)
        self._offices = district_offices.with_office(self._many) if self.builds else []
        for folder in FOLDERS:
            self._make_folder(self.root / folder)
        with self._lock():
            self._add_users()
            record = self._write_files()
            self._write_settings()
            self._make_certificates()
            self._start_units(record)
        return self.done

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Prevent a second run: two runs with different names would each write half of the files. Raises Problem."""
        if self.dry:
            yield
            return
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self.root / LOCK))
            except AlreadyLocked:
                todo = "Wait until it has ended, then run this again: it does what is left."
                raise Problem("install-server", "runs in another terminal.", todo) from None
            yield

    def _installed_office(self) -> str:
        """Return the name of the office that was installed before; "" for none."""
        path = self.root / OFFICE["nginx-office.conf"]
        match = re.search(r"server_name ([a-z0-9.-]+);", path.read_text(encoding="utf-8")) if path.exists() else None
        return match[1] if match else ""

    def _require_office(self) -> None:
        """Raise Problem where this machine cannot serve the office."""
        require_name(self.office)
        if self.office == self.name:
            raise Problem(self.office, "is the site's own name.", "Give the office another, like office.example.org.")
        if self.districts:
            todo = f"Name it there: portal district update riverside --set office={self.office}; then without --office."
            raise Problem("--office", "is for one district; of many, each names its own in its district.toml.", todo)
        if not self.builds:
            what = "cannot be where the site is not built."
            raise Problem("--office", what, "Put the office on a machine that builds its site.")

    def uninstall(self) -> list[str]:
        """Remove the files that `install` wrote and nobody edited. Letters, certificates, users and settings stay."""
        if not (self.root / RECORD).exists():
            return self.done
        with self._lock():
            self._uninstall()
        return self.done

    def _uninstall(self) -> None:
        record = self._record()
        offices = district_offices.removed_units(record, ()).values()
        for unit in (*TIMERS, *offices, *reversed((*SERVICE_UNITS, *OFFICE_UNITS))):
            if (self.root / UNITS / unit).exists():
                self._do(f"systemctl disable --now {unit}")
        for name, digest in record.items():
            if name == STARTED_WITH:
                continue
            path = self.root / name
            if path.exists() and _digest(path.read_bytes()) == digest:
                self._change(f"remove {path}", path.unlink)
            original = path.with_name(f"{path.name}{ORIGINAL}")
            if original.exists():
                self._change(f"take {path} back as it was before", partial(original.replace, path))
        if record:
            self._do("systemctl daemon-reload")
            self._change("forget what was installed", (self.root / RECORD).unlink)

    def _add_users(self) -> None:
        passwd = self.root / "etc/passwd"
        existing = passwd.read_text(encoding="utf-8") if passwd.exists() else ""
        for user, options in (("portal", ""), (PUBLISHER, f" --home /var/lib/{PUBLISHER}")):
            if not re.search(rf"^{user}:", existing, re.M) and (self.builds or user != PUBLISHER):
                self._do(f"adduser --system --group{options} {user}")

    def _make_folder(self, path: Path) -> None:
        if not path.is_dir():
            self._change(f"make {path}", lambda: make_open_folder(path))

    def _write_files(self) -> dict[str, str]:
        """Write each file that is missing or differs; return the SHA-256 of all, by their paths."""
        record = self._record()
        for target, text in self._texts().items():
            data, path = text.encode(), self.root / target
            existing = path.read_bytes() if path.exists() else None
            if existing != data:
                self._keep(path, existing, record.get(target))
                self._change(f"write {path}", partial(_write, path, data))
            record[target] = _digest(data)
        self._remove_offices(record)
        self._write_record(record)
        return record

    def _remove_offices(self, record: dict[str, str]) -> None:
        """Stop the offices that districts no longer have, and remove their files: nginx would still answer for them."""
        texts = self._texts()
        removed = district_offices.removed_units(record, texts)
        if not self._offices and district_offices.NGINX in record:
            removed[district_offices.NGINX] = ""
        for target, unit in removed.items():
            path = self.root / target
            if unit:
                self._do(f"systemctl disable --now {unit}")
            if path.exists():
                self._change(f"remove {path}", path.unlink)
            del record[target]

    def _write_record(self, record: Mapping[str, str]) -> None:
        data = json.dumps(record, indent=1).encode()
        path = self.root / RECORD
        if not self.dry and (not path.exists() or path.read_bytes() != data):
            _write(path, data)

    def _keep(self, path: Path, existing: bytes | None, digest: str | None) -> None:
        """Copy a file that we did not write, or that somebody edited since, to a name beside it.

        digest: the SHA-256 of the file as we wrote it, None where we never did.
        """
        if existing is None or _digest(existing) == digest:
            return
        beside = path.with_name(f"{path.name}{EDITED if digest else ORIGINAL}")
        if digest or not beside.exists():
            self._change(f"keep {path} as {beside.name}", lambda: _write(beside, existing))

    def _texts(self) -> dict[str, str]:
        """Return the text of each file, by its path."""
        return file_texts(
            self.place, self.name, self.office, self.districts, self._many, with_offices=bool(self._offices)
        )

    def _write_settings(self) -> None:
        path = self.root / SETTINGS
        if not path.exists():
            self._change(f"write {path}", lambda: _write(path, _FIRST_SETTINGS.encode(), 0o600))

    def _make_certificates(self) -> None:
        """Make self-signed certificates where there are none: an authority certifies only a running server."""
        self._first_certificate(self.name, self.root / "etc/portal-tls", "")
        for district in self._many:
            host, tls = district.hosts[0], self.root / "etc/portal-tls/districts" / district.name
            self._first_certificate(host, tls, f" {district.name} {host}")

    def _first_certificate(self, host: str, tls: Path, arguments: str) -> None:
        if (tls / "current").exists():
            return
        first = tls / "first"
        self._make_folder(first)
        files = f"-keyout {first}/privkey.pem -out {first}/fullchain.pem"
        self._do(f"umask 077; openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN={host} {files}")
        self._do(f"RENEWED_LINEAGE={first} {self.place}/deploy/certificate.sh first{arguments}")

    def _start_units(self, record: dict[str, str]) -> None:
        """Start the units that these files describe, unless a complete run did: an interrupted one is repeated."""
        digest = _digest(json.dumps({name: record[name] for name in sorted(self._texts())}).encode())
        if record.get(STARTED_WITH) == digest:
            return
        if self.builds:
            self._give_to_publisher()
        for data in server_districts.data_outside(self._many):
            self._do(f"install -d -o portal -g www-data -m 700 {data}")
        self._do("systemctl daemon-reload")
        self._do("systemctl restart systemd-journald")
        if self.office:
            self._do(f"systemctl disable --now {TIMER}")  # the timer and the office would both write content/
        offices = [unit for district in self._offices for unit in district_offices.units_of(district)]
        for unit in (*SERVICE_UNITS, *(OFFICE_UNITS if self.office else [TIMER] if self.builds else []), *offices):
            self._do(f"systemctl enable --now {unit}")
        for unit in (unit for unit in (*OFFICE_UNITS, *offices) if unit.endswith(".service")):
            if self.office or unit in offices:
                self._do(f"systemctl try-restart {unit}")
        if self.districts:
            self._do("systemctl try-restart portal.service")  # requests wait in the socket meanwhile
        self._do("systemctl enable nginx")
        self._do("systemctl restart nginx")
        self._write_record({**record, STARTED_WITH: digest})

    def _give_to_publisher(self) -> None:
        folders = [self.place / folder for folder in PUBLISHERS_FOLDERS]
        folders += [district.content for district in self._many if district.content]
        for district in self._offices:
            for name in ("published", "var"):
                self._make_folder(site_folders.root_of(self.place, district) / name)
        for folder in folders:
            self._make_folder(folder)
        self._do(f"chown -R {PUBLISHER}: {' '.join(map(str, folders))}")

    def _do(self, command: str) -> None:
        self._change(command, lambda: self.run(command))

    def _change(self, description: str, action: Callable[[], object]) -> None:
        self.say(f"  {description}")
        self.done.append(description)
        if not self.dry:
            action()

    def _record(self) -> dict[str, str]:
        """Return the SHA-256 of each file that earlier runs wrote, by its path."""
        try:
            record = json.loads((self.root / RECORD).read_bytes())
        except (OSError, ValueError):
            return {}
        known = {*TARGETS.values(), *OFFICE.values(), district_offices.NGINX, STARTED_WITH}
        patterns = (server_districts.TARGET, district_offices.UNIT)
        return {
            name: digest
            for name, digest in record.items()
            if name in known or any(pattern.fullmatch(name) for pattern in patterns)
        }


def _write(path: Path, data: bytes, mode: int = 0o644) -> None:
    make_open_folder(path.parent)
    write_durably(path, data)
    path.chmod(mode)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
