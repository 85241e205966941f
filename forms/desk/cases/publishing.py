"""Count closed or answered cases with a public theme into heard.csv: the desk's half of the feedback loop.

Of each case only month, taluk, kind of work and theme are published; forms/core/statistics/counts.py suppresses counts
that would identify a letter. No word of a letter and no id is written.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.portal import Portal
from forms.core.problem import Problem
from forms.core.statistics.counts import Heard, publishable, write_heard
from forms.desk.cases.case import Case


def publish(cases: Iterable[Case], portal: Portal, content: Path, today: date) -> str:
    """Write the counts of every past quarter into content/tables/heard.csv; return a sentence about it.

    Quarters that are in the file already are not changed. Raises Problem if the folder does not exist or cannot be
    written.
    """
    path = content / "tables" / "heard.csv"
    if not path.parent.is_dir():
        raise Problem(
            str(content), "is not the content folder of a site.", "Name the folder in which portal.yml stands."
        )
    letters = list(heard(cases, portal))
    try:
        quarters = write_heard(publishable(letters, today), path)
    except OSError as error:
        todo = "Nothing was changed. Close it in other programs, make room, and try again."
        raise Problem(str(path), lazy_gettext("cannot be written (%(reason)s).", reason=error.strerror), todo) from None
    return _sentence(len(letters), quarters, path, portal)


def _sentence(count: int, quarters: tuple[str, ...], path: Path, portal: Portal) -> str:
    if not quarters:
        return (
            f"Nothing new to publish: {count} {'case has' if count == 1 else 'cases have'} a public theme, and a "
            "quarter is published once, when it is over."
        )
    note = " This is a demonstration: do not publish it as real." if portal.demonstration else ""
    return f"Written to {path}: {', '.join(quarters)}. Look at it, then build the site.{note}"


def heard(cases: Iterable[Case], portal: Portal) -> Iterator[Heard]:
    """Yield the publishable facts of each case that counts, without its words.

    A case counts if it is closed or answered, is not merged into another, and has a theme of the portal's table.
    Taluk and work are those that staff chose with the theme.
    """
    tables = {name: {choice.value for choice in portal.choices.get(name, ())} for name in ("themes", "places", "work")}
    for case in cases:
        details = case.theme_details
        theme, place, work = (str(details.get(name) or "") for name in ("theme", "place", "work"))
        is_done = case.state.value == "closed" or case.is_answered
        if is_done and not case.merged_into and theme in tables["themes"]:
            known = place if place in tables["places"] else "", work if work in tables["work"] else ""
            yield Heard(month_of(case), *known, theme)


def month_of(case: Case) -> str:
    """Return the month in which a case began to count: that of its first theme, or if later, first answer or closing.

    So a later change of theme does not move a case out of a published quarter, and no case is added to one.
    """
    themed = min(entry.at for entry in case.entries if entry.kind == "theme" and entry.value.get("theme"))
    settled = min(
        entry.at
        for entry in case.entries
        if (entry.kind == "answer" and entry.value.get("text")) or entry.value.get("state") == "closed"
    )
    return max(themed, settled)[:7]
