"""A window on this machine only: its one-time address, its secret path, and the proof that each request needs."""
