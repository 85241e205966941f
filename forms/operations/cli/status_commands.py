"""The command status: the state of all districts, on one screen or as JSON; a weekly message to the operator."""

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
from forms.operations.status.examination import examine
from forms.operations.status.items import Status, StatusItem
from forms.server.districts import settings as districts

NOTICE = "The portal needs its operator. Run: portal status"
"""Always the same text: a stranger who reads the operator's mail learns nothing about a district or a letter."""

DATABASES_PER_DISTRICT = 2
"""Concerns, and sign-ups with requests; the budget counts for each."""

NEEDS_OPERATOR = 1
"""Exit code, for a monitor."""


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
        districts_status = _examine_all(folder, backups, certificate)
        if weekly:
            _send_weekly_notice(districts_status, mail)
            return
        if as_json:
            click.echo(json.dumps(_as_json(districts_status), indent=1, ensure_ascii=False))
        else:
            click.echo("\n".join(_screen(districts_status)))
    if any(district.needs for district in districts_status):
        ctx.exit(NEEDS_OPERATOR)


def _examine_all(folder: Path | None, backups: Path | None, certificate: Path) -> list[Status]:
    here, is_served = checkout(), is_served_over_tls(certificate)
    if folder is None:
        settings = settings_here()
        become_owner(settings.data)
        return [
            examine(
                "portal", settings, backups=backups, certificate=certificate, needs_certificate=is_served, due=here.due
            )
        ]
    become_owner_of_first(folder)
    all_status = [_examine_district(folder, name, backups, certificate) for name in districts.names(folder)]
    return [*all_status, *_shared_budget(folder)]


def is_served_over_tls(certificate: Path) -> bool:
    """Return whether install-server was run here: then a missing certificate means that the site cannot be reached.

    certificate: of the machine, as in /etc/portal-tls/current/fullchain.pem.
    """
    tls = certificate.parent.parent
    return tls.is_dir() or (tls.parent / "portal" / "installed.json").exists()


def _shared_budget(folder: Path) -> list[Status]:
    """Return an item for each disk that is smaller than the budgets on it: floods of some districts could fill it."""
    budgets: dict[int, list[tuple[int, Path]]] = {}
    for name in districts.names(folder):
        with suppress(Problem, OSError):
            settings = districts.read(folder, name).settings
            budget = DATABASES_PER_DISTRICT * settings.budget
            budgets.setdefault(settings.data.stat().st_dev, []).append((budget, settings.data))
    items = []
    for on_disk in budgets.values():
        total, size = sum(budget for budget, _ in on_disk), shutil.disk_usage(on_disk[0][1]).total
        if total > size:
            what = f"The budgets of {len(on_disk)} districts are {total // 10**9} GB together, and their disk has"
            todo = "a flood of some fills it for all. Lower them: portal district update NAME --set budget=..."
            items.append(StatusItem("budgets", total, f"{what} {size // 10**9} GB: {todo}", needs=True))
    return [Status("all districts", tuple(items))] if items else []


def _examine_district(folder: Path, name: str, backups: Path | None, certificate: Path) -> Status:
    """Return the state of one of many districts: its backups and its certificate are in folders of its name."""
    own_certificate = certificate.parent.parent / "districts" / name / certificate.parent.name / certificate.name
    try:
        settings = replace(districts.read(folder, name).settings, marks=marks_here())
    except Problem as problem:
        return Status(name, (StatusItem("settings", None, str(problem), needs=True),))
    return examine(
        name, settings, backups=backups / name if backups else None, certificate=own_certificate,
        needs_certificate=is_served_over_tls(certificate),
    )  # fmt: skip


def _as_json(districts_status: list[Status]) -> dict[str, object]:
    return {
        "version": VERSION,
        "needs": sum(len(district.needs) for district in districts_status),
        "districts": [district.as_json for district in districts_status],
    }


def _screen(districts_status: list[Status]) -> list[str]:
    """Return what needs the operator, by district, then the names of the districts that need nothing."""
    lines = [f"Safe Community Portal {VERSION}"]
    is_only = len(districts_status) == 1
    for status_of in districts_status:
        if status_of.needs or is_only:
            lines.append(f"\n{status_of.district}:")
            shown = status_of.items if is_only else status_of.needs
            lines += [f"  {'!' if item.needs else ' '} {item.sentence}" for item in shown]
    well = [status_of.district for status_of in districts_status if not status_of.needs]
    if well and not is_only:
        lines.append(f"\nNothing is needed: {', '.join(well)}")
    return lines


def _send_weekly_notice(districts_status: list[Status], mail: str | None) -> None:
    """Mail or print the weekly notice where a district needs its operator.

    Raises Problem where it cannot be mailed.
    """
    if not any(district.needs for district in districts_status):
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
    command = [program, "-i", "--", mail]
    result = subprocess.run(command, input=text.encode(), check=False, env=dict(os.environ))  # noqa: S603
    if result.returncode:
        raise Problem(mail, "could not be mailed.", "Look at the log of sendmail on this machine.")
