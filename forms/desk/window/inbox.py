"""The list of letters: filters, search, what is late, what looks alike."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, current_app, render_template, request
from werkzeug.datastructures import MultiDict

from forms.core.form_schema import load, names
from forms.desk.cases.case import STATES, Case
from forms.desk.cases.search import Wanted, find
from forms.desk.session import Session
from forms.desk.window import labels
from forms.desk.window.authentication import current_session, the_authenticator

A_PAGE = 50
MOST_ALIKE = 20
"""Alike letters that are listed under the first; the rest stand on a list of their own."""

MOST_UNPROVEN = 20
"""Requests to erase without proof that are listed above: somebody may send thousands."""

pages = Blueprint("inbox", __name__)


@dataclass(frozen=True)
class Row:
    """A case in the list, with those that look like it; section: what stands above it, or empty."""

    case: Case
    alike: Sequence[Case]
    more: int
    section: str


def today() -> date:
    """The staff's day."""
    day: date = current_app.extensions["today"]()
    return day


@pages.get("/")
def inbox() -> str:
    """The list."""
    session, asked = current_session(), request.args
    cases, wanted = session.cases(), read_wanted(asked)
    found = find(_those_like(asked.get("alike", ""), cases, session), wanted, today())
    folded = _folded(found, {} if asked.get("alike") else session.alike())
    pages_, page = _pages(len(folded), asked)
    late = [case for case in cases if case.is_late(today())]
    return render_template(
        "inbox.html",
        here="inbox",
        rows=_rows(folded[(page - 1) * A_PAGE : page * A_PAGE]),
        wanted=wanted,
        asked=asked,
        count=len(found),
        total=len(cases),
        page=page,
        pages=pages_,
        states=_states(cases),
        late=len(late),
        late_answers=sum(not case.due_day.value for case in late),
        today=today(),
        synced=the_authenticator().synced,
        keys_changed=any(not change.refused for change in session.key_changes()) or bool(session.pinned.reverted),
        resting=session.resting(),
        unproven=[case for case in cases if session.unproven_request(case.id)][:MOST_UNPROVEN],
        choices=_choices(session, cases),
        labels=labels,
        portal=session.portal,
        member=session.member,
        address=_address,
    )


def _pages(count: int, asked: MultiDict[str, str]) -> tuple[int, int]:
    """Return how many pages there are, and which of them is asked for."""
    pages_ = max(1, -(-count // A_PAGE))
    return pages_, min(pages_, max(1, asked.get("page", 1, type=int)))


def _states(cases: Sequence[Case]) -> Counter[str]:
    return Counter(str(case.state.value) for case in cases if not case.merged_into)


def read_wanted(asked: MultiDict[str, str]) -> Wanted:
    """Return the filter from an address. What is no filter of ours does not matter."""
    text: dict[str, Any] = {
        name: asked.get(name, "").strip() for name in ("text", "state", "place", "work", "assigned", "form")
    }
    tray = {"1": 1, "2": 2}.get(asked.get("tray", ""), 0)
    if text["state"] not in STATES:
        text["state"] = ""
    return replace(Wanted(**text), tray=tray, child=bool(asked.get("child")), late=bool(asked.get("late")))


def _those_like(case_id: str, cases: Sequence[Case], session: Session) -> Sequence[Case]:
    if not case_id:
        return cases
    wanted = {case_id, *session.alike().get(case_id, ())}
    return [case for case in cases if case.id in wanted]


def _folded(found: Sequence[Case], alike: Mapping[str, tuple[str, ...]]) -> list[tuple[Case, list[Case]]]:
    """Return each case with those after it that look like it: the most urgent one stands above."""
    by_id = {case.id: case for case in found}
    seen: set[str] = set()
    folded = []
    for case in found:
        if case.id not in seen:
            others = [by_id[id] for id in alike.get(case.id, ()) if id in by_id and id not in seen]
            seen.update(other.id for other in others)
            folded.append((case, others))
    return folded


def _rows(folded: Sequence[tuple[Case, list[Case]]]) -> list[Row]:
    rows, above = [], ""
    for case, others in folded:
        section = _section(case)
        few, more = labels.fewer(others, MOST_ALIKE)
        rows.append(Row(case, few, more, section if section != above else ""))
        above = section
    return rows


def _section(case: Case) -> str:
    if case.over:
        return "Closed"
    return "To work on" if case.tray == 1 else "Second tray"


def _choices(session: Session, cases: Sequence[Case]) -> dict[str, list[tuple[str, str]]]:
    """Return what each filter offers."""
    portal = session.portal
    own = {"places": {"elsewhere", "unknown"}, "work": {"other", "unknown"}}
    tables = {
        name: [(one.value, labels.label(portal, name, one.value)) for one in portal.choices.get(name, ())]
        + [(value, labels.label(portal, name, value)) for value in sorted(more)]
        for name, more in own.items()
    }
    members = [(member.id, member.id) for member in session.own_desk.members]
    forms = [(form, load(form).title) for form in sorted({case.form for case in cases} & set(names()))]
    return {**tables, "members": members, "forms": forms}


def _address(**changes: object) -> str:
    """This list's address with something changed; `page` begins anew unless it is what changes."""
    kept = {name: value for name, value in request.args.items() if name != "page" and value}
    kept |= {name: str(value) for name, value in changes.items()}
    return f"{request.script_root}/?" + urlencode({name: value for name, value in kept.items() if value})
