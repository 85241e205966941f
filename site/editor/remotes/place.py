"""Publishing by a signed push: what others pushed is joined first, a withdrawal goes before all else (decision 0072).

Of the repository elsewhere nothing is believed that nobody known on this machine signed, and nothing older than what
was seen there before: else whoever holds it would get their words signed here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import RLock

from sitegen.layers.own_files import is_passed_over
from sitegen.publish.withdrawals import withdrawal

from editor import publishing, settings
from editor.paths import within
from editor.remotes import answer as site_says
from editor.remotes.joining import CONSENTS, Data, Joined, join
from editor.remotes.remote import Moved, Offline, Remote
from editor.saving.history import History
from editor.saving.store import Store
from forms.core.builds import git_signatures
from forms.core.crypto.signing import PrivateKey, public_text
from forms.core.files.durable import write_durably
from forms.core.i18n import gettext_noop as _
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
    require_read: raises Problem while a second person must read something.
    """

    remote: Remote
    local: publishing.Place
    store: Store
    memory: Path
    key: PrivateKey | None
    site: str
    require_read: Callable[[], object]
    today: Callable[[], date]
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
    def _place(self) -> git_signatures.Place:
        return git_signatures.Place(self.remote.branch, self.site)

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
        with self._alone:
            self.touching = None
            key = self._require_key()
            self.withdraw(who)
            for _try in range(TRIES):
                tip = self._fetched()
                try:
                    commit = self.bring_in(tip, who)
                except Touches as touches:
                    self.touching, self.tip = touches.joined, tip
                    raise Problem(self.where, _BOTH, _LOOK) from None
                self.require_read()
                if self._history.files(commit) == (self._history.files(tip) if tip else {}):
                    self._finish(tip, who)  # it is there already
                    return tip
                self.local.publish(commit, who)
                pushed = self._signed(commit, self._built(commit), [commit], who, "Publish", key)
                try:
                    self.remote.push(self._history.folder, pushed, tip)
                except Moved:
                    continue
                self._finish(pushed, who)
                return pushed
            raise Problem(self.where, "Others published again and again just now.", "Publish again in a minute.")

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
                todo = "Take it out of the file that the checks name, then publish again."
                raise Problem("content", "holds something that must not be recorded.", todo)
            if tip and tip not in history.ancestors(newest):
                base = history.common(newest, tip)
                before, ours, theirs = (history.files(one) if one else {} for one in (base, newest, tip))
                joined = join(before, ours, theirs, history.read, decided)
                if joined.touching:
                    raise Touches(joined)
                for path, data in joined.changes.items():
                    self._write(path, data)
                history.record(joined.changes, who, "Join what others published", joins=tip)
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
            key = self._require_key()
            for _try in range(TRIES):
                try:
                    tip = self.remote.fetch(self._history.folder)
                    self._push_withdrawn(tip, who, key)
                    break
                except Moved:
                    continue
            else:
                raise Problem(self.where, "Others published again and again just now.", "It is tried again.")

    def _push_withdrawn(self, tip: str, who: str, key: PrivateKey) -> None:
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
            fresh, ids = withdrawal.with_withdrawals(self._consents(believed), base, ours)
            if not ids:
                return
            parents = [believed] if tip in {"", *history.ancestors(believed)} else [believed, tip]
            pushed = self._signed(believed, {CONSENTS: fresh}, parents, who, f"Withdraw {', '.join(ids)}", key)
        self.remote.push(history.folder, pushed, tip)
        history.set_mark(SEEN, pushed)
        if self._is_there(settings.read(self.memory).published, believed):
            settings.changed(self.memory, published=pushed)

    def _is_there(self, published: str, tip: str) -> bool:
        """Return whether what was published from here is what is there, but for consents and addresses."""
        if not self._history.entry(published):
            return False
        before, now = self._history.files(published), self._history.files(tip)
        apart = {CONSENTS, *publishing.WRITTEN_BY_BUILDS}
        return all(before.get(path) == now.get(path) for path in {*before, *now} - apart)

    def _believed(self, tip: str) -> str:
        try:
            self._require_trusted(tip)
        except Problem:
            return self._history.mark(SEEN)
        return tip

    def _consents(self, commit: str) -> bytes:
        id = self._history.files(commit).get(CONSENTS, "") if commit else ""
        return self._history.read(id) or b""

    def _fetched(self) -> str:
        """Return the newest commit of the branch; "" where there is no branch. Raises Problem unless it is trusted."""
        tip = self.remote.fetch(self._history.folder)
        self._require_trusted(tip)
        if tip and tip != self._history.mark(SEEN):
            self._history.set_mark(SEEN, tip)
        return tip

    def _require_trusted(self, tip: str) -> None:
        """Raise Problem unless somebody known here signed this for here, and it follows what was seen before."""
        history, seen = self._history, self._history.mark(SEEN)
        if seen and (not tip or seen not in history.ancestors(tip)):
            todo = "Nothing is taken from it. Ask whoever looks after it; somebody may have changed its history."
            raise Problem(self.where, "shows something older than it did before.", todo)
        if not tip or tip == seen:
            return
        if history.signer(tip, self._signers()) is None:
            what = f"{tip[:12]} is not signed by anybody whose key this machine knows."
            todo = f"Ask who pushed it. If it is a colleague, write their line into {self.memory / SIGNERS}."
            raise Problem(self.where, what, todo)
        git_signatures.require_place(history.message(tip), history.message(seen), self.remote.branch, self.where)

    def _signers(self) -> list[str]:
        path = self.memory / SIGNERS
        others = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
        return [*others, *([git_signatures.public_line("you", public_text(self.key))] if self.key else [])]

    def _signed(
        self, base: str, changes: Mapping[str, Data], parents: list[str], who: str, what: str, key: PrivateKey
    ) -> str:
        with self.store.busy:
            return self._history.signed(base, changes, parents, who, f"{what}\n\n{self._place.line}\n", key)

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
            key, history = self._require_key(), self._history
            self.withdraw(who)
            tip = self._fetched()
            if not self._is_there(settings.read(self.memory).published, tip):
                todo = "Look at what they published first: Publish brings it here."
                raise Problem(self.where, "Somebody else has published since.", todo)
            now, then = history.files(tip), history.files(before)
            kept = {CONSENTS, *_NEWEST_STAYS}
            changed = [path for path in {*now, *then} - kept if now.get(path) != then.get(path)]
            changes = {path: history.read(then[path]) if path in then else None for path in changed}
            pushed = self._signed(tip, changes, [tip], who, "Undo", key)
            try:
                self.remote.push(history.folder, pushed, tip)
            except Moved:
                raise Problem(self.where, "Somebody else has published since.", "Look at it first.") from None
            self._finish(pushed, who)
            return pushed

    def _require_key(self) -> PrivateKey:
        if self.key is None:
            todo = "Make one, and give its line to whoever runs the server: python3 build.py new-publisher-key"
            raise Problem(self.where, "There is no key on this machine to sign with.", todo)
        return self.key


_BOTH = _("Somebody else changed the same lines meanwhile")
_LOOK = _("Look at both below and choose. Nothing is lost.")
