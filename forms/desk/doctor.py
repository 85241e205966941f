"""Diagnose a desk: each finding in a sentence with what to do. Changes nothing.

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

from forms.core.i18n.lazy_text import joined, lazy_gettext, lazy_ngettext
from forms.core.media.decoder_process import missing_layers
from forms.core.problem import Problem
from forms.core.trusted_date import machines_doubt, servers_doubt
from forms.desk.cases import acknowledgement, arrivals
from forms.desk.cases.acknowledgement import doubts
from forms.desk.cases.log.case_log import Entry
from forms.desk.command_line import command
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
    """One check: whether it passed, and a sentence."""

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
            found.append(Finding(False, problem.sentence))
    return list(dict.fromkeys(found))


def _passphrase(session: Session) -> Iterator[Finding]:
    if keys.has_passphrase(session.place.folder):
        yield Finding(True, "The key stands under a passphrase.")
    else:
        yield Finding(
            False,
            lazy_gettext(
                "The key has no passphrase: for the demonstration only. For real use take another folder: %(command)s",
                command=command("--home FOLDER new-key"),
            ),
        )


def _files(session: Session) -> Iterator[Finding]:
    if os.name != "posix":
        return
    names = ("identity.age", "identity.txt", "token.txt")
    for path in (session.place.folder / name for name in names if (session.place.folder / name).exists()):
        others = path.stat().st_mode & 0o077
        if others:
            yield Finding(
                False,
                lazy_gettext("%(path)s can be read by other users of this machine. Run: chmod 600 %(path)s", path=path),
            )
        else:
            yield Finding(True, lazy_gettext("%(name)s is readable by nobody else on this machine.", name=path.name))


def _room(session: Session) -> Iterator[Finding]:
    free = shutil.disk_usage(session.place.folder).free
    megabytes = free // 1024**2
    if free >= LEAST_ROOM:
        yield Finding(True, lazy_gettext("%(number)s MB are free where letters are kept.", number=megabytes))
    else:
        yield Finding(
            False, lazy_gettext("Only %(number)s MB are free where letters are kept. Make room.", number=megabytes)
        )


def _server(session: Session) -> Iterator[Finding]:
    server: Server = session.place.server()
    member = server.me()
    yield Finding(
        True,
        lazy_gettext(
            "%(address)s answers and knows this machine as %(member)s.", address=session.place.address, member=member
        ),
    )
    told = _moment(server.clock())
    if told:
        drift = abs((datetime.now(UTC) - told).total_seconds())
        yield Finding(
            drift <= MOST_DRIFT,
            "This machine's clock agrees with the server's."
            if drift <= MOST_DRIFT
            else lazy_gettext(
                "This machine's clock differs from the server's by %(number)s minutes. Set it right: days and due "
                "dates depend on it. No letter is lost by it.",
                number=round(drift / 60),
            ),
        )


def _publishing(session: Session) -> Iterator[Finding]:
    problem = session.place.server().publishing_problem()
    if problem:
        said = lazy_gettext("The newest pages were not published, those before stay.")
        yield Finding(False, joined(said, problem))


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
            False,
            lazy_gettext(
                "New letters are sealed to an older key of this machine. Put key: %(key)s into portal.yml.",
                key=mine[0],
            ),
        )
    else:
        yield Finding(
            False,
            lazy_gettext("New letters are not sealed to this machine. Put key: %(key)s into portal.yml.", key=mine[0]),
        )


def _pinned(session: Session) -> Iterator[Finding]:
    """Yield keys that changed, and keys that nobody at this machine has compared yet."""
    for sheet in key_sheet.people(session.keys.pinned, session.portal.current.desks):
        if sheet.is_changed:
            refused = lazy_gettext("You refused it. Find out who published it.")
            compare = lazy_gettext("Compare it: %(command)s", command=command("keys"))
            yield Finding(
                False,
                joined(
                    *sheet.sentences,
                    lazy_gettext("Nothing is encrypted to it."),
                    refused if sheet.is_refused else compare,
                ),
            )
    for key in session.keys.pinned.reverted:
        yield Finding(
            False,
            lazy_gettext(
                "%(who)s: the server published another key for a while, and then the old one again. Ask whoever "
                "builds the site whether that was so. To end this notice: %(command)s",
                who=key.who,
                command=command(f"trust {key.who}"),
            ),
        )
    if session.keys.pinned.compared:
        yield Finding(True, "The keys of all desks were compared with the printed sheet.")
    else:
        yield Finding(
            False,
            lazy_gettext(
                "Nobody has compared the keys of the desks on this machine. Compare them with the printed sheet: "
                "%(look)s. Then: %(command)s",
                look=command("keys"),
                command=command("trust --all"),
            ),
        )


def _signing(session: Session) -> Iterator[Finding]:
    """Whether colleagues can prove what is written here, and whether all that is here is proven."""
    if not session.keys.pinned.present_signing_keys(session.place.desk, session.keys.member) & set(
        session.own_keys.signing_keys
    ):
        yield Finding(
            False,
            lazy_gettext(
                "Colleagues cannot prove what you write here: your signing key is not in portal.yml. Put it under "
                "%(member)s: signing: %(key)s",
                member=session.keys.member,
                key=session.own_keys.signing_keys[0],
            ),
        )
    unproven = session.cases.unproven()
    if unproven:
        yield Finding(
            False,
            lazy_gettext(
                "%(number)s entries of the case log are not proven and change nothing (the first is in case "
                "%(thread)s). Ask those whose names they bear. After a restore: %(command)s",
                command=command("trust --old-entries"),
                number=len(unproven),
                thread=unproven[0].thread[:8],
            ),
        )


def _old_keys(session: Session) -> Iterator[Finding]:
    """Yield old keys that are no longer needed: until then there is nothing to do."""
    recovery = session.keys.own_desk.recovery
    old = sum(str(identity.to_public()) != recovery for identity in session.own_keys.identities[1:])
    if old and not session.key_retirement.anything_needs_old_keys():
        yield Finding(
            True,
            lazy_ngettext(
                "This machine keeps an old key, and nothing here needs it. Forget it: %(command)s",
                "This machine keeps %(count)s old keys, and nothing here needs them. Forget them: %(command)s",
                old,
                command=command("forget-old-keys"),
            ),
        )


def _colleagues(session: Session) -> Iterator[Finding]:
    """Members whose key is new since this machine last sealed for them cannot open what came before."""
    known = resealed_for(session.place.folder)
    for member in session.keys.own_desk.members:
        if member.id != session.keys.member and known.get(member.id, member.key) != member.key:
            yield Finding(
                False,
                lazy_gettext(
                    "%(who)s has a new key. Seal open cases anew: %(command)s",
                    who=member.id,
                    command=command(f"reseal {member.id}"),
                ),
            )


def resealed_for(folder: Path) -> dict[str, str]:
    """Return the key of each colleague when this machine last looked."""
    return colleagues_file(folder).read_or({})


def colleagues_file(folder: Path) -> StateFile[dict[str, str]]:
    """Return the file with the keys of colleagues."""
    lost = lazy_gettext(
        "Whose key has changed since is not known: ask colleagues, and seal open cases anew: %(command)s",
        command=command("reseal"),
    )
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
            False,
            lazy_gettext(
                "If this machine is lost, its letters are lost. Print a recovery key (%(command)s), or add a second "
                "person to the desk.",
                command=command("recovery-key"),
            ),
        )


def _kept_elsewhere(alone: int) -> str:
    """Return what a lost machine would lose, before it is lost."""
    if alone:
        return lazy_ngettext(
            "%(count)s letter lies on this machine alone and would be lost with it. Fetch: a copy is sent then.",
            "%(count)s letters lie on this machine alone and would be lost with it. Fetch: copies are sent then.",
            alone,
        )
    return lazy_gettext(
        "The server keeps all letters for the printed recovery key too: with it a lost machine loses no case."
    )


def _letters(session: Session) -> Iterator[Finding]:
    closed = session.cases.unreadable()
    total = len(session.cases.all())
    if closed:
        yield Finding(
            False,
            lazy_gettext(
                "%(number)s letters or entries do not open with this machine's keys (%(letter)s ...). A colleague who "
                "can open them may seal them anew: %(command)s",
                number=len(closed),
                letter=closed[0][:8],
                command=command("reseal"),
            ),
        )
    else:
        yield Finding(
            True, lazy_ngettext("All letters open, of %(count)s case.", "All letters open, of %(count)s cases.", total)
        )


def _conflicts(session: Session) -> Iterator[Finding]:
    folder = session.place.folder / CONFLICTS
    for conflict in conflicts(session.local_store):
        yield Finding(
            False,
            lazy_gettext(
                "Another version of %(item)s came, which says something else. The first stays. The other lies in "
                "%(file)s, encrypted. Ask who handed it over.",
                item=conflict.item[:8],
                file=folder / f"{conflict.name}.age",
            ),
        )


def _waiting(session: Session) -> Iterator[Finding]:
    waiting, refused = session.outbox.waiting, len(session.local_store.ids("refused"))
    if waiting:
        yield Finding(
            False,
            lazy_gettext("%(waiting)s sealed things wait to be sent. Fetch when the server is there.", waiting=waiting),
        )
    if refused:
        folder = session.place.folder / "refused"
        yield Finding(
            False,
            lazy_gettext(
                "The server refused %(refused)s sealed things; they are kept in %(folder)s. Tell a developer.",
                refused=refused,
                folder=folder,
            ),
        )
    if not waiting and not refused:
        yield Finding(True, "Nothing waits to be sent.")


def _arrivals(session: Session) -> Iterator[Finding]:
    """Yield signs of letters that the server withheld or gave out twice."""
    odd = session.withheld.arrivals.odd()
    yield from (Finding(False, arrival.sentence) for arrival in odd[-MOST_ARRIVALS:])
    missing = session.withheld.missing_letters()
    if missing:
        yield Finding(
            False,
            lazy_gettext(
                "Colleagues wrote about %(number)s letters that never came to this machine (%(letter)s ...). They may "
                "be from before it had its key: have them sealed anew (%(command)s). If not, the server holds them "
                "back.",
                number=len(missing),
                letter=missing[0][:8],
                command=command("reseal"),
            ),
        )
    doubted = {case.id: found for case in session.cases.all() if (found := doubts(case))}
    for case_id, found in list(doubted.items())[:MOST_ARRIVALS]:
        sentences = dict.fromkeys(sentence for sentences in found.values() for sentence in sentences)
        yield Finding(
            False,
            joined(lazy_gettext("Case %(case)s, what was added:", case=case_id[:8]), *sentences),
        )
    if not odd and not missing and not doubted:
        yield Finding(True, "No letter came late or twice, and none is missing of which a colleague knows.")


def _statements(session: Session) -> Iterator[Finding]:
    """Whether the server's daily statements go on from each other, fit what came here, and are a colleague's too."""
    known = session.withheld.statements.known()
    wrong = [*known.findings(), *(_contradiction(entry) for entry in session.withheld.contradicting_statements())]
    if known.number and (session.clock.today() - date.fromisoformat(known.day)).days > MOST_DAYS_UNSTATED:
        wrong.append(
            lazy_gettext(
                "The server has given no daily statement since %(day)s. Fetch; then ask whoever runs it.", day=known.day
            )
        )
    yield from (Finding(False, sentence) for sentence in wrong[:MOST_ARRIVALS])
    if known.number and not wrong:
        numbers = " ".join(known.head.partition(":")[2][start : start + 4] for start in range(0, 16, 4))
        yield Finding(
            True,
            lazy_gettext(
                "The server's daily statements hang together and name all that came here up to %(day)s. Number "
                "%(number)s begins %(numbers)s: other desks must have the same.",
                day=known.day,
                number=known.number,
                numbers=numbers,
            ),
        )


def _memory(session: Session) -> Iterator[Finding]:
    """Yield what this machine has lost because a file of its own was damaged."""
    for make in (acknowledgement.state_file, arrivals.state_file, statements.state_file, date_file.state_file):
        yield from (Finding(False, said) for said in make(session.place.folder).complaints())
    yield from (Finding(False, said) for said in colleagues_file(session.place.folder).complaints())


def _contradiction(entry: Entry) -> str:
    number = str(entry.value.get("head", "")).partition(":")[0]
    return lazy_gettext(
        "The server showed another daily statement number %(number)s to the machine of %(who)s than to this one. It "
        "signed "
        "two different ones. Tell the people who publish the site.",
        number=number,
        who=entry.member,
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
            False,
            lazy_gettext(
                "This system lacks %(names)s: a photo made to do harm could reach other files. Open photos and "
                "recordings on a Linux machine (kernel 5.13 or newer), or in a virtual machine of its own.",
                names=", ".join(missing),
            ),
        )
