"""Commands for the keys of others and for old keys: compare and confirm keys, encrypt again, delete old keys."""

import click

from forms.core.problem import Problem
from forms.desk.cases import plain_text
from forms.desk.cli.errors import show_problems
from forms.desk.cli.opening import ask_passphrase, clock, number_cases, today, unlock
from forms.desk.cli.terminal import say
from forms.desk.command_line import command as desk_command
from forms.desk.crypto import key_sheet
from forms.desk.doctor.colleague_keys import record_colleague_keys
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session


@click.command("keys")
@click.pass_obj
@show_problems
def keys_command(place: DeskPlace) -> None:
    """Show the fingerprints of all desks' keys, to be compared with the printed sheet or on the telephone."""
    session = unlock(place)
    away = session.sync.run().away
    if away:
        say(away, err=True)
    _show_keys(session)


def _show_keys(session: Session, who: str = "") -> None:
    for line in key_sheet.lines(session.keys.pinned, session.portal.current.desks, session.keys.member, who):
        say(plain_text.printable(line))


@click.command()
@click.argument("who", required=False, default="")
@click.option("--all", "everybody", is_flag=True, help="All keys, after you compared them with the printed sheet.")
@click.option("--refuse", is_flag=True, help="The new key is not right: go on with the one that this machine knows.")
@click.option("--stolen", is_flag=True, help="The old key may be in wrong hands: its signatures count no more.")
@click.option("--old-entries", is_flag=True, help="Let entries count that are here and not proven, as after a restore.")
@click.option("--statements", is_flag=True, help="Let the server's daily statements begin anew, after you asked why.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.pass_obj
@show_problems
def trust(
    place: DeskPlace,
    who: str,
    everybody: bool,
    refuse: bool,
    stolen: bool,
    old_entries: bool,
    statements: bool,
    yes: bool,
) -> None:
    """Confirm the changed keys of a person or desk, like police/anita, after comparing fingerprints."""
    session = unlock(place)
    if statements:
        _reset_statements(session, yes)
        return
    if old_entries:
        _accept_old_entries(session, yes)
        return
    if bool(who) == everybody or (refuse and everybody):
        raise Problem("trust", "Whose keys?", f"Name one person or desk, or give --all. See: {desk_command('keys')}")
    _show_keys(session, who)
    if refuse:
        say(f"Refused: {session.key_decisions.refuse(who)}. Tell whoever builds the site.")
        return
    if not yes:
        click.confirm("Are these the numbers on the printed sheet, or as you were told on the telephone?", abort=True)
    say(f"Confirmed: {session.key_decisions.trust(who, stolen=stolen)}.")


def _reset_statements(session: Session, yes: bool) -> None:
    for sentence in session.withheld.statements.known().findings():
        say(sentence)
    if not yes:
        click.confirm("Has whoever runs the server told you why, and do you believe it?", abort=True)
    existed = session.withheld.statements.reset()
    say("They begin anew at the next fetch." if existed else "There were none.")


def _accept_old_entries(session: Session, yes: bool) -> None:
    entries = session.cases.unproven()
    for entry in entries:
        say(f"{entry.thread[:8]}  {plain_text.printable(entry.at)}  {plain_text.printable(entry.member)}  {entry.kind}")
    for id in (copies := session.cases.unproven_copies()):
        say(f"{id[:8]}  a copy without a right signature")
    if (entries or copies) and not yes:
        click.confirm("Did these people write this, and make these copies?", abort=True)
    say(f"They count now: {session.key_decisions.accept_unsigned()}.")


@click.command()
@click.argument("member")
@click.pass_obj
@show_problems
def reseal(place: DeskPlace, member: str) -> None:
    """Seal all open cases anew for a colleague with a new key, like police/anita."""
    session = unlock(place)
    session.sync.run()
    count = session.sharing.reseal(member)
    record_colleague_keys(session, member)
    say(f"{count} open cases are sealed for {member}.")


@click.command("forget-old-keys")
@click.option("--seal-anew", is_flag=True, help="First seal for the present key what only old ones open.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.pass_obj
@show_problems
def forget_old_keys(place: DeskPlace, seal_anew: bool, yes: bool) -> None:
    """Forget the old keys of this machine, after saying what will not open any more; this cannot be taken back."""
    passphrase = ask_passphrase(place)
    session = Session.unlock(place, passphrase, clock())
    if len(session.own_keys.identities) == 1:
        say("This machine has no old key.")
        return
    session.key_retirement.require_that_new_key_is_known()
    use = session.key_retirement.find_needed()
    say(use.sentence)
    for number, case in number_cases(session):
        if case in use.cases:
            say(plain_text.case_line(number, case, today()))
    if use.files:
        say("They are sealed for the present key first." if seal_anew else
                   "They will not open any more on this machine. To keep them: --seal-anew.")  # fmt: skip
    if not yes:
        click.confirm("Forget the old keys for ever?", abort=True)
    if seal_anew:
        session.key_retirement.seal_anew(use)
    say(f"Forgotten: {session.key_decisions.forget_old_keys(passphrase)}. Copies of the folder still have them.")


TRUST_COMMANDS = (keys_command, trust, reseal, forget_old_keys)
