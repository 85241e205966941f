"""Backups: one encrypted file that a lost server is brought back from (docs/decisions/0061)."""
