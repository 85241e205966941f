"""The one way into a window on this machine: an address that works once, exchanged for a cookie and a secret path.

All of it lives in memory and ends with the program.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from flask import Blueprint, Flask, abort, current_app, redirect, request
from werkzeug.wrappers import Response

TEMPLATES = str(Path(__file__).parent / "templates")
_KEY = "entrance"
pages = Blueprint("entrance", __name__, template_folder=TEMPLATES)


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(kw_only=True)
class Entrance:
    """What a browser must show. A page needs the cookie and the path; a form needs its token as well.

    `token` is in the one-time address; `cookie` and `root`, the path of all pages (secret_path.py), are what it is
    exchanged for. `program` begins the name of the cookie.
    """

    program: str = "window"
    token: str = field(default_factory=_secret)
    cookie: str = field(default_factory=_secret)
    form_token: str = field(default_factory=_secret)
    root: str = field(default_factory=lambda: f"/{_secret()}")

    @property
    def cookie_name(self) -> str:
        """Cookies know no ports: another program's window on this machine must not overwrite ours."""
        return f"{self.program}-{request.environ['SERVER_PORT']}"

    def redeem(self, token: str) -> bool:
        """Exchange the one-time token; True once, and never again."""
        fits = bool(self.token) and hmac.compare_digest(self.token.encode(), token.encode())
        if fits:
            self.token = ""
        return fits

    def knows(self, cookies: Iterable[str]) -> bool:
        """Return whether this browser has come in by the one-time address.

        A program on another port can set a cookie of the same name beside ours, so there may be several.
        """
        ours = self.cookie.encode()
        return not self.token and any(hmac.compare_digest(ours, cookie.encode()) for cookie in cookies)


def keep_entrance(app: Flask, entrance: Entrance) -> None:
    """Keep the entrance of an app where `entrance_of` finds it."""
    app.extensions[_KEY] = entrance


def entrance_of(app: Flask) -> Entrance:
    """Return the entrance of an app that request_guard protects."""
    entrance: Entrance = app.extensions[_KEY]
    return entrance


def the_entrance() -> Entrance:
    """Return the entrance of the current request's window."""
    return entrance_of(current_app)


@pages.get("/enter/<token>")
def enter(token: str) -> Response:
    """Handle the one-time address: set the cookie for this browser, once."""
    entrance = the_entrance()
    if not entrance.redeem(token):
        abort(401)
    response = redirect(f"{entrance.root}/", 303)
    # Not `Secure`: on 127.0.0.1 there is no TLS, and nothing leaves the machine. The path keeps it from other ports.
    response.set_cookie(
        entrance.cookie_name, entrance.cookie, path=f"{entrance.root}/", httponly=True, samesite="Strict"
    )
    return response
