"""Diagnose a desk: what each check looks at, and what it says about it."""
