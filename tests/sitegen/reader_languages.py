"""Problems as whoever writes in the editor reads them."""

from collections.abc import Iterable
from datetime import date

from forms.core import i18n
from forms.core.i18n.extraction import EDITOR
from forms.core.i18n.lazy_text import LazyText
from forms.core.problem import Problem

LANGUAGES = ("ta", "te", "hi", "or")


def told(text: object, language: str) -> object:
    """Return a text as its reader says it; a value that is no text of ours, like a cell, stays as it is."""
    if isinstance(text, LazyText):
        return text.translated(i18n.translations(language, EDITOR.folder), lambda value: told(value, language))
    return i18n.day(text, language) if isinstance(text, date) else text


def left_in_english(problems: Iterable[Problem]) -> list[str]:
    """Return the sentences for staff that are English still where their reader chose another language.

    Those about portal.yml are for whoever runs the portal's machine.
    """
    for_staff = (problem for problem in problems if not problem.where.startswith("content/portal.yml"))
    said = {part for problem in for_staff for part in (problem.what, problem.todo) if part}
    return [part for part in said if any(told(part, language) == part for language in LANGUAGES)]
