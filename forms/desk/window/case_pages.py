"""The page of a case: its letters and attachments, its time line, and the forms of all actions."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import is_id
from forms.core.media.attachments import MAX_ANSWER_SECONDS
from forms.core.portal import Choice, Desk
from forms.core.problem import Problem
from forms.desk.cases.acknowledgement import doubts
from forms.desk.cases.case import Case, answer_recording
from forms.desk.cases.grouping import cases_grouped_with
from forms.desk.cases.handover import readers_of
from forms.desk.cases.log.case_log import heads
from forms.desk.services.parts import clean_part
from forms.desk.session import Session
from forms.desk.window import labels
from forms.desk.window.current import current_session, today
from forms.desk.window.reader import in_reader_language, reader

pages = Blueprint("cases", __name__)

DANGER_DUTY = lazy_gettext(
    "Danger now: call 112 and say where the place is. Which station is rung and who else must know the same day, your "
    "district writes into content/tables/duties.csv: ask your legal adviser. Do not ring the person unless they told "
    "how and when: somebody else may pick up."
)
"""Shown if the portal's list `duties` has no row about danger."""

CHILD_DUTY = lazy_gettext(
    "A child is spoken of. Tell the child welfare police officer (Juvenile Justice Act 2015, section 107) "
    "and call 1098. Ask your legal adviser whether you must report under the POCSO Act, section 19."
)
"""Shown if the portal's list `duties` has no row about a child."""

DONE = {
    "state": lazy_gettext("The state is set."),
    "take": lazy_gettext("It is in your hands, and being looked into. Whoever took a receipt reads so."),
    "note": lazy_gettext("Your note is kept."),
    "assign": lazy_gettext("It is in other hands now."),
    "due": lazy_gettext("The day is set."),
    "flag": lazy_gettext("The mark is set."),
    "answer": lazy_gettext("Your answer is sealed and on its way to the person."),
    "handover": lazy_gettext("The case is sealed for that desk too."),
    "merge": lazy_gettext("The cases are put together."),
    "theme": lazy_gettext("What is counted in public is set."),
    "settle": lazy_gettext("It is settled."),
    "part": lazy_gettext("It stands by itself again."),
}
"""Shown after an action."""


@dataclass(frozen=True)
class Phrase:
    """A prepared sentence for answers. meaning: in the reader's language; words: in the person's language.

    reviewed: whether a native reader has approved it in that language. state: the state that goes with it, or empty.
    """

    value: str
    meaning: str
    words: str
    reviewed: bool
    state: str


@pages.get("/case/<case_id>")
def case_page(case_id: str) -> str:
    """Show a case, and record that it was read."""
    session = current_session()
    session.log.mark_read(case_id)
    return show(session, case_id)


def show(session: Session, case_id: str, problem: Problem | None = None, typed: Mapping[str, str] | None = None) -> str:
    """Render the page of a case. problem: shown above it; typed: the texts of its fields."""
    case, portal = session.cases.case(case_id), session.portal.current
    return render_template(
        "case.html",
        here="inbox",
        case=case,
        portal=portal,
        member=session.keys.member,
        labels=labels,
        today=today(),
        problem=problem,
        typed=typed or {},
        longest_answer=MAX_ANSWER_SECONDS,
        spoken={entry.id: part for entry in case.entries if (part := answer_recording(entry))},
        done=DONE.get(request.args.get("done", "")),
        seen=" ".join(heads(case.entries)),
        letters=[(letter, labels.answered_questions(letter, portal, today())) for letter in labels.letters_of(case)],
        unreadable=[letter for letter in case.letters if isinstance(letter, Problem)],
        unproven_parts=session.cases.unproven_parts(case),
        doubts=doubts(case),
        line=_line(case),
        unproven=session.cases.unproven_request(case_id),
        phrases=phrases(session, case),
        duties=child_duties(session),
        danger=danger_duties(session),
        links=_links(session),
        **_form_choices(session, case),
    )


def _form_choices(session: Session, case: Case) -> dict[str, Any]:
    """Return the choices of the forms on the page of a case."""
    portal = session.portal.current
    return {
        "themes": _labels(portal.choices.get("themes", ())),
        "places": _labels(portal.choices.get("places", ())),
        "works": _labels(portal.choices.get("work", ())),
        "members": [member.id for member in session.keys.own_desk.members],
        "hand_over_to": _handover_desks(session, case),
        "readers": [labels.desk_name(portal, desk) for desk in readers_of(case)],
        "hidden_desks": [labels.desk_name(portal, desk) for desk in case.hidden_from],
        "together": cases_grouped_with(session.cases.all(), case.id),
        "alike": [session.cases.case(id) for id in session.cases.similar_cases().get(case.id, ())[:_MAX_SIMILAR]],
    }


def _links(session: Session) -> list[Choice]:
    """Return the links to the district's own forms; only https addresses."""
    return [row for row in session.portal.current.choices.get("staff_links", ()) if row.value.startswith("https://")]


_MAX_SIMILAR = 30


def _labels(rows: Sequence[Choice]) -> list[tuple[str, str]]:
    return [(row.value, in_reader_language(row.label)) for row in rows]


CHILD_DUTIES = ("child", "pocso", "identity")
"""The rows of the list `duties` that are shown if a child is involved."""


DANGER_DUTIES = ("danger-ring", "danger-know", "danger-person")
"""The rows that are shown if somebody is in danger."""


def _duties(session: Session, names: Collection[str], default: str) -> list[tuple[str, bool]]:
    """Return each of these duties, and whether the district's legal adviser has approved its words."""
    rows = [row for row in session.portal.current.choices.get("duties", ()) if row.value in names]
    return [(in_reader_language(row.label), reader() in row.reviewed) for row in rows] or [(default, False)]


def danger_duties(session: Session) -> list[tuple[str, bool]]:
    """Return the duties if somebody is in danger, and whether a legal adviser has approved each text."""
    return _duties(session, DANGER_DUTIES, DANGER_DUTY)


def child_duties(session: Session) -> list[tuple[str, bool]]:
    """Return the duties if a child is involved, and whether a legal adviser has approved each text."""
    return _duties(session, CHILD_DUTIES, CHILD_DUTY)


def phrases(session: Session, case: Case) -> list[Phrase]:
    """Return the portal's phrases in the person's language, reviewed or not."""
    rows, language = session.portal.current.choices.get("phrases", ()), case.language
    return [
        Phrase(row.value, in_reader_language(row.label), row.label[language], language in row.reviewed, row.state)
        for row in rows
        if language in row.label
    ]


def _handover_desks(session: Session, case: Case) -> list[Desk]:
    """Return the desks that read such letters, may see this one, and do not have it yet."""
    excluded = {*readers_of(case), *case.hidden_from, session.place.desk}
    return [desk for desk in session.portal.current.readers(case.form) if desk.id not in excluded]


def _line(case: Case) -> list[tuple[str, Any]]:
    """Return the time line: letters and entries by day, each with its kind ("letter" or "entry")."""
    letters = [(letter.day, 0, position, "letter", letter) for position, letter in enumerate(labels.letters_of(case))]
    entries = [(entry.at[:10], 1, position, "entry", entry) for position, entry in enumerate(case.entries)]
    return [(kind, item) for *_, kind, item in sorted([*letters, *entries], key=lambda row: row[:3])]


@pages.get("/case/<case_id>/time-line.json")
def time_line(case_id: str) -> Response:
    """Return the time line as a JSON file, without words of the letters."""
    case = current_session().cases.case(case_id)
    response = make_response(json.dumps({"case": case.id, "time_line": case.time_line()}, ensure_ascii=False, indent=1))
    response.headers["Content-Type"] = "application/json"
    response.headers["Content-Disposition"] = f'attachment; filename="time-line-{labels.short(case.id)}.json"'
    return response


SHOWN_MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "audio/ogg", "audio/mpeg", "audio/webm"})
"""Media types that a page shows or plays; nothing else is sent to the browser."""


@pages.get("/part/<part_id>")
def part(part_id: str) -> Response:
    """Return a cleaned photo or recording. Browsers may request ranges of audio (RFC 9110, section 14).

    Raises Problem for an unknown id, and for a media type that is not shown.
    """
    session = current_session()
    if not is_id(part_id):
        raise Problem("part", "There is no such photo or recording.", "Go back to the letters.")
    media_type, content = clean_part(session.local_store, session.own_keys.identities, part_id)
    if media_type.startswith("audio/"):
        session.log.mark_heard(part_id)
    if media_type.partition(";")[0] not in SHOWN_MEDIA_TYPES:
        raise Problem("part", "It is of a kind that is not shown here.", "Export the case if it must be looked at.")
    response = make_response(content)
    response.headers["Content-Type"] = media_type
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    return response
