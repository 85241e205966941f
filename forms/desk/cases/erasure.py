"""Requests to have a letter erased: proven by the receipt, or unproven and left to the staff.

A letter holds the SHA-256 of a secret that only its receipt yields. A notice of erasing holds the secret. Whoever
writes a notice without it, another desk or the server, erases nothing.
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
from forms.desk.cases.grouping import grouped
from forms.desk.state_file import Damaged, StateFile

_SECRET = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ErasureRequest:
    """Somebody asked that a letter be erased. proof: what was given as the secret; since: the day it was noticed here.

    proven: whether the secret fits the letter that lies here.
    """

    since: date
    proof: str
    proven: bool = False

    def last_day(self, days: int) -> date:
        """Return the day on which the case goes for good, where it rests so many days."""
        return self.since + timedelta(days=days)


def is_proof(proof: str, erase_hash: str) -> bool:
    """Return whether this is the secret of which a letter holds the hash. A letter without a hash has no proof."""
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
        found = {path.stem: self.of(path.stem) for path in self._folder.glob("*.json") if is_id(path.stem)}
        return {id: request for id, request in found.items() if request}

    def of(self, letter_id: str) -> ErasureRequest | None:
        """Return the request for one letter, or None. One that is damaged is a request which nobody has proven."""
        try:
            return self._file(letter_id).read()
        except Damaged:
            return ErasureRequest(EARLIEST_DATE, "")

    def _file(self, letter_id: str) -> StateFile[ErasureRequest]:
        return StateFile(self._folder / f"{letter_id}.json", _ADAPTER)

    def note(self, letter_id: str, proof: str, today: date) -> None:
        """Store a request. A proven one is not replaced."""
        known = self.of(letter_id)
        if not (known and known.proven):
            self._file(letter_id).write(ErasureRequest(known.since if known else today, proof))

    def prove(self, letter_id: str, today: date) -> None:
        """Record that a request is proven; the waiting period of the case begins."""
        if (known := self.of(letter_id)) and not known.proven:
            self._file(letter_id).write(replace(known, since=today, proven=True))

    def forget(self, letter_id: str) -> None:
        """Forget a request: the case is gone, or staff keep it."""
        (self._folder / f"{letter_id}.json").unlink(missing_ok=True)


def visible(cases: Iterable[Case], requests: Mapping[str, ErasureRequest]) -> tuple[Case, ...]:
    """Return the cases without those that rest until they are erased, each in the list or with one that is."""
    return grouped(case for case in cases if not (case.id in requests and requests[case.id].proven))
