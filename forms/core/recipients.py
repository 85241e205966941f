"""Public keys and pickup lines as portal.yml names them: which can be used, and what is wrong with the others.

A key that parses is not enough: age panics at some of them. So a trial letter is encrypted before a key is believed.
"""

import re
from collections.abc import Sequence

import pyrage

_PICKUP = re.compile(r"sha256:[0-9a-f]{64}")


def can_encrypt(keys: Sequence[str]) -> bool:
    """Whether a trial letter can be encrypted to all these age recipients, each written exactly as age writes it."""
    try:
        recipients = [pyrage.x25519.Recipient.from_str(key) for key in keys]
        if not keys or [str(recipient) for recipient in recipients] != list(keys):
            return False
        return bool(pyrage.encrypt(b"trial", recipients))
    except (pyrage.RecipientError, pyrage.EncryptError, TypeError, UnicodeError):
        return False
    except BaseException as panic:  # PyO3 derives PanicException from BaseException: it would end a worker
        if type(panic).__name__ != "PanicException":
            raise
        return False


def is_pickup(line: str) -> bool:
    """Whether this is "sha256:" and 64 small hexadecimal digits, and nothing else."""
    return isinstance(line, str) and _PICKUP.fullmatch(line) is not None


def usable_key(key: str) -> str:
    """Return this age recipient, or "" where nothing can be encrypted to it."""
    return key if can_encrypt([key]) else ""


def usable_pickup(line: str) -> str:
    """Return this pickup line, or "" where no token can match it."""
    return line if is_pickup(line) else ""
