"""The operator's commands: among those of build.py, and as `portal` where the package is installed.

COMMANDS names the module of each click command; a module is imported when its command is run.
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
"""The umask of commands whose files nginx and the service read: that of root's shell may be stricter."""

OF_THE_SERVICE = frozenset({"backup", "rehearse-upgrade", "restore", "status"})
"""Commands that use the settings of this machine's service where no other settings are given."""


CHECKOUT = "forms.operations.checkout"
"""Where click's context keeps the Checkout."""


@dataclass(frozen=True)
class Checkout:
    """What the commands can do where the site's sources are. Elsewhere its functions are None or do nothing.

    root: the folder of the site; build: builds the site where anything changed, and returns its folder and portal.json;
    purge: removes what has no consent from a built site; today: the date in the district; due: helplines to call again
    and consents that end, as sentences; keep_withdrawals: given consents.csv of the previous commit and of this
    machine, writes withdrawals made on this machine into the table that was checked out; program: the beginning of a
    command line of build.py; withdrawn_stories: see signed_withdrawals.WithdrawnStories; libraries: the git
    repositories of libraries that portal.yml names; preload_looks: imports what commands need that find nothing to
    build, before processes are forked for many districts; preload: imports all that a build needs.
    """

    root: Path
    build: Callable[[], tuple[Path, Path]] | None = None
    purge: Callable[[Path], object] | None = None
    today: Callable[[], date] = date.today
    due: Callable[[], list[str]] | None = None
    keep_withdrawals: Callable[[bytes, bytes], object] = lambda _base, _here: None
    withdrawn_stories: Callable[[bytes, bytes], Collection[str] | None] = lambda _before, _after: None
    program: tuple[str, ...] = ()
    libraries: "Callable[[], Sequence[GitSource]]" = tuple
    preload_looks: Callable[[], object] = lambda: None
    preload: Callable[[], object] = lambda: None

    @property
    def published(self) -> Path:
        """The folder of the releases (forms/operations/releases.py)."""
        return self.root / "published"


def checkout() -> Checkout:
    """Return the Checkout of the running command: that of build.py, else the current folder without sources."""
    result: Checkout = click.get_current_context().meta.get(CHECKOUT) or Checkout(Path.cwd())
    return result


class OperatorGroup(click.Group):
    """A group of commands that offers the operator's commands too."""

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
    command: click.Command = getattr(import_module(COMMANDS[name]), name.replace("-", "_"))
    return command


_OTHER_OWNER = "It is another user's: run this as root (sudo), and see with ls -ld whose it is."
_TODO = {
    0: "Is the disk full, or the folder not yours?",
    errno.EACCES: _OTHER_OWNER,
    errno.EPERM: _OTHER_OWNER,
    errno.ENOSPC: "The disk is full: make room, and type the same again.",
    errno.EDQUOT: "The disk is full for this user: make room, and type the same again.",
    errno.EROFS: "Its disk may only be read: see with findmnt how it is mounted, and in the journal why.",
    errno.ENOENT: "It is not there: type this in the folder of the program, like /srv/portal, or correct the name.",
}
"""What to do where the system refuses a file, by errno; 0: any other."""


@contextmanager
def report_problems(unnamed: str = "A file", *, unforeseen: bool = True) -> Iterator[None]:
    """Turn Problem, Problems and OSError into ClickException: a message on stderr and exit code 1.

    unnamed: the subject of the message where the OSError names no file; unforeseen: report other exceptions too, by
    type and line only, since their text may contain anything and goes into a journal.
    """
    try:
        yield
    except (Problem, Problems) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError) and _is_output_closed():
            raise  # the reader of a pipe has ended (`| head`): click exits quietly
        _discard_buffered_output()
        what = f"{error.filename or unnamed} cannot be written or read ({error.strerror})."
        raise click.ClickException(f"{what} {_TODO.get(error.errno or 0, _TODO[0])}") from None
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:
        if not unforeseen:
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        what = f"A fault of the program: {type(error).__name__} ({place}). Nothing more is known."
        raise click.ClickException(f"{what} Tell a developer, with this line.") from None


def _discard_buffered_output() -> None:
    """Discard output that cannot be written: Python would try again at exit, print a traceback and exit with 120."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_output_closed() -> bool:
    """Return whether the reader of this command's output has ended, as head does: that is no error."""
    if not hasattr(select, "poll"):
        return True
    poll = select.poll()
    for descriptor in (1, 2):
        poll.register(descriptor, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


@click.group(cls=OperatorGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, message="%(version)s")
def portal() -> None:
    """Run a server of the Safe Community Portal: publish, go back, update, look after it."""


def main() -> None:
    """Run the command `portal`."""
    take_any_script()
    portal(prog_name="portal")
