"""The state of the office in one file: accounts, open invitations, sessions. Readable by this user only (0600)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forms.core.files.durable import write_safely
from forms.core.files.locks import locked_if_possible
from forms.core.problem import Problem

FILE = "office.json"
WRITER, REVIEWER, PUBLISHER = "writer", "reviewer", "publisher"
ROLES = (WRITER, REVIEWER, PUBLISHER)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Passkey(_Model):
    """A public key of a person's device. credential: its id and key, as WebAuthn writes them (base64url)."""

    id: str
    credential: str
    count: int = 0
    label: str = ""
    added_on: str = ""


class Account(_Model):
    """A person of the staff. id: random, stored in their passkeys; languages: to which their roles are limited.

    passphrase: its argon2id hash, "" for none; devices: hashes of the tokens of browsers that have signed in.
    """

    id: str
    name: str
    roles: list[str]
    languages: list[str] = Field(default_factory=list)
    passphrase: str = ""
    passkeys: list[Passkey] = Field(default_factory=list)
    devices: list[str] = Field(default_factory=list)
    language: str = "en"


class Invitation(_Model):
    """An invitation, which works once. hash: of the token in its address; until: seconds since 1970."""

    hash: str
    account: str
    until: float


class OfficeSession(_Model):
    """A browser that has signed in. made, used, proved: times of its start, last request and last proof of identity."""

    hash: str
    account: str
    form_token: str
    made: float
    used: float
    proved: float


class OfficeState(_Model):
    """The whole state. name: the host name of the office, for the addresses of invitations."""

    name: str = ""
    accounts: list[Account] = Field(default_factory=list)
    invitations: list[Invitation] = Field(default_factory=list)
    sessions: list[OfficeSession] = Field(default_factory=list)

    def account(self, id: str) -> Account | None:
        """Return an account by its id."""
        return next((one for one in self.accounts if one.id == id), None)


@dataclass(frozen=True)
class StateStore:
    """Reads and changes the state file. A lock orders the changes of the window and of the commands."""

    folder: Path

    def read(self) -> OfficeState:
        """Return the state; an empty one where there is no file yet. Raises Problem for a damaged file."""
        path = self.folder / FILE
        try:
            return OfficeState.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return OfficeState()
        except (OSError, ValidationError) as error:
            why = error.strerror if isinstance(error, OSError) else "not what this program writes"
            todo = (
                "Nobody can sign in until it is mended: bring it back from a backup, or remove it and invite all again."
            )
            raise Problem(str(path), f"cannot be read ({why}).", todo) from None

    @contextmanager
    def transaction(self) -> Iterator[OfficeState]:
        """Yield the state to be changed, and write it when the block ends without an exception. Raises Problem."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with locked_if_possible(self.folder / "office.lock", wait=True):
                state = self.read()
                yield state
                write_safely(self.folder / FILE, state.model_dump_json(indent=1).encode())
        except OSError as error:
            todo = "Nothing was changed. Make room on the disk, then try again."
            raise Problem(str(self.folder / FILE), f"cannot be written ({error.strerror}).", todo) from None
