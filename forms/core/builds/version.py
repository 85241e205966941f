"""The version of the program: it stands here and nowhere else (docs/decisions/0058)."""

VERSION = "1.0.0"
