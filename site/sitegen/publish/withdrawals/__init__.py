"""Remove what has no consent any more from a built site, in place."""
