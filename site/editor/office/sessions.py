"""Sessions of browsers that have signed in."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from editor.office.accounts import hash_of
from editor.office.state import Account, OfficeSession, OfficeState, StateStore
from forms.core.problem import Problem

MAX_IDLE = 2 * 3600
"""Seconds without a request after which a session ends."""

MAX_AGE = 12 * 3600
"""Seconds after which a session ends even if it is used: a working day."""

FRESH_SECONDS = 10 * 60
"""Seconds after a sign-in or a repeated secret in which publishing and the like need no new secret."""

MAX_SESSIONS = 20
"""Sessions of one account; one more ends the session that was unused for the longest time."""

_USE_INTERVAL = 60
_MAX_DEVICES = 10


@dataclass(frozen=True)
class SignedIn:
    """A person and the session of their browser."""

    account: Account
    session: OfficeSession


@dataclass(frozen=True)
class Sessions:
    """The sessions of an office. clock: seconds since 1970."""

    state_store: StateStore
    clock: Callable[[], float]

    def begin(self, state: OfficeState, account: Account) -> str:
        """Add a session to a state that is being changed, and return the secret for the browser's cookie."""
        now, secret = self.clock(), secrets.token_urlsafe(32)
        alive = [one for one in state.sessions if self._is_alive(one)]
        own = sorted((one for one in alive if one.account == account.id), key=lambda one: one.used)
        state.sessions = [one for one in alive if one not in own[: max(0, len(own) - MAX_SESSIONS + 1)]]
        state.sessions.append(
            OfficeSession(
                hash=hash_of(secret), account=account.id, form_token=secrets.token_urlsafe(32), made=now, used=now,
                proved=now,
            )
        )  # fmt: skip
        return secret

    def find(self, secret: str) -> SignedIn | None:
        """Return the session of a secret and its account, and note its use; None where either has ended."""
        state, hash = self.state_store.read(), hash_of(secret)
        session = next((one for one in state.sessions if one.hash == hash), None)
        account = state.account(session.account) if session else None
        if not secret or session is None or account is None or not self._is_alive(session):
            return None
        if self.clock() - session.used > _USE_INTERVAL:
            # With a full disk the session ends earlier, but no save is refused.
            with suppress(Problem), self.state_store.transaction() as changed:
                for one in (one for one in changed.sessions if one.hash == hash):
                    one.used = self.clock()
        return SignedIn(account, session)

    def _is_alive(self, one: OfficeSession) -> bool:
        now = self.clock()
        return one.made <= now < one.made + MAX_AGE and now < one.used + MAX_IDLE

    def is_fresh(self, session: OfficeSession) -> bool:
        """Return whether the person proved their identity in this session a moment ago."""
        return self.clock() < session.proved + FRESH_SECONDS

    def end(self, session: OfficeSession) -> None:
        """End one session."""
        with self.state_store.transaction() as state:
            state.sessions = [one for one in state.sessions if one.hash != session.hash]

    def end_all_of(self, account: Account, *, but: str = "") -> None:
        """End every session of an account, except the one with the hash `but`."""
        with self.state_store.transaction() as state:
            state.sessions = [one for one in state.sessions if one.account != account.id or one.hash == but]


def new_device(account: Account) -> str:
    """Return a token for a browser that has just signed in, and remember it: strangers' guesses do not delay it."""
    token = secrets.token_urlsafe(16)
    account.devices = [*account.devices, hash_of(token)][-_MAX_DEVICES:]
    return token
