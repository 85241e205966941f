"""Turn a letter that asks for a visit into an event: staff write what is published, preview it, and confirm."""

from collections.abc import Mapping
from pathlib import Path

from flask import Blueprint, render_template, request

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.crypto.decryption import Letter
from forms.desk.events.visits import KINDS, EventPlan, append_row, event_kinds, event_row, is_visit
from forms.desk.window import labels
from forms.desk.window.current import current_session, today

pages = Blueprint("visits", __name__)

CONTENT = "content"
"""The site's content folder if the desk is started in the site's own folder."""


@pages.get("/visit/<case_id>")
def visit(case_id: str) -> str:
    """Show the letter beside the form."""
    return _show(_letter(case_id), case_id, {})


@pages.post("/visit/<case_id>")
def plan(case_id: str) -> str | tuple[str, int]:
    """Preview the event at the first press, write it at the second. Nothing typed is lost."""
    letter, form = _letter(case_id), request.form
    try:
        row = event_row(letter, current_session().portal.current, _plan(form), today())
        if form.get("sure") != "yes":
            return _show(letter, case_id, form, row=row)
        path = Path(form.get("content", "").strip() or CONTENT) / "tables" / "events.csv"
        append_row(path, row)
    except Problem as problem:
        return _show(letter, case_id, form, problem=problem), 400
    return _show(letter, case_id, form, row=row, written=str(path))


def _letter(case_id: str) -> Letter:
    """Return the letter of a case that asks for a visit. Raises Problem if it does not."""
    letter = current_session().cases.case(case_id).first
    if letter is None or not is_visit(letter.form):
        raise Problem("letter", "asks for no visit.", "Choose one of the visits on the page of events.")
    return letter


def _plan(form: Mapping[str, str]) -> EventPlan:
    """Return the event that the form plans. Raises Problem for a capacity that is not a number."""
    capacity = form.get("capacity", "").strip()
    if capacity and (not capacity.isdecimal() or len(capacity) > len("99999")):
        raise Problem(
            "capacity",
            lazy_gettext("“%(capacity)s” is not a number.", capacity=capacity),
            "Write a number, or leave it empty.",
        )
    kind = form.get("kind", "")
    return EventPlan(
        id=form.get("id", "").strip(),
        title=form.get("title", ""),
        what=form.get("what", ""),
        where=form.get("where", ""),
        starts=form.get("starts", ""),
        ends=form.get("ends", ""),
        capacity=int(capacity) if capacity else None,
        kind=kind if kind in event_kinds(current_session().portal.current) else "",
    )


def _show(
    letter: Letter, case_id: str, typed: Mapping[str, str], row: Mapping[str, str] | None = None, written: str = "",
    problem: Problem | None = None,
) -> str:  # fmt: skip
    portal = current_session().portal.current
    return render_template(
        "event-visit.html", here="events", labels=labels, case_id=case_id, letter=letter, typed=typed, row=row,
        questions=labels.answered_questions(letter, portal, today()), kinds=event_kinds(portal), written=written,
        problem=problem, portal=portal, content=str(Path(CONTENT).absolute()),
        wished=KINDS.get(str(letter.answers.get("kind")), ""),
    )  # fmt: skip
