"""The office in a real browser: passkeys of a phone, no script, 360 px, a keyboard, five languages."""

import json
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from editor.editor import Editor
from editor.office import build_signatures
from editor.office.build_signatures import BuildSignatures
from editor.publishing import Folder as PublicFolder
from fido2.utils import websafe_decode
from playwright.sync_api import expect
from werkzeug.serving import make_server

from forms.core.builds import manifest as manifests
from forms.core.builds.manifest import BuildManifest
from forms.web.serving import NoTraceRequestHandler, closing
from tests.editor.conftest import editor, folder, folder_place, kept_tables, make_editor, seal_cache, write_site
from tests.editor.office_helpers import Place, open_office
from tests.journeys.walking import assert_accessible, assert_fits
from tests.server.deployed import free_port
from tests.sitegen.conftest import Folder

__all__ = ["editor", "folder", "kept_tables", "seal_cache"]

PICTURES = os.environ.get("OFFICE_PICTURES")
"""Where whoever looks at the pages wants pictures of them; usually nowhere."""


@pytest.fixture
def place(editor: Editor) -> Iterator[Place]:
    """An office that is served."""
    with served(editor) as office_place:
        yield office_place


@contextmanager
def served(editor: Editor, signatures: BuildSignatures | None = None) -> Iterator[Place]:
    """Serve an office at https's stand-in for tests: browsers treat localhost as they do TLS."""
    port = free_port()
    place = open_office(editor, f"http://localhost:{port}", signatures)
    server = make_server("127.0.0.1", port, closing(place.app), threaded=True, request_handler=NoTraceRequestHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield place
    server.shutdown()
    thread.join()
    server.server_close()


def phone(browser: Any, place: Place, **more: Any) -> Any:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=place.office.origin, **more)
    page = context.new_page()
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    return page


def with_authenticator(page: Any) -> Any:
    """Give a page the fingerprint sensor of a phone."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    }})  # fmt: skip
    return page


def assert_usable(page: Any, name: str) -> None:
    assert_accessible(page)
    assert_fits(page)
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_a_passkey_of_a_phone_signs_in_and_publishes(browser: Any, place: Place, folder: Folder) -> None:
    page = with_authenticator(phone(browser, place))
    page.goto(f"/invited/{place.invite('B. Das', 'publisher')}")
    page.get_by_label("What you call this phone").fill("Das's phone")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="What waits")).to_be_visible(timeout=120_000)
    page.get_by_role("link", name="B. Das").click()
    page.get_by_text("Das's phone").wait_for()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button", name="With a passkey").click()
    expect(page.get_by_role("heading", name="What waits")).to_be_visible(timeout=120_000)
    place.clock.now += 3600
    page.goto("/publish/")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible(timeout=120_000)
    page.get_by_role("button", name="With a passkey").click()
    page.get_by_role("button", name="Publish").click()
    page.get_by_text("It is on the site.").wait_for(timeout=120_000)
    assert (folder.root / "public" / "en" / "index.html").exists()
    assert page.faults == []


def signature_verifier(origins: list[str]) -> Callable[[bytes, bytes, Collection[str]], bool]:
    """Return what verifies a passkey's signature of a build, and notes the origin at which it was made."""

    def is_signed(manifest: bytes, line: bytes, publishers: Collection[str]) -> bool:
        key, _, text = line.decode().strip().partition(" ")
        data, client, raw = (websafe_decode(part) for part in text.split("."))
        client_data, (_, host, point) = json.loads(client), key.split(":")
        assert (client_data["type"], websafe_decode(client_data["challenge"])) == (
            "webauthn.get",
            manifests.challenge(manifest),
        )
        assert (key in publishers, host, data[32] & 5) == (True, "localhost", 5), "she was there, and known to it"
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(point))
        public.verify(raw, data + sha256(client).digest(), ec.ECDSA(SHA256()))
        origins.append(client_data["origin"])  # http here, and refused anywhere else: tests/test_passkey_signatures.py
        return True

    return is_signed


def test_a_finger_on_a_phone_signs_a_build(browser: Any, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a real browser's authenticator returns is a signature of just this build, of the key that was named."""
    signed: list[str] = []
    monkeypatch.setattr(build_signatures.manifests, "is_signed", signature_verifier(signed))
    publishers: list[str] = []
    signatures = BuildSignatures(lambda: list(publishers))

    def build(out: Path) -> None:
        signatures.sign(manifests.write(BuildManifest(7, "2027-01-01", {}, {}, "0" * 64)))
        write_site(folder, out)

    editor = make_editor(folder, PublicFolder(folder.root / "public", build, folder_place(folder).remove_withdrawn))
    with served(editor, signatures) as place:
        page = with_authenticator(phone(browser, place))
        page.goto(f"/invited/{place.invite('B. Das', 'publisher')}")
        page.get_by_role("button", name="Make a passkey").click()
        expect(page.get_by_role("heading", name="What waits")).to_be_visible(timeout=120_000)
        key = place.office.accounts.find("B. Das").passkeys[0]  # type: ignore[union-attr]
        page.goto("/publish/")
        page.get_by_role("button", name="Publish").click()
        page.get_by_role("heading", name="waits for your signature").wait_for(timeout=120_000)
        assert_usable(page, "sign")
        page.get_by_role("button", name="Sign and publish").click()
        page.get_by_text("not one of a publisher whom portal.yml names").wait_for(timeout=120_000)
        assert not (folder.root / "public").exists()
        publishers.append(place.office.passkeys.publisher_key(key))
        page.get_by_role("button", name="Sign and publish").click()
        page.get_by_text("It is on the site.").wait_for(timeout=120_000)
        page.goto("/me")
        page.get_by_text("signs what you publish").wait_for()
        assert_usable(page, "me-publisher")
        assert signed == [place.office.origin]
        assert page.faults == []
    editor.publisher.wait()
    editor.store.history.close()


def test_without_a_script_by_keyboard_alone_a_passphrase_is_the_way(browser: Any, place: Place) -> None:
    page = phone(browser, place, java_script_enabled=False)
    page.goto(f"/invited/{place.invite('M. Devi', 'writer')}")
    box = page.get_by_label("Passphrase")
    offered = box.input_value()
    assert len(offered) == 23
    expect(page.get_by_role("button", name="Make a passkey")).to_be_hidden()
    box.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What waits").wait_for()
    page.goto("/me")
    page.get_by_role("button", name="Sign out", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_label("Your name").fill("m. devi")
    page.keyboard.press("Tab")
    page.keyboard.type(offered)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What waits").wait_for()


@pytest.mark.parametrize("language", ["en", "ta", "te", "hi", "or"])
def test_nobody_stumbles_and_nothing_is_wider_than_a_phone(browser: Any, place: Place, language: str) -> None:
    token = place.invite("M. Devi", "writer", "reviewer", "publisher", languages=("ta", "en"))
    page = with_authenticator(phone(browser, place))
    page.goto(f"/sign-in?lang={language}")
    assert_usable(page, f"sign-in-{language}")
    page.goto(f"/invited/{token}?lang={language}")
    assert_usable(page, f"invited-{language}")
    page.locator("[data-passkey] button").click()
    page.locator(".top nav").wait_for()
    with place.office.state_store.transaction() as state:
        state.accounts[0].language = language
    for path in ("/me", "/", "/publish/", "/again?then=publish"):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == language
        assert_usable(page, f"{path.strip('/').partition('?')[0] or 'home'}-{language}")
    page.goto("/sign-in")
    page.goto("/me")
    assert page.faults == []
