"""Take what staff have pushed: fetched, believed only where a named person signed it, checked, built, put into use.

What fails changes nothing, and is written down for staff (forms/core/builds/publishing_report.py; docs/decisions/0060).
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forms.core.builds import publishing_report
from forms.core.problem import Problem, Problems

TAKEN = "refs/portal/taken"
"""In the repository: the commit whose files the folder holds. That of a fresh clone was signed by nobody yet."""

LONGEST = 300
"""Seconds that git may take to fetch."""

# A repository may say what git runs: none of that is taken from one that others write.
_CAREFUL = (
    "core.hooksPath=/dev/null", "core.symlinks=false", "core.fsmonitor=false", "protocol.ext.allow=never",
    "submodule.recurse=false", "fetch.fsckObjects=true", "gpg.program=false", "gpg.x509.program=false",
    "gpg.ssh.program=ssh-keygen",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A folder whose files come from git, like content/, and who may change it.

    folder: of the files; repository: a bare clone elsewhere, since no file of git belongs among them; signers: a file
    of the people whose signature counts, one a line: name and SSH key, as ssh-keygen(1) describes under ALLOWED
    SIGNERS; remote, branch: where staff push to.
    """

    folder: Path
    repository: Path
    signers: Path
    remote: str = "origin"
    branch: str = "main"

    def taken(self) -> str | None:
        """Return the commit whose files are here, or None where none was ever taken."""
        done = self._run("rev-parse", "--verify", "--quiet", f"{TAKEN}^{{commit}}")
        return done.stdout.strip() or None

    def fetched(self) -> str:
        """Fetch, and return the newest commit of the branch. Raises Problem where it cannot be fetched."""
        self._git("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", self.remote, self.branch)
        return self._git("rev-parse", "--verify", "FETCH_HEAD^{commit}")

    def require_trusted(self, commit: str) -> str:
        """Return who signed a commit. Raises Problem unless it is a named person, and it follows what is here."""
        if not self.signers.is_file():
            todo = "Write a line for each: name and SSH key, like: anita ssh-ed25519 AAAA... (docs/operators.md)."
            raise Problem(str(self.signers), "is not there: nobody is named whose changes are published.", todo)
        before = self.taken()
        if before and self._run("merge-base", "--is-ancestor", before, commit).returncode:
            what = f"does not follow what is published now: {commit[:12]} is older, or its history was rewritten."
            raise Problem(f"{self.remote}/{self.branch}", what, "Push a commit that follows it.")
        if self._run("verify-commit", commit).returncode:
            what = f"{commit[:12]} is not signed by one of the people named in {self.signers.name}."
            raise Problem(f"{self.remote}/{self.branch}", what, "One of them signs and pushes: git commit -S; git push")
        return self._git("log", "-1", "--format=%GS", commit)

    def take(self, commit: str) -> None:
        """Let the folder hold the files of this commit. Files that git does not know stay."""
        self._git("reset", "--quiet", "--hard", commit)
        self._git("update-ref", TAKEN, commit)

    def _git(self, *words: str) -> str:
        done = self._run(*words)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["git said nothing"])[-1]
            raise Problem(str(self.folder), f"git {words[0]} failed: {last}", "Try it there by hand.")
        return done.stdout.strip()

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        careful = [
            word for setting in (*_CAREFUL, f"gpg.ssh.allowedSignersFile={self.signers}") for word in ("-c", setting)
        ]
        own = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
        clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        try:
            return subprocess.run(  # noqa: S603 - our own arguments
                ["git", *careful, f"--git-dir={self.repository}", f"--work-tree={self.folder}", *words],  # noqa: S607
                cwd=self.folder, env={**clean, **own}, capture_output=True, text=True, check=False, timeout=LONGEST,
                errors="replace",
            )  # fmt: skip
        except FileNotFoundError:
            raise Problem("git", "is not installed.", "On Debian and Ubuntu: apt-get install git") from None
        except subprocess.TimeoutExpired:
            raise Problem(self.remote, f"did not answer within {LONGEST} seconds.", "It is tried again.") from None


def update(
    source: Source | None,
    publish: Callable[[], object],
    site: Path,
    today: date,
    *,
    purge: Callable[[], object] = lambda: None,
    held: bool = False,
) -> str:
    """Publish the newest content that a named person signed; return a sentence. Raises Problem or Problems.

    source: None where there is nothing to fetch; publish: checks, builds and puts into use what the folder holds; site:
    the folder of the releases; purge: takes what has no consent off the site, whatever else fails; held: somebody
    went back to an earlier release, which stays until there is something new. Where anything fails, the folder holds
    what it held before.
    """
    try:
        said = _take_and_publish(source, publish, purge, held)
    except Exception as error:
        told = (
            str(error) if isinstance(error, Problem | Problems) else f"A fault of the program: {type(error).__name__}."
        )
        publishing_report.write(site, publishing_report.Report(today.isoformat(), told))
        raise
    publishing_report.write(site, publishing_report.Report(today.isoformat(), ""))
    return said


def _take_and_publish(
    source: Source | None, publish: Callable[[], object], purge: Callable[[], object], held: bool
) -> str:
    before = source.taken() if source else None
    newest = source.fetched() if source else None
    if held and newest == before:
        purge()
        return "An earlier release was put into use again. It stays until something new is pushed, or: publish"
    if source is None or newest is None:
        publish()
        return "What content/ holds is published."
    said = "There is nothing new."
    if newest != before:
        said = f"Taken: {newest[:12]}, signed by {source.require_trusted(newest)}."
        source.take(newest)
    _publish(source, before, publish, purge)
    return said


def _publish(source: Source, before: str | None, publish: Callable[[], object], purge: Callable[[], object]) -> None:
    """Publish what the folder holds, else let it hold what it held. What the new content withdraws is gone anyway."""
    try:
        publish()
    except BaseException:
        try:
            purge()
        finally:
            if before:
                source.take(before)
        raise
