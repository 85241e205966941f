"""Responses of the server: how much of one is read and for how long, and what those mean that refuse something."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from forms.core.handover_version import ANSWER_HEADER
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem

LOOPBACK = {"127.0.0.1", "localhost", "::1"}

_CHUNK = 65536

PATIENCE = 120.0
"""Seconds for which an answer may come as slowly as it likes."""

SLOWEST = 2048
"""Bytes a second that come afterwards at least: a line of 2G brings twice as many. A server that drips holds nobody."""


class ServerAway(Problem):
    """The server cannot be reached just now."""


class NotKnown(ServerAway):
    """The server does not know this desk's token. The outbox is kept: a new build may know the token."""


class RequestRefused(Problem):
    """The server refuses what was sent."""


class NotThere(Problem):
    """The server has no such letter for this desk."""


@dataclass(frozen=True)
class ServerResponse:
    """A response of the server, read completely."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def bounded(address: str, response: requests.Response, largest: int) -> bytes:
    """Return the body as it came on the line. Raises RequestRefused if encoded or longer than `largest`."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise RequestRefused(
            address, "sent a compressed answer, which was not asked for.", "Is it the portal's address?"
        )
    body, begun = bytearray(), time.monotonic()
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        body += chunk
        if time.monotonic() - begun > PATIENCE + len(body) / SLOWEST:
            raise ServerAway(address, "answers too slowly.", "Nothing is lost. Try again later, or on a better line.")
        if len(body) > largest:
            raise RequestRefused(address, "sent more than belongs in such an answer.", "Is it the portal's address?")
    return bytes(body)


def require_tls(address: str) -> None:
    """Raise Problem for an address without TLS, loopback excepted."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Problem(address, "is not https.", "The token would be seen on the way. Use an https address.")


def refusal(address: str, answer: ServerResponse) -> Problem:
    """Return what a response means that brings nothing (status 300 and above)."""
    if answer.status == requests.codes.unauthorized:
        todo = "Compare the pickup line in content/portal.yml with this desk's, and build the site again."
        return NotKnown(address, "does not know this desk's token.", todo)
    if answer.status >= requests.codes.internal_server_error:
        return ServerAway(
            address,
            lazy_gettext("is in trouble (status %(status)s).", status=answer.status),
            "Try again in a few minutes.",
        )
    if ANSWER_HEADER not in answer.headers:
        what = lazy_gettext(
            "gave a strange answer (status %(status)s), perhaps of another program in front of it.",
            status=answer.status,
        )
        return ServerAway(address, what, "Is it the portal's address? Nothing is lost; try again.")
    if answer.status == requests.codes.not_found:
        return NotThere(address, "has no such letter for this desk.", "Another desk may read it, or it is erased.")
    return RequestRefused(
        address, lazy_gettext("refused (status %(status)s).", status=answer.status), "Is it the portal's address?"
    )
