"""Reads the commits of a git repository through dulwich: no git program is needed. History writes them."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from editor.saving.disk_files import has_name
from forms.core.builds import git_signatures, passkey_commits
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

_MAX_CACHED_TREES = 4
"""Commits whose lists of files are cached."""

_MAX_REVISIONS = 1_000_000
_ID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Revision:
    """A commit: who saved what, when."""

    id: str
    who: str
    when: datetime
    what: str


@dataclass(frozen=True)
class FileChange:
    """A file that a commit changed. before, after: its bytes; None where the file did not exist."""

    path: str
    before: bytes | None
    after: bytes | None


class CommitReader:
    """Reads a git repository in a folder of this machine. Commit ids are 40 hex digits; "" means "no commit"."""

    def __init__(self, folder: Path) -> None:
        self.repo: Any = _open(folder)
        self._trees: dict[bytes, dict[str, tuple[int, str]]] = {}

    @property
    def folder(self) -> Path:
        """The folder of the repository."""
        return Path(self.repo.path)

    def close(self) -> None:
        """Close the files of the repository."""
        self.repo.close()

    def id_of(self, data: bytes) -> str:
        """Return the id that git gives to a file with these bytes."""
        return str(self.blob(data).id.decode())

    def blob(self, data: bytes) -> Any:
        """Return dulwich's object for a file with these bytes."""
        from dulwich.objects import Blob  # noqa: PLC0415

        return Blob.from_string(data)

    def read(self, id: str) -> bytes | None:
        """Return the bytes of a recorded file by its id; None for an unknown id."""
        if not _ID.fullmatch(id):
            return None
        with suppress(KeyError):
            blob = self.repo[id.encode()]
            if blob.type_name == b"blob":
                return bytes(blob.data)
        return None

    def files(self, commit: str = "") -> dict[str, str]:
        """Return the id of each file of a commit by its path; of the newest commit by default."""
        return {path: id for path, (_, id) in self.tree(commit).items()}

    def tree(self, commit: str = "") -> dict[str, tuple[int, str]]:
        """Return git's mode and the id of each file of a commit by its path; of the newest commit by default."""
        from dulwich.object_store import iter_tree_contents  # noqa: PLC0415

        id = commit.encode() if commit else self._head()
        if not id:
            return {}
        files = self._trees.get(id)
        if files is None:  # a save needs the list three times, and the pages after it again
            items = iter_tree_contents(self.repo.object_store, self.repo[id].tree)
            named = ((item.path.decode("utf-8", "surrogateescape"), item) for item in items)
            files = {name: (item.mode, item.sha.decode()) for name, item in named if has_name(name)}
            self._trees = dict([*self._trees.items(), (id, files)][-_MAX_CACHED_TREES:])
        return dict(files)

    def text_in(self, commit: str, path: str) -> str | None:
        """Return the text of a file in a commit; None where the commit does not have the file."""
        data = self.read(self.files(commit).get(path, ""))
        return None if data is None else data.decode("utf-8-sig", "replace").replace("\r\n", "\n")

    def _head(self) -> bytes | None:
        try:
            return bytes(self.repo.head())
        except KeyError:
            return None

    def newest(self) -> str:
        """Return the id of the newest commit."""
        return (self._head() or b"").decode()

    def oldest(self) -> str:
        """Return the id of the first commit."""
        last = ""
        for revision in self.revisions(_MAX_REVISIONS):
            last = revision.id
        return last

    def revision(self, id: str) -> Revision | None:
        """Return a commit by its id; None for an unknown id."""
        if not _ID.fullmatch(id):
            return None
        with suppress(KeyError):
            commit = self.repo[id.encode()]
            return revision_of(commit) if commit.type_name == b"commit" else None
        return None

    def revisions(self, limit: int, path: str = "", *, since: str = "") -> Iterator[Revision]:
        """Yield the newest commits. path: only those that changed this file; since: only those after this commit."""
        if not self._head():
            return
        paths = [path.encode()] if path else None
        excluded = [since.encode()] if since else None
        for step in self.repo.get_walker(max_entries=limit, paths=paths, exclude=excluded):
            yield revision_of(step.commit)

    def changes(self, commit: str) -> list[FileChange]:
        """Return what a commit changed."""
        parents = self.parents(commit)
        return self.changes_between(parents[0] if parents else "", commit)

    def changes_between(self, before: str, after: str, path: str = "") -> list[FileChange]:
        """Return the files that differ between two commits. path: only this file."""
        old, new = self.files(before) if before else {}, self.files(after)
        paths = {path} if path else {*old, *new}
        differing = sorted(name for name in paths if old.get(name) != new.get(name))
        return [FileChange(name, self.read(old.get(name, "")), self.read(new.get(name, ""))) for name in differing]

    def parents(self, commit: str) -> list[str]:
        """Return the parents of a commit; none where a shallow clone ends."""
        return [parent.decode() for parent in self.repo.get_parents(commit.encode())]

    def message(self, commit: str) -> str:
        """Return the whole message of a commit."""
        return str(self.repo[commit.encode()].message.decode("utf-8", "replace")) if commit else ""

    def ancestors(self, commit: str) -> set[str]:
        """Return a commit and all its ancestors. Times are ignored: the clocks of some machines are wrong."""
        ancestors, remaining = set(), [commit] if commit else []
        while remaining:
            id = remaining.pop()
            if id not in ancestors:
                ancestors.add(id)
                remaining += self.parents(id)
        return ancestors

    def common_ancestor(self, one: str, other: str) -> str:
        """Return the newest commit that is an ancestor of both."""
        shared = self.ancestors(one) & self.ancestors(other)
        parents = {parent for id in shared for parent in self.parents(id)}
        return max(shared - parents, default="")

    def signer(self, commit: str, signers: Sequence[str], namespace: bytes = git_signatures.GIT) -> str | None:
        """Return who signed a commit; None for nobody of these. signers: lines of an allowed_signers file."""
        found = self.repo[commit.encode()]
        message, signature = found.raw_without_sig(), found.gpgsig
        if not signature:
            return None
        if namespace == git_signatures.GIT and passkey_commits.is_passkey_signature(signature):
            return passkey_commits.signer(message, signature, signers)
        return git_signatures.signer(message, signature, signers, namespace)

    def ref(self, name: str) -> str:
        """Return the commit of the ref refs/portal/<name>; "" where there is no such ref."""
        with suppress(KeyError):
            return str(self.repo.refs[f"refs/portal/{name}".encode()].decode())
        return ""


def create_bare(folder: Path) -> None:
    """Make an empty repository without a work tree."""
    from dulwich.repo import Repo  # noqa: PLC0415 - large; a test of the window needs it once

    folder.mkdir(parents=True, exist_ok=True)
    Repo.init_bare(folder, default_branch=b"main").close()


def _open(folder: Path) -> Any:
    """Return the repository of a folder. Raises Problem for a format that dulwich cannot read (SHA-256)."""
    from dulwich.repo import Repo  # noqa: PLC0415

    todo = _("Ask whoever set it up. Without its folder .git the editor keeps a history of its own.")
    refused = Problem(str(folder), _("is no git repository that this program reads."), todo)
    try:
        repo = Repo(folder)
    except (ValueError, NotImplementedError, KeyError, OSError) as error:
        raise refused from error
    if repo.object_format.name != "sha1":
        repo.close()
        raise refused
    return repo


def revision_of(commit: Any) -> Revision:
    """Return a commit of dulwich as a Revision."""
    who = commit.author.decode("utf-8", "replace").partition(" <")[0]
    when = datetime.fromtimestamp(commit.author_time, UTC)
    return Revision(commit.id.decode(), who, when, commit.message.decode("utf-8", "replace").strip())


def name_of(who: str) -> str:
    """Return a person's name as commits can hold it."""
    return re.sub(r"[<>\x00-\x1f\x7f]", "", who).strip() or "editor"
