"""A small office for the window's tests, benchmark and pictures: a real endpoint, a real desk, letters in five languages."""

import math
import secrets
import threading
import wave
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pyrage
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from forms.core import portal as portals
from forms.core.crypto.encryption import seal, seal_part
from forms.core.crypto.receipts import Cost
from forms.core.portal import Choice, Desk, Helpline, Language, Member, Portal
from forms.desk.crypto.keys import make_demonstration
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.server.app import create_app
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import NewLetter
from forms.server.web.current import state_of
from forms.web.serving import make
from tests.server.conftest import lay_prepared_data

TODAY = date(2027, 1, 12)


class WindowClient(FlaskClient):
    """A client of the desk's window that adds its secret path to requests and removes it from responses."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        root = self.application.config["APPLICATION_ROOT"]
        if not answer.direct_passthrough:
            answer.set_data(answer.get_data().replace(root.encode(), b""))
        if "Location" in answer.headers:
            answer.headers["Location"] = answer.headers["Location"].replace(root, "")
        return answer


def window_client(app: Flask) -> FlaskClient:
    """A browser at the desk's window."""
    app.test_client_class = WindowClient
    return app.test_client()


def make_portal(keys: Mapping[str, tuple[str, str, str]]) -> Portal:
    names = {"police": "Police cell", "revenue": "Revenue officer", "legal": "Legal Services", "partner": "Partner"}
    desks = tuple(
        Desk(id, {"en": name}, {"en": ""}, ("concern",), (Member(id, *keys[id]),)) for id, name in names.items()
    )
    phrases = (
        Choice("thanks", {"en": "Thank you for writing.", "ta": "எழுதியதற்கு நன்றி.", "hi": "लिखने के लिए धन्यवाद।"}),
        Choice("safe", {"en": "Call 112 in danger.", "ta": "ஆபத்தில் 112-ஐ அழையுங்கள்.", "hi": "खतरे में 112 पर फोन करें।"}),
    )
    return Portal(
        district={"en": "Test district"},
        programme={"en": "Programme"},
        short_name={"en": "Short"},
        languages=tuple(
            Language(*row)
            for row in (("en", "English"), ("ta", "தமிழ்"), ("te", "తెలుగు"), ("hi", "हिन्दी"), ("or", "ଓଡ଼ିଆ"))
        ),
        desks=desks,
        helplines=(Helpline("112", "112", "112", "danger", True, {"en": "Danger"}, {"en": ""}),),
        events=(),
        choices={
            "places": tuple(Choice(one, {"en": one.title()}) for one in ("northtown", "southtown", "hillside")),
            "work": tuple(Choice(*one) for one in (("kiln", {"en": "Brick kiln"}), ("farm", {"en": "Farm"}))),
            "themes": (Choice("wages", {"en": "Wages held back"}), Choice("advance", {"en": "An advance that binds"})),
            "phrases": phrases,
            "staff_links": (Choice("https://example.org/forms", {"en": "Inquiry form"}),),
        },
        exit_url="https://example.org/",
        address="http://127.0.0.1:8000",
        demonstration=True,
        responsible={"en": "Nobody yet"},
        keep={"signups_days": 30, "concerns_days": 365},
        assets={"css": "/a.css", "js": "/a.js", "seal": "/s.js", "seal_integrity": "x"},
    )


@dataclass
class Office:
    """An endpoint with its desks' keys, and letters put into its store as the endpoint does."""

    home: Path
    portal: Portal
    address: str
    store: ConcernStore
    app: Flask
    today: date = TODAY

    def place(self, desk: str = "police") -> DeskPlace:
        return DeskPlace(desk, self.home / "desk" / desk, self.address)

    def session(self, desk: str = "police") -> Session:
        return Session.unlock(self.place(desk), None, today=lambda: self.today)

    def letter(
        self, what: str = "A word", *, day: str = "2027-01-10", language: str = "ta", desks: tuple[str, ...] = ("police", "legal"),
        tray: int = 1, form: str = "", thread: str = "", parts: Sequence[tuple[str, bytes]] = (), receipt: bool = True, **answers: Any,
    ) -> str:  # fmt: skip
        """Put a sealed letter into the server's store; return its id."""
        id = secrets.token_hex(16)
        day = (date.fromisoformat(day) + (self.today - TODAY)).isoformat()
        keys = [key for desk in self.portal.desks_with_ids(desks) for key in desk.keys]
        fields = {
            "form": form or ("followup" if thread else "concern"), "version": 1, "id": id, "day": day, "language": language,
            "desks": list(desks), "answers": {"what": what, **answers}, "follows": thread, "sealed_by": "browser",
            "reply_to": str(pyrage.x25519.Identity.generate().to_public()) if receipt else None,
            "parts": [self._part(kind, content, keys, desks, day) for kind, content in parts],
        }  # fmt: skip
        coming = NewLetter(
            id, thread or id, fields["form"], date.fromisoformat(day), None, seal(fields, keys, 16384), desks,
            tuple(part["id"] for part in fields["parts"]), tray,
        )  # fmt: skip
        self.store.intake.save(coming)
        return id

    def _part(self, kind: str, content: bytes, keys: list[str], desks: Sequence[str], day: str) -> dict[str, Any]:
        id, sealed = seal_part({"kind": kind, "type": "?"}, content, keys)
        self.store.intake.save_part(id, date.fromisoformat(day), desks, sealed)
        return {"id": id, "kind": kind, "seconds": 7 if kind == "voice" else 0}


@contextmanager
def running(home: Path, today: date = TODAY) -> Iterator[Office]:
    """Run the office; the days of its letters are computed as if today were TODAY."""
    portal = make_portal(make_demonstration(home / "desk", ("police", "revenue", "legal", "partner")))
    portals.write(portal, home / "portal.json")
    lay_prepared_data(home / "server", portal, today)
    app = create_app(
        {
            "portal": home / "portal.json",
            "data": home / "server",
            "today": lambda: today,
            "cost": Cost(memory=64, passes=1),
        }
    )
    server = make(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Office(home, portal, f"http://127.0.0.1:{server.server_port}", state_of(app).services.concerns, app, today)
    server.shutdown()
    thread.join()
    server.server_close()
    state_of(app).services.close()


@cache
def photo() -> bytes:
    """Return a small picture with GPS data in it, as a phone writes it."""
    image = Image.new("RGB", (320, 240), (180, 90, 40))
    for x in range(0, 320, 20):
        image.paste((230, 200, 160), (x, 120 + x // 4, x + 12, 240))
    exif = Image.Exif()
    exif[0x010F] = "Phone of Somebody"
    file = BytesIO()
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


@cache
def voice() -> bytes:
    """Two seconds of a tone, as WAV."""
    file = BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(
            b"".join(int(9000 * math.sin(at / 9)).to_bytes(2, "little", signed=True) for at in range(32000))
        )
    return file.getvalue()


def fill(office: Office) -> dict[str, str]:
    """Letters as they come in a week: some urgent, some alike, one hidden from a desk, one flooded, in five languages."""
    first = office.letter(
        "செங்கல் சூளையில் பன்னிரண்டு பேர் முன்பணத்துக்காக வேலை செய்கிறார்கள். வெளியே போக விடுவதில்லை. கூலி தரவில்லை.",
        danger="yes", place="northtown", work="kiln", people=12, children="yes", can_leave="no", hide_from=["revenue"],
        parts=[("photo", photo()), ("voice", voice())],
    )  # fmt: skip
    office.letter("நேற்று இரவு இரண்டு குடும்பங்களை வேறு இடத்துக்கு மாற்றினார்கள்.", thread=first, day="2027-01-11")
    words = "Eight families from another state work at the kiln behind the temple tank. They may not go home until the advance is paid."
    alike = office.letter(words, language="en", place="southtown", work="kiln", day="2027-01-02")
    office.letter(words + " Please come.", language="en", place="southtown", day="2027-01-03")
    office.letter("Please come soon. " + words, language="en", day="2027-01-03")
    hindi = office.letter(
        "ठेकेदार ने मजदूरी रोक रखी है और पहचान पत्र ले लिए हैं।",
        language="hi",
        work="kiln",
        day="2027-01-09",
        contact="98…, after eight",
    )
    office.letter(
        "ଇଟା ଭାଟିରେ ପିଲାମାନେ କାମ କରୁଛନ୍ତି।", language="or", children="yes", place="hillside", day="2027-01-08", receipt=False
    )
    office.letter("పొలంలో అప్పు తీరే వరకు పని చేయాలంటున్నారు.", language="te", work="farm", day="2027-01-11")
    flood = office.letter("Buy cheap things here", language="en", tray=2, danger="yes", day="2027-01-11")
    return {"first": first, "alike": alike, "hindi": hindi, "flood": flood}
