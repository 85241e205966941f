"""Proofs by the key of answers, which a receipt yields and the first letter holds, encrypted.

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
_SHORT = 16

MOST_NAMED = 60
"""Answers, or letters, that one message names: the newest."""


@dataclass(frozen=True)
class AnswerRecord:
    """What an answer says. after: short ids of the desk's earlier answers; letters: short id and day of those held.

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
        """Return what is proven: a SHA-256 over all of it but the voice, of which older pages know nothing."""
        held = ",".join(f"{id}:{day}" for id, day in self.letters)
        fields = [self.letter, self.id, self.desk, self.day, self.at, self.text, self.state, ",".join(self.after), held]
        return _digest([_ANSWER, *fields])

    @property
    def voice_claim(self) -> str:
        """Return what is proven besides where there is a voice: that it belongs to all that the answer says."""
        return _digest([_VOICE, self.claim, self.voice, str(self.seconds)])


def short(id: str) -> str:
    """Return the beginning of an id, by which a message names another."""
    return id[:_SHORT]


def named(ids: Sequence[str]) -> tuple[str, ...]:
    """Return the short ids of the newest of these."""
    return tuple(short(id) for id in ids[-MOST_NAMED:])


def addition_claim(letter: Mapping[str, Any]) -> str:
    """Return what is proven of a letter that adds to another; empty where it has not the shape of one."""
    try:
        answers = json.dumps(letter["answers"], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        parts = ",".join(part["id"] for part in letter["parts"])
        fields = [letter["id"], letter["follows"], letter["day"], ",".join(letter["seen"]), parts, answers]
        return _digest([_ADDITION, *map(str, fields)])
    except (KeyError, TypeError, ValueError, RecursionError):
        return ""


def is_key(text: str) -> bool:
    """Return whether this is a key of answers: 64 hexadecimal digits."""
    return bool(_KEY.fullmatch(text))


def prove(key: str, claim: str) -> str:
    """Return the proof of a claim: 64 hexadecimal digits."""
    return hmac.digest(bytes.fromhex(key), claim.encode(), "sha256").hex()


def is_proven(key: str, claim: str, proof: str) -> bool:
    """Return whether whoever made this proof had the key."""
    if not (claim and is_key(key) and _KEY.fullmatch(proof)):
        return False
    return hmac.compare_digest(prove(key, claim), proof)


def _digest(fields: Sequence[str]) -> str:
    text = json.dumps(list(fields), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
