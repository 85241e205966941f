"""The Content-Security-Policy of every page: a header on the server, and in the page for copies without a server."""

IN_PAGE = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self' blob: data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'"
)
"""In a page's <meta>, where frame-ancestors has no meaning (Content Security Policy Level 3, section 3.3)."""

IN_HEADER = f"{IN_PAGE}; frame-ancestors 'none'"

ON_A_CARD = IN_PAGE.replace("'self'", "'self' file:")
"""In a page that is opened from a folder: for some browsers, other files there are not of the page's own origin."""
