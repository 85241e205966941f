"""The list of withdrawn addresses that a built site carries: tablets delete their copies (site/assets/sw.js)."""

import json
from pathlib import Path

LIST = "withdrawn.json"


def read_addresses(public: Path) -> list[str]:
    """Return the addresses that a built site lists as withdrawn."""
    try:
        addresses = json.loads((public / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return [address for address in addresses if isinstance(address, str)] if isinstance(addresses, list) else []
