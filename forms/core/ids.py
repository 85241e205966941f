"""Random ids of letters, parts and entries: 32 lower-case hexadecimal digits, wherever one is read."""

import re
import secrets
from typing import Any

ID = re.compile(r"[0-9a-f]{32}")
"""The only form of an id. It becomes a file name and part of an address, so nothing else may pass as one."""


def new_id() -> str:
    """Return a new random id (128 bits)."""
    return secrets.token_hex(16)


def is_id(value: Any) -> bool:
    """Return whether this is an id. Any other type is none."""
    return isinstance(value, str) and ID.fullmatch(value) is not None
