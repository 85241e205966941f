"""Install a server: user, folders, units, nginx and a first certificate, as the files in deploy/ say (docs/deploy.md).

It may be run again at any time: what is as it should be is left alone, what somebody changed by hand is kept beside.
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
from forms.operations.installing.server_files import PLACE, TARGETS, UNITS, has_ipv6, without_ipv6
from forms.operations.updating.content_writers import OFFICE
from forms.server.districts.settings import District

Run = Callable[[str], None]
"""Carries out one command of the shell. Raises Problem where it fails."""

RECORD = "etc/portal/installed.json"
LOCK = "etc/portal/installing"
FOLDERS = ("etc/portal", "etc/portal-tls", "var/www/portal-acme")
PUBLISHER = "portal-publish"

OF_PUBLISHER = ("content", "published", ".build", "var")
"""Folders of the checkout that belong to the user who publishes; the program itself stays root's."""

STARTED_WITH = "started with"
"""In the record: the SHA-256 of the files with which everything was started."""

STARTED = ("portal.socket", "portal.service")
OFFICE_STARTED = ("portal-office.socket", "portal-office.service")
TIMER = "portal-update.timer"
TIMERS = (TIMER, "portal-update.path", "portal-backup.timer", "portal-erasures.timer")
BEFORE, OWN = ".before-portal", ".yours"

_FIRST_SETTINGS = """# Settings of the portal, one a line, like PORTAL_BUDGET=4294967296; docs/deploy.md lists them.
# They are taken at the next restart: systemctl restart portal. The installation never changes this file.
"""


@dataclass
class ServerInstallation:
    """One machine.

    root: where its files lie, / for a real one; place: the checkout; name: the site's, like help.example.org; say: told
    each step; run: carries out commands; dry: only say; builds: whether the site is built here, on a timer; districts:
    the folder of the districts, where the service has many: then `name` is the machine's own; office: the name of the
    staff's office, where it is served here: once given it is known.
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
        """Bring the machine to what deploy/ says; return what was changed. Raises Problem."""
        require_name(self.name)
        require_owned_by_root(self.place)
        self.office = self.office or self._known_office()
        if self.office:
            self._require_office()
        self._many = server_districts.all_apart(self.districts) if self.districts else []
        server_districts.require_no_host(self.name, self._many)
        self._offices = district_offices.with_office(self._many) if self.builds else []
        for folder in FOLDERS:
            self._folder(self.root / folder)
        with self._alone():
            self._user()
            record = self._files()
            self._settings()
            self._certificate()
            self._commands(record)
        return self.done

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep out a second run: of two with different names each would write half of the files. Raises Problem."""
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

    def _known_office(self) -> str:
        """Return the name of the office that was installed before; "" for none."""
        path = self.root / OFFICE["nginx-office.conf"]
        found = re.search(r"server_name ([a-z0-9.-]+);", path.read_text(encoding="utf-8")) if path.exists() else None
        return found[1] if found else ""

    def _require_office(self) -> None:
        """Raise Problem where the office cannot be on this machine."""
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
        """Take away what `install` wrote and nobody changed. Letters, certificates, the user and settings stay."""
        if not (self.root / RECORD).exists():
            return self.done
        with self._alone():
            self._uninstall()
        return self.done

    def _uninstall(self) -> None:
        record = self._record()
        offices = district_offices.gone(record, ()).values()
        for unit in (*TIMERS, *offices, *reversed((*STARTED, *OFFICE_STARTED))):
            if (self.root / UNITS / unit).exists():
                self._do(f"systemctl disable --now {unit}")
        for name, digest in record.items():
            if name == STARTED_WITH:
                continue
            path = self.root / name
            if path.exists() and _digest(path.read_bytes()) == digest:
                self._change(f"remove {path}", path.unlink)
            before = path.with_name(f"{path.name}{BEFORE}")
            if before.exists():
                self._change(f"take {path} back as it was before", partial(before.replace, path))
        if record:
            self._do("systemctl daemon-reload")
            self._change("forget what was installed", (self.root / RECORD).unlink)

    def _user(self) -> None:
        passwd = self.root / "etc/passwd"
        known = passwd.read_text(encoding="utf-8") if passwd.exists() else ""
        for user, more in (("portal", ""), (PUBLISHER, f" --home /var/lib/{PUBLISHER}")):
            if not re.search(rf"^{user}:", known, re.M) and (self.builds or user != PUBLISHER):
                self._do(f"adduser --system --group{more} {user}")

    def _folder(self, path: Path) -> None:
        if not path.is_dir():
            self._change(f"make {path}", lambda: make_open_folder(path))

    def _files(self) -> dict[str, str]:
        """Write each file that is not as it should be; return the SHA-256 of all, by their places."""
        record = self._record()
        for target, text in self._texts().items():
            data, path = text.encode(), self.root / target
            there = path.read_bytes() if path.exists() else None
            if there != data:
                self._keep(path, there, record.get(target))
                self._change(f"write {path}", partial(_write, path, data))
            record[target] = _digest(data)
        self._end_offices(record)
        self._remember(record)
        return record

    def _end_offices(self, record: dict[str, str]) -> None:
        """End the offices of districts that have none any more: their names would go on to be answered."""
        texts = self._texts()
        gone = district_offices.gone(record, texts)
        if not self._offices and district_offices.NGINX in record:
            gone[district_offices.NGINX] = ""
        for target, unit in gone.items():
            path = self.root / target
            if unit:
                self._do(f"systemctl disable --now {unit}")
            if path.exists():
                self._change(f"remove {path}", path.unlink)
            del record[target]

    def _remember(self, record: Mapping[str, str]) -> None:
        data = json.dumps(record, indent=1).encode()
        path = self.root / RECORD
        if not self.dry and (not path.exists() or path.read_bytes() != data):
            _write(path, data)

    def _keep(self, path: Path, there: bytes | None, written: str | None) -> None:
        """Keep beside it what stood there before us, or what somebody wrote over ours."""
        if there is None or _digest(there) == written:
            return
        beside = path.with_name(f"{path.name}{OWN if written else BEFORE}")
        if written or not beside.exists():
            self._change(f"keep {path} as {beside.name}", lambda: _write(beside, there))

    def _text(self, source: str) -> str:
        text = (self.place / "deploy" / source).read_text(encoding="utf-8")
        text = PLACE.sub(str(self.place), text).replace("portal.example", self.name)
        return text if has_ipv6() else without_ipv6(text)

    def _texts(self) -> dict[str, str]:
        """Return what each file holds, by its place."""
        found = {target: self._text(source) for source, target in TARGETS.items()}
        if self.office:
            more = {target: self._text(source) for source, target in OFFICE.items()}
            found |= {target: text.replace("office.example", self.office) for target, text in more.items()}
        if self.districts:
            more = server_districts.texts(found, self.districts, self._many)
            if self._offices:
                more |= district_offices.texts(self.place, list(map(self._text, OFFICE)), self._many)
            found |= {target: text if has_ipv6() else without_ipv6(text) for target, text in more.items()}
        return found

    def _settings(self) -> None:
        path = self.root / SETTINGS
        if not path.exists():
            self._change(f"write {path}", lambda: _write(path, _FIRST_SETTINGS.encode(), 0o600))

    def _certificate(self) -> None:
        """First certificates, which the server signs itself: the authority checks a running server."""
        self._first_certificate(self.name, self.root / "etc/portal-tls", "")
        for one in self._many:
            host = one.hosts[0]
            self._first_certificate(host, self.root / "etc/portal-tls/districts" / one.name, f" {one.name} {host}")

    def _first_certificate(self, host: str, tls: Path, more: str) -> None:
        if (tls / "current").exists():
            return
        first = tls / "first"
        self._folder(first)
        files = f"-keyout {first}/privkey.pem -out {first}/fullchain.pem"
        self._do(f"umask 077; openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN={host} {files}")
        self._do(f"RENEWED_LINEAGE={first} {self.place}/deploy/certificate.sh first{more}")

    def _commands(self, record: dict[str, str]) -> None:
        """Start what these files describe, unless that was done: what was cut short is done again."""
        files = _digest(json.dumps({name: record[name] for name in sorted(self._texts())}).encode())
        if record.get(STARTED_WITH) != files:
            if self.builds:
                self._give_to_publisher()
            for data in server_districts.data_outside(self._many):
                self._do(f"install -d -o portal -g www-data -m 700 {data}")
            self._do("systemctl daemon-reload")
            self._do("systemctl restart systemd-journald")
            if self.office:
                self._do(f"systemctl disable --now {TIMER}")  # both would write content/
            offices = [unit for one in self._offices for unit in district_offices.started(one)]
            for unit in (*STARTED, *(OFFICE_STARTED if self.office else [TIMER] if self.builds else []), *offices):
                self._do(f"systemctl enable --now {unit}")
            for unit in (unit for unit in (*OFFICE_STARTED, *offices) if unit.endswith(".service")):
                if self.office or unit in offices:
                    self._do(f"systemctl try-restart {unit}")
            if self.districts:
                self._do("systemctl try-restart portal.service")  # what comes waits in the socket
            self._do("systemctl enable nginx")
            self._do("systemctl restart nginx")
            self._remember({**record, STARTED_WITH: files})

    def _give_to_publisher(self) -> None:
        folders = [self.place / folder for folder in OF_PUBLISHER]
        folders += [one.content for one in self._many if one.content]
        for one in self._offices:
            for name in ("published", "var"):
                self._folder(site_folders.root_of(self.place, one) / name)
        for folder in folders:
            self._folder(folder)
        self._do(f"chown -R {PUBLISHER}: {' '.join(map(str, folders))}")

    def _do(self, command: str) -> None:
        self._change(command, lambda: self.run(command))

    def _change(self, what: str, how: Callable[[], object]) -> None:
        self.say(f"  {what}")
        self.done.append(what)
        if not self.dry:
            how()

    def _record(self) -> dict[str, str]:
        """Return the SHA-256 of each file that was written, by its place."""
        try:
            found = json.loads((self.root / RECORD).read_bytes())
        except (OSError, ValueError):
            return {}
        known = {*TARGETS.values(), *OFFICE.values(), district_offices.NGINX, STARTED_WITH}
        many = (server_districts.TARGET, district_offices.UNIT)
        return {name: text for name, text in found.items() if name in known or any(one.fullmatch(name) for one in many)}


def _write(path: Path, data: bytes, mode: int = 0o644) -> None:
    make_open_folder(path.parent)
    write_durably(path, data)
    path.chmod(mode)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
