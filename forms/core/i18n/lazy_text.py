"""Texts that are written in English where they arise and translated where somebody reads them (lazy gettext).

A LazyText is its English text; who knows no languages, like the terminal, uses it as any other text. What it was made
of goes along, so that a page can say the same in its reader's language, with days as that language writes them.
"""

from collections.abc import Callable, Mapping
from datetime import date
from gettext import NullTranslations
from typing import Any, Self

Values = Mapping[str, Any]


class LazyText(str):
    """An English text with its message and values. A message without values is not formatted: it may hold a %."""

    message: str
    plural: str
    number: int
    values: Values

    def __new__(cls, message: str, values: Values | None = None, plural: str = "", count: int = 1) -> Self:
        """Return the text in English. plural, count: another form for other numbers than one."""
        text = super().__new__(cls, filled(plural if plural and count != 1 else message, values or {}, english))
        text.message, text.values, text.plural, text.number = message, values or {}, plural, count
        return text

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return what a copy is made of."""
        return self.message, self.values, self.plural, self.number

    def translated(self, words: NullTranslations, tell: Callable[[Any], Any]) -> str:
        """Return the text in the language of `words`; tell: how a value is said there, like a day or another LazyText.

        A translation that does not fit its values, as where a placeholder is misspelt, gives way to the English one.
        """
        found = words.ngettext(self.message, self.plural, self.number) if self.plural else said(words, self.message)
        try:
            return filled(found, self.values, tell)
        except (KeyError, TypeError, ValueError):
            return filled(self.plural if self.plural and self.number != 1 else self.message, self.values, tell)


def said(words: NullTranslations, message: str) -> str:
    """Return a message in the language of `words`; empty stays empty (gettext gives the file's head for it)."""
    return words.gettext(message) if message else ""


def filled(message: str, values: Values, tell: Callable[[Any], Any]) -> str:
    """Return the message with its values. Raises KeyError, TypeError or ValueError where they do not fit."""
    return message % {name: tell(value) for name, value in values.items()} if values else message


def english(value: Any) -> Any:
    """Return a value as an English text has it: a day like 2027-01-05."""
    return value.isoformat() if isinstance(value, date) else value


def lazy_gettext(message: str, **values: Any) -> LazyText:
    """Mark an English message for translation; values stand in it as %(name)s."""
    return LazyText(message, values)


def lazy_ngettext(singular: str, plural: str, count: int, **values: Any) -> LazyText:
    """Mark an English message with a number, which is in it as %(count)s, for translation."""
    return LazyText(singular, {"count": count, **values}, plural, count)


def as_lazy(text: str) -> LazyText:
    """Return a text as one that is looked up where somebody reads it; one from elsewhere stays as it is there."""
    return text if isinstance(text, LazyText) else LazyText(text)


def joined(*parts: str) -> LazyText:
    """Return texts one after the other, each in the reader's language; empty ones are left out."""
    kept = [as_lazy(part) for part in parts if part]
    return LazyText(
        " ".join(f"%(part{at})s" for at in range(len(kept))), {f"part{at}": one for at, one in enumerate(kept)}
    )
