"""The installation that an operator's command is about: its settings, and the user that it belongs to."""

import os
from contextlib import suppress
from pathlib import Path

from forms.core.problem import Problem
from forms.server import config
from forms.server.config import Settings
from forms.server.districts import settings as districts


def settings_here() -> Settings:
    """Return the settings of the service, from the same variables (PORTAL_DATA and others). Raises Problem."""
    return config.read(config.from_environment(os.environ))


def become_owner(data: Path) -> None:
    """Go on as the user that a data folder belongs to: files that root makes there would stop the service."""
    if os.name != "posix" or os.geteuid() != 0 or not data.exists():
        return
    found = data.stat()
    if found.st_uid:
        os.setgroups([found.st_gid])
        os.setgid(found.st_gid)
        os.setuid(found.st_uid)


def become_owner_of_first(folder: Path) -> None:
    """Go on as the user that the districts' data belongs to: one service serves them all, and so has one user."""
    for name in districts.names(folder):
        with suppress(Problem):
            data = districts.read(folder, name).settings.data
            if data.exists():
                become_owner(data)
                return
