"""The message for an unforeseen error: which file was being read, and that it is a fault of the program."""

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from forms.core.problem import Problem
from sitegen.content.pages import PageSource

DETAILS = Path(".build") / "fault.txt"


def as_problem(error: BaseException, root: Path) -> Problem:
    """Return a sentence for an error of ours, and keep its details for whoever mends the program."""
    where = next(_files(error.__traceback__, root), "")
    kept = _keep(error, root)
    what = f"the program has a fault here ({type(error).__name__}): this is our fault, not yours. Nothing was changed."
    details = f" with {DETAILS.as_posix()}" if kept else ""
    first = f"Undo the last edit of {where} for now, and send" if where else "Send"
    return Problem(where or "build.py", what, f"{first} this sentence{details} to whoever keeps the program.")


def _files(trace: TracebackType | None, root: Path) -> Iterator[str]:
    """Return the files of content/ that were being read, the innermost first."""
    frames = [frame for frame, _ in traceback.walk_tb(trace)]
    for frame in reversed(frames):
        for value in frame.f_locals.values():
            if isinstance(value, PageSource) and not value.generated:
                yield value.where
            elif isinstance(value, Path) and value.is_file() and value.is_relative_to(root / "content"):
                yield value.relative_to(root).as_posix()
            elif isinstance(value, str) and value.startswith("content/") and "\n" not in value:
                yield value


def _keep(error: BaseException, root: Path) -> bool:
    try:
        (root / DETAILS).parent.mkdir(exist_ok=True)
        (root / DETAILS).write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        return False
    return True
