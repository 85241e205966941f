"""Receipts: twenty digits that a person keeps, and what is derived from them.

A receipt is never stored. argon2id (RFC 9106) derives from it a look-up value, by which the server finds the
letter again, and an age key pair, to which the desk seals its answer. Neither reveals the receipt.
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
"""Nineteen random digits (63 bits) and a check digit, which detects every wrong digit and every swap of neighbours."""

_ERASE = b"portal erase secret v1"
"""Separates the erase secret from other values derived from the same bytes."""

_ANSWERS = b"portal answer key v1"
"""Separates the key with which answers are proven."""

_OGG = b"OggS"
"""First bytes of the sound that a desk's program writes (RFC 3533)."""

_LOOKALIKES = str.maketrans("OoIl", "0011")
"""Letters that a person types, or a camera reads, in place of a digit. The check digit detects a wrong guess."""

_MORE_LOOKALIKES = str.maketrans("OoIl|i!SsBZz\u041e\u043e\u039f\u03bf", "0011111558220000")
"""Replaced beside digits only, since words contain them too. The last four are O in Cyrillic and in Greek."""

_MAX_GROUPS = 200
"""Groups of digits that are searched in a text with too many digits."""

_IDEMPOTENCY_KEY = re.compile(r"[0-9a-f]{32}")


class NotAReceipt(ValueError):
    """The text is not a receipt. code: "digits" (too few or too many) or "check" (the check digit does not fit)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Cost:
    """The cost of one guess: argon2id's memory in KiB and its passes (OWASP's minimum: 19 MiB, 2 passes)."""

    memory: int = 19 * 1024
    passes: int = 2


@dataclass(frozen=True)
class Keys:
    """The values derived from a receipt: the look-up value (32 bytes), the age identity and recipient, two secrets.

    erase: 32 bytes that prove to a desk that the holder of the receipt requests the erasing; the letter holds their
    hash. answer_key: hexadecimal, also in the letter. A desk proves its answers with it, a person proves additions.
    """

    lookup: bytes
    identity: str
    recipient: str
    erase: bytes
    answer_key: str

    @property
    def erase_hash(self) -> str:
        """The SHA-256 of the erase secret in hexadecimal, which the letter holds."""
        return hashlib.sha256(self.erase).hexdigest()


def new_idempotency_key() -> str:
    """Return a one-time value for one page: 128 bits, hexadecimal."""
    return new_id()


def is_idempotency_key(text: str) -> bool:
    """Return whether this has the form of a value from `new_idempotency_key`."""
    return bool(_IDEMPOTENCY_KEY.fullmatch(text))


def receipt(idempotency_key: str, content: Mapping[str, Any]) -> str:
    """Return the receipt for this content sent from the page with this one-time value: 20 digits.

    The same page sent twice (a double tap, a reload) gives the same receipt and so the same letter; any other content
    gives another. The one-time value is as secret as the receipt, and exists in the person's page only.
    """
    return with_check_digit(int.from_bytes(_digest(idempotency_key, "receipt", content)) % 10 ** (DIGITS - 1))


def with_check_digit(number: int) -> str:
    """Return the receipt of a number below 10^19: its digits, and their check digit (H. M. Damm, 2004)."""
    from stdnum import damm  # noqa: PLC0415 - loads TLS and sockets, and nearly every program loads this module

    digits = str(number).zfill(DIGITS - 1)
    return digits + str(damm.calc_check_digit(digits))


def letter_id(idempotency_key: str, content: Mapping[str, Any]) -> str:
    """Return the id of the letter with this content from this page: 32 hexadecimal digits that reveal nothing."""
    return _digest(idempotency_key, "id", content).hex()[:32]


def _digest(idempotency_key: str, purpose: str, content: Mapping[str, Any]) -> bytes:
    canonical = json.dumps([purpose, content], sort_keys=True, ensure_ascii=False).encode()
    return hmac.digest(bytes.fromhex(idempotency_key), canonical, hashlib.sha512)


def read(text: str) -> str:
    """Return the receipt in a text that a person typed, or copied with words, numbers or an address around it.

    Accepts the decimal digits of any script (Tamil, Telugu, Devanagari, Odia, Western) and ignores everything else. If
    there are too few digits, letters that look like digits count as digits. If there are too many, the receipt is the
    only run of whole groups with a right check digit. Raises NotAReceipt.
    """
    from stdnum import damm  # noqa: PLC0415 - as above

    readings = (text, text.translate(_LOOKALIKES), _with_lookalikes(text))
    code = next((digits for reading in readings if len(digits := digits_of(reading)) == DIGITS), "")
    if not code:
        valid_runs = {run for run in _runs(text) if damm.is_valid(run)}
        if len(valid_runs) != 1:
            raise NotAReceipt("digits")
        code = valid_runs.pop()
    if not damm.is_valid(code):
        raise NotAReceipt("check")
    return code


def _with_lookalikes(text: str) -> str:
    """Return a text with digits in place of letters that look like digits and stand in a word that begins with one."""
    return re.sub(r"\S+", lambda word: word[0].translate(_MORE_LOOKALIKES) if digits_of(word[0]) else word[0], text)


def _runs(text: str) -> set[str]:
    """Return each run of twenty digits that neighbouring groups of a text form, as where a receipt is pasted twice."""
    groups = [digits_of(group) for group in re.findall(r"\d+", text)][:_MAX_GROUPS]
    runs = set()
    for first in range(len(groups)):
        run = ""
        for group in groups[first:]:
            run += group
            if len(run) >= DIGITS:
                break
        if len(run) == DIGITS:
            runs.add(run)
    return runs


def group_digits(code: str) -> str:
    """Return a receipt in groups of four: 1234 5678 9012 3456 7894."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def derive(code: str, salt: bytes, purpose: str, cost: Cost) -> Keys:
    """Return the look-up value and key pair of a receipt.

    salt: that of this installation (16 bytes or more); purpose: the kind of form, so that a receipt of one kind is
    never valid for another.
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
    # From the half that a browser never sends: the look-up value does not reveal them.
    erase, answers = (hmac.digest(raw[32:], purpose, hashlib.sha256) for purpose in (_ERASE, _ANSWERS))
    return Keys(raw[:32], identity, recipient, erase, answers.hex())


def open_answer(sealed: bytes, keys: Keys) -> dict[str, Any]:
    """Return an answer that a desk sealed to this receipt. Opens answers only: first letters have other recipients.

    Raises ValueError if it was sealed to another key or is not an answer.
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
        raise ValueError("not an answer")  # noqa: TRY004 - one error for everything that is not an answer
    answer["text"].encode()  # raises UnicodeError, a ValueError, for half a character, which JSON may escape
    return answer


def open_voice(sealed: bytes, keys: Keys) -> bytes | None:
    """Return the sound of a voice that a desk sealed to this receipt, or None for any other file."""
    try:
        line, _, body = pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(keys.identity)]).partition(b"\n")
        length = int(json.loads(line)["bytes"])
    except (pyrage.DecryptError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    sound = bytes(body[: max(0, length)])
    return sound if sound.startswith(_OGG) else None


def _age_identity(secret: bytes) -> str:
    words = convertbits(secret, 8, 5) or []  # None only where a number is no byte
    return str(bech32_encode("age-secret-key-", words)).upper()
