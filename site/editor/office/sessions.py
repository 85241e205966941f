"""Browsers that have signed in: what is kept of each, and when it ends."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from editor.office.accounts import hashed
from editor.office.state import Account, Kept, OfficeSession, OfficeState
from forms.core.problem import Problem

IDLE = 2 * 3600
"""Seconds without a request after which a session ends."""

ABSOLUTE = 12 * 3600
"""Seconds after which it ends however much it is used: a working day."""

FRESH = 10 * 60
"""Seconds for which a secret that was shown counts for what needs it anew, publishing above all."""

MOST = 20
"""Browsers that one person has signed in with at once; the one that was left longest is out at the next."""

_NOTED = 60
_DEVICES = 10


@dataclass(frozen=True)
class SignedIn:
    """A person and the session of their browser."""

    account: Account
    session: OfficeSession


@dataclass(frozen=True)
class Sessions:
    """The sessions of an office. clock: seconds since 1970."""

    kept: Kept
    clock: Callable[[], float]

    def begin(self, state: OfficeState, account: Account) -> str:
        """Add a session to a state that is being changed, and return the secret for the browser's cookie."""
        now, secret = self.clock(), secrets.token_urlsafe(32)
        living = [one for one in state.sessions if self._lives(one)]
        mine = sorted((one for one in living if one.account == account.id), key=lambda one: one.used)
        state.sessions = [one for one in living if one not in mine[: max(0, len(mine) - MOST + 1)]]
        state.sessions.append(
            OfficeSession(
                hash=hashed(secret), account=account.id, form_token=secrets.token_urlsafe(32), made=now, used=now,
                proved=now,
            )
        )  # fmt: skip
        return secret

    def find(self, secret: str) -> SignedIn | None:
        """Return whose session this is, and note its use; None where it has ended or its account is gone."""
        state, mark = self.kept.read(), hashed(secret)
        session = next((one for one in state.sessions if one.hash == mark), None)
        account = state.account(session.account) if session else None
        if not secret or session is None or account is None or not self._lives(session):
            return None
        if self.clock() - session.used > _NOTED:
            # A full disk: it ends the earlier, and nobody's text is refused for it.
            with suppress(Problem), self.kept.changing() as fresh:
                for one in (one for one in fresh.sessions if one.hash == mark):
                    one.used = self.clock()
        return SignedIn(account, session)

    def _lives(self, one: OfficeSession) -> bool:
        now = self.clock()
        return one.made <= now < one.made + ABSOLUTE and now < one.used + IDLE

    def is_fresh(self, session: OfficeSession) -> bool:
        """Return whether this session has shown a secret a moment ago."""
        return self.clock() < session.proved + FRESH

    def end(self, session: OfficeSession) -> None:
        """End one session."""
        with self.kept.changing() as state:
            state.sessions = [one for one in state.sessions if one.hash != session.hash]

    def end_of(self, account: Account, *, but: str = "") -> None:
        """End every session of an account, but for the one of this hash."""
        with self.kept.changing() as state:
            state.sessions = [one for one in state.sessions if one.account != account.id or one.hash == but]


def new_device(account: Account) -> str:
    """Return a mark for a browser that has just signed in, and remember it: it is not slowed down by strangers."""
    mark = secrets.token_urlsafe(16)
    account.devices = [*account.devices, hashed(mark)][-_DEVICES:]
    return mark
