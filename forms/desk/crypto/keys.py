"""A desk's keys: an age identity that never leaves its machine, and the token with which it fetches letters.

A desk's folder holds `token.txt` and `identity.age` (under a passphrase), or in the demonstration `identity.txt`.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyrage

from forms.core.crypto.signing import public_text, signing_key
from forms.core.files.durable import write_or_complain, write_safely
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.command_line import command

RESTORING = "restoring"
"""The file that requests a fetch of everything that the server still has for this desk, not only of what is new."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")

MIN_PASSPHRASE_LENGTH = 12
"""Characters of the shortest passphrase that is accepted."""


@dataclass(frozen=True)
class PublicKeys:
    """The values for content/portal.yml: the age recipient, the hash of the pickup token, the public signing key."""

    key: str
    pickup: str
    signing: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines for portal.yml."""
        return (f"key: {self.key}", f"pickup: {self.pickup}", f"signing: {self.signing}")


def _public(identity: pyrage.x25519.Identity, token: str) -> PublicKeys:
    return PublicKeys(str(identity.to_public()), pickup_line(token), signing_line(identity))


def signing_line(identity: pyrage.x25519.Identity) -> str:
    """Return the public signing key that belongs to an age identity."""
    return public_text(signing_key(str(identity)))


def pickup_line(token: str) -> str:
    """Return the line by which the server verifies a token without holding it."""
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()


def make(folder: Path, passphrase: str | None, older: Sequence[pyrage.x25519.Identity] = ()) -> PublicKeys:
    """Make a desk's keys in its folder; without a passphrase only for the demonstration.

    older: identities that open earlier letters, which are all to be fetched again.
    Raises Problem if the folder has keys already or cannot be written, or the passphrase is too short.
    """
    if passphrase is not None:
        require_length(passphrase)
    if has_token(folder):
        raise Problem(
            str(folder), "has keys already.", "Take another folder with --home; letters still need the old key."
        )
    identity, *more = _without_token(folder, passphrase) or [pyrage.x25519.Identity.generate()]
    token = secrets.token_urlsafe(32)
    plain = "".join(f"{line}\n" for line in dict.fromkeys(map(str, (identity, *more, *older)))).encode()
    try:
        if older:
            write_safely(folder / RESTORING, b"")
        if passphrase is None:
            write_safely(folder / "identity.txt", plain)
        else:
            write_safely(folder / "identity.age", encrypt(plain, passphrase))
        write_safely(folder / "token.txt", f"{token}\n".encode())  # last: its presence means that the keys are complete
    except OSError as error:
        raise Problem(
            str(folder),
            lazy_gettext("cannot be written (%(reason)s).", reason=error.strerror),
            "Give --home a folder that can.",
        ) from None
    return _public(identity, token)


def has_token(folder: Path) -> bool:
    """Return whether a machine has complete keys: the token is written last."""
    return (folder / "token.txt").exists()


def _without_token(folder: Path, passphrase: str | None) -> Sequence[pyrage.x25519.Identity]:
    """Return the identities of a folder without a token, so that they are never overwritten. Raises Problem.

    Making them was interrupted, or only the token was lost: letters may be encrypted to them.
    """
    if not any((folder / name).exists() for name in ("identity.age", "identity.txt")):
        return ()
    try:
        return identities(folder, lambda: passphrase or "")
    except Problem:
        raise Problem(
            str(folder),
            "holds a key that this passphrase does not open, and no token.",
            "Type the passphrase of that key. If its lines never stood in portal.yml, move the folder away first.",
        ) from None


def public(folder: Path, passphrase: str | None) -> PublicKeys:
    """Return the public values of the present keys of a machine. Raises Problem."""
    return _public(identity(folder, lambda: passphrase or ""), token(folder))


def make_demonstration(home: Path, desks: Sequence[str]) -> Mapping[str, tuple[str, str, str]]:
    """Return each desk's demonstration keys, by desk: recipient, pickup line, signing key. Makes missing ones."""
    demonstration_keys = {}
    for desk in desks:
        folder = home / desk
        if not (folder / "token.txt").exists():
            (folder / "identity.txt").unlink(missing_ok=True)
            make(folder, None)
        public = _public(identity(folder, _no_passphrase), token(folder))
        demonstration_keys[desk] = (public.key, public.pickup, public.signing)
    return demonstration_keys


def _no_passphrase() -> str:
    """Raise Problem: a demonstration key has no passphrase."""
    raise Problem("desk", "a demonstration key has no passphrase.", "Remove the folder var/desk and serve again.")


def unprotected_keys(home: Path) -> frozenset[str]:
    """Return the public keys of all desks below this folder whose secret key has no passphrase."""
    keys: list[str] = []
    for path in home.rglob("identity.txt"):
        with suppress(Problem, OSError):
            keys += [str(identity.to_public()) for identity in identities(path.parent, _no_passphrase)]
    return frozenset(keys)


def identity(folder: Path, ask: Callable[[], str]) -> pyrage.x25519.Identity:
    """Return the desk's present identity; see `identities`."""
    return identities(folder, ask)[0]


def identities(folder: Path, ask: Callable[[], str]) -> tuple[pyrage.x25519.Identity, ...]:
    """Return all identities of this machine, the present one first, then older ones, which still open old letters.

    `ask` returns the passphrase; it is called only if there is one. The file has age's own format: one secret key a
    line. Raises Problem if there is no key, the passphrase is wrong, or the file is damaged.
    """
    locked = folder / "identity.age"
    try:
        plain = _decrypt(locked.read_bytes(), ask()) if locked.exists() else (folder / "identity.txt").read_bytes()
        lines = [line for line in plain.decode("utf-8-sig").splitlines() if line.strip()]
        if not lines:
            raise Problem(str(folder), "the key file is empty.", "Take it back from your backup.")
        return tuple(pyrage.x25519.Identity.from_str(line.strip()) for line in lines)
    except FileNotFoundError:
        todo = lazy_gettext(
            "For real use: %(command)s. For the demonstration run python3 build.py serve once.",
            command=command("new-key"),
        )
        raise Problem(str(folder), "has no key.", todo) from None
    except pyrage.DecryptError:
        raise Problem("passphrase", "does not open this key.", "Type it again.") from None
    except (pyrage.IdentityError, UnicodeDecodeError):
        raise Problem(str(folder), "the key file is damaged.", "Take it back from your backup.") from None


def has_passphrase(folder: Path) -> bool:
    """Return whether the key of this machine has a passphrase."""
    return (folder / "identity.age").exists()


def change_passphrase(folder: Path, old: str, new: str) -> None:
    """Protect the same keys with another passphrase, atomically. Raises Problem."""
    _write_identities(folder, identities(folder, lambda: old), new)
    (folder / "identity.txt").unlink(missing_ok=True)


def rotate(folder: Path, passphrase: str | None) -> PublicKeys:
    """Make a new key and token for this machine; older keys remain, to open older letters. Raises Problem.

    Returns the new public values, which must be put into portal.yml. Until then the server only knows an old token.
    All old tokens remain in `token.old.txt`, newest first: a key may be changed again before the first change is
    published.
    """
    existing = identities(folder, lambda: passphrase or "")
    previous_tokens = list(dict.fromkeys([token(folder), *old_tokens(folder)]))
    new_identity = pyrage.x25519.Identity.generate()
    _write_identities(folder, (new_identity, *existing), passphrase)
    write_or_complain(folder / "token.old.txt", "".join(f"{line}\n" for line in previous_tokens).encode())
    new_token = secrets.token_urlsafe(32)
    write_or_complain(folder / "token.txt", f"{new_token}\n".encode())
    return _public(new_identity, new_token)


def forget_old_keys(folder: Path, passphrase: str | None) -> int:
    """Delete all keys but the present one; return how many. Whatever is encrypted only to them is lost.

    forms/desk/services/keys/key_retirement.py finds out before what that is. Raises Problem if the passphrase is wrong.
    """
    present, *older = identities(folder, lambda: passphrase or "")
    _write_identities(folder, (present,), passphrase)
    for name in ("token.old.txt", "index.age"):  # the index holds letters that only the old keys open
        (folder / name).unlink(missing_ok=True)
    return len(older)


def new_recovery_key() -> tuple[str, str]:
    """Return a new recovery key, stored nowhere: its secret, for print, and its public key, for portal.yml."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def restore(folder: Path, secret: str, passphrase: str) -> PublicKeys:
    """Make keys for a new machine from a printed recovery key; its next fetch brings everything the server has.

    Raises Problem if the text is not a key, the folder has keys already, or the passphrase is too short.
    """
    try:
        printed = pyrage.x25519.Identity.from_str("".join(secret.split()).upper())
    except pyrage.IdentityError:
        raise Problem("recovery key", "is not whole.", "Type it again, or scan the square.") from None
    return make(folder, passphrase, (printed,))


def _write_identities(folder: Path, identities: Sequence[pyrage.x25519.Identity], passphrase: str | None) -> None:
    plain = "".join(f"{identity}\n" for identity in identities).encode()
    if passphrase is None or passphrase == "":
        write_or_complain(folder / "identity.txt", plain)
        return
    require_length(passphrase)
    write_or_complain(folder / "identity.age", encrypt(plain, passphrase))


def encrypt(plain: bytes, passphrase: str) -> bytes:
    """Encrypt with a passphrase (age), in Unicode's composed form (NFC), which most keyboards type."""
    return bytes(pyrage.passphrase.encrypt(plain, unicodedata.normalize("NFC", passphrase)))


def _decrypt(sealed: bytes, passphrase: str) -> bytes:
    """Decrypt with the passphrase, trying each Unicode form in which it may have been set (UAX 15)."""
    forms = (unicodedata.normalize("NFC", passphrase), passphrase)
    others = (unicodedata.normalize(form, passphrase) for form in ("NFD", "NFKC", "NFKD"))
    *first, last = dict.fromkeys((*forms, *others))
    for form in first:
        with suppress(pyrage.DecryptError):
            return bytes(pyrage.passphrase.decrypt(sealed, form))
    return bytes(pyrage.passphrase.decrypt(sealed, last))


def require_length(passphrase: str) -> None:
    """Raise Problem if the passphrase is too short, in Unicode's composed form."""
    if len(unicodedata.normalize("NFC", passphrase)) < MIN_PASSPHRASE_LENGTH:
        raise Problem(
            "passphrase",
            lazy_gettext("is shorter than %(number)s letters.", number=MIN_PASSPHRASE_LENGTH),
            "Take four or five words.",
        )


def token(folder: Path) -> str:
    """Return the desk's pickup token. Raises Problem if there is none."""
    try:
        text = (folder / "token.txt").read_text(encoding="utf-8-sig").strip()
        if _TOKEN.fullmatch(text):
            return text
        raise ValueError  # noqa: TRY301 - reported like the other damage
    except ValueError:
        todo = "Take token.txt back from your backup: it holds one line of letters, digits, - and _."
        raise Problem(str(folder), "the file of its pickup token is damaged.", todo) from None
    except FileNotFoundError:
        todo = lazy_gettext(
            "For real use: %(command)s. For the demonstration run python3 build.py serve once.",
            command=command("new-key"),
        )
        raise Problem(str(folder), "has no pickup token.", todo) from None


def old_tokens(folder: Path) -> tuple[str, ...]:
    """Return the tokens before the present one, newest first."""
    path = folder / "token.old.txt"
    try:
        lines = path.read_text(encoding="utf-8-sig").split() if path.exists() else []
    except ValueError:
        lines = []
    return tuple(line for line in lines if _TOKEN.fullmatch(line))
