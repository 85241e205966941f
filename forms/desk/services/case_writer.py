"""Write in a case: entries of its log, and answers to the person.

Each is encrypted and durable on this machine first, then sent to the server; it waits in the outbox while the server is
away. So nothing is lost, and all machines of a desk receive the same log.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

from forms.core.crypto.signing import sign
from forms.core.problem import Problem
from forms.desk.cases.acknowledgement import sent_answers
from forms.desk.cases.case import REPORTED_STATES, Case
from forms.desk.cases.log.case_log import Entry, heads, new_entry, seal_entry, statement_of
from forms.desk.crypto.answers import NoKey, Voice, clean_recording, encrypt_answer, encrypt_recording
from forms.desk.crypto.decryption import Letter
from forms.desk.services.case_list import CaseList
from forms.desk.services.clock import Clock
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.place import DeskPlace
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.outbox import Outbox
from forms.desk.sync.statements import Statements


@dataclass(frozen=True)
class CaseWriter:
    """Writes in the cases of one desk. Its methods raise Problem with a sentence, and then leave nothing half done."""

    place: DeskPlace
    cases: CaseList
    keys: DeskKeys
    store: LocalStore
    outbox: Outbox
    statements: Statements
    clock: Clock
    busy: RLock

    def write(self, case_id: str, kind: str, after: Sequence[str] | None = None, **value: Any) -> Entry:
        """Add an entry to a case's log: durable here first, then sent when the server is reachable. Raises Problem.

        after: the ids of the entries that its writer saw (the page may be older than the log); None for all present
        ones. A state in REPORTED_STATES is also sent to the person's receipt.
        """
        with self.busy:
            case = self.cases.case(case_id)
            known = {entry.id for entry in case.entries}
            seen = heads(case.entries) if after is None else [id for id in after if id in known]
            if kind in {"state", "merge"}:
                value["letters"] = len(case.letters)
            answer: tuple[str, bytes] | None = None
            is_reported = kind == "state" and value.get("state") in REPORTED_STATES
            if is_reported and case.first and case.first.reply_to:
                with suppress(NoKey):  # a forged letter: nobody could read the answer, but the state counts
                    answer = self.encrypt_answer(case, case.first, "", str(value["state"]))
                    value["sent"] = answer[0]
            entry = new_entry(case_id, self.keys.member, seen, kind, value)
            if answer:  # before the entry that records it: an interruption must not leave a record of an unsent answer
                self.keys.own_recipients()  # raises before anything is sent if a key of this desk is unconfirmed
                self._post_answer(case_id, *answer)
            entry = self._save(entry)
            self.outbox.try_to_send()
            return entry

    def answer(self, case_id: str, text: str, state: str = "", recording: bytes = b"") -> None:
        """Send the person an answer, encrypted to their receipt. state: a new state of the case, or empty.

        recording: the spoken text. Raises Problem, also for a recording without a text: the text can be read, copied
        and exported.
        """
        if recording and not text.strip():
            raise Problem("answer", "A recording came without text.", "Write beside it what it says, in short.")
        sound = clean_recording(recording) if recording else None
        with self.busy:
            case = self.cases.case(case_id)
            desk_keys = self.keys.own_recipients()  # raises before anything is sent if a key is unconfirmed
            if case.first is None:
                raise Problem("answer", "The first letter does not open here.", "Ask another machine of this desk.")
            voice = encrypt_recording(case.first, sound, desk_keys) if sound and case.first.reply_to else None
            reported = state if state in REPORTED_STATES else ""
            answer_id, sealed = self.encrypt_answer(case, case.first, text, reported, voice)
            value: dict[str, Any] = {"text": text.strip(), "state": state, "sent": answer_id}
            if voice:
                value |= {"voice": voice.id, "seconds": voice.seconds}
            entry = new_entry(case_id, self.keys.member, heads(case.entries), "answer", value)
            if voice:  # first: an answer must never name a recording that is not in the outbox
                self.store.save("parts", voice.id, voice.sealed)
                self.outbox.post("PUT", f"letters/{case_id}/answers/{voice.id}?voice=1", voice.sealed)
            self._post_answer(case_id, answer_id, sealed)
            self._save(entry)
            if state:
                self.add(case_id, "state", {"state": state, "letters": len(case.letters)}, [entry.id])
            self.outbox.try_to_send()

    def merge(self, case_id: str, into: str) -> Entry:
        """Merge a case into another about the same, or undo a merge if `into` is empty. Raises Problem."""
        if into and (into == case_id or self.cases.case(into).merged_into):
            raise Problem("case", "cannot be put together with that one.", "Choose a case that stands by itself.")
        with self.busy:
            if into:
                self._carry_over_flags(case_id, into)
            return self.write(case_id, "merge", into=into)

    def _carry_over_flags(self, case_id: str, into: str) -> None:
        """Set the flags of a case on the one that stays in the list, so that a danger does not leave the list."""
        case, target = self.cases.case(case_id), self.cases.case(into)
        if case.is_urgent and not target.is_urgent:
            self.write(into, "flag", flag="urgent", on=True)
        if case.involves_child and not target.involves_child:
            self.write(into, "flag", flag="child", on=True)

    def mark_heard(self, part_id: str) -> None:
        """Record that somebody listened to a recording. A letter without words counts as read then."""
        with self.busy:
            cases = self.cases.all()
            case = next((case for case in cases if part_id in {part.id for part in case.unheard_recordings}), None)
            if case is None:
                return
            value = {"heard": part_id, "letters": 0 if case.first_words else len(case.letters)}
            with suppress(Problem):
                self.add(case.id, "read", value, heads(case.entries))

    def mark_read(self, case_id: str) -> None:
        """Record that somebody opened a case. It is sent with the next entry: reading does not wait for the server."""
        with self.busy:
            case = self.cases.case(case_id)
            if case.is_unread:
                with suppress(Problem):  # a key of this desk is unconfirmed: the case can be read all the same
                    self.add(case_id, "read", {"letters": len(case.letters)}, heads(case.entries))

    def add(self, case_id: str, kind: str, value: dict[str, Any], after: Sequence[str]) -> Entry:
        """Add an entry to a case's log, to be sent with the next request. Raises Problem."""
        return self._save(new_entry(case_id, self.keys.member, after, kind, value))

    def _save(self, entry: Entry) -> Entry:
        """Sign an entry, put it into the outbox, and make it durable here. Raises Problem.

        It names the server's last statement, so that machines that were shown different statements notice.
        """
        if head := self.statements.known().head:
            entry = replace(entry, value={**entry.value, "head": head})
        entry = replace(entry, signature=sign(statement_of(entry, self.place.desk), self.keys.signer.key))
        sealed = seal_entry(entry, self.keys.own_recipients())
        # The outbox first: if this machine stops in between, the entry comes back with the next fetch. In the other
        # order it would never be sent.
        queued = self.outbox.post("PUT", f"letters/{entry.thread}/entries/{entry.id}", sealed)
        try:
            self.store.save("entries", entry.id, sealed)
        except Problem:
            self.outbox.drop(queued)
            raise
        self.cases.invalidate()
        return entry

    def encrypt_answer(
        self, case: Case, first: Letter, text: str, state: str, voice: Voice | None = None
    ) -> tuple[str, bytes]:
        """Return the id and the encrypted bytes of a signed answer to a case's first letter. Raises NoKey."""
        sent = sent_answers(case.entries)
        return encrypt_answer(first, self.keys.signer, self.clock.today(), text, state, sent, voice)

    def _post_answer(self, case_id: str, answer_id: str, sealed: bytes) -> None:
        self.outbox.post("PUT", f"letters/{case_id}/answers/{answer_id}", sealed)
