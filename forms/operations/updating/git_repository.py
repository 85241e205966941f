"""A bare clone of a remote repository, and git run in it without settings that others could have written."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from forms.core.other_programs import run_apart
from forms.core.problem import Problem

MAX_GIT_SECONDS = 300
"""Seconds that one git command may take, a fetch too."""

MAX_FETCH_BYTES = 1024 * 1024 * 1024
"""Bytes of one fetch: a push, even an unsigned one, must not fill the disk on which letters are kept."""

MAX_MESSAGE_LENGTH = 300
"""Characters of git's error message, which may be the remote's words."""

_DISK_FULL = os.strerror(errno.ENOSPC)
"""What git prints about a full disk (LC_ALL=C), often some lines before its last one."""

# A repository may name programs that git runs. None of that is taken from one that others write.
_SAFE_GIT_CONFIG = (
    "core.hooksPath=/dev/null", "core.symlinks=false", "core.fsmonitor=false", "protocol.ext.allow=never",
    "submodule.recurse=false", "fetch.fsckObjects=true", "gpg.program=false", "gpg.x509.program=false",
    "gpg.ssh.program=ssh-keygen", "fetch.unpackLimit=1", "core.bigFileThreshold=16m", "gc.auto=0",
)  # fmt: skip

_ENVIRONMENT = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "LC_ALL": "C",
}


@dataclass(frozen=True)
class GitRepository:
    """A bare clone whose work tree is another folder.

    folder: the work tree; repository: the bare clone; signers: the people whose signatures count, one a line, as
    ssh-keygen(1) describes under ALLOWED SIGNERS; remote, branch: where staff push to.
    """

    folder: Path
    repository: Path
    signers: Path
    remote: str = "origin"
    branch: str = "main"

    @property
    def where(self) -> str:
        """The branch as messages name it."""
        return f"{self.remote}/{self.branch}"

    def fetch(self) -> str:
        """Fetch, and return the newest commit of the branch. Raises Problem."""
        options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--refmap=")
        try:
            with _file_size_limit(MAX_FETCH_BYTES):
                self.git("fetch", *options, self.remote, f"refs/heads/{self.branch}")  # git prefers a tag of this name
        except BaseException:
            self.remove_leftovers()
            raise
        return self.git("rev-parse", "--verify", "FETCH_HEAD^{commit}")

    def repack(self) -> None:
        """Free the space of commits that were fetched and refused. Never raises."""
        with suppress(Problem):
            self.git("repack", "-a", "-d", "-q")

    def remove_leftovers(self) -> None:
        """Remove the locks and half-written packs of a git that was killed: a lock would stop every later command.

        No other program may be using the repository.
        """
        for pattern in ("*.lock", "tmp_pack_*", "tmp_idx_*", "tmp_obj_*"):
            for path in self.repository.rglob(pattern):
                path.unlink(missing_ok=True)

    def commit_of(self, reference: str) -> str | None:
        """Return the commit that a reference names, or None."""
        result = self.try_git("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
        return result.stdout.strip() or None

    def raw_commit(self, commit: str) -> bytes:
        """Return a commit object as git stores it. Raises Problem."""
        result = self._run("cat-file", "commit", commit)
        if result.returncode:
            raise Problem(str(self.repository), f"has no commit {commit[:12]}.", "Try it there by hand: git fsck")
        return result.stdout

    def commit_message(self, commit: str) -> str:
        """Return the message of a commit. Raises Problem."""
        return self.git("cat-file", "commit", commit).partition("\n\n")[2]

    def read_file(self, commit: str, name: str) -> bytes:
        """Return a file of a commit; empty where the commit has none of this name."""
        result = self._run("cat-file", "blob", f"{commit}:{name}")
        return b"" if result.returncode else result.stdout

    def changes(self, before: str, after: str) -> list[str]:
        """Return what differs between two commits: a line of modes, then the file name, in turns."""
        return self.git("diff-tree", "-r", "-z", "--raw", "--no-renames", before, after).split("\0")[:-1]

    def git(self, *arguments: str) -> str:
        """Return what a git command prints. Raises Problem where it fails."""
        result = self.try_git(*arguments)
        if result.returncode:
            lines = result.stderr.strip().splitlines() or ["it ended without a word; is there more than 1 GB?"]
            line = next((line for line in lines if _DISK_FULL in line), lines[-1])
            message = "".join(letter if letter.isprintable() else " " for letter in line)[:MAX_MESSAGE_LENGTH]
            todo = "Make room on its disk; then it is tried again." if _DISK_FULL in line else "Try it there by hand."
            raise Problem(str(self.folder), f"git {arguments[0]} failed: {message}", todo)
        return result.stdout.strip()

    def try_git(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a git command that may fail; return its exit code and its output as text."""
        result = self._run(*arguments)
        output, errors = (data.decode("utf-8", "replace") for data in (result.stdout, result.stderr))
        return subprocess.CompletedProcess(result.args, result.returncode, output, errors)

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        """Run git without its users' settings. Raises Problem where it is not installed or does not end."""
        settings = (*_SAFE_GIT_CONFIG, f"gpg.ssh.allowedSignersFile={self.signers}")
        options = [word for setting in settings for word in ("-c", setting)]
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        try:
            return run_apart(
                ["git", *options, f"--git-dir={self.repository}", f"--work-tree={self.folder}", *arguments],
                cwd=self.repository, env={**inherited, **_ENVIRONMENT}, max_seconds=MAX_GIT_SECONDS,
            )  # fmt: skip
        except FileNotFoundError:
            raise Problem("git", "is not installed.", "On Debian and Ubuntu: apt-get install git") from None
        except subprocess.TimeoutExpired:
            raise Problem(
                self.remote, f"did not answer within {MAX_GIT_SECONDS} seconds.", "It is tried again."
            ) from None


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    """Limit the size in bytes of files that programs started in this block write; the system kills the others."""
    import resource  # noqa: PLC0415 - POSIX has it, where servers run

    previous = resource.getrlimit(resource.RLIMIT_FSIZE)
    limits = [limit for limit in (size, *previous) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(limits), previous[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, previous)
