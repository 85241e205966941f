"""Limits of what staff set in content/, and how long things are kept where they set nothing."""

MAX_DAYS = 36_500
"""Days for which anything is kept at most: a larger number could exceed the calendar's last year."""

DEFAULT_DAYS = {"signups_days": 30, "concerns_days": 365, "answer_days": 7}
"""Days for which things are kept if portal.yml sets nothing."""

COLUMN_WIDTHS = {"event": 80, "desk": 40, "member": 80, "desks": 400}
"""Characters of names from staff in the server's tables: PostgreSQL refuses longer ones, SQLite accepts them."""

MAX_PLACES = 100_000
"""Places of an event at most: PostgreSQL counts them in 32 bits."""

DEFAULT_ERASED_DAYS, MAX_ERASED_DAYS = 7, 30
"""Days that a desk keeps an erased case hidden, if portal.yml sets nothing, and at most."""
