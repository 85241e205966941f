"""Encrypt a case again: for another desk, a colleague with a new key, or a court. Decrypted in memory only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forms.core.crypto.encryption import seal_file
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.portal import Desk, Portal
from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.crypto.copies import Signer, copy_of, copy_of_part
from forms.desk.crypto.decryption import Identities, Letter, open_part, open_sealed
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.outbox import Outbox


@dataclass(frozen=True)
class CaseResealer:
    """Encrypts the letters of a desk again. `letter_ids` below: all letters of the case, as stored on this machine."""

    local_store: LocalStore
    identities: Identities
    outbox: Outbox
    signer: Signer

    def hand_over(self, case: Case, letter_ids: Sequence[str], keys: Sequence[str], reader: str) -> None:
        """Send letters and parts to another desk: letters first, since they make it one of the letter's desks."""
        for id in letter_ids:
            self._copy(id, case.id, keys, reader, "letters", path=id)
        self._copy_parts(case, keys, reader)

    def reseal(self, case: Case, letter_ids: Sequence[str], key: str, reader: str) -> None:
        """Encrypt a whole case to a colleague's key: letters last, since they make the colleague's desk fetch."""
        self._copy_parts(case, [key], reader)
        for part in case.answer_recordings:
            if self.local_store.has("parts", part.id):
                self._copy(part.id, case.id, [key], reader, "parts")
        for entry in case.entries:
            self._copy(entry.id, case.id, [key], reader, "entries")
        for id in letter_ids:
            self._copy(id, case.id, [key], reader, "letters", path=id)

    def back_up(self, case: Case, letter_ids: Sequence[str], keys: Sequence[str], reader: str) -> None:
        """Encrypt letters and attachments of a case to this desk's present keys, so that the server keeps them too."""
        for letter_id, part in case.parts:
            if letter_id in letter_ids and self.local_store.has("parts", part.id):
                self._copy(part.id, case.id, keys, reader, "parts", path=letter_id)
        for id in letter_ids:
            self._copy(id, case.id, keys, reader, "letters", path=id)

    def documents(self, case: Case, letter_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the files of an export, by name: letters encrypted and decrypted, parts, the time line."""
        documents = {}
        for id in letter_ids:
            sealed = self.local_store.read("letters", id)
            documents[f"letters/{id}.age"] = sealed
            documents[f"letters/{id}.json"] = open_sealed(sealed, self.identities).rstrip(b" ")
        for part in (*(part for _, part in case.parts), *case.answer_recordings):
            if self.local_store.has("parts", part.id):
                suffix = "jpg" if part.kind == "photo" else "audio"
                _, content = open_part(self.local_store.read("parts", part.id), self.identities)
                documents[f"parts/{part.id}.{suffix}"] = content
        documents["time-line.json"] = json.dumps(case.time_line(), ensure_ascii=False, indent=1).encode()
        return documents

    def _copy_parts(self, case: Case, keys: Sequence[str], reader: str) -> None:
        for letter_id, part in case.parts:
            if self.local_store.has("parts", part.id):
                self._copy(part.id, case.id, keys, reader, "parts", path=letter_id)

    def _copy(self, item: str, thread: str, keys: Sequence[str], reader: str, folder: str, path: str = "") -> None:
        """Encrypt one item again, with this machine's signature. path: the letter in the address, if not the first."""
        plain = open_sealed(self.local_store.read(folder, item), self.identities)
        copy = copy_of_part if folder == "parts" else copy_of
        signed = copy(plain, thread, item, reader, self.signer)
        self.outbox.post("PUT", f"letters/{path or thread}/copies/{item}", seal_file(signed, keys), reader)


def readers_of(case: Case) -> list[str]:
    """Return the ids of the desks that have a case: the letter's own, and those to which it was handed over."""
    first = case.first.desks if case.first else ()
    handed_over = (str(entry.value.get("desk", "")) for entry in case.entries if entry.kind == "handover")
    return list(dict.fromkeys([*first, *handed_over]))


def has_complete_case(case: Case, desk_id: str) -> bool:
    """Return whether a desk has the case with all follow-ups; otherwise it may be handed over again."""
    if case.first and desk_id in case.first.desks:
        return True
    handed_over = [
        entry.at[:10] for entry in case.entries if entry.kind == "handover" and entry.value.get("desk") == desk_id
    ]
    follow_ups = [letter.day for letter in case.letters if isinstance(letter, Letter) and letter.follows]
    return bool(handed_over) and all(day < max(handed_over) for day in follow_ups)


def refuse_second_handover(case: Case, desk_id: str) -> None:
    """Raise Problem if a desk has the case with all follow-ups already."""
    if has_complete_case(case, desk_id):
        raise Problem(
            lazy_gettext("desk %(desk)s", desk=desk_id), "has this case already.", "Nothing needs to be done."
        )


def handover_desk(case: Case, desk_id: str, portal: Portal) -> Desk:
    """Return the desk to which a case may be handed over. Raises Problem, also for a desk that the person excluded."""
    desks = portal.desks_with_ids([desk_id])
    if not desks or case.form not in desks[0].reads:
        readers = ", ".join(desk.id for desk in portal.readers(case.form))
        raise Problem(
            lazy_gettext("desk %(desk)s", desk=desk_id),
            "does not read such letters.",
            lazy_gettext("Choose one of: %(readers)s.", readers=readers),
        )
    if desk_id in case.hidden_from:
        todo = "Respect it. Choose another desk, or ask the person through an answer."
        raise Problem(lazy_gettext("desk %(desk)s", desk=desk_id), "must not see it: the person said so.", todo)
    return desks[0]
