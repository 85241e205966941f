"""Accounts of the office: only a person at the machine invites people, gives them roles and removes them."""

import base64
import hashlib
import secrets
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from editor.office.state import PUBLISHER, REVIEWER, ROLES, Account, Invitation, OfficeState, StateStore
from editor.saving.commit_reader import name_of
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

INVITATION_DAYS = 3
"""Days for which an invitation works by default."""

MAX_NAME_LENGTH = 80
_DAY = 86_400


def hash_of(secret: str) -> str:
    """Return the hash of a random secret, which is stored in its place."""
    return hashlib.sha256(secret.encode()).hexdigest()


def normalized_name(name: str) -> str:
    """Return a name in a normal form: spaces, case and width do not matter."""
    return " ".join(unicodedata.normalize("NFKC", name_of(name)).split()).casefold()


@dataclass(frozen=True)
class Accounts:
    """The accounts of one office. languages: those of the site; clock: seconds since 1970."""

    state_store: StateStore
    languages: Collection[str]
    clock: Callable[[], float]

    def invite(self, name: str, roles: Sequence[str], languages: Sequence[str], days: int = INVITATION_DAYS) -> str:
        """Create an account that cannot sign in yet, and return the token of its invitation. Raises Problem."""
        name = " ".join(name_of(name).split()) if name.strip() else ""
        if not any(map(str.isalpha, name)) or len(name) > MAX_NAME_LENGTH:
            raise Problem(name[:MAX_NAME_LENGTH], "is no name of a person.", 'Write it like: invite "M. Devi"')
        roles, languages = self._valid_roles(roles, languages)
        with self.state_store.transaction() as state:
            if _find(state, name):
                todo = "Give each person their own name; for a new way in: edit office reset NAME"
                raise Problem(name, "has an account already.", todo)
            id = base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
            state.accounts.append(Account(id=id, name=name, roles=roles, languages=languages))
            return self._invitation(state, id, days)

    def reset(self, name: str, days: int = INVITATION_DAYS) -> str:
        """Return a new invitation for an account; its sessions and passkeys end now. Raises Problem."""
        with self.state_store.transaction() as state:
            account = _require_account(state, name)
            account.passphrase, account.passkeys, account.devices = "", [], []
            _end_sessions_and_invitations(state, account.id)
            return self._invitation(state, account.id, days)

    def _invitation(self, state: OfficeState, id: str, days: int) -> str:
        token = secrets.token_urlsafe(32)
        remaining = [one for one in state.invitations if one.account != id and one.until > self.clock()]
        state.invitations = [*remaining, Invitation(hash=hash_of(token), account=id, until=self.clock() + days * _DAY)]
        return token

    def change(self, name: str, roles: Sequence[str], languages: Sequence[str], *, anyway: bool = False) -> None:
        """Change the roles of an account, from its next request on. Raises Problem."""
        roles, languages = self._valid_roles(roles, languages)
        with self.state_store.transaction() as state:
            account = _require_account(state, name)
            if PUBLISHER not in roles:
                _require_other_publisher(state, account, anyway=anyway)
            account.roles, account.languages = roles, languages

    def remove(self, name: str, *, anyway: bool = False) -> None:
        """Remove an account with its invitations and sessions. What its person wrote stays. Raises Problem."""
        with self.state_store.transaction() as state:
            account = _require_account(state, name)
            _require_other_publisher(state, account, anyway=anyway)
            state.accounts.remove(account)
            _end_sessions_and_invitations(state, account.id)

    def _valid_roles(self, roles: Sequence[str], languages: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return roles and languages without duplicates. Raises Problem for an unknown one."""
        if not roles or set(roles) - set(ROLES):
            raise Problem("role", f"must be one of {', '.join(ROLES)}.", "Say it once for each: --role writer")
        if unknown := [code for code in languages if code not in self.languages]:
            raise Problem(
                "language", f"{unknown[0][:20]} is no language of this site.", f"Say one of {self.languages}."
            )
        if REVIEWER in roles and not languages:
            raise Problem("language", "A reviewer reads named languages.", "Name each: --language ta")
        return list(dict.fromkeys(roles)), list(dict.fromkeys(languages))

    def invited(self, token: str) -> Account | None:
        """Return the account of an open invitation; None for an unknown or expired one."""
        state = self.state_store.read()
        invitation = next((one for one in state.invitations if one.hash == hash_of(token)), None)
        return state.account(invitation.account) if invitation and invitation.until > self.clock() else None

    def find(self, name: str) -> Account | None:
        """Return an account by its name; None where there is none."""
        return _find(self.state_store.read(), name)


def accept_invitation(state: OfficeState, token: str, now: float) -> Account:
    """Remove an invitation, and return its account. Raises Problem where it was used already or has expired."""
    invitation = next((one for one in state.invitations if one.hash == hash_of(token) and one.until > now), None)
    account = state.account(invitation.account) if invitation else None
    if invitation is None or account is None:
        todo = _("Ask whoever runs the office’s machine for a new one.")
        raise Problem("", _("This invitation was used already, or is too old."), todo)
    state.invitations.remove(invitation)
    _end_sessions_and_invitations(state, account.id)  # after a reset no older session works
    return account


def _end_sessions_and_invitations(state: OfficeState, id: str) -> None:
    state.sessions = [one for one in state.sessions if one.account != id]
    state.invitations = [one for one in state.invitations if one.account != id]


def _find(state: OfficeState, name: str) -> Account | None:
    wanted = normalized_name(name)
    return next((one for one in state.accounts if normalized_name(one.name) == wanted), None)


def _require_account(state: OfficeState, name: str) -> Account:
    """Return an account by its name. Raises Problem, which lists the existing names, where there is none."""
    account = _find(state, name)
    if account is None:
        names = ", ".join(one.name for one in state.accounts) or "nobody yet"
        raise Problem(name[:MAX_NAME_LENGTH], "has no account here.", f"These have one: {names}.")
    return account


def _require_other_publisher(state: OfficeState, account: Account, *, anyway: bool) -> None:
    """Raise Problem where no other account may publish."""
    others = [one for one in state.accounts if one.id != account.id and PUBLISHER in one.roles]
    if PUBLISHER in account.roles and not others and not anyway:
        todo = "Make somebody else a publisher first; or say --anyway: then only a person at this machine can publish."
        raise Problem(account.name, "is the only publisher.", todo)
