"""Limits of what staff set in content/, and how long things are kept where they set nothing."""

MAX_DAYS = 36_500
"""Days for which anything is kept, at most: a larger number would leave the calendar."""

DEFAULT_DAYS = {"signups_days": 30, "concerns_days": 365, "answer_days": 7}
"""Days that things are kept where portal.yml says nothing."""

COLUMN_WIDTHS = {"event": 80, "desk": 40, "member": 80, "desks": 400}
"""Characters of what staff name and the server's tables hold: PostgreSQL refuses longer ones, SQLite takes them."""

MAX_PLACES = 100_000
"""Places of an event: PostgreSQL counts them in 32 bits."""

DEFAULT_ERASED_DAYS, MAX_ERASED_DAYS = 7, 30
"""Days that an erased case rests where portal.yml says nothing, and at most: a changed number keeps it no longer."""
