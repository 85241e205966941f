"""Refuse forms that another website submits, and clear the browser's cache after a form."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from forms.server.web.json_responses import ApiError
from forms.web.headers import NEVER_KEPT

forget_pages = Blueprint("forget", __name__)

_FORMS = "/forms/"
_JSON = "/forms/sealed/"
_OWN_SITE = frozenset({"same-origin", "none", ""})
_CACHE = '"cache"'
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_other_sites() -> None:
    """Raise Forbidden if the browser says that another site sent this request (W3C Fetch Metadata).

    A request without the header is accepted: older browsers do not send it. Another host of the same domain counts as
    another site too; a page of the onion address sends to that address, which is "same-origin". A proxy may leave the
    header empty, or repeat its value: neither means another site.
    """
    if not request.path.startswith(_FORMS) or request.method in _SAFE_METHODS:
        return
    values = {value.strip().lower() for value in request.headers.get("Sec-Fetch-Site", "").split(",")}
    if values <= _OWN_SITE:
        return
    if request.path.startswith(_JSON):
        raise ApiError(403, "This came from another website. Nothing was kept or changed.")
    raise Forbidden


def clear_browser_cache(response: Response) -> Response:
    """Have the browser clear the pages that it keeps for its Back button, after every submitted form.

    `no-store` has no effect on the page on which the words were typed; this has (W3C Clear Site Data).
    """
    if request.method == "POST" and request.path.startswith(_FORMS) and not request.path.startswith(_JSON):
        response.headers["Clear-Site-Data"] = _CACHE
    return response


@forget_pages.get("/forms/forget")
def forget() -> Response:
    """Have the browser clear them again: a page requests this once it is shown, when the page before it is cached."""
    return Response(status=204, headers={"Clear-Site-Data": _CACHE, "Cache-Control": NEVER_KEPT})
