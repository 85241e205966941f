"""Receipts: twenty digits that a person keeps, and what is derived from them.

A receipt is never stored. argon2id (RFC 9106) turns it into a look-up value, by which the server finds the
letter again, and an age key pair, to which the desk seals its answer. Neither can be turned back.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyrage
from argon2.low_level import Type, hash_secret_raw
from bech32 import bech32_encode, convertbits

from forms.core.i18n.digits import digits_of
from forms.core.ids import new_id

DIGITS = 20
"""Nineteen of chance (63 bits) and a check digit, which finds every wrong digit and every swap of two neighbours."""

_ERASE = b"portal erase secret v1"
"""Keeps the erase secret apart from whatever else is made of the same bytes."""

_ANSWERS = b"portal answer key v1"
"""Likewise for the key with which answers are proven."""

_OGG = b"OggS"
"""How the sound begins that a desk's program writes (RFC 3533)."""

_LOOKALIKES = str.maketrans("OoIl", "0011")
"""Letters that somebody types or a camera reads in place of a digit. A receipt has none, and its check digit judges."""

_MORE_LOOKALIKES = str.maketrans("OoIl|i!SsBZz\u041e\u043e\u039f\u03bf", "0011111558220000")
"""These count beside digits only: words have them too. The last four are O in Cyrillic and in Greek."""

_MOST_GROUPS = 200
"""Groups of digits that are looked through in a text with too many."""

_IDEMPOTENCY_KEY = re.compile(r"[0-9a-f]{32}")


class NotAReceipt(ValueError):
    """What was typed is no receipt. `code`: "digits" (another number of them) or "check" (one is wrong)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Cost:
    """What one guess costs: argon2id's memory in KiB and its passes (OWASP's least: 19 MiB, 2 passes)."""

    memory: int = 19 * 1024
    passes: int = 2


@dataclass(frozen=True)
class Keys:
    """What a receipt gives: the look-up value (32 bytes), the age identity and recipient, and two secrets.

    erase: 32 bytes that prove to a desk that whoever has the receipt asks for erasing; the letter holds their hash.
    answer_key: with it (hexadecimal, in the letter) a desk proves its answers, and the person what is added.
    """

    lookup: bytes
    identity: str
    recipient: str
    erase: bytes
    answer_key: str

    @property
    def erase_hash(self) -> str:
        """What the letter holds of the erase secret: its SHA-256 in hexadecimal."""
        return hashlib.sha256(self.erase).hexdigest()


def new_idempotency_key() -> str:
    """Return a one-time value for one page: 128 bits, hexadecimal."""
    return new_id()


def is_idempotency_key(text: str) -> bool:
    """Whether this is a one-time value as `new_idempotency_key` makes them."""
    return bool(_IDEMPOTENCY_KEY.fullmatch(text))


def receipt(idempotency_key: str, content: Mapping[str, Any]) -> str:
    """Return the receipt for this content sent from the page with this one-time value: 20 digits.

    The same page sent twice (a double tap, a reload) gives the same receipt and so the same letter; any
    other content gives another. `once` is as secret as the receipt and lives only in the person's page.
    """
    return with_check_digit(int.from_bytes(_digest(idempotency_key, "receipt", content)) % 10 ** (DIGITS - 1))


def with_check_digit(number: int) -> str:
    """Return the receipt of a number below 10^19: its digits, and their check digit (H. M. Damm, 2004)."""
    from stdnum import damm  # noqa: PLC0415 - loads TLS and sockets, and nearly every program loads this module

    digits = str(number).zfill(DIGITS - 1)
    return digits + str(damm.calc_check_digit(digits))


def letter_id(idempotency_key: str, content: Mapping[str, Any]) -> str:
    """Return the id of the letter with this content from this page: 32 hexadecimal digits that tell nothing."""
    return _digest(idempotency_key, "id", content).hex()[:32]


def _digest(idempotency_key: str, purpose: str, content: Mapping[str, Any]) -> bytes:
    canonical = json.dumps([purpose, content], sort_keys=True, ensure_ascii=False).encode()
    return hmac.digest(bytes.fromhex(idempotency_key), canonical, hashlib.sha512)


def read(text: str) -> str:
    """Return the receipt in what a person typed, or copied with the words, numbers or the address around it.

    Takes the decimal digits of any script (Tamil, Telugu, Devanagari, Odia, Western) and passes over everything
    else. Letters that look like digits count as these where there are not enough digits. Where there are too many, it
    is the one run of whole groups that makes a receipt. Raises NotAReceipt.
    """
    from stdnum import damm  # noqa: PLC0415 - as above

    ways = (text, text.translate(_LOOKALIKES), _with_lookalikes(text))
    code = next((found for way in ways if len(found := digits_of(way)) == DIGITS), "")
    if not code:
        right = {run for run in _runs(text) if damm.is_valid(run)}
        if len(right) != 1:
            raise NotAReceipt("digits")
        code = right.pop()
    if not damm.is_valid(code):
        raise NotAReceipt("check")
    return code


def _with_lookalikes(text: str) -> str:
    """Return a text in which letters beside digits that look like digits are these."""
    return re.sub(r"\S+", lambda word: word[0].translate(_MORE_LOOKALIKES) if digits_of(word[0]) else word[0], text)


def _runs(text: str) -> set[str]:
    """Return each twenty digits of a text that are whole groups of it, side by side: pasted twice, after +91."""
    groups = [digits_of(group) for group in re.findall(r"\d+", text)][:_MOST_GROUPS]
    found = set()
    for first in range(len(groups)):
        run = ""
        for group in groups[first:]:
            run += group
            if len(run) >= DIGITS:
                break
        if len(run) == DIGITS:
            found.add(run)
    return found


def group_digits(code: str) -> str:
    """Return a receipt as people read it out: 1234 5678 9012 3456 7894."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def derive(code: str, salt: bytes, purpose: str, cost: Cost) -> Keys:
    """Return the look-up value and key pair of a receipt.

    `salt`: this installation's (16 bytes or more); `purpose`: the form, so that the same digits never mean
    two things.
    """
    raw = hash_secret_raw(
        f"{purpose}:{code}".encode(),
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory,
        parallelism=1,
        hash_len=64,
        type=Type.ID,
    )
    identity = _age_identity(raw[32:])
    recipient = str(pyrage.x25519.Identity.from_str(identity).to_public())
    # Of the half that a browser never sends: who knows the look-up value alone cannot work it out.
    erase, answers = (hmac.digest(raw[32:], purpose, hashlib.sha256) for purpose in (_ERASE, _ANSWERS))
    return Keys(raw[:32], identity, recipient, erase, answers.hex())


def open_answer(sealed: bytes, keys: Keys) -> dict[str, Any]:
    """Return an answer that a desk sealed to this receipt. Opens answers only: first letters have other recipients.

    Raises ValueError where it was sealed to another key or is no answer.
    """
    try:
        plain = pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(keys.identity)])
    except pyrage.DecryptError:
        raise ValueError("not sealed to this receipt") from None
    try:
        answer = json.loads(plain)
    except RecursionError:
        raise ValueError("not an answer") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise ValueError("not an answer")  # noqa: TRY004 - one error for whatever an answer is not
    answer["text"].encode()  # half a character, which JSON may escape, stands on no page: UnicodeError, a ValueError
    return answer


def open_voice(sealed: bytes, keys: Keys) -> bytes | None:
    """Return the sound of a voice that a desk sealed to this receipt, or None where it is none."""
    try:
        line, _, rest = pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(keys.identity)]).partition(b"\n")
        length = int(json.loads(line)["bytes"])
    except (pyrage.DecryptError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    sound = bytes(rest[: max(0, length)])
    return sound if sound.startswith(_OGG) else None


def _age_identity(secret: bytes) -> str:
    words = convertbits(secret, 8, 5) or []  # None only where a number is no byte
    return str(bech32_encode("age-secret-key-", words)).upper()
