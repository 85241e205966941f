"""Serve the files of the built site beside the forms, for `build.py serve` and small installations."""

import os.path
from pathlib import Path

from flask import Blueprint, Response, redirect, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as AnyResponse

from forms.server.web.current import current_state
from forms.server.web.error_pages import redirect_to_corrected_address
from forms.web.file_types import content_type
from forms.web.headers import how_long

site = Blueprint("site", __name__)


@site.get("/", defaults={"path": ""})
@site.get("/<path:path>")
def show(path: str) -> AnyResponse:
    """Return a file of the built site: of a folder its index.html, of a missing file the 404 page of its language.

    Raises NotFound if this server has no site.
    """
    public = current_state().public
    if public is None:
        raise NotFound
    inside = safe_join(str(public), path)
    # For a name that no file can have (too long, NUL), os.path returns False, and pathlib raises.
    if inside and path and not path.endswith("/") and os.path.isdir(inside):  # noqa: PTH112
        return redirect(f"/{path}/", 301)  # not 308: older phones do not know it
    wanted = path if path and not path.endswith("/") else f"{path}index.html"
    _remove_unusual_range()
    try:
        response = _smallest_encoding(public.absolute(), wanted)
    except NotFound:
        return redirect_to_corrected_address() or _not_found(public, path.split("/", 1)[0])
    response.headers["Cache-Control"] = how_long(path)
    return response


def _smallest_encoding(public: Path, wanted: str) -> Response:
    """Return the file in the smallest encoding that the browser accepts (RFC 9110, section 12.5.3)."""
    for suffix, coding in (("br", "br"), ("gz", "gzip")):
        copy = f"{wanted}.{suffix}"
        inside = safe_join(str(public), copy)
        if inside and request.accept_encodings.quality(coding) and os.path.isfile(inside):  # noqa: PTH113
            response = send_from_directory(public, copy, mimetype="text/html")
            response.headers["Content-Encoding"] = coding
            break
    else:
        response = send_from_directory(public, wanted)
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Content-Type"] = content_type(wanted)
    return response


def _remove_unusual_range() -> None:
    """Remove a Range header that is not one range of bytes (RFC 9110, section 14.2): Werkzeug answers it with 416."""
    byte_range = request.range
    if byte_range is None or byte_range.units != "bytes" or len(byte_range.ranges) != 1:
        request.environ.pop("HTTP_RANGE", None)


def _not_found(public: Path, language: str) -> Response:
    """Return the site's 404 page in a language, or in none. Raises NotFound if it has none."""
    for page in (f"{language}/404.html", "404.html"):
        if "/" not in language and os.path.isfile(public / page):  # noqa: PTH113 - as above
            response = send_from_directory(public.absolute(), page, conditional=False)
            response.status_code = 404
            return response
    raise NotFound
