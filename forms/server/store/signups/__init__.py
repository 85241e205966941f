"""Sign-ups: their tables, their store and the waiting list."""
