"""The keys of all desks as this machine first saw them, or as somebody at this machine confirmed them since.

The server hands out portal.json, so a compromised server could put a key of its own into it. Therefore this machine
encrypts to the keys in `pinned-keys.json` in the desk's folder, and checks signatures with them. A key that was added,
removed or replaced is a change: it is shown with its fingerprint, and nothing is encrypted to that desk until somebody
has confirmed or refused it.
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
    """A key has changed, and nobody at this machine has confirmed it."""


class PinnedKeys:
    """The pinned keys of one machine, stored in its folder."""

    def __init__(self, folder: Path, state: KeyState) -> None:
        self._path, self._state = folder / FILE, state

    @classmethod
    def load(cls, folder: Path) -> "PinnedKeys | None":
        """Load the file; None if there is none. A damaged file holds no keys, so that every key counts as a change."""
        try:
            data = json.loads((folder / FILE).read_text(encoding="utf-8"))
            return cls(folder, read(data))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls(folder, KeyState())

    @classmethod
    def first_use(cls, folder: Path, desks: Iterable[Desk], accepted: Collection[str], day: date) -> "PinnedKeys":
        """Pin the published keys. accepted: ids of entries and copies on this machine, which need no signature."""
        pinned = cls(folder, KeyState())
        pinned._save(KeyState(keys_of(desks), day=day.isoformat(), accepted=frozenset(accepted)))
        return pinned

    def _save(self, state: KeyState) -> None:
        if state == self._state:
            return
        self._state = state
        with suppress(OSError):  # a full disk must not prevent reading; the change is found again the next time
            write_safely(self._path, json.dumps(as_json(state)).encode())

    def _reload(self) -> None:
        """Read the file again before a change: a decision may have been made in another program on this machine.

        Otherwise a window that stayed open would restore a key that somebody has just reported as stolen.
        """
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._state = read(json.loads(self._path.read_text(encoding="utf-8")))

    # The pinned keys

    @property
    def is_compared(self) -> bool:
        """Whether somebody has compared the keys with the printed sheet."""
        return self._state.compared

    @property
    def reverted(self) -> tuple[PinnedKey, ...]:
        """The keys that the server published for a while and withdrew before anybody here decided."""
        return tuple(sorted(self._state.reverted))

    def all_keys(self, desk: str = "") -> tuple[PinnedKey, ...]:
        """Return all pinned keys, or those of one desk."""
        return tuple(sorted(key for key in self._state.pinned if desk in {"", key.desk}))

    def desks(self) -> tuple[Desk, ...]:
        """Return the desks as pinned: ids and keys only."""
        ids = sorted({key.desk for key in self._state.pinned})
        return tuple(self._desk(id) for id in ids)

    def _desk(self, id: str) -> Desk:
        keys = self.all_keys(id)
        people = sorted({key.who for key in keys if key.what in {KEY, SIGNING}})
        texts = {(key.who, key.what): key.text for key in keys}
        members = (Member(who, texts.get((who, KEY), ""), "", texts.get((who, SIGNING), "")) for who in people)
        return Desk(id, {"en": id}, {}, (), tuple(members), texts.get((id, RECOVERY), ""))

    def has_member(self, desk: str, who: str) -> bool:
        """Return whether a key of this person is or was pinned."""
        return any((key.desk, key.who) == (desk, who) for key in self._state.pinned | self._state.earlier)

    def signing_keys(self, desk: str, who: str) -> frozenset[str]:
        """Return the signing keys that are valid for this person's signatures: the present one and earlier ones."""
        keys = self._state.pinned | self._state.earlier
        return frozenset(key.text for key in keys if key.slot == (desk, who, SIGNING))

    def present_signing_keys(self, desk: str, who: str) -> frozenset[str]:
        """Return the signing keys that are pinned for this person now."""
        return frozenset(key.text for key in self._state.pinned if key.slot == (desk, who, SIGNING))

    def is_accepted(self, id: str) -> bool:
        """Return whether an entry or copy counts without a signature."""
        return id in self._state.accepted

    # Changes

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
        """Return the keys to which data for this desk, or for one of its people, is encrypted.

        Raises UnconfirmedKey if one of them changed and nobody here has decided. A refused change has no effect.
        """
        for change in self.changes(desks):
            is_concerned = change.desk == desk and who in {"", change.who}
            if is_concerned and change.what != SIGNING and not change.refused:
                todo = lazy_gettext(
                    "Nothing is encrypted to it until you have compared the fingerprint: %(look)s, then %(command)s. "
                    "(In "
                    "the window: Keys.)",
                    look=command("keys"),
                    command=command(f"trust {change.who}"),
                )
                raise UnconfirmedKey("keys", change.sentence, todo)
        keys = [key for key in self.all_keys(desk) if key.what != SIGNING and who in {"", key.who}]
        if who:
            keys = [key for key in keys if key.what == KEY]
        if not keys:
            raise UnconfirmedKey(
                lazy_gettext("desk %(desk)s", desk=who or desk),
                "has no key that this machine knows.",
                lazy_gettext("Look with: %(command)s", command=command("keys")),
            )
        return tuple(dict.fromkeys(key.text for key in sorted(keys, key=lambda key: key.what == RECOVERY)))

    def record_published(self, desks: Iterable[Desk], own: Collection[str], desk: str, who: str) -> None:
        """Record the published keys after a fetch. own: this machine's keys, whose changes need no confirmation."""
        self._reload()
        changes = self.changes(list(desks))
        for change in changes:
            is_own = (change.desk, change.who) == (desk, who) and change.added and change.what != RECOVERY
            if is_own and all(key.text in own for key in change.added) and not change.shared:
                self._confirm(change)
        pending = frozenset(key for change in self.changes(desks) if not change.refused for key in change.added)
        withdrawn = self._state.pending - pending - self._state.pinned
        self._save(replace(self._state, pending=pending, reverted=self._state.reverted | withdrawn))

    # Decisions of staff

    def confirm(
        self, desks: Iterable[Desk], who: str = "", accepted: Iterable[str] = (), *, stolen: bool = False
    ) -> int:
        """Accept the changes of a person or desk (all if empty); return how many.

        accepted: ids of entries and copies that count from now on without a signature. stolen: signatures by the old
        keys are no longer valid.
        """
        self._reload()
        chosen = [change for change in self.changes(desks) if who in {"", change.who, change.desk}]
        for change in chosen:
            self._confirm(change)
        earlier = frozenset(key for key in self._state.earlier if not (stolen and who in {"", key.who, key.desk}))
        reverted = frozenset(key for key in self._state.reverted if who not in {"", key.who, key.desk})
        self._save(
            replace(
                self._state, accepted=self._state.accepted | frozenset(accepted), earlier=earlier, reverted=reverted,
                pending=self._state.pending - {key for change in chosen for key in change.added},
            )
        )  # fmt: skip
        return len(chosen)

    def _confirm(self, change: KeyChange) -> None:
        state = self._state
        earlier = state.earlier | {key for key in change.removed if key.what == SIGNING}
        changed = frozenset(change.added) | frozenset(change.removed)
        self._save(
            replace(
                state, pinned=(state.pinned - set(change.removed)) | set(change.added), earlier=earlier,
                refused=state.refused - changed, refused_removals=state.refused_removals - changed,
            )
        )  # fmt: skip

    def refuse(self, desks: Iterable[Desk], who: str) -> int:
        """Refuse the changes of a person or desk: the pinned keys remain in use; return how many changes."""
        self._reload()
        chosen = [change for change in self.changes(desks) if who in {change.who, change.desk}]
        added = {key for change in chosen for key in change.added}
        removed = {key for change in chosen for key in change.removed}
        state = self._state
        self._save(
            replace(
                state, refused=state.refused | added, refused_removals=state.refused_removals | removed,
                pending=state.pending - added,
            )
        )  # fmt: skip
        return len(chosen)

    def mark_compared(self) -> None:
        """Record that somebody has compared all pinned keys with the printed sheet."""
        self._reload()
        self._save(replace(self._state, compared=True))

    def accept(self, ids: Iterable[str]) -> None:
        """Let entries or copies on this machine count without a signature."""
        self._reload()
        self._save(replace(self._state, accepted=self._state.accepted | frozenset(ids)))

    def forget(self, ids: Iterable[str]) -> None:
        """Record that entries or copies were erased here: if they come again, they must be signed."""
        self._reload()
        self._save(replace(self._state, accepted=self._state.accepted - frozenset(ids)))
