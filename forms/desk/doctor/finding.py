"""What a look at a desk finds."""

from dataclasses import dataclass

MAX_NAMED = 20
"""Letters or statements that are wrong and are named, at most: the newest letters."""


@dataclass(frozen=True)
class Finding:
    """One check: whether it passed, and a sentence."""

    ok: bool
    sentence: str
