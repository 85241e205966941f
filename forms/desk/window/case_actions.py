"""The actions on a case, one small function each. They write to the case log through the session."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import is_id
from forms.core.media.attachments import MAX_FILE_BYTES
from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.cases.log.case_log import STATES, heads, is_repeated_answer
from forms.desk.session import Session
from forms.desk.window import labels
from forms.desk.window.case_pages import Phrase, phrases, show
from forms.desk.window.current import current_session
from forms.web.local.request_guard import require_form_token
from forms.web.local.secret_path import redirect_to

pages = Blueprint("actions", __name__)

Form = Mapping[str, str]


def _seen(form: Form) -> list[str]:
    """Return the ids of the entries that the form's page showed: later entries conflict and are not overwritten."""
    return [id for id in form.get("seen", "").split() if is_id(id)]


def _text(form: Form, name: str) -> str:
    """Return a typed text with LF line ends (HTML forms send CR LF)."""
    return form.get(name, "").replace("\r\n", "\n").strip()


def _state(session: Session, case: Case, form: Form) -> None:
    """Set the state of a case. Raises Problem for a state that does not exist."""
    state = form.get("state", "")
    if state not in STATES:
        raise Problem("state", "There is no such state.", "Choose one of the list.")
    outcome = {"outcome": _text(form, "outcome")} if state == "closed" else {}
    session.log.write(case.id, "state", after=_seen(form), state=state, **outcome)


def _note(session: Session, case: Case, form: Form) -> None:
    """Add a note to a case. Raises Problem for an empty one."""
    text = _text(form, "text")
    if not text:
        raise Problem("note", "It is empty.", "Write what should be remembered.")
    session.log.write(case.id, "note", after=_seen(form), text=text)


def _assign(session: Session, case: Case, form: Form) -> None:
    """Assign a case to a member of this desk, or to nobody. Raises Problem for anybody else."""
    member = form.get("member", "")
    if member and member not in {each.id for each in session.keys.own_desk.members}:
        raise Problem(member, "is no member of this desk.", "Choose somebody of the list.")
    session.log.write(case.id, "assign", after=_seen(form), member=member)


def _take(session: Session, case: Case, form: Form) -> None:
    """Assign a case to oneself, and tell the person that it is being looked into."""
    session.log.write(case.id, "assign", after=_seen(form), member=session.keys.member)
    session.log.write(case.id, "state", after=_seen(form), state="looking")


def _due(session: Session, case: Case, form: Form) -> None:
    """Set the day by which a case is due. Raises Problem if it is malformed."""
    day = form.get("day", "")
    if day and labels.day(day) == day:
        raise Problem(
            "day", lazy_gettext("%(text)s is no day.", text=day), "Write it like 2027-01-31, or leave it empty."
        )
    session.log.write(case.id, "due", after=_seen(form), day=day)


def _flag(session: Session, case: Case, form: Form) -> None:
    """Set a flag of a case. Raises Problem for an unknown flag."""
    flag = form.get("flag", "")
    if flag not in {"urgent", "child"}:
        raise Problem("mark", "There is no such mark.", "Choose urgent or child.")
    session.log.write(case.id, "flag", after=_seen(form), flag=flag, on=bool(form.get("on")))


def _theme(session: Session, case: Case, form: Form) -> None:
    """Set the theme, place and work of a case. Raises Problem for a value that the portal does not list."""
    for name, table in (("theme", "themes"), ("place", "places"), ("work", "work")):
        known = {choice.value for choice in session.portal.current.choices.get(table, ())}
        if form.get(name) and form[name] not in known:
            raise Problem(name, "is not in the portal's list.", "Choose one of the list.")
    session.log.write(
        case.id, "theme", after=_seen(form), **{name: form.get(name, "") for name in ("theme", "place", "work")}
    )


def _answer(session: Session, case: Case, form: Form) -> None:
    text, state, seen = _answer_text(session, case, form), form.get("state", ""), _seen(form)
    recording = _recording()
    if "seen" in form and _was_sent(session, case, seen, text, with_voice=bool(recording)):
        return
    if set(seen) == set(heads(case.entries)):
        session.log.answer(case.id, text, state if state in STATES else "", recording)
        return
    # Somebody wrote meanwhile: this state must not silently replace theirs.
    session.log.answer(case.id, text, recording=recording)
    if state in STATES:
        session.log.write(case.id, "state", after=seen, state=state)


def _was_sent(session: Session, case: Case, seen: list[str], text: str, *, with_voice: bool) -> bool:
    """Return whether this member has sent the same answer since the form's page was shown, like by a second click."""
    after = {entry.id: entry.after for entry in case.entries}
    known: set[str] = set()
    remaining = set(seen)
    while remaining:
        known |= remaining
        remaining = {previous for id in remaining for previous in after.get(id, ())} - known
    since = (entry for entry in case.entries if entry.id not in known)
    return is_repeated_answer(since, session.keys.member, text, with_voice=with_voice)


def _recording() -> bytes:
    """Read the recording of an answer, at most one byte more than the limit. Raises Problem for an empty one."""
    file = request.files.get("voice")
    content = file.stream.read(MAX_FILE_BYTES["answer"] + 1) if file and file.filename else b""
    if file and file.filename and not content:
        raise Problem("The recording", "holds nothing.", "Record it again.")
    return content


def _handover(session: Session, case: Case, form: Form) -> None:
    session.sharing.hand_over(case.id, form.get("desk", ""))


def _merge(session: Session, case: Case, form: Form) -> None:
    """Merge a case into another. Raises Problem unless the typed digits match exactly one case."""
    prefix = (form.get("into_typed", "").strip() or form.get("into", "")).lower()
    ids = [each.id for each in session.cases.all()]
    matches = [id for id in ids if prefix and id.startswith(prefix) and id != case.id]
    if len(matches) != 1:
        what = "There is no such case." if not matches else "Several cases begin like this."
        raise Problem("number", what, "Choose one of the list, or write the eight digits of the other case.")
    session.log.merge(case.id, matches[0])


def _undo_merge(session: Session, case: Case, _: Form) -> None:
    session.log.merge(case.id, "")


def _settle(session: Session, case: Case, form: Form) -> None:
    """Write one of two conflicting entries again, after both of them. Raises Problem if that was done already."""
    rivals = {entry.id: entry for entries in case.conflicts for entry in entries}
    chosen = rivals.get(form.get("entry", ""))
    if chosen is None:
        raise Problem("", "This is settled already.", "Look at what stands now.")
    value: dict[str, Any] = dict(chosen.value)
    session.log.write(case.id, chosen.kind, after=heads(case.entries), **value)


ACTIONS: Mapping[str, Callable[[Session, Case, Form], None]] = {
    "state": _state, "note": _note, "assign": _assign, "due": _due, "flag": _flag, "theme": _theme, "answer": _answer,
    "take": _take, "handover": _handover, "merge": _merge, "part": _undo_merge, "settle": _settle,
}  # fmt: skip


@pages.post("/case/<case_id>/<action>")
def act(case_id: str, action: str) -> WerkzeugResponse | tuple[str, int] | str:
    """Carry out an action and show the case again; on a problem show that, with the typed texts.

    Raises NotFound for an unknown action.
    """
    require_form_token()
    session, form = current_session(), request.form
    if action not in ACTIONS:
        raise NotFound
    case = session.cases.case(case_id)
    if form.get("do") == "insert":
        return show(session, case_id, typed=_insert_phrase(session, case, form))
    try:
        with session.busy:  # of two simultaneous clicks the second sees what the first wrote
            ACTIONS[action](session, session.cases.case(case_id), form)
    except Problem as problem:
        selected = {name: form.get(name, "") for name in ("state", "phrase")}
        return show(session, case_id, problem, {action: _text(form, "text"), **selected}), 400
    return redirect_to(_next_page(case_id, action, form))


def _next_page(case_id: str, action: str, form: Form) -> str:
    """Return the path of the page after an action: the case, or the list with the case open if the form was there."""
    if "list" not in form:
        return f"/case/{case_id}?done={action}"
    query = [(name, value) for name, value in parse_qsl(form["list"]) if name not in {"open", "done"}]
    return "/?" + urlencode([*query, ("open", case_id), ("done", action)])


def _chosen_phrase(session: Session, case: Case, form: Form) -> Phrase | None:
    return next((phrase for phrase in phrases(session, case) if phrase.value == form.get("phrase")), None)


def _insert_phrase(session: Session, case: Case, form: Form) -> dict[str, str]:
    """Return the answer's fields with the chosen phrase added to the text; a state chosen by hand remains."""
    phrase = _chosen_phrase(session, case, form)
    texts = (_text(form, "text"), phrase.words if phrase else "")
    return {"answer": "\n\n".join(filter(None, texts)), "state": form.get("state") or (phrase.state if phrase else "")}


def _answer_text(session: Session, case: Case, form: Form) -> str:
    """Return the chosen phrase, then the typed text. Raises Problem if a phrase that ends with a colon has no text."""
    phrase, text = _chosen_phrase(session, case, form), _text(form, "text")
    if phrase and phrase.words.endswith(":") and not text:
        raise Problem("answer", "The phrase ends with a colon and nothing comes after it.", "Write it into the text.")
    return "\n\n".join(filter(None, (phrase.words if phrase else "", text)))


@pages.post("/case/<case_id>/export")
def export(case_id: str) -> WerkzeugResponse | Response | tuple[str, int]:
    """Return one case as an age file, for a court or another office, with a list of hashes in it."""
    session = current_session()
    try:
        sealed = session.sharing.export(case_id, request.form.get("to", "").strip())
    except Problem as problem:
        return show(session, case_id, problem), 400
    response = make_response(sealed)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = f'attachment; filename="case-{labels.short(case_id)}.age"'
    return response


@pages.post("/case/<case_id>/keep")
def keep(case_id: str) -> WerkzeugResponse:
    """Dismiss an unproven request to erase the case."""
    current_session().erasing.dismiss_request(case_id)
    return redirect_to(f"/case/{case_id}")


@pages.route("/case/<case_id>/erase", methods=["GET", "POST"])
def erase(case_id: str) -> WerkzeugResponse | str:
    """Erase a case, after two confirmations."""
    session = current_session()
    case, sure = session.cases.case(case_id), request.form.get("sure", "")
    if request.method == "POST" and sure == "twice":
        session.erasing.erase(case_id)
        return redirect_to("/?erased=1")
    again = request.method == "POST" and sure == "once"
    return render_template("erase.html", here="inbox", cases=[case], labels=labels, again=again, action=request.path)
