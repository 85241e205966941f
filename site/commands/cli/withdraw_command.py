"""The command that takes a story, picture or recording off the site, here and on the server."""

from contextlib import suppress
from pathlib import Path

import click
from editor import settings
from sitegen.checks.settings_validation import remote_of
from sitegen.content.settings import SETTINGS_FILE, read_settings

from commands.site import Site, public_folder, this_site
from commands.withdrawals import take_back
from forms.core.problem import Problem


@click.command()
@click.argument("story")
@click.option("--out", type=click.Path(path_type=Path), default=public_folder, help="Folder of the built site.")
def withdraw(story: str, out: Path) -> None:
    """Take a story, picture or recording off the built site at once. Like: withdraw the-advance

    It works whatever else is wrong with the content.
    """
    site = this_site()
    with site.report_problems():
        try:
            take_back(site, story, out)
        finally:
            tell_server(site)


def tell_server(site: Site) -> None:
    """Push what was withdrawn to the git remote that portal.yml names, if any: readers see the server's site.

    Raises Problem where that did not work now; the editor tries it again.
    """
    try:
        remote = remote_of(read_settings(site.content), SETTINGS_FILE)
    except Problem as wrong:
        if not names_remote((site.root / SETTINGS_FILE).read_bytes() if (site.root / SETTINGS_FILE).is_file() else b""):
            return
        _leave_to_editor(site)
        todo = (
            f"Mend it ({wrong.where}: {wrong.what}) and open the editor, which tries again. If it is urgent, withdraw"
        )
        what = "cannot be read, so the server has not been told: readers still see there what was withdrawn here."
        raise Problem(SETTINGS_FILE, what, f"{todo} it on the server itself.") from None
    if remote is None:
        return
    _leave_to_editor(site)  # which takes it up, should this not come to an end
    try:
        from commands import editing  # noqa: PLC0415 - its packages may not be installed
    except ImportError:
        what = "has not been told: readers still see there what was withdrawn here."
        todo = "Run: python3 build.py edit   It installs what pushes it. If it is urgent, withdraw it on the server."
        raise Problem(remote[0], what, todo) from None
    editing.push_withdrawals(site)


def _leave_to_editor(site: Site) -> None:
    """Note that the editor must push a withdrawal, if the disk takes it."""
    with suppress(OSError):
        since = settings.read(site.editor_memory).withdrawing_since
        settings.update(site.editor_memory, withdrawing_since=since or site.today().isoformat())


def names_remote(written: bytes) -> bool:
    """Return whether a portal.yml that cannot be read may name a place to which the site is pushed."""
    return any(line.lstrip(b"\xef\xbb\xbf\"' ").startswith(b"publish") for line in written.splitlines())
