"""Gets a publisher's passkey signature for a build or a commit, and waits for it (decision 0078)."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from threading import Condition

from forms.core.builds import git_signatures, passkey_commits
from forms.core.builds import manifest as manifests
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

MAX_WAIT = 300.0
"""Seconds for which a build waits to be signed."""


@dataclass(frozen=True)
class Build:
    """A build to be signed. manifest: its bytes; number, day: of the manifest."""

    manifest: bytes
    number: int
    day: date

    @property
    def digest(self) -> str:
        """The SHA-256 of the manifest, with which a response names its build."""
        return hashlib.sha256(self.manifest).hexdigest()

    @property
    def challenge(self) -> bytes:
        """What a device is asked to sign."""
        return manifests.challenge(self.manifest)

    def is_signed(self, line: str, publishers: Collection[str]) -> bool:
        """Return whether a line has the signature of one of these publishers."""
        return manifests.is_signed(self.manifest, line.encode(), publishers)


@dataclass(frozen=True)
class Commit:
    """A commit to be signed and pushed. message: its bytes without a signature; where: the site that it is for."""

    message: bytes
    where: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of the commit, with which a response names it."""
        return hashlib.sha256(self.message).hexdigest()

    @property
    def challenge(self) -> bytes:
        """What a device is asked to sign."""
        return passkey_commits.challenge(self.message)

    def is_signed(self, line: str, publishers: Collection[str]) -> bool:
        """Return whether a line has the signature of one of these publishers, in a form that git accepts."""
        key, _space, signature = line.strip().partition(" ")
        return key in publishers and passkey_commits.is_valid_answer(self.message, signature, key)


@dataclass
class BuildSignatures:
    """Asks the publishers for signatures, one at a time.

    publishers: returns the keys that portal.yml names now, or those that sign pushed commits; is_missing: returns
    whether the site lacks its signature because a withdrawal has changed it.
    """

    publishers: Callable[[], Collection[str]]
    is_missing: Callable[[], bool] = lambda: False
    seconds: float = MAX_WAIT
    _waiting: Build | Commit | None = None
    _line: str | None = None
    _changed: Condition = field(default_factory=Condition)

    @property
    def waiting(self) -> Build | Commit | None:
        """The build or commit that waits to be signed now."""
        return self._waiting

    def unfrozen_while_waiting(self, is_frozen: Callable[[str], bool]) -> Callable[[str], bool]:
        """Return a function for ContentStore.is_frozen that freezes no file while a build waits for its signature.

        Such a build is complete and reads no more files, and colleagues would wait for five minutes.
        """
        return lambda name: self._waiting is None and is_frozen(name)

    def sign(self, manifest: bytes) -> str:
        """Return the signature line of a manifest. Waits for a publisher; raises Problem where nobody signs."""
        content = manifests.read(manifest)
        return self._wait_for(Build(manifest, content.number, date.fromisoformat(content.day)))

    def sign_commit(self, message: bytes) -> bytes:
        """Return the SSH signature of a commit's bytes. Waits for a publisher; raises Problem where nobody signs.

        A passkey signs it as OpenSSH knows them, so that git on the server accepts it.
        """
        target = git_signatures.publish_target(message.partition(b"\n\n")[2].decode("utf-8", "replace"))
        key, _space, signature = self._wait_for(Commit(message, target.site if target else "")).strip().partition(" ")
        return passkey_commits.sshsig(key, signature)

    def _wait_for(self, waiting: Build | Commit) -> str:
        """Return the signature line that a browser makes. Raises Problem where nobody signs in time."""
        with self._changed:
            self._waiting, self._line = waiting, None
            try:
                is_answered = self._changed.wait_for(lambda: self._line is not None, self.seconds)
                line = self._line
            finally:
                self._waiting = self._line = None
        if line:
            return line
        what = _("It was not signed.") if is_answered else _("Nobody signed it within five minutes.")
        raise Problem("", what, _("The site stays as it is. Press Publish again when you want to sign."))

    def accept(self, digest: str, line: str) -> None:
        """Accept a publisher's signature line for a digest. Raises Problem where it does not sign what waits."""
        with self._changed:
            if self._waiting is None or self._waiting.digest != digest or self._line is not None:
                raise Problem("", _("Nothing waits to be signed any more."), _("Press Publish again and look at it."))
            if not self._waiting.is_signed(line, self.publishers()):
                what = _("This signature is not one of a publisher whom portal.yml names.")
                raise Problem("", what, _("Ask whoever runs the office’s machine to write your key there."))
            self._line = line
            self._changed.notify_all()

    def refuse(self, digest: str) -> None:
        """Refuse to sign what waits under this digest: the site stays as it is."""
        with self._changed:
            if self._waiting is not None and self._waiting.digest == digest and self._line is None:
                self._line = ""
                self._changed.notify_all()
