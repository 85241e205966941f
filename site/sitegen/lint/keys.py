"""Checks of the keys between the --- lines of a page: known, in the right language, with valid values."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.checks.did_you_mean import did_you_mean, there_are
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

_OF_ENGLISH = {"changed": _("Write %(key)s.", key="source_changed")}
_SOURCE_IS_NOT_READ = _("Write nothing: English is the source.")
_OF_TRANSLATIONS = {
    "source_changed": _("Write %(key)s.", key="changed"),
    "reviewed_by": _SOURCE_IS_NOT_READ,
    "reviewed_on": _SOURCE_IS_NOT_READ,
}
_EITHER = _('Write true or false, without "quotes".')


def problems(page: PageSource, library: AllPages, today: date) -> Iterator[Problem]:
    """Yield everything wrong with the keys of one page."""
    if page.generated:
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
        todo = did_you_mean(key, KEYS, there_are(KEYS))
        return _("there is no such key, so nothing reads it."), todo
    if page.language == SOURCE and key in _OF_TRANSLATIONS:
        return _("this key is one of translations, and nothing reads it here."), _OF_TRANSLATIONS[key]
    if page.language != SOURCE and key in _OF_ENGLISH:
        return _("this key is one of the English page, and nothing reads it here."), _OF_ENGLISH[key]
    return None


def _value(key: str, value: Any) -> tuple[str, str] | None:
    """Return what is wrong with what a key holds, and what to do."""
    if key in FLAGS and not isinstance(value, bool):
        return _('"%(value)s" is neither true nor false.', value=str(value)), _EITHER
    if key in TEXTS and value is not None and not isinstance(value, str):
        what = _('"%(value)s" is read as something else than a text.', value=str(value))
        return what, _('Put the text into "quotes".')
    if key in _MOST and value:
        return structure.wrong_with(str(value), _MOST[key])
    if key == "quotes" and value != PUBLISHED:
        todo = _(
            "Write %(word)s where all quotes are words of an office or a book; else take the key out.", word=PUBLISHED
        )
        return _('"%(value)s" is not what this key may say.', value=str(value)[:80]), todo
    return None


def _days(page: PageSource, library: AllPages, today: date) -> Iterator[Problem]:
    for key in DAYS:
        day = day_of(page.meta.get(key))
        if day and day > today + timedelta(days=1):  # a day's difference: the clocks of two machines
            todo = _("Write the day on which it was done, the year first.")
            yield Problem(f"{page.where}, {key}", _("%(day)s is still to come.", day=str(day)), todo)
    english = library.source(page.name)
    of_english, made_from = english and english.changed, page.changed
    if page.language != SOURCE and of_english and made_from and made_from > of_english:
        what = _(
            "%(day)s is after the last change of the English, %(changed)s: later changes would not be noticed.",
            day=str(made_from),
            changed=str(of_english),
        )
        todo = _("Write %(day)s, the day in changed of the English.", day=str(of_english))
        yield Problem(f"{page.where}, source_changed", what, todo)
