"""The feedback loop: commitments with their state today, meetings, and counts of letters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sitegen.content.pages import AllPages, PageSource
from sitegen.content.tables import Row, Tables

MEETINGS = "heard/"
"""The folder of pages about what was heard at a meeting."""

OPEN = frozenset({"promised", "under-way"})
ALL = "all"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Commitment:
    """A row of commitments.csv with its state on one day: as in the table, or "late"."""

    row: Row
    state: str
    evidence: PageSource | None
    meeting: PageSource | None


@dataclass(frozen=True)
class LetterCount:
    """How many letters of one kind; None where the number is withheld, as any below five is."""

    id: str
    letters: int | None


def state_of(row: Row, today: date) -> str:
    """Return the state in the table, or "late" for an open commitment from the day after its due day."""
    return "late" if row["state"] in OPEN and row["due"] and row["due"] < today else str(row["state"])


def commitments(tables: Tables, library: AllPages, language: str, today: date) -> list[Commitment]:
    """Return all commitments: open ones first by due day, then settled ones, the newest first."""

    def page(name: str | None) -> PageSource | None:
        return library.find(f"{name}.md", language) if name else None

    every = [
        Commitment(row, state_of(row, today), page(row["evidence"]), page(row["meeting"] and MEETINGS + row["meeting"]))
        for row in tables["commitments"]
    ]
    settled = [commitment for commitment in every if commitment.row["state"] not in OPEN]
    settled.sort(key=lambda commitment: commitment.row["done_on"] or commitment.row["asked_on"], reverse=True)
    unsettled = [commitment for commitment in every if commitment.row["state"] in OPEN]
    unsettled.sort(key=lambda commitment: (commitment.row["due"], commitment.row["id"]))
    return [*unsettled, *settled]


def meetings(library: AllPages, language: str) -> list[PageSource]:
    """Return the pages of meetings, newest first."""
    names = [name for name in library.names if name.startswith(MEETINGS)]
    return sorted(
        (library.find(name, language) for name in names), key=lambda page: str(page.meta["held"]), reverse=True
    )


def meeting_id(page: PageSource) -> str:
    """Return the id of a meeting from its page: 2027-01-meeting of "heard/2027-01-meeting.md"."""
    return page.name.removeprefix(MEETINGS).removesuffix(".md")


def latest_quarter(tables: Tables) -> str | None:
    """Return the last quarter in heard.csv; None if the table is empty."""
    return max((row["quarter"] for row in tables["heard"]), default=None)


def letter_count(tables: Tables, quarter: str, **where: str) -> int | None:
    """Return how many letters have these values. A column that `where` does not name covers all its values.

    None where the number is withheld.
    """
    wanted = {"month": ALL, "taluk": ALL, "work": ALL, "theme": ALL, **where, "quarter": quarter}
    rows = (row for row in tables["heard"] if all(row[column] == value for column, value in wanted.items()))
    return next((row["letters"] for row in rows), None)


def letter_counts(tables: Tables, quarter: str, dimension: str, ids: Iterable[str], **where: str) -> list[LetterCount]:
    """Return the count for each of these ids, in their order. dimension: the column that holds them."""
    return [LetterCount(id_, letter_count(tables, quarter, **{dimension: id_, **where})) for id_ in ids]


def campaigns_of(tables: Tables, theme: Row) -> list[Row]:
    """Return the campaigns that are about one of the theme's signs."""
    return [row for row in tables["campaigns"] if row["problem"] in signs_of(theme)]


def themes_of(tables: Tables, campaign: Row) -> list[Row]:
    """Return the themes that a campaign answers."""
    return [theme for theme in tables["themes"] if campaign["problem"] in signs_of(theme)]


def signs_of(theme: Row) -> Sequence[str]:
    """Return the ids of the signs that belong to a theme."""
    return (theme["signs"] or "").split()
