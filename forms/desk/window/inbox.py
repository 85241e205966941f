"""The list of letters: filters, search, what is late, what looks alike."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from forms.core.form_schema import load, names
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.cases.case import STATES, Case
from forms.desk.cases.log.case_log import heads
from forms.desk.cases.search import COUNTER_FILTERS, SPAM, CaseFilter, count_cases, find_cases
from forms.desk.session import Session
from forms.desk.window import case_pages, labels, rows
from forms.desk.window.current import current_authenticator, current_session, today
from forms.desk.window.reader import gettext as _
from forms.desk.window.rows import Row

PAGE_SIZE = 50
MOST_ALIKE = 20
"""Alike letters that are listed under the first; the rest stand on a list of their own."""

MAX_UNPROVEN = 20
"""Requests to erase without proof that are listed above: somebody may send thousands."""

pages = Blueprint("inbox", __name__)


COUNTERS = (
    ("danger", lazy_gettext("danger now")), ("late", lazy_gettext("late")), ("child", lazy_gettext("a child")),
    ("unheard", lazy_gettext("voice, unheard")), ("nobody", lazy_gettext("nobody's")), ("mine", lazy_gettext("mine")),
    ("unread", lazy_gettext("unread")),
)  # fmt: skip
"""What is counted above the list, and filters it."""


@pages.get("/")
def inbox() -> str:
    """The list, and beside it the letter that is open. Opening it makes it read."""
    session, asked = current_session(), request.args
    shown = opened(session, asked.get("open", ""))
    cases, wanted = session.cases.all(), parse_filter(asked, session.keys.member)
    found = find_cases(_those_like(asked.get("alike", ""), cases, session), wanted, today())
    folded = _folded(found, {} if asked.get("alike") else session.cases.similar_cases())
    pages_, page = _pages(len(folded), asked)
    tallied, unproven = count_cases(cases, session.keys.member, today()), session.cases.unproven_requests()
    return render_template(
        "inbox.html",
        here="inbox",
        rows=_rows(folded[(page - 1) * PAGE_SIZE : page * PAGE_SIZE], session),
        wanted=wanted,
        asked=asked,
        count=len(found),
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
        pane=_pane(session, shown, [case for case, _ in folded]) if shown else None,
    )


def opened(session: Session, case_id: str) -> str:
    """Mark the case as read that the address asks for; its id, or empty where there is none such."""
    known = any(case.id == case_id for case in session.cases.all())
    if known:
        session.log.mark_read(case_id)
    return case_id if known else ""


def _pane(session: Session, case_id: str, listed: Sequence[Case]) -> dict[str, Any]:
    """Return what the letter beside the list shows, with its neighbours in the list."""
    case, portal = session.cases.case(case_id), session.portal.current
    ids = [one.id for one in listed]
    at = ids.index(case_id) if case_id in ids else -1
    return {
        "case": case,
        "letters": [(letter, labels.told(letter, portal, today())) for letter in labels.letters_of(case)],
        "closed": [one for one in case.letters if isinstance(one, Problem)],
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


def _pages(count: int, asked: MultiDict[str, str]) -> tuple[int, int]:
    """Return how many pages there are, and which of them is asked for."""
    pages_ = max(1, -(-count // PAGE_SIZE))
    return pages_, min(pages_, max(1, asked.get("page", 1, type=int)))


def parse_filter(asked: MultiDict[str, str], member: str) -> CaseFilter:
    """Return the filter from an address. What is no filter of ours does not matter."""
    text: dict[str, Any] = {
        name: asked.get(name, "").strip() for name in ("text", "state", "place", "work", "assigned", "form")
    }
    tray = {"1": 1, "2": 2}.get(asked.get("tray", ""), 0)
    if text["state"] not in STATES:
        text["state"] = ""
    show = asked.get("show", "") if asked.get("show", "") in COUNTER_FILTERS else ""
    child, late = bool(asked.get("child")), bool(asked.get("late"))
    return replace(CaseFilter(**text), tray=tray, child=child, late=late, show=show, member=member)


def _those_like(case_id: str, cases: Sequence[Case], session: Session) -> Sequence[Case]:
    if not case_id:
        return cases
    wanted = {case_id, *session.cases.similar_cases().get(case_id, ())}
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


def _rows(folded: Sequence[tuple[Case, list[Case]]], session: Session) -> list[Row]:
    made, above = [], ""
    for case, others in folded:
        section = _section(case)
        few, more = labels.fewer(others, MOST_ALIKE)
        cells = rows.row(case, session.portal.current, today(), session.keys.member)
        made.append(Row(case, few, more, section if section != above else "", **cells))
        above = section
    return made


def _section(case: Case) -> str:
    if case.is_over:
        return "closed"
    return "open" if case.tray == 1 else "spam"


def _choices(session: Session, cases: Sequence[Case]) -> dict[str, list[tuple[str, str]]]:
    """Return what each filter offers."""
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
    """This list's address with something changed; `page` begins anew unless it is what changes."""
    passing = {"open", "done", "erased", *(() if "open" in changes else ("page",))}
    kept = {name: value for name, value in request.args.items() if name not in passing and value}
    kept |= {name: str(value) for name, value in changes.items()}
    return f"{request.script_root}/?" + urlencode({name: value for name, value in kept.items() if value})
