"""The tables that staff read in the desk's window: phrases to answer with, official pages and legal duties."""

import re
from collections.abc import Iterator, Sequence

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Choice
from forms.core.problem import Problem, place_in
from sitegen.content.tables import Row, Tables, in_order, text

ENGLISH_ONLY = frozenset({"staff_links", "duties"})
"""Tables that are not translated: only staff read them, in the desk's window, which is in English."""

LEGAL_QUESTION = "ask your legal adviser"
"""What the name of a duty without a source must say, so that staff do not take it for the law."""

_NUMBER = re.compile(r"\d+")


def choices(tables: Tables) -> dict[str, tuple[Choice, ...]]:
    """Return the three tables as choices for the window. Reviews are given as languages, without names."""
    return {
        "phrases": tuple(_phrase(row) for row in in_order(tables["phrases"])),
        "staff_links": tuple(Choice(row["url"], text(row, "name")) for row in in_order(tables["staff_links"])),
        "duties": tuple(
            Choice(row["id"], text(row, "name"), reviewed=("en",) if row["checked"] else ()) for row in tables["duties"]
        ),
    }


def _phrase(row: Row) -> Choice:
    """Return a row of phrases.csv as a choice. English is the source and needs no review."""
    reviewed = ("en", *text(row, "reviewed"))
    return Choice(row["id"], text(row, "name"), reviewed=reviewed, state=row["state"] or "")


def problems(tables: Tables) -> Iterator[Problem]:
    """Yield numbers in phrases that no helpline has, reviews of a missing translation, and duties without a source."""
    helplines = {row["tel"] for row in tables["helplines"]}
    for row in tables["phrases"]:
        where, names = f"content/tables/phrases.csv, {row['id']}", text(row, "name")
        for language, words in names.items():
            for number in dict.fromkeys(number for number in _NUMBER.findall(words) if number not in helplines):
                what = _("%(number)s is no number of %(file)s.", number=number, file="content/tables/helplines.csv")
                todo = _("Promise no days or amounts; add a new helpline there first.")
                yield Problem(place_in(where, column=f"name_{language}"), what, todo)
        for language in sorted(set(text(row, "reviewed")) - set(names)):
            what = _("somebody reviewed a sentence that is not there.")
            todo = _("Write the sentence, or empty this cell.")
            yield Problem(place_in(where, column=f"reviewed_{language}"), what, todo)
    for row in tables["duties"]:
        if not row["source"] and LEGAL_QUESTION not in row["name_en"].lower():
            where = place_in(f"content/tables/duties.csv, {row['id']}", column="name_en")
            todo = _('Add a source, or write "%(words)s whether ...".', words=LEGAL_QUESTION)
            yield Problem(where, _("it has no source and is told as a fact."), todo)


def warnings(tables: Tables, languages: Sequence[str]) -> Iterator[str]:
    """Yield how many phrases wait for a native reader, a line for each language, and how many duties for a lawyer."""
    for language in languages:
        waiting = sum(
            bool(row.get(f"name_{language}")) and not row.get(f"reviewed_{language}") for row in tables["phrases"]
        )
        if waiting and language != "en":
            yield f"content/tables/phrases.csv: {waiting} phrases wait for a native reader (reviewed_{language})."
    unchecked = sum(not row["checked"] for row in tables["duties"])
    if unchecked:
        yield f"content/tables/duties.csv: {unchecked} duties wait for a legal adviser (checked)."
