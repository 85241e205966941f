"""What is wrong at a desk, each thing in a sentence with what to do. Looks only; mends nothing.

But it holds this machine's clock and the server's against each other, which ends a doubt where they agree.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.media.decoder_process import missing_layers
from forms.core.problem import Problem
from forms.core.trusted_date import machines_doubt, servers_doubt
from forms.desk.cases import acknowledgement, arrivals
from forms.desk.cases.acknowledgement import doubts
from forms.desk.cases.case_log import Entry
from forms.desk.crypto import key_sheet, keys
from forms.desk.session import Session
from forms.desk.state_file import StateFile
from forms.desk.sync import date_file, statements
from forms.desk.sync.client import Server
from forms.desk.sync.fetching import CONFLICTS, conflicts
from forms.desk.watch.site_watch import findings

LEAST_ROOM = 500 * 1024 * 1024
"""Bytes that should be free where letters are kept."""

MOST_DRIFT = 300
"""Seconds by which this machine's clock may differ from the server's."""


_COLLEAGUES = TypeAdapter(dict[str, str])

MOST_DAYS_UNSTATED = 7
"""Days since the last daily statement of the server until that is said."""

MOST_ARRIVALS = 20
"""Letters that came late, or twice, and are named: the newest."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: well or not, and a sentence."""

    ok: bool
    sentence: str


def examine(session: Session) -> list[Finding]:
    """Return all that can be looked at from this desk, an unlocked session."""
    looks: tuple[Callable[[Session], Iterator[Finding]], ...] = (
        _passphrase, _files, _room, _server, _publishing, _days, _key_in_portal, _pinned, _signing, _old_keys,
        _colleagues, _recovery, _letters, _conflicts, _waiting, _confinement, _site, _arrivals,
        _statements, _memory,
    )  # fmt: skip
    found: list[Finding] = []
    for look in looks:
        try:
            found += look(session)
        except Problem as problem:
            found.append(Finding(False, str(problem)))
    return list(dict.fromkeys(found))


def _passphrase(session: Session) -> Iterator[Finding]:
    if keys.has_passphrase(session.place.folder):
        yield Finding(True, "The key stands under a passphrase.")
    else:
        yield Finding(
            False, "The key has no passphrase: for the demonstration only. For real use: desk --home FOLDER new-key."
        )


def _files(session: Session) -> Iterator[Finding]:
    if os.name != "posix":
        return
    names = ("identity.age", "identity.txt", "token.txt")
    for path in (session.place.folder / name for name in names if (session.place.folder / name).exists()):
        others = path.stat().st_mode & 0o077
        if others:
            yield Finding(False, f"{path} can be read by other users of this machine. Run: chmod 600 {path}")
        else:
            yield Finding(True, f"{path.name} is readable by nobody else on this machine.")


def _room(session: Session) -> Iterator[Finding]:
    free = shutil.disk_usage(session.place.folder).free
    words = f"{free // 1024**2} MB are free where letters are kept."
    yield Finding(free >= LEAST_ROOM, words if free >= LEAST_ROOM else f"Only {words} Make room.")


def _server(session: Session) -> Iterator[Finding]:
    server: Server = session.place.server()
    member = server.me()
    yield Finding(True, f"{session.place.address} answers and knows this machine as {member}.")
    told = _moment(server.clock())
    if told:
        drift = abs((datetime.now(UTC) - told).total_seconds())
        yield Finding(
            drift <= MOST_DRIFT,
            "This machine's clock agrees with the server's."
            if drift <= MOST_DRIFT
            else f"This machine's clock differs from the server's by {drift / 60:.0f} minutes. Set it right: "
            "days and due dates depend on it. No letter is lost by it.",
        )


def _publishing(session: Session) -> Iterator[Finding]:
    problem = session.place.server().publishing_problem()
    if problem:
        yield Finding(False, f"The newest pages were not published, those before stay. {problem}")


def _moment(told: str) -> datetime | None:
    """Return the moment of a Date header; None where it is none (RFC 9110, section 5.6.7: it is in UTC)."""
    try:
        found = parsedate_to_datetime(told)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _days(session: Session) -> Iterator[Finding]:
    there = session.clock.compare(session.place.server())
    doubts = [said for said in (machines_doubt(session.clock.known_day), servers_doubt(there)) if said]
    yield from (Finding(False, said) for said in doubts)
    if not doubts:
        yield Finding(True, "Neither this machine's clock nor the server's has jumped.")


def _key_in_portal(session: Session) -> Iterator[Finding]:
    mine = [str(identity.to_public()) for identity in session.own_keys.identities]
    published = set(session.keys.own_desk.keys)
    if mine[0] in published:
        yield Finding(True, "New letters are sealed to this machine's present key.")
    elif set(mine) & published:
        yield Finding(
            False, f"New letters are sealed to an older key of this machine. Put key: {mine[0]} into portal.yml."
        )
    else:
        yield Finding(False, f"New letters are not sealed to this machine. Put key: {mine[0]} into portal.yml.")


def _pinned(session: Session) -> Iterator[Finding]:
    """Yield keys that changed, and keys that nobody at this machine has compared yet."""
    for sheet in key_sheet.people(session.keys.pinned, session.portal.current.desks):
        if sheet.is_changed:
            todo = "You refused it. Find out who published it." if sheet.is_refused else "Compare it: desk keys"
            yield Finding(False, f"{' '.join(sheet.sentences)} Nothing is encrypted to it. {todo}")
    for key in session.keys.pinned.reverted:
        yield Finding(
            False, f"{key.who}: the server published another key for a while, and then the old one again. Ask whoever "
            f"builds the site whether that was so. To end this notice: desk trust {key.who}",
        )  # fmt: skip
    if session.keys.pinned.compared:
        yield Finding(True, "The keys of all desks were compared with the printed sheet.")
    else:
        yield Finding(
            False, "Nobody has compared the keys of the desks on this machine. Compare them with the printed sheet: "
            "desk keys. Then: desk trust --all",
        )  # fmt: skip


def _signing(session: Session) -> Iterator[Finding]:
    """Whether colleagues can prove what is written here, and whether all that is here is proven."""
    if not session.keys.pinned.present_signing_keys(session.place.desk, session.keys.member) & set(
        session.own_keys.signing_keys
    ):
        yield Finding(
            False, "Colleagues cannot prove what you write here: your signing key is not in portal.yml. Put it "
            f"under {session.keys.member}: signing: {session.own_keys.signing_keys[0]}",
        )  # fmt: skip
    unproven = session.cases.unproven()
    if unproven:
        yield Finding(
            False, f"{len(unproven)} entries of the case log are not proven and change nothing (the first is in case "
            f"{unproven[0].thread[:8]}). Ask those whose names they bear. After a restore: desk trust --old-entries",
        )  # fmt: skip


def _old_keys(session: Session) -> Iterator[Finding]:
    """Said only once they can go: until then they are needed, and there is nothing to do."""
    recovery = session.keys.own_desk.recovery
    old = sum(str(identity.to_public()) != recovery for identity in session.own_keys.identities[1:])
    if old and not session.key_retirement.anything_needs_old_keys():
        what = "an old key" if old == 1 else f"{old} old keys"
        yield Finding(True, f"This machine keeps {what}, and nothing here needs it. Forget it: desk forget-old-keys.")


def _colleagues(session: Session) -> Iterator[Finding]:
    """Members whose key is new since this machine last sealed for them cannot open what came before."""
    known = resealed_for(session.place.folder)
    for member in session.keys.own_desk.members:
        if member.id != session.keys.member and known.get(member.id, member.key) != member.key:
            yield Finding(False, f"{member.id} has a new key. Seal open cases anew: desk reseal {member.id}")


def resealed_for(folder: Path) -> dict[str, str]:
    """Return the key of each colleague when this machine last looked."""
    return colleagues_file(folder).read_or({})


def colleagues_file(folder: Path) -> StateFile[dict[str, str]]:
    """Return the file with the keys of colleagues."""
    lost = "Whose key has changed since is not known: ask colleagues, and seal open cases anew: desk reseal."
    return StateFile(folder / "colleagues.json", _COLLEAGUES, lost)


def note_colleagues(session: Session, *resealed: str) -> None:
    """Write down the keys of colleagues that are seen for the first time, or were just sealed for."""
    now = {member.id: member.key for member in session.keys.own_desk.members}
    known = {**now, **resealed_for(session.place.folder), **{id: now[id] for id in resealed if id in now}}
    kept = {id: key for id, key in known.items() if id in now}
    colleagues_file(session.place.folder).write(kept)


def _recovery(session: Session) -> Iterator[Finding]:
    if session.keys.own_desk.recovery:
        alone = len(session.sharing.on_this_machine_alone())
        yield Finding(not alone, _kept_elsewhere(alone))
    elif len(session.keys.own_desk.members) == 1:
        yield Finding(
            False, "If this machine is lost, its letters are lost. Print a recovery key (desk recovery-key), or add a "
            "second person to the desk.",
        )  # fmt: skip


def _kept_elsewhere(alone: int) -> str:
    """Return what a lost machine would lose, before it is lost."""
    if alone:
        return f"{alone} letters lie on this machine alone and would be lost with it. Fetch: copies are sent then."
    return "The server keeps all letters for the printed recovery key too: with it a lost machine loses no case."


def _letters(session: Session) -> Iterator[Finding]:
    closed = session.cases.unreadable()
    total = len(session.cases.all())
    if closed:
        yield Finding(
            False, f"{len(closed)} letters or entries do not open with this machine's keys ({closed[0][:8]} ...). A "
            "colleague who can open them may seal them anew: desk reseal.",
        )  # fmt: skip
    else:
        yield Finding(True, f"All letters open, of {total} case(s).")


def _conflicts(session: Session) -> Iterator[Finding]:
    folder = session.place.folder / CONFLICTS
    for conflict in conflicts(session.local_store):
        yield Finding(
            False, f"Another version of {conflict.item[:8]} came, which says something else. The first stays. "
            f"The other lies in {folder / conflict.name}.age, encrypted. Ask who handed it over.",
        )  # fmt: skip


def _waiting(session: Session) -> Iterator[Finding]:
    waiting, refused = session.outbox.waiting, len(session.local_store.ids("refused"))
    if waiting:
        yield Finding(False, f"{waiting} sealed things wait to be sent. Fetch when the server is there.")
    if refused:
        folder = session.place.folder / "refused"
        yield Finding(
            False, f"The server refused {refused} sealed things; they are kept in {folder}. Tell a developer."
        )
    if not waiting and not refused:
        yield Finding(True, "Nothing waits to be sent.")


def _arrivals(session: Session) -> Iterator[Finding]:
    """Yield what hints at letters that the server held back or gave out twice."""
    odd = session.withheld.arrivals.odd()
    yield from (Finding(False, arrival.sentence) for arrival in odd[-MOST_ARRIVALS:])
    missing = session.withheld.missing_letters()
    if missing:
        yield Finding(
            False, f"Colleagues wrote about {len(missing)} letters that never came to this machine ({missing[0][:8]} "
            "...). They may be from before it had its key: have them sealed anew (desk reseal). If not, the server "
            "holds them back.",
        )  # fmt: skip
    doubted = {case.id: found for case in session.cases.all() if (found := doubts(case))}
    for case_id, found in list(doubted.items())[:MOST_ARRIVALS]:
        sentences = dict.fromkeys(sentence for sentences in found.values() for sentence in sentences)
        yield Finding(False, f"Case {case_id[:8]}, what was added: {' '.join(sentences)}")
    if not odd and not missing and not doubted:
        yield Finding(True, "No letter came late or twice, and none is missing of which a colleague knows.")


def _statements(session: Session) -> Iterator[Finding]:
    """Whether the server's daily statements go on from each other, fit what came here, and are a colleague's too."""
    known = session.withheld.statements.known()
    wrong = [*known.findings(), *(_contradiction(entry) for entry in session.withheld.contradicting_statements())]
    if known.number and (session.clock.today() - date.fromisoformat(known.day)).days > MOST_DAYS_UNSTATED:
        wrong.append(f"The server has given no daily statement since {known.day}. Fetch; then ask whoever runs it.")
    yield from (Finding(False, sentence) for sentence in wrong[:MOST_ARRIVALS])
    if known.number and not wrong:
        numbers = " ".join(known.head.partition(":")[2][start : start + 4] for start in range(0, 16, 4))
        yield Finding(
            True, f"The server's daily statements hang together and name all that came here up to {known.day}. Number "
            f"{known.number} begins {numbers}: other desks must have the same.",
        )  # fmt: skip


def _memory(session: Session) -> Iterator[Finding]:
    """Yield what this machine has forgotten, since a file of its own was damaged."""
    for make in (acknowledgement.state_file, arrivals.state_file, statements.state_file, date_file.state_file):
        yield from (Finding(False, said) for said in make(session.place.folder).complaints())
    yield from (Finding(False, said) for said in colleagues_file(session.place.folder).complaints())


def _contradiction(entry: Entry) -> str:
    number = str(entry.value.get("head", "")).partition(":")[0]
    return (
        f"The server showed another daily statement number {number} to the machine of {entry.member} than to this one. "
        "It signed two different ones. Tell the people who publish the site."
    )


def _site(session: Session) -> Iterator[Finding]:
    """Yield what a visitor gets, compared with what the publishers signed. Looks at what the last fetch found."""
    yield from (
        Finding(*found) for found in findings(session.site_watch, session.portal.current, session.clock.today())
    )


def _confinement(_: Session) -> Iterator[Finding]:
    """Photos and recordings are hostile until they are made anew: what keeps their decoder in."""
    missing = missing_layers()
    if not missing:
        yield Finding(True, "Photos and recordings are opened in a process that can reach nothing else.")
    else:
        yield Finding(
            False, f"This system lacks {', '.join(missing)}: a photo made to do harm could reach other files. Open "
            "photos and recordings on a Linux machine (kernel 5.13 or newer), or in a virtual machine of its own.",
        )  # fmt: skip
