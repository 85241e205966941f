"""Whose a file is, where what it holds is run and not only read."""

import os


def is_trusted(found: os.stat_result) -> bool:
    """Return whether a file or folder is this user's or root's: what another user kept in it may run as this one.

    Root types commands in folders of the user who publishes, whose programs face the internet.
    """
    return os.name != "posix" or found.st_uid in {0, os.geteuid()}
