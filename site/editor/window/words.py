"""Texts, days and problems in the language of the window."""

from datetime import date

from flask import g

from editor.translation import staff_words
from forms.core import i18n
from forms.core.i18n.lazy_text import LazyText
from forms.core.problem import Problem


def translate(text: str) -> str:
    """Return an English text in the language of the window."""
    return staff_words.translations(g.language).gettext(text)


def localized(value: object) -> object:
    """Return a text or a day in the language of the window; other values as they are."""
    if isinstance(value, LazyText):
        return value.translated(staff_words.translations(g.language), _localized_argument)
    if isinstance(value, date):
        return i18n.day(value, g.language)
    return translate(value) if isinstance(value, str) and value else value


def _localized_argument(value: object) -> object:
    """Return an argument of a text in the language of the window; a plain text, like a name or a cell, as it is."""
    return localized(value) if isinstance(value, LazyText | date) else value


def translated(problem: Problem) -> Problem:
    """Return a problem in the language of the window."""
    where = str(_localized_argument(problem.where))
    return Problem(where, str(localized(problem.what)), str(localized(problem.todo)))
