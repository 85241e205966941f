"""The command that takes what staff have pushed."""

import os
from functools import partial
from pathlib import Path

import click

from forms.core.builds import publishing_report
from forms.core.problem import Problem, Problems
from forms.operations import releases
from forms.operations.cli.main import FOR_READERS, Checkout, checkout, report_problems
from forms.operations.cli.release_commands import publish_newest, purge_all, purge_while_waiting, say_waiting
from forms.operations.districts import every_district
from forms.operations.installation import become_owner
from forms.operations.publishing_lock import publishing_lock
from forms.operations.updating.content_writers import clone_in, require_no_office
from forms.operations.updating.git_source import GitSource
from forms.operations.updating.update import update as update_content
from forms.operations.updating.update import update_library
from forms.server.districts.settings import District


@click.command()
@click.option("--signers", type=click.Path(path_type=Path), default=Path("/etc/portal/allowed_signers"),
              show_default=True, help="Whose signature counts: a name and an SSH key a line.")  # fmt: skip
@click.option("--remote", default="origin", show_default=True, help="Where staff push to, as the clone names it.")
@click.option("--branch", default="main", show_default=True, help="The branch that is published.")
@click.option("--districts", "all_", envvar=every_district.FOLDER, type=click.Path(file_okay=False, path_type=Path),
              help="Folder of many districts: each that names its content, by its own allowed_signers.")  # fmt: skip
@click.option("--renamed", is_flag=True, help="The site has a new address: take what was signed for that one.")
@click.option("--libraries", "only_libraries", is_flag=True, help="Only fetch the libraries that portal.yml names.")
def update(signers: Path, remote: str, branch: str, all_: Path | None, *, renamed: bool, only_libraries: bool) -> None:
    """Take the newest content that a named person signed; check, build, put into use.

    What fails changes nothing, and is shown to staff at their desks. Where there is no clone of a repository in
    var/content.git, what content/ holds is published.
    """
    here = checkout()
    content, clone = here.root / "content", clone_in(here.root)
    with report_problems():
        os.umask(FOR_READERS)
        if all_ is not None:
            every_district.run(here, all_, lambda district: _command_for(all_, district, remote, branch))
            return
        if only_libraries:
            _fetch_libraries(here)
            return
        become_owner(clone)  # git runs what a repository's settings name: never as root
        become_owner(here.published)
        source = None
        if clone.exists():
            require_no_office(here.root)
            source = GitSource(
                content, clone, signers, remote, branch, here.keep_withdrawals, renamed, here.withdrawn_stories
            )
        report = publishing_report.record_outcome(here.published, here.today())  # even if the lock is never free
        with report, publishing_lock(here.published, say_waiting, partial(purge_while_waiting, here)):
            message = update_content(
                source, lambda: publish_newest(here), here.published, here.today(), purge=lambda: purge_all(here),
                is_rolled_back=releases.is_rolled_back(here.published), libraries=here.libraries,
            )  # fmt: skip
        click.echo(message)


def _fetch_libraries(here: Checkout) -> None:
    """Fetch the libraries, and publish nothing. Raises Problems."""
    problems: list[Problem] = []
    become_owner(here.root / "content")
    for source in here.libraries():
        try:
            click.echo(update_library(source) or f"Library {source.folder.name}: there is nothing new.")
        except Problem as problem:
            problems.append(problem)
    if problems:
        raise Problems(problems)


def _command_for(folder: Path, district: District, remote: str, branch: str) -> list[str]:
    """Return the command that updates one of many districts, by its own signers."""
    signers = str(folder / district.name / "allowed_signers")
    return ["update", "--signers", signers, "--remote", remote, "--branch", branch]
