"""The version of the program, written only here (docs/decisions/0058)."""

VERSION = "1.0.0"
