"""What is wrong in rows of any table that its schema cannot see: days of a check, phone numbers, translations."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.content import desk_tables
from sitegen.content.pages import SOURCE, AllPages
from sitegen.content.tables import Tables, every_cell, place_of

OLD_CHECK = timedelta(days=180)
"""A number nobody has looked at for half a year is named."""

MANY_CELLS = 20
"""Texts of one table that lack a translation: of more only their number is said."""

_CHECKED = ("helplines", "services", "staff_links")
"""Tables with a column checked_on."""


def checked_on(tables: Tables, today: date) -> Iterator[Problem]:
    """Yield rows that were checked on a day that is still to come."""
    for name in _CHECKED:
        for row in tables[name]:
            if row["checked_on"] > today:
                where = place_in(f"content/tables/{name}.csv, {row['id']}", column="checked_on")
                todo = _("Write the day on which somebody checked it.")
                yield Problem(where, _("this day is still to come."), todo)


def numbers(tables: Tables) -> Iterator[Problem]:
    """Yield helplines whose number is read as one and dialled as another."""
    for row in tables["helplines"]:
        if re.sub(r"\D", "", row["number"]) != re.sub(r"\D", "", row["tel"]):
            where = place_in(place_of("helplines", row), row_id=row["id"], column="tel")
            what = _(
                "people see %(number)s, and the phone would call %(tel)s.",
                number=row["number"],
                tel=row["tel"],
            )
            yield Problem(where, what, _("Write the same number in both."))


def old(tables: Tables, today: date) -> Iterator[str]:
    """Yield rows that nobody has checked for half a year."""
    for name in _CHECKED:
        for row in tables[name]:
            if row["checked_on"] < today - OLD_CHECK:
                yield f"content/tables/{name}.csv, {row['id']}: last checked on {row['checked_on']}."


def untranslated(tables: Tables, library: AllPages) -> Iterator[str]:
    """Yield texts in English that lack their translation beside them; of many in one table and language the number."""
    codes = [code for code in library.by_language if code != SOURCE]
    found: dict[tuple[str, str], list[str]] = {}
    for name, row, column, cell in every_cell(tables):
        if name in desk_tables.ENGLISH_ONLY or not column.endswith("_en") or not cell:
            continue
        for code in codes:
            other = f"{column.removesuffix('en')}{code}"
            if not row.get(other):
                said = f"content/tables/{name}.csv, {row['id']}, column {other}: not translated yet."
                found.setdefault((name, code), []).append(said)
    for (name, code), each in found.items():
        many = f"content/tables/{name}.csv: {len(each)} texts are not translated into {code} yet."
        yield from [many] if len(each) > MANY_CELLS else each
