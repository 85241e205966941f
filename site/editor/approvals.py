"""What a second person must have read before it is published: portal.yml says of what (`second_person:`)."""

import json
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sitegen.content import settings as district
from sitegen.content.consent import consent_names
from sitegen.content.page_reader import DRAFTS_FOLDER
from sitegen.content.spreadsheets.csv_files import parse_csv
from sitegen.layers.rows import WITHDRAWN

from editor import settings
from editor.looking import source_of
from editor.saving.history import FileChange, History, name_of
from editor.tables import rows
from editor.tables.withdrawals import NAME as CONSENTS
from forms.core.files.durable import write_safely
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

FILE = "approvals.json"
_OUTSIDE = "?"
"""Who the history names for what another program changed: nobody's own, so that everybody may agree to it."""


@dataclass(frozen=True)
class WaitingChange:
    """A change that is not on the site and that somebody else than its writers must read. id: of the file as it is."""

    change: FileChange
    id: str
    writers: tuple[str, ...]
    approvers: tuple[str, ...]

    def may_agree(self, who: str) -> bool:
        """Return whether a person's agreement would count: nobody agrees to what only they wrote."""
        return any(writer == _OUTSIDE or not _same(writer, who) for writer in self.writers) and not any(
            _same(one, who) for one in self.approvers
        )


@dataclass
class Approvals:
    """Who has agreed to which state of which file; by the name that each gives, as in the history."""

    content: Path
    memory: Path
    history: History

    def needed(self) -> frozenset[str]:
        """Return of what portal.yml asks for a second person: stories, pages, or tables by name."""
        with suppress(Problem):  # portal.yml cannot be read: then nothing is published at all
            found = district.read_settings(self.content).get("second_person") or ()
            return frozenset(map(str, found)) if isinstance(found, list) else frozenset()
        return frozenset()

    def covers(self, path: str, *texts: bytes) -> bool:
        """Return whether a file needs a second person. texts: what was and is in it."""
        needed = self.needed()
        folder, _, name = path.partition("/")
        if folder == "tables":
            return name.removesuffix(".csv") in needed
        if not path.endswith(".md") or folder == DRAFTS_FOLDER:
            return False
        return "pages" in needed or ("stories" in needed and any(_is_story(path, text) for text in (b"", *texts)))

    def waiting(self) -> list[WaitingChange]:
        """Return the changes since the last publishing that still need somebody."""
        return list(self._waiting()) if self.needed() else []

    def _waiting(self) -> Iterator[WaitingChange]:
        newest = self.history.newest()
        published = settings.read(self.memory).published
        base = published if self.history.entry(published) else self.history.oldest()
        ids, known = self.history.files(newest) if newest else {}, self._read()
        for change in self.history.between(base, newest) if newest else []:
            texts = [text for text in (change.before, change.after) if text]
            if not self.covers(change.path, *texts) or _only_withdraws(change):
                continue
            id = ids.get(change.path, "")
            writers = tuple(dict.fromkeys(one.who for one in self.history.entries(500, change.path, since=base)))
            approvers = tuple(known.get(change.path, {}).get(id, ()))
            if not all(any(not _same(one, writer) for one in approvers) for writer in writers):
                yield WaitingChange(change, id, writers, approvers)

    def agree(self, path: str, id: str, who: str) -> None:
        """Remember that a person has read a file as it is. Raises Problem where it is another now, or their own."""
        found = next((one for one in self.waiting() if one.change.path == path), None)
        if found is None or found.id != id:
            raise Problem(path[:80], _("It was changed, or somebody has agreed meanwhile."), _("Look at it again."))
        if not found.may_agree(who):
            raise Problem(path, _("Nobody agrees to what they wrote themselves."), _("Ask a colleague to read it."))
        known = self._read()
        known.setdefault(path, {}).setdefault(id, []).append(who)
        kept = {
            name: {one: by for one, by in states.items() if name != path or one == id} for name, states in known.items()
        }
        write_safely(self.memory / FILE, json.dumps(kept, ensure_ascii=False).encode())

    def _read(self) -> dict[str, dict[str, list[str]]]:
        """Return who agreed to which state; nothing where the file is not there or damaged: they are asked again."""
        with suppress(OSError, ValueError, AttributeError, TypeError):
            found = json.loads((self.memory / FILE).read_text(encoding="utf-8"))
            return {
                str(path): {str(id): [str(one) for one in by] for id, by in states.items()}
                for path, states in found.items()
            }
        return {}


def _same(one: str, other: str) -> bool:
    """Return whether two names are one person's, however they are written, and whatever nobody sees in them."""
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    """Return the letters, vowel signs and digits of a name: no full stop and no invisible sign makes another."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name_of(name)).casefold())
    return "".join(char for char in plain if unicodedata.category(char)[0] in "LMN") or plain.strip()


def _is_story(path: str, text: bytes) -> bool:
    language, _, name = path.partition("/")
    if consent_names.STORY_FOLDERS & {part.casefold() for part in name.split("/")[:-1]}:
        return True
    with suppress(Problem):
        return bool(text) and consent_names.is_story(source_of(language, name, text.decode("utf-8-sig", "replace")))
    return False


def _only_withdraws(change: FileChange) -> bool:
    """Return whether a change does nothing but withdraw: that waits for nobody."""
    if change.path != CONSENTS or change.before is None or change.after is None:
        return False
    try:
        found = rows.changes(parse_csv(change.before, change.path), parse_csv(change.after, change.path), ("id",))
    except Problem:
        return False
    cells: Collection[tuple[str, str, str]] = [cell for row in found for cell in row.cells]
    return all(row.kind == "changed" for row in found) and all(
        name == WITHDRAWN and not before for name, before, _ in cells
    )
