"""How a desk command is typed on this machine, so that messages can name commands that can be pasted.

A desk's program serves one desk, and the way it was started holds for all that it says.
"""

_started_as = ["desk"]


def note_start(prefix: str) -> None:
    """Note how this program was started: `python3 build.py desk --server https://... --home ...`."""
    _started_as[0] = prefix


def forget_start() -> None:
    """Forget how the program was started, as at its end."""
    note_start("desk")


def command(what: str = "") -> str:
    """Return how a command is typed here, with this desk's server, folder and name."""
    return f"{_started_as[0]} {what}".strip()
