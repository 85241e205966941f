"""Passkeys (WebAuthn level 3) through Yubico's fido2: a person's own device signs, and its key never leaves it."""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from editor.office.state import Account, Passkey
from forms.core.builds import passkey_signatures
from forms.core.crypto import base64url
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

_LASTS = 300
_RANDOM = 16
MOST_KEYS = 10


@dataclass
class Passkeys:
    """Makes and checks what browsers are asked. name: the office's host name (the id of the relying party).

    Each challenge is for one purpose and one person or browser, and is gone at its first use. It carries when and for
    what it was made, under a key of this program: nothing is remembered of one that was asked for and not answered, so
    whoever asks for a million takes nobody else's away.
    """

    name: str
    origin: str
    clock: Callable[[], float] = time.monotonic
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _used: dict[bytes, float] = field(default_factory=dict)
    _busy: Lock = field(default_factory=Lock)

    def _server(self) -> Any:
        from fido2.server import Fido2Server  # noqa: PLC0415 - loaded where somebody signs in with one
        from fido2.webauthn import PublicKeyCredentialRpEntity  # noqa: PLC0415

        rp = PublicKeyCredentialRpEntity(id=self.name, name=self.name)
        return Fido2Server(rp, attestation="none", verify_origin=lambda told: told == self.origin)  # type: ignore[arg-type]

    def ask_for_new(self, account: Account, purpose: str) -> Mapping[str, Any]:
        """Return what a browser needs to make a passkey for an account."""
        from fido2.webauthn import PublicKeyCredentialUserEntity  # noqa: PLC0415

        user = PublicKeyCredentialUserEntity(id=account.id.encode(), name=account.name, display_name=account.name)
        options, _state = self._server().register_begin(
            user, _credentials(account.passkeys), resident_key_requirement="required", user_verification="required",
            challenge=self._challenge(f"new {purpose}"),
        )  # fmt: skip
        return dict(options)["publicKey"]  # type: ignore[no-any-return]

    def ask(self, purpose: str, account: Account | None = None) -> Mapping[str, Any]:
        """Return what a browser needs to sign in. account: whose passkeys alone are asked for; else any it has."""
        known = _credentials(account.passkeys) if account else None
        return self._asked(known, self._challenge(f"use {purpose}"))

    def publisher_key(self, key: Passkey) -> str:
        """Return a passkey's public key as portal.yml names it under publishers; "" for a kind that signs no build."""
        from fido2.cose import ES256  # noqa: PLC0415

        public = _credentials([key])[0].public_key
        return passkey_signatures.public_text(self.name, public[-2], public[-3]) if isinstance(public, ES256) else ""

    def ask_to_sign(self, challenge: bytes, keys: Sequence[Passkey]) -> Mapping[str, Any]:
        """Return what a browser needs to sign what waits with one of these passkeys."""
        return self._asked(_credentials(keys), challenge)

    def _asked(self, known: Sequence[Any] | None, challenge: bytes) -> Mapping[str, Any]:
        options, _state = self._server().authenticate_begin(known, user_verification="required", challenge=challenge)
        return dict(options)["publicKey"]  # type: ignore[no-any-return]

    def signature_line(self, answer: Any, keys: Sequence[Passkey]) -> str:
        """Return the line by which a browser's answer signs a build, yet to be checked. Raises Problem for none."""
        try:
            key = next(one for one in keys if one.id == answer["id"])
            told = [
                base64url.decode(answer["response"][part])
                for part in ("authenticatorData", "clientDataJSON", "signature")
            ]
        except (StopIteration, LookupError, TypeError, ValueError):
            raise _refused() from None
        return f"{self.publisher_key(key)} {passkey_signatures.signature_text(*told)}\n"

    def _challenge(self, purpose: str) -> bytes:
        begin = secrets.token_bytes(_RANDOM) + int(self.clock()).to_bytes(8, "big")
        return begin + self._mark(begin, purpose)

    def _mark(self, begin: bytes, purpose: str) -> bytes:
        return hmac.digest(self._key, begin + purpose.encode(), "sha256")

    def _require_asked(self, answer: Mapping[str, Any], purpose: str) -> tuple[Any, bytes]:
        """Return the state for fido2, and the challenge that is answered. Raises ValueError for one not of ours."""
        from fido2.webauthn import CollectedClientData  # noqa: PLC0415

        challenge = CollectedClientData(base64url.decode(answer["response"]["clientDataJSON"])).challenge
        begin, mark = challenge[: _RANDOM + 8], challenge[_RANDOM + 8 :]
        age = int(self.clock()) - int.from_bytes(begin[_RANDOM:], "big")
        if not hmac.compare_digest(mark, self._mark(begin, purpose)) or not 0 <= age <= _LASTS:
            raise ValueError
        return self._server().authenticate_begin(user_verification="required", challenge=challenge)[1], challenge

    def _use_up(self, challenge: bytes) -> None:
        """Let a challenge that was answered rightly never count again. Raises ValueError where it was before."""
        with self._busy:
            now = self.clock()
            for one in [one for one, at in self._used.items() if now - at > 2 * _LASTS]:
                del self._used[one]
            if challenge in self._used:
                raise ValueError
            self._used[challenge] = now

    def made(self, answer: Any, purpose: str, today: str, label: str) -> Passkey:
        """Return the passkey that a browser has made. Raises Problem where it is not an answer to what was asked."""
        from fido2.utils import websafe_encode  # noqa: PLC0415

        try:
            state, challenge = self._require_asked(answer, f"new {purpose}")
            data = self._server().register_complete(state, answer)
            found = data.credential_data
            self._use_up(challenge)
        except Exception:  # noqa: BLE001 - whatever is odd in what a browser sends, it is no passkey
            raise _refused() from None
        return Passkey(
            id=websafe_encode(found.credential_id), credential=websafe_encode(bytes(found)), count=data.counter,
            label=label, added_on=today,
        )  # fmt: skip

    def used(self, answer: Any, purpose: str, accounts: Sequence[Account]) -> tuple[Account, Passkey]:
        """Return whose passkey has signed, with its new count, to be kept. Raises Problem."""
        from fido2.webauthn import AuthenticatorData  # noqa: PLC0415

        try:
            state, challenge = self._require_asked(answer, f"use {purpose}")
            pairs = [(one, key) for one in accounts for key in one.passkeys if key.id == answer["id"]]
            account, key = pairs[0]
            self._server().authenticate_complete(state, _credentials([key]), answer)
            _require_handle(answer["response"].get("userHandle"), account)
            count = AuthenticatorData(base64url.decode(answer["response"]["authenticatorData"])).counter
            self._use_up(challenge)
        except Exception:  # noqa: BLE001 - see above
            raise _refused() from None
        if (count or key.count) and count <= key.count:
            what = _("This passkey counts backwards: there may be a copy of it.")
            raise Problem("", what, _("Sign in another way, remove it, and tell whoever runs the office’s machine."))
        return account, key.model_copy(update={"count": count})


def _require_handle(told: str | None, account: Account) -> None:
    """Raise ValueError where a device says that this passkey is somebody else's."""
    if told and base64url.decode(told).decode() != account.id:
        raise ValueError


def _refused() -> Problem:
    return Problem("", _("This passkey was not accepted."), _("Try again, or sign in with your passphrase."))


def _credentials(keys: Sequence[Passkey]) -> list[Any]:
    from fido2.webauthn import AttestedCredentialData  # noqa: PLC0415

    return [AttestedCredentialData(base64url.decode(one.credential)) for one in keys]
