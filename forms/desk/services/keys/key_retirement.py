"""Retire the old keys of a machine, which `change-key` keeps for older letters: find out what still needs them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forms.core.crypto.encryption import part_id
from forms.core.files.durable import write_or_complain
from forms.core.i18n.lazy_text import joined, lazy_gettext, lazy_ngettext
from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.crypto import keys as key_files
from forms.desk.crypto.decryption import Identities, Letter, NotForThisDesk, open_sealed
from forms.desk.services.case_list import CaseList
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.keys.own_keys import OwnKeys
from forms.desk.services.place import DeskPlace
from forms.desk.services.synchronising import Synchronising
from forms.desk.sync.client import Server

_REPLACEABLE_FILES = frozenset({"identity.age", "index.age"})
"""The key file itself, and the index, which is made again from the letters."""

_FOLDERS_FOR_OTHERS = frozenset({"outbox", "refused"})
"""Folders with files that are encrypted to others."""


@dataclass(frozen=True)
class OldKeyUse:
    """What only old keys decrypt on this machine. records: files that belong to no case, like those of events."""

    files: tuple[Path, ...]
    cases: tuple[Case, ...]
    records: int

    @property
    def sentence(self) -> str:
        """A summary for staff."""
        if not self.files:
            return lazy_gettext("Nothing on this machine needs an old key.")
        open_cases = sum(case.state.value != "closed" for case in self.cases)
        summary = lazy_ngettext(
            "Only old keys open something of %(count)s case (%(open)s of them not closed).",
            "Only old keys open something of %(count)s cases (%(open)s of them not closed).",
            len(self.cases),
            open=open_cases,
        )
        records = lazy_ngettext(
            "Besides, only they open %(count)s paper that belongs to no case.",
            "Besides, only they open %(count)s papers that belong to no case.",
            self.records,
        )
        return joined(summary, records if self.records else "")


@dataclass(frozen=True)
class KeyRetirement:
    """Finds out what still needs the old keys of one machine, and encrypts it again."""

    place: DeskPlace
    own: OwnKeys
    keys: DeskKeys
    cases: CaseList
    sync: Synchronising

    def find_needed(self) -> OldKeyUse:
        """Return everything that an older key decrypts and the present one does not; tries each file."""
        files = tuple(self._files_needing_old_keys())
        names = {path.stem for path in files}
        items = [(case, set(_item_ids(case))) for case in self.cases.all()]
        records = names.difference(*(ids for _, ids in items))
        return OldKeyUse(files, tuple(case for case, ids in items if ids & names), len(records))

    def are_old_keys_needed(self) -> bool:
        """Return whether `find_needed` would find anything; stops at the first file."""
        return next(self._files_needing_old_keys(), None) is not None

    def _files_needing_old_keys(self) -> Iterator[Path]:
        (present, *older), folder = self.own.identities, self.place.folder
        for path in sorted(folder.rglob("*.age")) if older else ():
            is_for_others = path.relative_to(folder).parts[0] in _FOLDERS_FOR_OTHERS
            if path.name in _REPLACEABLE_FILES or is_for_others:
                continue
            if not _can_decrypt(path, [present]) and _can_decrypt(path, older):
                yield path

    def require_that_new_key_is_known(self) -> None:
        """Fetch everything that waits. Raises Problem while letters encrypted to an old key may still arrive."""
        away = self.sync.run().away
        if away:
            raise Problem(
                "old keys",
                "Letters that wait on the server may need them.",
                lazy_gettext("Try again later. %(away)s", away=away),
            )
        present = self.own.recipient
        if present not in self.keys.own_desk.keys:
            todo = lazy_gettext(
                "Put key: %(key)s into content/portal.yml, build the site again, then come back.", key=present
            )
            raise Problem("old keys", "New letters are still sealed to one of them.", todo)
        Server(self.place.address, key_files.token(self.place.folder)).me()  # the old tokens are deleted with the keys

    def seal_anew(self, use: OldKeyUse) -> None:
        """Encrypt to the desk's present keys what only old keys decrypt, so that nothing is lost. Idempotent."""
        for path in use.files:
            if path.parent.name == "parts" and part_id(path.read_bytes()) == path.stem:
                self.keys.pinned.accept([path.stem])  # an original: its name is no longer the hash of the new bytes
            write_or_complain(path, self.keys.seal_for_desk(self.own.open(path.read_bytes())))


def _can_decrypt(path: Path, identities: Identities) -> bool:
    try:
        open_sealed(path.read_bytes(), identities)
    except NotForThisDesk:
        return False
    return True


def _item_ids(case: Case) -> Iterator[str]:
    """Yield the ids of all letters, entries and attachments of a case: the names of its files."""
    yield from (letter.id for letter in case.letters if isinstance(letter, Letter))
    yield from (entry.id for entry in case.entries)
    yield from (part.id for _, part in case.parts)
    yield from (part.id for part in case.answer_recordings)
