"""What must be true before a server is installed."""

import os
import re
import shutil
from pathlib import Path

from forms.core.problem import Problem

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_./-]+")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


def require_name(name: str) -> None:
    """Raise Problem for a text that is not a host name."""
    if not _HOST.fullmatch(name):
        raise Problem(name, "is no name of a site.", "Write it in small letters, like --name help.example.org")


def require_owned_by_root(place: Path) -> None:
    """Raise Problem where another user may change the program that root installs, or units cannot name its path."""
    if not _PLAIN_PATH.fullmatch(str(place)):
        raise Problem(str(place), "cannot stand in units and commands.", "Move it, best to /srv/portal.")
    for path in (place, place / "deploy", *(place / "deploy").iterdir()):
        if path.lstat().st_uid not in {0, os.geteuid()}:
            raise Problem(str(path), "belongs to another user, who could change what runs here.", f"chown root: {path}")
    if place.stat().st_mode & 0o002 or (place / "deploy").stat().st_mode & 0o002:
        raise Problem(str(place), "may be changed by everybody on this machine.", f"chmod -R o-w {place}")


def require_tools() -> None:
    """Raise Problem where the user is not root, or a program is missing."""
    if os.geteuid() != 0:
        raise Problem("install-server", "changes the whole machine.", "Run it as root: sudo python3 build.py ...")
    missing = [name for name in ("nginx", "openssl", "systemctl") if not shutil.which(name, path=_SEARCH_PATH)]
    if missing:
        todo = f"On Debian and Ubuntu: apt-get install {' '.join(missing)}"
        raise Problem("install-server", f"needs {', '.join(missing)}.", todo)


_SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
