"""Get pages of the public site like a visitor's browser: no token, no name of this program, a separate connection.

Responses are limited in size, also after decompression. Redirects are not followed: a page that moved is a difference.
"""

import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import brotli
import requests
from urllib3.exceptions import HTTPError

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.sync.connection import connection

MAX_BODY_SIZE = 4 * 1024 * 1024
"""Bytes of the largest page, script or manifest that is read."""

TIMEOUT, MAX_SECONDS = (10, 20), 60
"""Seconds to connect and to wait for the next bytes; seconds that one response may take."""

_CHUNK = 65536
_BROWSER = {
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Mobile Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br",
    "Accept-Language": "ta-IN,ta;q=0.9,en-US;q=0.8,en;q=0.7",
}


class Unreachable(Problem):
    """The site did not answer, or not completely: nothing is known about its pages."""


@dataclass(frozen=True)
class PageResponse:
    """The response for an address: the status, the body, the headers (names in lower case)."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Visitor:
    """A client that behaves like a visitor's browser. Cookies are not kept."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._connection = connection(self._address)

    def get(self, path: str) -> PageResponse:
        """Get an address of the site. Raises Unreachable if no complete response comes."""
        accept = {} if path.endswith(("/", ".html")) or "/forms/" in path else {"Accept": "*/*"}
        try:
            with self._connection.get(
                f"{self._address}{path}", headers=_BROWSER | accept, timeout=TIMEOUT, allow_redirects=False, stream=True
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                body = _decompress(_read_bounded(response), headers.get("content-encoding", "").strip().lower())
        except (requests.RequestException, HTTPError, zlib.error, brotli.error):
            raise Unreachable(self._address, "cannot be looked at just now.", "It is tried again.") from None
        finally:
            self._connection.cookies.clear()
        if response.status_code >= requests.codes.internal_server_error:
            trouble = lazy_gettext("is in trouble (status %(status)s).", status=response.status_code)
            raise Unreachable(self._address, trouble, "It is tried again.")
        return PageResponse(response.status_code, body, headers)


def _read_bounded(response: requests.Response) -> bytes:
    """Read the body, or the beginning of one that is longer than any page. Raises requests.ReadTimeout."""
    body = bytearray()
    deadline = time.monotonic() + MAX_SECONDS
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > MAX_BODY_SIZE:
            break  # longer than any page of a build, so the comparison finds a difference
        if time.monotonic() > deadline:
            raise requests.ReadTimeout
    return bytes(body)


def _decompress(body: bytes, coding: str) -> bytes:
    """Return the decompressed body, cut to one byte more than MAX_BODY_SIZE."""
    if coding == "gzip":
        return zlib.decompressobj(31).decompress(body, MAX_BODY_SIZE + 1)
    if coding == "deflate":
        return zlib.decompressobj().decompress(body, MAX_BODY_SIZE + 1)
    if coding == "br":
        return bytes(brotli.Decompressor().process(body, output_buffer_limit=MAX_BODY_SIZE + 1))
    return body
