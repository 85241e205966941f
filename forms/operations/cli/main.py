"""The operator's commands: beside those of build.py, and as `portal` where the package is installed.

A command is a click command in a module of its own, named in COMMANDS; the module is imported when it is asked for.
"""

import errno
import os
import select
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forms.core.builds.version import VERSION
from forms.core.problem import Problem, Problems
from forms.core.terminal.output import take_any_script

if TYPE_CHECKING:
    from forms.operations.updating.git_source import GitSource

COMMANDS: Mapping[str, str] = {
    "backup": "forms.operations.cli.backup_commands",
    "backup-key": "forms.operations.cli.backup_commands",
    "district": "forms.operations.cli.district_commands",
    "install-server": "forms.operations.cli.install_commands",
    "publish": "forms.operations.cli.release_commands",
    "rehearse-upgrade": "forms.operations.cli.schema_commands",
    "releases": "forms.operations.cli.release_commands",
    "restore": "forms.operations.cli.backup_commands",
    "rollback": "forms.operations.cli.release_commands",
    "status": "forms.operations.cli.status_commands",
    "uninstall-server": "forms.operations.cli.install_commands",
    "update": "forms.operations.cli.update_commands",
    "verify": "forms.operations.cli.backup_commands",
}
"""The module of each command. Its name there is the command's, with _ for -."""

FOR_READERS = 0o022
"""The umask of commands that write what nginx and the service read: that of root's shell may keep all others out."""

OF_THE_SERVICE = frozenset({"backup", "rehearse-upgrade", "restore", "status"})
"""Commands that take the settings of the service of this machine, where none are given."""


CHECKOUT = "forms.operations.checkout"
"""Where click's context keeps the Checkout."""


@dataclass(frozen=True)
class Checkout:
    """What the commands can do where the site's sources are, and its folder; elsewhere they can do neither.

    build: builds the site where anything changed, and returns its folder and portal.json; purge: takes what has no
    consent out of a built site; today: the day in the district; due: helplines to be called again and consents that
    end, in sentences; keep_withdrawals: told what consents.csv held as it came before and what it holds here, writes
    withdrawals that were made here into the one that came; program: the beginning of a command line of build.py;
    withdrawn: told consents.csv before and after, returns the stories withdrawn after it, None where anything else of
    it has changed; libraries: the git repositories of libraries that portal.yml names; preload_looks: loads what
    commands need that find nothing to build, before processes are forked for many districts; preload: all that a build
    needs.
    """

    root: Path
    build: Callable[[], tuple[Path, Path]] | None = None
    purge: Callable[[Path], object] | None = None
    today: Callable[[], date] = date.today
    due: Callable[[], list[str]] | None = None
    keep_withdrawals: Callable[[bytes, bytes], object] = lambda _base, _here: None
    withdrawn: Callable[[bytes, bytes], Collection[str] | None] = lambda _before, _after: None
    program: tuple[str, ...] = ()
    libraries: "Callable[[], Sequence[GitSource]]" = tuple
    preload_looks: Callable[[], object] = lambda: None
    preload: Callable[[], object] = lambda: None

    @property
    def published(self) -> Path:
        """The folder of the releases (forms/operations/releases.py)."""
        return self.root / "published"


def checkout() -> Checkout:
    """Return what the running command may use: of build.py, else the folder it was called in."""
    found: Checkout = click.get_current_context().meta.get(CHECKOUT) or Checkout(Path.cwd())
    return found


class OperatorGroup(click.Group):
    """Commands of its own, and the operator's."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is None and cmd_name in OF_THE_SERVICE:
            from forms.operations.installation import take_service_settings  # noqa: PLC0415 - loads the stores

            take_service_settings(os.environ)
        return own or (load(cmd_name) if cmd_name in COMMANDS else None)


def load(name: str) -> click.Command:
    """Return one of COMMANDS."""
    found: click.Command = getattr(import_module(COMMANDS[name]), name.replace("-", "_"))
    return found


_NOT_YOURS = "It is another user's: run this as root (sudo), and see with ls -ld whose it is."
_NEXT = {
    0: "Is the disk full, or the folder not yours?",
    errno.EACCES: _NOT_YOURS,
    errno.EPERM: _NOT_YOURS,
    errno.ENOSPC: "The disk is full: make room, and type the same again.",
    errno.EDQUOT: "The disk is full for this user: make room, and type the same again.",
    errno.EROFS: "Its disk may only be read: see with findmnt how it is mounted, and in the journal why.",
    errno.ENOENT: "It is not there: type this in the folder of the program, like /srv/portal, or correct the name.",
}
"""What to do where the system refuses a file, by the number of the error; 0: any other."""


@contextmanager
def report_problems(unnamed: str = "A file", *, unforeseen: bool = True) -> Iterator[None]:
    """Report problems and files that cannot be used as sentences on the error stream, with exit code 1.

    Raises ClickException in their place.

    unnamed: what the sentence is about where the system names no file; unforeseen: also errors that nobody thought of,
    by kind and place, since what they say may hold anything, and is in a journal.
    """
    try:
        yield
    except (Problem, Problems) as told:
        raise click.ClickException(str(told)) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            raise  # whoever read along has stopped (`| head`): click ends quietly
        _forget_unsaid()
        what = f"{error.filename or unnamed} cannot be written or read ({error.strerror})."
        raise click.ClickException(f"{what} {_NEXT.get(error.errno or 0, _NEXT[0])}") from None
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:
        if not unforeseen:
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        what = f"A fault of the program: {type(error).__name__} ({place}). Nothing more is known."
        raise click.ClickException(f"{what} Tell a developer, with this line.") from None


def _forget_unsaid() -> None:
    """Throw away what the output could not take: Python would try again at its end, print a trace and exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _nobody_reads() -> bool:
    """Return whether who read what this command says has gone, as head does: no fault of a disk or a program."""
    if not hasattr(select, "poll"):
        return True
    looked = select.poll()
    for number in (1, 2):
        looked.register(number, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in looked.poll(0))


@click.group(cls=OperatorGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, message="%(version)s")
def portal() -> None:
    """Run a server of the Safe Community Portal: publish, go back, update, look after it."""


def main() -> None:
    """Run the command `portal`."""
    take_any_script()
    portal(prog_name="portal")
