"""What an artefact is, and how it is recognised."""

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Artefact:
    """Something visible that nobody intended.

    regex: compiled when a text is searched for it, since that takes longer than to search; letters: one of them stands
    in everything that it matches; so do a digit where digits says it, and one of the words, where there are any.
    endangers: whether it may harm a person; in_cells: whether it is looked for in cells of tables too.
    """

    regex: str
    what: str
    todo: str
    letters: frozenset[str]
    endangers: bool = False
    in_cells: bool = False
    digits: bool = False
    words: tuple[str, ...] = ()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What is searched for."""
        return re.compile(self.regex, re.M)

    def may_stand_in(self, text: str, used: Set[str]) -> bool:
        """Return whether it is worth while to search. used: the letters of the text."""
        if self.letters.isdisjoint(used) or (self.digits and not any(map(str.isdecimal, used))):
            return False
        return not self.words or any(word in text for word in self.words)
