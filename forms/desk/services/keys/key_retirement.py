"""Old keys of a machine, kept after `change-key` to open older letters: what still needs them, and may they go?"""

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

_OURS_ALONE = frozenset({"identity.age", "index.age"})
"""The key file itself, and what is made anew from the letters."""

_FOR_OTHERS = frozenset({"outbox", "refused"})


@dataclass(frozen=True)
class StillNeeded:
    """What only old keys open here. records: files that belong to no case, as of events."""

    files: tuple[Path, ...]
    cases: tuple[Case, ...]
    records: int

    @property
    def sentence(self) -> str:
        """All of it in a sentence."""
        if not self.files:
            return lazy_gettext("Nothing on this machine needs an old key.")
        unsettled = sum(case.state.value != "closed" for case in self.cases)
        said = lazy_ngettext(
            "Only old keys open something of %(count)s case (%(open)s of them not closed).",
            "Only old keys open something of %(count)s cases (%(open)s of them not closed).",
            len(self.cases),
            open=unsettled,
        )
        records = lazy_ngettext(
            "Besides, only they open %(count)s paper that belongs to no case.",
            "Besides, only they open %(count)s papers that belong to no case.",
            self.records,
        )
        return joined(said, records if self.records else "")


@dataclass(frozen=True)
class KeyRetirement:
    """Finds out what the old keys of one machine are still needed for."""

    place: DeskPlace
    own: OwnKeys
    keys: DeskKeys
    cases: CaseList
    sync: Synchronising

    def needing(self) -> StillNeeded:
        """Return all that does not open with the present key, but with an older one; tries each file."""
        files = tuple(self._need_old_keys())
        names = {path.stem for path in files}
        of_cases = [(case, set(_files_of(case))) for case in self.cases.all()]
        records = names.difference(*(own for _, own in of_cases))
        return StillNeeded(files, tuple(case for case, own in of_cases if own & names), len(records))

    def anything_needs_old_keys(self) -> bool:
        """Return whether `needing` would find anything; looks no further than the first."""
        return next(self._need_old_keys(), None) is not None

    def _need_old_keys(self) -> Iterator[Path]:
        (present, *older), folder = self.own.identities, self.place.folder
        for path in sorted(folder.rglob("*.age")) if older else ():
            ours = path.name not in _OURS_ALONE and path.relative_to(folder).parts[0] not in _FOR_OTHERS
            if ours and not _opens(path, [present]) and _opens(path, older):
                yield path

    def require_that_new_key_is_known(self) -> None:
        """Fetch all that waits. Raises Problem while anything may still come that is sealed to an old key."""
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
        Server(self.place.address, key_files.token(self.place.folder)).me()  # the old token goes with the old keys

    def seal_anew(self, found: StillNeeded) -> None:
        """Seal for the desk's present keys what only old ones open: nothing is lost then. May be done again."""
        for path in found.files:
            if path.parent.name == "parts" and part_id(path.read_bytes()) == path.stem:
                self.keys.pinned.accept([path.stem])  # an original: its name is no longer the hash of the new bytes
            write_or_complain(path, self.keys.seal_for_desk(self.own.open(path.read_bytes())))


def _opens(path: Path, identities: Identities) -> bool:
    try:
        open_sealed(path.read_bytes(), identities)
    except NotForThisDesk:
        return False
    return True


def _files_of(case: Case) -> Iterator[str]:
    yield from (letter.id for letter in case.letters if isinstance(letter, Letter))
    yield from (entry.id for entry in case.entries)
    yield from (part.id for _, part in case.parts)
    yield from (part.id for part in case.spoken_answers)
