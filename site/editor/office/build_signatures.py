"""What waits for a publisher's passkey: a build that readers see once it is signed, or a commit that is pushed then.

Decision 0078.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from threading import Condition

from forms.core.builds import git_signatures, passkey_commits
from forms.core.builds import manifest as manifests
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

LASTS = 300.0
"""Seconds for which a build waits to be signed."""


@dataclass(frozen=True)
class Build:
    """A build that waits. manifest: the bytes of its list; number, day: of it."""

    manifest: bytes
    number: int
    day: date

    @property
    def digest(self) -> str:
        """The SHA-256 of the list: with it an answer says which build it is for."""
        return hashlib.sha256(self.manifest).hexdigest()

    @property
    def challenge(self) -> bytes:
        """What a device is asked to sign."""
        return manifests.challenge(self.manifest)

    def is_signed(self, line: str, publishers: Collection[str]) -> bool:
        """Return whether a line holds the signature of one of these publishers."""
        return manifests.is_signed(self.manifest, line.encode(), publishers)


@dataclass(frozen=True)
class Commit:
    """A commit that waits to be pushed. message: its bytes without a signature; where: the site that it is for."""

    message: bytes
    where: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of the commit: with it an answer says which one it is for."""
        return hashlib.sha256(self.message).hexdigest()

    @property
    def challenge(self) -> bytes:
        """What a device is asked to sign."""
        return passkey_commits.challenge(self.message)

    def is_signed(self, line: str, publishers: Collection[str]) -> bool:
        """Return whether a line holds the signature of one of these publishers, in a form that git accepts."""
        key, _space, signature = line.strip().partition(" ")
        return key in publishers and passkey_commits.is_valid_answer(self.message, signature, key)


@dataclass
class BuildSignatures:
    """Asks the publishers for a signature, of one thing at a time.

    publishers: the keys that portal.yml names now, or those that sign what is pushed; is_missing: whether readers see a
    site without the signature that it should have, since a withdrawal has changed it.
    """

    publishers: Callable[[], Collection[str]]
    is_missing: Callable[[], bool] = lambda: False
    seconds: float = LASTS
    _waiting: Build | Commit | None = None
    _line: str | None = None
    _changed: Condition = field(default_factory=Condition)

    @property
    def waiting(self) -> Build | Commit | None:
        """What waits to be signed now."""
        return self._waiting

    def until_whole(self, held: Callable[[str], bool]) -> Callable[[str], bool]:
        """Return what tells whether a file must stay as it is: not while a build that is whole waits for a signature.

        It would hold colleagues up for five minutes, and nothing of their files is read for that build any more.
        """
        return lambda name: self._waiting is None and held(name)

    def sign(self, manifest: bytes) -> str:
        """Return the line that signs a manifest, once a publisher has. Raises Problem where nobody does."""
        known = manifests.read(manifest)
        return self._signed(Build(manifest, known.number, date.fromisoformat(known.day)))

    def sign_commit(self, message: bytes) -> bytes:
        """Return the SSH signature of a commit's bytes, once a publisher has signed. Raises Problem where nobody does.

        A passkey signs it as OpenSSH knows them, so that git on the server accepts it.
        """
        place = git_signatures.publish_target(message.partition(b"\n\n")[2].decode("utf-8", "replace"))
        key, _space, signature = self._signed(Commit(message, place.site if place else "")).strip().partition(" ")
        return passkey_commits.sshsig(key, signature)

    def _signed(self, waits: Build | Commit) -> str:
        """Return the signature of a build, once it is made in a browser. Raises Problem where nobody signs in time."""
        with self._changed:
            self._waiting, self._line = waits, None
            try:
                answered = self._changed.wait_for(lambda: self._line is not None, self.seconds)
                line = self._line
            finally:
                self._waiting = self._line = None
        if line:
            return line
        what = _("It was not signed.") if answered else _("Nobody signed it within five minutes.")
        raise Problem("", what, _("The site stays as it is. Press Publish again when you want to sign."))

    def give(self, digest: str, line: str) -> None:
        """Take the line of a publisher for the build with this digest. Raises Problem where it does not sign that."""
        with self._changed:
            if self._waiting is None or self._waiting.digest != digest or self._line is not None:
                raise Problem("", _("Nothing waits to be signed any more."), _("Press Publish again and look at it."))
            if not self._waiting.is_signed(line, self.publishers()):
                what = _("This signature is not one of a publisher whom portal.yml names.")
                raise Problem("", what, _("Ask whoever runs the office’s machine to write your key there."))
            self._line = line
            self._changed.notify_all()

    def refuse(self, digest: str) -> None:
        """Let the build with this digest go: the site stays as it is."""
        with self._changed:
            if self._waiting is not None and self._waiting.digest == digest and self._line is None:
                self._line = ""
                self._changed.notify_all()
