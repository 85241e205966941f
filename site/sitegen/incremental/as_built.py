"""Whether everything is as the last build left it. Loads nothing of ours that takes longer than to look."""

from datetime import date
from pathlib import Path

from sitegen.incremental import inputs, trees
from sitegen.incremental.inputs import Changes, Inputs
from sitegen.incremental.record import Record


def is_on_terms(out: Path, handover: Path, last: Record, today: date, key_files: str) -> bool:
    """Return whether the last build was of this day and folder, with the same files of keys, and was handed over.

    What was handed over must be as it was: the forms and the desks read it.
    """
    same = (last.day, last.key_files, last.out) == (today, key_files, str(out))
    return same and last.handed is not None and inputs.state_at(handover) == last.handed


def changes_beside(
    root: Path,
    out: Path,
    handover: Path,
    last: Record,
    *,
    today: date,
    key_files: str,
    now: Inputs | None = None,
    near: bool = False,
) -> tuple[Inputs, Changes] | None:
    """Return the input files and what changed in them; None where anything else is not as recorded, like the site.

    key_files: the state of the files of keys; now: the input files, where somebody has just looked at them; near:
    whether the site is only looked at where it will be written.
    """
    if not is_on_terms(out, handover, last, today, key_files) or not (near or trees.is_as(out, last.site)):
        return None
    now = now or inputs.look(root, last.inputs)
    return now, inputs.changes(last.inputs, now)
