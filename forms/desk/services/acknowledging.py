"""Acknowledge to people, automatically, which of their letters this desk has opened."""

from contextlib import suppress
from dataclasses import dataclass

from forms.core.problem import Problem
from forms.desk.cases.acknowledgement import AcknowledgementRecord, opened_threads, sent_answers
from forms.desk.crypto.answers import NoKey, encrypt_acknowledgement
from forms.desk.services.case_list import CaseList
from forms.desk.services.clock import Clock
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.place import DeskPlace
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.responses import NotThere, RequestRefused


@dataclass(frozen=True)
class Acknowledging:
    """Sends the acknowledgements of one desk."""

    place: DeskPlace
    cases: CaseList
    keys: DeskKeys
    store: LocalStore
    clock: Clock

    def send(self) -> None:
        """Send the acknowledgements that are due. What cannot be sent now is sent at the next fetch."""
        index, record = self.cases.refresh_index(), AcknowledgementRecord(self.place.folder)
        threads, sent = opened_threads(index.letters(), lambda part: self.store.has("parts", part)), []
        pending = record.pending(threads)
        with suppress(Problem):  # ServerAway, or no readable portal
            cases = {case.id: case for case in self.cases.all()} if pending else {}
            server, today = self.place.server(), self.clock.today()
            for thread in pending:
                first = thread.first
                with suppress(NotThere, RequestRefused, NoKey):  # erased meanwhile, or nobody could read it
                    if first.id in cases:  # otherwise it is about to be erased
                        after = sent_answers(cases[first.id].entries)
                        id, sealed = encrypt_acknowledgement(first, self.keys.signer, today, thread.letters, after)
                        server.acknowledge_to_person(first.id, id, sealed)
                sent.append(thread)
        record.record(sent, threads)
