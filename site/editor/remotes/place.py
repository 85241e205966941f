"""Publishing by a signed push: what others pushed is joined first, a withdrawal goes before all else (decision 0072).

Of the repository elsewhere nothing is believed that nobody known on this machine signed, and nothing older than what
was seen there before: else whoever holds it would get their words signed here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import RLock
from typing import Any

from sitegen.layers.own_files import is_passed_over
from sitegen.publish.withdrawals import withdrawal, withdrawal_commits, withdrawn_drafts

from editor import publishing, settings
from editor.paths import within
from editor.remotes import answer as site_says
from editor.remotes.joining import CONSENTS, Data, Joined, join
from editor.remotes.remote import Moved, Offline, Remote
from editor.remotes.trust import Trust
from editor.saving.history import History
from editor.saving.store import ContentStore
from forms.core.builds import git_signatures
from forms.core.builds.git_signatures import GIT, WITHDRAWAL, is_draft_of, public_line
from forms.core.crypto.signing import PrivateKey, public_text
from forms.core.files.durable import write_durably
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

SIGNERS = "signers"
"""In the editor's folder: the lines of colleagues whose signature counts here, beside this machine's own."""

SEEN = "seen"
"""The mark of the newest commit of the branch that was believed."""

TRIES = 5
"""Pushes before somebody is told that others are faster."""

_NEWEST_STAYS = ("portal.yml", "tables/events.csv", *sorted(publishing.WRITTEN_BY_BUILDS))
"""Of what Undo never brings an earlier state back: keys of desks, events with sign-ups, addresses that people hold."""


class Touches(Exception):
    """Others changed the same lines: a person decides."""

    def __init__(self, joined: Joined) -> None:
        super().__init__()
        self.joined = joined


@dataclass
class RemotePlace:
    """A branch of a git repository from which the server takes the site.

    local: where the site is built on this machine first; key: the person's, or None; site: the address of the site;
    require_read: raises Problem while a second person must read something; ask: of an office, gets a publisher's
    signature of a commit's bytes, which may take minutes; `key` is then good for withdrawals alone.
    """

    remote: Remote
    local: publishing.Destination
    store: ContentStore
    memory: Path
    key: PrivateKey | None
    site: str
    require_read: Callable[[], object]
    today: Callable[[], date]
    ask: Callable[[bytes], bytes] | None = None
    is_live: bool = False
    touching: Joined | None = None
    tip: str = ""
    _alone: RLock = field(default_factory=RLock)

    @property
    def where(self) -> str:
        """The repository and branch."""
        return self.remote.where

    @property
    def can_undo(self) -> bool:
        """Return whether something of before can be pushed again."""
        return bool(settings.read(self.memory).before)

    def ask_server(self) -> None:
        """Ask the site which commit it was built from, where it is not known to be the newest, and remember it."""
        if self._history.mark(SEEN) and self.answer() != "taken" and (found := site_says.taken(self.site)):
            settings.changed(self.memory, taken=found)

    def answer(self) -> str:
        """Return how the server stands: it has `taken` what was pushed last, `waits`, or is ahead of us: `newer`."""
        seen, taken = self._history.mark(SEEN), settings.read(self.memory).taken
        if not seen or not taken:
            return "waits"
        if self._history.entry(taken) is None:
            return "newer"
        return "taken" if seen in self._history.ancestors(taken) else "waits"

    @property
    def _history(self) -> History:
        return self.store.history

    @property
    def _place(self) -> git_signatures.PublishTarget:
        return git_signatures.PublishTarget(self.remote.branch, self.site)

    def publish(self, commit: str, who: str) -> str:
        """Join what others pushed, check, build here, sign and push; return what is there then.

        Raises Problem, Problems or OSError: then both sides are as they were, but for a withdrawal, which goes first.
        """
        try:
            return self._publish(commit, who)
        except Offline:
            since = settings.read(self.memory).waiting_since
            settings.changed(self.memory, waiting_since=since or self.today().isoformat())
            raise

    def _publish(self, commit: str, who: str) -> str:
        """Push a commit, signed; return the id of what was pushed.

        Raises Problem where others were faster each time.
        """
        for _try in range(TRIES):
            with self._alone:
                tip, ready = self._ready(commit, who)
            if ready is None:
                return tip
            signature = self.signature_of(ready)  # nobody waits for it: withdrawals and saves go on
            with self._alone:
                pushed = self._history.add(ready, signature)
                if self._lacks_withdrawals(pushed):
                    continue  # one that could not go first: without a network, or where there is no branch yet
                try:
                    self.remote.push(self._history.folder, pushed, tip)
                except Moved:
                    continue
                self._finish(pushed, who)
                return pushed
        todo = _("Publish again in a minute.")
        raise Problem(self.where, _("Others published again and again just now."), todo)

    def _lacks_withdrawals(self, commit: str) -> bool:
        """Return whether something is withdrawn here by now that is not in this commit."""
        here = self.store.content / CONSENTS
        with self.store.busy:
            now = here.read_bytes() if here.is_file() else b""
        return bool(withdrawal.with_withdrawals(self._consents(commit), b"", now)[1])

    def _ready(self, commit: str, who: str) -> tuple[str, Any]:
        """Return what is there, and the commit to be signed and pushed upon it; None where that is there already.

        Raises Problem where both sides changed the same words.
        """
        self.touching = None
        self._require_signer()
        self.withdraw(who)
        tip = self._fetched()
        try:
            commit = self.bring_in(tip, who)
        except Touches as touches:
            self.touching, self.tip = touches.joined, tip
            raise Problem(self.where, _BOTH, _LOOK) from None
        self.require_read()
        if self._history.files(commit) == (self._history.files(tip) if tip else {}):
            self._finish(tip, who)  # it is there already
            return tip, None
        self.local.publish(commit, who)
        return tip, self.prepared(commit, self._built(commit), [commit], who, "Publish")

    def _built(self, commit: str) -> dict[str, Data]:
        """Return what the build wrote into content/: memory of addresses and translations."""
        files = (self.store.content / name for name in sorted(publishing.WRITTEN_BY_BUILDS))
        found = {file.name: file.read_bytes() for file in files if file.is_file()}
        known = self._history.files(commit)
        return {name: data for name, data in found.items() if self._history.id_of(data) != known.get(name)}

    def bring_in(self, tip: str, who: str, decided: Mapping[str, Data] | None = None) -> str:
        """Bring what others pushed into content/, and return the commit that holds both.

        decided: what a person made of what both changed. Raises Touches, Problem or OSError, and changes nothing then.
        """
        with self.store.busy:
            self.store.note_outside()
            newest, history = self._history.newest(), self._history
            if history.is_behind():
                todo = _("Take it out of the file that the checks name, then publish again.")
                raise Problem("content", _("holds something that must not be recorded."), todo)
            if tip and tip not in history.ancestors(newest):
                base = history.common(newest, tip)
                before, ours, theirs = (history.files(one) if one else {} for one in (base, newest, tip))
                joined = join(before, ours, theirs, history.read, decided)
                if joined.touching:
                    raise Touches(joined)
                for path, data in joined.changes.items():
                    self._write(path, data)
                history.record(joined.changes, who, "Join what others published", joins=tip)
                if gone := withdrawn_drafts.remove(self.store.content):
                    history.record(dict.fromkeys(gone), who, "Drafts of withdrawn stories")
                settings.changed(self.memory, published=tip)
            return history.newest()

    def _write(self, path: str, data: Data) -> None:
        """Write a file that came; hidden ones stay in the history."""
        file = self.store.content / path
        if is_passed_over(file, self.store.content):
            return
        within(self.store.content, file)
        if data is None:
            file.unlink(missing_ok=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_durably(file, data)

    def withdraw(self, who: str) -> None:
        """Push what was withdrawn here and is not withdrawn there, alone: whatever waits, is wrong or touches.

        Raises Problem.
        """
        with self._alone:
            self._require_key()
            for _try in range(TRIES):
                try:
                    tip = self.remote.fetch(self._history.folder)
                    self._push_withdrawn(tip, who)
                    break
                except Moved:
                    continue
            else:
                what = _("Others published again and again just now.")
                raise Problem(self.where, what, _("It is tried again."))

    def _push_withdrawn(self, tip: str, who: str) -> None:
        """Push withdrawals upon what is believed. Of what is not, nothing is signed: it stays in the history only."""
        history = self._history
        believed = self._believed(tip)
        if not believed:
            return  # nothing of ours was ever there
        with self.store.busy:
            newest = history.newest()
            base = self._consents(history.common(newest, believed))
            here = self.store.content / CONSENTS
            ours = here.read_bytes() if here.is_file() else self._consents(newest)
            fresh, ids = withdrawal.with_withdrawals(self._consents(believed), base, ours, self._may_add)
            if not ids:
                return
            parents = [believed] if tip in {"", *history.ancestors(believed)} else [believed, tip]
            changes = {CONSENTS: fresh, **self._drafts_of(believed, fresh)}
            # Where the site gets another address, a publisher says so: a no goes to the one that is believed.
            place = git_signatures.publish_target(history.message(believed)) or self._place
            ready = self.prepared(believed, changes, parents, who, f"Withdraw {', '.join(ids)}", place)
            pushed = history.add(ready, self.signature_of(ready, withdraws=True))
        self.remote.push(history.folder, pushed, tip)
        history.set_mark(SEEN, pushed)
        if self._is_there(settings.read(self.memory).published, believed):
            settings.changed(self.memory, published=pushed)

    def _may_add(self, row: Mapping[str, str]) -> bool:
        """Return whether a withdrawal may add a row: of an office, only one that its key is believed for."""
        return self.ask is None or withdrawal_commits.may_be_added(row)

    def _drafts_of(self, believed: str, consents: bytes) -> dict[str, Data]:
        """Return the unfinished translations of withdrawn stories that are there, as files that go."""
        stories = withdrawal_commits.all_withdrawn(consents)
        return {path: None for path in self._history.files(believed) if is_draft_of(path, stories)}

    def _is_there(self, published: str, tip: str) -> bool:
        """Return whether what was published from here is what is there, but for consents and addresses."""
        if not self._history.entry(published):
            return False
        before, now = self._history.files(published), self._history.files(tip)
        apart = {CONSENTS, *publishing.WRITTEN_BY_BUILDS}
        return all(before.get(path) == now.get(path) for path in {*before, *now} - apart)

    def _believed(self, tip: str) -> str:
        try:
            self.require_trusted(tip)
        except Problem:
            return self._history.mark(SEEN)
        return tip

    def _consents(self, commit: str) -> bytes:
        id = self._history.files(commit).get(CONSENTS, "") if commit else ""
        return self._history.read(id) or b""

    def _fetched(self) -> str:
        """Return the newest commit of the branch; "" where there is no branch. Raises Problem unless it is trusted."""
        tip = self.remote.fetch(self._history.folder)
        self.require_trusted(tip)
        if tip and tip != self._history.mark(SEEN):
            self._history.set_mark(SEEN, tip)
        return tip

    def require_trusted(self, tip: str) -> None:
        """Raise Problem unless somebody known here signed this for here, and it follows what was seen before."""
        file = self.memory / SIGNERS
        trust = Trust(self._history, self._signers(), file, self.remote.branch, self.where, self.today())
        trust.require(tip, self._history.mark(SEEN))

    def _signers(self) -> list[str]:
        path = self.memory / SIGNERS
        others = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
        own = [public_line("you", public_text(self.key), self._only.decode())] if self.key else []
        return [*others, *own]

    @property
    def _only(self) -> bytes:
        """What alone the key of this machine is good for; nothing in particular where it is a publisher's."""
        return WITHDRAWAL if self.ask else b""

    def prepared(
        self, base: str, changes: Mapping[str, Data], parents: list[str], who: str, what: str,
        place: git_signatures.PublishTarget | None = None,
    ) -> Any:  # fmt: skip
        """Return a commit that waits for its signature; its message names this branch and site, or `place`."""
        with self.store.busy:
            return self._history.prepared(base, changes, parents, who, f"{what}\n\n{(place or self._place).line}\n")

    def signature_of(self, ready: Any, *, withdraws: bool = False) -> bytes:
        """Return who publishes' signature of a commit; of one that only withdraws, this machine's."""
        message: bytes = ready.as_raw_string()
        if self.ask and not withdraws:
            return self.ask(message)
        return git_signatures.sign(message, self._require_key(), self._only or GIT)

    def _finish(self, pushed: str, who: str) -> None:
        """Remember what is there now. Where the power goes before, the next publishing finds it there."""
        with self.store.busy:
            self._history.set_mark(SEEN, pushed)
            if pushed not in self._history.ancestors(self._history.newest()):
                self._history.record({}, who, "Published", joins=pushed)
        settings.changed(self.memory, waiting_since="")

    def undo(self, before: str, who: str) -> str:
        """Push again what was there before, but for consents, settings, events and addresses; return its commit.

        Raises Problem.
        """
        with self._alone:
            tip, ready = self._ready_to_undo(before, who)
        signature = self.signature_of(ready)
        with self._alone:
            self.withdraw(who)  # what could not go while a finger was awaited: the branch has moved then
            pushed = self._history.add(ready, signature)
            try:
                self.remote.push(self._history.folder, pushed, tip)
            except Moved:
                what = _("Somebody else has published since.")
                raise Problem(self.where, what, _("Look at it first.")) from None
            self._finish(pushed, who)
            return pushed

    def _ready_to_undo(self, before: str, who: str) -> tuple[str, Any]:
        """Return the tip and the commit that goes back to `before`.

        Raises Problem where somebody else has published since.
        """
        history = self._history
        self._require_signer()
        self.withdraw(who)
        tip = self._fetched()
        if not self._is_there(settings.read(self.memory).published, tip):
            todo = _("Look at what they published first: Publish brings it here.")
            raise Problem(self.where, _("Somebody else has published since."), todo)
        now, then = history.files(tip), history.files(before)
        kept = {CONSENTS, *_NEWEST_STAYS}
        changed = [path for path in {*now, *then} - kept if now.get(path) != then.get(path)]
        gone = withdrawal_commits.all_withdrawn(self._consents(tip))
        changes = {path: history.read(then[path]) if path in then else None for path in changed}
        changes = {path: data for path, data in changes.items() if data is None or not is_draft_of(path, gone)}
        return tip, self.prepared(tip, changes, [tip], who, "Undo")

    def _require_signer(self) -> None:
        if self.ask is None:
            self._require_key()

    def _require_key(self) -> PrivateKey:
        """Return the key that signs. Raises Problem where this machine has none."""
        if self.key is None:
            make = "edit office withdrawal-key" if self.ask else "new-publisher-key"
            command = f"python3 build.py {make}"
            todo = _("Make one, and give its line to whoever runs the server: %(command)s", command=command)
            raise Problem(self.where, _("There is no key on this machine to sign with."), todo)
        return self.key


_BOTH = _("Somebody else changed the same lines meanwhile")
_LOOK = _("Look at both below and choose. Nothing is lost.")
