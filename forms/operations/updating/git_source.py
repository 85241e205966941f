"""A folder whose files come from git, and whose signature counts for it."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from forms.core.builds import git_signatures, passkey_commits
from forms.core.builds.git_signatures import require_place
from forms.core.files.durable import write_durably
from forms.core.other_programs import run_apart
from forms.core.problem import Problem
from forms.operations.updating import signed_withdrawals

TAKEN = "refs/portal/taken"
"""In the repository: the commit that was published last. That of a fresh clone was signed by nobody yet."""

SEEN = "refs/portal/seen"
"""The newest commit that was believed, also where it could not be published: what it withdraws stays withdrawn."""

CONSENTS = "tables/consents.csv"
"""What consents there are: of this file the newest that is known counts, whatever else is taken back."""

LONGEST = 300
"""Seconds that git may take to fetch."""

LARGEST = 1024 * 1024 * 1024
"""Bytes of one fetch: whoever may push, also unsigned, must not fill the disk on which letters are kept."""

MOST_PACKS = 50
"""Packs of objects, one of each fetch, before they are put together."""

_FULL = os.strerror(errno.ENOSPC)
"""What git says of a full disk (LC_ALL=C), often some lines before its last one."""

LONGEST_SENTENCE = 300
"""Characters of what git said, which may be the remote's words."""

# A repository may say what git runs: none of that is taken from one that others write.
_CAREFUL = (
    "core.hooksPath=/dev/null", "core.symlinks=false", "core.fsmonitor=false", "protocol.ext.allow=never",
    "submodule.recurse=false", "fetch.fsckObjects=true", "gpg.program=false", "gpg.x509.program=false",
    "gpg.ssh.program=ssh-keygen", "fetch.unpackLimit=1", "core.bigFileThreshold=16m", "gc.auto=0",
)  # fmt: skip


@dataclass(frozen=True)
class GitSource:
    """A folder whose files come from git, like content/, and who may change it.

    folder: of the files; repository: a bare clone elsewhere, since no file of git belongs among them; signers: a file
    of the people whose signature counts, one a line: name and SSH key, as ssh-keygen(1) describes under ALLOWED
    SIGNERS; remote, branch: where staff push to; keep: told what consents.csv held in the commit that was believed
    last, and what it holds here: writes the withdrawals that were made here into the one that was taken; renamed:
    the site has another address from now on, so that a commit for that one is taken; withdrawn: what a withdrawal
    that the office's key signed does (signed_withdrawals.py); without it none is taken.
    """

    folder: Path
    repository: Path
    signers: Path
    remote: str = "origin"
    branch: str = "main"
    keep: Callable[[bytes, bytes], object] = lambda _base, _here: None
    renamed: bool = False
    withdrawn: signed_withdrawals.Withdrawn = lambda _before, _after: None

    def taken(self) -> str | None:
        """Return the commit that was published last, or None where none ever was."""
        return self._commit(TAKEN)

    def seen(self) -> str | None:
        """Return the newest commit that was believed, published or not, or None where none ever was."""
        return self._commit(SEEN) or self.taken()

    def _commit(self, name: str) -> str | None:
        done = self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return done.stdout.strip() or None

    def remove_leftovers(self) -> None:
        """Remove what a git that was killed left half-written: its locks would stop every later one.

        Nobody else may be at work in the repository.
        """
        for names in ("*.lock", "tmp_pack_*", "tmp_idx_*", "tmp_obj_*"):
            for left in self.repository.rglob(names):
                left.unlink(missing_ok=True)

    def fetched(self) -> str:
        """Fetch, and return the newest commit of the branch. Raises Problem where it cannot be fetched."""
        words = ("--quiet", "--no-tags", "--no-recurse-submodules", "--refmap=")
        try:
            with _smaller_files(LARGEST):
                self._git("fetch", *words, self.remote, f"refs/heads/{self.branch}")  # git prefers a tag of this name
        except BaseException:
            self.remove_leftovers()
            raise
        return self._git("rev-parse", "--verify", "FETCH_HEAD^{commit}")

    def repack(self) -> None:
        """Give back the room of what was fetched and not believed. Never raises."""
        with suppress(Problem):
            self._git("repack", "-a", "-d", "-q")

    def require_trusted(self, commit: str) -> str:
        """Return who signed a commit. Raises Problem unless it is a named person, and it follows what is here."""
        if not self.signers.is_file():
            todo = "Write a line for each: name and SSH key, like: anita ssh-ed25519 AAAA... (docs/operators.md)."
            raise Problem(str(self.signers), "is not there: nobody is named whose changes are published.", todo)
        before = self.seen()
        published, withdrawals = signed_withdrawals.below(self, commit, before)
        self._require_follows(before, published, commit)
        who = "" if withdrawals and published == before else self._require_published(published, before)
        for one, on in zip(withdrawals, [*withdrawals, published][1:], strict=True):
            who = signed_withdrawals.require(self, one, on, self.withdrawn)
        return who

    def _require_follows(self, before: str | None, *commits: str) -> None:
        """Raise Problem for a commit that does not follow the one that was taken before."""
        for commit in dict.fromkeys(commits):
            if before and self._run("merge-base", "--is-ancestor", before, commit).returncode:
                what = (
                    f"{commit[:12]} is older than {before[:12]}, which was taken before, or its history was rewritten."
                )
                raise Problem(self.where, what, f"Push a commit that follows {before[:12]}.")

    def _require_published(self, commit: str, before: str | None) -> str:
        """Return who signed a commit to be published. Raises Problem unless it is a named person, for this site."""
        if self._run("verify-commit", commit).returncode:
            what = f"{commit[:12]} is not signed by one of the people named in {self.signers.name}."
            raise Problem(self.where, what, "One of them signs and pushes: git commit -S; git push")
        self._require_valid_today(commit)
        self._require_passkey_meant_it(commit)
        require_place(
            self._message(commit), self._message(before) if before else "", self.branch, self.where,
            renamed=self.renamed,
        )  # fmt: skip
        return self._git("log", "-1", "--format=%GS", commit)

    def _require_passkey_meant_it(self, commit: str) -> None:
        """Raise Problem where a passkey signed on another page than its office's, or without knowing its person.

        ssh-keygen looks at the signature and not at those.
        """
        signature, payload = git_signatures.split(self.raw(commit))
        if passkey_commits.is_passkey_signature(signature) and not passkey_commits.says_the_right_thing(
            payload, signature
        ):
            what = f"{commit[:12]} is signed by a passkey, but not by a person whom it knew, on the page of its office."
            raise Problem(self.where, what, "Publish again in the office.")

    @property
    def where(self) -> str:
        """How sentences call the branch."""
        return f"{self.remote}/{self.branch}"

    def raw(self, commit: str) -> bytes:
        """Return a commit as git keeps it. Raises Problem."""
        done = self._done("cat-file", "commit", commit)
        if done.returncode:
            raise Problem(str(self.repository), f"has no commit {commit[:12]}.", "Try it there by hand: git fsck")
        return done.stdout

    def file(self, commit: str, name: str) -> bytes:
        """Return a file of a commit; empty where there is none."""
        done = self._done("cat-file", "blob", f"{commit}:{name}")
        return b"" if done.returncode else done.stdout

    def changes(self, before: str, after: str) -> list[str]:
        """Return what differs between two commits: a line of modes, then the name, in turns."""
        return self._git("diff-tree", "-r", "-z", "--raw", "--no-renames", before, after).split("\0")[:-1]

    def _message(self, commit: str) -> str:
        return self._git("cat-file", "commit", commit).partition("\n\n")[2]

    def _require_valid_today(self, commit: str) -> None:
        """Raise Problem where the key's time (valid-before in the file of signers) is over.

        git asks whether the key was valid on the day of the commit, which whoever signs writes there.
        """
        header = self._git("cat-file", "commit", commit).partition("\n\n")[0]
        first, *more = header.partition("\ngpgsig ")[2].splitlines()
        lines = [first, *(line[1:] for line in takewhile(lambda line: line.startswith(" "), more))]
        with tempfile.NamedTemporaryFile("w", suffix=".sig") as file:
            file.write("\n".join([*lines, ""]))
            file.flush()
            asked = ["ssh-keygen", "-Y", "find-principals", "-f", str(self.signers), "-s", file.name]
            done = run_apart(asked, longest=LONGEST)
        if done.returncode or header.count("\ngpgsig ") != 1:
            what = f"{commit[:12]} is signed with a key whose time is over, as {self.signers.name} says."
            raise Problem(f"{self.remote}/{self.branch}", what, "Somebody whose key is valid signs and pushes.")

    def take(self, commit: str) -> None:
        """Let the folder hold the files of this commit. Files that git does not know stay.

        Withdrawals that were made here since the last commit stay too, also where the power goes in between.
        """
        table = self.folder / CONSENTS
        before = [path.read_bytes() for path in (self._before, table) if path.is_file()]
        base = self._base()
        if before:
            write_durably(self._before, before[0])
        self._git("reset", "--quiet", "--hard", commit)
        for text in before:
            self.keep(base, text)
        self._git("update-ref", SEEN, commit)
        self._before.unlink(missing_ok=True)

    def published(self, commit: str) -> None:
        """Remember that the files of this commit were published."""
        self._git("update-ref", TAKEN, commit)
        if len(list(self.repository.glob("objects/pack/*.pack"))) > MOST_PACKS:
            self.repack()

    def take_back(self, commit: str) -> None:
        """Let the folder hold again what was published last, but for the consents: those stay as they are known now."""
        table = self.folder / CONSENTS
        write_durably(self._known, table.read_bytes() if table.is_file() else b"")
        self._git("reset", "--quiet", "--hard", commit)
        self._bring_known_back()

    def recover(self) -> None:
        """End what the power cut short: withdrawals that are known stand in consents.csv again."""
        if self._known.is_file():
            self._bring_known_back()
        if self._before.is_file():
            self.keep(self._base(), self._before.read_bytes())

    def _bring_known_back(self) -> None:
        """Write the consents that were set aside; none at all where there were none, which hides every story."""
        table = self.folder / CONSENTS
        known = self._known.read_bytes()
        if not table.is_file() or table.read_bytes() != known:
            table.parent.mkdir(parents=True, exist_ok=True)
            write_durably(table, known)
        self._known.unlink()

    @property
    def _before(self) -> Path:
        """Where consents.csv as it was here is set aside while another commit is taken."""
        return self.repository / "consents-before.csv"

    @property
    def _known(self) -> Path:
        """Where the consents that are known are set aside while a commit is taken back."""
        return self.repository / "consents-known.csv"

    def _base(self) -> bytes:
        """Return consents.csv of the commit that was believed last; empty where there is none."""
        believed = self.seen()
        return self.file(believed, CONSENTS) if believed else b""

    def _git(self, *words: str) -> str:
        """Return what git prints. Raises Problem where it fails."""
        done = self._run(*words)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["it ended without a word; is there more than 1 GB?"]
            last = next((line for line in lines if _FULL in line), lines[-1])
            said = "".join(letter if letter.isprintable() else " " for letter in last)[:LONGEST_SENTENCE]
            todo = "Make room on its disk; then it is tried again." if _FULL in last else "Try it there by hand."
            raise Problem(str(self.folder), f"git {words[0]} failed: {said}", todo)
        return done.stdout.strip()

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        done = self._done(*words)
        out, told = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(done.args, done.returncode, out, told)

    def _done(self, *words: str) -> "subprocess.CompletedProcess[bytes]":
        """Run git without its users' settings. Raises Problem where it is not installed or does not end."""
        careful = [
            word for setting in (*_CAREFUL, f"gpg.ssh.allowedSignersFile={self.signers}") for word in ("-c", setting)
        ]
        own = {
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "LC_ALL": "C",
        }
        clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        try:
            return run_apart(
                ["git", *careful, f"--git-dir={self.repository}", f"--work-tree={self.folder}", *words],
                cwd=self.repository, env={**clean, **own}, longest=LONGEST,
            )  # fmt: skip
        except FileNotFoundError:
            raise Problem("git", "is not installed.", "On Debian and Ubuntu: apt-get install git") from None
        except subprocess.TimeoutExpired:
            raise Problem(self.remote, f"did not answer within {LONGEST} seconds.", "It is tried again.") from None


def library_source(place: Path, name: str, remote: str, branch: str, signers: Sequence[str]) -> GitSource:
    """Return the source of a library that portal.yml names; its clone is made in `place` where there is none.

    Its folder, which holds nothing but what was taken, is made with the first commit. Raises Problem or OSError.
    """
    place.mkdir(parents=True, exist_ok=True)
    listed = place / f"{name}.signers"
    write_durably(listed, "".join(f"{line}\n" for line in signers).encode())
    source = GitSource(place / name, place / f"{name}.git", listed, remote, branch)
    if not (source.repository / "HEAD").exists():
        done = run_apart(["git", "init", "--quiet", "--bare", str(source.repository)], longest=LONGEST)
        if done.returncode:
            raise Problem(f"library {name}", "cannot be kept here: git init failed.", "Is the disk full?")
    return source


@contextmanager
def _smaller_files(most: int) -> Iterator[None]:
    """Let no program that is started meanwhile write a file of more bytes: the system ends it."""
    import resource  # noqa: PLC0415 - POSIX has it, where servers run

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    limits = [one for one in (most, *before) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(limits), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
