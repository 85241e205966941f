"""Encrypted concerns, the parts and answers that belong to them, and the desks' case log."""
