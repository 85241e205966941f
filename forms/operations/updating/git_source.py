"""A folder whose files come from git: whose commits are trusted, and how the folder takes one and goes back."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from forms.core.builds import git_signatures, passkey_commits
from forms.core.builds.git_signatures import require_publish_target
from forms.core.files.durable import write_durably
from forms.core.other_programs import run_apart
from forms.core.problem import Problem
from forms.operations.updating import signed_withdrawals
from forms.operations.updating.git_repository import MAX_GIT_SECONDS, GitRepository

PUBLISHED = "refs/portal/taken"
"""The reference to the commit that was published last. A fresh clone has none: nobody has signed its commit yet."""

TRUSTED = "refs/portal/seen"
"""The reference to the newest trusted commit, also where it could not be published: its withdrawals stay."""

CONSENTS = "tables/consents.csv"
"""The table of consents: its newest known version counts, even when other files go back to an earlier commit."""

MAX_PACKS = 50
"""Packs of objects, one of each fetch, before they are joined into one."""


@dataclass(frozen=True)
class GitSource(GitRepository):
    """A folder whose files come from git, like content/, and the rules for changing it.

    keep_withdrawals: given consents.csv of the trusted commit and of the folder, writes withdrawals made on this
    machine into the table that was checked out; renamed: the site has a new address, so that commits for that address
    are accepted; withdrawn_stories: see signed_withdrawals.WithdrawnStories; without it no signed withdrawal is
    accepted.
    """

    keep_withdrawals: Callable[[bytes, bytes], object] = lambda _base, _here: None
    renamed: bool = False
    withdrawn_stories: signed_withdrawals.WithdrawnStories = lambda _before, _after: None

    def published_commit(self) -> str | None:
        """Return the commit that was published last, or None."""
        return self.commit_of(PUBLISHED)

    def trusted_commit(self) -> str | None:
        """Return the newest commit that was trusted, published or not, or None."""
        return self.commit_of(TRUSTED) or self.published_commit()

    def require_trusted(self, commit: str) -> str:
        """Return who signed a commit.

        Raises Problem unless a person named in `signers` signed it, and it follows the commit that was trusted last.
        """
        if not self.signers.is_file():
            todo = "Write a line for each: name and SSH key, like: anita ssh-ed25519 AAAA... (docs/operators.md)."
            raise Problem(str(self.signers), "is not there: nobody is named whose changes are published.", todo)
        previous = self.trusted_commit()
        published, withdrawals = signed_withdrawals.split_withdrawals(self, commit, previous)
        self._require_follows(previous, published, commit)
        signer = "" if withdrawals and published == previous else self._require_published(published, previous)
        for withdrawal, parent in zip(withdrawals, [*withdrawals, published][1:], strict=True):
            signer = signed_withdrawals.require_withdrawal(self, withdrawal, parent, self.withdrawn_stories)
        return signer

    def _require_follows(self, previous: str | None, *commits: str) -> None:
        """Raise Problem for a commit that does not follow the one that was trusted last."""
        for commit in dict.fromkeys(commits):
            if previous and self.try_git("merge-base", "--is-ancestor", previous, commit).returncode:
                reason = f"older than {previous[:12]}, which was taken before, or its history was rewritten"
                what = f"{commit[:12]} is {reason}."
                raise Problem(self.where, what, f"Push a commit that follows {previous[:12]}.")

    def _require_published(self, commit: str, previous: str | None) -> str:
        """Return who signed a commit to be published. Raises Problem unless a named person signed it for this site."""
        if self.try_git("verify-commit", commit).returncode:
            what = f"{commit[:12]} is not signed by one of the people named in {self.signers.name}."
            raise Problem(self.where, what, "One of them signs and pushes: git commit -S; git push")
        self._require_key_valid_today(commit)
        self._require_passkey_of_office(commit)
        require_publish_target(
            self.commit_message(commit), self.commit_message(previous) if previous else "", self.branch, self.where,
            renamed=self.renamed,
        )  # fmt: skip
        return self.git("log", "-1", "--format=%GS", commit)

    def _require_passkey_of_office(self, commit: str) -> None:
        """Raise Problem where a passkey signed on another page than its office's, or without verifying its user.

        ssh-keygen checks the signature and neither of those.
        """
        signature, payload = git_signatures.split_commit(self.raw_commit(commit))
        if passkey_commits.is_passkey_signature(signature) and not passkey_commits.is_meant_for_commit(
            payload, signature
        ):
            what = f"{commit[:12]} is signed by a passkey, but not by a person whom it knew, on the page of its office."
            raise Problem(self.where, what, "Publish again in the office.")

    def _require_key_valid_today(self, commit: str) -> None:
        """Raise Problem where the key has expired (valid-before in the file of signers).

        git checks only whether the key was valid on the date of the commit, which the signer chooses.
        """
        header = self.git("cat-file", "commit", commit).partition("\n\n")[0]
        first, *more = header.partition("\ngpgsig ")[2].splitlines()
        lines = [first, *(line[1:] for line in takewhile(lambda line: line.startswith(" "), more))]
        with tempfile.NamedTemporaryFile("w", suffix=".sig") as file:
            file.write("\n".join([*lines, ""]))
            file.flush()
            command = ["ssh-keygen", "-Y", "find-principals", "-f", str(self.signers), "-s", file.name]
            result = run_apart(command, max_seconds=MAX_GIT_SECONDS)
        if result.returncode or header.count("\ngpgsig ") != 1:
            what = f"{commit[:12]} is signed with a key whose time is over, as {self.signers.name} says."
            raise Problem(self.where, what, "Somebody whose key is valid signs and pushes.")

    def check_out(self, commit: str) -> None:
        """Write the files of a trusted commit into the folder. Files that git does not know stay.

        Withdrawals that were made here since the previous commit stay too, even after a power cut in between.
        """
        versions = [path.read_bytes() for path in (self._local_consents, self.folder / CONSENTS) if path.is_file()]
        base = self._trusted_consents()
        if versions:
            write_durably(self._local_consents, versions[0])
        self.git("reset", "--quiet", "--hard", commit)
        for version in versions:
            self.keep_withdrawals(base, version)
        self.git("update-ref", TRUSTED, commit)
        self._local_consents.unlink(missing_ok=True)

    def mark_published(self, commit: str) -> None:
        """Record that the files of this commit were published."""
        self.git("update-ref", PUBLISHED, commit)
        if len(list(self.repository.glob("objects/pack/*.pack"))) > MAX_PACKS:
            self.repack()

    def go_back(self, commit: str) -> None:
        """Write the files of an earlier commit into the folder, except the consents: their newest version stays."""
        table = self.folder / CONSENTS
        write_durably(self._newest_consents, table.read_bytes() if table.is_file() else b"")
        self.git("reset", "--quiet", "--hard", commit)
        self._restore_newest_consents()

    def recover(self) -> None:
        """Finish what a power cut interrupted: write withdrawals that were set aside into consents.csv again."""
        if self._newest_consents.is_file():
            self._restore_newest_consents()
        if self._local_consents.is_file():
            self.keep_withdrawals(self._trusted_consents(), self._local_consents.read_bytes())

    def _restore_newest_consents(self) -> None:
        """Write back the consents that were set aside; an empty table where there was none, which hides every story."""
        table = self.folder / CONSENTS
        newest = self._newest_consents.read_bytes()
        if not table.is_file() or table.read_bytes() != newest:
            table.parent.mkdir(parents=True, exist_ok=True)
            write_durably(table, newest)
        self._newest_consents.unlink()

    @property
    def _local_consents(self) -> Path:
        """Where this folder's consents.csv is set aside while another commit is checked out."""
        return self.repository / "consents-before.csv"

    @property
    def _newest_consents(self) -> Path:
        """Where the newest consents are set aside while the folder goes back to an earlier commit."""
        return self.repository / "consents-known.csv"

    def _trusted_consents(self) -> bytes:
        """Return consents.csv of the newest trusted commit; empty where there is none."""
        commit = self.trusted_commit()
        return self.read_file(commit, CONSENTS) if commit else b""


def library_source(place: Path, name: str, remote: str, branch: str, signers: Sequence[str]) -> GitSource:
    """Return the source of a library that portal.yml names; make its clone in `place` where there is none.

    Its folder is made when its first commit is checked out. Raises Problem or OSError.
    """
    place.mkdir(parents=True, exist_ok=True)
    signers_file = place / f"{name}.signers"
    write_durably(signers_file, "".join(f"{line}\n" for line in signers).encode())
    source = GitSource(place / name, place / f"{name}.git", signers_file, remote, branch)
    if not (source.repository / "HEAD").exists():
        result = run_apart(["git", "init", "--quiet", "--bare", str(source.repository)], max_seconds=MAX_GIT_SECONDS)
        if result.returncode:
            raise Problem(f"library {name}", "cannot be kept here: git init failed.", "Is the disk full?")
    return source
