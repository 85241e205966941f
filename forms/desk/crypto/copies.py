"""Copies made by a colleague or another desk: who made one, for whom, and whether its signature is valid.

A copy is the original's content with a mark (`copy` in a letter or entry, or in the first line of a part), so that
software without marks reads it as before. The signature covers the content without the mark.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from forms.core.crypto.signing import PrivateKey, SignedStatement, content_hash, is_signed_by_any, sign
from forms.desk.crypto.foreign_json import sanitise

_MARK = "copy"


@dataclass(frozen=True)
class Signer:
    """The member of a desk who signs, with the signing key and the day."""

    desk: str
    member: str
    key: PrivateKey
    day: str

    def sign(self, purpose: str, letter: str, item: str, content: str, reader: str = "") -> str:
        """Return the signature of a statement with these fields."""
        return sign(SignedStatement(purpose, letter, item, self.desk, self.member, self.day, content, reader), self.key)


@dataclass(frozen=True)
class CopyMark:
    """The mark of a copy. content: the SHA-256 of everything but the mark, computed here, not read from the copy."""

    by: str
    desk: str
    reader: str
    day: str
    signature: str
    content: str

    def is_signed_by_any(self, letter: str, item: str, keys: Iterable[str]) -> bool:
        """Return whether one of these keys signed that this is a copy of this item of this letter."""
        statement = SignedStatement("copy", letter, item, self.desk, self.by, self.day, self.content, self.reader)
        return is_signed_by_any(statement, self.signature, keys)


@dataclass(frozen=True)
class Provenance:
    """Where a copied letter came from. by: who handed it over, or empty if unknown."""

    by: str
    day: str
    is_proven: bool


def read_mark(data: Any, *, from_index: bool = False) -> CopyMark | None:
    """Return the mark in the JSON of a letter or entry, None if it has none.

    from_index: whether the JSON comes from this machine's own index.
    """
    row = data.get(_MARK) if isinstance(data, dict) else None
    if not isinstance(row, dict):
        return None
    safe = sanitise(row)
    by, desk, reader, day, signature = (
        str(safe.get(name, "")) for name in ("by", "desk", "reader", "day", "signature")
    )
    content = str(row.get("content", "")) if from_index else _hash_of_rest(data)
    return CopyMark(by, desk, reader, day, signature, content)


def read_part_mark(plain: bytes) -> CopyMark | None:
    """Return the mark in the first line of a part, None if it has none."""
    head, body = _part(plain)
    mark = read_mark(head)
    return mark and CopyMark(**{**asdict(mark), "content": _hash_of_rest({**head, "body": body})})


def read_any_mark(plain: bytes) -> CopyMark | None:
    """Return the mark of a letter, an entry or a part, None if it has none."""
    if mark := read_part_mark(plain):
        return mark
    try:
        return read_mark(json.loads(plain))
    except (ValueError, RecursionError):
        return None


def copy_of(plain: bytes, letter: str, item: str, reader: str, signer: Signer) -> bytes:
    """Return the content of a letter or entry with a signed mark. Anything but a JSON object is returned unchanged."""
    try:
        data = json.loads(plain)
        content = _hash_of_rest(data)
        data = {**_without_mark(data), _MARK: _mark(letter, item, reader, content, signer)}
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    except (ValueError, TypeError, AttributeError, RecursionError):
        return plain
    return text.ljust(len(plain))


def copy_of_part(plain: bytes, letter: str, item: str, reader: str, signer: Signer) -> bytes:
    """Return a part with a signed mark in its first line."""
    head, body = _part(plain)
    if not head:
        return plain
    content = _hash_of_rest({**head, "body": body})
    line = json.dumps({**_without_mark(head), _MARK: _mark(letter, item, reader, content, signer)})
    return line.encode() + b"\n" + plain.partition(b"\n")[2]


def _mark(letter: str, item: str, reader: str, content: str, signer: Signer) -> dict[str, str]:
    signature = signer.sign("copy", letter, item, content, reader)
    return {"by": signer.member, "desk": signer.desk, "reader": reader, "day": signer.day, "signature": signature}


def content_of(plain: bytes) -> bytes:
    """Return a normalised form of the content, without mark and padding: equal for a copy and its original."""
    head, body = _part(plain)
    try:
        if head:
            return content_hash({**_without_mark(head), "body": body}).encode()
        data = json.loads(plain)
        return content_hash(_without_mark(data)).encode() if isinstance(data, dict) else plain.rstrip(b" \0")
    except (ValueError, RecursionError):
        return plain.rstrip(b" \0")


def _without_mark(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != _MARK}


def _hash_of_rest(data: Mapping[str, Any]) -> str:
    try:
        return content_hash(_without_mark(data))
    except (TypeError, ValueError, RecursionError):
        return ""


def _part(plain: bytes) -> tuple[dict[str, Any], str]:
    """Return the first line of a part and the SHA-256 of its content; an empty head if it is not a part."""
    line, _, rest = plain.partition(b"\n")
    try:
        head = json.loads(line)
        length = max(0, int(head["bytes"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return {}, ""
    return dict(head), hashlib.sha256(rest[:length]).hexdigest()
