"""Saves what staff write: whole files, each with its commit, and never over somebody else's edit."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from sitegen.checks.security import secret_checks
from sitegen.content.consent import consent_table
from sitegen.layers import lookup

from editor.moment import once
from editor.paths import page_path, table_path
from editor.saving.history import History, Revision
from editor.saving.merging import MergedPart, merge, merged
from editor.tables import withdrawals
from forms.core.files.durable import write_durably
from forms.core.files.spreadsheet_csv import BOM
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

OUTSIDE = "Changed outside the editor"
"""What a commit says of files that were edited with another program. Shown translated."""


@dataclass(frozen=True)
class Saved:
    """What became of a save. `parts`: where somebody else changed the same lines, both; then nothing is written."""

    base: str
    """The id of what is in the file now: the next save is made from it."""

    entry: Revision | None = None
    merged: bool = False
    parts: tuple[MergedPart, ...] = ()


class ContentStore:
    """Pages and tables of one content folder, for reading and saving."""

    def __init__(self, content: Path, history: History, languages: tuple[str, ...], tables: tuple[str, ...]) -> None:
        self.content = content.resolve()  # the folder itself may be a link; nothing in it may
        self.history, self.languages, self.tables = history, languages, tables
        self.busy = RLock()
        self.held: Callable[[str], bool] = lambda _: False
        """Whether a file must stay as it is just now."""

    def page(self, language: str, name: str) -> Path:
        """Return the file of a page. Raises Problem for a malformed name."""
        return page_path(self.content, self.languages, language, name)

    def table(self, name: str) -> Path:
        """Return the file of a table. Raises Problem where there is none of this name."""
        return table_path(self.content, self.tables, name)

    def read(self, path: Path) -> tuple[str, str]:
        """Return a file's text, and the id that a save of it must bring back; two empty texts where it is not there.

        Raises Problem where it cannot be read.
        """
        with self.busy:
            once(self, self.note_outside)
            data = _bytes_of(path)
        return ("", "") if data is None else (text_of(data, self.name(path)), self._id_of(path, data))

    def _id_of(self, path: Path, data: bytes) -> str:
        return self.history.id_on_disk(self.name(path), data)

    def inherited(self, path: Path) -> str:
        """Return the text of a page that a library brings and the district has no copy of; "" where there is none."""
        found = lookup.find(self.content, self.name(path))
        data = _bytes_of(found) if found != path else None
        return text_of(data, self.name(path)) if data is not None else ""

    def text(self, path: Path) -> str:
        """Return the text of a page as the site has it: the district's own, else a library's; "" for none."""
        return self.read(path)[0] or self.inherited(path)

    def name(self, path: Path) -> str:
        """Return a file's path inside content/, as in the history."""
        return path.relative_to(self.content).as_posix()

    def note_outside(self, who: str = "?", what: str = OUTSIDE) -> None:
        """Record what other programs changed; nothing while a secret lies in content/, which history would keep."""
        with self.busy:
            if self.history.is_behind() and not list(secret_checks.problems(self.content)):
                self.history.note_outside(who, what)

    def save(self, path: Path, text: str, base: str, who: str, what: str) -> Saved:
        """Write a text that was made from the file's state `base` ("" where there was none), and record it.

        What somebody else changed meanwhile stays where the edits do not touch. Where they do, nothing is written, and
        both are returned. Raises Problem where the file cannot be read or written.
        """
        with self.busy:
            theirs, now = self.read(path)
            parts = self._merge(text, theirs, base) if now != base else [MergedPart(text)]
            whole = merged(parts)
            if whole is None:
                return Saved(now, parts=tuple(parts))
            self.refuse_secrets(whole, path)
            entry = self.write(path, whole, who, what)
            return Saved(self._id_of(path, _bytes_of(path) or b""), entry, merged=whole != text)

    def replace(self, path: Path, text: str, base: str, who: str, what: str) -> Saved:
        """Write a text in place of the file's state `base`, and record it: lines of a table mean nothing by themselves.

        Raises Problem where the file is another by now, also by another program, or cannot be read or written.
        """
        with self.busy:
            if self.read(path)[1] != base:
                todo = _("What you wrote is still on the page. Look at it again, then save.")
                raise Problem(self.name(path), _("was changed by somebody else just now."), todo)
            return self.save(path, text, base, who, what)

    def replace_all(self, files: Mapping[Path, tuple[str, str]], who: str, what: str) -> Revision | None:
        """Write the texts of several files, each in place of its state (text, state), and record them as one save.

        Raises Problem, and then all of them are as they were: where one is another by now or cannot be written.
        """
        with self.busy:
            self.note_outside()
            before = {path: _bytes_of(path) for path in files}
            todo = _("Nothing is saved. Look at it again.")
            for path, (text, base) in files.items():
                data = before[path]
                if (self._id_of(path, data) if data is not None else "") != base:
                    raise Problem(self.name(path), _("was changed by somebody else just now."), todo)
                self.refuse_secrets(text, path)
                self._refuse_held(path)
            done: list[Path] = []
            with self._alone(files):
                fresh = {path: self._checked(text, path) for path, (text, _) in files.items()}
                try:
                    for path, data in fresh.items():
                        done.append(path)
                        _write(path, data, self.name(path))
                except Problem:
                    for path in done:
                        _write_back(path, before[path])
                    raise
            return self.history.record({self.name(path): data for path, data in fresh.items()}, who, what)

    def _merge(self, text: str, theirs: str, base: str) -> list[MergedPart]:
        before = self.history.read(base)
        return merge(text_of(before, "base") if before else "", text, theirs)

    def write(self, path: Path, text: str, who: str, what: str) -> Revision | None:
        """Write a whole file, then record it. It is as before or new, whatever happens."""
        with self.busy:
            self._refuse_held(path)
            with self._alone([path]):
                data = self._checked(text, path)
                _write(path, data, self.name(path))
            return self.history.record({self.name(path): data}, who, what)

    def _alone(self, paths: Collection[Path]) -> AbstractContextManager[None]:
        """Keep out whoever withdraws by another program, from the look at what is withdrawn until all is written."""
        changes_consents = any(self.name(path) == withdrawals.NAME for path in paths)
        return consent_table.locked_table(self.content) if changes_consents else nullcontext()

    def remove(self, path: Path, base: str, who: str, what: str) -> Revision | None:
        """Take a file away that is in the state `base`, and record it. It stays in the history.

        Raises Problem where it is another by now, or cannot be taken away.
        """
        with self.busy:
            if self.read(path)[1] != base:
                raise Problem(self.name(path), _("was changed by somebody else just now."), _("Look at it again."))
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                todo = _("Close it in other programs, and try again.")
                raise Problem(self.name(path), _("cannot be taken away (%(why)s).", why=error.strerror), todo) from None
            return self.history.record({self.name(path): None}, who, what)

    def write_file(self, path: Path, data: bytes, who: str, what: str) -> Revision | None:
        """Write a file that is no text, then record it."""
        with self.busy:
            self.note_outside()
            self._refuse_held(path)
            _write(path, data, self.name(path))
            return self.history.record({self.name(path): data}, who, what)

    def _refuse_held(self, path: Path) -> None:
        """Raise Problem for a file that is being published."""
        if self.held(self.name(path)):
            what, todo = (
                _("is being published just now."),
                _("What you wrote is still on the page: save again in a minute."),
            )
            raise Problem(self.name(path), what, todo)

    def _checked(self, text: str, path: Path) -> bytes:
        """Return a text as bytes. Raises Problem for one that may not stand there, whatever form it came from."""
        before = _bytes_of(path)
        if self.name(path) == withdrawals.NAME:
            told = None if before is None else text_of(before, self.name(path))
            withdrawals.require_kept(self.content, told, text)
        return self.bytes_of(path, text)

    def bytes_of(self, path: Path, text: str) -> bytes:
        """Return the bytes of a text in this file; a table keeps its byte order mark (Excel needs it)."""
        marked = path.suffix == ".csv" and (_bytes_of(path) or b"").startswith(BOM)
        return (BOM if marked else b"") + text.encode()

    def refuse_secrets(self, text: str, path: Path) -> None:
        """Raise Problem for a secret key in a text: once in the history, it would stay there."""
        for problem in secret_checks.in_text(text, f"content/{self.name(path)}", tokens=False):
            raise problem


def _bytes_of(path: Path) -> bytes | None:
    """Return the bytes of a file, None where there is none. Raises Problem where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        todo = _("Close it in other programs, and try again.")
        raise Problem(path.name, _("cannot be opened (%(why)s).", why=error.strerror), todo) from None


def text_of(data: bytes, where: str) -> str:
    """Return the text of a file, as it is or as it was. Raises Problem where its letters are not UTF-8."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        todo = _("Save it as UTF-8 in the program it was written with.")
        raise Problem(where, _("has letters that are not UTF-8."), todo) from None


def _write(path: Path, data: bytes, where: str) -> None:
    """Write a file of content/ at once. Raises Problem where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data)
    except OSError as error:
        todo = _("What you wrote is still on the page. Make room on the disk, then save again.")
        raise Problem(where, _("cannot be written (%(why)s).", why=error.strerror), todo) from None


def _write_back(path: Path, data: bytes | None) -> None:
    """Put a file back as it was; what cannot be put back is shown as changed, like any edit that is not published."""
    with suppress(OSError):
        if data is None:
            path.unlink(missing_ok=True)
        elif path.read_bytes() != data:
            write_durably(path, data)
