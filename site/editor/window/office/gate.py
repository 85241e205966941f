"""Guards every request to the office: its host, its origin, the session, and the rights of the account."""

from flask import Blueprint, Flask, Response, abort, g, redirect, request
from werkzeug.wrappers import Response as Answer

from editor.office.accounts import hash_of
from editor.office.office import AccountRemoved, Office, current_account
from editor.office.roles import NEEDS, Need, Right, may
from editor.office.sessions import MAX_AGE, SignedIn
from editor.office.state import Account
from editor.tables import withdrawals
from editor.window import problem_pages, words
from editor.window.current import the_editor, the_office
from forms.core.problem import Problem
from forms.web.local import shared
from forms.web.local.entrance import TEMPLATES
from forms.web.local.request_guard import add_headers, require_form_token

pages = Blueprint("office", __name__, template_folder=TEMPLATES)

COOKIE, DEVICE = "__Host-office", "__Host-office-known"
_A_YEAR = 365 * 86_400
OUR_SITE = ("same-origin",)


class NotAllowed(Problem):
    """The account has no right to do this."""


def protect(app: Flask) -> None:
    """Protect an app: strangers see the sign-in pages only, accounts what their roles allow."""
    app.before_request(check)
    app.after_request(add_headers)
    app.register_blueprint(shared.pages)
    app.register_error_handler(NotAllowed, lambda problem: problem_pages.problem_page([problem], 403))
    app.register_error_handler(AccountRemoved, _account_removed)


def signed_in() -> SignedIn:
    """Return the account and session of the request. For pages that need a session."""
    current: SignedIn = g.signed_in
    return current


def check() -> Answer | tuple[str, int] | None:
    """Refuse a request of another site's page, or one that its account has no right to make."""
    office = the_office()
    if request.environ.get("HTTP_HOST") != office.host:
        abort(421)
    need = NEEDS.get(request.endpoint or "")
    is_form = request.method not in {"GET", "HEAD", "OPTIONS"}
    if is_form:
        _require_our_page(office)
        g.made = True  # an error page then gives back what was typed
    session = office.sessions.find(request.cookies.get(COOKIE, ""))
    if session:
        g.language, g.keep_language = session.account.language, _keep_language
    if need and need.right is Right.OPEN:
        g.signed_in = session
        return None
    if session is None or _is_from_another_site():
        return _not_signed_in(is_form=is_form)
    g.signed_in, g.inside, g.who, g.form_token = session, True, session.account.name, session.session.form_token
    if is_form:
        require_form_token()
    if request.endpoint is None:
        return None  # no such page: accounts get a 404
    return _require_right(need, session)


def _require_our_page(office: Office) -> None:
    """Abort unless our own page sends this: by Sec-Fetch-Site, in older browsers by Origin."""
    fetch_site = request.headers.get("Sec-Fetch-Site")
    if fetch_site not in OUR_SITE and not (fetch_site is None and request.headers.get("Origin") == office.origin):
        abort(403)


def _is_from_another_site() -> bool:
    """Return whether another site's link or frame makes the request, which is shown nothing."""
    return request.headers.get("Sec-Fetch-Site", "none") not in {*OUR_SITE, "none"}


def _not_signed_in(*, is_form: bool) -> Answer | tuple[str, int]:
    """Redirect to the sign-in page; for a form, first show what was typed."""
    if not is_form:
        return redirect("/sign-in", 303)
    _ = words.translate
    what, todo = _("You are not signed in any more."), _("Sign in, then copy what you wrote from this page.")
    return problem_pages.problem_page([Problem("", what, todo)], 401)


def _require_right(need: Need | None, current: SignedIn) -> Answer | None:
    """Return None where an account may do this; else a redirect to the page that asks for its secret again.

    Raises NotAllowed.
    """
    _ = words.translate
    language = str((request.view_args or {}).get("language", "")) if need and need.language else ""
    if need is None or not may(current.account, need.right, language):
        raise NotAllowed(
            "", _("Your account may not do this."), _("Ask a colleague who may, or whoever runs the office.")
        )
    if not shows_words_of(str((request.view_args or {}).get("name", ""))):
        raise NotAllowed("", _("Its consent was withdrawn."), _("Who writes in all languages can take its words out."))
    if need.fresh and not the_office().sessions.is_fresh(current.session):
        next_page = "publish" if need.right is Right.PUBLISH else "me"
        return redirect(f"/again?then={next_page}", 303)
    return None


def shows_words_of(page: str) -> bool:
    """Return whether the account may see a page: a withdrawn one only where it can remove its words."""
    writes = may(signed_in().account, Right.WRITE)
    return writes or not page or not withdrawals.is_withdrawn(the_editor().content, page)


def _keep_language(code: str) -> None:
    """Remember the language in which a person reads the window."""
    with the_office().state_store.transaction() as state:
        current_account(state, signed_in().account).language = code


def may_here(right: str, language: str = "") -> bool:
    """Return whether the account has a right, by its name. For templates, which hide buttons; the guard decides."""
    return may(signed_in().account, Right[right], language)


def lacks_signature() -> bool:
    """Return whether the account could sign a site that is unsigned now; False where portal.yml cannot be read."""
    try:
        return may_here("PUBLISH") and the_office().signatures.is_missing()
    except Problem:  # a build reports it: the first page must work, also for withdrawals
        return False


def _account_removed(_: AccountRemoved) -> tuple[str, int]:
    """Answer a request whose account was removed while it ran."""
    return problem_pages.problem_page([problem_pages.http_problem(401)], 401)


def device_of(account: Account | None) -> str:
    """Return the token of this browser where this account has signed in with it before; else ""."""
    token = request.cookies.get(DEVICE, "")
    return token if account and hash_of(token) in account.devices else ""


def with_cookies(response: Response | Answer, secret: str, device: str = "") -> Response | Answer:
    """Set the cookies of a session and of a browser that has signed in."""
    for name, value, age in ((COOKIE, secret, MAX_AGE), (DEVICE, device, _A_YEAR)):
        if value:
            response.set_cookie(name, value, max_age=age, path="/", secure=True, httponly=True, samesite="Strict")
    return response
