"""The keys of all desks as this machine knows them, and what follows: who signs here, and to whom is encrypted."""

from forms.core.crypto.encryption import seal_file
from forms.core.crypto.signing import signing_key
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.portal import Desk
from forms.core.problem import Problem
from forms.desk.crypto import keys
from forms.desk.crypto.copies import Signer
from forms.desk.crypto.key_state import KEY, SIGNING, KeyChange
from forms.desk.crypto.pinned_keys import PinnedKeys
from forms.desk.services.clock import Clock
from forms.desk.services.keys.own_keys import OwnKeys
from forms.desk.services.place import DeskPlace
from forms.desk.services.portal_copy import PortalCopy
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.responses import ServerAway


class DeskKeys:
    """The pinned keys of one machine, beside those that the portal publishes."""

    def __init__(self, place: DeskPlace, own: OwnKeys, portal: PortalCopy, store: LocalStore, clock: Clock) -> None:
        self._place, self._own, self._portal, self._store, self._clock = place, own, portal, store, clock
        self._pinned: PinnedKeys | None = None

    @property
    def pinned(self) -> PinnedKeys:
        """The keys of all desks as this machine knows them; remembered now if this is the first use. Raises Problem."""
        if self._pinned is None:
            here_before = [id for folder in ("entries", "letters", "parts") for id in self._store.ids(folder)]
            self._pinned = PinnedKeys.load(self._place.folder) or PinnedKeys.first_use(
                self._place.folder, self._portal.current.desks, here_before, self._clock.today()
            )
        return self._pinned

    def read_again(self) -> PinnedKeys:
        """Return the pinned keys as they are on the disk: another window of this machine may have confirmed some."""
        self._pinned = None
        return self.pinned

    @property
    def own_desk(self) -> Desk:
        """Return this desk as the portal publishes it, or as it is pinned here. Raises Problem where there is none."""
        desk = self._place.desk
        found = self._portal.current.desks_with_ids([desk]) or [one for one in self.pinned.desks() if one.id == desk]
        if not found:
            todo = "Compare content/portal.yml, build the site again, and fetch."
            raise Problem(lazy_gettext("desk %(desk)s", desk=desk), "is not a desk of this portal.", todo)
        return found[0]

    @property
    def member(self) -> str:
        """Return whose machine this is: the member of the desk that has this key."""
        mine, all_keys = self._own.recipients, self.pinned.all_keys(self._place.desk)
        found = next((one.who for one in all_keys if one.what == KEY and one.text in mine), "")
        return found or self._place.name

    @property
    def signer(self) -> Signer:
        """Return who signs here: by the key that the others know, until the portal has the new one."""
        known = self.pinned.present_signing_keys(self._place.desk, self.member)
        mine = self._own.identities
        chosen = next((one for one in mine if keys.signing_line(one) in known), mine[0])
        return Signer(self._place.desk, self.member, signing_key(str(chosen)), self._clock.today().isoformat())

    def recipients(self, desk: str, who: str = "") -> tuple[str, ...]:
        """Return the keys of a desk, or of one of its people. Raises UnconfirmedKey where one of them is in doubt."""
        return self.pinned.recipients(self._portal.current.desks, desk, who)

    def own_recipients(self) -> list[str]:
        """Return the keys of this machine and of its desk. Raises UnconfirmedKey where one of them is in doubt."""
        return list(dict.fromkeys([self._own.recipient, *self.recipients(self._place.desk)]))

    def seal_for_desk(self, plain: bytes) -> bytes:
        """Return a file that stays on this machine, encrypted to the pinned keys of this desk and to this machine's."""
        pinned = (key.text for key in self.pinned.all_keys(self._place.desk) if key.what != SIGNING)
        return seal_file(plain, list(dict.fromkeys([self._own.recipient, *pinned])))

    def changes(self) -> tuple[KeyChange, ...]:
        """Return how the published keys differ from those that this machine knows. Raises Problem."""
        return self.pinned.changes(self._portal.current.desks)

    def fetch(self) -> str:
        """Fetch the portal and compare its keys with the pinned ones; a sentence where it cannot be read."""
        try:
            self.read_again()  # by the portal of before, if there is one
        except ServerAway:
            raise
        except Problem:
            pass  # the portal that is here is damaged: the one that comes is the first
        said = self._portal.fetch_if_readable()
        present = {self._own.recipient, self._own.signing_keys[0]} if self._own.identities else set()
        if not said:
            self.pinned.look(self._portal.current.desks, present, self._place.desk, self.member)
        return said
