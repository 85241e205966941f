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
    """Seconds since 1970, as a test says."""

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
        """Somebody who was invited and has signed in with a passphrase."""
        came = self.visitor()
        came.accept(self.invite(name, *roles, languages=languages))
        return came


def open_office(editor: Editor, origin: str = ORIGIN, signatures: BuildSignatures | None = None) -> Place:
    clock = Clock()
    office = offices.create_office(origin, editor.memory, editor.store.languages, clock, signatures)
    office.guess_limiter.clock = clock
    return Place(editor, office, create_window(editor, office), clock)


@dataclass
class Person(Forms):
    """A browser at the office's address, over TLS."""

    client: FlaskClient
    said: list[str] = field(default_factory=list)

    def ask(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, **more: Any
    ) -> TestResponse:
        return self.client.open(path, method=method, base_url=ORIGIN, headers=headers, **more)

    def get(self, path: str, status: int = 200) -> str:
        answer = self.ask(path)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.text

    def token(self) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', self.ask("/me").text)
        return found[1] if found else ""

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
    """A phone that makes one passkey and signs with it; `origin` and `verified` are what a bad one would say."""

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

    def made(self, asked: Mapping[str, Any]) -> str:
        self.handle = asked["user"]["id"]
        client = CollectedClientData.create("webauthn.create", asked["challenge"], self.origin)
        public = ES256.from_cryptography_key(self.key.public_key())
        data = AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        flags = self._flags() | AuthenticatorData.FLAG.AT
        auth = AuthenticatorData.create(sha256(self.name.encode()).digest(), flags, self.count, data)
        made = AttestationObject.create("none", auth, {})
        return self._answer({"clientDataJSON": client.b64, "attestationObject": websafe_encode(made)})

    def used(self, asked: Mapping[str, Any]) -> str:
        self.count += 1
        client = CollectedClientData.create("webauthn.get", asked["challenge"], self.origin)
        auth = AuthenticatorData.create(sha256(self.name.encode()).digest(), self._flags(), self.count)
        signed = self.key.sign(auth + client.hash, ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": client.b64, "authenticatorData": websafe_encode(auth),
                             "signature": websafe_encode(signed), "userHandle": self.handle})  # fmt: skip

    def _answer(self, response: Mapping[str, str]) -> str:
        id = websafe_encode(self.id)
        return json.dumps({"id": id, "rawId": id, "type": "public-key", "response": dict(response)})


def challenge_of(answer: str) -> str:
    """What a browser's answer was made for."""
    told: str = json.loads(websafe_decode(json.loads(answer)["response"]["clientDataJSON"]))["challenge"]
    return told


def asked(person: Person, path: str, **more: str) -> dict[str, object]:
    """What a browser is told to ask its device."""
    found: dict[str, object] = json.loads(person.post(path, 200, **more).text)
    return found


def said(person: Person, path: str, answer: str, **more: str) -> dict[str, str]:
    """What the office says to a device's answer."""
    found: dict[str, str] = json.loads(person.post(path, 200, answer=answer, **more).text)
    return found


def with_passkey(place: Place, name: str, device: Device, *roles: str) -> Person:
    """Somebody who was invited and has signed in with a passkey of this device."""
    token, came = place.invite(name, *roles), place.visitor()
    assert said(
        came, f"/invited/{token}/passkey", device.made(asked(came, f"/invited/{token}/ask")), label="Phone"
    ) == {"to": "/"}
    return came


@dataclass
class Publishing:
    """A place whose publisher signs with a passkey of `device`."""

    place: Place
    device: Device = field(default_factory=Device, kw_only=True)

    @property
    def signatures(self) -> BuildSignatures:
        return self.place.office.signatures

    def press(self, came: Person) -> str:
        """Press Publish; return the digest of the build or commit that then waits."""
        came.post("/publish/")
        until(lambda: self.signatures.waiting is not None)
        return came.fields("/publish/")["build"]

    def sign(self, came: Person, digest: str, device: Device | None = None) -> dict[str, str]:
        answer = (device or self.device).used(asked(came, "/publish/sign/ask", build=digest))
        return said(came, "/publish/sign", answer, build=digest)
