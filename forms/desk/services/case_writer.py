"""What staff write in a case: entries of its log, and answers to the person.

Each is encrypted and durable on this machine first, then brought to the server; while that is away it waits in the
outbox. So nothing is lost, and two machines of a desk come to hold the same log.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import RLock
from typing import Any

from forms.core.crypto.signing import sign
from forms.core.problem import Problem
from forms.desk.cases.acknowledgement import sent_answers
from forms.desk.cases.case import TOLD_STATES, Case
from forms.desk.cases.log.case_log import Entry, heads, new_entry, sealed_entry, statement_of
from forms.desk.crypto.answers import NoKey, Voice, cleaned_voice, sealed_answer, sealed_voice
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
    """Writes in the cases of one desk. Its methods raise Problem with a sentence; nothing is half done then."""

    place: DeskPlace
    cases: CaseList
    keys: DeskKeys
    store: LocalStore
    outbox: Outbox
    statements: Statements
    clock: Clock
    busy: RLock

    def write(self, case_id: str, kind: str, after: Sequence[str] | None = None, **value: Any) -> Entry:
        """Add an entry to a case's log: durable here first, then sent when the server is reachable.

        after: the entries that its writer saw (the page may be older than the log); all present ones if None.
        A state that the person is told of goes to their receipt too. Raises Problem.
        """
        with self.busy:
            case = self.cases.case(case_id)
            known = {entry.id for entry in case.entries}
            seen = heads(case.entries) if after is None else [id for id in after if id in known]
            if kind in {"state", "merge"}:
                value["letters"] = len(case.letters)
            is_told = kind == "state" and value.get("state") in TOLD_STATES and case.first and case.first.reply_to
            told: tuple[str, bytes] | None = None
            if is_told and case.first:
                with suppress(NoKey):  # made by hand: nobody could read it, and the state stands all the same
                    told = self.sealed_answer(case, case.first, "", str(value["state"]))
                    value["sent"] = told[0]
            entry = new_entry(case_id, self.keys.member, seen, kind, value)
            if told:  # before the entry that says so: a machine that stops in between must not say what nobody was told
                self.keys.own_recipients()  # refused before anything is sent, if a key of this desk is in doubt
                self._post_answer(case_id, *told)
            entry = self._keep(entry)
            self.outbox.try_to_send()
            return entry

    def answer(self, case_id: str, text: str, state: str = "", recording: bytes = b"") -> None:
        """Answer the person, sealed to their receipt; `state` goes with it, and a recording that says the same.

        Raises Problem: also where a recording has no text beside it, which could be read, copied and exported.
        """
        if recording and not text.strip():
            raise Problem("answer", "A recording came without text.", "Write beside it what it says, in short.")
        sound = cleaned_voice(recording) if recording else None
        with self.busy:
            case = self.cases.case(case_id)
            desk_keys = self.keys.own_recipients()  # refused before anything is sent, if a key of this desk is in doubt
            if case.first is None:
                raise Problem("answer", "The first letter does not open here.", "Ask another machine of this desk.")
            voice = sealed_voice(case.first, sound, desk_keys) if sound and case.first.reply_to else None
            told = self.sealed_answer(case, case.first, text, state if state in TOLD_STATES else "", voice)
            value: dict[str, Any] = {"text": text.strip(), "state": state, "sent": told[0]}
            if voice:
                value |= {"voice": voice.id, "seconds": voice.seconds}
            written = new_entry(case_id, self.keys.member, heads(case.entries), "answer", value)
            if voice:  # first: an answer never names a voice that is not on its way
                self.store.save("parts", voice.id, voice.sealed)
                self.outbox.post("PUT", f"letters/{case_id}/answers/{voice.id}?voice=1", voice.sealed)
            self._post_answer(case_id, *told)
            self._keep(written)
            if state:
                self.add(case_id, "state", {"state": state, "letters": len(case.letters)}, [written.id])
            self.outbox.try_to_send()

    def merge(self, case_id: str, into: str) -> Entry:
        """Merge a case with another about the same. Raises Problem."""
        case = self.cases.case
        if into and (into == case_id or case(into).merged_into):
            raise Problem("case", "cannot be put together with that one.", "Choose a case that stands by itself.")
        with self.busy:
            for flag in ("urgent", "child") if into else ():
                if getattr(case(case_id), flag) and not getattr(case(into), flag):
                    self.write(into, "flag", flag=flag, on=True)  # danger told in one must not leave the list with it
            return self.write(case_id, "merge", into=into)

    def mark_heard(self, part_id: str) -> None:
        """Record that somebody listened to a recording. For a letter without words, that is reading it."""
        with self.busy:
            all_cases = self.cases.all()
            found = next((case for case in all_cases if any(part.id == part_id for part in case.unheard)), None)
            if found is None:
                return
            value = {"heard": part_id, "letters": 0 if found.first_words else len(found.letters)}
            with suppress(Problem):
                self.add(found.id, "read", value, heads(found.entries))

    def mark_read(self, case_id: str) -> None:
        """Record that somebody opened a case. It is sent with the next entry: reading waits for no server."""
        with self.busy:
            case = self.cases.case(case_id)
            if case.unread:
                with suppress(Problem):  # a key of this desk is in doubt: it can be read all the same
                    self.add(case_id, "read", {"letters": len(case.letters)}, heads(case.entries))

    def add(self, case_id: str, kind: str, value: dict[str, Any], after: Sequence[str]) -> Entry:
        """Add an entry to a case's log, to be sent with what comes next. Raises Problem."""
        return self._keep(new_entry(case_id, self.keys.member, after, kind, value))

    def _keep(self, entry: Entry) -> Entry:
        """Sign an entry, put it into the outbox, and make it durable here. Raises Problem.

        It names the server's last statement, so that two machines which were shown different ones notice.
        """
        if head := self.statements.known().head:
            entry = replace(entry, value={**entry.value, "head": head})
        entry = replace(entry, signature=sign(statement_of(entry, self.place.desk), self.keys.signer.key))
        sealed = sealed_entry(entry, self.keys.own_recipients())
        # On its way first: should this machine stop in between, the entry comes back with the next fetch. The other
        # way round it would stand here alone for good.
        waiting = self.outbox.post("PUT", f"letters/{entry.thread}/entries/{entry.id}", sealed)
        try:
            self.store.save("entries", entry.id, sealed)
        except Problem:
            self.outbox.drop(waiting)
            raise
        self.cases.changed()
        return entry

    def sealed_answer(
        self, case: Case, first: Letter, text: str, state: str, voice: Voice | None = None
    ) -> tuple[str, bytes]:
        """Return an answer to a case's first letter, signed and encrypted: its id and its bytes. Raises NoKey."""
        sent = sent_answers(case.entries)
        return sealed_answer(first, self.keys.signer, self.clock.today(), text, state, sent, voice)

    def _post_answer(self, case_id: str, answer_id: str, sealed: bytes) -> None:
        self.outbox.post("PUT", f"letters/{case_id}/answers/{answer_id}", sealed)
