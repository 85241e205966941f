"""The keys of all desks as a machine stores them: each key, its changes, and the content of the file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from forms.core.i18n.lazy_text import LazyText, joined, lazy_gettext
from forms.core.portal import Desk

KEY, SIGNING, RECOVERY = "key", "signing", "recovery"

_NAMES = {
    KEY: lazy_gettext("the key"),
    SIGNING: lazy_gettext("the signing key"),
    RECOVERY: lazy_gettext("the recovery key"),
}


class PinnedKey(NamedTuple):
    """One key: its desk, its owner (of a recovery key the desk), its purpose (KEY, SIGNING, RECOVERY), its text."""

    desk: str
    who: str
    what: str
    text: str

    @property
    def slot(self) -> tuple[str, str, str]:
        """What it is the key for: two keys of one slot are successive keys of one person for one purpose."""
        return self.desk, self.who, self.what


@dataclass(frozen=True)
class KeyChange:
    """The keys of one slot that were removed or added.

    shared: other people who have the same new key; refused: whether somebody at this machine refused the change.
    """

    desk: str
    who: str
    what: str
    removed: tuple[PinnedKey, ...]
    added: tuple[PinnedKey, ...]
    shared: tuple[str, ...] = ()
    refused: bool = False

    @property
    def sentence(self) -> LazyText:
        """What changed, in a sentence for staff."""
        name = lazy_gettext("%(who)s: %(key)s", who=self.who, key=_NAMES[self.what])
        if not self.added:
            change = lazy_gettext("%(key)s is gone.", key=name)
        elif self.removed:
            change = lazy_gettext("%(key)s is another one.", key=name)
        else:
            change = lazy_gettext("%(key)s is new.", key=name)
        same = lazy_gettext("The same key belongs to %(names)s.", names=", ".join(self.shared)) if self.shared else ""
        return joined(change, same)


@dataclass(frozen=True)
class KeyState:
    """The content of the file. compared: whether somebody compared the keys with the printed sheet.

    earlier: signing keys from before a confirmed change, still valid for older entries. pending: keys that were new at
    the last fetch. reverted: keys that the server published and withdrew before anybody decided. accepted: ids of
    entries and copies that count without a signature.
    """

    pinned: frozenset[PinnedKey] = frozenset()
    compared: bool = False
    day: str = ""
    earlier: frozenset[PinnedKey] = frozenset()
    refused: frozenset[PinnedKey] = frozenset()
    refused_removals: frozenset[PinnedKey] = frozenset()
    pending: frozenset[PinnedKey] = frozenset()
    reverted: frozenset[PinnedKey] = frozenset()
    accepted: frozenset[str] = frozenset()


def keys_of(desks: Iterable[Desk]) -> frozenset[PinnedKey]:
    """Return all keys that desks publish."""
    keys: set[tuple[Any, ...]] = set()
    for desk in desks:
        keys.add((desk.id, desk.id, RECOVERY, desk.recovery or ""))
        for member in desk.members:
            keys.add((desk.id, member.id, KEY, member.key or ""))
            keys.add((desk.id, member.id, SIGNING, member.signing or ""))
    return frozenset(PinnedKey(*map(str, key)) for key in keys if key[-1])


_KEY_SETS = ("pinned", "earlier", "refused", "refused_removals", "pending", "reverted")


def as_json(state: KeyState) -> dict[str, Any]:
    """Return the state as JSON for the file."""
    sets = {name: sorted(getattr(state, name)) for name in _KEY_SETS}
    return {"version": 1, "compared": state.compared, "day": state.day, **sets, "accepted": sorted(state.accepted)}


def read(data: Any) -> KeyState:
    """Return the state from the JSON of the file. Raises KeyError, TypeError or ValueError if it is malformed."""
    sets = {name: frozenset(PinnedKey(*map(str, row)) for row in data[name]) for name in _KEY_SETS}
    accepted = frozenset(map(str, data["accepted"]))
    return KeyState(**sets, compared=data["compared"] is True, day=str(data["day"]), accepted=accepted)
