"""Checks of the keys between the --- lines of a page: known, in the right language, with valid values."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from forms.core.problem import Problem
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.checks.page_checks import DAYS
from sitegen.content.consent.quotes import PUBLISHED
from sitegen.content.pages import DRAFT, SOURCE, AllPages, PageSource, day_of
from sitegen.lint import structure

TEXTS = ("title", "description", "reviewed_by", "consent", "kind", "problem", "taluk", "picture")
FLAGS = ("sensitive", "composite", "voice", "search", "example", DRAFT)
KEYS = (*TEXTS, *FLAGS, *DAYS, "held", "themes", "quotes")
"""Every key that something reads. A new one is added here."""

_MOST = {"title": structure.MOST, "description": 300}
"""Letters of a text that is in menus, lists and the head of a browser."""

_OF_ENGLISH = {"changed": "source_changed"}
_SOURCE_IS_NOT_READ = "nothing: English is the source"
_OF_TRANSLATIONS = {
    "source_changed": "changed",
    "reviewed_by": _SOURCE_IS_NOT_READ,
    "reviewed_on": _SOURCE_IS_NOT_READ,
}
_EITHER = 'Write true or false, without "quotes".'


def problems(page: PageSource, library: AllPages, today: date) -> Iterator[Problem]:
    """Yield everything wrong with the keys of one page."""
    if page.made:
        return
    for key, value in page.meta.items():
        found = _key(page, str(key)) or _value(str(key), value)
        if found:
            yield Problem(f"{page.where}, {key}", *found)
    yield from _days(page, library, today)


def _key(page: PageSource, key: str) -> tuple[str, str] | None:
    if key == "review_ended":  # written by the program itself (content/translations.py)
        return None
    if key not in KEYS:
        todo = did_you_mean(key, KEYS, f"There are: {', '.join(KEYS)}.")
        return "there is no such key, so nothing reads it.", todo
    instead = (_OF_TRANSLATIONS if page.language == SOURCE else _OF_ENGLISH).get(key)
    if instead:
        whom = "of translations" if page.language == SOURCE else "of the English page"
        return f"this key is one {whom}, and nothing reads it here.", f"Write {instead}."
    return None


def _value(key: str, value: Any) -> tuple[str, str] | None:
    """Return what is wrong with what a key holds, and what to do."""
    if key in FLAGS and not isinstance(value, bool):
        return f'"{value}" is neither true nor false.', _EITHER
    if key in TEXTS and value is not None and not isinstance(value, str):
        return f'"{value!s}" is read as something else than a text.', 'Put the text into "quotes".'
    if key in _MOST and value:
        return structure.wrong_with(str(value), _MOST[key])
    if key == "quotes" and value != PUBLISHED:
        todo = f"Write {PUBLISHED} where all quotes are words of an office or a book; else take the key out."
        return f'"{value!s:.80}" is not what this key may say.', todo
    return None


def _days(page: PageSource, library: AllPages, today: date) -> Iterator[Problem]:
    for key in DAYS:
        day = day_of(page.meta.get(key))
        if day and day > today + timedelta(days=1):  # a day's difference: the clocks of two machines
            todo = "Write the day on which it was done, the year first."
            yield Problem(f"{page.where}, {key}", f"{day} is still to come.", todo)
    english = library.source(page.name)
    of_english, made_from = english and english.changed, page.changed
    if page.language != SOURCE and of_english and made_from and made_from > of_english:
        what = f"{made_from} is after the last change of the English, {of_english}: later changes would not be noticed."
        yield Problem(f"{page.where}, source_changed", what, f"Write {of_english}, the day in changed of the English.")
