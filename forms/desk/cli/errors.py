"""How a command at the desk says what is wrong: one sentence and exit code 1, never a traceback."""

import errno
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from forms.core.problem import Problem
from forms.desk.cases.plain_text import printable

_NEXT = {
    errno.ENOSPC: "Make room.",
    errno.EDQUOT: "Make room.",
    errno.EACCES: "It is another user's, or may only be read: name another place.",
    errno.EPERM: "It is another user's, or may only be read: name another place.",
    errno.EROFS: "It may only be read: name another place.",
}
"""What to do where the system refuses a file, by the number of the error."""


def show_problems(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show a Problem, or a disk that does not take what is written, as a sentence, with exit code 1."""

    @wraps(command)
    def tell(*args: Any, **kwargs: Any) -> Any:
        """Run a command. Raises ClickException with a sentence in place of Problem and OSError."""
        try:
            return command(*args, **kwargs)
        except Problem as problem:
            raise click.ClickException(printable(problem)) from None
        except BrokenPipeError:
            raise  # whoever read along has stopped (`| head`): click ends quietly
        except OSError as error:
            where = error.filename or "disk"
            todo = _NEXT.get(
                error.errno or 0, "Is the disk or the stick still there? Put it in, and type the same again."
            )
            said = f"{where}: cannot be written or read ({error.strerror}). {todo}"
            raise click.ClickException(printable(said)) from None

    return tell
