"""Diagnose a desk: each finding is a sentence with what to do.

The checks change nothing, except that comparing this machine's clock with the server's ends a doubt if they agree.
"""

from collections.abc import Callable, Iterator

from forms.core.problem import Problem
from forms.desk.doctor import key_checks, letter_checks, machine_checks, server_checks
from forms.desk.doctor.finding import Finding
from forms.desk.session import Session

_CHECKS: tuple[Callable[[Session], Iterator[Finding]], ...] = (
    machine_checks.passphrase,
    machine_checks.file_permissions,
    machine_checks.disk_space,
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
    machine_checks.state_files,
)


def examine(session: Session) -> list[Finding]:
    """Run all checks on an unlocked desk; return their findings, without repetitions."""
    findings: list[Finding] = []
    for check in _CHECKS:
        try:
            findings += check(session)
        except Problem as problem:
            findings.append(Finding(False, problem.sentence))
    return list(dict.fromkeys(findings))
