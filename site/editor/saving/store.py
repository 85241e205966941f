"""Save what staff write: whole files, each with its commit, and never over somebody else's edit."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from sitegen.checks.security import secret_checks
from sitegen.content.consent import consent_table
from sitegen.layers import lookup

from editor.paths import page_path, table_path
from editor.request_cache import cached
from editor.saving.commit_reader import Revision
from editor.saving.history import History
from editor.saving.merging import MergedPart, merge, merged_text
from editor.tables import withdrawals
from forms.core.files.durable import write_durably
from forms.core.files.spreadsheet_csv import BOM
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

EXTERNAL_CHANGES = "Changed outside the editor"
"""The message of commits for files that were edited with another program. Shown translated."""


@dataclass(frozen=True)
class Saved:
    """The result of a save. merged: whether it includes another person's edits.

    parts: both versions where somebody else changed the same lines; then nothing was written.
    """

    base: str
    """The id of the file's bytes now, from which the next save is made."""

    revision: Revision | None = None
    merged: bool = False
    parts: tuple[MergedPart, ...] = ()


class ContentStore:
    """Pages and tables of one content folder, for reading and saving."""

    def __init__(self, content: Path, history: History, languages: tuple[str, ...], tables: tuple[str, ...]) -> None:
        self.content = content.resolve()  # the folder itself may be a link, nothing in it may be one
        self.history, self.languages, self.tables = history, languages, tables
        self.lock = RLock()
        self.is_frozen: Callable[[str], bool] = lambda _: False
        """Return whether a file must not change now, because it is being published."""

    def page(self, language: str, name: str) -> Path:
        """Return the path of a page. Raises Problem for a malformed name."""
        return page_path(self.content, self.languages, language, name)

    def table(self, name: str) -> Path:
        """Return the path of a table. Raises Problem for an unknown name."""
        return table_path(self.content, self.tables, name)

    def read(self, path: Path) -> tuple[str, str]:
        """Return a file's text and id, which a save passes back as `base`; two empty texts where there is no file.

        Raises Problem where it cannot be read.
        """
        with self.lock:
            cached(self, self.record_external_changes)
            data = _bytes_of(path)
        return ("", "") if data is None else (text_of(data, self.name(path)), self._id_of(path, data))

    def _id_of(self, path: Path, data: bytes) -> str:
        return self.history.id_on_disk(self.name(path), data)

    def inherited(self, path: Path) -> str:
        """Return the text of a library's page of which the district has no copy; "" where there is none."""
        library_path = lookup.find(self.content, self.name(path))
        data = _bytes_of(library_path) if library_path != path else None
        return text_of(data, self.name(path)) if data is not None else ""

    def text(self, path: Path) -> str:
        """Return the text of a page: the district's own, else a library's; "" for none."""
        return self.read(path)[0] or self.inherited(path)

    def name(self, path: Path) -> str:
        """Return a file's path inside content/, as the history names it."""
        return path.relative_to(self.content).as_posix()

    def record_external_changes(self, who: str = "?", what: str = EXTERNAL_CHANGES) -> None:
        """Commit what other programs changed; nothing while content/ has a secret, which the history would keep."""
        with self.lock:
            if self.history.has_unrecorded_changes() and not list(secret_checks.problems(self.content)):
                self.history.record_external_changes(who, what)

    def save(self, path: Path, text: str, base: str, who: str, what: str) -> Saved:
        """Write a text that was made from the file with the id `base` ("": a new file), and commit it.

        What somebody else has saved since is merged. Where both changed the same lines, nothing is written and both
        versions are returned. Raises Problem where the file cannot be read or written.
        """
        with self.lock:
            current, current_id = self.read(path)
            parts = self._merge(text, current, base) if current_id != base else [MergedPart(text)]
            combined = merged_text(parts)
            if combined is None:
                return Saved(current_id, parts=tuple(parts))
            self.refuse_secrets(combined, path)
            revision = self.write(path, combined, who, what)
            return Saved(self._id_of(path, _bytes_of(path) or b""), revision, merged=combined != text)

    def replace(self, path: Path, text: str, base: str, who: str, what: str) -> Saved:
        """Write a text in place of the file with the id `base`, without a merge, and commit it.

        Raises Problem where the file has changed since, also through another program, or cannot be read or written.
        """
        with self.lock:
            if self.read(path)[1] != base:
                todo = _("What you wrote is still on the page. Look at it again, then save.")
                raise Problem(self.name(path), _("was changed by somebody else just now."), todo)
            return self.save(path, text, base, who, what)

    def replace_all(self, files: Mapping[Path, tuple[str, str]], who: str, what: str) -> Revision | None:
        """Write the texts of several files and commit them as one save. files: new text and base id of each.

        Raises Problem where one file has changed since or cannot be written; then none of them is changed.
        """
        with self.lock:
            self.record_external_changes()
            before = {path: _bytes_of(path) for path in files}
            todo = _("Nothing is saved. Look at it again.")
            for path, (text, base) in files.items():
                data = before[path]
                if (self._id_of(path, data) if data is not None else "") != base:
                    raise Problem(self.name(path), _("was changed by somebody else just now."), todo)
                self.refuse_secrets(text, path)
                self._require_not_frozen(path)
            written: list[Path] = []
            with self._withdrawal_lock(files):
                new = {path: self._checked_bytes(text, path) for path, (text, _) in files.items()}
                try:
                    for path, data in new.items():
                        written.append(path)
                        _write(path, data, self.name(path))
                except Problem:
                    for path in written:
                        _restore(path, before[path])
                    raise
            return self.history.record({self.name(path): data for path, data in new.items()}, who, what)

    def _merge(self, text: str, current: str, base: str) -> list[MergedPart]:
        ancestor = self.history.read(base)
        return merge(text_of(ancestor, "base") if ancestor else "", text, current)

    def write(self, path: Path, text: str, who: str, what: str) -> Revision | None:
        """Write a whole file atomically, then commit it. Raises Problem."""
        with self.lock:
            self._require_not_frozen(path)
            with self._withdrawal_lock([path]):
                data = self._checked_bytes(text, path)
                _write(path, data, self.name(path))
            return self.history.record({self.name(path): data}, who, what)

    def _withdrawal_lock(self, paths: Collection[Path]) -> AbstractContextManager[None]:
        """Return the lock that keeps other programs from withdrawing consents until the files are written."""
        changes_consents = any(self.name(path) == withdrawals.NAME for path in paths)
        return consent_table.locked_table(self.content) if changes_consents else nullcontext()

    def remove(self, path: Path, base: str, who: str, what: str) -> Revision | None:
        """Delete the file with the id `base`, and commit that. It stays in the history.

        Raises Problem where the file has changed since, or cannot be deleted.
        """
        with self.lock:
            if self.read(path)[1] != base:
                raise Problem(self.name(path), _("was changed by somebody else just now."), _("Look at it again."))
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                todo = _("Close it in other programs, and try again.")
                raise Problem(self.name(path), _("cannot be taken away (%(why)s).", why=error.strerror), todo) from None
            return self.history.record({self.name(path): None}, who, what)

    def write_file(self, path: Path, data: bytes, who: str, what: str) -> Revision | None:
        """Write a binary file, then commit it. Raises Problem."""
        with self.lock:
            self.record_external_changes()
            self._require_not_frozen(path)
            _write(path, data, self.name(path))
            return self.history.record({self.name(path): data}, who, what)

    def _require_not_frozen(self, path: Path) -> None:
        """Raise Problem where a file is being published."""
        if self.is_frozen(self.name(path)):
            what, todo = (
                _("is being published just now."),
                _("What you wrote is still on the page: save again in a minute."),
            )
            raise Problem(self.name(path), what, todo)

    def _checked_bytes(self, text: str, path: Path) -> bytes:
        """Return a text as the bytes of its file. Raises Problem where it would take back a withdrawal of consent."""
        existing = _bytes_of(path)
        if self.name(path) == withdrawals.NAME:
            previous = None if existing is None else text_of(existing, self.name(path))
            withdrawals.require_kept(self.content, previous, text)
        return self.bytes_of(path, text)

    def bytes_of(self, path: Path, text: str) -> bytes:
        """Return a text as bytes. A table keeps its byte order mark, which Excel needs."""
        has_mark = path.suffix == ".csv" and (_bytes_of(path) or b"").startswith(BOM)
        return (BOM if has_mark else b"") + text.encode()

    def refuse_secrets(self, text: str, path: Path) -> None:
        """Raise Problem for a secret key in a text: the history would keep it for good."""
        for problem in secret_checks.secrets_in_text(text, f"content/{self.name(path)}", tokens=False):
            raise problem


def _bytes_of(path: Path) -> bytes | None:
    """Return the bytes of a file; None where there is no file. Raises Problem where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        todo = _("Close it in other programs, and try again.")
        raise Problem(path.name, _("cannot be opened (%(why)s).", why=error.strerror), todo) from None


def text_of(data: bytes, where: str) -> str:
    """Return the bytes of a file as text, with Unix line ends. Raises Problem where they are not UTF-8."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        todo = _("Save it as UTF-8 in the program it was written with.")
        raise Problem(where, _("has letters that are not UTF-8."), todo) from None


def _write(path: Path, data: bytes, where: str) -> None:
    """Write a file of content/ atomically. Raises Problem where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data)
    except OSError as error:
        todo = _("What you wrote is still on the page. Make room on the disk, then save again.")
        raise Problem(where, _("cannot be written (%(why)s).", why=error.strerror), todo) from None


def _restore(path: Path, data: bytes | None) -> None:
    """Restore a file. One that cannot be restored is listed as changed, like any edit that is not published."""
    with suppress(OSError):
        if data is None:
            path.unlink(missing_ok=True)
        elif path.read_bytes() != data:
            write_durably(path, data)
