"""Answers `build` where nothing changed, before anything is loaded that a build needs.

In doubt it gives no answer: the command then compares everything itself, with the same result. Where something changed,
the build that follows in the same process takes the comparison over, and need not look at all files again.
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

_OPTIONS = {"--speech": "speak", "--no-speech": "speak", "--compress": "compress", "--no-compress": "compress"}


@dataclass(frozen=True)
class RecordComparison:
    """The record of the last build into a folder, on a day and with these keys, and what has changed since.

    stored: the file of that record; inputs: the input files with what changed in them; as_recorded: whether the site
    is as the last build left it.
    """

    out: Path
    today: date
    key_files: str
    record: Record
    stored: Stored | None
    inputs: tuple[Inputs, Changes]
    as_recorded: CheckBeside

    def changed_inputs(self) -> tuple[Inputs, Changes] | None:
        """Return the input files and what changed in them; None where the site is not as recorded."""
        return self.inputs if self.as_recorded.holds() else None


_COMPARISONS: list[RecordComparison] = []
"""The comparison of this process, until a build takes it."""


def answer(site: Site, arguments: Sequence[str]) -> bool:
    """Print that nothing changed, if these arguments of build.py ask for a build and nothing has; return whether."""
    if arguments[:1] != ["build"] or not set(arguments[1:]) <= _OPTIONS.keys():
        return False
    options = {"speak": True, "compress": True}
    for argument in arguments[1:]:
        options[_OPTIONS[argument]] = not argument.startswith("--no-")
    gc.disable()  # thousands of tuples, and no reference cycles among them
    atexit.register(gc.freeze)  # else Python searches all of them once more when it ends
    with suppress(Exception):  # the command meets the same error, and reports it
        if _is_unchanged(site, **options):
            print(nothing_changed(site.public), flush=True)
            return True
    return False  # the collector stays off: an edit ends before it would pay, a whole build turns it on


def _is_unchanged(site: Site, *, speak: bool, compress: bool) -> bool:
    stored = record.stored(site.root)
    last = record.load(site.root)
    signs = site.publisher_keys.exists()  # perhaps without a key: then the command looks
    if last is None or not last.has_all(speak=speak, compress=compress, sign=signs):
        return False
    today, key_files = site.today(), state_of_keys(site)
    if not as_built.has_same_terms(site.public, site.handover, last, today, key_files):
        return False
    as_recorded = CheckBeside(site.public, last.site)
    now = inputs.scan(site.root, last.inputs)
    changes = inputs.changes(last.inputs, now)
    if not changes and as_recorded.holds():
        return True
    _COMPARISONS.append(RecordComparison(site.public, today, key_files, last, stored, (now, changes), as_recorded))
    return False


def take_comparison(out: Path, today: date, key_files: str) -> RecordComparison | None:
    """Return, once, the comparison that this process has just made for a folder; None without one on the same terms."""
    wanted = (out, today, key_files)
    comparisons = [one for one in _COMPARISONS if (one.out, one.today, one.key_files) == wanted]
    _COMPARISONS.clear()
    return comparisons[-1] if comparisons else None


def nothing_changed(out: object) -> str:
    """Return the sentence about a site for which nothing has to be done."""
    return f"Nothing changed: {out} is as it was built. With --again everything is built."
