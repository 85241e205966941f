"""The window's pages lie below a path that is new and secret each time it starts.

A browser sends the cookies of 127.0.0.1 to every port of it, so the cookie alone would let another program on this
machine read all that is shown. The path is told to no other port, and since the cookie is valid below it only,
neither is the cookie.
"""

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import redirect, request
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_KNOWN = "window.secret_path"


class SecretPath:
    """WSGI middleware: requests below the secret path are served from there, all others unchanged."""

    def __init__(self, app: "WSGIApplication", root: str) -> None:
        self._app, self._root = app, root

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Note whether the request has the secret path, and remove it from its address."""
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        environ[_KNOWN] = self._is_below(path)
        below = len(self._root) if environ[_KNOWN] else 0
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = path[:below], path[below:] or "/"
        return self._app(environ, start_response)

    def _is_below(self, path: str) -> bool:
        begin, rest = path[: len(self._root)].encode(), path[len(self._root) :]
        return hmac.compare_digest(begin, self._root.encode()) and rest[:1] in {"", "/"}


def is_known() -> bool:
    """Return whether this request was made below the secret path."""
    return bool(request.environ.get(_KNOWN))


def redirect_to(path: str) -> Response:
    """Return a redirect to another page of the window (303: it is fetched with GET)."""
    return redirect(request.script_root + path, 303)
