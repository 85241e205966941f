"""Hand-made letters: none stops a desk or changes another person's letter."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyrage
import pytest

from forms.core.crypto.encryption import seal, seal_file
from forms.core.problem import Problem
from forms.desk.crypto.decryption import NotALetter, open_part
from forms.desk.session import Session
from forms.desk.sync.client import Server
from forms.desk.sync.responses import ServerAway
from forms.server.store.concerns.letters import NewLetter
from tests.desk.test_window import open_window
from tests.desk.window_helpers import Office, running

pytestmark = pytest.mark.usefixtures("site_not_visited")

KEY = str(pyrage.x25519.Identity.generate().to_public())
HALF = "half \ud800"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path) as office:
        yield office


def store_hand_made_letter(office: Office, **more: Any) -> str:
    """Store a letter that somebody made with another program; return its id."""
    id, desks = secrets.token_hex(16), ("police", "legal")
    keys = [key for desk in office.portal.desks_with_ids(desks) for key in desk.keys]
    fields = {"form": "concern", "id": id, "day": "2027-01-10", "answers": {"what": "w"}, **more}
    text = json.dumps(fields).replace('"DEEP"', "[" * 940 + "]" * 940)  # read by Python, and hardly written again
    sealed = seal_file(text.encode().ljust(24576), keys)
    office.store.intake.save(NewLetter(id, id, "concern", date(2027, 1, 10), None, sealed, desks))
    return id


@pytest.mark.parametrize(
    "more",
    [
        {"day": "9999-12-31", "reply_to": KEY},
        {"day": "soon"},
        {"answers": {"what": HALF, HALF: [HALF]}},
        {"language": HALF, "form": HALF, "day": HALF, "desks": [HALF], "reply_to": HALF},
        {"answers": {"what": "w", "place": "DEEP"}},
        {"reply_to": "age1none"},
    ],
    ids=",".join,
)
def test_no_letter_keeps_a_desk_from_its_work(office: Office, more: dict[str, Any]) -> None:
    good, hand_made = office.letter("A good one"), store_hand_made_letter(office, **more)
    window = open_window(office)
    for path in ("/", "/?text=good", f"/case/{good}", f"/case/{hand_made}", f"/case/{hand_made}/time-line.json"):
        window.page(path)
    for state in ("looking", "closed"):
        window.session.log.write(hand_made, "state", state=state)
    window.page("/retention/")
    window.session.sharing.export(hand_made, KEY)
    assert {case.id for case in office.session().cases.all()} == {good, hand_made}, "and what was read is kept"


def test_a_letter_that_claims_a_day_to_come_grows_old_all_the_same(office: Office) -> None:
    hand_made = store_hand_made_letter(office, day="9998-12-31")
    session = office.session()
    session.sync.run()
    session.log.write(hand_made, "state", state="closed")
    office.today = date(2100, 1, 1)
    for day_file in office.home.rglob("day.json"):
        day_file.unlink()  # a machine that did not jump there, but lived all those years
    assert [case.id for case in office.session().erasing.old_cases()] == [hand_made]


def test_a_part_whose_head_lies_is_said_to_be_none() -> None:
    identity = pyrage.x25519.Identity.generate()
    for head in (
        '{"kind": "photo", "bytes": 1e999}',
        '{"kind": "photo", "bytes": NaN}',
        '{"kind": "photo"}',
        "[" * 5000,
    ):
        sealed = seal_file(head.encode() + b"\nx", [str(identity.to_public())])
        with pytest.raises(NotALetter):
            open_part(sealed, [identity])


def test_a_letter_that_claims_to_be_a_notice_erases_nothing(office: Office) -> None:
    """Whoever shares a letter knows its id: a desk must not be able to make another forget it."""
    victim = office.letter("A good one")
    session = office.session()
    session.sync.run()
    store_hand_made_letter(office, form="deletion", follows=victim)
    session.sync.run()
    assert session.cases.case(victim).first_words == "A good one"


def test_a_letter_that_names_anothers_photo_does_not_take_it_along(office: Office) -> None:
    victim = office.letter("With a photo", parts=[("photo", b"pixels")])
    session = office.session()
    session.sync.run()
    [(_, part)] = session.cases.case(victim).parts
    hand_made = store_hand_made_letter(office, parts=[{"id": part.id, "kind": "photo"}])
    session.sync.run()
    session.erasing.erase(hand_made)
    assert session.local_store.has("parts", part.id)
    session.erasing.erase(victim)
    assert not session.local_store.has("parts", part.id)


def notice(office: Office, thread: str, proof: str) -> None:
    """What the server leaves where a person erased a letter."""
    id = secrets.token_hex(16)
    keys = [key for desk in office.portal.desks_with_ids(["police"]) for key in desk.keys]
    fields = {"form": "deletion", "id": id, "day": "2027-01-11", "follows": thread, "answers": {}, "proof": proof}
    coming = NewLetter(id, id, "deletion", date(2027, 1, 11), None, seal(fields, keys, 24576), ("police",))
    assert not office.store.erasing.erase_thread(thread, coming, notified=("police",))


def test_a_notice_is_obeyed_though_the_line_broke_after_it_was_fetched(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = secrets.token_bytes(32)
    victim = store_hand_made_letter(office, erase_hash=hashlib.sha256(secret).hexdigest())
    session = office.session()
    session.sync.run()
    notice(office, victim, secret.hex())
    with monkeypatch.context() as broken:

        def away(_: Any) -> Any:
            raise ServerAway("x", "cannot be reached.", "Try again.")

        broken.setattr(Server, "entries", away)
        session.sync.run()
    session.sync.run()
    assert session.cases.all() == ()
    assert list(session.cases.awaiting_erasure()) == [victim]
    assert [path.stem for name in ("letters", "labels") for path in (session.place.folder / name).glob("*")] == [victim]


def test_a_letter_erased_while_it_is_fetched_does_not_stay(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the server this desk never had it: nobody would ever tell the desk to erase it."""
    victim = office.letter("To be erased", parts=[("photo", b"pixels")], desks=("police",))
    fetched: Callable[[Server, str], bytes] = Server.letter

    def erased_meanwhile(server: Server, id: str) -> bytes:
        sealed = fetched(server, id)
        office.store.erasing.erase_thread(victim, None, notified=("police",))
        return sealed

    monkeypatch.setattr(Server, "letter", erased_meanwhile)
    session: Session = office.session()
    session.sync.run()
    assert session.cases.all() == ()
    assert [
        path.name for name in ("letters", "parts", "labels") for path in (session.place.folder / name).glob("*")
    ] == []
    with pytest.raises(Problem):
        session.cases.case(victim)
