"""The desk's HTTP client of the server's API for desks (docs/pickup-openapi.yaml).

The server is not trusted: its responses are limited in size, never decompressed, and checked row by row.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from urllib3.exceptions import HTTPError

from forms.core.crypto.encryption import SIZE_CLASSES
from forms.core.handover_version import HEADER, VERSION
from forms.core.ids import is_id
from forms.core.problem import Problem
from forms.core.proofs.statements import StatementForDesk
from forms.core.trusted_date import TrustedDate
from forms.desk.sync.connection import connection
from forms.desk.sync.responses import (
    LOOPBACK,
    RequestRefused,
    ServerAway,
    ServerResponse,
    read_bounded,
    refusal,
    require_tls,
)
from forms.desk.sync.rows import copy_row, is_day, is_text, letter_row, statement_row

TIMEOUT = (10, 60)
"""Seconds to connect and to wait for a response: desks have slow connections too."""

MAX_FILE_SIZE = 2 * SIZE_CLASSES[-1]
"""Bytes of the largest encrypted letter or part that is accepted from the server."""

MAX_LIST_SIZE = 64 * 1024 * 1024
"""Bytes of the longest JSON list that is accepted: 200,000 rows of letters."""

MAX_PROBLEM_LENGTH = 3000
"""Characters of the server's message about a failed publication."""


@dataclass(frozen=True)
class Server:
    """A client of one server. old_tokens: this desk's earlier tokens, until the server knows the newer one."""

    address: str
    token: str
    old_tokens: tuple[str, ...] = ()

    def waiting(self, *, everything: bool = False) -> list[dict[str, Any]]:
        """Return the letters to fetch; with `everything` also those that this desk has fetched before.

        Malformed rows are skipped.
        """
        rows = self.get_rows("letters?all=1" if everything else "letters", "letters")
        return [checked for row in rows if is_id(row.get("id")) and (checked := letter_row(row))]

    def signups(self) -> list[dict[str, Any]]:
        """Return the unencrypted part of each sign-up: id, event, people and state."""
        return self._rows("signups")

    def letter(self, letter_id: str) -> bytes:
        """Return one sealed letter."""
        return self._file(f"letters/{letter_id}")

    def copies(self, letter_id: str) -> list[dict[str, str]]:
        """Return the copies that others made for this desk: item, digest and maker of each."""
        rows = self.get_rows(f"letters/{letter_id}/copies", "copies")
        return [checked for row in rows if (checked := copy_row(row))]

    def copy(self, item: str, digest: str) -> bytes:
        """Return one encrypted copy. Raises RequestRefused if its bytes have a different SHA-256."""
        content = self._file(f"copies/{item}/{digest}")
        if hashlib.sha256(content).hexdigest() != digest:
            raise RequestRefused(self.address, "sent another copy than was asked for.", "Fetch again.")
        return content

    def part(self, part_id: str) -> bytes:
        """Return one sealed photo or recording."""
        return self._file(f"parts/{part_id}")

    def signup(self, signup_id: str) -> bytes:
        """Return the encrypted part of one sign-up."""
        return self._file(f"signups/{signup_id}")

    def acknowledge(self, letter_id: str) -> None:
        """Tell the server that the letter is stored here. Idempotent."""
        self.ask("POST", f"letters/{letter_id}/acknowledge")

    def answer(self, letter_id: str, answer_id: str, sealed: bytes) -> None:
        """Send an encrypted answer. Idempotent for the same id."""
        self.send("PUT", f"letters/{letter_id}/answers/{answer_id}", sealed)

    def acknowledge_to_person(self, letter_id: str, answer_id: str, sealed: bytes) -> None:
        """Send the acknowledgement that this desk has opened the letter. Idempotent for the same id."""
        self.send("PUT", f"letters/{letter_id}/answers/{answer_id}?acknowledgement=1", sealed)

    def entries(self) -> list[dict[str, Any]]:
        """Return the desk's case log: id, letter and day of each entry."""
        return self._rows("entries")

    def entry(self, entry_id: str) -> bytes:
        """Return one sealed entry."""
        return self._file(f"entries/{entry_id}")

    def statements(self, after: int | None) -> tuple[str, list[StatementForDesk]]:
        """Return the key of the server's daily statements, and those after a number (None: only the last one).

        Raises Problem if the response is malformed.
        """
        response = self.get_json("statements" if after is None else f"statements?after={after}")
        key, rows = response.get("key"), response.get("statements")
        if not isinstance(key, str) or not isinstance(rows, list):
            raise self._malformed()
        return key, [stated for row in rows if isinstance(row, dict) and (stated := statement_row(row))]

    def access(self) -> list[dict[str, Any]]:
        """Return the access log of this desk: at, member, what and letter of each row.

        The server writes a row for each item that belongs to a letter, by day; identical rows are returned once.
        """
        names = ("at", "member", "what", "letter")
        rows = [row for row in self.get_rows("access", "access") if all(is_text(row.get(name)) for name in names)]
        return list({tuple(row[name] for name in names): row for row in rows}.values())

    def portal(self) -> bytes:
        """Return the portal file as the build wrote it (forms/core/portal/handover.py reads it)."""
        return self.ask("GET", "portal", headers={HEADER: str(VERSION)}).body

    def me(self) -> str:
        """Return the member whose token this is. Raises Problem if the server does not know the token."""
        return str(self.get_json("letters").get("member", ""))

    def clock(self) -> str:
        """Return the server's Date header (RFC 9110, section 6.6.1), or empty."""
        return self.ask("GET", "desks").headers.get("Date", "")

    @property
    def is_this_machine(self) -> bool:
        """Whether the server runs on this machine: then there is no second clock to compare."""
        return urlsplit(self.address).hostname in LOOPBACK

    def day(self, own_day: date | None) -> TrustedDate:
        """Return the day by the server's clock, and the last day that it trusted.

        own_day: the day by this machine's clock, for comparison. Raises Problem if the response is malformed.
        """
        headers = {"Portal-Day": own_day.isoformat()} if own_day else {}
        try:
            row = json.loads(self.ask("POST", "day", headers=headers).body)
            shown, believed = (date.fromisoformat(row[name]) for name in ("shown", "believed"))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._malformed() from None
        return TrustedDate(believed, None if shown == believed else shown)

    def publishing_problem(self) -> str:
        """Return the day and the reason if the newest content could not be published, else an empty text."""
        try:
            response = self.get_json("publishing")
        except Problem:  # an older server has no such page; a server that is away is reported elsewhere
            return ""
        day, problem = response.get("day"), response.get("problem")
        if not (isinstance(day, str) and is_day(day) and isinstance(problem, str)):
            return ""
        text = "".join(char for char in problem[:MAX_PROBLEM_LENGTH] if char.isprintable() or char == "\n")
        return f"{day}: {text}" if text.strip() else ""

    def send(self, method: str, path: str, sealed: bytes, reader: str = "") -> None:
        """Send encrypted data. Idempotent: the server ignores an id that it has already."""
        self.ask(method, path, sealed, {"Portal-For": quote(reader)} if reader else {})

    def act_on_signup(self, target: str, action: str) -> None:
        """Remove a sign-up, give it places, send it to the end; or let an event's waiting list move. Raises Problem."""
        self.ask("POST", f"signups/{quote(target, safe='')}/{action}")

    def delete(self, letter_id: str) -> None:
        """Erase a letter and its follow-ups for this desk."""
        self.ask("DELETE", f"letters/{letter_id}")

    def _rows(self, what: str) -> list[dict[str, Any]]:
        return [row for row in self.get_rows(what, what) if is_id(row.get("id"))]

    def get_rows(self, path: str, name: str) -> list[dict[str, Any]]:
        """Get a JSON object, and return its list of rows of this name. Raises Problem if it has none."""
        rows = self.get_json(path).get(name)
        if not isinstance(rows, list):
            raise self._malformed()
        return [row for row in rows if isinstance(row, dict)]

    def get_json(self, path: str) -> dict[str, Any]:
        """Get a JSON object from the server. Raises Problem."""
        try:
            return dict(json.loads(self.ask("GET", path).body))
        except (ValueError, TypeError, RecursionError):
            raise self._malformed() from None

    def _file(self, path: str) -> bytes:
        return self.ask("GET", path, largest=MAX_FILE_SIZE).body

    def _malformed(self) -> Problem:
        return Problem(self.address, "gave a strange answer.", "Is it the portal's address?")

    def ask(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        largest: int = MAX_LIST_SIZE,
    ) -> ServerResponse:
        """Send a request, and read at most `largest` bytes. Raises Problem (ServerAway, RequestRefused, NotThere)."""
        require_tls(self.address)
        url = f"{self.address.rstrip('/')}/pickup/v1/{path}"
        try:
            for token in (self.token, *self.old_tokens):
                all_headers = {**(headers or {}), "Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
                with self._connection.request(
                    method, url, data=data, headers=all_headers, timeout=TIMEOUT, allow_redirects=False, stream=True
                ) as stream:
                    body = read_bounded(self.address, stream, largest)
                    response = ServerResponse(stream.status_code, stream.headers, body)
                if response.status != requests.codes.unauthorized:
                    break
        except (requests.RequestException, HTTPError):
            todo = "Is it running? For the demonstration: python3 build.py serve"
            raise ServerAway(self.address, "cannot be reached.", todo) from None
        if response.status >= requests.codes.multiple_choices:
            raise refusal(self.address, response)
        return response

    @cached_property
    def _connection(self) -> requests.Session:
        """One connection for thousands of letters."""
        return connection(self.address)
