"""The printed attendance sheet: who comes, with room for a signature or a thumb, and empty lines for walk-ins.

PDF through Typst, 25 lines a page, in one of the portal's languages. Made in memory: no name touches the disk.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typst

from forms.core import i18n
from forms.core.i18n.event_times import when
from forms.core.i18n.fonts import fonts
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.portal import Event, Portal, pick
from forms.core.problem import Problem
from forms.desk.cases.plain_text import printable
from forms.desk.events.attendees import COMING, WAITING, Party
from forms.desk.events.readable_names import readable

TEMPLATE = Path(__file__).with_name("attendance_sheet.typ")

LINES = 25
"""Lines of a page."""

WALK_INS = 10
"""Empty lines that are left at least."""


MOST_NEEDS = 120
"""Characters of needs that fit a line; the desk's window has all of them."""


MOST_TITLE = 140
"""Characters of a title or place that fit the head of a page."""


@dataclass(frozen=True)
class Paper:
    """What a sheet is made from. event: None where the portal has none such (any more), then `title` stands alone."""

    portal: Portal
    event: Event | None
    title: str
    parties: Sequence[Party]

    def shown(self, text: str) -> str:
        """Return a text as the sheet's typefaces can show it."""
        return readable(printable(text), self.portal.language_codes())


def pdf(paper: Paper, language: str) -> bytes:
    """Return the sheet as PDF. Raises Problem for a language that the portal has not, or a missing typeface."""
    return bytes(typst.compile(TEMPLATE.read_bytes(), format="pdf", sys_inputs=inputs(paper, language)))


def inputs(paper: Paper, language: str) -> dict[str, str]:
    """Return what the template is given. Raises Problem for a language of no portal, or a missing typeface."""
    codes = paper.portal.language_codes()
    if language not in codes:
        raise Problem(
            language,
            "is no language of this portal.",
            lazy_gettext("Choose one of: %(names)s.", names=", ".join(codes)),
        )
    faces = fonts((language, *codes))
    missing = sorted(set(faces) - set(_there()))
    if missing:
        todo = "Install it. On Debian and Ubuntu: sudo apt install fonts-noto-core"
        raise Problem(
            "The sheet", lazy_gettext("needs a typeface that is not here: %(names)s.", names=", ".join(missing)), todo
        )
    data = {**_head(paper, language), "fonts": faces, "rows": rows(paper, language)}
    return {"data": json.dumps(data, ensure_ascii=False)}


def _there() -> list[str]:
    return list(typst.Fonts().families())


def _head(paper: Paper, language: str) -> dict[str, object]:
    _ = i18n.translator(language)
    shown = paper.shown
    event, coming = paper.event, [party for party in paper.parties if party.state == COMING]
    return {
        "language": language,
        "name": printable(pick(paper.portal.short_name, language)),
        "title": _short(shown(pick(event.title, language) if event else paper.title), MOST_TITLE),
        "when": when(event, language) if event else "",
        "where": _short(shown(pick(event.where, language)), MOST_TITLE) if event else "",
        "heading": _("Who came"),
        "total": _("People who signed up") + f": {sum(party.people for party in coming)}",
        "number": _("No."),
        "who": _("Name"),
        "people": _("People"),
        "needs": _("Needs"),
        "signature": _("Signature or thumb"),
        "walk_ins": _("Came without signing up"),
        "waiting": _("Waiting for a place"),
        "private": _("These names are private. Give this paper back to the events desk."),
        "example": _("This is a demonstration.") if paper.portal.demonstration else "",
    }


def rows(paper: Paper, language: str) -> list[dict[str, str]]:
    """Return the lines of the sheet: who comes, who waits, then empty ones up to full pages; `kind` tells them apart.

    Phone numbers are not printed: a paper on a table is read by many.
    """
    listed = [_row(party, language, paper) for party in _sorted(paper.parties, COMING)]
    listed += [_row(party, language, paper) | {"kind": "waiting"} for party in _sorted(paper.parties, WAITING)]
    empty = WALK_INS + -(len(listed) + WALK_INS) % LINES
    return [*listed, *({"kind": "empty", "name": "", "people": "", "needs": ""} for _ in range(empty))]


def _sorted(parties: Sequence[Party], state: str) -> list[Party]:
    mine = [party for party in parties if party.state == state]
    return sorted(mine, key=lambda party: (party.turn, party.name.casefold(), party.id))


def _row(party: Party, language: str, paper: Paper) -> dict[str, str]:
    shown = paper.shown
    needs = [_need(value, language) for value in party.help_with]
    return {
        "kind": "coming",
        "name": shown(party.name),
        "people": str(party.people),
        "needs": _short(shown(", ".join([*needs, *([party.needs] if party.needs else [])]))),
    }


def _short(text: str, most: int = MOST_NEEDS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _need(value: str, language: str) -> str:
    """Return a value of the sign-up form's list, in a word or two; a strange one as it is."""
    _ = i18n.translator(language)
    known = {
        "interpreter": _("interpreter"),
        "child-care": _("child care"),
        "transport": _("transport"),
        "step-free": _("no steps"),
        "woman-officer": _("a woman officer"),
    }
    return known.get(value, value)


def file_name(event_id: str, language: str, today: date) -> str:
    """Return what the file is called."""
    return f"attendance-{event_id}-{language}-{today.isoformat()}.pdf"
