"""Data folders that earlier releases left, opened by this one: every receipt, answer, case, note and sign-up.

data/<release>.tar.xz is made by make_data.py in a checkout of that release.
"""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from forms.core.crypto.receipts import Cost
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.server.app import create_app
from forms.server.web.current import state_of
from forms.web.serving import make
from tests.server.conftest import postgres
from tests.serving import serve_in_thread

__all__ = ["postgres"]  # the fixture


DATA = Path(__file__).parent / "data"
PASSPHRASE = "kiln at the river"
RELEASES = sorted(path.name.partition(".")[0] for path in DATA.glob("*.tar.xz"))


@dataclass
class Old:
    """A data folder of a release, with this release's server before it."""

    home: Path
    told: dict[str, Any]
    app: Flask
    address: str

    def page(self, form: str, **answers: str) -> str:
        return self.app.test_client().post(f"/forms/en/{form}", data=answers).get_data(as_text=True)

    def desk(self, name: str, passphrase: str | None = None) -> Session:
        return Session.unlock(DeskPlace(name, self.home / name, self.address), passphrase, self.today)

    def today(self) -> date:
        return date.fromisoformat(self.told["today"])


def unpack(release: str, database: str, to: Path) -> Path:
    with tarfile.open(DATA / f"{release}.tar.xz") as archive:
        archive.extractall(to, filter="data")
    return to / database


def restored(url: str, dump: Path, name: str) -> str:
    """A database of this name with what the dump holds; its address."""
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    with psycopg.connect(plain.replace("/postgres?", f"/{name}?"), autocommit=True) as connection:
        connection.execute(dump.read_bytes())
    return url.replace("/postgres?", f"/{name}?")


@pytest.fixture(
    scope="module", params=[f"{release}-{kind}" for release in RELEASES for kind in ("sqlite", "postgresql")]
)
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    release, kind = request.param.split("-")
    home = unpack(release, kind, tmp_path_factory.mktemp(release))
    told = json.loads((home / "told.json").read_text())
    where = {}
    if kind == "postgresql":
        url = request.getfixturevalue("postgres")
        files = (("concerns_url", "postgres"), ("signups_url", "signups"))
        where = {key: restored(url, home / f"server/{file}.sql", f"old_{release}_{file}") for key, file in files}
    day = date.fromisoformat(told["today"])
    settings = {
        "portal": home / "portal.json",
        "data": home / "server",
        "cost": Cost(**told["cost"]),
        "today": lambda: day,
    }
    app = create_app({**settings, **where})
    server = make(app, "127.0.0.1", 0)
    with serve_in_thread(server) as address:
        yield Old(home, told, app, address)
    state_of(app).services.close()
    state_of(app).in_use.close()


def test_every_receipt_opens(old: Old) -> None:
    assert "the answer of the police" in old.page("answer", code=old.told["answered"])
    for receipt in ("waits", "late"):
        page = old.page("answer", code=old.told[receipt])
        assert "the answer of the police" not in page
        assert 'name="do"' in page, "the page of a letter that is here"


def test_the_signup_is_there_and_is_its_groups(old: Old) -> None:
    assert "Meeting" in old.page("cancel", code=old.told["signup"])
    events = old.desk("events")
    events.sync.run()
    [row] = state_of(old.app).services.signups.all_signups()
    assert (row.event, row.people) == ("meeting", 2)


@pytest.mark.parametrize(("desk", "passphrase"), [("police", None), ("legal", PASSPHRASE)])
def test_a_desk_has_its_cases_and_fetches_what_waited(old: Old, desk: str, passphrase: str | None) -> None:
    session = old.desk(desk, passphrase)
    session.sync.run()
    words = " ".join(str(case) for case in session.cases.all())
    for told in ("words that were answered", "words that wait", "words that no desk has fetched"):
        assert told in words
    assert ("a note of the police" in words) == (desk == "police")


def test_a_person_adds_to_a_letter_and_the_desk_answers_again(old: Old) -> None:
    police = old.desk("police")
    police.log.answer(old.told["case"], "a second answer", "looking")
    police.sync.run()
    assert "a second answer" in old.page("answer", code=old.told["answered"])


def test_a_copy_was_made_before_the_schema_changed(old: Old) -> None:
    names = {path.name for path in (old.home / "server").iterdir()}
    if "concerns.db" in names:
        assert {"concerns.db.before-0001", "signups.db.before-0001"} <= names
