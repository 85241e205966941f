"""Words for the terminal, in which a server, a letter or a site may speak: no control character gets through."""

from typing import Any

import click

from forms.desk.cases.plain_text import printable


def say(text: object, **more: Any) -> None:
    """Print a text, with every control and formatting character in it shown as a dot. more: as click.secho takes it."""
    click.secho(printable(text), **more)
