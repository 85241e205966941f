"""Error pages in the person's language: what happened, and what to do."""

from contextlib import suppress

from flask import Flask, Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, NotFound

from forms.core import i18n
from forms.core.portal import Portal
from forms.core.problem import Problem
from forms.core.rendering.environment import render
from forms.core.rendering.page import Page, draw_page
from forms.server.web import addresses
from forms.server.web.current import current_services, state_of
from forms.server.web.forms.form_pages import alternates, html_response
from forms.web.headers import EVERYWHERE, LOOKED_AT_AGAIN, NEVER_KEPT


def register_errors(app: Flask) -> None:
    """Register the error pages, so that every error is a page in the person's language."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Problem, _unavailable)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value] # the APIs' own JSON responses
    if isinstance(error, NotFound) and (redirection := redirect_to_corrected_address()):
        return redirection
    drain()
    page = _message_page(error.code or 500)
    # Keep headers like Allow.
    page.headers.extend((name, text) for name, text in error.get_headers() if name != "Content-Type")
    return page


def redirect_to_corrected_address() -> Response | None:
    """Return a redirection to the address that the request's address means; None if it means none.

    With status 301, which every phone understands: browsers from before 2015 show nothing for a 308.
    """
    address = addresses.corrected_address(request.path, current_services().portal.language_codes())
    if address is None or request.method not in {"GET", "HEAD"}:
        return None
    query = request.query_string.decode("ascii", "ignore")
    location = f"{address}?{query}" if query else address
    return Response(status=301, headers={"Location": location, "Cache-Control": LOOKED_AT_AGAIN})


def _unavailable(_: Problem) -> Response:
    return _message_page(503)


def drain(limit: int = 64 * 1024 * 1024) -> None:
    """Read the rest of the request, so that a phone on a slow line shows our page and not a lost connection."""
    # If Flask's own stream was used, it knows where the body ends; a read from the socket would wait for more for ever.
    stream = vars(request._get_current_object()).get("stream") or request.environ["wsgi.input"]  # type: ignore[attr-defined]
    remaining = min(request.content_length or 0, limit)
    with suppress(ClientDisconnected):  # raised too if the body was read without this stream
        while remaining > 0 and (chunk := stream.read(min(remaining, 65536))):
            remaining -= len(chunk)


def away_page(app: Flask, path: str) -> Response:
    """Return the page that says that nothing was sent, in the language of the path. It is rendered once per language.

    Works outside of a request.
    """
    state = state_of(app)
    portal, pages = state.services.portal, state.away_pages
    if state.away_portal is not portal:
        pages.clear()
        state.away_portal = portal
    language = _language_of(path, portal)
    if language not in pages:
        with app.test_request_context(f"/forms/{language}/"):
            pages[language] = _message_page(503).get_data()
    return Response(pages[language], 503, {**EVERYWHERE, "Cache-Control": NEVER_KEPT}, mimetype="text/html")


def _message_page(status: int) -> Response:
    services = current_services()
    language = _language_of(request.path, services.portal)
    body = render(language, "message.html", status=status, portal=services.portal)
    page = Page(
        title=i18n.translator(language)("Something went wrong"),
        lang=language,
        body=body,
        alternates=alternates(services, language, None),
        index=False,
        form=True,
    )
    return html_response(draw_page(services.portal, language, page), status)


def _language_of(path: str, portal: Portal) -> str:
    """Return the language that a path names, with or without /forms before it; English if it names none."""
    return next((part for part in path.split("/")[1:3] if part in portal.language_codes()), i18n.SOURCE_LANGUAGE)
