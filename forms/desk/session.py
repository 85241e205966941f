"""An unlocked desk: its services (forms/desk/services), wired in one place. Locking drops everything decrypted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from threading import RLock

from forms.core.trusted_date import day_here
from forms.desk.cases.arrivals import Arrivals
from forms.desk.cases.erasure import ErasureRequests
from forms.desk.crypto import keys as key_files
from forms.desk.services.acknowledging import Acknowledging
from forms.desk.services.case_erasing import CaseErasing
from forms.desk.services.case_list import CaseList
from forms.desk.services.case_sharing import CaseSharing
from forms.desk.services.case_writer import CaseWriter
from forms.desk.services.clock import Clock
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.keys.key_decisions import KeyDecisions
from forms.desk.services.keys.key_retirement import KeyRetirement
from forms.desk.services.keys.own_keys import OwnKeys
from forms.desk.services.place import DeskPlace
from forms.desk.services.portal_copy import PortalCopy
from forms.desk.services.synchronising import Synchronising
from forms.desk.services.withheld import Withheld
from forms.desk.sync.local_store import LocalStore, require_format
from forms.desk.sync.outbox import Outbox
from forms.desk.sync.statements import Statements
from forms.desk.watch.site_watch import SiteWatch


@dataclass(frozen=True)
class Session:
    """The services of one unlocked desk. They raise Problem with a sentence, and then leave nothing half done."""

    place: DeskPlace
    clock: Clock
    local_store: LocalStore
    outbox: Outbox
    own_keys: OwnKeys
    portal: PortalCopy
    keys: DeskKeys
    cases: CaseList
    log: CaseWriter
    sharing: CaseSharing
    erasing: CaseErasing
    withheld: Withheld
    sync: Synchronising
    key_decisions: KeyDecisions
    key_retirement: KeyRetirement
    site_watch: SiteWatch
    busy: RLock

    def lock(self) -> None:
        """Drop everything that was decrypted, and the key."""
        with self.busy:
            self.own_keys.forget()
            self.cases.close()

    @classmethod
    def unlock(cls, place: DeskPlace, passphrase: str | None, today: Callable[[], date] = day_here) -> "Session":
        """Unlock the desk with its passphrase (None for a demonstration key) and wire its services. Raises Problem."""
        require_format(place.folder)
        own = OwnKeys(place.folder, key_files.identities(place.folder, lambda: passphrase or ""))
        busy, clock, store = RLock(), Clock(place.folder, today), LocalStore(place.folder)
        portal, outbox, requests = PortalCopy(place), Outbox(store, place.server), ErasureRequests(place.folder)
        statements, site_watch = Statements(place.folder), SiteWatch(place.folder, place.address)
        keys = DeskKeys(place, own, portal, store, clock)
        cases = CaseList(place, own, portal, keys, store, requests, busy)
        log = CaseWriter(place, cases, keys, store, outbox, statements, clock, busy)
        sharing = CaseSharing(place, own, portal, keys, cases, log, store, outbox, clock, busy)
        erasing = CaseErasing(place, own, portal, keys, cases, requests, store, outbox, statements, clock, busy)
        withheld = Withheld(place, cases, requests, store, statements, Arrivals(place.folder), clock)
        acknowledging = Acknowledging(place, cases, keys, store, clock)
        sync = Synchronising(
            place, own, portal, keys, cases, sharing, erasing, acknowledging, withheld, site_watch, store, outbox,
            clock, busy,
        )  # fmt: skip
        decisions = KeyDecisions(place, own, portal, keys, cases, busy)
        retirement = KeyRetirement(place, own, keys, cases, sync)
        return cls(
            place, clock, store, outbox, own, portal, keys, cases, log, sharing, erasing, withheld, sync, decisions,
            retirement, site_watch, busy,
        )  # fmt: skip
