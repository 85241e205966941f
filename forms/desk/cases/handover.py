"""Encrypt a case again: for another desk, for a colleague with a new key, for a court. Decrypted in memory only."""

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
class Sharing:
    """What is needed to encrypt a desk's letters again. `letter_ids` below: all letters of the case, as stored here."""

    local_store: LocalStore
    identities: Identities
    outbox: Outbox
    signer: Signer

    def hand_over(self, case: Case, letter_ids: Sequence[str], keys: Sequence[str], reader: str) -> None:
        """Send letters and parts to another desk: letters first, for with them it becomes one of the letter's desks."""
        for id in letter_ids:
            self._copy(id, case.id, keys, reader, "letters", path=id)
        self._copy_parts(case, keys, reader)

    def reseal(self, case: Case, letter_ids: Sequence[str], key: str, reader: str) -> None:
        """Encrypt a whole case to a colleague's key: letters last, since they make the colleague's desk fetch."""
        self._copy_parts(case, [key], reader)
        for part in case.spoken_answers:
            if self.local_store.has("parts", part.id):
                self._copy(part.id, case.id, [key], reader, "parts")
        for entry in case.entries:
            self._copy(entry.id, case.id, [key], reader, "entries")
        for id in letter_ids:
            self._copy(id, case.id, [key], reader, "letters", path=id)

    def secure(self, case: Case, letter_ids: Sequence[str], keys: Sequence[str], reader: str) -> None:
        """Encrypt letters and attachments of a case to this desk's present keys, so that the server keeps them too."""
        for letter_id, part in case.parts:
            if letter_id in letter_ids and self.local_store.has("parts", part.id):
                self._copy(part.id, case.id, keys, reader, "parts", path=letter_id)
        for id in letter_ids:
            self._copy(id, case.id, keys, reader, "letters", path=id)

    def documents(self, case: Case, letter_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return what an export holds, by file name: letters as they came and opened, parts, the time line."""
        found = {}
        for id in letter_ids:
            sealed = self.local_store.read("letters", id)
            found[f"letters/{id}.age"] = sealed
            found[f"letters/{id}.json"] = open_sealed(sealed, self.identities).rstrip(b" ")
        for part in (*(part for _, part in case.parts), *case.spoken_answers):
            if self.local_store.has("parts", part.id):
                ending = "jpg" if part.kind == "photo" else "audio"
                found[f"parts/{part.id}.{ending}"] = open_part(
                    self.local_store.read("parts", part.id), self.identities
                )[1]
        found["time-line.json"] = json.dumps(case.time_line(), ensure_ascii=False, indent=1).encode()
        return found

    def _copy_parts(self, case: Case, to: Sequence[str], reader: str) -> None:
        for letter_id, part in case.parts:
            if self.local_store.has("parts", part.id):
                self._copy(part.id, case.id, to, reader, "parts", path=letter_id)

    def _copy(self, item: str, thread: str, to: Sequence[str], reader: str, folder: str, path: str = "") -> None:
        """Encrypt one item again, with this machine's signature. path: the letter in the address, if not the first."""
        plain = open_sealed(self.local_store.read(folder, item), self.identities)
        make = copy_of_part if folder == "parts" else copy_of
        signed = make(plain, thread, item, reader, self.signer)
        self.outbox.post("PUT", f"letters/{path or thread}/copies/{item}", seal_file(signed, to), reader)


def readers_of(case: Case) -> list[str]:
    """Return the desks that have a case: the letter's own, and those to which it was handed over."""
    first = case.first.desks if case.first else ()
    handed = (str(entry.value.get("desk", "")) for entry in case.entries if entry.kind == "handover")
    return list(dict.fromkeys([*first, *handed]))


def has_all(case: Case, desk_id: str) -> bool:
    """Return whether a desk has the case with all that was added: else it may be handed over once more."""
    if case.first and desk_id in case.first.desks:
        return True
    handed = [
        entry.at[:10] for entry in case.entries if entry.kind == "handover" and entry.value.get("desk") == desk_id
    ]
    added = [letter.day for letter in case.letters if isinstance(letter, Letter) and letter.follows]
    return bool(handed) and all(day < max(handed) for day in added)


def refuse_second_handover(case: Case, desk_id: str) -> None:
    """Raise Problem where a desk has the case with all that was added to it."""
    if has_all(case, desk_id):
        raise Problem(
            lazy_gettext("desk %(desk)s", desk=desk_id), "has this case already.", "Nothing needs to be done."
        )


def desk_for(case: Case, desk_id: str, portal: Portal) -> Desk:
    """Return the desk to which a case may be handed over. Raises Problem: never one that the person left out."""
    found = portal.desks_with_ids([desk_id])
    if not found or case.form not in found[0].reads:
        readers = ", ".join(desk.id for desk in portal.readers(case.form))
        raise Problem(
            lazy_gettext("desk %(desk)s", desk=desk_id),
            "does not read such letters.",
            lazy_gettext("Choose one of: %(readers)s.", readers=readers),
        )
    if desk_id in case.hidden_from:
        todo = "Respect it. Choose another desk, or ask the person through an answer."
        raise Problem(lazy_gettext("desk %(desk)s", desk=desk_id), "must not see it: the person said so.", todo)
    return found[0]
