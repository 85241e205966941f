"""Decides which commits of a remote branch are trusted: signed by a known signer, for this site, and newer than seen.

A key that is limited to withdrawals is trusted for withdrawals only, as on the server (forms/operations).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sitegen.publish.withdrawals.withdrawal_commits import withdrawn_stories

from editor.remotes.file_merge import CONSENTS
from editor.saving.history import History
from forms.core.builds import git_signatures
from forms.core.builds.git_signatures import SETTINGS, WITHDRAWAL, is_draft_of
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem


@dataclass(frozen=True)
class Trust:
    """Whose commits this machine accepts. signers: lines of an allowed_signers file; file: the path of that file."""

    history: History
    signers: Sequence[str]
    file: Path
    branch: str
    where: str
    today: date

    def require(self, tip: str, seen: str) -> None:
        """Raise Problem unless a known signer signed the commit for this branch and it follows `seen`."""
        self._require_follows(tip, seen)
        commit = tip
        while commit and commit != seen and self._is_withdrawal(commit):
            commit = self.history.parents(commit)[0]
        if not commit or commit == seen:
            return
        self._require_follows(commit, seen)
        if self.history.signer(commit, self.signers) is None:
            what = f"{commit[:12]} is not signed by anybody whose key this machine knows."
            todo = f"Ask who pushed it. If it is a colleague, write their line into {self.file}."
            raise Problem(self.where, what, todo)
        git_signatures.require_publish_target(
            self.history.message(commit), self.history.message(seen), self.branch, self.where
        )

    def _require_follows(self, commit: str, seen: str) -> None:
        """Raise Problem unless `seen`, the commit trusted last, is an ancestor of this one."""
        if seen and (not commit or seen not in self.history.ancestors(commit)):
            todo = _("Nothing is taken from it. Ask whoever looks after it; somebody may have changed its history.")
            raise Problem(self.where, _("shows something older than it did before."), todo)

    def _is_withdrawal(self, commit: str) -> bool:
        """Return whether a commit withdraws stories of its parent, and does nothing else."""
        history = self.history
        parents = history.parents(commit)
        if not parents or history.signer(commit, self.signers, WITHDRAWAL) is None:
            return False
        place, before = git_signatures.publish_target(history.message(commit)), history.tree(parents[0])
        settings = history.read(before.get(SETTINGS, (0, ""))[1]) or b""
        earlier = history.message(parents[0])
        if place is None or place.branch != self.branch or not git_signatures.is_for_site(place, earlier, settings):
            return False
        after = history.tree(commit)
        tables = [files.get(CONSENTS, (0, "")) for files in (before, after)]
        consents = [history.read(id) or b"" for _, id in tables]
        stories = withdrawn_stories(consents[0], consents[1], self.today)
        changed = {path for path in {*before, *after} if before.get(path) != after.get(path)} - {CONSENTS}
        if stories is None or tables[0][0] != tables[1][0]:
            return False
        return all(path not in after and is_draft_of(path, stories) for path in changed)
