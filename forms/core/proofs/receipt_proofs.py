"""Proofs with the answer key, which is derived from a receipt and contained in the first letter, encrypted.

HMAC-SHA256 over the SHA-256 (hexadecimal) of a JSON list of texts that begins with its purpose. The browser makes the
same lists (site/browser/src/proofs.js).
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ANSWER = "safe-community-portal answer v1"
_VOICE = "safe-community-portal answer voice v1"
_ADDITION = "safe-community-portal addition v1"
_KEY = re.compile(r"[0-9a-f]{64}")
_SHORT_ID_LENGTH = 16

MAX_IDS = 60
"""Newest answers, or letters, that one message names."""


@dataclass(frozen=True)
class AnswerRecord:
    """An answer. after: short ids of the desk's earlier answers; letters: short id and day of the letters it has.

    voice: SHA-256 (hexadecimal) of the encrypted recording beside the text, or empty; seconds: its length.
    """

    id: str
    letter: str
    desk: str
    day: str
    at: str
    text: str
    state: str
    after: tuple[str, ...] = ()
    letters: tuple[tuple[str, str], ...] = ()
    voice: str = ""
    seconds: int = 0

    @property
    def claim(self) -> str:
        """The claim that a desk proves: a SHA-256 over all but the voice, which older pages do not know."""
        letters = ",".join(f"{id}:{day}" for id, day in self.letters)
        fields = [
            self.letter,
            self.id,
            self.desk,
            self.day,
            self.at,
            self.text,
            self.state,
            ",".join(self.after),
            letters,
        ]
        return _digest([_ANSWER, *fields])

    @property
    def voice_claim(self) -> str:
        """The claim about a voice: it belongs to the rest of the answer."""
        return _digest([_VOICE, self.claim, self.voice, str(self.seconds)])


def short(id: str) -> str:
    """Return the short form of an id, by which one message names another."""
    return id[:_SHORT_ID_LENGTH]


def newest_short_ids(ids: Sequence[str]) -> tuple[str, ...]:
    """Return the short ids of the newest of these ids, which are in order of age."""
    return tuple(short(id) for id in ids[-MAX_IDS:])


def addition_claim(letter: Mapping[str, Any]) -> str:
    """Return the claim that a follow-up proves; empty for a letter that is not in the form of one."""
    try:
        answers = json.dumps(letter["answers"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        parts = ",".join(part["id"] for part in letter["parts"])
        fields = [letter["id"], letter["follows"], letter["day"], ",".join(letter["seen"]), parts, answers]
        return _digest([_ADDITION, *map(str, fields)])
    except (KeyError, TypeError, ValueError, RecursionError):
        return ""


def is_key(text: str) -> bool:
    """Return whether this is an answer key: 64 hexadecimal digits."""
    return bool(_KEY.fullmatch(text))


def prove(key: str, claim: str) -> str:
    """Return the proof of a claim: 64 hexadecimal digits."""
    return hmac.digest(bytes.fromhex(key), claim.encode(), "sha256").hex()


def is_proven(key: str, claim: str, proof: str) -> bool:
    """Return whether this proof of a claim was made with the key."""
    if not (claim and is_key(key) and _KEY.fullmatch(proof)):
        return False
    return hmac.compare_digest(prove(key, claim), proof)


def _digest(fields: Sequence[str]) -> str:
    text = json.dumps(list(fields), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
