"""The parts of the office that its pages use."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from editor.office.accounts import Accounts
from editor.office.build_signatures import BuildSignatures
from editor.office.passkeys import Passkeys
from editor.office.passphrases import GuessLimiter
from editor.office.sessions import Sessions
from editor.office.state import Account, OfficeState, Passkey, StateStore


@dataclass(frozen=True)
class Office:
    """One office. origin: its address without a path, like https://office.example; clock: seconds since 1970."""

    origin: str
    state_store: StateStore
    accounts: Accounts
    sessions: Sessions
    passkeys: Passkeys
    guess_limiter: GuessLimiter
    signatures: BuildSignatures
    clock: Callable[[], float]

    @property
    def host(self) -> str:
        """The only host name under which requests are accepted."""
        return urlsplit(self.origin).netloc


def publishing_keys(office: Office, account: Account) -> list[Passkey]:
    """Return the passkeys of an account that may sign builds: those that portal.yml names."""
    publishers = set(office.signatures.publishers())
    return [key for key in account.passkeys if office.passkeys.publisher_key(key) in publishers]


def folder_of(memory: Path) -> Path:
    """Return the folder of an office's state: in the editor's own folder, never in content/."""
    return memory / "office"


def accounts_of(memory: Path, languages: Collection[str], clock: Callable[[], float] = time.time) -> Accounts:
    """Return the accounts of an office, for the commands at the machine."""
    return Accounts(StateStore(folder_of(memory)), languages, clock)


def create_office(
    origin: str, memory: Path, languages: Collection[str], clock: Callable[[], float] = time.time,
    signatures: BuildSignatures | None = None,
) -> Office:  # fmt: skip
    """Return an office with all its parts, and store its name for the addresses of invitations. Raises Problem.

    signatures: asks publishers to sign builds; without it none is asked for.
    """
    accounts, name = accounts_of(memory, languages, clock), urlsplit(origin).hostname or ""
    if accounts.state_store.read().name != name:
        with accounts.state_store.transaction() as state:
            state.name = name
    return Office(origin, accounts.state_store, accounts, Sessions(accounts.state_store, clock), Passkeys(name, origin),
                  GuessLimiter(time.monotonic), signatures or BuildSignatures(tuple), clock)  # fmt: skip


class AccountRemoved(Exception):
    """The account was removed, or its session ended, during the request."""


def current_account(state: OfficeState, account: Account) -> Account:
    """Return an account in a state that is being changed. Raises AccountGone."""
    current = state.account(account.id)
    if current is None:
        raise AccountRemoved
    return current
