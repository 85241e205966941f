"""A branch whose commits are signed: which of them are trusted here, who signs new ones, and pushes of withdrawals.

A commit is trusted only where somebody known on this machine signed it and it follows what was seen there before.
Else the holder of the repository could get their own words signed here (decision 0072).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import RLock
from typing import Any

from sitegen.publish.withdrawals import withdrawal_commits, withdrawal_merging

from editor import publishing, settings
from editor.remotes.file_merge import CONSENTS, Data
from editor.remotes.remote import Moved, Remote
from editor.remotes.trust import Trust
from editor.saving.history import History
from editor.saving.store import ContentStore
from forms.core.builds import git_signatures
from forms.core.builds.git_signatures import GIT, WITHDRAWAL, is_draft_of, public_line
from forms.core.crypto.signing import PrivateKey, public_text
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

SIGNERS = "signers"
"""A file in the editor's folder: lines of colleagues whose signatures count here, beside this machine's own key."""

SEEN = "seen"
"""The ref of the newest commit of the branch that was trusted."""

MAX_PUSHES = 5
"""Pushes that are tried while others push at the same time."""


@dataclass(kw_only=True)
class SignedBranch:
    """A branch of a git repository from which the server takes the site.

    key: this machine's, or None; site: the address of the site. request_signature: in an office, gets a publisher's
    signature of a commit's bytes, which may take minutes; `key` is then valid for withdrawals only.
    """

    remote: Remote
    store: ContentStore
    memory: Path
    key: PrivateKey | None
    site: str
    today: Callable[[], date]
    request_signature: Callable[[bytes], bytes] | None = None
    lock: RLock = field(default_factory=RLock)

    @property
    def where(self) -> str:
        """The repository and branch, for messages."""
        return self.remote.where

    @property
    def history(self) -> History:
        """The history of content/."""
        return self.store.history

    # Which commits are trusted

    def fetch_trusted(self) -> str:
        """Return the newest commit of the branch; "" where there is no branch. Raises Problem unless it is trusted."""
        tip = self.remote.fetch(self.history.folder)
        self.require_trusted(tip)
        if tip and tip != self.history.ref(SEEN):
            self.history.set_ref(SEEN, tip)
        return tip

    def require_trusted(self, tip: str) -> None:
        """Raise Problem unless a known signer signed this commit for this branch, and it follows the one seen last."""
        file = self.memory / SIGNERS
        trust = Trust(self.history, self._signers(), file, self.remote.branch, self.where, self.today())
        trust.require(tip, self.history.ref(SEEN))

    def _trusted(self, tip: str) -> str:
        """Return the commit, or the last one that was trusted where this one is not."""
        try:
            self.require_trusted(tip)
        except Problem:
            return self.history.ref(SEEN)
        return tip

    def _signers(self) -> list[str]:
        path = self.memory / SIGNERS
        others = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
        own = [public_line("you", public_text(self.key), self._key_namespace.decode())] if self.key else []
        return [*others, *own]

    # Who signs

    @property
    def _key_namespace(self) -> bytes:
        """The signature namespace to which this machine's key is limited; empty for a publisher's key."""
        return WITHDRAWAL if self.request_signature else b""

    @property
    def _target(self) -> git_signatures.PublishTarget:
        return git_signatures.PublishTarget(self.remote.branch, self.site)

    def unsigned_commit(
        self, base: str, changes: Mapping[str, Data], parents: list[str], who: str, what: str,
        target: git_signatures.PublishTarget | None = None,
    ) -> Any:  # fmt: skip
        """Return a commit to be signed. Its message names this branch and site, or `target`."""
        with self.store.lock:
            return self.history.new_commit(base, changes, parents, who, f"{what}\n\n{(target or self._target).line}\n")

    def sign(self, commit: Any, *, withdraws: bool = False) -> bytes:
        """Return a publisher's signature of a commit; this machine's signature of one that only withdraws.

        Raises Problem where nobody signs.
        """
        message: bytes = commit.as_raw_string()
        if self.request_signature and not withdraws:
            return self.request_signature(message)
        return git_signatures.sign(message, self._require_key(), self._key_namespace or GIT)

    def require_signer(self) -> None:
        """Raise Problem where neither a publisher nor this machine can sign."""
        if self.request_signature is None:
            self._require_key()

    def _require_key(self) -> PrivateKey:
        """Return the key that signs. Raises Problem where this machine has none."""
        if self.key is None:
            make = "edit office withdrawal-key" if self.request_signature else "new-publisher-key"
            command = f"python3 build.py {make}"
            todo = _("Make one, and give its line to whoever runs the server: %(command)s", command=command)
            raise Problem(self.where, _("There is no key on this machine to sign with."), todo)
        return self.key

    # Withdrawals

    def consents_in(self, commit: str) -> bytes:
        """Return the table of consents in a commit; nothing where it has none."""
        id = self.history.files(commit).get(CONSENTS, "") if commit else ""
        return self.history.read(id) or b""

    def lacks_withdrawals(self, commit: str) -> bool:
        """Return whether a withdrawal made on this machine is missing in a commit."""
        path = self.store.content / CONSENTS
        with self.store.lock:
            current = path.read_bytes() if path.is_file() else b""
        return bool(withdrawal_merging.merge_withdrawals(self.consents_in(commit), b"", current)[1])

    def withdraw(self, who: str) -> None:
        """Push the withdrawals that the branch lacks, and nothing else: errors and conflicts cannot hold them up.

        Raises Problem.
        """
        with self.lock:
            self._require_key()
            for _try in range(MAX_PUSHES):
                try:
                    tip = self.remote.fetch(self.history.folder)
                    self._push_withdrawals(tip, who)
                    break
                except Moved:
                    continue
            else:
                what = _("Others published again and again just now.")
                raise Problem(self.where, what, _("It is tried again."))

    def _push_withdrawals(self, tip: str, who: str) -> None:
        """Push withdrawals on top of the last trusted commit. An untrusted tip becomes a parent: its files do not."""
        history = self.history
        trusted = self._trusted(tip)
        if not trusted:
            return  # nothing of ours was ever there
        with self.store.lock:
            newest = history.newest()
            base = self.consents_in(history.common_ancestor(newest, trusted))
            path = self.store.content / CONSENTS
            ours = path.read_bytes() if path.is_file() else self.consents_in(newest)
            updated, ids = withdrawal_merging.merge_withdrawals(self.consents_in(trusted), base, ours, self._may_add)
            if not ids:
                return
            parents = [trusted] if tip in {"", *history.ancestors(trusted)} else [trusted, tip]
            changes = {CONSENTS: updated, **self._removed_drafts(trusted, updated)}
            # Only a publisher moves the site to another address: a withdrawal goes to the trusted one.
            target = git_signatures.publish_target(history.message(trusted)) or self._target
            commit = self.unsigned_commit(trusted, changes, parents, who, f"Withdraw {', '.join(ids)}", target)
            pushed = history.add(commit, self.sign(commit, withdraws=True))
        self.remote.push(history.folder, pushed, tip)
        history.set_ref(SEEN, pushed)
        if self.is_published(settings.read(self.memory).published, trusted):
            settings.update(self.memory, published=pushed)

    def _may_add(self, row: Mapping[str, str]) -> bool:
        """Return whether a withdrawal may add a row: in an office, only one for which its key is trusted."""
        return self.request_signature is None or withdrawal_commits.may_be_added(row)

    def _removed_drafts(self, commit: str, consents: bytes) -> dict[str, Data]:
        """Return the removal of the unfinished translations of withdrawn stories that a commit has."""
        stories = withdrawal_commits.all_withdrawn(consents)
        return {path: None for path in self.history.files(commit) if is_draft_of(path, stories)}

    def is_published(self, published: str, tip: str) -> bool:
        """Return whether a commit published here has the files of `tip`, consents and generated files aside."""
        if not self.history.revision(published):
            return False
        before, now = self.history.files(published), self.history.files(tip)
        ignored = {CONSENTS, *publishing.WRITTEN_BY_BUILDS}
        return all(before.get(path) == now.get(path) for path in {*before, *now} - ignored)
