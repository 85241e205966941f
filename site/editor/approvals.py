"""Approval by a second person before publishing, for what portal.yml names (`second_person:`)."""

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
from editor.content_state import parse_page
from editor.saving.commit_reader import FileChange, name_of
from editor.saving.history import History
from editor.tables import rows
from editor.tables.withdrawals import NAME as CONSENTS
from forms.core.files.durable import write_safely
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

FILE = "approvals.json"
_MAX_REVISIONS = 500
_OTHER_PROGRAM = "?"
"""The author of changes by other programs: nobody's own changes, so that everybody may approve them."""


@dataclass(frozen=True)
class WaitingChange:
    """A change that is not on the site and that somebody other than its writers must read. id: of the file now."""

    change: FileChange
    id: str
    writers: tuple[str, ...]
    approvers: tuple[str, ...]

    def may_agree(self, who: str) -> bool:
        """Return whether a person's approval would count: nobody approves what only they wrote."""
        return any(writer == _OTHER_PROGRAM or not _is_same_person(writer, who) for writer in self.writers) and not any(
            _is_same_person(name, who) for name in self.approvers
        )


@dataclass
class Approvals:
    """Who has approved which version of which file, by the names in the history."""

    content: Path
    memory: Path
    history: History

    def required(self) -> frozenset[str]:
        """Return what needs a second person by portal.yml: "stories", "pages", or names of tables."""
        with suppress(Problem):  # portal.yml cannot be read: then nothing is published at all
            names = district.read_settings(self.content).get("second_person") or ()
            return frozenset(map(str, names)) if isinstance(names, list) else frozenset()
        return frozenset()

    def covers(self, path: str, *texts: bytes) -> bool:
        """Return whether a file needs a second person. texts: its texts before and now."""
        required = self.required()
        folder, _, name = path.partition("/")
        if folder == "tables":
            return name.removesuffix(".csv") in required
        if not path.endswith(".md") or folder == DRAFTS_FOLDER:
            return False
        return "pages" in required or ("stories" in required and any(_is_story(path, text) for text in (b"", *texts)))

    def waiting(self) -> list[WaitingChange]:
        """Return the changes since the last publishing that still need an approval."""
        return list(self._waiting()) if self.required() else []

    def _waiting(self) -> Iterator[WaitingChange]:
        newest = self.history.newest()
        published = settings.read(self.memory).published
        base = published if self.history.revision(published) else self.history.oldest()
        ids, approvals = self.history.files(newest) if newest else {}, self._read()
        for change in self.history.changes_between(base, newest) if newest else []:
            texts = [text for text in (change.before, change.after) if text]
            if not self.covers(change.path, *texts) or _is_withdrawal_only(change):
                continue
            id = ids.get(change.path, "")
            revisions = self.history.revisions(_MAX_REVISIONS, change.path, since=base)
            writers = tuple(dict.fromkeys(revision.who for revision in revisions))
            approvers = tuple(approvals.get(change.path, {}).get(id, ()))
            if not all(any(not _is_same_person(name, writer) for name in approvers) for writer in writers):
                yield WaitingChange(change, id, writers, approvers)

    def agree(self, path: str, id: str, who: str) -> None:
        """Record a person's approval of a file. Raises Problem where it has changed since, or is the person's own."""
        waiting = next((item for item in self.waiting() if item.change.path == path), None)
        if waiting is None or waiting.id != id:
            raise Problem(path[:80], _("It was changed, or somebody has agreed meanwhile."), _("Look at it again."))
        if not waiting.may_agree(who):
            raise Problem(path, _("Nobody agrees to what they wrote themselves."), _("Ask a colleague to read it."))
        approvals = self._read()
        approvals.setdefault(path, {}).setdefault(id, []).append(who)
        approvals[path] = {id: approvals[path][id]}  # older versions need none any more
        write_safely(self.memory / FILE, json.dumps(approvals, ensure_ascii=False).encode())

    def _read(self) -> dict[str, dict[str, list[str]]]:
        """Return the approvers by path and file id; none from a missing or damaged file: people are asked again."""
        with suppress(OSError, ValueError, AttributeError, TypeError):
            approvals = json.loads((self.memory / FILE).read_text(encoding="utf-8"))
            return {
                str(path): {str(id): [str(name) for name in names] for id, names in versions.items()}
                for path, versions in approvals.items()
            }
        return {}


def _is_same_person(one: str, other: str) -> bool:
    """Return whether two names belong to one person: case, width, punctuation and invisible characters are ignored."""
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    """Return the letters, vowel signs and digits of a name, in one normal form."""
    normalized = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name_of(name)).casefold())
    return "".join(char for char in normalized if unicodedata.category(char)[0] in "LMN") or normalized.strip()


def _is_story(path: str, text: bytes) -> bool:
    language, _, name = path.partition("/")
    if consent_names.STORY_FOLDERS & {part.casefold() for part in name.split("/")[:-1]}:
        return True
    with suppress(Problem):
        return bool(text) and consent_names.is_story(parse_page(language, name, text.decode("utf-8-sig", "replace")))
    return False


def _is_withdrawal_only(change: FileChange) -> bool:
    """Return whether a change only withdraws consents, which needs no approval."""
    if change.path != CONSENTS or change.before is None or change.after is None:
        return False
    try:
        row_changes = rows.changes(parse_csv(change.before, change.path), parse_csv(change.after, change.path), ("id",))
    except Problem:
        return False
    cells: Collection[tuple[str, str, str]] = [cell for row in row_changes for cell in row.cells]
    return all(row.kind == "changed" for row in row_changes) and all(
        name == WITHDRAWN and not before for name, before, _ in cells
    )
