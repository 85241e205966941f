"""Cases encrypted again: for another desk, a colleague, a court, and for the printed recovery key."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import RLock

from forms.core.files.durable import write_or_complain
from forms.core.problem import Problem
from forms.desk.cases.case import cases
from forms.desk.cases.export import exported
from forms.desk.cases.handover import Sharing, desk_for, refuse_second_handover
from forms.desk.cases.log.case_log import heads
from forms.desk.crypto.decryption import Letter
from forms.desk.services.case_list import CaseList
from forms.desk.services.case_writer import CaseWriter
from forms.desk.services.clock import Clock
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.keys.own_keys import OwnKeys
from forms.desk.services.place import DeskPlace
from forms.desk.services.portal_copy import PortalCopy
from forms.desk.sync.local_store import DELETION, LocalStore
from forms.desk.sync.outbox import Outbox


@dataclass(frozen=True)
class CaseSharing:
    """Gives whole cases to others who may have them."""

    place: DeskPlace
    own: OwnKeys
    portal: PortalCopy
    keys: DeskKeys
    cases: CaseList
    writer: CaseWriter
    store: LocalStore
    outbox: Outbox
    clock: Clock
    busy: RLock

    @property
    def _sharing(self) -> Sharing:
        return Sharing(self.store, self.own.identities, self.outbox, self.keys.signer)

    def documents(self, case_id: str) -> Mapping[str, bytes]:
        """Return what an export of a case holds, by file name, opened. Raises Problem."""
        return self._sharing.documents(self.cases.case(case_id), self.cases.index.letter_ids(case_id))

    def export(self, case_id: str, to: str) -> bytes:
        """Return one case as an age file with a list of hashes (export.py). to: an age recipient or a passphrase."""
        with self.busy:
            return exported(self.documents(case_id), to)

    def hand_over(self, case_id: str, desk_id: str) -> None:
        """Encrypt a whole case for another desk. Raises Problem for a desk that the person excluded."""
        with self.busy:
            case = self.cases.case(case_id)
            to = desk_for(case, desk_id, self.portal.current)
            self.keys.own_recipients()  # refused before anything is sent, if a key of this desk is in doubt
            recipients = self.keys.recipients(to.id)
            refuse_second_handover(case, to.id)  # after the keys: an officer hears of a key in doubt first
            self._sharing.hand_over(case, self.cases.index.letter_ids(case_id), recipients, to.id)
            self.writer.add(case_id, "handover", {"desk": desk_id}, heads(case.entries))
            self.outbox.try_to_send()

    def reseal(self, member_id: str) -> int:
        """Encrypt all open cases for a member with a new key; return how many. Raises Problem."""
        with self.busy:
            member = next((one for one in self.keys.own_desk.members if one.id == member_id), None)
            if member is None:
                raise Problem(member_id, "is no member of this desk.", "Put the person into portal.yml and fetch.")
            [key] = self.keys.recipients(self.place.desk, member_id)[:1]
            open_cases = [case for case in self.cases.all() if case.state.value != "closed"]
            for case in open_cases:
                self._sharing.reseal(case, self.cases.index.letter_ids(case.id), key, member_id)
            self.outbox.try_to_send()
            return len(open_cases)

    def on_this_machine_alone(self) -> tuple[str, ...]:
        """Return the ids of letters of which the server keeps no copy. Raises Problem."""
        there = {row["id"] for row in self.place.server().waiting(everything=True)}
        letters = self.cases.fresh_index().letters()
        here = (letter.id for _, _, letter in letters if isinstance(letter, Letter) and letter.form != DELETION)
        return tuple(sorted(id for id in here if id not in there))

    def secure(self) -> None:
        """Send the server copies of letters that only this machine has, once a day, for the printed recovery key.

        A letter that came before there was a recovery key left the server when this desk had it. Raises Problem.
        """
        today, seen = self.clock.today().isoformat(), self.place.folder / "secured"
        if not self.keys.own_desk.recovery or (seen.exists() and seen.read_text(encoding="utf-8") == today):
            return
        alone = set(self.on_this_machine_alone())
        for case in cases(self.cases.index.letters(), ()):
            ids = [id for id in self.cases.index.letter_ids(case.id) if id in alone]
            if ids:
                self._sharing.secure(case, ids, self.keys.recipients(self.place.desk), self.place.desk)
        self.outbox.send()
        write_or_complain(seen, today.encode())
