"""The commands of the staff's editor: on this machine, and as an office for staff elsewhere."""

# ruff: noqa: PLC0415 - the editor's packages are installed with `edit`; these commands are listed without them too
from pathlib import Path

import click

from commands.site import this_site
from forms.core.terminal.prompts import SecretOption


class EditorCommands(click.Group):
    """The editor's commands, and those for accounts of its office, whose choices depend on the site."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), "office"})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name != "office":
            return super().get_command(ctx, cmd_name)
        from commands import editing

        return editing.office_accounts(this_site())


@click.group(cls=EditorCommands, invoke_without_command=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen; any free port if not given.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to publish into. Without: the releases, else public."
)
@click.option("--browser/--no-browser", default=True, help="Open the browser, or only show the address.")
@click.option("--office", "name", default="", help="Serve a district's staff under this name, behind nginx.")
@click.option("--bind", default="unix:/run/portal-office/office.sock", show_default=True, help="Where nginx finds it.")
@click.pass_context
def edit(ctx: click.Context, port: int, out: Path | None, browser: bool, name: str, bind: str) -> None:
    """Write, translate and publish in the browser, on this machine only.

    Where `publish` has put a release into use, the editor's button does the same. With --office staff sign in to it
    from elsewhere: docs/operators.md.
    """
    if ctx.invoked_subcommand is not None:
        return
    from commands import editing

    site = this_site()
    with site.report_problems():
        if name:
            editing.serve_office(site, name, bind, out)
        else:
            editing.open_editor(site, port, out, browser=browser)


@edit.command("review-pack")
@click.argument("language")
@click.option(
    "--out", type=click.Path(path_type=Path), default=lambda: this_site().root / "review", help="Folder for the files."
)
def review_pack(language: str, out: Path) -> None:
    """Write a paper and a table for a native reader without an account. Like: edit review-pack ta

    The table comes back in the editor: Translate, the language, "For a native reader".
    """
    from commands import editing

    site = this_site()
    with site.report_problems():
        editing.write_review_pack(site, language, out)


@edit.command("remote-token")
@click.option("--user", prompt="Name at the git server")
@click.option("--token", cls=SecretOption, prompt="Token or password")
def remote_token(user: str, token: str) -> None:
    """Keep the name and token for the git remote of portal.yml on this machine, where it needs any (https)."""
    from commands import editing

    site = this_site()
    with site.report_problems():
        editing.keep_remote_token(site, user, token)
