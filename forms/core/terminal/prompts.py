"""Ask in a terminal what nobody may see; where there is no terminal, a sentence says so."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import GetPassWarning
from typing import Any

import click

_NO_TERMINAL = (
    "%s: cannot be asked: this command runs without a terminal (a timer, cron, ssh without -t), and nothing was piped "
    "into it. %s."
)
_IN_A_TERMINAL = "Type it in a terminal"


def ask(text: str, *, or_else: str = "", **how: Any) -> str:
    """Return what a person types. how: as click.prompt takes it.

    or_else: how it can be given without a question. Raises click.Abort for Ctrl-C, and ClickException where nobody is
    there to answer.
    """
    with _asked(text, or_else):
        return str(click.prompt(text, **how))


def ask_secret(text: str, *, or_else: str = "", confirm: bool = False) -> str:
    """Return what a person types unseen. confirm: twice. Raises as `ask` does."""
    return ask(text, or_else=or_else, hide_input=True, confirmation_prompt=confirm)


class SecretOption(click.Option):
    """An option that is asked for unseen where it is not given. how: as click.Option takes it."""

    def __init__(self, *args: Any, **how: Any) -> None:
        super().__init__(*args, **{"prompt": True, "hide_input": True, "help": "Asked for if not given.", **how})

    def prompt_for_value(self, ctx: click.Context) -> Any:
        """Ask. Raises as `ask` does."""
        with _asked(str(self.prompt), f"or give it with {self.opts[0]}"):
            return super().prompt_for_value(ctx)


new_passphrase = click.option("--passphrase", cls=SecretOption, confirmation_prompt=True)
"""A command's option for the passphrase of a key that it makes: asked for twice."""


@contextmanager
def _asked(text: str, or_else: str) -> Iterator[None]:
    """Say in a sentence where there is nobody to answer. Raises ClickException."""
    todo = ", ".join(filter(None, [_IN_A_TERMINAL, or_else]))
    nobody = click.ClickException(_NO_TERMINAL % (text, todo))
    if sys.stdin is None and not _has_terminal():
        raise nobody
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GetPassWarning)  # a pipe has no echo to be switched off
            yield
    except click.Abort:
        if _has_terminal():
            raise  # Ctrl-C
        raise nobody from None


def _has_terminal() -> bool:
    """Return whether somebody can be asked: by the terminal of this session, or one that is open as the input."""
    if sys.stdin is not None and sys.stdin.isatty():
        return True
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | getattr(os, "O_NOCTTY", 0)))
    except OSError:
        return False
    return True
