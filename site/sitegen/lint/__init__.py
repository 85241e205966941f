"""Mistakes in what staff write, in sentences with file and line, before anything is built."""
