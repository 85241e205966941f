"""Desk commands as they are typed on this machine, so that messages can name commands that can be pasted.

One process serves one desk, so the way in which it was started holds for all its messages.
"""

_prefix = ["desk"]


def set_command_prefix(prefix: str) -> None:
    """Record how this program was started: `python3 build.py desk --server https://... --home ...`."""
    _prefix[0] = prefix


def reset_command_prefix() -> None:
    """Set the default prefix again, as at the end of the program."""
    set_command_prefix("desk")


def command(arguments: str = "") -> str:
    """Return a desk command as it is typed here, with this desk's server, folder and name."""
    return f"{_prefix[0]} {arguments}".strip()
