"""What waits for a person: one look, sorted by what is worst."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sitegen.checks.tables.row_checks import OLD_CHECK
from sitegen.content import feedback, page_reader
from sitegen.content.consent.withdrawn_stories import WARN_BEFORE
from sitegen.content.pages import SOURCE
from sitegen.render.context import Context

from editor.looking import Look
from editor.translation import drafts as unfinished

_SOON = timedelta(days=30)


@dataclass(frozen=True)
class WaitingItems:
    """Things of one kind that wait: `kind` chooses the words, `where` the page of the window, `names` what it is."""

    kind: str
    where: str
    names: tuple[str, ...]


def drafts(content: Path, language: str) -> list[str]:
    """Return the pages of a language that are drafts, by name."""
    return sorted(page_reader.draft_names(content, language))


def wrong(look: Look) -> list[WaitingItems]:
    """Return what is wrong, which is mended first; nothing where nothing is."""
    names = tuple(problem.sentence for problem in look.problems)
    return [WaitingItems("wrong", "publish/", names)] if names else []


def waiting(look: Look, content: Path) -> list[WaitingItems]:
    """Return what else waits, in the order in which it should be done; nothing of a kind that has nothing."""
    return [one for one in _of(look.context, content) if one.names] if look.context else []


def _of(context: Context, content: Path) -> list[WaitingItems]:
    others = [code for code in context.portal.language_codes() if code != SOURCE]
    return [
        WaitingItems("consents", "tables/consents/", tuple(_consents(context))),
        WaitingItems("helplines", "helplines/", tuple(_helplines(context))),
        WaitingItems("commitments", "tables/commitments/", tuple(_late(context))),
        *(WaitingItems(f"stale {code}", f"translate/{code}/", tuple(_stale(context, code))) for code in others),
        WaitingItems("drafts", "pages/", tuple(_drafts(context, content))),
        *(WaitingItems(f"review {code}", f"translate/{code}/", tuple(_unread(context, code))) for code in others),
    ]


def _consents(context: Context) -> list[str]:
    rows = (row for row in context.tables["consents"] if row["expires_on"] and not row["withdrawn_on"])
    return [f"{row['id']}: {row['expires_on']}" for row in rows if row["expires_on"] <= context.today + WARN_BEFORE]


def _helplines(context: Context) -> list[str]:
    return [str(row["id"]) for row in due(context.tables["helplines"], context.today)]


def due(rows: Sequence[dict[str, object]], today: date) -> list[dict[str, object]]:
    """Return the helplines that nobody has looked up or called for half a year."""
    return [row for row in rows if isinstance(row["checked_on"], date) and row["checked_on"] < today - OLD_CHECK]


def _late(context: Context) -> list[str]:
    rows = context.tables["commitments"]
    return [str(row["id"]) for row in rows if feedback.state_of(row, context.today) == "late"]


def _stale(context: Context, code: str) -> list[str]:
    own = context.library.by_language[code].values()
    return [page.name for page in own if not page.generated and context.library.is_stale(page)]


def _unread(context: Context, code: str) -> list[str]:
    own = context.library.by_language[code].values()
    return [
        page.name for page in own if not page.generated and not page.reviewed and not context.library.is_stale(page)
    ]


def _drafts(context: Context, content: Path) -> list[str]:
    codes = context.portal.language_codes()
    begun = [f"{code}/{name}" for code in codes for name in drafts(content, code)]
    return begun + [
        f"{page_reader.DRAFTS_FOLDER}/{code}/{name}" for code in codes for name in unfinished.names(content, code)
    ]


def written_pages(look: Look) -> list[tuple[str, str]]:
    """Return the name and title of every English page that somebody wrote."""
    library = look.context.library.by_language if look.context else {}
    return [(name, page.title) for name, page in sorted(library.get(SOURCE, {}).items()) if not page.generated]
