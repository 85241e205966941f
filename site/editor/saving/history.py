"""The history of content/: each save is a commit of git, made through dulwich, with a person's name.

Where content/ is a git repository of its own, commits go there. Where it is not a repository, or lies inside a larger
one, they go to one beside it (var/editor/history), so that nobody else's repository is changed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from os import fsdecode
from pathlib import Path
from typing import Any

from sitegen.layers.own_files import is_passed_over

from editor.saving.disk_files import DiskFiles, has_name
from forms.core.builds import git_signatures, passkey_commits
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

_FILE = 0o100644
_TREES = 4
"""Commits whose lists of files are remembered."""
_SECONDS = 3600
_REPOSITORY = _("Ask whoever set it up. Without its folder .git the editor keeps a history of its own.")


@dataclass(frozen=True)
class Revision:
    """A commit: who saved what, when."""

    id: str
    who: str
    when: datetime
    what: str


@dataclass(frozen=True)
class FileChange:
    """A file that a commit changed; None where it was not there before, or is not any more."""

    path: str
    before: bytes | None
    after: bytes | None


class History:
    """The commits of one content folder. One program at a time writes it (store.py holds a lock)."""

    def __init__(self, content: Path, beside: Path) -> None:
        from dulwich.repo import Repo  # noqa: PLC0415 - large; a test of the window needs it once

        self._content = content
        self._own = (content / ".git").exists()
        if not self._own and not (beside / "HEAD").exists():
            beside.mkdir(parents=True, exist_ok=True)
            Repo.init_bare(beside, default_branch=b"main").close()
        self._repo: Any = _opened(content if self._own else beside)
        self._disk = DiskFiles(content, self.id_of, self.read)
        self._trees: dict[bytes, dict[str, tuple[int, str]]] = {}
        self._newest_followed: tuple[str, dict[str, str]] = "", {}
        if not self._own:
            self._remove_leftovers(beside)

    @property
    def folder(self) -> Path:
        """The folder of the repository."""
        return Path(self._repo.path)

    def _remove_leftovers(self, folder: Path) -> None:
        """Remove what a program that was killed left: only we write here, and one at a time."""
        for names in ("*.lock", "tmp_pack_*", "tmp_obj_*"):
            for left in folder.rglob(names):
                left.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files of the repository."""
        self._repo.close()

    def id_of(self, data: bytes) -> str:
        """Return the id of a file's bytes, as git names them."""
        return str(self._blob(data).id.decode())

    def _blob(self, data: bytes) -> Any:
        from dulwich.objects import Blob  # noqa: PLC0415

        return Blob.from_string(data)

    def read(self, id: str) -> bytes | None:
        """Return the bytes that were saved under an id; None where nothing was."""
        if not re.fullmatch(r"[0-9a-f]{40}", id):
            return None
        with suppress(KeyError):
            found = self._repo[id.encode()]
            if found.type_name == b"blob":
                return bytes(found.data)
        return None

    def record(self, changes: Mapping[str, bytes | None], who: str, what: str, *, joins: str = "") -> Revision | None:
        """Make a commit of files by their path inside content/ (None: gone); None where nothing changed.

        joins: a commit from elsewhere whose files these are a part of. Raises Problem where the history cannot be
        written: the files themselves are saved before this.
        """
        from dulwich.file import FileLocked  # noqa: PLC0415

        try:
            return self.commit_changes(changes, who, what, joins)
        except FileLocked as error:
            todo = _(
                "The text itself is saved. Close that program; if none runs, remove %(file)s.",
                file=fsdecode(error.lockfilename),
            )
            raise Problem("history", _("is in use by another git program."), todo) from None
        except OSError as error:
            todo = _("The text itself is saved. Make room on the disk; the history follows with the next save.")
            raise Problem("history", _("cannot be written (%(why)s).", why=error.strerror or "in use"), todo) from None

    def commit_changes(self, changes: Mapping[str, bytes | None], who: str, what: str, joins: str) -> Revision | None:
        """Make the commit that `record` asks for; None where nothing changed. Raises OSError if another was faster."""
        head, there = self._head(), self.files()
        ids = {path: self.id_of(data) if data is not None else None for path, data in changes.items()}
        fresh = {path: data for path, data in changes.items() if ids[path] != there.get(path)}
        if not fresh and not joins:
            return None
        parents = [id for id in ((head or b"").decode(), joins) if id]
        commit = self.new_commit((head or b"").decode(), fresh, parents, who, what)
        self._repo.object_store.add_object(commit)
        if not self._repo.refs.set_if_equals(b"HEAD", head, commit.id):
            raise OSError(0, "in use")
        if self._own:
            self._repo.get_worktree().stage(list(fresh))  # else git would show the save as undone
        return self._entry(commit)

    def new_commit(
        self, base: str, changes: Mapping[str, bytes | None], parents: Sequence[str], who: str, what: str
    ) -> Any:
        """Return a new commit of the files of `base` with these changes, which is not written yet."""
        from dulwich.object_store import commit_tree_changes  # noqa: PLC0415
        from dulwich.objects import Commit  # noqa: PLC0415

        store = self._repo.object_store
        blobs = {path: self._blob(data) if data is not None else None for path, data in changes.items()}
        for blob in filter(None, blobs.values()):
            store.add_object(blob)
        rows = [(path.encode(), _FILE if blob else None, blob.id if blob else None) for path, blob in blobs.items()]
        commit: Any = Commit()
        commit.tree = commit_tree_changes(store, self._tree(base.encode() or None), rows)
        commit.parents = [id.encode() for id in parents]
        commit.author = commit.committer = _identity(who)
        now = datetime.now(UTC).astimezone()
        commit.author_time = commit.commit_time = int(now.timestamp())
        offset = now.utcoffset()
        commit.author_timezone = commit.commit_timezone = int(offset.total_seconds()) if offset else 0
        commit.encoding, commit.message = b"UTF-8", what.encode()
        return commit

    def prepared(
        self, base: str, changes: Mapping[str, bytes | None], parents: Sequence[str], who: str, what: str
    ) -> Any:
        """Return a commit of the files of `base` with these changes, for `add`. Raises OSError.

        Between the two somebody may take minutes to sign it.
        """
        return self.new_commit(base, changes, parents, who, what)

    def add(self, commit: Any, signature: bytes | None = None) -> str:
        """Write a commit that was prepared; return its id. Nothing leads to it yet. Raises OSError."""
        commit.gpgsig = signature
        self._repo.object_store.add_object(commit)
        return str(commit.id.decode())

    def signer(self, commit: str, signers: Sequence[str], namespace: bytes = git_signatures.GIT) -> str | None:
        """Return who signed a commit, of the lines of a file of signers (forms/core/builds/git_signatures.py)."""
        found = self._repo[commit.encode()]
        message, signature = found.raw_without_sig(), found.gpgsig
        if not signature:
            return None
        if namespace == git_signatures.GIT and passkey_commits.is_passkey_signature(signature):
            return passkey_commits.signer(message, signature, signers)
        return git_signatures.signer(message, signature, signers, namespace)

    def parents(self, commit: str) -> list[str]:
        """Return the commits that one follows."""
        return [parent.decode() for parent in self._repo.get_parents(commit.encode())]  # none where a clone is cut off

    def message(self, commit: str) -> str:
        """Return the whole message of a commit; "" for none."""
        return str(self._repo[commit.encode()].message.decode("utf-8", "replace")) if commit else ""

    def ancestors(self, commit: str) -> set[str]:
        """Return a commit and all that it follows. No clock counts: those of some machines are wrong."""
        found, left = set(), [commit] if commit else []
        while left:
            one = left.pop()
            if one not in found:
                found.add(one)
                left += self.parents(one)
        return found

    def common(self, one: str, other: str) -> str:
        """Return the newest commit that two commits follow; "" where they have none in common."""
        both = self.ancestors(one) & self.ancestors(other)
        followed = {parent for id in both for parent in self.parents(id)}
        return max(both - followed, default="")

    def mark(self, name: str) -> str:
        """Return the commit that a mark names (refs/portal/<name>); "" where there is none."""
        with suppress(KeyError):
            return str(self._repo.refs[f"refs/portal/{name}".encode()].decode())
        return ""

    def set_mark(self, name: str, commit: str) -> None:
        """Let a mark name a commit. Raises OSError."""
        self._repo.refs[f"refs/portal/{name}".encode()] = commit.encode()

    def note_outside(self, who: str, what: str) -> Revision | None:
        """Record what was changed in content/ without the editor: nothing in it may be lost by what is saved next."""
        there, now = self._followed(), self._on_disk()
        changed = {path for path in {*there, *now} if there.get(path) != now.get(path)}
        data = {path: self._disk.to_record(path, there.get(path, "")) if path in now else None for path in changed}
        return self.record(data, who, what) if data else None

    def is_behind(self) -> bool:
        """Return whether a file of content/ is other than in the newest commit."""
        return self._followed() != self._on_disk()

    def _followed(self) -> dict[str, str]:
        """Return the files of the newest commit, but for hidden ones and a system's, which are not saved here."""
        head = self.newest()
        if head != self._newest_followed[0]:
            found = self.files().items()
            kept = {name: id for name, id in found if not is_passed_over(self._content / name, self._content)}
            self._newest_followed = head, kept
        return self._newest_followed[1]

    def _on_disk(self) -> dict[str, str]:
        return self._disk.ids(self._followed())

    def id_on_disk(self, path: str, data: bytes) -> str:
        """Return the id of a file's bytes on the disk; of the recorded ones, where git writes those so."""
        return self._disk.id_as_recorded(data, self.files().get(path, ""))

    def files(self, entry: str = "") -> dict[str, str]:
        """Return the id of each file in a commit, or in the newest."""
        return {path: id for path, (_, id) in self.tree(entry).items()}

    def tree(self, entry: str = "") -> dict[str, tuple[int, str]]:
        """Return git's mode and the id of each file in a commit, or in the newest."""
        from dulwich.object_store import iter_tree_contents  # noqa: PLC0415

        commit = entry.encode() if entry else self._head()
        if not commit:
            return {}
        rows = self._trees.get(commit)
        if rows is None:  # read once: a save asks three times, and the pages after it again
            found = iter_tree_contents(self._repo.object_store, self._repo[commit].tree)
            named = ((item.path.decode("utf-8", "surrogateescape"), item) for item in found)
            rows = {name: (item.mode, item.sha.decode()) for name, item in named if has_name(name)}
            self._trees = dict([*self._trees.items(), (commit, rows)][-_TREES:])
        return dict(rows)

    def _head(self) -> bytes | None:
        try:
            return bytes(self._repo.head())
        except KeyError:
            return None

    def newest(self) -> str:
        """Return the id of the newest commit; "" where there is none."""
        return (self._head() or b"").decode()

    def _tree(self, head: bytes | None) -> Any:
        from dulwich.objects import Tree  # noqa: PLC0415

        if head:
            return self._repo[self._repo[head].tree]
        empty = Tree()
        self._repo.object_store.add_object(empty)
        return empty

    def entries(self, most: int, path: str = "", *, since: str = "") -> Iterator[Revision]:
        """Yield the newest commits, those of one file where it is named, and only those after `since`."""
        if not self._head():
            return
        paths = [path.encode()] if path else None
        excluded = [since.encode()] if since else None
        for step in self._repo.get_walker(max_entries=most, paths=paths, exclude=excluded):
            yield self._entry(step.commit)

    def oldest(self) -> str:
        """Return the id of the first commit; "" where there is none."""
        last = ""
        for entry in self.entries(1_000_000):
            last = entry.id
        return last

    def text_in(self, entry: str, path: str) -> str | None:
        """Return a text as it was in a commit; None where it was not there."""
        data = self.read(self.files(entry).get(path, ""))
        return None if data is None else data.decode("utf-8-sig", "replace").replace("\r\n", "\n")

    def entry(self, id: str) -> Revision | None:
        """Return a commit; None where there is none of this id."""
        if not re.fullmatch(r"[0-9a-f]{40}", id):
            return None
        with suppress(KeyError):
            found = self._repo[id.encode()]
            return self._entry(found) if found.type_name == b"commit" else None
        return None

    def _entry(self, commit: Any) -> Revision:
        who = commit.author.decode("utf-8", "replace").partition(" <")[0]
        when = datetime.fromtimestamp(commit.author_time, UTC)
        return Revision(commit.id.decode(), who, when, commit.message.decode("utf-8", "replace").strip())

    def changes(self, entry: str) -> list[FileChange]:
        """Return what a commit changed."""
        parents = self.parents(entry)
        return self.between(parents[0] if parents else "", entry)

    def between(self, before: str, after: str) -> list[FileChange]:
        """Return what differs between two commits ("" before the first)."""
        old, new = self.files(before) if before else {}, self.files(after)
        names = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
        return [FileChange(name, self.read(old.get(name, "")), self.read(new.get(name, ""))) for name in names]


def _opened(folder: Path) -> Any:
    """Return a repository. Raises Problem for one in a format that is not read here, as newer git programs make it."""
    from dulwich.repo import Repo  # noqa: PLC0415

    try:
        repo = Repo(folder)
        if repo.object_format.name == "sha1":
            return repo
        repo.close()
    except (ValueError, NotImplementedError, KeyError, OSError) as error:
        raise Problem(str(folder), _("is no git repository that this program reads."), _REPOSITORY) from error
    raise Problem(str(folder), _("is no git repository that this program reads."), _REPOSITORY)


def name_of(who: str) -> str:
    """Return a person's name as the history has it."""
    return re.sub(r"[<>\x00-\x1f\x7f]", "", who).strip() or "editor"


def _identity(who: str) -> bytes:
    """Return a name in the form that git requires. No address of mail: a history may be copied to others."""
    return f"{name_of(who)} <>".encode()
