"""The message for an unexpected error: it is a fault of the program, and which file was being read."""

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from forms.core.problem import Problem
from sitegen.content.pages import PageSource

DETAILS = Path(".build") / "fault.txt"


def unexpected_problem(error: BaseException, root: Path) -> Problem:
    """Return the problem of an unexpected error, and write its traceback to DETAILS for the developers."""
    where = next(_files(error.__traceback__, root), "")
    is_written = _write_details(error, root)
    what = f"the program has a fault here ({type(error).__name__}): this is our fault, not yours. Nothing was changed."
    details = f" with {DETAILS.as_posix()}" if is_written else ""
    first = f"Undo the last edit of {where} for now, and send" if where else "Send"
    return Problem(where or "build.py", what, f"{first} this sentence{details} to whoever keeps the program.")


def _files(trace: TracebackType | None, root: Path) -> Iterator[str]:
    """Yield the files of content/ in the local variables of a traceback, the innermost first."""
    frames = [frame for frame, _ in traceback.walk_tb(trace)]
    for frame in reversed(frames):
        for value in frame.f_locals.values():
            if isinstance(value, PageSource) and not value.generated:
                yield value.where
            elif isinstance(value, Path) and value.is_file() and value.is_relative_to(root / "content"):
                yield value.relative_to(root).as_posix()
            elif isinstance(value, str) and value.startswith("content/") and "\n" not in value:
                yield value


def _write_details(error: BaseException, root: Path) -> bool:
    """Write the traceback of an error, and return whether that was possible."""
    try:
        (root / DETAILS).parent.mkdir(exist_ok=True)
        (root / DETAILS).write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        return False
    return True
