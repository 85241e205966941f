"""`update`: take what staff have pushed (docs/decisions/0060)."""
