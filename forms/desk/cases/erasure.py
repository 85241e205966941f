"""Requests to have a letter erased: proven by the receipt, or unproven and left to the staff.

A letter holds the SHA-256 of a secret that can only be derived from its receipt. An erasure notice holds the secret.
A notice without it, forged by another desk or the server, erases nothing.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.ids import is_id
from forms.core.trusted_date import EARLIEST_DATE
from forms.desk.cases.case import Case
from forms.desk.cases.grouping import group_cases
from forms.desk.state_file import DamagedFile, StateFile

_SECRET = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ErasureRequest:
    """A request to erase a letter. since: the day on which this machine learned of it; proof: the claimed secret.

    proven: whether the secret matches the hash in this machine's letter.
    """

    since: date
    proof: str
    proven: bool = False

    def last_day(self, days: int) -> date:
        """Return the day on which the case is erased, after a waiting period of so many days."""
        return self.since + timedelta(days=days)


def is_proof(proof: str, erase_hash: str) -> bool:
    """Return whether this is the secret whose hash a letter holds. A letter without a hash has no proof."""
    if not _SECRET.fullmatch(proof) or not _SECRET.fullmatch(erase_hash):
        return False
    return hmac.compare_digest(hashlib.sha256(bytes.fromhex(proof)).hexdigest(), erase_hash)


_ADAPTER = TypeAdapter(ErasureRequest)


class ErasureRequests:
    """The requests known on this machine: `erasure/<letter>.json` in the desk's folder, ids and days only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "erasure"

    def all(self) -> dict[str, ErasureRequest]:
        """Return the requests by the id of the letter."""
        requests = {path.stem: self.of(path.stem) for path in self._folder.glob("*.json") if is_id(path.stem)}
        return {id: request for id, request in requests.items() if request}

    def of(self, letter_id: str) -> ErasureRequest | None:
        """Return the request for one letter, or None. A damaged file counts as an unproven request."""
        try:
            return self._file(letter_id).read()
        except DamagedFile:
            return ErasureRequest(EARLIEST_DATE, "")

    def _file(self, letter_id: str) -> StateFile[ErasureRequest]:
        return StateFile(self._folder / f"{letter_id}.json", _ADAPTER)

    def add(self, letter_id: str, proof: str, today: date) -> None:
        """Store a request. A proven one is not replaced."""
        existing = self.of(letter_id)
        if not (existing and existing.proven):
            self._file(letter_id).write(ErasureRequest(existing.since if existing else today, proof))

    def mark_proven(self, letter_id: str, today: date) -> None:
        """Record that a request is proven; the waiting period of the case begins."""
        if (existing := self.of(letter_id)) and not existing.proven:
            self._file(letter_id).write(replace(existing, since=today, proven=True))

    def forget(self, letter_id: str) -> None:
        """Delete a request: the case is erased, or staff keep it."""
        (self._folder / f"{letter_id}.json").unlink(missing_ok=True)


def visible_cases(cases: Iterable[Case], requests: Mapping[str, ErasureRequest]) -> tuple[Case, ...]:
    """Return the cases that no proven request is about to erase, grouped: each listed or shown with a listed one."""
    return group_cases(case for case in cases if not (case.id in requests and requests[case.id].proven))
