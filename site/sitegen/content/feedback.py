"""The feedback loop as plain values: what was promised and how it stands today, what was heard and how often."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sitegen.content.pages import AllPages, PageSource
from sitegen.content.tables import Row, Tables

MEETINGS = "heard/"
"""The folder of pages that tell what was heard at a meeting."""

OPEN = frozenset({"promised", "under-way"})
ALL = "all"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Commitment:
    """A row of commitments.csv as it stands on one day; state: as in the table, or "late"."""

    row: Row
    state: str
    evidence: PageSource | None
    meeting: PageSource | None


@dataclass(frozen=True)
class LetterCount:
    """How many letters of one kind; None where there were fewer than five, or the number is kept back."""

    id: str
    letters: int | None


def state_of(row: Row, today: date) -> str:
    """What the table says; "late" from the day after the promised one, whether or not anybody changed the table."""
    return "late" if row["state"] in OPEN and row["due"] and row["due"] < today else str(row["state"])


def commitments(tables: Tables, library: AllPages, language: str, today: date) -> list[Commitment]:
    """Return all of them: open ones first, those due soonest on top; then what is settled, newest first."""

    def page(name: str | None) -> PageSource | None:
        return library.find(f"{name}.md", language) if name else None

    found = [
        Commitment(row, state_of(row, today), page(row["evidence"]), page(row["meeting"] and MEETINGS + row["meeting"]))
        for row in tables["commitments"]
    ]
    settled = [one for one in found if one.row["state"] not in OPEN]
    settled.sort(key=lambda one: one.row["done_on"] or one.row["asked_on"], reverse=True)
    waiting = sorted(
        (one for one in found if one.row["state"] in OPEN), key=lambda one: (one.row["due"], one.row["id"])
    )
    return [*waiting, *settled]


def meetings(library: AllPages, language: str) -> list[PageSource]:
    """Return the pages of meetings held, newest first."""
    names = [name for name in library.names if name.startswith(MEETINGS)]
    return sorted(
        (library.find(name, language) for name in names), key=lambda page: str(page.meta["held"]), reverse=True
    )


def meeting_id(page: PageSource) -> str:
    """ "heard/2027-01-meeting.md" is the meeting 2027-01-meeting."""
    return page.name.removeprefix(MEETINGS).removesuffix(".md")


def latest(tables: Tables) -> str | None:
    """Return the last quarter that was counted, or None."""
    return max((row["quarter"] for row in tables["heard"]), default=None)


def count(tables: Tables, quarter: str, **where: str) -> int | None:
    """Return the letters of one cell; what `where` does not name is summed up. None where it is kept back."""
    wanted = {"month": ALL, "taluk": ALL, "work": ALL, "theme": ALL, **where, "quarter": quarter}
    rows = (row for row in tables["heard"] if all(row[column] == value for column, value in wanted.items()))
    return next((row["letters"] for row in rows), None)


def counted(tables: Tables, quarter: str, dimension: str, ids: Iterable[str], **where: str) -> list[LetterCount]:
    """Return one count for each of these ids, in their order."""
    return [LetterCount(one, count(tables, quarter, **{dimension: one, **where})) for one in ids]


def campaigns_of(tables: Tables, theme: Row) -> list[Row]:
    """Return the campaigns that are about one of the theme's signs."""
    return [row for row in tables["campaigns"] if row["problem"] in signs_of(theme)]


def themes_of(tables: Tables, campaign: Row) -> list[Row]:
    """Return the themes that a campaign answers."""
    return [theme for theme in tables["themes"] if campaign["problem"] in signs_of(theme)]


def signs_of(theme: Row) -> Sequence[str]:
    """Return the ids of the signs that belong to a theme."""
    return (theme["signs"] or "").split()
