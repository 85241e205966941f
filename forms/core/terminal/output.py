"""Make the output of commands work in any script: to a terminal, a file or another program."""

import sys


def take_any_script() -> None:
    """Let the output accept every character. Windows uses a code page without Tamil for files and pipes.

    A terminal keeps its encoding, and shows characters that it lacks as \\u0b8e, instead of raising an error.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # None and other kinds of streams have no such method
        if reconfigure and stream.isatty():
            reconfigure(errors="backslashreplace")
        elif reconfigure:
            reconfigure(encoding="utf-8", errors="backslashreplace")
