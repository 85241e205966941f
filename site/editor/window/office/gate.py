"""The guard of every request to the office: the host, the page it came from, the session, and what the role allows."""

from flask import Blueprint, Flask, Response, abort, g, redirect, request
from werkzeug.wrappers import Response as Answer

from editor.office.accounts import hashed
from editor.office.office import AccountGone, Office, own
from editor.office.roles import NEEDS, Need, Right, may
from editor.office.sessions import ABSOLUTE, SignedIn
from editor.office.state import Account
from editor.tables import withdrawals
from editor.window import home
from editor.window.current import the_editor, the_office
from forms.core.problem import Problem
from forms.web.local import shared
from forms.web.local.entrance import TEMPLATES
from forms.web.local.request_guard import add_headers, require_form_token

pages = Blueprint("office", __name__, template_folder=TEMPLATES)

COOKIE, DEVICE = "__Host-office", "__Host-office-known"
_A_YEAR = 365 * 86_400
OURS = ("same-origin",)


class NotAllowed(Problem):
    """The account has no role for this."""


def protect(app: Flask) -> None:
    """Protect an app: whoever comes sees the way in, and whoever has signed in what their role allows."""
    app.before_request(check)
    app.after_request(add_headers)
    app.register_blueprint(shared.pages)
    app.register_error_handler(NotAllowed, lambda problem: home.problem_page([problem], 403))
    app.register_error_handler(AccountGone, _gone)


def signed_in() -> SignedIn:
    """Return who asks. For pages that need a session."""
    found: SignedIn = g.signed_in
    return found


def check() -> Answer | tuple[str, int] | None:
    """Refuse a request that neither our own page nor a person makes, or that its account may not make."""
    office = the_office()
    if request.environ.get("HTTP_HOST") != office.host:
        abort(421)
    need = NEEDS.get(request.endpoint or "")
    posts = request.method not in {"GET", "HEAD", "OPTIONS"}
    if posts:
        _require_our_page(office)
        g.made = True  # what was typed there is given back, whatever is wrong
    found = office.sessions.find(request.cookies.get(COOKIE, ""))
    if found:
        g.language, g.keep_language = found.account.language, _keep_language
    if need and need.right is Right.OPEN:
        g.signed_in = found
        return None
    if found is None or _is_led_here_by_another_site():
        return _not_signed_in(posts=posts)
    g.signed_in, g.inside, g.who, g.form_token = found, True, found.account.name, found.session.form_token
    if posts:
        require_form_token()
    if request.endpoint is None:
        return None  # there is no such page, which is said to whoever has signed in
    return _require_right(need, found)


def _require_our_page(office: Office) -> None:
    """Abort where another site's page sends this: older browsers name its origin, newer ones how far it is."""
    told = request.headers.get("Sec-Fetch-Site")
    if told not in OURS and not (told is None and request.headers.get("Origin") == office.origin):
        abort(403)


def _is_led_here_by_another_site() -> bool:
    """Return whether another site's page, or its frame, asks: only who looks by themselves is shown anything."""
    return request.headers.get("Sec-Fetch-Site", "none") not in {*OURS, "none"}


def _not_signed_in(*, posts: bool) -> Answer | tuple[str, int]:
    """Lead to the way in; where something was typed, give it back first."""
    if not posts:
        return redirect("/sign-in", 303)
    _ = home.translate
    what, todo = _("You are not signed in any more."), _("Sign in, then copy what you wrote from this page.")
    return home.problem_page([Problem("", what, todo)], 401)


def _require_right(need: Need | None, found: SignedIn) -> Answer | None:
    """Return None where an account may do this; else lead to where it shows its secret. Raises NotAllowed."""
    _ = home.translate
    language = str((request.view_args or {}).get("language", "")) if need and need.language else ""
    if need is None or not may(found.account, need.right, language):
        raise NotAllowed(
            "", _("Your account may not do this."), _("Ask a colleague who may, or whoever runs the office.")
        )
    if not shows_words_of(str((request.view_args or {}).get("name", ""))):
        raise NotAllowed("", _("Its consent was withdrawn."), _("Who writes in all languages can take its words out."))
    if need.fresh and not the_office().sessions.is_fresh(found.session):
        then = "publish" if need.right is Right.PUBLISH else "me"
        return redirect(f"/again?then={then}", 303)
    return None


def shows_words_of(page: str) -> bool:
    """Return whether who asks may see the words of a page: those that were withdrawn only who can take them out."""
    writes = may(signed_in().account, Right.WRITE)
    return writes or not page or not withdrawals.is_withdrawn(the_editor().content, page)


def _keep_language(code: str) -> None:
    """Remember in which language a person reads the window."""
    with the_office().kept.changing() as state:
        own(state, signed_in().account).language = code


def may_here(right: str, language: str = "") -> bool:
    """Return whether who asks has a right, by its name: for buttons, which say less than the guard."""
    return may(signed_in().account, Right[right], language)


def lacks_signature() -> bool:
    """Return whether who asks could sign a site that readers see unsigned; False where portal.yml cannot be read."""
    try:
        return may_here("PUBLISH") and the_office().signatures.is_missing()
    except Problem:  # said where something is built: the first page is also the way to a withdrawal
        return False


def _gone(_: AccountGone) -> tuple[str, int]:
    """The account was removed while its last request ran."""
    return home.problem_page([home.sentence(401)], 401)


def device_of(account: Account | None) -> str:
    """Return the mark of this browser where this account has signed in with it before."""
    mark = request.cookies.get(DEVICE, "")
    return mark if account and hashed(mark) in account.devices else ""


def with_cookies(response: Response | Answer, secret: str, device: str = "") -> Response | Answer:
    """Set the cookie of a session, and the mark of a browser that has signed in."""
    for name, value, age in ((COOKIE, secret, ABSOLUTE), (DEVICE, device, _A_YEAR)):
        if value:
            response.set_cookie(name, value, max_age=age, path="/", secure=True, httponly=True, samesite="Strict")
    return response
