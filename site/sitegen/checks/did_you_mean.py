"""What staff perhaps meant where they wrote a word that is not known here. difflib is used only here."""

import difflib
from collections.abc import Iterable

from forms.core.i18n.lazy_text import LazyText
from forms.core.i18n.lazy_text import lazy_gettext as _


def closest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like this one, or empty where none is."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), "")


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return what to do about a word that is not known: the closest one, or else this sentence."""
    close = closest(word, known)
    return _('Did you mean "%(word)s"?', word=close) if close else otherwise


def there_are(words: Iterable[str]) -> LazyText:
    """Return which words are known here."""
    return _("There are: %(words)s.", words=", ".join(words))
