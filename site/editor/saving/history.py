"""The history of content/: each save is a commit of git, with a person's name.

Where content/ is a git repository of its own, commits go there. Where it is not a repository, or lies inside a larger
one, they go to one beside it (var/editor/history), so that nobody else's repository is changed.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from os import fsdecode
from pathlib import Path
from typing import Any

from sitegen.layers.own_files import is_passed_over

from editor.saving.commit_reader import CommitReader, Revision, create_bare, name_of, revision_of
from editor.saving.disk_files import DiskFiles
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

_FILE_MODE = 0o100644


class History(CommitReader):
    """The commits of one content folder. One program at a time writes it (store.py holds a lock)."""

    def __init__(self, content: Path, beside: Path) -> None:
        self._content = content
        self._is_in_content = (content / ".git").exists()
        if not self._is_in_content and not (beside / "HEAD").exists():
            create_bare(beside)
        super().__init__(content if self._is_in_content else beside)
        self._disk = DiskFiles(content, self.id_of, self.read)
        self._recorded_cache: tuple[str, dict[str, str]] = "", {}
        if not self._is_in_content:
            _remove_leftovers(beside)

    def record(self, changes: Mapping[str, bytes | None], who: str, what: str, *, joins: str = "") -> Revision | None:
        """Commit files by their path inside content/ (None: removed); return None where nothing changed.

        joins: a commit from elsewhere that becomes a second parent. Raises Problem where the history cannot be
        written: the files themselves are saved before this.
        """
        try:
            return self.commit_changes(changes, who, what, joins)
        except OSError as error:
            todo = _("The text itself is saved. Make room on the disk; the history follows with the next save.")
            raise Problem("history", _("cannot be written (%(why)s).", why=error.strerror or "in use"), todo) from None

    def commit_changes(self, changes: Mapping[str, bytes | None], who: str, what: str, joins: str) -> Revision | None:
        """Make the commit for `record`; return None where nothing changed.

        Raises OSError where the disk is full or another program committed meanwhile, Problem where one holds a lock.
        """
        head, recorded = self.newest(), self.files()
        ids = {path: self.id_of(data) if data is not None else None for path, data in changes.items()}
        changed = {path: data for path, data in changes.items() if ids[path] != recorded.get(path)}
        if not changed and not joins:
            return None
        parents = [id for id in (head, joins) if id]
        commit = self.new_commit(head, changed, parents, who, what)
        return self.advance(commit, head, staged=list(changed) if self._is_in_content else ())

    def new_commit(
        self, base: str, changes: Mapping[str, bytes | None], parents: Sequence[str], who: str, what: str
    ) -> Any:
        """Return a commit of the files of `base` with these changes (None: removed), for `add` to write.

        A person may take minutes to sign it first. Raises OSError.
        """
        from dulwich.object_store import commit_tree_changes  # noqa: PLC0415
        from dulwich.objects import Commit  # noqa: PLC0415

        store = self.repo.object_store
        blobs = {path: self.blob(data) if data is not None else None for path, data in changes.items()}
        for blob in filter(None, blobs.values()):
            store.add_object(blob)
        entries = [
            (path.encode(), _FILE_MODE if blob else None, blob.id if blob else None) for path, blob in blobs.items()
        ]
        commit: Any = Commit()
        commit.tree = commit_tree_changes(store, self._tree_of(base), entries)
        commit.parents = [id.encode() for id in parents]
        commit.author = commit.committer = _identity(who)
        now = datetime.now(UTC).astimezone()
        commit.author_time = commit.commit_time = int(now.timestamp())
        offset = now.utcoffset()
        commit.author_timezone = commit.commit_timezone = int(offset.total_seconds()) if offset else 0
        commit.encoding, commit.message = b"UTF-8", what.encode()
        return commit

    def _tree_of(self, commit: str) -> Any:
        from dulwich.objects import Tree  # noqa: PLC0415

        if commit:
            return self.repo[self.repo[commit.encode()].tree]
        empty = Tree()
        self.repo.object_store.add_object(empty)
        return empty

    def add(self, commit: Any, signature: bytes | None = None) -> str:
        """Write a new commit and return its id. No branch contains it yet. Raises OSError."""
        commit.gpgsig = signature
        self.repo.object_store.add_object(commit)
        return str(commit.id.decode())

    def advance(self, commit: Any, expected: str, staged: Sequence[str] = ()) -> Revision:
        """Write a new commit and make it the newest one. staged: files to update in git's index.

        Raises OSError where the newest commit is not `expected` any more, Problem where another program holds a lock.
        """
        from dulwich.file import FileLocked  # noqa: PLC0415

        try:
            self.add(commit)
            if not self.repo.refs.set_if_equals(b"HEAD", expected.encode() or None, commit.id):
                raise OSError(0, "in use")
            if staged:
                self.repo.get_worktree().stage(list(staged))  # else git would show the save as undone
        except FileLocked as error:
            todo = _(
                "The text itself is saved. Close that program; if none runs, remove %(file)s.",
                file=fsdecode(error.lockfilename),
            )
            raise Problem("history", _("is in use by another git program."), todo) from None
        return revision_of(commit)

    def set_ref(self, name: str, commit: str) -> None:
        """Point the ref refs/portal/<name> to a commit. Raises OSError."""
        self.repo.refs[f"refs/portal/{name}".encode()] = commit.encode()

    def record_external_changes(self, who: str, what: str) -> Revision | None:
        """Commit what other programs changed in content/, so that the next save cannot lose it."""
        recorded, current = self._recorded_files(), self._files_on_disk()
        changed = {path for path in {*recorded, *current} if recorded.get(path) != current.get(path)}
        data = {
            path: self._disk.to_record(path, recorded.get(path, "")) if path in current else None for path in changed
        }
        return self.record(data, who, what) if data else None

    def has_unrecorded_changes(self) -> bool:
        """Return whether a file of content/ differs from the newest commit."""
        return self._recorded_files() != self._files_on_disk()

    def _recorded_files(self) -> dict[str, str]:
        """Return the files of the newest commit without hidden ones and the system's, which are never saved here."""
        head = self.newest()
        if head != self._recorded_cache[0]:
            files = self.files().items()
            own = {name: id for name, id in files if not is_passed_over(self._content / name, self._content)}
            self._recorded_cache = head, own
        return self._recorded_cache[1]

    def _files_on_disk(self) -> dict[str, str]:
        return self._disk.ids(self._recorded_files())

    def id_on_disk(self, path: str, data: bytes) -> str:
        """Return the id of a file's bytes on the disk; the recorded id where git writes the recorded file so."""
        return self._disk.id_as_recorded(data, self.files().get(path, ""))


def _remove_leftovers(repository: Path) -> None:
    """Remove what a killed program left: only the editor writes here, one process at a time."""
    for pattern in ("*.lock", "tmp_pack_*", "tmp_obj_*"):
        for leftover in repository.rglob(pattern):
            leftover.unlink(missing_ok=True)


def _identity(who: str) -> bytes:
    """Return a name in the form that git requires. No mail address: a history may be copied to others."""
    return f"{name_of(who)} <>".encode()
