"""Let a desk of one release work with the server of another (docs/decisions/0058):

    PYTHONPATH=/tmp/old .venv/bin/python tests/releases/between.py serve FOLDER        prints an address, then waits for a line
    PYTHONPATH=.        .venv/bin/python tests/releases/between.py desk FOLDER ADDRESS
    (a line to the first: it says whether the answer is there)

and once more with the two changed over. What either refuses ends it with an error.
"""

import json
import sys
import threading
from pathlib import Path

from make_data import COST, TODAY, new_portal, send

from forms.core import portal as portals
from forms.core.crypto.receipts import Cost
from forms.desk.doctor.examination import examine
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.server.app import create_app
from forms.web.serving import make


def serve(home: Path) -> None:
    """Serve a new portal with one concern; after a line, require the answer of the desk."""
    portals.write(new_portal(home), home / "portal.json")
    own = {"portal": home / "portal.json", "data": home / "server", "cost": Cost(**COST), "today": lambda: TODAY}
    app = create_app(own)
    client = app.test_client()
    receipt = send(client, "concern", what="words of a person")
    send(client, "signup", event="meeting", people="2", name="Malar", adult="yes")
    server = make(app, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.readline()
    assert "the answer of the desk" in client.post("/forms/en/answer", data={"code": receipt}).get_data(as_text=True)
    print("The person reads the answer.")
    server.shutdown()


def desk(home: Path, address: str) -> None:
    """Fetch, note and answer; say what the doctor finds."""
    police = Session.unlock(DeskPlace("police", home / "police", address), None, lambda: TODAY)
    police.sync.run()
    [case] = police.cases.all()
    assert "words of a person" in str(case)
    police.log.write(case.id, "note", text="a note")
    police.log.answer(case.id, "the answer of the desk", "looking")
    police.sync.run()
    events = Session.unlock(DeskPlace("events", home / "events", address), None, lambda: TODAY)
    events.sync.run()
    wrong = [found.sentence for found in examine(police) if not found.ok]
    print(json.dumps({"cases": len(police.cases.all()), "doctor": wrong}, indent=1))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]).absolute())
    else:
        desk(Path(sys.argv[2]).absolute(), sys.argv[3])
