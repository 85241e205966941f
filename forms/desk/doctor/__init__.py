"""Diagnose a desk: the checks of keys, letters, machine and server."""
