"""The command status: how all districts stand, on one screen or as JSON; the word to the operator once a week."""

import json
import os
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from forms.core.builds.version import VERSION
from forms.core.problem import Problem
from forms.operations.cli.main import checkout, report_problems
from forms.operations.installation import become_owner, become_owner_of_first, marks_here, settings_here
from forms.operations.status.examination import look_at
from forms.operations.status.items import Status, StatusItem
from forms.server.districts import settings as districts

NOTICE = "The portal needs its operator. Run: portal status"
"""Always the same: whoever reads the operator's mail or screen learns nothing of any district or letter."""

DATABASES_OF_ONE = 2
"""Of a district: concerns, and sign-ups with requests; the budget is of each."""

NEEDS = 1
"""Exit code where anything needs the operator: a monitor goes by it."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For a program.")
@click.option("--weekly", is_flag=True, help="Only one sentence, and only where anything needs the operator.")
@click.option("--mail", envvar="PORTAL_OPERATOR_MAIL", help="With --weekly: mail the sentence there (sendmail).")
@click.option("--districts", "folder", envvar="PORTAL_DISTRICTS", type=click.Path(file_okay=False, path_type=Path))
@click.option("--backups", envvar="PORTAL_BACKUP_FOLDER", type=click.Path(file_okay=False, path_type=Path))
@click.option("--certificate", type=click.Path(path_type=Path), default=Path("/etc/portal-tls/current/fullchain.pem"))
@click.pass_context
def status(
    ctx: click.Context,
    folder: Path | None,
    backups: Path | None,
    certificate: Path,
    mail: str | None,
    *,
    as_json: bool,
    weekly: bool,
) -> None:
    """Show how the portal stands: build, desks, room, backups, certificate, clock, helplines, consents. In days.

    Of many districts: all of them. Exit code 1 where anything needs the operator.
    """
    with report_problems():
        found = _all(folder, backups, certificate)
        if weekly:
            _say_weekly(found, mail)
            return
        click.echo(json.dumps(_as_json(found), indent=1, ensure_ascii=False) if as_json else "\n".join(_screen(found)))
    if any(one.needs for one in found):
        ctx.exit(NEEDS)


def _all(folder: Path | None, backups: Path | None, certificate: Path) -> list[Status]:
    here = checkout()
    if folder is None:
        settings = settings_here()
        become_owner(settings.data)
        return [look_at("portal", settings, backups=backups, certificate=certificate, due=here.due)]
    become_owner_of_first(folder)
    found = [_of_district(folder, name, backups, certificate) for name in districts.names(folder)]
    return [*found, *_together(folder)]


def _together(folder: Path) -> list[Status]:
    """Return whether the budgets of all districts fit on their disks: else floods of some fill it for all."""
    budgets: dict[int, list[tuple[int, Path]]] = {}
    for name in districts.names(folder):
        with suppress(Problem, OSError):
            own = districts.read(folder, name).settings
            budgets.setdefault(own.data.stat().st_dev, []).append((DATABASES_OF_ONE * own.budget, own.data))
    items = []
    for some in budgets.values():
        total, size = sum(budget for budget, _ in some), shutil.disk_usage(some[0][1]).total
        if total > size:
            what = f"The budgets of {len(some)} districts are {total // 10**9} GB together, and their disk has"
            todo = "a flood of some fills it for all. Lower them: portal district update NAME --set budget=..."
            items.append(StatusItem("budgets", total, f"{what} {size // 10**9} GB: {todo}", needs=True))
    return [Status("all districts", tuple(items))] if items else []


def _of_district(folder: Path, name: str, backups: Path | None, certificate: Path) -> Status:
    """Return how one of many stands: its backups and certificate lie in folders of its name."""
    own = certificate.parent.parent / "districts" / name / certificate.parent.name / certificate.name
    try:
        settings = replace(districts.read(folder, name).settings, marks=marks_here())
    except Problem as problem:
        return Status(name, (StatusItem("settings", None, str(problem), needs=True),))
    return look_at(name, settings, backups=backups / name if backups else None, certificate=own)


def _as_json(found: list[Status]) -> dict[str, object]:
    return {
        "version": VERSION,
        "needs": sum(len(one.needs) for one in found),
        "districts": [one.as_json for one in found],
    }


def _screen(found: list[Status]) -> list[str]:
    """Return what needs the operator first, of all districts; then one line for each that is well."""
    lines = [f"Safe Community Portal {VERSION}"]
    for one in found:
        if one.needs or len(found) == 1:
            lines.append(f"\n{one.district}:")
            shown = one.items if len(found) == 1 else one.needs
            lines += [f"  {'!' if item.needs else ' '} {item.sentence}" for item in shown]
    well = [one.district for one in found if not one.needs]
    if well and len(found) > 1:
        lines.append(f"\nNothing is needed: {', '.join(well)}")
    return lines


def _say_weekly(found: list[Status], mail: str | None) -> None:
    """Mail or print the week's sentence where a district needs its operator.

    Raises Problem where it cannot be mailed.
    """
    if not any(one.needs for one in found):
        return
    if not mail:
        click.echo(NOTICE)
        return
    program = shutil.which("sendmail") or shutil.which("sendmail", path="/usr/sbin")
    if program is None:
        raise Problem(
            "sendmail", "is not on this machine.", "Install one (msmtp-mta), or let cron mail what is printed."
        )
    text = f"To: {mail}\nSubject: {NOTICE}\n\n{NOTICE}\n"
    done = subprocess.run([program, "-i", "--", mail], input=text.encode(), check=False, env=dict(os.environ))  # noqa: S603
    if done.returncode:
        raise Problem(mail, "could not be mailed.", "Look at the log of sendmail on this machine.")
