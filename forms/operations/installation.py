"""The installation that an operator's command is about: its settings, and the user that it belongs to."""

import os
from pathlib import Path

from forms.server import config
from forms.server.config import Settings


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
