"""Counts of what was reported, with small counts suppressed."""
