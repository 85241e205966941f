"""The keys of all desks for comparison by people: the fingerprints of each person, and what changed."""

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
    """The keys of a person, or a desk's recovery key. known, published: fingerprints; empty if there is no key."""

    desk: str
    who: str
    is_recovery: bool
    known: tuple[str, ...]
    published: tuple[str, ...]
    changes: tuple[KeyChange, ...]

    @property
    def is_changed(self) -> bool:
        """Whether the published keys differ from those that this machine knows."""
        return bool(self.changes)

    @property
    def is_refused(self) -> bool:
        """Whether somebody at this machine has refused all the changes."""
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
    matches = [candidate for candidate in desks if candidate.id == desk]
    if recovery:
        return tuple(recovery_fingerprint(match) for match in matches if match.recovery)
    return tuple(member_fingerprint(member) for match in matches for member in match.members if member.id == who)


def key_sheets(pinned: PinnedKeys, published: Sequence[Desk]) -> list[KeySheet]:
    """Return a sheet for each person and recovery key that this machine knows or the portal publishes."""
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


def combined_fingerprint(pinned: PinnedKeys) -> str:
    """Return one fingerprint of all keys that this machine knows."""
    return portal_fingerprint(pinned.desks())


def desk_fingerprints(pinned: PinnedKeys) -> list[tuple[str, str]]:
    """Return the id and the fingerprint of each desk, as on the printed sheet."""
    return [(desk.id, desk_fingerprint(desk)) for desk in pinned.desks()]


def lines(pinned: PinnedKeys, published: Sequence[Desk], member: str, who: str = "") -> Iterator[str]:
    """Yield the lines for a terminal. member: the member of this machine; who: one person or desk, or empty for all."""
    if not who:
        yield f"All desks together: {combined_fingerprint(pinned)}"
        yield from (f"  {desk:<24} {number}" for desk, number in desk_fingerprints(pinned))
        if not pinned.is_compared:
            yield f"Not yet compared with the printed sheet. When they are the same: {command('trust --all')}"
        yield ""
    for sheet in key_sheets(pinned, published):
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
