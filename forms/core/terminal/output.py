"""What commands say reaches whoever reads it, in any script: a terminal, a file or another program."""

import sys


def take_any_script() -> None:
    """Let the output take every letter: Windows gives a file or a pipe its own code page, in which there is no Tamil.

    A terminal keeps its encoding, and shows what it has no letter for as \\u0b8e, in place of a traceback.
    """
    for stream in (sys.stdout, sys.stderr):
        change = getattr(stream, "reconfigure", None)  # None and streams of another make have none
        if change and stream.isatty():
            change(errors="backslashreplace")
        elif change:
            change(encoding="utf-8", errors="backslashreplace")
