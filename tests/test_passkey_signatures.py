"""A build that a publisher signed with a passkey: what a device signs counts for that build, and nothing else does."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from forms.core.builds import manifest, passkey_signatures
from forms.core.builds.manifest import BuildManifest, is_signed
from forms.core.crypto.signing import public_text

HOST = "office.example"


def make_manifest(number: int = 7) -> bytes:
    return manifest.write(BuildManifest(number, "2027-01-01", {}, {}, "0" * 64))


@dataclass
class Device:
    """A device with one passkey; each field is what an odd one, or an odd page, would say."""

    host: str = HOST
    origin: str = f"https://{HOST}"
    kind: str = "webauthn.get"
    flags: int = 0x05
    more: dict[str, object] = field(default_factory=dict)
    secret: int = 1234567

    def __post_init__(self) -> None:
        self.key = ec.derive_private_key(self.secret, ec.SECP256R1())

    def public(self, host: str = HOST) -> str:
        numbers = self.key.public_key().public_numbers()
        return passkey_signatures.public_text(host, numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))

    def sign(self, challenge: bytes) -> str:
        encoded_challenge = urlsafe_b64encode(challenge).decode().rstrip("=")
        client_data = {"type": self.kind, "challenge": encoded_challenge, "origin": self.origin, **self.more}
        client = json.dumps(client_data, separators=(",", ":")).encode()  # as browsers write it
        data = sha256(self.host.encode()).digest() + bytes([self.flags]) + bytes(4)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return passkey_signatures.signature_text(data, client, signature)


def line(device: Device, data: bytes) -> bytes:
    return f"{device.public()} {device.sign(manifest.challenge(data))}\n".encode()


def test_a_passkey_signs_one_build_beside_keys_of_machines() -> None:
    device, machine = Device(), SigningKey.generate()
    signatures = manifest.signature_line(make_manifest(), machine).encode() + line(device, make_manifest())
    assert is_signed(make_manifest(), signatures, [device.public()])
    assert is_signed(make_manifest(), signatures, [public_text(machine)])
    assert not is_signed(make_manifest(8), signatures, [device.public()]), "a signature for another build"
    assert not is_signed(make_manifest(), signatures, [Device(secret=99).public()])
    assert not is_signed(make_manifest(), signatures, []), "a key that nobody named"


@pytest.mark.parametrize("fields", [
    {"host": "evil.example"}, {"origin": "https://evil.example"}, {"origin": f"http://{HOST}"}, {"origin": f"https://{HOST}:444"},
    {"origin": f"https://a.{HOST}"}, {"kind": "webauthn.create"}, {"flags": 0x01}, {"flags": 0x04}, {"flags": 0x45}, {"more": {"crossOrigin": True}},
    {"more": {"challenge": "AAAA"}}, {"more": {"type": "webauthn.create"}}, {"more": {"challenge": 5}}, {"more": {"origin": None}},
])  # fmt: skip
def test_another_page_purpose_or_a_device_that_knew_nobody_is_no_signature(fields: dict[str, object]) -> None:
    device = Device(**fields)  # type: ignore[arg-type]
    assert is_signed(make_manifest(), line(Device(), make_manifest()), [device.public()]), "the same key"
    assert not is_signed(make_manifest(), line(device, make_manifest()), [device.public()])


def test_a_sign_in_is_no_signature_of_a_build_and_a_key_is_for_one_office() -> None:
    device = Device()
    signature = device.sign(b"what a sign-in asks for: 32 bytes")
    assert not is_signed(make_manifest(), f"{device.public()} {signature}\n".encode(), [device.public()])
    renamed = device.public("other.example")
    moved = line(device, make_manifest()).replace(device.public().encode(), renamed.encode())
    assert not is_signed(make_manifest(), moved, [renamed, device.public()])


CHANGES: dict[str, Callable[[list[str]], list[str]]] = {
    "cut": lambda parts: parts[:2], "more": lambda parts: [*parts, "AA"], "empty": lambda parts: ["", *parts[1:]],
    "padded": lambda parts: [*parts[:2], f"{parts[2]}="], "swapped": lambda parts: [parts[1], parts[0], parts[2]],
    "a stray sign": lambda parts: [f"!{parts[0]}", *parts[1:]],
    "other signs": lambda parts: [*parts[:2], "+/+/"], "large": lambda parts: [parts[0], parts[1] + "A" * 9000, parts[2]],
    "deep": lambda parts: [parts[0], urlsafe_b64encode(b"[" * 3000).decode().rstrip("="), parts[2]],
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_signature_that_was_changed_is_none_and_never_an_error(change: str) -> None:
    device = Device()
    parts = device.sign(manifest.challenge(make_manifest())).split(".")
    changed = ".".join(CHANGES[change](parts))
    assert not is_signed(make_manifest(), f"{device.public()} {changed}\n".encode(), [device.public()])


@given(st.binary(max_size=300))
def test_any_bytes_are_no_signature(junk: bytes) -> None:
    key = Device().public()
    text = ".".join(urlsafe_b64encode(junk[at::3]).decode().rstrip("=") for at in range(3))
    for signature in (junk, text.encode()):
        assert not is_signed(make_manifest(), f"{key} ".encode() + signature, [key])


@pytest.mark.parametrize("text", [
    "", "passkey:", f"passkey:{HOST}:04{'0' * 64}", f"passkey:{HOST}:02{'0' * 63}", f"passkey:{HOST}:02{'A' * 64}", f"passkey:Office.example:02{'0' * 64}",
    f"passkey:office:02{'0' * 64}", f"passkey:{HOST}:02{'0' * 64}\n", f"passkey:a..b:02{'0' * 64}", 5, None, [f"passkey:{HOST}:02{'0' * 64}"],
])  # fmt: skip
def test_what_is_no_key_is_not_taken_for_one(text: object) -> None:
    assert not manifest.is_publisher(text)


def test_a_key_that_is_no_point_of_the_curve_signs_nothing() -> None:
    key = f"passkey:{HOST}:02{'f' * 64}"
    assert manifest.is_publisher(key), "only its form is looked at where nothing is checked"
    signature = Device().sign(manifest.challenge(make_manifest()))
    assert not is_signed(make_manifest(), f"{key} {signature}\n".encode(), [key])
