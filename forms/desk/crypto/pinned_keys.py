"""The keys of all desks as this machine first saw them, or as a person here confirmed them since.

The server hands out portal.json, so a taken-over server could put a key of its own into it. What this machine encrypts
to, and by which keys it checks signatures, therefore follows from `pinned-keys.json` in the desk's folder. A key that
is new, gone or another one than before is a change: it is shown with its fingerprint, and nothing is encrypted to that
desk until a person has confirmed or refused it.
"""

import json
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

from forms.core.files.durable import write_safely
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.portal import Desk, Member
from forms.core.problem import Problem
from forms.desk.command_line import command
from forms.desk.crypto.key_state import KEY, RECOVERY, SIGNING, KeyChange, KeyState, PinnedKey, as_json, keys_of, read

FILE = "pinned-keys.json"


class UnconfirmedKey(Problem):
    """A key has changed and nobody at this machine has confirmed it."""


class PinnedKeys:
    """The pinned keys of one machine, kept in its folder."""

    def __init__(self, folder: Path, state: KeyState) -> None:
        self._path, self._state = folder / FILE, state

    @classmethod
    def load(cls, folder: Path) -> "PinnedKeys | None":
        """Return what the file holds, None where there is none. A damaged file holds no key: every key is a change."""
        try:
            data = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return cls(folder, read(data))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls(folder, KeyState())

    @classmethod
    def first_use(cls, folder: Path, desks: Iterable[Desk], accepted: Collection[str], day: date) -> "PinnedKeys":
        """Remember the keys that desks publish. accepted: ids of what is here already and need not be signed."""
        pinned = cls(folder, KeyState())
        pinned._keep(KeyState(keys_of(desks), day=day.isoformat(), accepted=frozenset(accepted)))
        return pinned

    def _keep(self, state: KeyState) -> None:
        if state == self._state:
            return
        self._state = state
        with suppress(OSError):  # a full disk keeps nobody from reading; it is asked again the next time
            write_safely(self._path, json.dumps(as_json(state)).encode())

    def _take_over(self) -> None:
        """Read the file again before it is changed: another program of this machine may have decided something.

        Else a window that was open meanwhile would bring back a key that somebody has just called stolen.
        """
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._state = read(json.loads(self._path.read_text(encoding="utf-8")))

    # What is known

    @property
    def compared(self) -> bool:
        """Whether a person has compared the keys of the first use with the printed sheet."""
        return self._state.compared

    @property
    def reverted(self) -> tuple[PinnedKey, ...]:
        """Return keys that the server showed for a while and took back before anybody here decided."""
        return tuple(sorted(self._state.reverted))

    def all_keys(self, desk: str = "") -> tuple[PinnedKey, ...]:
        """Return all pinned keys, or those of one desk."""
        return tuple(sorted(key for key in self._state.pinned if desk in {"", key.desk}))

    def desks(self) -> tuple[Desk, ...]:
        """Return the desks as they are pinned: ids and keys only."""
        ids = sorted({key.desk for key in self._state.pinned})
        return tuple(self._desk(id) for id in ids)

    def _desk(self, id: str) -> Desk:
        mine = self.all_keys(id)
        people = sorted({key.who for key in mine if key.what in {KEY, SIGNING}})
        texts = {(key.who, key.what): key.text for key in mine}
        members = (Member(who, texts.get((who, KEY), ""), "", texts.get((who, SIGNING), "")) for who in people)
        return Desk(id, {"en": id}, {}, (), tuple(members), texts.get((id, RECOVERY), ""))

    def knows(self, desk: str, who: str) -> bool:
        """Return whether this person is one whose keys are pinned."""
        return any((key.desk, key.who) == (desk, who) for key in self._state.pinned | self._state.earlier)

    def signing_keys(self, desk: str, who: str) -> frozenset[str]:
        """Return the signing keys by which this person's signatures are checked: the present one and earlier ones."""
        both = self._state.pinned | self._state.earlier
        return frozenset(key.text for key in both if key.slot == (desk, who, SIGNING))

    def present_signing_keys(self, desk: str, who: str) -> frozenset[str]:
        """Return the signing key that is pinned for this person now."""
        return frozenset(key.text for key in self._state.pinned if key.slot == (desk, who, SIGNING))

    def is_accepted(self, id: str) -> bool:
        """Return whether an entry or copy was here before it had to be signed."""
        return id in self._state.accepted

    # What changed

    def changes(self, desks: Iterable[Desk]) -> tuple[KeyChange, ...]:
        """Return how the published keys differ from the pinned ones, one change for each slot."""
        published, pinned = keys_of(desks), self._state.pinned
        removed, added = pinned - published, published - pinned
        slots = sorted({key.slot for key in removed | added})
        return tuple(
            self._change(
                slot,
                tuple(sorted(key for key in removed if key.slot == slot)),
                tuple(sorted(key for key in added if key.slot == slot)),
                published | pinned,
            )
            for slot in slots
        )

    def _change(
        self,
        slot: tuple[str, str, str],
        removed: tuple[PinnedKey, ...],
        added: tuple[PinnedKey, ...],
        everything: frozenset[PinnedKey],
    ) -> KeyChange:
        texts = {key.text for key in added}
        shared = sorted({key.who for key in everything if key.text in texts and key.slot != slot})
        refused = set(added) <= self._state.refused and set(removed) <= self._state.refused_removals
        return KeyChange(*slot, removed, added, tuple(shared), refused)

    def recipients(self, desks: Iterable[Desk], desk: str, who: str = "") -> tuple[str, ...]:
        """Return the keys to which something for this desk, or for one of its people, is encrypted.

        Raises UnconfirmedKey where one of them changed and nobody here has decided; a refused change changes nothing.
        """
        for change in self.changes(desks):
            of_this_one = change.desk == desk and who in {"", change.who}
            if of_this_one and change.what != SIGNING and not change.refused:
                todo = lazy_gettext(
                    "Nothing is encrypted to it until you have compared the fingerprint: %(look)s, then %(command)s. "
                    "(In "
                    "the window: Keys.)",
                    look=command("keys"),
                    command=command(f"trust {change.who}"),
                )
                raise UnconfirmedKey("keys", change.sentence, todo)
        found = [key for key in self.all_keys(desk) if key.what != SIGNING and who in {"", key.who}]
        if who:
            found = [key for key in found if key.what == KEY]
        if not found:
            raise UnconfirmedKey(
                lazy_gettext("desk %(desk)s", desk=who or desk),
                "has no key that this machine knows.",
                lazy_gettext("Look with: %(command)s", command=command("keys")),
            )
        return tuple(dict.fromkeys(key.text for key in sorted(found, key=lambda key: key.what == RECOVERY)))

    def look(self, desks: Iterable[Desk], own: Collection[str], desk: str, who: str) -> None:
        """Record the published keys after a fetch. own: this machine's own keys, whose change needs no question."""
        self._take_over()
        changes = self.changes(list(desks))
        for change in changes:
            mine = (change.desk, change.who) == (desk, who) and change.added and change.what != RECOVERY
            if mine and all(key.text in own for key in change.added) and not change.shared:
                self._confirm(change)
        pending = frozenset(key for change in self.changes(desks) if not change.refused for key in change.added)
        gone = self._state.pending - pending - self._state.pinned
        self._keep(replace(self._state, pending=pending, reverted=self._state.reverted | gone))

    # What a person decides

    def confirm(
        self, desks: Iterable[Desk], who: str = "", accepted: Iterable[str] = (), *, stolen: bool = False
    ) -> int:
        """Take over the changes of a person or desk (all if empty); how many.

        accepted: ids of what is here and counts as written before. stolen: signatures by the old keys count no more.
        """
        self._take_over()
        chosen = [change for change in self.changes(desks) if who in {"", change.who, change.desk}]
        for change in chosen:
            self._confirm(change)
        earlier = frozenset(key for key in self._state.earlier if not (stolen and who in {"", key.who, key.desk}))
        reverted = frozenset(key for key in self._state.reverted if who not in {"", key.who, key.desk})
        self._keep(
            replace(
                self._state, accepted=self._state.accepted | frozenset(accepted), earlier=earlier, reverted=reverted,
                pending=self._state.pending - {key for change in chosen for key in change.added},
            )
        )  # fmt: skip
        return len(chosen)

    def _confirm(self, change: KeyChange) -> None:
        state = self._state
        earlier = state.earlier | {key for key in change.removed if key.what == SIGNING}
        both = frozenset(change.added) | frozenset(change.removed)
        self._keep(
            replace(
                state, pinned=(state.pinned - set(change.removed)) | set(change.added), earlier=earlier,
                refused=state.refused - both, refused_removals=state.refused_removals - both,
            )
        )  # fmt: skip

    def refuse(self, desks: Iterable[Desk], who: str) -> int:
        """Keep the pinned keys of a person or desk, whatever the server publishes now; how many changes."""
        self._take_over()
        chosen = [change for change in self.changes(desks) if who in {change.who, change.desk}]
        added = {key for change in chosen for key in change.added}
        removed = {key for change in chosen for key in change.removed}
        state = self._state
        self._keep(
            replace(
                state, refused=state.refused | added, refused_removals=state.refused_removals | removed,
                pending=state.pending - added,
            )
        )  # fmt: skip
        return len(chosen)

    def mark_compared(self) -> None:
        """Record that a person has compared all pinned keys with the printed sheet."""
        self._take_over()
        self._keep(replace(self._state, compared=True))

    def accept(self, ids: Iterable[str]) -> None:
        """Let entries or copies that are here count though they are not signed."""
        self._take_over()
        self._keep(replace(self._state, accepted=self._state.accepted | frozenset(ids)))

    def forget(self, ids: Iterable[str]) -> None:
        """Record that something was erased here: if it comes again, it must be signed."""
        self._take_over()
        self._keep(replace(self._state, accepted=self._state.accepted - frozenset(ids)))
