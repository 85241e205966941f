"""A desk's keys: an age identity that never leaves its machine, and the token with which it fetches letters.

In a desk's folder stand `identity.age` (under a passphrase) or, in the demonstration, `identity.txt`, and `token.txt`.
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
"""The file that says: fetch everything that the server still has of this desk, not only what is new."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")

LEAST_PASSPHRASE = 12
"""Letters of the shortest passphrase that is taken."""


@dataclass(frozen=True)
class Public:
    """The lines for content/portal.yml: the age recipient, the hash of the pickup token, the public signing key."""

    key: str
    pickup: str
    signing: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines as they stand in portal.yml."""
        return (f"key: {self.key}", f"pickup: {self.pickup}", f"signing: {self.signing}")


def _public(identity: pyrage.x25519.Identity, token: str) -> Public:
    return Public(str(identity.to_public()), pickup_line(token), signing_line(identity))


def signing_line(identity: pyrage.x25519.Identity) -> str:
    """Return the public signing key that belongs to an age identity."""
    return public_text(signing_key(str(identity)))


def pickup_line(token: str) -> str:
    """Return the line by which the server verifies a token without holding it."""
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()


def make(folder: Path, passphrase: str | None, older: Sequence[pyrage.x25519.Identity] = ()) -> Public:
    """Make a desk's keys in its folder; without a passphrase only for the demonstration.

    older: identities that open what came before, of which all is to be fetched.
    Raises Problem where keys are there already, the passphrase is too short, or the folder cannot be written.
    """
    if passphrase is not None:
        require_length(passphrase)
    if has_token(folder):
        raise Problem(
            str(folder), "has keys already.", "Take another folder with --home; letters still need the old key."
        )
    identity, *more = _without_token(folder, passphrase) or [pyrage.x25519.Identity.generate()]
    token = secrets.token_urlsafe(32)
    plain = "".join(f"{one}\n" for one in dict.fromkeys(map(str, (identity, *more, *older)))).encode()
    try:
        if older:
            write_safely(folder / RESTORING, b"")
        if passphrase is None:
            write_safely(folder / "identity.txt", plain)
        else:
            write_safely(folder / "identity.age", encrypt(plain, passphrase))
        write_safely(folder / "token.txt", f"{token}\n".encode())  # last: its being there means all is there
    except OSError as error:
        raise Problem(
            str(folder),
            lazy_gettext("cannot be written (%(reason)s).", reason=error.strerror),
            "Give --home a folder that can.",
        ) from None
    return _public(identity, token)


def has_token(folder: Path) -> bool:
    """Return whether a machine has keys, whole: the token is written last."""
    return (folder / "token.txt").exists()


def _without_token(folder: Path, passphrase: str | None) -> Sequence[pyrage.x25519.Identity]:
    """Return the identities of a folder without a token, so that none is ever written over. Raises Problem.

    Making them was cut short, or the token alone was lost: letters may wait for them.
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


def public(folder: Path, passphrase: str | None) -> Public:
    """Return the lines for portal.yml of the present keys of a machine. Raises Problem."""
    return _public(identity(folder, lambda: passphrase or ""), token(folder))


def make_demonstration(home: Path, desks: Sequence[str]) -> Mapping[str, tuple[str, str, str]]:
    """Each desk's demonstration keys, made where they are missing: recipient, pickup line, signing key by desk."""
    made = {}
    for desk in desks:
        folder = home / desk
        if not (folder / "token.txt").exists():
            (folder / "identity.txt").unlink(missing_ok=True)
            make(folder, None)
        public = _public(identity(folder, _no_passphrase), token(folder))
        made[desk] = (public.key, public.pickup, public.signing)
    return made


def _no_passphrase() -> str:
    """Stand for the passphrase of a demonstration key, which has none. Always raises Problem."""
    raise Problem("desk", "a demonstration key has no passphrase.", "Remove the folder var/desk and serve again.")


def unprotected(home: Path) -> frozenset[str]:
    """Return the public keys of all desks below this folder whose secret is there without a passphrase."""
    found: list[str] = []
    for path in home.rglob("identity.txt"):
        with suppress(Problem, OSError):
            found += [str(one.to_public()) for one in identities(path.parent, _no_passphrase)]
    return frozenset(found)


def identity(folder: Path, ask: Callable[[], str]) -> pyrage.x25519.Identity:
    """Return the desk's present identity; see `identities`."""
    return identities(folder, ask)[0]


def identities(folder: Path, ask: Callable[[], str]) -> tuple[pyrage.x25519.Identity, ...]:
    """Return all identities of this machine, the present one first, then older ones that still open old letters.

    `ask` is called for the passphrase where there is one. The file is age's own: one secret key a line.
    Raises Problem where there is no key, the passphrase is wrong, or the file is damaged.
    """
    locked = folder / "identity.age"
    try:
        plain = _decrypted(locked.read_bytes(), ask()) if locked.exists() else (folder / "identity.txt").read_bytes()
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
    """Return whether the key of this machine stands under a passphrase."""
    return (folder / "identity.age").exists()


def change_passphrase(folder: Path, old: str, new: str) -> None:
    """Protect the same keys with another passphrase, atomically. Raises Problem."""
    kept = identities(folder, lambda: old)
    _write_identities(folder, kept, new)
    (folder / "identity.txt").unlink(missing_ok=True)


def rotate(folder: Path, passphrase: str | None) -> Public:
    """Return a new key and token for this machine; the older keys stay, to open older letters. Raises Problem.

    The new public lines must go into portal.yml; until then the server has an old token only. All of them stay in
    `token.old.txt`, the newest first: a key may be changed again before the first change was published.
    """
    kept = identities(folder, lambda: passphrase or "")
    old = list(dict.fromkeys([token(folder), *old_tokens(folder)]))
    fresh = pyrage.x25519.Identity.generate()
    _write_identities(folder, (fresh, *kept), passphrase)
    write_or_complain(folder / "token.old.txt", "".join(f"{one}\n" for one in old).encode())
    new = secrets.token_urlsafe(32)
    write_or_complain(folder / "token.txt", f"{new}\n".encode())
    return _public(fresh, new)


def forget_old(folder: Path, passphrase: str | None) -> int:
    """Delete all keys but the present one, and return how many: what is encrypted only to them is lost.

    forms/desk/services/keys/key_retirement.py says before what that is. Raises Problem where the passphrase is wrong.
    """
    present, *older = identities(folder, lambda: passphrase or "")
    _write_identities(folder, (present,), passphrase)
    for name in ("token.old.txt", "index.age"):  # the index holds what the old keys opened
        (folder / name).unlink(missing_ok=True)
    return len(older)


def recovery() -> tuple[str, str]:
    """A recovery key: its secret, to be printed and locked away, and its public half for portal.yml. Kept nowhere."""
    fresh = pyrage.x25519.Identity.generate()
    return str(fresh), str(fresh.to_public())


def restore(folder: Path, secret: str, passphrase: str) -> Public:
    """Make keys for a new machine from a printed recovery key; its next visit fetches all that the server has.

    Raises Problem where the text is no key, the folder has keys already, or the passphrase is too short.
    """
    try:
        printed = pyrage.x25519.Identity.from_str("".join(secret.split()).upper())
    except pyrage.IdentityError:
        raise Problem("recovery key", "is not whole.", "Type it again, or scan the square.") from None
    return make(folder, passphrase, (printed,))


def _write_identities(folder: Path, kept: Sequence[pyrage.x25519.Identity], passphrase: str | None) -> None:
    plain = "".join(f"{one}\n" for one in kept).encode()
    if passphrase is None or passphrase == "":
        write_or_complain(folder / "identity.txt", plain)
        return
    require_length(passphrase)
    write_or_complain(folder / "identity.age", encrypt(plain, passphrase))


def encrypt(plain: bytes, passphrase: str) -> bytes:
    """Return an age file under this passphrase in Unicode's composed form (NFC), in which most keyboards type."""
    return bytes(pyrage.passphrase.encrypt(plain, unicodedata.normalize("NFC", passphrase)))


def _decrypted(sealed: bytes, passphrase: str) -> bytes:
    """Decrypt with the passphrase in each Unicode form in which it may have been set (UAX 15)."""
    forms = (unicodedata.normalize("NFC", passphrase), passphrase)
    others = (unicodedata.normalize(form, passphrase) for form in ("NFD", "NFKC", "NFKD"))
    *first, last = dict.fromkeys((*forms, *others))
    for form in first:
        with suppress(pyrage.DecryptError):
            return bytes(pyrage.passphrase.decrypt(sealed, form))
    return bytes(pyrage.passphrase.decrypt(sealed, last))


def require_length(passphrase: str) -> None:
    """Raise Problem where the passphrase is too short, however its letters are composed."""
    if len(unicodedata.normalize("NFC", passphrase)) < LEAST_PASSPHRASE:
        raise Problem(
            "passphrase",
            lazy_gettext("is shorter than %(number)s letters.", number=LEAST_PASSPHRASE),
            "Take four or five words.",
        )


def token(folder: Path) -> str:
    """Return the desk's pickup token. Raises Problem where there is none."""
    try:
        found = (folder / "token.txt").read_text(encoding="utf-8-sig").strip()
        if _TOKEN.fullmatch(found):
            return found
        raise ValueError  # noqa: TRY301 - told as the other damage is
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
    """Return the tokens before the present one, the newest first."""
    path = folder / "token.old.txt"
    try:
        found = path.read_text(encoding="utf-8-sig").split() if path.exists() else []
    except ValueError:
        found = []
    return tuple(one for one in found if _TOKEN.fullmatch(one))
