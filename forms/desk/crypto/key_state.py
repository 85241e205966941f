"""What a machine remembers of the keys of all desks: each key, how it changed, and the content of the file."""

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
    """One key: of which desk, of whom (for a recovery key the desk), what it is for, and its text."""

    desk: str
    who: str
    what: str
    text: str

    @property
    def slot(self) -> tuple[str, str, str]:
        """Return where it stands: two keys in one slot are two keys of one person."""
        return self.desk, self.who, self.what


@dataclass(frozen=True)
class KeyChange:
    """Keys of one slot that were removed or came. shared: others who have the same new key; refused: by a person."""

    desk: str
    who: str
    what: str
    removed: tuple[PinnedKey, ...]
    added: tuple[PinnedKey, ...]
    shared: tuple[str, ...] = ()
    refused: bool = False

    @property
    def sentence(self) -> LazyText:
        """Return what changed, for a person."""
        name = lazy_gettext("%(who)s: %(key)s", who=self.who, key=_NAMES[self.what])
        if not self.added:
            said = lazy_gettext("%(key)s is gone.", key=name)
        elif self.removed:
            said = lazy_gettext("%(key)s is another one.", key=name)
        else:
            said = lazy_gettext("%(key)s is new.", key=name)
        same = lazy_gettext("The same key belongs to %(names)s.", names=", ".join(self.shared)) if self.shared else ""
        return joined(said, same)


@dataclass(frozen=True)
class KeyState:
    """The content of the file. compared: a person compared the keys with the printed sheet.

    earlier: signing keys of before a confirmed change, still good for older entries. pending: changes seen at the last
    fetch. reverted: keys that the server showed and took back before anybody decided. accepted: ids of entries and
    copies that were here before they had to be signed.
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
    """Return all keys that desks publish; a missing one is none."""
    found: set[tuple[Any, ...]] = set()
    for desk in desks:
        found.add((desk.id, desk.id, RECOVERY, desk.recovery or ""))
        for member in desk.members:
            found.add((desk.id, member.id, KEY, member.key or ""))
            found.add((desk.id, member.id, SIGNING, member.signing or ""))
    return frozenset(PinnedKey(*map(str, key)) for key in found if key[-1])


_KEY_SETS = ("pinned", "earlier", "refused", "refused_removals", "pending", "reverted")


def as_json(state: KeyState) -> dict[str, Any]:
    """Return the content of the file as it is written."""
    sets = {name: sorted(getattr(state, name)) for name in _KEY_SETS}
    return {"version": 1, "compared": state.compared, "day": state.day, **sets, "accepted": sorted(state.accepted)}


def read(data: Any) -> KeyState:
    """Return the content of the file from its JSON. Raises KeyError, TypeError or ValueError for another one."""
    sets = {name: frozenset(PinnedKey(*map(str, row)) for row in data[name]) for name in _KEY_SETS}
    accepted = frozenset(map(str, data["accepted"]))
    return KeyState(**sets, compared=data["compared"] is True, day=str(data["day"]), accepted=accepted)
