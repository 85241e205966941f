"""Telling people by itself which of their letters are open at this desk."""

from contextlib import suppress
from dataclasses import dataclass

from forms.core.problem import Problem
from forms.desk.cases.acknowledgement import Acknowledged, opened, sent_answers
from forms.desk.crypto.answers import NoKey, sealed_acknowledgement
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
        """Tell people which of their letters are open here. What cannot be sent now is sent at the next fetch."""
        index, acknowledged = self.cases.fresh_index(), Acknowledged(self.place.folder)
        here, sent = opened(index.letters(), lambda part: self.store.has("parts", part)), []
        waiting = acknowledged.waiting(here)
        with suppress(Problem):  # ServerAway, or no portal that can be read
            cases = {case.id: case for case in self.cases.all()} if waiting else {}
            server, today = self.place.server(), self.clock.today()
            for found in waiting:
                with suppress(NotThere, RequestRefused, NoKey):  # erased meanwhile, or nobody could read it
                    if found.first.id in cases:  # else it rests until it is erased
                        after = sent_answers(cases[found.first.id].entries)
                        made = sealed_acknowledgement(found.first, self.keys.signer, today, found.letters, after)
                        server.acknowledge_to_person(found.first.id, *made)
                sent.append(found)
        acknowledged.note(sent, here)
