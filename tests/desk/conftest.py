"""A real server and real desks on this machine: two machines of the police desk, one of the legal desk."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyrage
import pytest
from flask import Flask

from forms.core import portal as portals
from forms.core.portal import Desk, Member, Portal
from forms.desk.crypto import keys
from forms.desk.crypto.keys import PublicKeys
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.desk.watch.site_watch import SiteWatch
from forms.server.app import create_app
from forms.server.web.current import state_of
from forms.web.serving import make
from tests.server.conftest import CHEAP, TODAY, District, district, lay_prepared_data

__all__ = ["district"]  # the fixture


@pytest.fixture
def quick_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace age's passphrase encryption, which is slow on purpose; test_desk.py tests the real one."""

    def mark(passphrase: str) -> bytes:
        return b"age-encryption.org/v1 quick " + hashlib.sha256(passphrase.encode()).digest()

    def decrypt(sealed: bytes, passphrase: str) -> bytes:
        if not sealed.startswith(mark(passphrase)):
            raise pyrage.DecryptError("another passphrase")
        return bytes(byte ^ 0xFF for byte in sealed.removeprefix(mark(passphrase)))

    def encrypt(plain: bytes, passphrase: str) -> bytes:
        return mark(passphrase) + bytes(byte ^ 0xFF for byte in plain)

    monkeypatch.setattr(pyrage.passphrase, "encrypt", encrypt)
    monkeypatch.setattr(pyrage.passphrase, "decrypt", decrypt)


@dataclass
class Office:
    """A server with its desks' machines. `away` takes the server off the network."""

    app: Flask
    home: Path
    address: str
    portal: Portal
    public_keys: dict[str, PublicKeys] = field(default_factory=dict)
    day: date = TODAY

    def machine(self, member: str) -> Session:
        """Return an unlocked session of a desk's machine."""
        return Session.unlock(DeskPlace(member, self.home / member, self.address), None, lambda: self.day)

    def tell(self, form: str = "concern", **answers: Any) -> str:
        """Send a concern as a browser without JavaScript does; return its receipt."""
        client = self.app.test_client()
        preview = client.post(f"/forms/en/{form}", data=answers).get_data(as_text=True)
        once = re.search(r'name="once" value="([0-9a-f]+)"', preview)
        assert once, preview
        page = client.post(f"/forms/en/{form}", data={**answers, "do": "send", "once": once[1]}).get_data(as_text=True)
        code = re.search(r'class="code"[^>]*>\s*([0-9 ]+)', page)
        assert code, page
        return code[1].strip()

    def add(self, receipt: str, what: str) -> None:
        """Send a follow-up with the receipt of a letter."""
        client = self.app.test_client()
        page = client.post("/forms/en/followup", data={"code": receipt}).get_data(as_text=True)
        once = re.search(r'name="once" value="([0-9a-f]+)"', page)
        assert once
        client.post("/forms/en/followup", data={"code": receipt, "once": once[1], "do": "send", "what": what})

    def answer_page(self, receipt: str, **more: Any) -> str:
        """Return the page that the receipt opens."""
        return self.app.test_client().post("/forms/en/answer", data={"code": receipt, **more}).get_data(as_text=True)

    def publish(self, portal: Portal) -> None:
        """Publish this portal, as a new build does."""
        self.portal = portal
        portals.write(portal, self.home / "portal.json")
        state_of(self.app).use_portal(portals.read(self.home / "portal.json"))

    def with_desk(self, desk_id: str, **changes: Any) -> None:
        """Publish the portal with one desk changed."""
        desks = tuple(replace(desk, **changes) if desk.id == desk_id else desk for desk in self.portal.desks)
        self.publish(replace(self.portal, desks=desks))

    def encrypted_files(self) -> bytes:
        """Return the bytes of all encrypted files of all desks."""
        return b"".join(path.read_bytes() for path in self.home.rglob("*.age") if path.is_file())


def members(home: Path, *ids: str) -> tuple[tuple[Member, ...], dict[str, PublicKeys]]:
    public_keys = {id: keys.make(home / id, None) for id in ids}
    return tuple(
        Member(id, public.key, public.pickup, public.signing) for id, public in public_keys.items()
    ), public_keys


@pytest.fixture
def office(tmp_path: Path, district: District) -> Iterator[Office]:
    with running_office(tmp_path / "installation", district) as office:
        yield office


@contextmanager
def running_office(home: Path, district: District) -> Iterator[Office]:
    """Run a server, with the machines of all desks, in this folder."""
    people = {"police": ("police/anita", "police/babu"), "legal": ("legal",), "partner": ("partner",),
              "events": ("events",)}  # fmt: skip
    desks: list[Desk] = []
    public_keys: dict[str, PublicKeys] = {}
    for desk in district.portal.desks:
        members_of_desk, public = members(home, *people[desk.id])
        desks.append(replace(desk, members=members_of_desk))
        public_keys |= public
    portal = replace(district.portal, desks=tuple(desks))
    portals.write(portal, home / "portal.json")
    lay_prepared_data(home / "server", portal, TODAY)
    app = create_app({"portal": home / "portal.json", "data": home / "server", "cost": CHEAP, "today": lambda: TODAY})
    server = make(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Office(app, home, f"http://127.0.0.1:{server.server_port}", portal, public_keys)
    server.shutdown()
    thread.join()
    server.server_close()
    state_of(app).services.close()
    state_of(app).in_use.close()


@pytest.fixture
def site_not_visited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the visit to the public site after each fetch: a dozen requests that most tests do not look at."""
    monkeypatch.setattr(SiteWatch, "check", lambda *_, **__: ())


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Return a function that takes the server off the network (True) or puts it back (False)."""
    from forms.desk.sync import client as fetch  # noqa: PLC0415 - the fixture's own
    from forms.desk.sync.responses import ServerAway  # noqa: PLC0415 - the same

    honest_ask = fetch.Server.ask

    def raise_server_away(server: Any, *_: Any, **__: Any) -> Any:
        raise ServerAway(server.address, "cannot be reached.", "Try again.")

    return lambda off: monkeypatch.setattr(fetch.Server, "ask", raise_server_away if off else honest_ask)
