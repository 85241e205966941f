"""Random ids of letters, parts and entries: 32 lower-case hexadecimal digits."""

import re
import secrets
from typing import Any

ID = re.compile(r"[0-9a-f]{32}")
"""The only valid form of an id. An id becomes a file name and part of an address, so no other text may pass for one."""


def new_id() -> str:
    """Return a new random id (128 bits)."""
    return secrets.token_hex(16)


def is_id(value: Any) -> bool:
    """Return whether this is a text in the form of an id."""
    return isinstance(value, str) and ID.fullmatch(value) is not None
