"""Ask for input in a terminal, also for secrets; without a terminal, explain that in a sentence."""

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


def ask(text: str, *, or_else: str = "", **options: Any) -> str:
    """Return a person's input. options: as for click.prompt.

    or_else: how the value can be given without a prompt. Raises click.Abort for Ctrl-C, and ClickException without a
    terminal.
    """
    with _explain_missing_terminal(text, or_else):
        return str(click.prompt(text, **options))


def ask_secret(text: str, *, or_else: str = "", confirm: bool = False) -> str:
    """Return a person's hidden input. confirm: ask twice. Raises as `ask` does."""
    return ask(text, or_else=or_else, hide_input=True, confirmation_prompt=confirm)


class SecretOption(click.Option):
    """An option that is prompted for with hidden input if it is not given. options: as for click.Option."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"prompt": True, "hide_input": True, "help": "Asked for if not given.", **options})

    def prompt_for_value(self, ctx: click.Context) -> Any:
        """Return the input. Raises as `ask` does."""
        with _explain_missing_terminal(str(self.prompt), f"or give it with {self.opts[0]}"):
            return super().prompt_for_value(ctx)


new_passphrase = click.option("--passphrase", cls=SecretOption, confirmation_prompt=True)
"""A command's option for the passphrase of a new key: prompted for twice."""


@contextmanager
def _explain_missing_terminal(text: str, or_else: str) -> Iterator[None]:
    """Raise ClickException if the block prompts and there is no terminal."""
    todo = ", ".join(filter(None, [_IN_A_TERMINAL, or_else]))
    no_terminal = click.ClickException(_NO_TERMINAL % (text, todo))
    if sys.stdin is None and not _has_terminal():
        raise no_terminal
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GetPassWarning)  # a pipe has no echo to switch off
            yield
    except click.Abort:
        if _has_terminal():
            raise  # Ctrl-C
        raise no_terminal from None


def _has_terminal() -> bool:
    """Return whether the session has a terminal, or the input is one."""
    if sys.stdin is not None and sys.stdin.isatty():
        return True
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | getattr(os, "O_NOCTTY", 0)))
    except OSError:
        return False
    return True
