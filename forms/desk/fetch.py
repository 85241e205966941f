"""Fetches sealed letters from the server's pickup API, and brings sealed answers there."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from forms.problem import Problem

TIMEOUT = (10, 60)
"""Seconds to connect and to wait for an answer: desks have slow lines too."""

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class ServerAway(Problem):
    """The server cannot be reached just now."""


@dataclass(frozen=True)
class Server:
    """A server's address and this desk's token."""

    address: str
    token: str

    def waiting(self) -> list[dict[str, Any]]:
        """Letters to fetch: id, form and day of each."""
        return self._rows("letters")

    def signups(self) -> list[dict[str, Any]]:
        """Sign-ups as they stand in clear: id, event, people and state of each."""
        return self._rows("signups")

    def letter(self, letter_id: str) -> bytes:
        """One sealed letter."""
        return self._ask("GET", f"letters/{letter_id}").content

    def part(self, part_id: str) -> bytes:
        """One sealed photo or recording."""
        return self._ask("GET", f"parts/{part_id}").content

    def signup(self, signup_id: str) -> bytes:
        """The sealed part of one sign-up."""
        return self._ask("GET", f"signups/{signup_id}").content

    def acknowledge(self, letter_id: str) -> None:
        """Tell the server that the letter is safe here. May be said again."""
        self._ask("POST", f"letters/{letter_id}/acknowledge")

    def answer(self, letter_id: str, answer_id: str, sealed: bytes) -> None:
        """Leave a sealed answer. May be sent again under the same id."""
        self._ask("PUT", f"letters/{letter_id}/answers/{answer_id}", sealed)

    def _rows(self, what: str) -> list[dict[str, Any]]:
        try:
            rows = self._ask("GET", what).json()[what]
            return [dict(row) for row in rows if _is_id(row["id"])]
        except (ValueError, KeyError, TypeError):
            raise Problem(self.address, "gave a strange answer.", "Is it the portal's address?") from None

    def _ask(self, method: str, path: str, data: bytes | None = None) -> requests.Response:
        _insist_on_tls(self.address)
        url = f"{self.address.rstrip('/')}/pickup/v1/{path}"
        bearer = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = requests.request(method, url, data=data, headers=bearer, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException:
            todo = "Is it running? For the demonstration: python3 build.py serve"
            raise ServerAway(self.address, "cannot be reached.", todo) from None
        if answer.status_code >= requests.codes.multiple_choices:
            raise _refused(self.address, answer)
        return answer


def _is_id(text: Any) -> bool:
    """Ids become file names here: nothing but the 32 hexadecimal digits that the server makes."""
    return isinstance(text, str) and len(text) == 32 and all(char in "0123456789abcdef" for char in text)  # noqa: PLR2004


def _insist_on_tls(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise Problem(address, "is not https.", "The token would be seen on the way. Use an https address.")


def _refused(address: str, answer: requests.Response) -> Problem:
    if answer.status_code == requests.codes.unauthorized:
        todo = "Compare the pickup line in content/portal.yml with this desk's, and build the site again."
        return Problem(address, "does not know this desk's token.", todo)
    if answer.status_code == requests.codes.not_found:
        return Problem(address, "has no such letter for this desk.", "Another desk may read it, or it is erased.")
    if answer.status_code >= requests.codes.internal_server_error:
        return ServerAway(address, f"is in trouble (status {answer.status_code}).", "Try again in a few minutes.")
    return Problem(address, f"refused (status {answer.status_code}).", "Is it the portal's address?")
