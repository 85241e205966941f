"""Fetches sealed letters from the server's pickup API, and brings sealed answers there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from forms.core.handover_version import HEADER, VERSION
from forms.core.problem import Problem
from forms.core.trusted_date import Known

TIMEOUT = (10, 60)
"""Seconds to connect and to wait for an answer: desks have slow lines too."""

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class ServerAway(Problem):
    """The server cannot be reached just now."""


class Refused(Problem):
    """The server does not take what was brought."""


class NotThere(Problem):
    """The server has no such letter for this desk."""


@dataclass(frozen=True)
class Server:
    """A server's address and this desk's token; `old_tokens`: those before, until the server knows a newer one."""

    address: str
    token: str
    old_tokens: tuple[str, ...] = ()

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
        self.send("PUT", f"letters/{letter_id}/answers/{answer_id}", sealed)

    def entries(self) -> list[dict[str, Any]]:
        """The desk's case log: id, letter and day of each entry."""
        return self._rows("entries")

    def entry(self, entry_id: str) -> bytes:
        """One sealed entry."""
        return self._ask("GET", f"entries/{entry_id}").content

    def access(self) -> list[dict[str, Any]]:
        """What the members of this desk did: at, member, what and letter of each."""
        return self._listed("access")

    def portal(self) -> bytes:
        """The portal as the press handed it over (forms/core/portal.py reads it)."""
        return self._ask("GET", "portal", headers={HEADER: str(VERSION)}).content

    def me(self) -> str:
        """The member whose token this is. Raises Problem where the token is not known."""
        return str(self._json("letters").get("member", ""))

    def clock(self) -> str:
        """The server's Date header (RFC 9110, section 6.6.1), or empty."""
        return self._ask("GET", "desks").headers.get("Date", "")

    @property
    def is_this_machine(self) -> bool:
        """Whether the server runs here: then it has no other clock to ask."""
        return urlsplit(self.address).hostname in _LOOPBACK

    def day(self, told: date | None) -> Known:
        """What the server knows of the day. told: the day of this machine's clock, to be compared with the server's."""
        headers = {"Portal-Day": told.isoformat()} if told else {}
        try:
            row = self._ask("POST", "day", headers=headers).json()
            shown, believed = (date.fromisoformat(row[name]) for name in ("shown", "believed"))
        except (ValueError, KeyError, TypeError):
            raise self._strange() from None
        return Known(believed, None if shown == believed else shown)

    def send(self, method: str, path: str, sealed: bytes, reader: str = "") -> None:
        """Bring something sealed. May be sent again: the same id changes nothing."""
        self._ask(method, path, sealed, {"Portal-For": quote(reader)} if reader else {})

    def drop(self, letter_id: str) -> None:
        """Erase this desk's share of a letter and of what follows it."""
        self._ask("DELETE", f"letters/{letter_id}")

    def _rows(self, what: str) -> list[dict[str, Any]]:
        return [row for row in self._listed(what) if is_id(row.get("id"))]

    def _listed(self, what: str) -> list[dict[str, Any]]:
        try:
            return [dict(row) for row in self._json(what)[what]]
        except (ValueError, KeyError, TypeError):
            raise self._strange() from None

    def _json(self, path: str) -> dict[str, Any]:
        try:
            return dict(self._ask("GET", path).json())
        except (ValueError, TypeError):
            raise self._strange() from None

    def _strange(self) -> Problem:
        return Problem(self.address, "gave a strange answer.", "Is it the portal's address?")

    def _ask(
        self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        _insist_on_tls(self.address)
        url = f"{self.address.rstrip('/')}/pickup/v1/{path}"
        try:
            for token in (self.token, *self.old_tokens):
                known_by = {**(headers or {}), "Authorization": f"Bearer {token}"}
                answer = self._line.request(
                    method, url, data=data, headers=known_by, timeout=TIMEOUT, allow_redirects=False
                )
                if answer.status_code != requests.codes.unauthorized:
                    break
        except requests.RequestException:
            todo = "Is it running? For the demonstration: python3 build.py serve"
            raise ServerAway(self.address, "cannot be reached.", todo) from None
        if answer.status_code >= requests.codes.multiple_choices:
            raise _refused(self.address, answer)
        return answer

    @cached_property
    def _line(self) -> requests.Session:
        """One connection for thousands of letters."""
        return requests.Session()


def is_id(text: Any) -> bool:
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
        return NotThere(address, "has no such letter for this desk.", "Another desk may read it, or it is erased.")
    if answer.status_code >= requests.codes.internal_server_error:
        return ServerAway(address, f"is in trouble (status {answer.status_code}).", "Try again in a few minutes.")
    return Refused(address, f"refused (status {answer.status_code}).", "Is it the portal's address?")
