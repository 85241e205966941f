"""The key with which an office pushes withdrawals: on its machine, without a passphrase, valid for nothing else.

So a withdrawal needs no publisher's signature. Those who check signatures limit the key (decision 0078).
"""

import secrets
from pathlib import Path

from forms.core.builds.git_signatures import WITHDRAWAL, public_line
from forms.core.crypto.signing import PrivateKey, private_key, public_text
from forms.core.files.durable import write_safely
from forms.core.problem import Problem

FILE = "withdrawal-key"


def ensure_key(memory: Path) -> PrivateKey:
    """Return the office's key; create it at the first call. Raises Problem or OSError."""
    if (existing := key(memory)) is not None:
        return existing
    secret = secrets.token_hex(32)
    write_safely(_file(memory), f"{secret}\n".encode())
    return private_key(secret)


def key(memory: Path) -> PrivateKey | None:
    """Return the office's key; None where there is none yet. Raises Problem where it cannot be read."""
    try:
        return private_key(_file(memory).read_text("ascii").strip())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        todo = "Remove it, make another (edit office withdrawal-key), and give its line to whoever runs the server."
        raise Problem(str(_file(memory)), "cannot be read.", todo) from None


def line(office: str, key: PrivateKey) -> str:
    """Return the key's line for the server's file of signers."""
    return public_line(office or "office", public_text(key), WITHDRAWAL.decode())


def _file(memory: Path) -> Path:
    return memory / "office" / FILE
