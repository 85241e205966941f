"""All that the office's pages work with, put together in one place."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from editor.office.accounts import Accounts
from editor.office.build_signatures import BuildSignatures
from editor.office.passkeys import Passkeys
from editor.office.passphrases import Guessing
from editor.office.sessions import Sessions
from editor.office.state import Account, Kept, OfficeState, Passkey


@dataclass(frozen=True)
class Office:
    """One office. origin: its address without a path, like https://office.example; clock: seconds since 1970."""

    origin: str
    kept: Kept
    accounts: Accounts
    sessions: Sessions
    passkeys: Passkeys
    guessing: Guessing
    signatures: BuildSignatures
    clock: Callable[[], float]

    @property
    def host(self) -> str:
        """The one name under which it may be addressed."""
        return urlsplit(self.origin).netloc


def publishing_keys(office: Office, account: Account) -> list[Passkey]:
    """Return the passkeys of an account with which it signs builds: those that portal.yml names."""
    named = set(office.signatures.publishers())
    return [key for key in account.passkeys if office.passkeys.publisher_key(key) in named]


def folder_of(memory: Path) -> Path:
    """Return where an office keeps its accounts: beside the editor's memory, never in content/."""
    return memory / "office"


def accounts_of(memory: Path, languages: Collection[str], clock: Callable[[], float] = time.time) -> Accounts:
    """Return the accounts, for the commands of a person at the machine."""
    return Accounts(Kept(folder_of(memory)), languages, clock)


def make(
    origin: str, memory: Path, languages: Collection[str], clock: Callable[[], float] = time.time,
    signatures: BuildSignatures | None = None,
) -> Office:  # fmt: skip
    """Put an office together, and remember its name for the addresses of invitations. Raises Problem.

    signatures: what asks publishers to sign a build; without it no signature is asked for.
    """
    accounts, name = accounts_of(memory, languages, clock), urlsplit(origin).hostname or ""
    if accounts.kept.read().name != name:
        with accounts.kept.changing() as state:
            state.name = name
    return Office(origin, accounts.kept, accounts, Sessions(accounts.kept, clock), Passkeys(name, origin),
                  Guessing(time.monotonic), signatures or BuildSignatures(tuple), clock)  # fmt: skip


class AccountGone(Exception):
    """The account was removed, or its session ended, while its last request ran."""


def own(state: OfficeState, account: Account) -> Account:
    """Return an account in a state that is being changed. Raises AccountGone."""
    found = state.account(account.id)
    if found is None:
        raise AccountGone
    return found
