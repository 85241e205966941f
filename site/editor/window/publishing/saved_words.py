"""Translates the messages of commits, which are in English, for the reader of the history."""

import re

from forms.core.i18n.lazy_text import LazyText
from forms.core.i18n.lazy_text import lazy_gettext as _

KINDS = (
    _("Edit %(name)s"), _("Row %(name)s of %(table)s"), _("Table %(name)s from a spreadsheet"),
    _("New draft: %(name)s"),
    _("Translate %(name)s"), _("Draft is done: %(name)s"), _("Draft is thrown away: %(name)s"), _("Draft %(name)s"),
    _("Helpline %(name)s called"), _("New picture: %(name)s"), _("Read %(name)s"), _("Withdraw consent %(name)s"),
    _("Corrections by a reader: %(name)s"), _("Back: %(name)s"), _("Join what others published"), _("Published"),
)  # fmt: skip
"""The messages of saves (the last argument of the store's functions)."""

_NAMED = re.compile(r"%\\\((\w+)\\\)s")
_PATTERNS = [(kind.message, re.compile(_NAMED.sub(r"(?P<\1>.+)", re.escape(kind.message)))) for kind in KINDS]


def words_of(what: str) -> LazyText:
    """Return the message of a save as a translatable text; an unknown message stays as it is."""
    for message, pattern in _PATTERNS:
        if match := pattern.fullmatch(what):
            return LazyText(message, match.groupdict())
    return LazyText("%(what)s", {"what": what})
