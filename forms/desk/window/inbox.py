"""The list of cases: filters, search, counters, similar cases, and the case that is open beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from forms.core.form_schema import load, names
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.cases.log.case_log import STATES, heads
from forms.desk.cases.search import COUNTER_FILTERS, SPAM, CaseFilter, count_cases, find_cases
from forms.desk.session import Session
from forms.desk.window import case_pages, labels, rows
from forms.desk.window.current import current_authenticator, current_session, today
from forms.desk.window.reader import gettext as _
from forms.desk.window.rows import Row

PAGE_SIZE = 50
MAX_SIMILAR = 20
"""Similar cases that are listed under the first; a list of their own shows all."""

MAX_UNPROVEN = 20
"""Unproven requests to erase that are listed above: somebody may send thousands."""

pages = Blueprint("inbox", __name__)


COUNTERS = (
    ("danger", lazy_gettext("danger now")), ("late", lazy_gettext("late")), ("child", lazy_gettext("a child")),
    ("unheard", lazy_gettext("voice, unheard")), ("nobody", lazy_gettext("nobody's")), ("mine", lazy_gettext("mine")),
    ("unread", lazy_gettext("unread")),
)  # fmt: skip
"""The counters above the list, which are also filters, with their labels."""


@pages.get("/")
def inbox() -> str:
    """Show the list, and beside it the open case, which is recorded as read."""
    session, arguments = current_session(), request.args
    open_id = open_case(session, arguments.get("open", ""))
    cases, wanted = session.cases.all(), parse_filter(arguments, session.keys.member)
    matches = find_cases(_similar_to(arguments.get("alike", ""), cases, session), wanted, today())
    folded = _fold_similar(matches, {} if arguments.get("alike") else session.cases.similar_cases())
    pages_, page = _pages(len(folded), arguments)
    tallied, unproven = count_cases(cases, session.keys.member, today()), session.cases.unproven_requests()
    return render_template(
        "inbox.html",
        here="inbox",
        rows=_rows(folded[(page - 1) * PAGE_SIZE : page * PAGE_SIZE], session),
        wanted=wanted,
        arguments=arguments,
        count=len(matches),
        total=sum(not case.merged_into for case in cases),
        page=page,
        pages=pages_,
        counters=[(name, words, tallied[name]) for name, words in COUNTERS],
        spam=tallied[SPAM],
        openings=rows.first_openings(cases),
        clip=rows.clip,
        today=today(),
        synced=current_authenticator().synced,
        keys_changed=any(not change.refused for change in session.keys.changes()) or bool(session.keys.pinned.reverted),
        awaiting_erasure=session.cases.awaiting_erasure(),
        unproven=[case for case in cases if case.id in unproven][:MAX_UNPROVEN],
        choices=_choices(session, cases),
        labels=labels,
        portal=session.portal.current,
        member=session.keys.member,
        address=_address,
        pane=_pane(session, open_id, [case for case, _ in folded]) if open_id else None,
    )


def open_case(session: Session, case_id: str) -> str:
    """Record that a case was read; return its id, or an empty text if there is no such case."""
    exists = any(case.id == case_id for case in session.cases.all())
    if exists:
        session.log.mark_read(case_id)
    return case_id if exists else ""


def _pane(session: Session, case_id: str, listed: Sequence[Case]) -> dict[str, Any]:
    """Return the template's data of the open case, with its neighbours in the list."""
    case, portal = session.cases.case(case_id), session.portal.current
    ids = [each.id for each in listed]
    at = ids.index(case_id) if case_id in ids else -1
    return {
        "case": case,
        "letters": [(letter, labels.answered_questions(letter, portal, today())) for letter in labels.letters_of(case)],
        "unreadable": [letter for letter in case.letters if isinstance(letter, Problem)],
        "row": rows.row(case, portal, today(), session.keys.member),
        "danger": case_pages.danger_duties(session) if case.is_urgent else [],
        "duties": case_pages.child_duties(session) if case.involves_child else [],
        "seen": " ".join(heads(case.entries)),
        "taken": case.assigned.value == session.keys.member and case.state.value == "looking",
        "done": case_pages.DONE.get(request.args.get("done", "")),
        "next": ids[at + 1] if at + 1 < len(ids) else "",
        "previous": ids[at - 1] if at > 0 else "",
        "unproven_parts": session.cases.unproven_parts(case),
        "place": (at + 1, len(ids)) if at >= 0 else (),
    }


def _pages(count: int, arguments: MultiDict[str, str]) -> tuple[int, int]:
    """Return the number of pages, and the number of the requested page."""
    pages_ = max(1, -(-count // PAGE_SIZE))
    return pages_, min(pages_, max(1, arguments.get("page", 1, type=int)))


def parse_filter(arguments: MultiDict[str, str], member: str) -> CaseFilter:
    """Return the filter of an address. Unknown parameters and values are ignored."""
    text: dict[str, Any] = {
        name: arguments.get(name, "").strip() for name in ("text", "state", "place", "work", "assigned", "form")
    }
    tray = {"1": 1, "2": 2}.get(arguments.get("tray", ""), 0)
    if text["state"] not in STATES:
        text["state"] = ""
    show = arguments.get("show", "") if arguments.get("show", "") in COUNTER_FILTERS else ""
    child, late = bool(arguments.get("child")), bool(arguments.get("late"))
    return replace(CaseFilter(**text), tray=tray, child=child, late=late, show=show, member=member)


def _similar_to(case_id: str, cases: Sequence[Case], session: Session) -> Sequence[Case]:
    if not case_id:
        return cases
    wanted = {case_id, *session.cases.similar_cases().get(case_id, ())}
    return [case for case in cases if case.id in wanted]


def _fold_similar(matches: Sequence[Case], alike: Mapping[str, tuple[str, ...]]) -> list[tuple[Case, list[Case]]]:
    """Return each case with the similar ones after it: the most urgent one represents them."""
    by_id = {case.id: case for case in matches}
    seen: set[str] = set()
    folded = []
    for case in matches:
        if case.id not in seen:
            others = [by_id[id] for id in alike.get(case.id, ()) if id in by_id and id not in seen]
            seen.update(other.id for other in others)
            folded.append((case, others))
    return folded


def _rows(folded: Sequence[tuple[Case, list[Case]]], session: Session) -> list[Row]:
    list_rows, previous_section = [], ""
    for case, others in folded:
        section = _section(case)
        few, more = labels.truncate(others, MAX_SIMILAR)
        cells = rows.row(case, session.portal.current, today(), session.keys.member)
        list_rows.append(Row(case, few, more, section if section != previous_section else "", **cells))
        previous_section = section
    return list_rows


def _section(case: Case) -> str:
    if case.is_over:
        return "closed"
    return "open" if case.tray == 1 else "spam"


def _choices(session: Session, cases: Sequence[Case]) -> dict[str, list[tuple[str, str]]]:
    """Return the choices of each filter."""
    portal = session.portal.current
    own = {"places": {"elsewhere", "unknown"}, "work": {"other", "unknown"}}
    tables = {
        name: [(one.value, labels.label(portal, name, one.value)) for one in portal.choices.get(name, ())]
        + [(value, labels.label(portal, name, value)) for value in sorted(more)]
        for name, more in own.items()
    }
    members = [(member.id, member.id) for member in session.keys.own_desk.members]
    forms = [(form, _(load(form).title)) for form in sorted({case.form for case in cases} & set(names()))]
    return {**tables, "members": members, "forms": forms}


def _address(**changes: object) -> str:
    """Return this list's address with changed parameters; changing a filter resets `page`."""
    dropped = {"open", "done", "erased", *(() if "open" in changes else ("page",))}
    parameters = {name: value for name, value in request.args.items() if name not in dropped and value}
    parameters |= {name: str(value) for name, value in changes.items()}
    return f"{request.script_root}/?" + urlencode({name: value for name, value in parameters.items() if value})
