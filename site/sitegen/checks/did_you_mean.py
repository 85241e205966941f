"""Suggestions for a word that is unknown where it is used."""

import difflib
from collections.abc import Iterable

from forms.core.i18n.lazy_text import LazyText
from forms.core.i18n.lazy_text import lazy_gettext as _


def closest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most similar to this one, "" if none is."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), "")


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a message that suggests the closest known word, or `otherwise` if none is close."""
    close = closest(word, known)
    return _('Did you mean "%(word)s"?', word=close) if close else otherwise


def there_are(words: Iterable[str]) -> LazyText:
    """Return a message that lists the known words."""
    return _("There are: %(words)s.", words=", ".join(words))
