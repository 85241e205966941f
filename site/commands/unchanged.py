"""The answer of `build` where nothing changed, found before anything is loaded that a build needs.

Whatever is in doubt is no answer: then the command itself looks, with the same result where nothing changed. What was
found otherwise is there for the build that follows in the same process, which need not look at all files again.
"""

import atexit
import gc
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sitegen.incremental import as_built, inputs, record
from sitegen.incremental.inputs import Changes, Inputs
from sitegen.incremental.record import Record, Stored
from sitegen.incremental.trees import CheckBeside

from commands.key_files import state_of_keys
from commands.site import Site

_CHOICES = {"--speech": "speak", "--no-speech": "speak", "--compress": "compress", "--no-compress": "compress"}


@dataclass(frozen=True)
class QuickLook:
    """What was found for a folder on a day, with these keys: the record of the last build, and what changed since.

    stored: the file of that record; inputs: the input files with what changed in them; as_recorded: whether the site
    was as the last build left it.
    """

    out: Path
    today: date
    key_files: str
    record: Record
    stored: Stored | None
    inputs: tuple[Inputs, Changes]
    as_recorded: CheckBeside

    def found(self) -> tuple[Inputs, Changes] | None:
        """Return the input files and what changed in them; None where the site was not as recorded."""
        return self.inputs if self.as_recorded.holds() else None


_TAKEN: list[QuickLook] = []
"""The look of this process, until a build has taken it."""


def is_answered(site: Site, words: Sequence[str]) -> bool:
    """Say that nothing changed, if these words after build.py ask for a build and nothing has; return whether."""
    if words[:1] != ["build"] or not set(words[1:]) <= _CHOICES.keys():
        return False
    asked = {"speak": True, "compress": True}
    for word in words[1:]:
        asked[_CHOICES[word]] = not word.startswith("--no-")
    gc.disable()  # thousands of tuples, and none of them in a circle
    atexit.register(gc.freeze)  # else Python looks through all of them once more when it ends
    with suppress(Exception):  # whatever it is: the command meets it too, and says it
        if _is_as_built(site, **asked):
            print(nothing_changed(site.public), flush=True)
            return True
    return False  # still without a search for cycles: an edit ends before it pays, a whole build turns it on


def _is_as_built(site: Site, *, speak: bool, compress: bool) -> bool:
    stored = record.stored(site.root)
    last = record.load(site.root)
    signs = site.publisher_keys.exists()  # perhaps without a key: then the command looks
    if last is None or not last.has_all(speak=speak, compress=compress, sign=signs):
        return False
    today, key_files = site.today(), state_of_keys(site)
    if not as_built.is_on_terms(site.public, site.handover, last, today, key_files):
        return False
    as_recorded = CheckBeside(site.public, last.site)
    now = inputs.look(site.root, last.inputs)
    changes = inputs.changes(last.inputs, now)
    if not changes and as_recorded.holds():
        return True
    _TAKEN.append(QuickLook(site.public, today, key_files, last, stored, (now, changes), as_recorded))
    return False


def taken(out: Path, today: date, key_files: str) -> QuickLook | None:
    """Return, once, what this process has just found for a folder; None where it did not look on the same terms."""
    looks = [look for look in _TAKEN if (look.out, look.today, look.key_files) == (out, today, key_files)]
    _TAKEN.clear()
    return looks[-1] if looks else None


def nothing_changed(out: object) -> str:
    """Return the sentence about a site for which nothing has to be done."""
    return f"Nothing changed: {out} is as it was built. With --again everything is built."
