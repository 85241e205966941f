"""The keys of all desks as people compare them: by person, with fingerprints, and what changed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from forms.core.crypto.fingerprints import (
    desk_fingerprint,
    member_fingerprint,
    portal_fingerprint,
    recovery_fingerprint,
)
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.portal import Desk
from forms.desk.command_line import command
from forms.desk.crypto.key_state import RECOVERY, KeyChange
from forms.desk.crypto.pinned_keys import PinnedKeys


@dataclass(frozen=True)
class KeySheet:
    """The keys of a person, or a desk's recovery key. known, published: fingerprints; empty where there is no key."""

    desk: str
    who: str
    is_recovery: bool
    known: tuple[str, ...]
    published: tuple[str, ...]
    changes: tuple[KeyChange, ...]

    @property
    def is_changed(self) -> bool:
        """Whether the published keys are not those that this machine knows."""
        return bool(self.changes)

    @property
    def is_refused(self) -> bool:
        """Whether a person at this machine has refused all that changed."""
        return bool(self.changes) and all(change.refused for change in self.changes)

    @property
    def name(self) -> str:
        """Whose keys, for a person to read."""
        return lazy_gettext("%(who)s, recovery key", who=self.who) if self.is_recovery else self.who

    @property
    def sentences(self) -> tuple[str, ...]:
        """What changed."""
        return tuple(change.sentence for change in self.changes)


def _fingerprints(desks: Iterable[Desk], desk: str, who: str, *, recovery: bool) -> tuple[str, ...]:
    mine = [one for one in desks if one.id == desk]
    if recovery:
        return tuple(recovery_fingerprint(one) for one in mine if one.recovery)
    return tuple(member_fingerprint(member) for one in mine for member in one.members if member.id == who)


def people(pinned: PinnedKeys, published: Sequence[Desk]) -> list[KeySheet]:
    """Return everybody whose keys this machine knows or the portal publishes."""
    known, changes = pinned.desks(), pinned.changes(published)
    rows = {(desk.id, member.id, False) for desk in (*known, *published) for member in desk.members}
    rows |= {(desk.id, desk.id, True) for desk in (*known, *published) if desk.recovery}
    return [
        KeySheet(
            desk,
            who,
            recovery,
            _fingerprints(known, desk, who, recovery=recovery),
            _fingerprints(published, desk, who, recovery=recovery),
            tuple(
                change
                for change in changes
                if (change.desk, change.who, change.what == RECOVERY) == (desk, who, recovery)
            ),
        )
        for desk, who, recovery in sorted(rows)
    ]


def all_together(pinned: PinnedKeys) -> str:
    """Return the one fingerprint of all keys that this machine knows."""
    return portal_fingerprint(pinned.desks())


def of_desks(pinned: PinnedKeys) -> list[tuple[str, str]]:
    """Return the fingerprint of each desk, as the printed sheet has it."""
    return [(desk.id, desk_fingerprint(desk)) for desk in pinned.desks()]


def lines(pinned: PinnedKeys, published: Sequence[Desk], member: str, who: str = "") -> Iterator[str]:
    """Return the sheet for a terminal: of everybody, or of one person or desk."""
    if not who:
        yield f"All desks together: {all_together(pinned)}"
        yield from (f"  {desk:<24} {number}" for desk, number in of_desks(pinned))
        if not pinned.compared:
            yield f"Not yet compared with the printed sheet. When they are the same: {command('trust --all')}"
        yield ""
    for sheet in people(pinned, published):
        if who in {"", sheet.who, sheet.desk}:
            yield from _lines(sheet, member)
    for key in pinned.reverted:
        yield f"{key.who}: the server published another {key.what} for a while, and then the old one again."


def _lines(sheet: KeySheet, member: str) -> Iterator[str]:
    name = f"{sheet.name} (this machine)" if sheet.who == member and not sheet.is_recovery else sheet.name
    if not sheet.is_changed:
        yield f"  {name:<24} {' '.join(sheet.known)}"
        return
    yield f"! {name:<24} {' '.join(sheet.sentences)}"
    yield f"    known here: {', '.join(sheet.known) or 'none'}"
    yield f"    published:  {', '.join(sheet.published) or 'none'}"
    if sheet.is_refused:
        yield f"    You refused it. To take it over after all: {command(f'trust {sheet.who}')}"
    else:
        yield f"    Right? {command(f'trust {sheet.who}')}\n    Not right? {command(f'trust {sheet.who} --refuse')}"
