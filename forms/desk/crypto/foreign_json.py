"""Sanitise JSON from others, so that it can be shown, searched, compared and stored again."""

from typing import Any

from forms.core.i18n.characters import without_surrogates

_DEEPEST = 6
"""Levels of lists and objects that are read: our own letters have four."""

ODD_JSON = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, RecursionError)
"""What reading JSON of an unforeseen shape raises: a value of another type, a number without end, half a character."""


def tame(value: Any, levels: int = _DEEPEST) -> Any:
    """Return JSON that somebody made up as texts, numbers, lists and objects that are safe to handle.

    JSON may escape half a character, which no file takes, and nest deeper than Python goes: one such letter would
    otherwise keep a desk from all its letters.
    """
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, (list, dict)) and not levels:
        return "..."
    if isinstance(value, list):
        return [tame(one, levels - 1) for one in value]
    if isinstance(value, dict):
        return {tame(name): tame(one, levels - 1) for name, one in value.items()}
    return value
