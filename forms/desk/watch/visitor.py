"""Ask for pages of the public site as a visitor's browser does: no token, no name of this program, its own connection.

What comes is bounded in size, also after it is unpacked. Redirects are not followed: a page that moved is seen as such.
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

LARGEST = 4 * 1024 * 1024
"""Bytes of the largest page, script or list that is read."""

TIMEOUT, LONGEST = (10, 20), 60
"""Seconds to connect and to wait for the next bytes; seconds that one answer may take."""

_CHUNK = 65536
_BROWSER = {
    "User-Agent": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Mobile Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br",
    "Accept-Language": "ta-IN,ta;q=0.9,en-US;q=0.8,en;q=0.7",
}


class Unreachable(Problem):
    """The site did not answer, or not whole: nothing is known about its pages."""


@dataclass(frozen=True)
class Seen:
    """What came for an address: the status, the headers (names in lower case), the body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Visitor:
    """Somebody who looks at the site. Cookies are not kept."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._line = connection(self._address)

    def get(self, path: str) -> Seen:
        """Ask for an address of the site. Raises Unreachable where no whole answer came."""
        accept = {} if path.endswith(("/", ".html")) or "/forms/" in path else {"Accept": "*/*"}
        try:
            with self._line.get(
                f"{self._address}{path}", headers=_BROWSER | accept, timeout=TIMEOUT, allow_redirects=False, stream=True
            ) as answer:
                headers = {name.lower(): value for name, value in answer.headers.items()}
                body = _unpacked(_bounded(answer), headers.get("content-encoding", "").strip().lower())
        except (requests.RequestException, HTTPError, zlib.error, brotli.error):
            raise Unreachable(self._address, "cannot be looked at just now.", "It is tried again.") from None
        finally:
            self._line.cookies.clear()
        if answer.status_code >= requests.codes.internal_server_error:
            trouble = lazy_gettext("is in trouble (status %(status)s).", status=answer.status_code)
            raise Unreachable(self._address, trouble, "It is tried again.")
        return Seen(answer.status_code, body, headers)


def _bounded(answer: requests.Response) -> bytes:
    """Return the body of an answer, or its beginning where it is longer than any page. Raises requests.ReadTimeout."""
    body = bytearray()
    until = time.monotonic() + LONGEST
    while chunk := answer.raw.read1(_CHUNK, decode_content=False):
        body += chunk
        if len(body) > LARGEST:
            break  # longer than any page of ours: what was read is compared, and differs
        if time.monotonic() > until:
            raise requests.ReadTimeout
    return bytes(body)


def _unpacked(body: bytes, coding: str) -> bytes:
    """Return at most one byte more than LARGEST of what was packed."""
    if coding == "gzip":
        return zlib.decompressobj(31).decompress(body, LARGEST + 1)
    if coding == "deflate":
        return zlib.decompressobj().decompress(body, LARGEST + 1)
    if coding == "br":
        return bytes(brotli.Decompressor().process(body, output_buffer_limit=LARGEST + 1))
    return body
