"""What the server has taken, as the site itself says (taken.json), and not whoever holds the repository."""

from http.client import HTTPException
from urllib.request import Request, urlopen

from forms.core.builds import publishing_report

_SECONDS = 20
_LARGEST = 1000


def taken(address: str) -> str:
    """Return the commit that the site at this address was built from; "" where it does not say so or is not reached."""
    if not address.startswith(("https://", "http://")):
        return ""
    asked = Request(f"{address}/{publishing_report.BUILT_COMMIT}", headers={"Cache-Control": "no-cache"})  # noqa: S310
    try:
        with urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310 - http or https, by the line above
            return publishing_report.built_commit(answer.read(_LARGEST))
    except (OSError, HTTPException, ValueError):
        return ""
