"""The desk's commands: the window, and the same work in a terminal."""

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import click
from click.core import ParameterSource

from forms.core.builds.version import VERSION
from forms.core.problem import Problem
from forms.core.terminal.output import take_any_script
from forms.desk import notifications
from forms.desk.cli.case_commands import CASE_COMMANDS
from forms.desk.cli.errors import show_problems
from forms.desk.cli.event_commands import register_event_commands
from forms.desk.cli.folder_commands import FOLDER_COMMANDS
from forms.desk.cli.key_commands import KEY_COMMANDS
from forms.desk.cli.opening import CLOCK, find_case, today, unlock
from forms.desk.cli.terminal import say
from forms.desk.cli.trust_commands import TRUST_COMMANDS
from forms.desk.cli.watch_commands import WATCH_COMMANDS
from forms.desk.command_line import reset_command_prefix, set_command_prefix
from forms.desk.crypto import keys
from forms.desk.events.messaging.gateways import Gateway, http_gateway
from forms.desk.services.place import DeskPlace

DEFAULT_HOME = Path("var") / "desk"
DEFAULT_DESK = "police"


def _command_prefix(context: click.Context) -> str:
    """Return the command with its options: `python3 build.py desk --desk legal --server https://portal.example`."""
    options = [option for option in context.command.params if _was_given(context, option.name or "")]
    words = [word for option in options for word in (option.opts[0], str(context.params[option.name or ""]))]
    quoted = subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
    return f"{context.command_path} {quoted}".strip()


def _was_given(context: click.Context, name: str) -> bool:
    """Return whether an option was given, also by the environment, which another terminal may not have."""
    return context.get_parameter_source(name) in {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}


@click.group(invoke_without_command=True)
@click.option("--desk", "name", default=DEFAULT_DESK, show_default=True, help="Which desk this is, as in portal.yml.")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=DEFAULT_HOME,
    envvar="PORTAL_DESK_HOME",
    help="Folder of the desks' keys and letters.",
)
@click.option(
    "--server", "address", default="http://127.0.0.1:8000", envvar="PORTAL_SERVER", show_default=True,
    help="Address of the portal.",
)  # fmt: skip
@click.version_option(VERSION, message="%(version)s")
@click.pass_context
@show_problems
def desk(context: click.Context, name: str, home: Path, address: str) -> None:
    """Open the desk: fetch sealed letters, read and answer them on this machine.

    Without a command a window opens in the browser. Letters are kept sealed; what is opened is shown and never
    written to disk.
    """
    if callable(context.obj):
        context.meta[CLOCK] = context.obj
    context.obj = DeskPlace(name, home / name, address)
    set_command_prefix(_command_prefix(context))
    context.call_on_close(reset_command_prefix)
    if context.invoked_subcommand is None:
        context.invoke(window)


@desk.command()
@click.option("--port", default=0, help="Where the window listens on this machine; any free port if not given.")
@click.option("--browser/--no-browser", default=True, help="Open the browser, or only print the address.")
@click.pass_obj
@show_problems
def window(place: DeskPlace, port: int = 0, browser: bool = True) -> None:
    """Open the desk in a browser window on this machine."""
    from forms.desk.window.start import open_window  # noqa: PLC0415 - commands without a window start faster

    keys.token(place.folder)
    open_window(place, port=port, open_browser=browser)


@desk.command("waiting")
@click.option("--by-sms", is_flag=True, help="To PORTAL_NOTICE_NUMBER, by the provider that PORTAL_SMS_URL names.")
@click.pass_obj
@show_problems
def waiting_command(place: DeskPlace, by_sms: bool) -> None:
    """For a scheduler, once a day: one sentence if anything waits here, else nothing. Opens and fetches nothing.

    It needs no passphrase and asks once a day at most. The exit code is 0 whether or not something waits, so that no
    log of the machine tells it; 1 where the server could not be asked.
    """
    # Settings are checked before the server is asked: a complaint about them must not reveal that something waits.
    channel = _sms_channel(os.environ) if by_sms else None
    notice = notifications.notice(place.server(), place.folder, today())
    if notice and channel:
        gateway, number, template = channel
        # An operator silently drops a text that differs from the one registered under the template.
        language = os.environ.get("PORTAL_NOTICE_LANGUAGE", "en" if template else "")
        notifications.send_notice(gateway, number, notifications.notice_in(language) if language else notice, template)
    elif notice:
        say(notice)


def _sms_channel(settings: Mapping[str, str]) -> tuple[Gateway, str, str]:
    """Return the SMS gateway, the number for notices, and the template. Raises Problem if no gateway is set."""
    gateway = http_gateway(settings)
    if gateway is None:
        raise Problem("PORTAL_SMS_URL", "is not set.", "Set it to the provider's address, or leave out --by-sms.")
    number = notifications.notice_number(settings.get("PORTAL_NOTICE_NUMBER", ""))
    return gateway, number, settings.get("PORTAL_NOTICE_TEMPLATE", "")


register_event_commands(desk, unlock, find_case, today)
for command in (*CASE_COMMANDS, *KEY_COMMANDS, *TRUST_COMMANDS, *WATCH_COMMANDS, *FOLDER_COMMANDS):
    desk.add_command(command)


def main() -> None:
    """Run the installed command `portal-desk`: keys and letters in the folder of this user."""
    take_any_script()
    try:
        home = Path.home() / ".portal-desk"
    except RuntimeError:  # a scheduler's empty environment, or a container's user without a home
        home = Path(".portal-desk")
    desk.params = [replace_default(parameter, home) for parameter in desk.params]
    desk(prog_name="portal-desk")


def replace_default(parameter: click.Parameter, home: Path) -> click.Parameter:
    """Return the parameter; of `--home` a copy with this folder as its default."""
    if parameter.name != "home":
        return parameter
    return click.Option(
        ["--home"], type=click.Path(path_type=Path), default=home, envvar="PORTAL_DESK_HOME", show_default=True,
        help="Folder of the desks' keys and letters.",
    )  # fmt: skip
