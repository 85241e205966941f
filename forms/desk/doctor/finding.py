"""The result of one check of a desk."""

from dataclasses import dataclass

MAX_NAMED = 20
"""The most faulty letters or statements that one check names."""


@dataclass(frozen=True)
class Finding:
    """The result of one check: whether it passed, and a sentence."""

    ok: bool
    sentence: str
