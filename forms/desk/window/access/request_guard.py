"""What is asked of every request and put on every answer: nothing from another page, nothing kept by a browser."""

from urllib.parse import urlsplit

from flask import Response, abort, g, request
from werkzeug.wrappers import Response as Answer

from forms.core.media.attachments import LARGEST
from forms.desk.window.access import secret_path
from forms.desk.window.access.authentication import Locked, require_form_token, the_authenticator
from forms.web.headers import NEVER_KEPT

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": NEVER_KEPT,
    # Not no-referrer: browsers then send `Origin: null` with our own forms (Fetch standard, "serializing a request
    # origin"). To another host, same-origin sends as little.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(self)",
}

LARGEST_ANSWER = 4 * LARGEST["answer"]
"""Bytes of an answer with its recording. One that is too large still comes in, so that the text beside it is kept."""

OPEN_TO_ALL = frozenset({"entrance.enter", "static"})
"""What a browser is shown that has not signed in: the page for it and the stylesheet."""


def hosts() -> frozenset[str]:
    """The names under which this window may be asked for. Any other is a page elsewhere with our address in its DNS."""
    port = request.environ["SERVER_PORT"]
    suffix = "" if port == "80" else f":{port}"
    return frozenset({f"127.0.0.1{suffix}", f"localhost{suffix}"})


def check() -> None:
    """Refuse a request that neither our own page nor a person makes, or from a browser that has not signed in."""
    if request.environ.get("HTTP_HOST") not in hosts():
        abort(421)
    ours = ("same-origin",) if request.method == "POST" else ("same-origin", "none")
    if request.headers.get("Sec-Fetch-Site", ours[0]) not in ours and request.endpoint not in OPEN_TO_ALL:
        abort(403)
    if request.endpoint in OPEN_TO_ALL:
        return
    authenticator = the_authenticator()
    if not secret_path.is_known() or not authenticator.knows(request.cookies.getlist(authenticator.cookie_name)):
        abort(401)
    g.inside = True
    if request.method == "POST":
        if request.path.endswith("/answer"):
            request.max_content_length = LARGEST_ANSWER  # before the form is read
        _require_our_page()
        require_form_token()


def _require_our_page() -> None:
    told = request.headers.get("Sec-Fetch-Site")
    origin = urlsplit(request.headers.get("Origin", ""))
    if told is None and (origin.scheme != "http" or origin.netloc != request.environ["HTTP_HOST"]):
        abort(403)


def add_headers(response: Response) -> Response:
    """After every request; what a page has set for itself stays."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def locked(_: Locked) -> Answer:
    """To the page that asks for the passphrase, and back again from there; what was typed is held until then."""
    authenticator = the_authenticator()
    if request.method == "POST":
        authenticator.hold(request.path, request.form.items(multi=True))
    elif not request.path.startswith("//"):
        authenticator.back = request.full_path.rstrip("?")
    return secret_path.redirect_to("/unlock")
