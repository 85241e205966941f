"""Checks of every request and headers of every response: nothing from another page, nothing cached by a browser."""

import hmac
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request

from forms.web.headers import NEVER_KEPT
from forms.web.local import entrance, secret_path, shared
from forms.web.local.entrance import Entrance, the_entrance

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

OPEN_TO_ALL = frozenset({"entrance.enter", "static"})
"""What a browser is shown that has not come in: the page for it and the stylesheet."""


def protect(app: Flask, by: Entrance) -> None:
    """Protect an app: only browsers that came by this entrance are let in. Its earlier checks apply to everybody."""
    entrance.keep_entrance(app, by)
    # Test clients ask below this path; for real requests SecretPath sets it.
    app.config["APPLICATION_ROOT"] = by.root
    app.wsgi_app = secret_path.SecretPath(app.wsgi_app, by.root)  # type: ignore[method-assign]
    app.register_blueprint(entrance.pages)
    app.register_blueprint(shared.pages)
    app.before_request(check)
    app.after_request(add_headers)


def hosts() -> frozenset[str]:
    """Return the host names under which this window may be addressed. Any other means DNS rebinding."""
    port = request.environ["SERVER_PORT"]
    suffix = "" if port == "80" else f":{port}"
    return frozenset({f"127.0.0.1{suffix}", f"localhost{suffix}"})


def check() -> None:
    """Refuse a request that neither our own page nor a person makes, or from a browser without the cookie."""
    if request.environ.get("HTTP_HOST") not in hosts():
        abort(421)
    ours = ("same-origin",) if request.method == "POST" else ("same-origin", "none")
    if request.headers.get("Sec-Fetch-Site", ours[0]) not in ours and request.endpoint not in OPEN_TO_ALL:
        abort(403)
    if request.endpoint in OPEN_TO_ALL:
        return
    g.made = request.method == "POST" and is_from_our_page()
    by = the_entrance()
    if not secret_path.is_known() or not by.knows(request.cookies.getlist(by.cookie_name)):
        abort(401)
    g.inside, g.form_token = True, by.form_token
    if request.method == "POST":
        if not g.made:
            abort(403)
        require_form_token()


def is_from_our_page() -> bool:
    """Return whether a browser says that a page of this address sends this: older ones name its origin only."""
    told, origin = request.headers.get("Sec-Fetch-Site"), urlsplit(request.headers.get("Origin", ""))
    if told is not None:
        return told == "same-origin"
    return origin.scheme == "http" and origin.netloc == request.environ["HTTP_HOST"]


def require_form_token() -> None:
    """Abort with 403 for a form that this window did not make. Done automatically for every POST; idempotent.

    g.form_token: what is in the forms of this window. Another one may be of before: `check` sets g.made where the form
    came from a page of this address, so that what was typed there can be given back.
    """
    if not hmac.compare_digest(g.form_token.encode(), request.form.get("form_token", "").encode()):
        abort(403)


def add_headers(response: Response) -> Response:
    """Add headers after every request; headers that a page has set stay."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
