"""The databases of one installation, opened for an operator's command as the service opens them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from forms.core.problem import Problem
from forms.server import config
from forms.server.config import ServerSettings
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.status_questions import commits_wait
from forms.server.store.database import Store
from forms.server.store.date_store import DateStore
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.statement_store import StatementStore

Databases = Mapping[str, tuple[Store, ...]]
"""The stores of each database: concerns (letters, days, statements) and signups (sign-ups, requests)."""


@contextmanager
def opened(
    settings: ServerSettings, salt: bytes, *, make: bool = False, restoring: bool = False
) -> Iterator[Databases]:
    """Lend the databases of these settings to be read as they are, and close them.

    make: make what is missing, and bring them to this program's schema; else an older program may run on them.
    restoring: take also what a restore has not brought back whole yet. Raises OtherSalt, HalfRestored, NotKept.
    """
    concerns, signups = settings.concerns_url, settings.signups_url
    found: Databases = {
        "concerns": (ConcernStore(concerns), DateStore(concerns), StatementStore(concerns)),
        "signups": (SignupStore(signups), ConcernStore(signups)),
    }
    try:
        for stores in found.values():
            for store in stores:
                if make:
                    _require_commits(store)
                open_ = store.claim if make else store.open_read_only
                open_(config.salt_mark(salt), restoring=restoring)
        yield found
    finally:
        for stores in found.values():
            for store in stores:
                store.close()


def _require_commits(store: Store) -> None:
    """Raise Problem where each commit would wait for a replica that does not answer: a command would never end."""
    wait = commits_wait(store)
    if wait:
        raise Problem(store.display_name, wait, "Then type the same again.")


def schema_of(found: Databases) -> str:
    """Return the number of the oldest schema among these databases; empty for one from before 1.0. Raises NotKept."""
    return min(stores[0].schema_number or "" for stores in found.values())


def require_salt(settings: ServerSettings) -> bytes:
    """Return the salt of an installation. Raises Problem where there is none: then nothing was ever kept."""
    salt = config.salt(settings)
    if salt is None:
        todo = "Name the data folder (PORTAL_DATA), and start the service once."
        raise Problem(str(settings.data), "holds no salt: no portal was ever started there.", todo)
    return salt


def require_is_there(settings: ServerSettings) -> None:
    """Raise Problem where a SQLite file is not there: it would be made, and an empty backup taken of it."""
    for url in (settings.concerns_url, settings.signups_url):
        file = config.sqlite_file(url)
        if file and not file.exists():
            todo = "Bring it back from a backup (portal restore). If nobody sent anything yet: start the service."
            raise Problem(str(file), "is not there.", todo)
