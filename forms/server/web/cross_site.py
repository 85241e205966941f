"""Refuse forms that another website submits, and keep no response to a form in the browser."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from forms.server.web.json_responses import ApiError
from forms.web.headers import NEVER_KEPT

forget_pages = Blueprint("forget", __name__)

_FORMS = "/forms/"
_JSON = "/forms/sealed/"
_OWN = frozenset({"same-origin", "none", ""})
_CACHE = '"cache"'
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_other_sites() -> None:
    """Raise Forbidden where the browser says that another site sent this (W3C Fetch Metadata).

    A browser that says nothing is let in: older ones do not know the header. Another host of this same domain counts
    as another site too; the onion address sends to itself, so there the browser says "same-origin". A proxy that blanks
    headers leaves an empty one, and one that joins two requests' headers says the same word twice: that says no more.
    """
    if not request.path.startswith(_FORMS) or request.method in _READS:
        return
    said = {word.strip().lower() for word in request.headers.get("Sec-Fetch-Site", "").split(",")}
    if said <= _OWN:
        return
    if request.path.startswith(_JSON):
        raise ApiError(403, "This came from another website. Nothing was kept or changed.")
    raise Forbidden


def clear_browser_cache(response: Response) -> Response:
    """Clear the pages that the browser keeps for its Back button, after every submitted form.

    `no-store` does not reach the page on which the words were typed; this does (W3C Clear Site Data).
    """
    if request.method == "POST" and request.path.startswith(_FORMS) and not request.path.startswith(_JSON):
        response.headers["Clear-Site-Data"] = _CACHE
    return response


@forget_pages.get("/forms/forget")
def forget() -> Response:
    """Clear them once more, at the request of a page that is shown already: now the page before it is in the cache."""
    return Response(status=204, headers={"Clear-Site-Data": _CACHE, "Cache-Control": NEVER_KEPT})
