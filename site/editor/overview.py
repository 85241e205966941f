"""What waits for a person, for the first page: the most urgent first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sitegen.checks.tables.row_checks import MAX_CHECK_AGE
from sitegen.content import feedback, page_reader
from sitegen.content.consent.withdrawn_stories import WARN_BEFORE
from sitegen.content.pages import SOURCE
from sitegen.render.context import Context

from editor.content_state import ContentState
from editor.translation import drafts as unfinished


@dataclass(frozen=True)
class WaitingItems:
    """Items of one kind that wait. kind: chooses the words; where: the page of the window; names: of the items."""

    kind: str
    where: str
    names: tuple[str, ...]


def drafts(content: Path, language: str) -> list[str]:
    """Return the pages of a language that are drafts, by name."""
    return sorted(page_reader.draft_names(content, language))


def problem_items(state: ContentState) -> list[WaitingItems]:
    """Return the problems of content/ as an item of the first page; none where there are none."""
    names = tuple(problem.sentence for problem in state.problems)
    return [WaitingItems("wrong", "publish/", names)] if names else []


def waiting_items(state: ContentState, content: Path) -> list[WaitingItems]:
    """Return what else waits, in the order in which it should be done, without empty items."""
    return [item for item in _all_items(state.context, content) if item.names] if state.context else []


def _all_items(context: Context, content: Path) -> list[WaitingItems]:
    others = [code for code in context.portal.language_codes() if code != SOURCE]
    return [
        WaitingItems("consents", "tables/consents/", tuple(_expiring_consents(context))),
        WaitingItems("helplines", "helplines/", tuple(_due_helplines(context))),
        WaitingItems("commitments", "tables/commitments/", tuple(_late_commitments(context))),
        *(
            WaitingItems(f"stale {code}", f"translate/{code}/", tuple(_stale_translations(context, code)))
            for code in others
        ),
        WaitingItems("drafts", "pages/", tuple(_all_drafts(context, content))),
        *(
            WaitingItems(f"review {code}", f"translate/{code}/", tuple(_unreviewed_translations(context, code)))
            for code in others
        ),
    ]


def _expiring_consents(context: Context) -> list[str]:
    rows = (row for row in context.tables["consents"] if row["expires_on"] and not row["withdrawn_on"])
    return [f"{row['id']}: {row['expires_on']}" for row in rows if row["expires_on"] <= context.today + WARN_BEFORE]


def _due_helplines(context: Context) -> list[str]:
    return [str(row["id"]) for row in due_helplines(context.tables["helplines"], context.today)]


def due_helplines(rows: Sequence[dict[str, object]], today: date) -> list[dict[str, object]]:
    """Return the helplines that nobody has checked for half a year."""
    return [row for row in rows if isinstance(row["checked_on"], date) and row["checked_on"] < today - MAX_CHECK_AGE]


def _late_commitments(context: Context) -> list[str]:
    rows = context.tables["commitments"]
    return [str(row["id"]) for row in rows if feedback.state_of(row, context.today) == "late"]


def _stale_translations(context: Context, code: str) -> list[str]:
    own = context.library.by_language[code].values()
    return [page.name for page in own if not page.generated and context.library.is_stale(page)]


def _unreviewed_translations(context: Context, code: str) -> list[str]:
    own = context.library.by_language[code].values()
    return [
        page.name for page in own if not page.generated and not page.reviewed and not context.library.is_stale(page)
    ]


def _all_drafts(context: Context, content: Path) -> list[str]:
    codes = context.portal.language_codes()
    page_drafts = [f"{code}/{name}" for code in codes for name in drafts(content, code)]
    return page_drafts + [
        f"{page_reader.DRAFTS_FOLDER}/{code}/{name}" for code in codes for name in unfinished.names(content, code)
    ]


def written_pages(state: ContentState) -> list[tuple[str, str]]:
    """Return the name and title of every English page that a person wrote."""
    library = state.context.library.by_language if state.context else {}
    return [(name, page.title) for name, page in sorted(library.get(SOURCE, {}).items()) if not page.generated]
