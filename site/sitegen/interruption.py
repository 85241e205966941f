"""Ends a build early where something else is to be built first, like an edit while speech is made."""

from collections.abc import Callable
from functools import partial

GoOn = Callable[[], object]
"""Called again and again while something is built; raises GivenUp to end it."""


class GivenUp(Exception):
    """Something else is to be built first; what was made so far is kept."""


def go_on() -> None:
    """Build to the end."""


def go_on_unless(given_up: Callable[[], bool]) -> GoOn:
    """Return a function that raises GivenUp once `given_up` returns true. It can be pickled if `given_up` can."""
    return partial(_require_wanted, given_up)


def _require_wanted(given_up: Callable[[], bool]) -> None:
    """Raise GivenUp where `given_up` returns true."""
    if given_up():
        raise GivenUp
