"""Commands for releases: publish, releases, rollback."""

import os
from contextlib import nullcontext, suppress
from datetime import date
from functools import partial
from pathlib import Path

import click

from forms.core.builds import publishing_report
from forms.core.problem import Problem, Problems
from forms.operations import releases as folders
from forms.operations import static_layout
from forms.operations.cli.main import FOR_READERS, Checkout, checkout, report_problems
from forms.operations.districts import every_district
from forms.operations.installation import become_owner
from forms.operations.publishing_lock import publishing_lock
from forms.operations.releases import Release
from forms.operations.updating.content_writers import clone_in
from forms.operations.updating.git_source import GitSource


@click.command()
@click.option("--as-it-is", is_flag=True, help="Take public/ and .build/portal.json, built on another machine.")
@click.option("--daily", is_flag=True, help="As the timer of the day: write down what came of it, for `status`.")
@click.option("--clock-is-right", is_flag=True, help="A release of a later day was made by a wrong clock.")
@click.option("--to", type=click.Path(path_type=Path), help="Folder to lay pages out in, for an object store.")
@click.option("--districts", "all_", type=click.Path(file_okay=False, path_type=Path),
              help="Folder of many districts: publish each whose content is on this machine.")  # fmt: skip
def publish(*, as_it_is: bool, daily: bool, clock_is_right: bool, to: Path | None, all_: Path | None) -> None:
    """Put what content/ says into use, pages and forms in the same moment; builds first where anything changed."""
    with report_problems():
        os.umask(FOR_READERS)
        here = checkout()
        if all_ is not None and to:
            raise Problem("--to", "is for one district.", "Name it: --content FOLDER publish --to ...")
        if all_ is not None:
            flags = {"--as-it-is": as_it_is, "--daily": daily, "--clock-is-right": clock_is_right}
            every_district.run(here, all_, lambda _: ["publish", *(name for name, is_set in flags.items() if is_set)])
            return
        become_owner(here.published)
        report = publishing_report.record_outcome(here.published, here.today()) if daily else nullcontext()
        with report, publishing_lock(here.published, say_waiting, partial(purge_while_waiting, here)):
            _recover(here)
            release = publish_newest(here, as_it_is=as_it_is, clock_is_right=clock_is_right)
            laid_out = static_layout.write(release.public, to) if to else None
        click.echo(f"Release {release.number} is in use: {release.public}")
        if laid_out:
            click.echo(
                f"{laid_out[0]} objects lie in {to}. Upload them in the order of {static_layout.LISTING}, then "
                f"delete the {laid_out[1]} that it names as gone; and again after each withdrawal, or the store "
                "goes on showing it."
            )


def _recover(here: Checkout) -> None:
    """Write withdrawals into consents.csv again that a power cut during an update left set aside."""
    clone = clone_in(here.root)
    if clone.exists():
        GitSource(here.root / "content", clone, Path(os.devnull), keep_withdrawals=here.keep_withdrawals).recover()


def publish_newest(here: Checkout, *, as_it_is: bool = False, clock_is_right: bool = False) -> Release:
    """Build where this machine can build, and put the build into use. Raises Problem or Problems.

    Call it within `publishing_lock` and as the owner of the releases, who could not replace root's files later.
    """
    if not clock_is_right:
        require_no_earlier_day(here)
    public, handover = here.root / "public", here.root / ".build" / "portal.json"
    if here.build is not None and not as_it_is:
        public, handover = here.build()
    return folders.publish(here.published, public, handover, here.today(), purge=here.purge)


def require_no_earlier_day(here: Checkout) -> None:
    """Raise Problem where a release was built on a later day: a consent that has ended since would count again."""
    days = []
    for release in folders.every(here.published):
        with suppress(Problem):  # a damaged release is reported where it is used
            days.append(date.fromisoformat(release.manifest.day))
    if days and here.today() < max(days):
        todo = (
            "Correct the clock (timedatectl). If it is right, and was ahead when that release was made: "
            "python3 build.py publish --clock-is-right"
        )
        what = f"shows {here.today()}, and a release was made on {max(days)}: a consent that ended since would count."
        raise Problem("The clock of this machine", what, todo)


def say_waiting() -> None:
    """Say that another program publishes here."""
    click.echo("Another program publishes here just now: waiting for its end.", err=True)


def purge_all(here: Checkout) -> None:
    """Remove what has no consent from every release; one that cannot be cleaned stops no other. Raises Problems."""
    problems: list[Problem] = []
    purge = here.purge or (lambda _: None)
    for release in folders.every(here.published):
        try:
            purge(release.public)
        except Problems as error:
            problems += error.problems
        except Exception as error:  # noqa: BLE001 - any fault of one release is reported, and the next is cleaned
            fault = str(error) if isinstance(error, Problem) else type(error).__name__
            todo = f"Where it is not in use, remove {release.folder}; else publish, and it is replaced."
            what = f"cannot be cleaned of what was withdrawn: {fault}"
            problems.append(Problem(f"release {release.number}", what, todo))
    if problems:
        raise Problems(problems)


def purge_while_waiting(here: Checkout) -> None:
    """Remove what has no consent from every release while another program publishes; ignore failures.

    Midnight may pass while this program waits, and the other one may hang. What failed is reported when this program
    publishes itself.
    """
    with suppress(Problems):
        purge_all(here)


@click.command()
def releases() -> None:
    """List the releases that are there, and which is in use."""
    here = checkout()
    with report_problems():
        in_use = folders.current(here.published)
        for release in folders.every(here.published):
            mark = "in use" if in_use is not None and release.number == in_use.number else ""
            click.echo(f"{release.number}  built on {release.manifest.day}  {mark}".rstrip())
        if in_use is None:
            click.echo("Nothing is published yet: publish")


@click.command()
@click.argument("number", required=False, type=int)
def rollback(number: int | None) -> None:
    """Go back to the release before this one, or to the one with this NUMBER. What was withdrawn stays withdrawn."""
    here = checkout()
    with report_problems():
        os.umask(FOR_READERS)
        become_owner(here.published)
        seen = folders.current(here.published)
        with publishing_lock(here.published, say_waiting):
            release = folders.rollback(here.published, number, purge=here.purge, seen=seen)
        click.echo(f"Release {release.number} is in use again. The next publish builds on what content/ says then.")
