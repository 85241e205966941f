"""The installation that an operator's command is about: its settings, and the user that it belongs to."""

import os
import signal
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path

import click

from forms.core.problem import Problem
from forms.server import config
from forms.server.config import MARKS, ServerSettings
from forms.server.districts import settings as districts


def settings_here() -> ServerSettings:
    """Return the settings of the service, from the same variables (PORTAL_DATA and others). Raises Problem."""
    return config.read(config.from_environment(os.environ))


def marks_here() -> Path | None:
    """Return the folder of marks of the service, which is one for all districts; None where it has none."""
    named = os.environ.get(MARKS)
    return Path(named) if named else None


PROGRAM = Path(__file__).resolve().parents[2]
_UNIT, _FILES = "etc/systemd/system/portal.service", ("etc/portal/settings.env", "etc/portal/backup.env")


def take_service_settings(environment: MutableMapping[str, str], root: Path = Path("/")) -> None:
    """Add the settings of the service that runs this very program here, where none are given.

    So that an operator's command at the machine is about what its service and its timers are about.
    """
    if ("WorkingDirectory", str(PROGRAM)) not in _assigned(root / _UNIT):
        return
    found = dict(_pair(text) for name, text in _assigned(root / _UNIT) if name == "Environment")
    for file in _FILES:  # as for systemd, a file stands over the unit's own lines
        found |= dict(_assigned(root / file))
    if any(environment.get(name) for name in ("PORTAL_PORTAL", "PORTAL_DATA", "PORTAL_DISTRICTS")):
        if MARKS in found:  # the service's also where a data folder is named, as for a restore
            environment.setdefault(MARKS, found[MARKS])
        return
    for name, text in found.items():
        if name.startswith("PORTAL_"):
            environment.setdefault(name, text)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _assigned(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the assignments of a file; none where it is not there, or not for us to read."""
    with suppress(OSError, UnicodeDecodeError):
        for line in path.read_text(encoding="utf-8").splitlines():
            if "=" in line and not line.startswith(("#", ";")):
                name, value = _pair(line.strip())
                yield name, value.strip("\"'")


def leave_terminal() -> None:
    """Give up the terminal that the command was typed in, for this process and all that it starts.

    It can still be read and written by the handles that are open. But who types in it is another user from here on:
    through their controlling terminal, programs of that user could put words into the shell of root (TIOCSTI).
    """
    import fcntl  # noqa: PLC0415 - POSIX has them, where servers run
    import termios  # noqa: PLC0415

    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return  # there is none, as where a timer runs this
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # for the first process of a session, like one of `ssh -t`
    try:
        fcntl.ioctl(terminal, termios.TIOCNOTTY)
    finally:
        signal.signal(signal.SIGHUP, before)
        os.close(terminal)


def become_owner(data: Path) -> None:
    """Go on as the user that a data folder belongs to, and without root's terminal.

    Files that root makes there would stop the service. Raises Problem where that user could not run this program, so
    that modules which are loaded later would be missing.
    """
    if os.name != "posix" or os.geteuid() != 0 or not data.exists():
        return
    found = data.stat()
    if found.st_uid:
        leave_terminal()
        os.setgroups([found.st_gid])
        os.setgid(found.st_gid)
        os.setuid(found.st_uid)
        _require_readable(data)


def _require_readable(data: Path) -> None:
    """Raise Problem where the user of this process cannot read the program, its packages or its Python."""
    for path in (PROGRAM / "forms", Path(click.__file__), Path(os.__file__)):
        if not os.access(path, os.R_OK):
            what = f"belongs to a user who cannot read {path}, so that neither this nor the service can run."
            todo = f"Let everybody read it (see with namei -m {path} what keeps them out), and type the same again."
            raise Problem(str(data), what, todo)


def become_owner_of_first(folder: Path) -> None:
    """Go on as the user that the districts' data belongs to: one service serves them all, and so has one user."""
    for name in districts.names(folder):
        with suppress(Problem):
            data = districts.read(folder, name).settings.data
            if data.exists():
                become_owner(data)
                return
