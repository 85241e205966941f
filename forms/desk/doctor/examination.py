"""Diagnose a desk: each finding in a sentence with what to do. Changes nothing.

But it holds this machine's clock and the server's against each other, which ends a doubt where they agree.
"""

from collections.abc import Callable, Iterator

from forms.core.problem import Problem
from forms.desk.doctor import key_checks, letter_checks, machine_checks, server_checks
from forms.desk.doctor.finding import Finding
from forms.desk.session import Session

_CHECKS: tuple[Callable[[Session], Iterator[Finding]], ...] = (
    machine_checks.passphrase,
    machine_checks.files,
    machine_checks.room,
    server_checks.connection,
    server_checks.publishing,
    server_checks.clocks,
    key_checks.key_in_portal,
    key_checks.pinned_keys,
    key_checks.signing,
    key_checks.old_keys,
    key_checks.colleagues,
    key_checks.recovery,
    letter_checks.readable_letters,
    letter_checks.other_versions,
    letter_checks.outgoing,
    machine_checks.confinement,
    server_checks.public_site,
    letter_checks.late_letters,
    server_checks.daily_statements,
    machine_checks.memory,
)


def examine(session: Session) -> list[Finding]:
    """Return all that can be looked at from this desk, an unlocked session."""
    found: list[Finding] = []
    for check in _CHECKS:
        try:
            found += check(session)
        except Problem as problem:
            found.append(Finding(False, problem.sentence))
    return list(dict.fromkeys(found))
