"""Responses of the server: read them with limits on size and time, and turn refusals into problems."""

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

GRACE_SECONDS = 120.0
"""Seconds during which a response may come at any speed."""

MIN_BYTES_PER_SECOND = 2048
"""The lowest rate after that: a 2G connection is twice as fast. A server must not hold a desk by dripping bytes."""


class ServerAway(Problem):
    """The server cannot be reached at present."""


class TokenUnknown(ServerAway):
    """The server does not know this desk's token. The outbox is kept: the next build may contain it."""


class RequestRefused(Problem):
    """The server refuses a request."""


class NotThere(Problem):
    """The server has no such letter for this desk."""


@dataclass(frozen=True)
class ServerResponse:
    """A response of the server, read completely."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_bounded(address: str, response: requests.Response, largest: int) -> bytes:
    """Read the body as transferred. Raises RequestRefused if it is compressed or longer than `largest` bytes.

    Raises ServerAway if it comes too slowly.
    """
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise RequestRefused(
            address, "sent a compressed answer, which was not asked for.", "Is it the portal's address?"
        )
    body, start = bytearray(), time.monotonic()
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        body += chunk
        if time.monotonic() - start > GRACE_SECONDS + len(body) / MIN_BYTES_PER_SECOND:
            raise ServerAway(address, "answers too slowly.", "Nothing is lost. Try again later, or on a better line.")
        if len(body) > largest:
            raise RequestRefused(address, "sent more than belongs in such an answer.", "Is it the portal's address?")
    return bytes(body)


def require_tls(address: str) -> None:
    """Raise Problem for an address without TLS, except on this machine."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise Problem(address, "is not https.", "The token would be seen on the way. Use an https address.")


def refusal(address: str, response: ServerResponse) -> Problem:
    """Return the problem that a response of status 300 or above means."""
    if response.status == requests.codes.unauthorized:
        todo = "Compare the pickup line in content/portal.yml with this desk's, and build the site again."
        return TokenUnknown(address, "does not know this desk's token.", todo)
    if response.status >= requests.codes.internal_server_error:
        return ServerAway(
            address,
            lazy_gettext("is in trouble (status %(status)s).", status=response.status),
            "Try again in a few minutes.",
        )
    if ANSWER_HEADER not in response.headers:
        what = lazy_gettext(
            "gave a strange answer (status %(status)s), perhaps of another program in front of it.",
            status=response.status,
        )
        return ServerAway(address, what, "Is it the portal's address? Nothing is lost; try again.")
    if response.status == requests.codes.not_found:
        return NotThere(address, "has no such letter for this desk.", "Another desk may read it, or it is erased.")
    return RequestRefused(
        address, lazy_gettext("refused (status %(status)s).", status=response.status), "Is it the portal's address?"
    )
