"""Print to the terminal. Texts may come from a server, a letter or a site, so control characters are replaced."""

from typing import Any

import click

from forms.desk.cases.plain_text import printable


def say(text: object, **options: Any) -> None:
    """Print a text, with control and formatting characters replaced by a dot. options: those of click.secho."""
    click.secho(printable(text), **options)
