"""The pages for unlocking and locking, and what is done with what was asked for while the desk was locked."""

from contextlib import suppress

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.wrappers import Response as Answer

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
"""The field of a form that was held, by which it is known when it is sent."""

_TEXTS = ("text", "outcome")
"""The fields into which sentences are typed."""


def typed_texts() -> list[str]:
    """Return what was typed into a form of a case or an event of ours, to be copied where it could not be used.

    Of a form that another site may have made nothing is shown: its words must not stand on our page.
    """
    if request.method != "POST" or not request.path.startswith(HELD_FORM_PATHS) or not is_from_our_page():
        return []
    with suppress(HTTPException):  # more than can be taken is not read
        return [text for name in _TEXTS for text in request.form.getlist(name) if text.strip()]
    return []


@pages.get("/unlock")
def ask() -> Answer | str:
    """Ask for the passphrase; a demonstration key has none."""
    authenticator = current_authenticator()
    authenticator.lock_if_idle()
    if authenticator.session:
        return redirect_to("/held" if authenticator.held else "/")
    return _ask(authenticator, None)


def _ask(authenticator: Authenticator, problem: Problem | None) -> str:
    return render_template(
        "unlock.html",
        problem=problem,
        passphrase=has_passphrase(authenticator.place.folder),
        held=authenticator.held is not None,
        languages=language.offered_languages(),
    )


@pages.post("/unlock")
def unlock() -> Answer | tuple[str, int]:
    """Opens the desk and fetches what waits; then to the page that was asked for, or to what was typed before."""
    authenticator = current_authenticator()
    typed = request.form.get("passphrase", "") if has_passphrase(authenticator.place.folder) else None
    try:
        session = authenticator.open(typed)
    except Problem as problem:
        return _ask(authenticator, problem), 400
    authenticator.synced = fetch(session)
    if authenticator.held is not None:
        return redirect_to("/held")
    back, authenticator.back = authenticator.back, "/"
    return redirect_to(back)


@pages.post("/language")
def choose_language() -> Answer:
    """Keep the language in which this machine's staff read the desk. Nothing that was typed is on this page."""
    language.choose_language(current_authenticator().place.folder, request.form.get("language", ""))
    return redirect_to("/unlock")


def fetch(session: Session) -> SyncResult:
    """Fetch and bring what waits. A server that is away or refuses is no reason to keep the desk shut: it is said."""
    try:
        synced = session.sync.run()
        if not synced.away:
            record_colleague_keys(session)
    except Problem as problem:
        return SyncResult(away=problem.sentence)
    return synced


@pages.post("/sync")
def sync() -> Answer:
    """Fetch what waits at the server, and bring what waits here."""
    current_authenticator().synced = fetch(current_session())
    return redirect_to("/")


@pages.post("/lock")
def lock() -> Answer:
    """Lock the desk: what was opened is dropped from memory."""
    current_authenticator().lock()
    return redirect_to("/unlock")


@pages.get("/held")
def held() -> Answer | str:
    """What was typed into a form while the lock fell: there until it is sent or thrown away. Nothing typed is lost."""
    current_session()
    authenticator = current_authenticator()
    if authenticator.held is None:
        return redirect_to("/")
    path, pairs = authenticator.held
    authenticator.back = "/"
    return render_template("held.html", path=path, pairs=[(name, value) for name, value in pairs if name != HELD])


def drop_what_was_sent(response: Response) -> Response:
    """Drop what was held, once its form has been sent and done."""
    authenticator = current_authenticator()
    if request.method == "POST" and response.status_code < BadRequest.code and authenticator.session is not None:
        with suppress(HTTPException):
            if HELD in request.form and request.path.startswith(HELD_FORM_PATHS):
                authenticator.drop()
    return response


@pages.post("/held/away")
def throw_away() -> Answer:
    """Throw away what was held."""
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
    """The page is about to lock itself: what was typed into its form `path` is held. Nothing is done with it."""
    path = request.form.get("path", "").removeprefix(request.script_root)
    current_authenticator().hold(path, ((name, v) for name, v in request.form.items(multi=True) if name != "path"))
    return make_response("", 204)


def locked(_: Locked) -> Answer:
    """To the page that asks for the passphrase, and back again from there; what was typed is held until then."""
    authenticator = current_authenticator()
    if request.method == "POST":
        authenticator.hold(request.path, request.form.items(multi=True))
    elif not request.path.startswith("//"):
        authenticator.back = request.full_path.rstrip("?")
    return redirect_to("/unlock")
