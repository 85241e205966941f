"""Which type a file of the built site has (Content-Type), the same from each server of ours.

Python's own list, since each machine has another one: a phone offers a calendar for what is called one, and browsers
that were told not to guess go by the type alone. deploy/nginx.conf adds what Debian's list lacks, and
tests/server/test_deploy.py compares the two.
"""

from mimetypes import MimeTypes

_TEXT = frozenset({"text/html", "text/css", "text/javascript", "text/plain", "text/xml", "text/calendar"})
_KINDS = MimeTypes()
for _kind, _ending in (
    ("text/calendar", ".ics"),  # RFC 5545, section 8.1
    ("text/javascript", ".js"),
    ("application/manifest+json", ".webmanifest"),
    ("audio/ogg", ".opus"),
    ("image/avif", ".avif"),
    ("image/webp", ".webp"),
    ("application/pgp-signature", ".sig"),
):
    _KINDS.add_type(_kind, _ending)


def content_type(name: str) -> str:
    """Return the Content-Type of a file with this name; with its encoding where it is text."""
    kind = _KINDS.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind in _TEXT else kind
