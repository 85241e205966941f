"""The language of the window's reader, and the translation of pages into it.

A translation never injects markup: `_` returns plain text, which the page escapes, and `with_markup` escapes the
translation before it inserts the markup made by the template itself.
"""

from collections.abc import Mapping
from typing import Any

from flask import g, has_app_context
from jinja2 import Environment
from markupsafe import Markup, escape

from forms.core.i18n.lazy_text import LazyText, translate_message
from forms.core.portal import Text, pick
from forms.desk import language
from forms.desk.cases.plain_text import printable


def reader() -> str:
    """Return the reader's language; English outside a request."""
    return str(g.get("reader", language.ENGLISH)) if has_app_context() else language.ENGLISH


def localise(value: Any) -> Any:
    """Return a value in the reader's language: translates lazy texts and formats days."""
    return language.translator(reader())(value)


def gettext(message: str, **values: Any) -> str:
    """Return a message in the reader's language; `_` of the templates."""
    return str(localise(LazyText(message, values) if values else _as_lazy(message)))


def _as_lazy(message: str) -> LazyText:
    return message if isinstance(message, LazyText) else LazyText(str(message))


def ngettext(singular: str, plural: str, count: int, **values: Any) -> str:
    """Return a message with a number, %(count)s, in the reader's language."""
    return str(localise(LazyText(singular, {"count": count, **values}, plural, count)))


def with_markup(message: str, **values: Any) -> Markup:
    """Return a translated message with markup among its values; the translation and all other values are escaped.

    Falls back to English if the translation does not fit the values.
    """
    shown = {name: escape(_printable(value)) for name, value in values.items()}
    translated = translate_message(language.translations(reader()), message)
    try:
        return escape(printable(translated)) % shown
    except (KeyError, TypeError, ValueError):
        return escape(printable(message)) % shown


def _printable(value: Any) -> Any:
    return value if isinstance(value, Markup) else printable(localise(value))


def in_reader_language(text: Text) -> str:
    """Return a text of the portal in the reader's language; if it lacks that, translate its English by gettext."""
    return text.get(reader()) or gettext(pick(text, language.ENGLISH))


def finalize(value: Any) -> Any:
    """Return a template's value in the reader's language, with control characters replaced."""
    return value if isinstance(value, Markup) else printable(localise(value))


def set_up(env: Environment) -> None:
    """Give templates `_`, `ngettext`, `with_markup` and the reader's language."""
    env.finalize = finalize
    env.filters["pick"] = in_reader_language
    more: Mapping[str, Any] = {"_": gettext, "ngettext": ngettext, "with_markup": with_markup}
    env.globals.update(more)
