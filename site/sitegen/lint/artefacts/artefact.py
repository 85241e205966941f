"""The class of artefacts, which recognises them by a regular expression."""

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Artefact:
    """A kind of text on a page that nobody intended.

    regex: compiled only when a text is searched for it, since compiling takes longer. Every match has one of `letters`,
    a digit if `digits`, and one of `words` if there are any, so that most searches can be skipped. endangers: whether
    it may harm a person; in_cells: whether cells of tables are searched for it too.
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
        """The compiled regular expression."""
        return re.compile(self.regex, re.M)

    def may_be_in(self, text: str, used: Set[str]) -> bool:
        """Return whether the text may have a match, which a search must confirm. used: the set of its characters."""
        if self.letters.isdisjoint(used) or (self.digits and not any(map(str.isdecimal, used))):
            return False
        return not self.words or any(word in text for word in self.words)
