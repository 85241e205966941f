"""Texts that are created in English and translated where they are shown (lazy gettext).

A LazyText is its English text, and code that does not translate, like the terminal, uses it as any other text. It also
holds its message and values, so that a page can show it in its reader's language, with days in that language's format.
"""

from collections.abc import Callable, Mapping
from datetime import date
from gettext import NullTranslations
from typing import Any, Self

Values = Mapping[str, Any]


class LazyText(str):
    """An English text with its message and values. A message without values is not formatted: it may contain a %."""

    message: str
    plural: str
    number: int
    values: Values

    def __new__(cls, message: str, values: Values | None = None, plural: str = "", count: int = 1) -> Self:
        """Return the text in English. plural: the message for any other count than one."""
        text = super().__new__(cls, fill(plural if plural and count != 1 else message, values or {}, format_english))
        text.message, text.values, text.plural, text.number = message, values or {}, plural, count
        return text

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return the arguments that make a copy."""
        return self.message, self.values, self.plural, self.number

    def translated(self, words: NullTranslations, format_value: Callable[[Any], Any]) -> str:
        """Return the text in the language of `words`.

        format_value: formats a value, like a day or another LazyText, in that language. Falls back to English if the
        translation does not fit the values, as with a misspelt placeholder.
        """
        translation = (
            words.ngettext(self.message, self.plural, self.number)
            if self.plural
            else translate_message(words, self.message)
        )
        try:
            return fill(translation, self.values, format_value)
        except (KeyError, TypeError, ValueError):
            return fill(self.plural if self.plural and self.number != 1 else self.message, self.values, format_value)


def translate_message(words: NullTranslations, message: str) -> str:
    """Return a message in the language of `words`; "" for an empty one (gettext returns the file's header for it)."""
    return words.gettext(message) if message else ""


def fill(message: str, values: Values, format_value: Callable[[Any], Any]) -> str:
    """Return the message with its values. Raises KeyError, TypeError or ValueError if they do not fit."""
    return message % {name: format_value(value) for name, value in values.items()} if values else message


def format_english(value: Any) -> Any:
    """Return a value for an English text: a day as 2027-01-05, others unchanged."""
    return value.isoformat() if isinstance(value, date) else value


def lazy_gettext(message: str, **values: Any) -> LazyText:
    """Mark an English message for translation; its values are %(name)s."""
    return LazyText(message, values)


def lazy_ngettext(singular: str, plural: str, count: int, **values: Any) -> LazyText:
    """Mark an English message with a number, %(count)s, for translation."""
    return LazyText(singular, {"count": count, **values}, plural, count)


def as_lazy(text: str) -> LazyText:
    """Return a text as a LazyText. If it is no message of ours, it is shown unchanged."""
    return text if isinstance(text, LazyText) else LazyText(text)


def joined(*parts: str) -> LazyText:
    """Return these texts separated by spaces, each in the reader's language; empty ones are left out."""
    values = {f"part{number}": as_lazy(part) for number, part in enumerate(filter(None, parts))}
    return LazyText(" ".join(f"%({name})s" for name in values), values)
