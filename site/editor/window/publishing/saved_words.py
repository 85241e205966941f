"""What an entry of the history says, in the language of whoever reads it: the history itself is in English."""

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
"""What saves are called (the last argument of the store's functions), each with what was saved."""

_NAMED = re.compile(r"%\\\((\w+)\\\)s")
_PATTERNS = [(kind.message, re.compile(_NAMED.sub(r"(?P<\1>.+)", re.escape(kind.message)))) for kind in KINDS]


def words_of(what: str) -> LazyText:
    """Return what a save is called, as a text that is said in the reader's language; another stays as it is."""
    for message, pattern in _PATTERNS:
        if found := pattern.fullmatch(what):
            return LazyText(message, found.groupdict())
    return LazyText("%(what)s", {"what": what})
