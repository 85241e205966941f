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
from forms.desk.sync.fetching import fetch_entries, fetch_letters, fetch_voices, opener
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.outbox import Outbox
from forms.desk.sync.responses import ServerAway
from forms.desk.watch.site_watch import SiteWatch


@dataclass(frozen=True)
class Synced:
    """The result of synchronising: new letters and entries, requests sent and still waiting.

    erased: cases that are gone for good because the person asked; asked: cases for which that was proven just now.
    away: a sentence where the server could not be reached, else empty. wrong: letters that came damaged.
    outdated: a sentence where this program is too old to read what the server says of the portal, else empty.
    """

    new: int = 0
    sent: int = 0
    waiting: int = 0
    away: str = ""
    erased: int = 0
    wrong: int = 0
    asked: int = 0
    outdated: str = ""


@dataclass(frozen=True)
class Synchronising:
    """One desk's visits to its server."""

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

    def run(self) -> Synced:
        """Send the outbox, and fetch what waits on the server. An unreachable server is reported, and nothing is lost.

        A portal that cannot be read (this desk is older than its server) keeps no letter from being fetched.
        The public site is visited last, so that nobody waits for it.
        """
        synced = self._run()
        if not synced.away:
            with suppress(Problem):
                self.site_watch.look(self.portal.current, self.clock.today())
        return synced

    def _run(self) -> Synced:
        with self.busy:
            sent = new = wrong = 0
            away = outdated = ""
            _ = self.clock.known_day  # the day that this machine shows is written down before anything else
            try:
                outdated = self.keys.fetch()
                sent = self.outbox.send()
                new, wrong = self._fetch()
                with suppress(Problem):  # it never keeps anybody from letters; the doctor says what is wrong
                    self.clock.compare(self.place.server())
            except ServerAway as told:
                away = told.sentence
            obeyed = self.erasing.obey_notices()
            self.cases.changed()
            if not away:
                self.acknowledging.send()
                self.withheld.follow_statements()
            new = max(0, new - obeyed.notices)
            return Synced(new, sent, self.outbox.waiting, away, obeyed.erased, wrong, obeyed.asked, outdated)

    def _fetch(self) -> tuple[int, int]:
        """Fetch letters and entries; return how many are new, and how many letters came damaged."""
        server, opened = self.place.server(), opener(self.own.open)
        restoring = self.place.folder / key_files.RESTORING
        had, is_proven, everything = set(self.store.ids("letters")), self.cases.is_proven_copy, restoring.exists()
        fetched = fetch_letters(self.store, server, opened, is_proven, everything=everything)
        new = len(fetched.ids) + fetch_entries(self.store, server, opened, self.cases.index.unreadable())
        self.cases.changed()
        with suppress(Problem):  # what does not come now is asked for at the next visit
            named = {part.id: case.id for case in self.cases.all() for part in case.spoken_answers}
            fetch_voices(self.store, server, opened, named)
        if not fetched.wrong:
            self.withheld.note_arrivals(() if everything else set(fetched.ids) - had)
            restoring.unlink(missing_ok=True)
        try:
            self.sharing.secure()
        except ServerAway:
            raise
        except Problem:
            pass  # as where a key is not confirmed: it keeps no letter from being fetched, and is tried again
        return new, len(fetched.wrong)
