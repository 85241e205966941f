"""Synchronise with the server: send the outbox, and fetch what waits there."""

from contextlib import suppress
from dataclasses import dataclass
from threading import RLock

from forms.core.problem import Problem
from forms.desk.crypto import keys as key_files
from forms.desk.services.acknowledging import Acknowledging
from forms.desk.services.case_erasing import CaseErasing
from forms.desk.services.case_list import CaseList
from forms.desk.services.case_sharing import CaseSharing
from forms.desk.services.clock import Clock
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.keys.own_keys import OwnKeys
from forms.desk.services.place import DeskPlace
from forms.desk.services.portal_copy import PortalCopy
from forms.desk.services.withheld import Withheld
from forms.desk.sync.fetching import decrypt_or_none, fetch_entries, fetch_letters, fetch_recordings
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.outbox import Outbox
from forms.desk.sync.responses import ServerAway
from forms.desk.watch.site_watch import SiteWatch


@dataclass(frozen=True)
class SyncResult:
    """The result of synchronising: new letters and entries, requests sent and still waiting.

    erased: cases that were erased because the person requested it; erasures_requested: requests proven just now.
    away: a sentence if the server could not be reached, else empty. damaged: letters that arrived damaged.
    outdated: a sentence if this program is too old to read the server's portal, else empty.
    """

    new: int = 0
    sent: int = 0
    waiting: int = 0
    away: str = ""
    erased: int = 0
    damaged: int = 0
    erasures_requested: int = 0
    outdated: str = ""


@dataclass(frozen=True)
class Synchronising:
    """Synchronises one desk with its server."""

    place: DeskPlace
    own: OwnKeys
    portal: PortalCopy
    keys: DeskKeys
    cases: CaseList
    sharing: CaseSharing
    erasing: CaseErasing
    acknowledging: Acknowledging
    withheld: Withheld
    site_watch: SiteWatch
    store: LocalStore
    outbox: Outbox
    clock: Clock
    busy: RLock

    def run(self) -> SyncResult:
        """Send the outbox, and fetch what waits on the server. An unreachable server is reported, and nothing is lost.

        Letters are fetched even if this program is too old to read the portal. The public site is checked last, so
        that the letters do not wait for it.
        """
        result = self._run()
        if not result.away:
            with suppress(Problem):
                self.site_watch.check(self.portal.current, self.clock.today())
        return result

    def _run(self) -> SyncResult:
        with self.busy:
            sent = new = damaged = 0
            away = outdated = ""
            _ = self.clock.known_day  # records the day of this machine before anything else
            try:
                outdated = self.keys.fetch()
                sent = self.outbox.send()
                new, damaged = self._fetch()
                with suppress(Problem):  # must not keep staff from their letters; the doctor reports it
                    self.clock.compare(self.place.server())
            except ServerAway as problem:
                away = problem.sentence
            erasure = self.erasing.process_erasure_notices()
            self.cases.invalidate()
            if not away:
                self.acknowledging.send()
                self.withheld.follow_statements()
            new = max(0, new - erasure.notices)
            return SyncResult(
                new, sent, self.outbox.waiting, away, erasure.erased, damaged, erasure.newly_proven, outdated
            )

    def _fetch(self) -> tuple[int, int]:
        """Fetch letters and entries; return how many are new, and how many letters arrived damaged."""
        server, decrypt = self.place.server(), decrypt_or_none(self.own.open)
        restoring = self.place.folder / key_files.RESTORING
        existing, is_proven, everything = set(self.store.ids("letters")), self.cases.is_proven_copy, restoring.exists()
        fetched = fetch_letters(self.store, server, decrypt, is_proven, everything=everything)
        new = len(fetched.ids) + fetch_entries(self.store, server, decrypt, self.cases.index.unreadable())
        self.cases.invalidate()
        with suppress(Problem):  # tried again at the next fetch
            recordings = {part.id: case.id for case in self.cases.all() for part in case.answer_recordings}
            fetch_recordings(self.store, server, decrypt, recordings)
        if not fetched.damaged:
            self.withheld.record_arrivals(() if everything else set(fetched.ids) - existing)
            restoring.unlink(missing_ok=True)
        try:
            self.sharing.back_up()
        except ServerAway:
            raise
        except Problem:
            pass  # for example an unconfirmed key: must not prevent fetching, and is tried again
        return new, len(fetched.damaged)
