"""Who belongs to the office: invited, given roles and removed by a person at the machine, and by nobody else."""

import base64
import hashlib
import secrets
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from editor.office.state import PUBLISHER, REVIEWER, ROLES, Account, Invitation, Kept, OfficeState
from editor.saving.commit_reader import name_of
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

DAYS = 3
"""For which an invitation works, unless it says otherwise."""

LONGEST_NAME = 80
_DAY = 86_400


def hashed(secret: str) -> str:
    """Return what is kept of a random secret: a copy of the file opens nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same_name(name: str) -> str:
    """Return a form of a name that is the same for one person, however it is typed."""
    return " ".join(unicodedata.normalize("NFKC", name_of(name)).split()).casefold()


@dataclass(frozen=True)
class Accounts:
    """The accounts of one office. languages: those of the site; clock: seconds since 1970."""

    kept: Kept
    languages: Collection[str]
    clock: Callable[[], float]

    def invite(self, name: str, roles: Sequence[str], languages: Sequence[str], days: int = DAYS) -> str:
        """Make an account without a way in, and return the token of its invitation. Raises Problem."""
        name = " ".join(name_of(name).split()) if name.strip() else ""
        if not any(map(str.isalpha, name)) or len(name) > LONGEST_NAME:
            raise Problem(name[:LONGEST_NAME], "is no name of a person.", 'Write it like: invite "M. Devi"')
        roles, languages = self._right(roles, languages)
        with self.kept.changing() as state:
            if _found(state, name):
                todo = "Give each person their own name; for a new way in: edit office reset NAME"
                raise Problem(name, "has an account already.", todo)
            id = base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()
            state.accounts.append(Account(id=id, name=name, roles=roles, languages=languages))
            return self._invitation(state, id, days)

    def reset(self, name: str, days: int = DAYS) -> str:
        """Return a new invitation for an account; its sessions and passkeys end now. Raises Problem."""
        with self.kept.changing() as state:
            account = _known(state, name)
            account.passphrase, account.passkeys, account.devices = "", [], []
            _end_all(state, account.id)
            return self._invitation(state, account.id, days)

    def _invitation(self, state: OfficeState, id: str, days: int) -> str:
        token = secrets.token_urlsafe(32)
        kept = [one for one in state.invitations if one.account != id and one.until > self.clock()]
        state.invitations = [*kept, Invitation(hash=hashed(token), account=id, until=self.clock() + days * _DAY)]
        return token

    def change(self, name: str, roles: Sequence[str], languages: Sequence[str], *, anyway: bool = False) -> None:
        """Give an account other roles, from its next request on. Raises Problem."""
        roles, languages = self._right(roles, languages)
        with self.kept.changing() as state:
            account = _known(state, name)
            if PUBLISHER not in roles:
                _require_publisher_without(state, account, anyway=anyway)
            account.roles, account.languages = roles, languages

    def remove(self, name: str, *, anyway: bool = False) -> None:
        """Take an account away with its invitations and sessions. What its person wrote stays. Raises Problem."""
        with self.kept.changing() as state:
            account = _known(state, name)
            _require_publisher_without(state, account, anyway=anyway)
            state.accounts.remove(account)
            _end_all(state, account.id)

    def _right(self, roles: Sequence[str], languages: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return roles and languages, each once. Raises Problem for one that there is not."""
        if not roles or set(roles) - set(ROLES):
            raise Problem("role", f"must be one of {', '.join(ROLES)}.", "Say it once for each: --role writer")
        if wrong := [one for one in languages if one not in self.languages]:
            raise Problem("language", f"{wrong[0][:20]} is no language of this site.", f"Say one of {self.languages}.")
        if REVIEWER in roles and not languages:
            raise Problem("language", "A reviewer reads named languages.", "Name each: --language ta")
        return list(dict.fromkeys(roles)), list(dict.fromkeys(languages))

    def invited(self, token: str) -> Account | None:
        """Return whose invitation this is, while it is open."""
        state = self.kept.read()
        found = next((one for one in state.invitations if one.hash == hashed(token)), None)
        return state.account(found.account) if found and found.until > self.clock() else None

    def named(self, name: str) -> Account | None:
        """Return the account of this name."""
        return _found(self.kept.read(), name)


def taken(state: OfficeState, token: str, now: float) -> Account:
    """Use an invitation up, and return its account. Raises Problem where it is none any more."""
    found = next((one for one in state.invitations if one.hash == hashed(token) and one.until > now), None)
    account = state.account(found.account) if found else None
    if found is None or account is None:
        todo = _("Ask whoever runs the office’s machine for a new one.")
        raise Problem("", _("This invitation was used already, or is too old."), todo)
    state.invitations.remove(found)
    _end_all(state, account.id)  # after a reset nothing of before goes on
    return account


def _end_all(state: OfficeState, id: str) -> None:
    state.sessions = [one for one in state.sessions if one.account != id]
    state.invitations = [one for one in state.invitations if one.account != id]


def _found(state: OfficeState, name: str) -> Account | None:
    wanted = same_name(name)
    return next((one for one in state.accounts if same_name(one.name) == wanted), None)


def _known(state: OfficeState, name: str) -> Account:
    """Return an account by its name. Raises Problem, with the names that there are, for any other."""
    found = _found(state, name)
    if found is None:
        known = ", ".join(one.name for one in state.accounts) or "nobody yet"
        raise Problem(name[:LONGEST_NAME], "has no account here.", f"These have one: {known}.")
    return found


def _require_publisher_without(state: OfficeState, account: Account, *, anyway: bool) -> None:
    """Raise Problem where nobody but this account may publish."""
    others = [one for one in state.accounts if one.id != account.id and PUBLISHER in one.roles]
    if PUBLISHER in account.roles and not others and not anyway:
        todo = "Make somebody else a publisher first; or say --anyway: then only a person at this machine can publish."
        raise Problem(account.name, "is the only publisher.", todo)
