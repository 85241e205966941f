"""The desk's HTTP client of the server's pickup API.

The server is not trusted: what it sends is bounded in size, never decompressed, and checked row by row.
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
    bounded,
    refusal,
    require_tls,
)
from forms.desk.sync.rows import copy_row, is_day, is_text, letter_row, statement_row

TIMEOUT = (10, 60)
"""Seconds to connect and to wait for an answer: desks have slow lines too."""

LARGEST_FILE = 2 * SIZE_CLASSES[-1]
"""Bytes of the largest encrypted letter or part that is taken from the server."""

LARGEST_LIST = 64 * 1024 * 1024
"""Bytes of the longest JSON list: 200,000 rows of letters."""

MOST_SAID = 3000
"""Characters of what the server says of a failed publishing."""


@dataclass(frozen=True)
class Server:
    """A server's address and this desk's token; `old_tokens`: those before, until the server has a newer one."""

    address: str
    token: str
    old_tokens: tuple[str, ...] = ()

    def waiting(self, *, everything: bool = False) -> list[dict[str, Any]]:
        """Return the letters to fetch, with `everything` those too that this machine once had.

        Rows that are not well formed are passed over.
        """
        listed = self.listed("letters?all=1" if everything else "letters", "letters")
        return [checked for row in listed if is_id(row.get("id")) and (checked := letter_row(row))]

    def signups(self) -> list[dict[str, Any]]:
        """Return sign-ups as they stand in clear: id, event, people and state of each."""
        return self._rows("signups")

    def letter(self, letter_id: str) -> bytes:
        """Return one sealed letter."""
        return self._file(f"letters/{letter_id}")

    def copies(self, letter_id: str) -> list[dict[str, str]]:
        """Return the copies that others made for this desk: item, digest and maker of each."""
        rows = self.listed(f"letters/{letter_id}/copies", "copies")
        return [row for found in rows if (row := copy_row(found))]

    def copy(self, item: str, digest: str) -> bytes:
        """Return one encrypted copy. Raises RequestRefused where its bytes have another SHA-256."""
        found = self._file(f"copies/{item}/{digest}")
        if hashlib.sha256(found).hexdigest() != digest:
            raise RequestRefused(self.address, "sent another copy than was asked for.", "Fetch again.")
        return found

    def part(self, part_id: str) -> bytes:
        """Return one sealed photo or recording."""
        return self._file(f"parts/{part_id}")

    def signup(self, signup_id: str) -> bytes:
        """Return the sealed part of one sign-up."""
        return self._file(f"signups/{signup_id}")

    def acknowledge(self, letter_id: str) -> None:
        """Tell the server that the letter is safe here. Idempotent."""
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
        """Return the key of the server's daily statements, and those after a number (None: the last one).

        Raises Problem where the answer has not its form.
        """
        found = self.get_json("statements" if after is None else f"statements?after={after}")
        key, rows = found.get("key"), found.get("statements")
        if not isinstance(key, str) or not isinstance(rows, list):
            raise self._strange()
        return key, [stated for row in rows if isinstance(row, dict) and (stated := statement_row(row))]

    def access(self) -> list[dict[str, Any]]:
        """Return what the members of this desk did: at, member, what and letter of each.

        The server writes a row for each thing that goes along with a letter, by the day: what reads alike stands once.
        """
        names = ("at", "member", "what", "letter")
        rows = [row for row in self.listed("access", "access") if all(is_text(row.get(name)) for name in names)]
        return list({tuple(row[name] for name in names): row for row in rows}.values())

    def portal(self) -> bytes:
        """Return the portal as the build handed it over (forms/core/portal/handover.py reads it)."""
        return self.ask("GET", "portal", headers={HEADER: str(VERSION)}).body

    def me(self) -> str:
        """Return the member whose token this is. Raises Problem where the token is not known."""
        return str(self.get_json("letters").get("member", ""))

    def clock(self) -> str:
        """Return the server's Date header (RFC 9110, section 6.6.1), or empty."""
        return self.ask("GET", "desks").headers.get("Date", "")

    @property
    def is_this_machine(self) -> bool:
        """Whether the server runs here: then there is no other clock to compare."""
        return urlsplit(self.address).hostname in LOOPBACK

    def day(self, told: date | None) -> TrustedDate:
        """Return the day by the server's clock and the last day that it believed.

        told: the day of this machine's clock, for comparison.

        Raises Problem where the answer has not its form.
        """
        headers = {"Portal-Day": told.isoformat()} if told else {}
        try:
            row = json.loads(self.ask("POST", "day", headers=headers).body)
            shown, believed = (date.fromisoformat(row[name]) for name in ("shown", "believed"))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._strange() from None
        return TrustedDate(believed, None if shown == believed else shown)

    def publishing_problem(self) -> str:
        """Return why the newest content was not published, with its day; empty where it was, or nobody publishes so."""
        try:
            found = self.get_json("publishing")
        except Problem:  # an older server has no such page; a server that is away is said elsewhere
            return ""
        day, problem = found.get("day"), found.get("problem")
        if not (isinstance(day, str) and is_day(day) and isinstance(problem, str)):
            return ""
        said = "".join(letter for letter in problem[:MOST_SAID] if letter.isprintable() or letter == "\n")
        return f"{day}: {said}" if said.strip() else ""

    def send(self, method: str, path: str, sealed: bytes, reader: str = "") -> None:
        """Send something encrypted. Idempotent: the same id changes nothing."""
        self.ask(method, path, sealed, {"Portal-For": quote(reader)} if reader else {})

    def act_on_signup(self, target: str, action: str) -> None:
        """Remove a sign-up, give it places, send it to the end; or let an event's waiting list move. Raises Problem."""
        self.ask("POST", f"signups/{quote(target, safe='')}/{action}")

    def delete(self, letter_id: str) -> None:
        """Erase this desk's share of a letter and of what follows it."""
        self.ask("DELETE", f"letters/{letter_id}")

    def _rows(self, what: str) -> list[dict[str, Any]]:
        return [row for row in self.listed(what, what) if is_id(row.get("id"))]

    def listed(self, path: str, what: str) -> list[dict[str, Any]]:
        """Return a list of rows that the server answers with. Raises Problem for anything else."""
        found = self.get_json(path).get(what)
        if not isinstance(found, list):
            raise self._strange()
        return [row for row in found if isinstance(row, dict)]

    def get_json(self, path: str) -> dict[str, Any]:
        """Return a JSON object of the server. Raises Problem."""
        try:
            return dict(json.loads(self.ask("GET", path).body))
        except (ValueError, TypeError, RecursionError):
            raise self._strange() from None

    def _file(self, path: str) -> bytes:
        return self.ask("GET", path, largest=LARGEST_FILE).body

    def _strange(self) -> Problem:
        return Problem(self.address, "gave a strange answer.", "Is it the portal's address?")

    def ask(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        largest: int = LARGEST_LIST,
    ) -> ServerResponse:
        """Ask the server, and read at most `largest` bytes. Raises Problem (ServerAway, RequestRefused, NotThere)."""
        require_tls(self.address)
        url = f"{self.address.rstrip('/')}/pickup/v1/{path}"
        try:
            for token in (self.token, *self.old_tokens):
                known_by = {**(headers or {}), "Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
                with self._line.request(
                    method, url, data=data, headers=known_by, timeout=TIMEOUT, allow_redirects=False, stream=True
                ) as response:
                    answer = ServerResponse(
                        response.status_code, response.headers, bounded(self.address, response, largest)
                    )
                if answer.status != requests.codes.unauthorized:
                    break
        except (requests.RequestException, HTTPError):
            todo = "Is it running? For the demonstration: python3 build.py serve"
            raise ServerAway(self.address, "cannot be reached.", todo) from None
        if answer.status >= requests.codes.multiple_choices:
            raise refusal(self.address, answer)
        return answer

    @cached_property
    def _line(self) -> requests.Session:
        """Return one connection for thousands of letters."""
        return connection(self.address)
