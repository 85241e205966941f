"""Pages about what went wrong, in the person's language: what happened, and what to do."""

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
from forms.server.web.form_pages import alternates, html_response
from forms.web.headers import EVERYWHERE, LOOKED_AT_AGAIN, NEVER_KEPT


def register_errors(app: Flask) -> None:
    """Register error pages: whatever goes wrong, a person gets a page in their language that says so and what to do."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Problem, _unavailable)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value] # the APIs' own JSON answers
    if isinstance(error, NotFound) and (elsewhere := elsewhere_page()):
        return elsewhere
    drain()
    page = _message_page(error.code or 500)
    page.headers.extend((name, text) for name, text in error.get_headers() if name != "Content-Type")  # Allow, say
    return page


def elsewhere_page() -> Response | None:
    """Return the way to the page that is meant by an address that leads nowhere as it is written; None if none is.

    301, which every phone understands: browsers of before 2015 show nothing for a 308.
    """
    meant = addresses.as_ours(request.path, current_services().portal.language_codes())
    if meant is None or request.method not in {"GET", "HEAD"}:
        return None
    query = request.query_string.decode("ascii", "ignore")
    whole = f"{meant}?{query}" if query else meant
    return Response(status=301, headers={"Location": whole, "Cache-Control": LOOKED_AT_AGAIN})


def _unavailable(_: Problem) -> Response:
    return _message_page(503)


def drain(limit: int = 64 * 1024 * 1024) -> None:
    """Read what is still coming, so that a phone on a slow line sees our page and not a broken connection."""
    # Flask's own stream, where it was begun, ends where the body ends: on the socket one would wait for ever for more.
    stream = vars(request._get_current_object()).get("stream") or request.environ["wsgi.input"]  # type: ignore[attr-defined]
    left = min(request.content_length or 0, limit)
    with suppress(ClientDisconnected):  # or it was read without this stream
        while left > 0 and (chunk := stream.read(min(left, 65536))):
            left -= len(chunk)


def away_page(app: Flask, path: str) -> Response:
    """Return the page that nothing was sent, in the language of the path; made once, outside of requests."""
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
    asked_for = _language_of(request.path, services.portal)
    body = render(asked_for, "message.html", status=status, portal=services.portal)
    whole = Page(
        title=i18n.translator(asked_for)("Something went wrong"),
        lang=asked_for,
        body=body,
        alternates=alternates(services, asked_for, None),
        index=False,
        form=True,
    )
    return html_response(draw_page(services.portal, asked_for, whole), status)


def _language_of(path: str, portal: Portal) -> str:
    """Return the language that an address names, with /forms before it or not; English where it names none."""
    return next((part for part in path.split("/")[1:3] if part in portal.language_codes()), i18n.SOURCE_LANGUAGE)
