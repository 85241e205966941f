"""Compares inputs and site with the record of the last build. Imports only modules that load in no time."""

from datetime import date
from pathlib import Path

from sitegen.incremental import inputs, trees
from sitegen.incremental.inputs import Changes, Inputs
from sitegen.incremental.record import Record


def has_same_terms(out: Path, handover: Path, last: Record, today: date, key_files: str) -> bool:
    """Return whether the last build was of this day and folder, with the same files of keys, and is handed over.

    The handed-over file must be unchanged: the forms and the desks read it.
    """
    same = (last.day, last.key_files, last.out) == (today, key_files, str(out))
    return same and last.handed is not None and inputs.state_at(handover) == last.handed


def changed_inputs(
    root: Path,
    out: Path,
    handover: Path,
    last: Record,
    *,
    today: date,
    key_files: str,
    now: Inputs | None = None,
    trust_site: bool = False,
) -> tuple[Inputs, Changes] | None:
    """Return the input files and what changed in them; None where anything else, like the site, is not as recorded.

    key_files: the state of the files of keys; now: the input files, where they were just scanned; trust_site: whether
    the site is compared only where it will be written.
    """
    is_same = has_same_terms(out, handover, last, today, key_files)
    if not is_same or not (trust_site or trees.matches(out, last.site)):
        return None
    now = now or inputs.scan(root, last.inputs)
    return now, inputs.changes(last.inputs, now)
