"""Connections to a database: its address, how many connections a process may have, SQLite's files."""
