"""Commands that examine this desk, the public site, and the access log."""

import click

from forms.desk.cases import plain_text
from forms.desk.cli.errors import show_problems
from forms.desk.cli.opening import today, unlock
from forms.desk.cli.terminal import say
from forms.desk.command_line import command as desk_command
from forms.desk.doctor.examination import examine
from forms.desk.services.place import DeskPlace
from forms.desk.watch.site_findings import WHAT_TO_DO, findings
from forms.desk.watch.site_watch import SiteWatch, last_portal


@click.command("doctor")
@click.pass_obj
@show_problems
def doctor_command(place: DeskPlace) -> None:
    """Say what is wrong at this desk, and what to do."""
    findings = examine(unlock(place))
    for finding in findings:
        say(f"{'well ' if finding.ok else 'MEND '} {finding.sentence}")
    raise SystemExit(0 if all(finding.ok for finding in findings) else 1)


@click.command("watch")
@click.option("--all", "everything", is_flag=True, help="Every page in every language, not a few at random.")
@click.option("--seen", is_flag=True, help="Forget the alarms: somebody has dealt with them.")
@click.option("--trust", is_flag=True, help="Trust the publishers' keys that the portal names now.")
@click.pass_obj
@show_problems
def watch_command(place: DeskPlace, everything: bool, seen: bool, trust: bool) -> None:
    """Compare the public site with what its publishers signed, as a visitor. Needs no passphrase.

    Run it from other networks too, like a phone's: a server may know this machine by its network address.
    """
    watch, portal = SiteWatch(place.folder, place.address), last_portal(place.folder)
    if trust:
        say("\n".join(["Trusted from now on:", *(watch.trust_publishers(portal) or ["no key"])]))
    if seen or trust:
        say(f"Alarms forgotten: {watch.dismiss()}.")
    watch.check(portal, today(), everything=everything)
    results = list(findings(watch, portal, today()))
    for ok, sentence in results:
        say(f"{'well ' if ok else 'MEND '} {sentence}")
    raise SystemExit(0 if all(ok for ok, _ in results) else 1)


def show_alarms(watch: SiteWatch) -> None:
    """Print the alarms about the public site in red, on the error stream."""
    alarms = watch.state.alarms
    if alarms:
        lines = [
            "THE PUBLIC SITE IS NOT WHAT ITS PUBLISHERS SIGNED:",
            *(f"  {alarm.day}: {alarm.sentence}" for alarm in alarms),
        ]
        say(
            "\n".join([*lines, WHAT_TO_DO, f"When it is dealt with: {desk_command('watch --seen')}"]),
            fg="red",
            err=True,
        )


@click.command()
@click.pass_obj
@show_problems
def access(place: DeskPlace) -> None:
    """Who of this desk did what with which letter, as the server wrote it down."""
    for row in unlock(place).place.server().access():
        say("  ".join(plain_text.printable(row.get(name, "")) for name in ("at", "member", "what", "letter")))


WATCH_COMMANDS = (doctor_command, watch_command, access)
