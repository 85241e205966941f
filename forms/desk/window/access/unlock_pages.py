"""Pages for unlocking and locking the desk, and for forms that were sent while it was locked."""

from contextlib import suppress

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response as WerkzeugResponse

from forms.core.problem import Problem
from forms.desk import language
from forms.desk.crypto.keys import has_passphrase
from forms.desk.doctor.colleague_keys import record_colleague_keys
from forms.desk.services.synchronising import SyncResult
from forms.desk.session import Session
from forms.desk.window.access.authentication import HELD_FORM_PATHS, Authenticator, Locked
from forms.desk.window.current import current_authenticator, current_session
from forms.web.local.request_guard import is_from_our_page
from forms.web.local.secret_path import redirect_to

pages = Blueprint("unlocking", __name__)

HELD = "held"
"""The field that marks a form as one that was held, when it is sent again."""

_TEXTS = ("text", "outcome")
"""The fields for free text."""


def typed_texts() -> list[str]:
    """Return the free texts of a failed form of a case or an event, so that staff can copy them.

    Texts of a form that another site may have sent are not shown.
    """
    if request.method != "POST" or not request.path.startswith(HELD_FORM_PATHS) or not is_from_our_page():
        return []
    with suppress(HTTPException):  # a request that is too large is not read
        return [text for name in _TEXTS for text in request.form.getlist(name) if text.strip()]
    return []


@pages.get("/unlock")
def ask() -> WerkzeugResponse | str:
    """Ask for the passphrase; a demonstration key has none."""
    authenticator = current_authenticator()
    authenticator.lock_if_idle()
    if authenticator.session:
        return redirect_to("/held" if authenticator.held_form else "/")
    return _ask(authenticator, None)


def _ask(authenticator: Authenticator, problem: Problem | None) -> str:
    return render_template(
        "unlock.html",
        problem=problem,
        passphrase=has_passphrase(authenticator.place.folder),
        held=authenticator.held_form is not None,
        languages=language.offered_languages(),
    )


@pages.post("/unlock")
def unlock() -> WerkzeugResponse | tuple[str, int]:
    """Unlock the desk and fetch; then go to the held form, or the page that was requested."""
    authenticator = current_authenticator()
    typed = request.form.get("passphrase", "") if has_passphrase(authenticator.place.folder) else None
    try:
        session = authenticator.open(typed)
    except Problem as problem:
        return _ask(authenticator, problem), 400
    authenticator.synced = fetch(session)
    if authenticator.held_form is not None:
        return redirect_to("/held")
    return_path, authenticator.return_path = authenticator.return_path, "/"
    return redirect_to(return_path)


@pages.post("/language")
def choose_language() -> WerkzeugResponse:
    """Store the language of the desk. The page holds no typed text that could be lost."""
    language.choose_language(current_authenticator().place.folder, request.form.get("language", ""))
    return redirect_to("/unlock")


def fetch(session: Session) -> SyncResult:
    """Synchronise with the server. A server that is away or refuses is reported in the result."""
    try:
        result = session.sync.run()
        if not result.away:
            record_colleague_keys(session)
    except Problem as problem:
        return SyncResult(away=problem.sentence)
    return result


@pages.post("/sync")
def sync() -> WerkzeugResponse:
    """Synchronise with the server."""
    current_authenticator().synced = fetch(current_session())
    return redirect_to("/")


@pages.post("/lock")
def lock() -> WerkzeugResponse:
    """Lock the desk, and drop everything decrypted from memory."""
    current_authenticator().lock()
    return redirect_to("/unlock")


@pages.get("/held")
def held() -> WerkzeugResponse | str:
    """Show a form that was sent while the desk was locked, until it is sent again or discarded."""
    current_session()
    authenticator = current_authenticator()
    if authenticator.held_form is None:
        return redirect_to("/")
    path, pairs = authenticator.held_form
    authenticator.return_path = "/"
    return render_template("held.html", path=path, pairs=[(name, value) for name, value in pairs if name != HELD])


def drop_what_was_sent(response: Response) -> Response:
    """Delete the held form once it has been sent and processed."""
    authenticator = current_authenticator()
    if request.method == "POST" and response.status_code < BadRequest.code and authenticator.session is not None:
        with suppress(HTTPException):
            if HELD in request.form and request.path.startswith(HELD_FORM_PATHS):
                authenticator.drop()
    return response


@pages.post("/held/away")
def throw_away() -> WerkzeugResponse:
    """Discard the held form."""
    current_session()
    current_authenticator().drop()
    return redirect_to("/")


@pages.post("/awake")
def awake() -> Response:
    """Keep the desk unlocked while somebody types, if it is not locked yet."""
    with suppress(Locked):
        current_session()
    return make_response("", 204)


@pages.post("/keep")
def keep() -> Response:
    """Hold the form (field `path`) of a page that is about to lock itself. It is not processed."""
    path = request.form.get("path", "").removeprefix(request.script_root)
    current_authenticator().hold(path, ((name, v) for name, v in request.form.items(multi=True) if name != "path"))
    return make_response("", 204)


def locked(_: Locked) -> WerkzeugResponse:
    """Redirect to the page that asks for the passphrase. Remember the requested page, or hold the sent form."""
    authenticator = current_authenticator()
    if request.method == "POST":
        authenticator.hold(request.path, request.form.items(multi=True))
    elif not request.path.startswith("//"):
        authenticator.return_path = request.full_path.rstrip("?")
    return redirect_to("/unlock")
