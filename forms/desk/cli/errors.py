"""Report errors of desk commands: one sentence and exit code 1, never a traceback."""

import errno
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from forms.core.problem import Problem
from forms.desk.cases.plain_text import printable

_ADVICE = {
    errno.ENOSPC: "Make room.",
    errno.EDQUOT: "Make room.",
    errno.EACCES: "It is another user's, or may only be read: name another place.",
    errno.EPERM: "It is another user's, or may only be read: name another place.",
    errno.EROFS: "It may only be read: name another place.",
}
"""What to do if the system refuses access to a file, by errno."""


def show_problems(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command so that a Problem or an OSError is shown as a sentence, with exit code 1."""

    @wraps(command)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        """Run the command. Raises ClickException with a sentence in place of Problem and OSError."""
        try:
            return command(*args, **kwargs)
        except Problem as problem:
            raise click.ClickException(printable(problem)) from None
        except BrokenPipeError:
            raise  # the reader of a pipe has stopped (`| head`): click exits quietly
        except OSError as error:
            where = error.filename or "disk"
            todo = _ADVICE.get(
                error.errno or 0, "Is the disk or the stick still there? Put it in, and type the same again."
            )
            message = f"{where}: cannot be written or read ({error.strerror}). {todo}"
            raise click.ClickException(printable(message)) from None

    return wrapper
