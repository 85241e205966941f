"""The printed attendance sheet: who comes, with room for a signature or a thumbprint, and empty lines for walk-ins.

PDF through Typst, 25 lines a page, in one of the portal's languages. Made in memory: no name is written to disk.
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

LINES_PER_PAGE = 25
"""Lines on a page."""

MIN_EMPTY_LINES = 10
"""Empty lines for walk-ins, at least."""

MAX_NEEDS_LENGTH = 120
"""Characters of needs that fit a line; the desk's window shows all of them."""

MAX_TITLE_LENGTH = 140
"""Characters of a title or place that fit the head of a page."""


@dataclass(frozen=True)
class SheetData:
    """The data of a sheet. event: None if it is not (or no longer) in the portal; then only `title` is known."""

    portal: Portal
    event: Event | None
    title: str
    parties: Sequence[Party]

    def shown(self, text: str) -> str:
        """Return a text as the sheet's typefaces can show it."""
        return readable(printable(text), self.portal.language_codes())


def pdf(sheet: SheetData, language: str) -> bytes:
    """Return the sheet as PDF. Raises Problem for a language that the portal does not have, or a missing typeface."""
    return bytes(typst.compile(TEMPLATE.read_bytes(), format="pdf", sys_inputs=inputs(sheet, language)))


def inputs(sheet: SheetData, language: str) -> dict[str, str]:
    """Return the input of the Typst template. Raises Problem like `pdf`."""
    codes = sheet.portal.language_codes()
    if language not in codes:
        raise Problem(
            language,
            "is no language of this portal.",
            lazy_gettext("Choose one of: %(names)s.", names=", ".join(codes)),
        )
    faces = fonts((language, *codes))
    missing = sorted(set(faces) - set(_installed_faces()))
    if missing:
        todo = "Install it. On Debian and Ubuntu: sudo apt install fonts-noto-core"
        raise Problem(
            "The sheet", lazy_gettext("needs a typeface that is not here: %(names)s.", names=", ".join(missing)), todo
        )
    data = {**_head(sheet, language), "fonts": faces, "rows": rows(sheet, language)}
    return {"data": json.dumps(data, ensure_ascii=False)}


def _installed_faces() -> list[str]:
    return list(typst.Fonts().families())


def _head(sheet: SheetData, language: str) -> dict[str, object]:
    _ = i18n.translator(language)
    shown = sheet.shown
    event, coming = sheet.event, [party for party in sheet.parties if party.state == COMING]
    return {
        "language": language,
        "name": printable(pick(sheet.portal.short_name, language)),
        "title": _short(shown(pick(event.title, language) if event else sheet.title), MAX_TITLE_LENGTH),
        "when": when(event, language) if event else "",
        "where": _short(shown(pick(event.where, language)), MAX_TITLE_LENGTH) if event else "",
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
        "example": _("This is a demonstration.") if sheet.portal.demonstration else "",
    }


def rows(sheet: SheetData, language: str) -> list[dict[str, str]]:
    """Return the lines of the sheet, by `kind`: who comes, who waits, then empty lines up to full pages.

    Phone numbers are not printed: many people read a sheet on a table.
    """
    lines = [_row(party, language, sheet) for party in _sorted(sheet.parties, COMING)]
    lines += [_row(party, language, sheet) | {"kind": "waiting"} for party in _sorted(sheet.parties, WAITING)]
    empty = MIN_EMPTY_LINES + -(len(lines) + MIN_EMPTY_LINES) % LINES_PER_PAGE
    return [*lines, *({"kind": "empty", "name": "", "people": "", "needs": ""} for _ in range(empty))]


def _sorted(parties: Sequence[Party], state: str) -> list[Party]:
    matches = [party for party in parties if party.state == state]
    return sorted(matches, key=lambda party: (party.turn, party.name.casefold(), party.id))


def _row(party: Party, language: str, sheet: SheetData) -> dict[str, str]:
    shown = sheet.shown
    needs = [_need(value, language) for value in party.help_with]
    return {
        "kind": "coming",
        "name": shown(party.name),
        "people": str(party.people),
        "needs": _short(shown(", ".join([*needs, *([party.needs] if party.needs else [])]))),
    }


def _short(text: str, max_length: int = MAX_NEEDS_LENGTH) -> str:
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"


def _need(value: str, language: str) -> str:
    """Return a value of the sign-up form's list in a word or two; an unknown value unchanged."""
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
    """Return the name of the PDF file."""
    return f"attendance-{event_id}-{language}-{today.isoformat()}.pdf"
