"""Checks of front matter: keys must be known, belong to this language, and have valid values."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.checks.did_you_mean import did_you_mean, there_are
from sitegen.checks.page_checks import DATE_KEYS
from sitegen.content.consent.quotes import PUBLISHED
from sitegen.content.pages import DRAFT, SOURCE, AllPages, PageSource, day_of
from sitegen.lint import structure

TEXTS = ("title", "description", "reviewed_by", "consent", "kind", "problem", "taluk", "picture")
FLAGS = ("sensitive", "composite", "voice", "search", "example", DRAFT)
KEYS = (*TEXTS, *FLAGS, *DATE_KEYS, "held", "themes", "quotes")
"""Every key that the program reads. Add a new one here."""

_MAX_LENGTHS = {"title": structure.MAX_TITLE_LENGTH, "description": 300}
"""Characters of texts that are shown in menus, lists and the title bar of a browser."""

_ENGLISH_ONLY = {"changed": _("Write %(key)s.", key="source_changed")}
_SOURCE_IS_NOT_READ = _("Write nothing: English is the source.")
_TRANSLATIONS_ONLY = {
    "source_changed": _("Write %(key)s.", key="changed"),
    "reviewed_by": _SOURCE_IS_NOT_READ,
    "reviewed_on": _SOURCE_IS_NOT_READ,
}
_EITHER = _('Write true or false, without "quotes".')


def problems(page: PageSource, library: AllPages, today: date) -> Iterator[Problem]:
    """Yield problems of the front matter of one page."""
    if page.generated:
        return
    for key, value in page.meta.items():
        mistake = _key_mistake(page, str(key)) or _value_mistake(str(key), value)
        if mistake:
            yield Problem(f"{page.where}, {key}", *mistake)
    yield from _date_problems(page, library, today)


def _key_mistake(page: PageSource, key: str) -> tuple[str, str] | None:
    """Return what is wrong with a key and what to do, or None."""
    if key == "review_ended":  # the program sets it (content/translations.py)
        return None
    if key not in KEYS:
        todo = did_you_mean(key, KEYS, there_are(KEYS))
        return _("there is no such key, so nothing reads it."), todo
    if page.language == SOURCE and key in _TRANSLATIONS_ONLY:
        return _("this key is one of translations, and nothing reads it here."), _TRANSLATIONS_ONLY[key]
    if page.language != SOURCE and key in _ENGLISH_ONLY:
        return _("this key is one of the English page, and nothing reads it here."), _ENGLISH_ONLY[key]
    return None


def _value_mistake(key: str, value: Any) -> tuple[str, str] | None:
    """Return what is wrong with the value of a key and what to do, or None."""
    if key in FLAGS and not isinstance(value, bool):
        return _('"%(value)s" is neither true nor false.', value=str(value)), _EITHER
    if key in TEXTS and value is not None and not isinstance(value, str):
        what = _('"%(value)s" is read as something else than a text.', value=str(value))
        return what, _('Put the text into "quotes".')
    if key in _MAX_LENGTHS and value:
        return structure.title_mistake(str(value), _MAX_LENGTHS[key])
    if key == "quotes" and value != PUBLISHED:
        todo = _(
            "Write %(word)s where all quotes are words of an office or a book; else take the key out.", word=PUBLISHED
        )
        return _('"%(value)s" is not what this key may say.', value=str(value)[:80]), todo
    return None


def _date_problems(page: PageSource, library: AllPages, today: date) -> Iterator[Problem]:
    """Yield dates in the future, and translations that claim to be newer than the English."""
    for key in DATE_KEYS:
        day = day_of(page.meta.get(key))
        if day and day > today + timedelta(days=1):  # one day is allowed for the clocks of two machines
            todo = _("Write the day on which it was done, the year first.")
            yield Problem(f"{page.where}, {key}", _("%(day)s is still to come.", day=str(day)), todo)
    english = library.source(page.name)
    english_changed, source_changed = english and english.changed, page.changed
    if page.language != SOURCE and english_changed and source_changed and source_changed > english_changed:
        what = _(
            "%(day)s is after the last change of the English, %(changed)s: later changes would not be noticed.",
            day=str(source_changed),
            changed=str(english_changed),
        )
        todo = _("Write %(day)s, the day in changed of the English.", day=str(english_changed))
        yield Problem(f"{page.where}, source_changed", what, todo)
