"""Helpers: problems in the language of the person who writes in the editor."""

from collections.abc import Iterable
from datetime import date

from forms.core import i18n
from forms.core.i18n.extraction import EDITOR
from forms.core.i18n.lazy_text import LazyText
from forms.core.problem import Problem

LANGUAGES = ("ta", "te", "hi", "or")


def in_language(text: object, language: str) -> object:
    """Return a message in this language; other values, like cells, are returned unchanged."""
    if isinstance(text, LazyText):
        return text.translated(i18n.translations(language, EDITOR.folder), lambda value: in_language(value, language))
    return i18n.day(text, language) if isinstance(text, date) else text


def left_in_english(problems: Iterable[Problem]) -> list[str]:
    """Return the messages for staff that are not translated into every language.

    Those about portal.yml are for operators, in English.
    """
    for_staff = (problem for problem in problems if not problem.where.startswith("content/portal.yml"))
    messages = {part for problem in for_staff for part in (problem.what, problem.todo) if part}
    return [part for part in messages if any(in_language(part, language) == part for language in LANGUAGES)]
