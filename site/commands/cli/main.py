"""The command line: the commands for the site and its staff, beside the operator's and the desk's.

A module of commands is imported when one of them is asked for: a second `serve` starts fast.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import click

from commands.checkouts import checkout_of
from commands.problems import report_problems
from commands.site import SITE, Program, Site
from forms.core.builds.version import VERSION
from forms.operations.cli.main import CHECKOUT, OperatorGroup

COMMANDS: Mapping[str, str] = {
    "add-language": "check_commands",
    "build": "build_commands",
    "check": "check_commands",
    "docs": "development_commands",
    "edit": "edit_commands",
    "install": "development_commands",
    "kit": "build_commands",
    "new-publisher-key": "key_commands",
    "serve": "serve_command",
    "test": "development_commands",
    "withdraw": "withdraw_command",
    "words": "check_commands",
}
"""The module of each command. Its name there is the command's, with _ for -."""

AS_PUBLISHER = frozenset(
    {"add-language", "build", "check", "edit", "kit", "new-publisher-key", "serve", "withdraw", "words"}
)
"""Commands that write where the user who publishes must be able to write later, also where root runs them."""


FOR_DISTRICTS = AS_PUBLISHER | {"publish", "releases", "rollback", "update"}
"""Commands that work where a district's site is built and published: below .build, which is the publisher's."""


class Commands(OperatorGroup):
    """The commands above, the operator's, and the desk's."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *COMMANDS, "desk"})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = import_module(f"commands.cli.{COMMANDS[cmd_name]}")
            found: click.Command = getattr(module, cmd_name.replace("-", "_"))
            return found
        return _desk(ctx) if cmd_name == "desk" else super().get_command(ctx, cmd_name)


def _desk(ctx: click.Context) -> click.Command:
    """Return the desk's commands; what they keep lies in the site's folder unless another is named."""
    from forms.desk.cli.main import desk, replace_default  # noqa: PLC0415 - loads all of the desk

    site: Site = ctx.find_root().obj
    desk.params = [replace_default(parameter, site.desk_keys) for parameter in desk.params]
    return desk


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, message="%(version)s")
@click.pass_obj
@click.pass_context
def portal(context: click.Context, site: Site) -> None:
    """The Safe Community Portal: a public site in several languages, sign-ups, and sealed, anonymous concerns.

    First time here?  python3 build.py serve  shows everything on this machine.

    Each command takes --content FOLDER for another district, like --content districts/sundargarh.
    """
    context.meta.update({SITE: site, CHECKOUT: checkout_of(site)})
    if context.invoked_subcommand in AS_PUBLISHER and site.published.exists():
        with report_problems(site.root):
            _become_publisher(site.root)


def main(program: Program) -> None:
    """Run the command that the words after build.py name. Ends the program."""
    try:
        root = root_of(program, sys.argv)
    except click.ClickException as told:
        told.show()
        sys.exit(told.exit_code)
    portal(prog_name="python3 build.py", obj=Site(root, program))


def root_of(program: Program, arguments: list[str]) -> Path:
    """Return the folder of the site: the program's own, or of the district that --content names, which is taken out."""
    for at, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--content" or word.startswith("--content="):
            named = arguments[at + 1 : at + 2] if word == "--content" else [word.partition("=")[2]]
            del arguments[at : at + (2 if word == "--content" else 1)]
            from sitegen.layers import site_root  # noqa: PLC0415 - of another district only

            content = Path(*named) if named else Path("--content")
            if content.resolve() == program.root.resolve() / "content":
                return program.root  # else `withdraw` would clean another site than the one that readers see
            with report_problems(program.root):
                if FOR_DISTRICTS.intersection(arguments[1:2]):
                    _become_publisher(program.root)
                return site_root.of(program.root, content)
    return program.root


def _become_publisher(root: Path) -> None:
    """Go on as the user who publishes here. Raises Problem.

    By the folder of the checkout, which is root's: that of a district's releases lies below .build, where that user may
    take it away or lead it elsewhere, and root would go on as root.
    """
    from forms.operations.installation import become_owner  # noqa: PLC0415 - loads the stores

    become_owner(root / "published")
