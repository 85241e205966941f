"""Encrypt cases again: for another desk, a colleague, a court, and for the printed recovery key."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import RLock

from forms.core.files.durable import write_or_complain
from forms.core.problem import Problem
from forms.desk.cases.case_builder import build_cases
from forms.desk.cases.export import encrypt_export
from forms.desk.cases.handover import CaseResealer, handover_desk, refuse_second_handover
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
    """Gives complete cases to others who may read them."""

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
    def _resealer(self) -> CaseResealer:
        return CaseResealer(self.store, self.own.identities, self.outbox, self.keys.signer)

    def documents(self, case_id: str) -> Mapping[str, bytes]:
        """Return the files of a case's export, by name, decrypted. Raises Problem."""
        return self._resealer.documents(self.cases.case(case_id), self.cases.index.letter_ids(case_id))

    def export(self, case_id: str, to: str) -> bytes:
        """Return one case as an age file with a list of hashes (export.py). to: an age recipient or a passphrase."""
        with self.busy:
            return encrypt_export(self.documents(case_id), to)

    def hand_over(self, case_id: str, desk_id: str) -> None:
        """Encrypt a complete case for another desk. Raises Problem, also for a desk that the person excluded."""
        with self.busy:
            case = self.cases.case(case_id)
            desk = handover_desk(case, desk_id, self.portal.current)
            self.keys.own_recipients()  # raises before anything is sent if a key of this desk is unconfirmed
            recipients = self.keys.recipients(desk.id)
            refuse_second_handover(case, desk.id)  # after the keys: an unconfirmed key is reported first
            self._resealer.hand_over(case, self.cases.index.letter_ids(case_id), recipients, desk.id)
            self.writer.add(case_id, "handover", {"desk": desk_id}, heads(case.entries))
            self.outbox.try_to_send()

    def reseal(self, member_id: str) -> int:
        """Encrypt all open cases for a member with a new key; return how many. Raises Problem."""
        with self.busy:
            if member_id not in {member.id for member in self.keys.own_desk.members}:
                raise Problem(member_id, "is no member of this desk.", "Put the person into portal.yml and fetch.")
            [key] = self.keys.recipients(self.place.desk, member_id)[:1]
            open_cases = [case for case in self.cases.all() if case.state.value != "closed"]
            for case in open_cases:
                self._resealer.reseal(case, self.cases.index.letter_ids(case.id), key, member_id)
            self.outbox.try_to_send()
            return len(open_cases)

    def on_this_machine_alone(self) -> tuple[str, ...]:
        """Return the ids of letters of which the server keeps no copy. Raises Problem."""
        remote = {row["id"] for row in self.place.server().waiting(everything=True)}
        letters = self.cases.refresh_index().letters()
        local = (letter.id for _, _, letter in letters if isinstance(letter, Letter) and letter.form != DELETION)
        return tuple(sorted(id for id in local if id not in remote))

    def back_up(self) -> None:
        """Send the server copies of letters that only this machine has, once a day, for the printed recovery key.

        The server deleted letters that this desk fetched before it had a recovery key. Raises Problem.
        """
        today, last_run = self.clock.today().isoformat(), self.place.folder / "secured"
        if not self.keys.own_desk.recovery or (last_run.exists() and last_run.read_text(encoding="utf-8") == today):
            return
        local_only = set(self.on_this_machine_alone())
        for case in build_cases(self.cases.index.letters(), ()):
            ids = [id for id in self.cases.index.letter_ids(case.id) if id in local_only]
            if ids:
                self._resealer.back_up(case, ids, self.keys.recipients(self.place.desk), self.place.desk)
        self.outbox.send()
        write_or_complain(last_run, today.encode())
