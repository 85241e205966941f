"""An office of a tiny district, people who sign in to it, and a device that makes passkeys."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from editor.editor import Editor
from editor.office import office as offices
from editor.office.build_signatures import BuildSignatures
from editor.office.office import Office
from editor.window.app import create_window
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.editor.conftest import Forms
from tests.patience import until

NAME = "office.example"
ORIGIN = f"https://{NAME}"
OURS = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
PASSPHRASE = "four words are enough"


@dataclass
class Clock:
    """A clock, in seconds since 1970, that tests set."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Place:
    """An office and its machine."""

    editor: Editor
    office: Office
    app: Flask
    clock: Clock

    def invite(self, name: str, *roles: str, languages: tuple[str, ...] = ()) -> str:
        return self.office.accounts.invite(name, roles or ("writer",), languages)

    def visitor(self) -> "Person":
        return Person(self.app.test_client())

    def person(self, name: str, *roles: str, languages: tuple[str, ...] = ()) -> "Person":
        """Invite a person; return her browser, signed in with a passphrase."""
        person = self.visitor()
        person.accept(self.invite(name, *roles, languages=languages))
        return person


def open_office(editor: Editor, origin: str = ORIGIN, signatures: BuildSignatures | None = None) -> Place:
    clock = Clock()
    office = offices.create_office(origin, editor.memory, editor.store.languages, clock, signatures)
    office.guess_limiter.clock = clock
    return Place(editor, office, create_window(editor, office), clock)


@dataclass
class Person(Forms):
    """A browser at the office's address, over TLS."""

    client: FlaskClient

    def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, **more: Any
    ) -> TestResponse:
        return self.client.open(path, method=method, base_url=ORIGIN, headers=headers, **more)

    def get(self, path: str, status: int = 200) -> str:
        answer = self.ask(path)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.text

    def token(self) -> str:
        match = re.search(r'name="form_token" value="([^"]+)"', self.ask("/me").text)
        return match[1] if match else ""

    def post(self, path: str, status: int | None = 303, /, **fields: Any) -> TestResponse:
        answer = self.ask(path, "POST", OURS, data={"form_token": self.token(), **fields})
        assert status is None or answer.status_code == status, (answer.status_code, answer.text)
        return answer

    def accept(self, token: str, passphrase: str = PASSPHRASE, status: int = 303) -> TestResponse:
        return self.post(f"/invited/{token}", status, passphrase=passphrase)

    def sign_in(self, name: str, passphrase: str = PASSPHRASE, status: int = 303) -> TestResponse:
        return self.post("/sign-in", status, name=name, passphrase=passphrase)

    def is_in(self) -> bool:
        return self.ask("/").status_code == 200

    def edit(self, path: str, text: str, status: int | None = 303) -> TestResponse:
        """Save a page of this text, from its form."""
        title = path.rpartition("/")[2].removesuffix(".md")
        return self.post(path, status, base=self.base(path), title=title, description="", text=text)


@dataclass
class Device:
    """An authenticator with one passkey. origin, verified: what a malicious one would claim."""

    origin: str = ORIGIN
    name: str = NAME
    verified: bool = True
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = b"a passkey of this phone, sixteen bytes or more"
    handle: str = ""

    def _flags(self) -> AuthenticatorData.FLAG:
        flags = AuthenticatorData.FLAG.UP
        return flags | AuthenticatorData.FLAG.UV if self.verified else flags

    def create_passkey(self, options: Mapping[str, Any]) -> str:
        self.handle = options["user"]["id"]
        client = CollectedClientData.create("webauthn.create", options["challenge"], self.origin)
        public = ES256.from_cryptography_key(self.key.public_key())
        data = AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        flags = self._flags() | AuthenticatorData.FLAG.AT
        auth = AuthenticatorData.create(sha256(self.name.encode()).digest(), flags, self.count, data)
        attestation = AttestationObject.create("none", auth, {})
        return self._answer({"clientDataJSON": client.b64, "attestationObject": websafe_encode(attestation)})

    def sign_challenge(self, options: Mapping[str, Any]) -> str:
        self.count += 1
        client = CollectedClientData.create("webauthn.get", options["challenge"], self.origin)
        auth = AuthenticatorData.create(sha256(self.name.encode()).digest(), self._flags(), self.count)
        signed = self.key.sign(auth + client.hash, ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": client.b64, "authenticatorData": websafe_encode(auth),
                             "signature": websafe_encode(signed), "userHandle": self.handle})  # fmt: skip

    def _answer(self, response: Mapping[str, str]) -> str:
        id = websafe_encode(self.id)
        return json.dumps({"id": id, "rawId": id, "type": "public-key", "response": dict(response)})


def challenge_of(answer: str) -> str:
    """Return the challenge that a passkey response was made for."""
    challenge: str = json.loads(websafe_decode(json.loads(answer)["response"]["clientDataJSON"]))["challenge"]
    return challenge


def fetch_challenge(person: Person, path: str, **more: str) -> dict[str, object]:
    """Return the options (challenge and so on) with which a browser calls its authenticator."""
    options: dict[str, object] = json.loads(person.post(path, 200, **more).text)
    return options


def send_passkey(person: Person, path: str, answer: str, **more: str) -> dict[str, str]:
    """Send the response of an authenticator; return the office's reply."""
    reply: dict[str, str] = json.loads(person.post(path, 200, answer=answer, **more).text)
    return reply


def with_passkey(place: Place, name: str, device: Device, *roles: str) -> Person:
    """Invite a person; return her browser, signed in with a passkey of this device."""
    token, person = place.invite(name, *roles), place.visitor()
    assert send_passkey(
        person,
        f"/invited/{token}/passkey",
        device.create_passkey(fetch_challenge(person, f"/invited/{token}/ask")),
        label="Phone",
    ) == {"to": "/"}
    return person


@dataclass
class Publishing:
    """A place whose publisher signs with a passkey of `device`."""

    place: Place
    device: Device = field(default_factory=Device, kw_only=True)

    @property
    def signatures(self) -> BuildSignatures:
        return self.place.office.signatures

    def press(self, person: Person) -> str:
        """Press Publish; return the digest of the build or commit that then waits for a signature."""
        person.post("/publish/")
        until(lambda: self.signatures.waiting is not None)
        return person.fields("/publish/")["build"]

    def sign(self, person: Person, digest: str, device: Device | None = None) -> dict[str, str]:
        answer = (device or self.device).sign_challenge(fetch_challenge(person, "/publish/sign/ask", build=digest))
        return send_passkey(person, "/publish/sign", answer, build=digest)
