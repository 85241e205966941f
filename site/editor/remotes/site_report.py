"""The commit that the site was built from, as the site itself reports it (taken.json).

The holder of the repository could claim anything.
"""

from http.client import HTTPException
from urllib.request import Request, urlopen

from forms.core.builds import publishing_report

_TIMEOUT = 20
"""Seconds."""

_MAX_SIZE = 1000
"""Bytes."""


def commit_on_site(address: str) -> str:
    """Return the commit that the site at an address was built from; "" where it names none or cannot be reached."""
    if not address.startswith(("https://", "http://")):
        return ""
    request = Request(f"{address}/{publishing_report.BUILT_COMMIT}", headers={"Cache-Control": "no-cache"})  # noqa: S310
    try:
        with urlopen(request, timeout=_TIMEOUT) as response:  # noqa: S310 - http or https, by the line above
            return publishing_report.built_commit(response.read(_MAX_SIZE))
    except (OSError, HTTPException, ValueError):
        return ""
