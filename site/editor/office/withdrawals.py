"""The key with which an office pushes withdrawals: on its machine without a passphrase, and good for nothing else.

A no waits for no publisher's finger. What the key may do is decided by whoever checks it (decision 0078).
"""

import secrets
from pathlib import Path

from forms.core.builds.git_signatures import WITHDRAWAL, public_line
from forms.core.crypto.signing import PrivateKey, private_key, public_text
from forms.core.files.durable import write_safely
from forms.core.problem import Problem

FILE = "withdrawal-key"


def make(memory: Path) -> PrivateKey:
    """Return the office's key, made at its first use. Raises Problem or OSError."""
    if (known := key(memory)) is not None:
        return known
    secret = secrets.token_hex(32)
    write_safely(_file(memory), f"{secret}\n".encode())
    return private_key(secret)


def key(memory: Path) -> PrivateKey | None:
    """Return the office's key; None where none was made. Raises Problem where it cannot be read."""
    try:
        return private_key(_file(memory).read_text("ascii").strip())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        todo = "Remove it, make another (edit office withdrawal-key), and give its line to whoever runs the server."
        raise Problem(str(_file(memory)), "cannot be read.", todo) from None


def line(office: str, known: PrivateKey) -> str:
    """Return the line for the server's file of signers."""
    return public_line(office or "office", public_text(known), WITHDRAWAL.decode())


def _file(memory: Path) -> Path:
    return memory / "office" / FILE
