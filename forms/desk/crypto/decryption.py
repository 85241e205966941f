"""The only module that decrypts letters. Anybody may have written their content: trust none of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pyrage

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import is_id
from forms.core.problem import Problem
from forms.core.proofs.receipt_proofs import addition_claim
from forms.desk.command_line import command
from forms.desk.crypto.copies import CopyMark, read_mark
from forms.desk.crypto.foreign_json import MALFORMED_JSON_ERRORS, sanitise

Identities = Sequence[pyrage.x25519.Identity]
"""The age identities of this machine: the present one first, then earlier ones."""


class NotForThisDesk(Problem):
    """The letter is encrypted to other keys."""


class NotALetter(Problem):
    """The plaintext is not a letter of this software."""


@dataclass(frozen=True)
class PartName:
    """A photo or recording that a letter names. kind: photo or voice; seconds: of a recording, 0 where unknown."""

    id: str
    kind: str
    seconds: int = 0


@dataclass(frozen=True)
class Letter:
    """A decrypted letter. `day` is empty in a sign-up; `reply_to` is the age recipient of its answer, or None.

    follows: the id of the first letter, in a follow-up; else empty. sealed_by: browser or server. copied_by: according
    to the server, the member who copied it and handed it over; empty for an original. copy: the mark of a copy.
    erase_hash: SHA-256 of a secret derived from its receipt; empty in older letters. proof: in an erasure notice, that
    secret. answer_key: the key that proves answers, or empty. seen, receipt_proof: in a follow-up, the short ids of
    the answers that the person was shown, and the proof by their receipt. claim: the id in the letter and what that
    proof is about, computed here. Hashes, keys and proofs are hexadecimal.
    """

    id: str
    form: str
    language: str
    day: str
    desks: tuple[str, ...]
    answers: Mapping[str, Any]
    reply_to: str | None
    event: str
    people: int
    parts: tuple[PartName, ...] = ()
    follows: str = ""
    sealed_by: str = ""
    erase_hash: str = ""
    proof: str = ""
    copied_by: str = ""
    copy: CopyMark | None = None
    answer_key: str = ""
    seen: tuple[str, ...] = ()
    receipt_proof: str = ""
    claim: str = ""

    @property
    def thread(self) -> str:
        """The id of the first letter of its case."""
        return self.follows or self.id


def open_sealed(sealed: bytes, identities: Identities) -> bytes:
    """Decrypt a file with one of these identities. Raises NotForThisDesk, also for truncated or changed bytes."""
    try:
        return bytes(pyrage.decrypt(sealed, list(identities)))
    except pyrage.DecryptError:
        todo = lazy_gettext(
            "It was cut or changed on the way, or sealed to an older key: look with %(command)s",
            command=command("doctor"),
        )
        raise NotForThisDesk("letter", "This desk's keys do not open it.", todo) from None


def open_json(sealed: bytes, identities: Identities) -> Any:
    """Decrypt and parse JSON. Raises NotForThisDesk or NotALetter."""
    plain = open_sealed(sealed, identities)
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        raise NotALetter("letter", "It holds no letter.", "Somebody may have sent junk. Leave it.") from None


def open_letter(sealed: bytes, identity: pyrage.x25519.Identity | Identities) -> Letter:
    """Decrypt a letter with the desk's identity or identities. Raises NotForThisDesk or NotALetter."""
    identities = identity if isinstance(identity, Sequence) else (identity,)
    return read_letter(open_json(sealed, identities))


def open_part(sealed: bytes, identities: Identities) -> tuple[str, bytes]:
    """Decrypt an attachment; return its kind (photo or voice) and content. Raises NotForThisDesk or NotALetter."""
    line, _, rest = open_sealed(sealed, identities).partition(b"\n")
    try:
        head = json.loads(line)
        kind, length = str(head["kind"]), int(head["bytes"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise NotALetter("part", "It holds no photo and no recording.", "Leave it.") from None
    return kind, rest[: max(0, length)]


def read_letter(data: Any, *, from_index: bool = False) -> Letter:
    """Return a letter from its JSON. Raises NotALetter, whatever the JSON is.

    from_index: whether the JSON comes from this machine's own index.
    """
    if isinstance(data, dict) and isinstance(data.get("answers"), dict):
        with suppress(*MALFORMED_JSON_ERRORS):
            return _letter(data, from_index=from_index)
    raise NotALetter("letter", "It has not the shape of a letter.", "Somebody may have sent junk. Leave it.")


def _letter(data: dict[str, Any], *, from_index: bool) -> Letter:
    mark = read_mark(data, from_index=from_index)
    claim = str(data["claim"]) if from_index else _claim(data)
    data = sanitise(data)
    desks = data.get("desks")
    people = data.get("people")
    reply_to = data.get("reply_to")
    return Letter(
        id=str(data.get("id", "")),
        form=str(data.get("form", "")),
        language=str(data.get("language", "")),
        day=str(data.get("day", "")),
        desks=tuple(str(desk) for desk in desks) if isinstance(desks, list) else (),
        answers=data["answers"],
        reply_to=reply_to if isinstance(reply_to, str) else None,
        event=str(data.get("event", "")),
        people=people if isinstance(people, int) else 0,
        parts=tuple(_parts(data.get("parts"))),
        follows=str(data.get("follows") or ""),
        sealed_by=str(data.get("sealed_by", "")),
        copy=mark,
        erase_hash=str(data.get("erase_hash") or ""),
        proof=str(data.get("proof") or ""),
        answer_key=str(data.get("answer_key") or ""),
        seen=tuple(_texts(data.get("seen"))),
        receipt_proof=str(data.get("receipt_proof") or ""),
        claim=claim,
    )


def _claim(data: Mapping[str, Any]) -> str:
    """Return the letter's own id and the claim that its receipt proof is about; empty if it has no proof."""
    return f"{sanitise(data.get('id'))} {addition_claim(data)}" if data.get("receipt_proof") else ""


def _texts(rows: Any) -> Iterator[str]:
    yield from (row for row in rows if isinstance(row, str)) if isinstance(rows, list) else ()


def _parts(rows: Any) -> Iterator[PartName]:
    """Yield the attachments that a letter names, if their ids are well-formed: they become file names."""
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and is_id(row.get("id")) and row.get("kind") in ("photo", "voice"):
            seconds = row.get("seconds")
            yield PartName(row["id"], row["kind"], seconds if isinstance(seconds, int) else 0)
