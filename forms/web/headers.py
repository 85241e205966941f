"""HTTP headers of every response.

Nothing from another host, no script or style inside a page, no frame, no referrer (OWASP Secure Headers).
"""

import re

from forms.core.content_policy import IN_HEADER
from forms.core.form_schema import load_all
from forms.core.i18n.locales import CODE

EVERYWHERE = {
    "Content-Security-Policy": IN_HEADER,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(self), interest-cohort=()",
}

OVER_TLS = {"Strict-Transport-Security": "max-age=31536000"}
"""Of answers over TLS only (RFC 6797, section 7.2)."""

NEVER_KEPT = "no-store"
"""Cache-Control of everything a person typed or was answered (RFC 9111, section 5.2.2.5)."""

FORM_PAGES = rf"^/{CODE}/({'|'.join(sorted(form.page for form in load_all() if form.page))})/"
"""Addresses of the built site's pages with a form: they are never kept, so that Back shows nothing that was typed.

deploy/nginx.conf says the same, and tests/server/test_deploy.py compares the two.
"""

LOOKED_AT_AGAIN = "no-cache"
"""Cache-Control of pages: kept, but asked for again."""

FOR_EVER = "public, max-age=31536000, immutable"
"""Cache-Control of files whose name has their hash in it (RFC 8246)."""

HASHED = ("assets", "audio", "pictures")
"""Folders of the built site in which each name has its hash in it."""


def how_long(path: str) -> str:
    """Return how long a browser may keep a file of the built site (Cache-Control). path: below the site's folder."""
    if path.partition("/")[0] in HASHED:
        return FOR_EVER
    return NEVER_KEPT if re.match(FORM_PAGES, f"/{path}") else LOOKED_AT_AGAIN
