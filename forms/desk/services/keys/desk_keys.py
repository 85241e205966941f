"""The keys of all desks as this machine knows them: who signs here, and to which keys data is encrypted."""

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
    """The pinned keys of one machine, and how the published keys differ from them."""

    def __init__(self, place: DeskPlace, own: OwnKeys, portal: PortalCopy, store: LocalStore, clock: Clock) -> None:
        self._place, self._own, self._portal, self._store, self._clock = place, own, portal, store, clock
        self._pinned: PinnedKeys | None = None

    @property
    def pinned(self) -> PinnedKeys:
        """The keys of all desks as this machine knows them; the first use pins the published ones. Raises Problem."""
        if self._pinned is None:
            existing = [id for folder in ("entries", "letters", "parts") for id in self._store.ids(folder)]
            self._pinned = PinnedKeys.load(self._place.folder) or PinnedKeys.first_use(
                self._place.folder, self._portal.current.desks, existing, self._clock.today()
            )
        return self._pinned

    def reload(self) -> PinnedKeys:
        """Read the pinned keys from the disk again: another window on this machine may have confirmed some."""
        self._pinned = None
        return self.pinned

    @property
    def own_desk(self) -> Desk:
        """This desk as the portal publishes it, or else as pinned here. Raises Problem if there is no such desk."""
        id = self._place.desk
        desks = self._portal.current.desks_with_ids([id]) or [desk for desk in self.pinned.desks() if desk.id == id]
        if not desks:
            todo = "Compare content/portal.yml, build the site again, and fetch."
            raise Problem(lazy_gettext("desk %(desk)s", desk=id), "is not a desk of this portal.", todo)
        return desks[0]

    @property
    def member(self) -> str:
        """The member of the desk who uses this machine: the one who has its key."""
        own, all_keys = self._own.recipients, self.pinned.all_keys(self._place.desk)
        member = next((key.who for key in all_keys if key.what == KEY and key.text in own), "")
        return member or self._place.name

    @property
    def signer(self) -> Signer:
        """The signer on this machine. It uses the key that others know, until the portal publishes the new one."""
        pinned = self.pinned.present_signing_keys(self._place.desk, self.member)
        identities = self._own.identities
        identity = next((each for each in identities if keys.signing_line(each) in pinned), identities[0])
        return Signer(self._place.desk, self.member, signing_key(str(identity)), self._clock.today().isoformat())

    def recipients(self, desk: str, who: str = "") -> tuple[str, ...]:
        """Return the keys of a desk, or of one of its people. Raises UnconfirmedKey."""
        return self.pinned.recipients(self._portal.current.desks, desk, who)

    def own_recipients(self) -> list[str]:
        """Return the keys of this machine and of its desk. Raises UnconfirmedKey."""
        return list(dict.fromkeys([self._own.recipient, *self.recipients(self._place.desk)]))

    def seal_for_desk(self, plain: bytes) -> bytes:
        """Encrypt a file of this machine to the pinned keys of its desk and to its own key."""
        pinned = (key.text for key in self.pinned.all_keys(self._place.desk) if key.what != SIGNING)
        return seal_file(plain, list(dict.fromkeys([self._own.recipient, *pinned])))

    def changes(self) -> tuple[KeyChange, ...]:
        """Return how the published keys differ from those that this machine knows. Raises Problem."""
        return self.pinned.changes(self._portal.current.desks)

    def fetch(self) -> str:
        """Fetch the portal and compare its keys with the pinned ones.

        Returns a sentence if this program is too old to read the portal, else an empty text. Raises Problem.
        """
        try:
            self.reload()  # with the previous portal, if there is one
        except ServerAway:
            raise
        except Problem:
            pass  # the stored portal is damaged: the fetched one counts as the first
        outdated = self._portal.fetch_if_readable()
        own = {self._own.recipient, self._own.signing_keys[0]} if self._own.identities else set()
        if not outdated:
            self.pinned.record_published(self._portal.current.desks, own, self._place.desk, self.member)
        return outdated
