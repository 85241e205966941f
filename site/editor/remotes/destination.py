"""Publishing by a signed push: merge what others pushed, build here, sign, push; and undo (decision 0072).

Withdrawals are pushed before everything else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sitegen.layers.own_files import is_passed_over
from sitegen.publish.withdrawals import withdrawal_commits, withdrawal_writing

from editor import publishing, settings
from editor.paths import within
from editor.remotes import site_report
from editor.remotes.file_merge import CONSENTS, Data, MergeResult, merge_files
from editor.remotes.remote import Moved, Offline
from editor.remotes.signed_branch import MAX_PUSHES, SEEN, SignedBranch
from forms.core.builds.git_signatures import is_draft_of
from forms.core.files.durable import write_durably
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

_NEVER_UNDONE = ("portal.yml", "tables/events.csv", *sorted(publishing.WRITTEN_BY_BUILDS))
"""Files of which Undo keeps the newest state: desks' keys, events with sign-ups, addresses that people have."""


class MergeConflicts(Exception):
    """Others changed the same lines: a person must decide."""

    def __init__(self, merge: MergeResult) -> None:
        super().__init__()
        self.merge = merge


@dataclass(kw_only=True)
class RemoteDestination(SignedBranch):
    """A signed branch as the destination of publishing.

    local: where the site is built on this machine first; require_approval: raises Problem while a second person must
    read something; merge, merge_tip: the conflicts that the last publishing met, and the commit it met them with.
    """

    local: publishing.Destination
    require_approval: Callable[[], object]
    is_live: bool = False
    merge: MergeResult | None = None
    merge_tip: str = ""

    @property
    def can_undo(self) -> bool:
        """Return whether an earlier state can be pushed again."""
        return bool(settings.read(self.memory).before)

    def ask_server(self) -> None:
        """Ask the site which commit it was built from, unless it is known to be the newest, and remember the answer."""
        if (
            self.history.ref(SEEN)
            and self.server_state() != "taken"
            and (commit := site_report.commit_on_site(self.site))
        ):
            settings.update(self.memory, taken=commit)

    def server_state(self) -> str:
        """Return "taken" where the server has what was pushed last, "newer" where it has a commit unknown here.

        Else return "waits".
        """
        seen, taken = self.history.ref(SEEN), settings.read(self.memory).taken
        if not seen or not taken:
            return "waits"
        if self.history.revision(taken) is None:
            return "newer"
        return "taken" if seen in self.history.ancestors(taken) else "waits"

    def publish(self, commit: str, who: str) -> str:
        """Merge what others pushed, check, build here, sign and push; return the commit that the branch has then.

        Raises Problem, Problems or OSError; then both sides are unchanged, except for withdrawals, which go first.
        """
        try:
            return self._publish(commit, who)
        except Offline:
            since = settings.read(self.memory).waiting_since
            settings.update(self.memory, waiting_since=since or self.today().isoformat())
            raise

    def _publish(self, commit: str, who: str) -> str:
        """Sign and push a commit; return the id of the pushed commit.

        Raises Problem where others pushed first each time.
        """
        for _try in range(MAX_PUSHES):
            with self.lock:
                tip, unsigned = self._prepare(commit, who)
            if unsigned is None:
                return tip
            signature = self.sign(unsigned)  # without the lock: withdrawals and saves go on meanwhile
            with self.lock:
                pushed = self.history.add(unsigned, signature)
                if self.lacks_withdrawals(pushed):
                    continue  # one that could not go first: without a network, or where there is no branch yet
                try:
                    self.remote.push(self.history.folder, pushed, tip)
                except Moved:
                    continue
                self._remember_pushed(pushed, who)
                return pushed
        todo = _("Publish again in a minute.")
        raise Problem(self.where, _("Others published again and again just now."), todo)

    def _prepare(self, commit: str, who: str) -> tuple[str, Any]:
        """Return the tip of the branch and the commit to sign and push onto it; None where the branch has it already.

        Raises Problem where both sides changed the same words.
        """
        self.merge = None
        self.require_signer()
        self.withdraw(who)
        tip = self.fetch_trusted()
        try:
            commit = self.merge_in(tip, who)
        except MergeConflicts as conflicts:
            self.merge, self.merge_tip = conflicts.merge, tip
            what = _("Somebody else changed the same lines meanwhile")
            raise Problem(self.where, what, _("Look at both below and choose. Nothing is lost.")) from None
        self.require_approval()
        if self.history.files(commit) == (self.history.files(tip) if tip else {}):
            self._remember_pushed(tip, who)
            return tip, None
        self.local.publish(commit, who)
        return tip, self.unsigned_commit(commit, self._generated_files(commit), [commit], who, "Publish")

    def _generated_files(self, commit: str) -> dict[str, Data]:
        """Return the files that the build wrote into content/ and that differ from the commit."""
        paths = (self.store.content / name for name in sorted(publishing.WRITTEN_BY_BUILDS))
        generated = {path.name: path.read_bytes() for path in paths if path.is_file()}
        recorded = self.history.files(commit)
        return {name: data for name, data in generated.items() if self.history.id_of(data) != recorded.get(name)}

    def merge_in(self, tip: str, who: str, resolved: Mapping[str, Data] | None = None) -> str:
        """Merge what others pushed into content/, and return the commit that has both.

        resolved: files whose conflicts a person has resolved. Raises MergeConflicts, Problem or OSError; then nothing
        is changed.
        """
        with self.store.lock:
            self.store.record_external_changes()
            newest, history = self.history.newest(), self.history
            if history.has_unrecorded_changes():
                todo = _("Take it out of the file that the checks name, then publish again.")
                raise Problem("content", _("holds something that must not be recorded."), todo)
            if tip and tip not in history.ancestors(newest):
                base = history.common_ancestor(newest, tip)
                before, ours, theirs = (history.files(commit) if commit else {} for commit in (base, newest, tip))
                merge = merge_files(before, ours, theirs, history.read, resolved)
                if merge.conflicts:
                    raise MergeConflicts(merge)
                for path, data in merge.changes.items():
                    self._write(path, data)
                history.record(merge.changes, who, "Join what others published", joins=tip)
                if drafts := withdrawal_writing.remove_drafts(self.store.content):
                    history.record(dict.fromkeys(drafts), who, "Drafts of withdrawn stories")
                settings.update(self.memory, published=tip)
            return history.newest()

    def _write(self, path: str, data: Data) -> None:
        """Write a file that others pushed. Hidden files stay in the history only."""
        file = self.store.content / path
        if is_passed_over(file, self.store.content):
            return
        within(self.store.content, file)
        if data is None:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_durably(file, data)

    def _remember_pushed(self, pushed: str, who: str) -> None:
        """Remember the commit that the branch has now. After a power cut the next publishing finds it there."""
        with self.store.lock:
            self.history.set_ref(SEEN, pushed)
            if pushed not in self.history.ancestors(self.history.newest()):
                self.history.record({}, who, "Published", joins=pushed)
        settings.update(self.memory, waiting_since="")

    def undo(self, before: str, who: str) -> str:
        """Push an earlier state again, except for consents, settings, events and addresses; return its commit.

        Raises Problem.
        """
        with self.lock:
            tip, unsigned = self._prepare_undo(before, who)
        signature = self.sign(unsigned)
        with self.lock:
            self.withdraw(who)  # one made while the publisher signed; it moves the branch
            pushed = self.history.add(unsigned, signature)
            try:
                self.remote.push(self.history.folder, pushed, tip)
            except Moved:
                what = _("Somebody else has published since.")
                raise Problem(self.where, what, _("Look at it first.")) from None
            self._remember_pushed(pushed, who)
            return pushed

    def _prepare_undo(self, before: str, who: str) -> tuple[str, Any]:
        """Return the tip of the branch and the commit that goes back to the files of `before`.

        Raises Problem where somebody else has published since.
        """
        history = self.history
        self.require_signer()
        self.withdraw(who)
        tip = self.fetch_trusted()
        if not self.is_published(settings.read(self.memory).published, tip):
            todo = _("Look at what they published first: Publish brings it here.")
            raise Problem(self.where, _("Somebody else has published since."), todo)
        current, earlier = history.files(tip), history.files(before)
        paths = {*current, *earlier} - {CONSENTS, *_NEVER_UNDONE}
        changed = [path for path in paths if current.get(path) != earlier.get(path)]
        withdrawn = withdrawal_commits.all_withdrawn(self.consents_in(tip))
        changes = {path: history.read(earlier[path]) if path in earlier else None for path in changed}
        changes = {path: data for path, data in changes.items() if data is None or not is_draft_of(path, withdrawn)}
        return tip, self.unsigned_commit(tip, changes, [tip], who, "Undo")
