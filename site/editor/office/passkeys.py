"""Passkeys (WebAuthn level 3), checked with Yubico's fido2. The private key never leaves the person's device."""

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

_CHALLENGE_SECONDS = 300
_RANDOM_BYTES = 16
MAX_PASSKEYS = 10


@dataclass
class Passkeys:
    """Makes challenges for browsers and verifies their responses. name: the host name (the relying party's id).

    Each challenge is for one purpose and one person or browser, and works once. It holds its time and purpose under a
    MAC, so that open challenges need no memory: a flood of requests cannot push out other people's challenges.
    """

    name: str
    origin: str
    clock: Callable[[], float] = time.monotonic
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _used: dict[bytes, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def _server(self) -> Any:
        from fido2.server import Fido2Server  # noqa: PLC0415 - loaded when somebody signs in with a passkey
        from fido2.webauthn import PublicKeyCredentialRpEntity  # noqa: PLC0415

        rp = PublicKeyCredentialRpEntity(id=self.name, name=self.name)
        return Fido2Server(rp, attestation="none", verify_origin=lambda origin: origin == self.origin)  # type: ignore[arg-type]

    def creation_options(self, account: Account, purpose: str) -> Mapping[str, Any]:
        """Return the options for a browser to create a passkey for an account."""
        from fido2.webauthn import PublicKeyCredentialUserEntity  # noqa: PLC0415

        user = PublicKeyCredentialUserEntity(id=account.id.encode(), name=account.name, display_name=account.name)
        options, _state = self._server().register_begin(
            user, _credentials(account.passkeys), resident_key_requirement="required", user_verification="required",
            challenge=self._challenge(f"new {purpose}"),
        )  # fmt: skip
        return dict(options)["publicKey"]  # type: ignore[no-any-return]

    def request_options(self, purpose: str, account: Account | None = None) -> Mapping[str, Any]:
        """Return the options for a browser to sign in. account: only its passkeys are allowed; else any."""
        allowed = _credentials(account.passkeys) if account else None
        return self._options(allowed, self._challenge(f"use {purpose}"))

    def publisher_key(self, key: Passkey) -> str:
        """Return a passkey's public key as portal.yml names it under publishers; "" for a kind that signs no build."""
        from fido2.cose import ES256  # noqa: PLC0415

        public = _credentials([key])[0].public_key
        return passkey_signatures.public_text(self.name, public[-2], public[-3]) if isinstance(public, ES256) else ""

    def signing_options(self, challenge: bytes, keys: Sequence[Passkey]) -> Mapping[str, Any]:
        """Return the options for a browser to sign a challenge with one of these passkeys."""
        return self._options(_credentials(keys), challenge)

    def _options(self, allowed: Sequence[Any] | None, challenge: bytes) -> Mapping[str, Any]:
        options, _state = self._server().authenticate_begin(allowed, user_verification="required", challenge=challenge)
        return dict(options)["publicKey"]  # type: ignore[no-any-return]

    def signature_line(self, answer: Any, keys: Sequence[Passkey]) -> str:
        """Return the signature line of a browser's response, not verified yet. Raises Problem where there is none."""
        try:
            key = next(one for one in keys if one.id == answer["id"])
            parts = [
                base64url.decode(answer["response"][part])
                for part in ("authenticatorData", "clientDataJSON", "signature")
            ]
        except (StopIteration, LookupError, TypeError, ValueError):
            raise _refused() from None
        return f"{self.publisher_key(key)} {passkey_signatures.signature_text(*parts)}\n"

    def _challenge(self, purpose: str) -> bytes:
        prefix = secrets.token_bytes(_RANDOM_BYTES) + int(self.clock()).to_bytes(8, "big")
        return prefix + self._mac(prefix, purpose)

    def _mac(self, prefix: bytes, purpose: str) -> bytes:
        return hmac.digest(self._key, prefix + purpose.encode(), "sha256")

    def _verify_challenge(self, answer: Mapping[str, Any], purpose: str) -> tuple[Any, bytes]:
        """Return the state for fido2, and the challenge of a response. Raises ValueError for a foreign or old one."""
        from fido2.webauthn import CollectedClientData  # noqa: PLC0415

        challenge = CollectedClientData(base64url.decode(answer["response"]["clientDataJSON"])).challenge
        prefix, mac = challenge[: _RANDOM_BYTES + 8], challenge[_RANDOM_BYTES + 8 :]
        age = int(self.clock()) - int.from_bytes(prefix[_RANDOM_BYTES:], "big")
        if not hmac.compare_digest(mac, self._mac(prefix, purpose)) or not 0 <= age <= _CHALLENGE_SECONDS:
            raise ValueError
        return self._server().authenticate_begin(user_verification="required", challenge=challenge)[1], challenge

    def _mark_used(self, challenge: bytes) -> None:
        """Remember a challenge as used. Raises ValueError where it was used before."""
        with self._lock:
            now = self.clock()
            for old in [used for used, at in self._used.items() if now - at > 2 * _CHALLENGE_SECONDS]:
                del self._used[old]
            if challenge in self._used:
                raise ValueError
            self._used[challenge] = now

    def verify_new(self, answer: Any, purpose: str, today: str, label: str) -> Passkey:
        """Return the passkey that a browser has created. Raises Problem where the response is not valid."""
        from fido2.utils import websafe_encode  # noqa: PLC0415

        try:
            state, challenge = self._verify_challenge(answer, f"new {purpose}")
            data = self._server().register_complete(state, answer)
            credential = data.credential_data
            self._mark_used(challenge)
        except Exception:  # noqa: BLE001 - fido2 raises many errors for a malformed response
            raise _refused() from None
        return Passkey(
            id=websafe_encode(credential.credential_id), credential=websafe_encode(bytes(credential)),
            count=data.counter, label=label, added_on=today,
        )  # fmt: skip

    def verify_use(self, answer: Any, purpose: str, accounts: Sequence[Account]) -> tuple[Account, Passkey]:
        """Return the account and the passkey that signed, with its new counter, to be stored. Raises Problem."""
        from fido2.webauthn import AuthenticatorData  # noqa: PLC0415

        try:
            state, challenge = self._verify_challenge(answer, f"use {purpose}")
            pairs = [(one, key) for one in accounts for key in one.passkeys if key.id == answer["id"]]
            account, key = pairs[0]
            self._server().authenticate_complete(state, _credentials([key]), answer)
            _require_user_handle(answer["response"].get("userHandle"), account)
            count = AuthenticatorData(base64url.decode(answer["response"]["authenticatorData"])).counter
            self._mark_used(challenge)
        except Exception:  # noqa: BLE001 - see above
            raise _refused() from None
        if (count or key.count) and count <= key.count:
            what = _("This passkey counts backwards: there may be a copy of it.")
            raise Problem("", what, _("Sign in another way, remove it, and tell whoever runs the office’s machine."))
        return account, key.model_copy(update={"count": count})


def _require_user_handle(handle: str | None, account: Account) -> None:
    """Raise ValueError where the user handle of a response is that of another account."""
    if handle and base64url.decode(handle).decode() != account.id:
        raise ValueError


def _refused() -> Problem:
    return Problem("", _("This passkey was not accepted."), _("Try again, or sign in with your passphrase."))


def _credentials(keys: Sequence[Passkey]) -> list[Any]:
    from fido2.webauthn import AttestedCredentialData  # noqa: PLC0415

    return [AttestedCredentialData(base64url.decode(one.credential)) for one in keys]
