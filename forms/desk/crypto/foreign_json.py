"""Sanitise JSON from untrusted sources, so that it can be shown, searched, compared and stored again."""

from typing import Any

from forms.core.i18n.characters import without_surrogates

_MAX_DEPTH = 6
"""Levels of lists and objects that are read: our own letters have four."""

MALFORMED_JSON_ERRORS = (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, RecursionError)
"""Errors raised by JSON of an unexpected shape: a wrong type, an infinite number, an unpaired surrogate."""


def sanitise(value: Any, levels: int = _MAX_DEPTH) -> Any:
    """Return parsed JSON without unpaired surrogates and with limited nesting.

    JSON can hold an unpaired surrogate, which cannot be encoded, and nest deeper than Python's recursion limit. One
    such letter would otherwise keep a desk from reading all its letters.
    """
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, (list, dict)) and not levels:
        return "..."
    if isinstance(value, list):
        return [sanitise(item, levels - 1) for item in value]
    if isinstance(value, dict):
        return {sanitise(name): sanitise(item, levels - 1) for name, item in value.items()}
    return value
