"""Checks of rows beyond their schema: days on which they were checked, phone numbers, translations."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.content import desk_tables
from sitegen.content.pages import SOURCE, AllPages
from sitegen.content.tables import Tables, every_cell, place_of

MAX_CHECK_AGE = timedelta(days=180)
"""After this time a row should be checked again."""

MAX_LISTED = 20
"""With more missing translations than this in one table and language, only their number is reported."""

_CHECKED_TABLES = ("helplines", "services", "staff_links")
"""The tables with a column checked_on."""


def future_checks(tables: Tables, today: date) -> Iterator[Problem]:
    """Yield rows that were checked on a day in the future."""
    for name in _CHECKED_TABLES:
        for row in tables[name]:
            if row["checked_on"] > today:
                where = place_in(f"content/tables/{name}.csv, {row['id']}", column="checked_on")
                todo = _("Write the day on which somebody checked it.")
                yield Problem(where, _("this day is still to come."), todo)


def number_mismatches(tables: Tables) -> Iterator[Problem]:
    """Yield helplines that show one number and dial another."""
    for row in tables["helplines"]:
        if re.sub(r"\D", "", row["number"]) != re.sub(r"\D", "", row["tel"]):
            where = place_in(place_of("helplines", row), row_id=row["id"], column="tel")
            what = _(
                "people see %(number)s, and the phone would call %(tel)s.",
                number=row["number"],
                tel=row["tel"],
            )
            yield Problem(where, what, _("Write the same number in both."))


def outdated_checks(tables: Tables, today: date) -> Iterator[str]:
    """Yield a message for each row that was last checked more than MAX_CHECK_AGE ago."""
    for name in _CHECKED_TABLES:
        for row in tables[name]:
            if row["checked_on"] < today - MAX_CHECK_AGE:
                yield f"content/tables/{name}.csv, {row['id']}: last checked on {row['checked_on']}."


def untranslated_texts(tables: Tables, library: AllPages) -> Iterator[str]:
    """Yield a message for each text without a translation, or one for all of a table and language if they are many."""
    codes = [code for code in library.by_language if code != SOURCE]
    missing: dict[tuple[str, str], list[str]] = {}
    for name, row, column, cell in every_cell(tables):
        if name in desk_tables.ENGLISH_ONLY or not column.endswith("_en") or not cell:
            continue
        for code in codes:
            other = f"{column.removesuffix('en')}{code}"
            if not row.get(other):
                message = f"content/tables/{name}.csv, {row['id']}, column {other}: not translated yet."
                missing.setdefault((name, code), []).append(message)
    for (name, code), messages in missing.items():
        summary = f"content/tables/{name}.csv: {len(messages)} texts are not translated into {code} yet."
        yield from [summary] if len(messages) > MAX_LISTED else messages
