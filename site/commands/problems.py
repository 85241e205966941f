"""What went wrong, as sentences on the error stream."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from forms.operations.cli import main as operators_cli


@contextmanager
def report_problems(root: Path) -> Iterator[None]:
    """Report problems, also those that nobody thought of, as sentences on the error stream, with exit code 1.

    Raises ClickException, which click prints.
    """
    try:
        with operators_cli.report_problems(str(root), unforeseen=False):
            yield
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, staff read a sentence
        from sitegen.lint import unexpected  # noqa: PLC0415 - loaded where something went wrong

        raise click.ClickException(str(unexpected.unexpected_problem(error, root))) from None
