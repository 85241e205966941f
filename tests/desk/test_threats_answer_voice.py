"""A desk answers by voice: what a server, another desk or a wrong file can and cannot do with it."""

import base64
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pyrage
import pytest

from forms.core.crypto import receipts
from forms.core.crypto.encryption import ANSWER_SIZES, MIN_PART_SIZE, is_sealed_for, part_id, seal, seal_part
from forms.core.ids import new_id
from forms.core.media import attachments
from forms.core.problem import Problem
from forms.core.proofs.receipt_proofs import AnswerRecord, is_proven
from forms.desk.cases.case import Case
from forms.desk.crypto.answers import clean_recording, read_recording
from forms.desk.services.parts import clean_part
from forms.desk.session import Session
from forms.server.store.concerns.letters import MAX_VOICES
from forms.server.web.current import state_of
from tests.desk.conftest import Office
from tests.desk.test_session import on_new_machine
from tests.desk.test_threats_acknowledgement import answers, keys_of
from tests.server.conftest import TODAY
from tests.server.test_attachments import recording, tagged

pytestmark = pytest.mark.usefixtures("site_not_visited")

TEXT = "We come on Monday."


@cache
def cleaned_recording(seconds: float) -> attachments.Clean:
    return attachments.clean("answer", recording(seconds))


@pytest.fixture
def quick_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the decoder: a recording of n bytes counts as n seconds of sound. Another test runs the real decoder."""
    monkeypatch.setattr("forms.desk.services.case_writer.clean_recording", lambda told: cleaned_recording(len(told)))


def answer_by_voice(office: Office, seconds: int = 2, *, what: str = "x") -> tuple[str, Session, Case]:
    """A letter that the police desk has answered by voice: its receipt, the machine, the case."""
    receipt, anita = office.tell(what=what), office.machine("police/anita")
    anita.sync.run()
    [id] = [case.id for case in anita.cases.all() if case.first and case.first.answers["what"] == what]
    anita.log.answer(id, TEXT, recording=b"r" * seconds)
    return receipt, anita, anita.cases.case(id)


def change_database(office: Office, statement: str, *values: Any) -> None:
    """Change the server's database."""
    with closing(sqlite3.connect(office.home / "server" / "concerns.db")) as store, store:
        store.execute(statement, values)


def newest_voice_hash(office: Office, receipt: str) -> str:
    """Return the SHA-256 of the recording that the newest answer to a receipt names."""
    return str(next(one for one in reversed(answers(office, receipt)) if one.get("voice"))["voice"])


def played_recording(office: Office, receipt: str) -> bytes:
    """Return the recording in the page without JavaScript; empty if there is none."""
    page = office.answer_page(receipt, hear=newest_voice_hash(office, receipt))
    assert TEXT in page, "the text is there whatever comes of the voice"
    match = re.search(r'src="data:audio/ogg;base64,([^"]+)"', page)
    assert bool(match) != ("cannot be played here" in page)
    return base64.b64decode(match[1]) if match else b""


# The good case


@pytest.mark.usefixtures("quick_decoder")
def test_the_person_hears_it_and_reads_it_and_the_disk_holds_no_sound(office: Office) -> None:
    receipt, anita, case = answer_by_voice(office)
    page = office.answer_page(receipt)
    assert TEXT in page
    assert re.search(r'name="hear" value="[0-9a-f]{64}">[^<]*Listen to the answer <span>0:02 · \d+ KB', page)
    assert "data:audio" not in page, "nothing is loaded before it is asked for"
    assert played_recording(office, receipt) == cleaned_recording(2).content
    [voice] = case.answer_recordings
    assert clean_part(anita.local_store, anita.own_keys.identities, voice.id)[0].startswith("audio/ogg"), (
        "the desk can hear what it said"
    )
    assert cleaned_recording(2).content[:200] not in b"".join(
        path.read_bytes() for path in office.home.rglob("*") if path.is_file()
    )


@pytest.mark.usefixtures("quick_decoder")
def test_the_voice_goes_where_the_text_goes(office: Office, quick_passphrase: None) -> None:
    """To a colleague's machine, into an export, out of all with an erasing; not to a desk that gets a copy."""
    _, anita, case = answer_by_voice(office)
    [voice] = case.answer_recordings
    babu = office.machine("police/babu")
    babu.sync.run()
    assert babu.cases.case(case.id).answer_recordings == case.answer_recordings
    assert clean_part(babu.local_store, babu.own_keys.identities, voice.id) == clean_part(
        anita.local_store, anita.own_keys.identities, voice.id
    )
    assert babu.cases.unproven_parts(babu.cases.case(case.id)) == frozenset()
    bundle = pyrage.passphrase.decrypt(anita.sharing.export(case.id, "a long passphrase"), "a long passphrase")
    with zipfile.ZipFile(io.BytesIO(bundle)) as files:
        assert files.read(f"parts/{voice.id}.audio") == cleaned_recording(2).content
        assert f"parts/{voice.id}.audio" in files.read("SHA256SUMS").decode()
        [entry] = [one for one in json.loads(files.read("time-line.json")) if one["what"] == "answer"]
    assert (entry["value"]["text"], entry["value"]["voice"]) == (TEXT, voice.id)
    for machine in (anita, babu):
        machine.erasing.erase(case.id)
        assert not machine.local_store.has("parts", voice.id)
    office.machine("legal").sync.run()
    assert office.machine("legal").local_store.ids("parts") == [], "another desk never had it"


@pytest.mark.usefixtures("quick_decoder")
def test_a_colleague_with_a_new_key_gets_it_with_the_case(office: Office) -> None:
    _, anita, case = answer_by_voice(office)
    babu = on_new_machine(office, "police/babu")
    anita.sync.run()
    anita.key_decisions.trust("police/babu")
    anita.sharing.reseal("police/babu")
    babu.sync.run()
    [voice] = case.answer_recordings
    assert clean_part(babu.local_store, babu.own_keys.identities, voice.id) == clean_part(
        anita.local_store, anita.own_keys.identities, voice.id
    )


@pytest.mark.usefixtures("quick_decoder")
def test_a_voice_that_could_not_be_fetched_is_fetched_at_the_next_visit(office: Office) -> None:
    _, _, case = answer_by_voice(office)
    [voice] = case.answer_recordings
    with closing(sqlite3.connect(office.home / "server" / "concerns.db")) as store:
        [row] = store.execute("SELECT * FROM voices").fetchall()
    change_database(office, "DELETE FROM voices")
    babu = office.machine("police/babu")
    assert babu.sync.run().away == ""
    assert not babu.local_store.has("parts", voice.id)
    change_database(office, "INSERT INTO voices VALUES (?, ?, ?, ?, ?)", *row)
    babu.sync.run()
    assert babu.local_store.has("parts", voice.id)


def test_what_desks_say_has_one_size_whatever_its_length(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "forms.desk.services.case_writer.clean_recording", lambda told: cleaned_recording(60 if len(told) > 1 else 1)
    )
    receipt, anita, case = answer_by_voice(office, 1)
    anita.log.answer(case.id, TEXT, recording=b"rr")
    store = state_of(office.app).services.concerns
    with closing(sqlite3.connect(office.home / "server" / "concerns.db")) as database:
        voices = [row[0] for row in database.execute("SELECT sealed FROM voices")]
    assert [is_sealed_for(one, 3, (MIN_PART_SIZE,)) for one in voices] == [True, True], (
        "for the person and two machines"
    )
    sealed = [answer.sealed for answer in store.receipts.progress(keys_of(office, receipt).lookup).answers]
    assert all(is_sealed_for(one, 1, ANSWER_SIZES) for one in sealed)


# A server that was taken over


@pytest.mark.usefixtures("quick_decoder")
def test_a_voice_of_another_answer_or_letter_or_cut_short_is_not_played(office: Office) -> None:
    receipt, anita, case = answer_by_voice(office)
    anita.log.answer(case.id, TEXT, recording=b"r" * 3)
    other_receipt, _, other_case = answer_by_voice(office, 4, what="another person")
    (old, new), [others] = anita.cases.case(case.id).answer_recordings, other_case.answer_recordings
    assert played_recording(office, receipt) == cleaned_recording(3).content
    swap = "UPDATE voices SET sealed = (SELECT sealed FROM (SELECT * FROM voices) WHERE id = ?) WHERE id = ?"
    with closing(sqlite3.connect(office.home / "server" / "concerns.db")) as store:
        sealed = store.execute("SELECT sealed FROM voices WHERE id = ?", [new.id]).fetchone()[0]
    for attack in (
        lambda: change_database(office, swap, old.id, new.id),  # an old answer's voice again
        lambda: change_database(office, swap, others.id, new.id),  # what another person was told
        lambda: change_database(office, "UPDATE voices SET sealed = ? WHERE id = ?", sealed[:-1], new.id),
        lambda: change_database(office, "UPDATE voices SET sealed = ? WHERE id = ?", sealed[:40_000], new.id),
        lambda: change_database(office, "UPDATE voices SET letter = ? WHERE id = ?", other_case.id, new.id),
        lambda: change_database(office, "DELETE FROM voices WHERE id = ?", new.id),
    ):
        attack()
        assert played_recording(office, receipt) == b""
    assert played_recording(office, other_receipt) == cleaned_recording(4).content
    made_up = seal_part({"kind": "voice"}, cleaned_recording(1).content, [str(case.first and case.first.reply_to)])[1]
    change_database(
        office, "INSERT INTO voices VALUES (?, ?, 'police', ?, ?)", new.id, case.id, TODAY.isoformat(), made_up
    )
    assert played_recording(office, receipt) == b"", "sealed to the right key, and still not what the desk named"


@pytest.mark.usefixtures("quick_decoder")
def test_neither_text_nor_voice_can_be_put_with_another(office: Office) -> None:
    """The proof that a phone checks is over both; an older page checks that of the text, which is as it was."""
    receipt, anita, case = answer_by_voice(office)
    anita.log.answer(case.id, "Do not come.", recording=b"r" * 3)
    key = keys_of(office, receipt).answer_key
    first, second = (one for one in answers(office, receipt) if one["text"])
    assert first["right"]
    assert second["right"]

    def is_voice_right(answer: dict[str, Any]) -> bool:
        fields = {name: answer[name] for name in AnswerRecord.__dataclass_fields__}
        fields |= {"after": tuple(answer["after"]), "letters": tuple(map(tuple, answer["letters"]))}
        return is_proven(key, AnswerRecord(**fields).voice_claim, answer["voice_proof"])

    assert is_voice_right(first)
    assert is_voice_right(second)
    for stolen in ({"voice": second["voice"]}, {"seconds": 3}, {"voice_proof": second["voice_proof"]},
                   {name: second[name] for name in ("voice", "seconds", "voice_proof")}, {"text": "Stay away."}):  # fmt: skip
        assert not is_voice_right({**first, **stolen}), stolen
    assert len({first["id"], second["id"]}) == 2
    assert "voice_proof" in first
    assert first["signature"] != second["signature"]


@pytest.mark.usefixtures("quick_decoder")
def test_the_same_text_said_twice_is_one_answer_only_where_the_voice_is_the_same(office: Office) -> None:
    receipt, anita, case = answer_by_voice(office)
    anita.log.answer(case.id, TEXT, recording=b"r" * 2)
    anita.log.answer(case.id, TEXT, recording=b"r" * 3)
    anita.log.answer(case.id, TEXT)
    assert [one.get("seconds") for one in answers(office, receipt) if one["text"]] == [2, 3, None]


@pytest.mark.usefixtures("quick_decoder")
def test_an_answer_without_a_voice_is_as_it_was(office: Office) -> None:
    receipt, anita, case = answer_by_voice(office)
    anita.log.answer(case.id, "Written only.")
    answer = next(one for one in answers(office, receipt) if one["text"] == "Written only.")
    assert not {"voice", "seconds", "voice_proof"} & set(answer)
    page = office.answer_page(receipt)
    assert page.count('name="hear"') == 1
    assert "Written only." in page


@pytest.mark.parametrize(
    "changes", [{"voice": "x"}, {"voice": 7}, {"voice": "A" * 64}, {"voice": ["a"]}, {"voice": "a" * 64, "seconds": "9"},
             {"voice": "a" * 64, "seconds": 10**9}, {"voice": "a" * 64, "seconds": True}, {"voice": None}]
)  # fmt: skip
def test_an_answer_with_a_strange_voice_hides_no_text(office: Office, changes: dict[str, Any]) -> None:
    receipt = office.tell(what="x")
    keys, services = keys_of(office, receipt), state_of(office.app).services
    id = services.concerns.receipts.progress(keys.lookup).id
    services.concerns.desk_writing.add_answer(
        "a", id, "legal", TODAY, seal({"text": "We come.", **changes}, [keys.recipient], 24576)
    )
    for more in ({}, {"hear": "a" * 64}, {"hear": "x" * 9}):
        assert "We come." in office.answer_page(receipt, **more)


@pytest.mark.usefixtures("quick_decoder")
def test_only_with_its_look_up_value_is_a_voice_given_out(office: Office) -> None:
    receipt, _, case = answer_by_voice(office)
    other_receipt, _, _ = answer_by_voice(office, 3, what="another person")
    [voice], client = case.answer_recordings, office.app.test_client()
    ask = lambda receipt, **more: client.post(  # noqa: E731
        "/forms/sealed/v1/voices", json={"lookup": keys_of(office, receipt).lookup.hex(), **more}
    )
    response = ask(receipt, voice=voice.id)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert part_id(response.data) == voice.id
    assert receipts.open_voice(response.data, keys_of(office, receipt)) == cleaned_recording(2).content
    assert receipts.open_voice(response.data, keys_of(office, other_receipt)) is None
    for one, more in ((other_receipt, {"voice": voice.id}), (receipt, {"voice": new_id()}), (receipt, {}),
                      (receipt, {"voice": 7}), (receipt, {"voice": case.id}), (receipt, {"voice": "../x"})):  # fmt: skip
        assert ask(one, **more).status_code == 404
    assert client.post("/forms/sealed/v1/voices", json={"lookup": "0" * 64, "voice": voice.id}).status_code == 404
    assert client.get(f"/forms/sealed/v1/voices?voice={voice.id}").status_code in {404, 405}


# A desk that sends what it should not


def test_the_server_keeps_voices_of_one_size_and_few(office: Office) -> None:
    office.tell(what="x")
    anita = office.machine("police/anita")
    anita.sync.run()
    [case], client = anita.cases.all(), office.app.test_client()
    token = {"Authorization": f"Bearer {anita.place.server().token}"}
    to = [str(case.first and case.first.reply_to)]

    def put(sealed: bytes, id: str = "", letter: str = case.id) -> int:
        address = f"/pickup/v1/letters/{letter}/answers/{id or part_id(sealed)}?voice=1"
        return client.put(address, data=sealed, headers=token).status_code

    good = seal_part({"kind": "voice"}, b"OggS", to)[1]
    large = seal_part({"kind": "voice"}, b"OggS" * 20_000, to)[1]
    assert [put(large), put(good[:-1]), put(good, new_id()), put(b"x" * 100)] == [400] * 4
    assert put(good, letter=new_id()) == 404
    plain_header = good.replace(b"\n---", b"\n-> x-grease " + b"A" * 2000 + b"\n\n---", 1)
    assert put(plain_header) == 400, "no room for words beside the keys"
    for _ in range(MAX_VOICES):
        last = seal_part({"kind": "voice"}, b"OggS", to)[1]
        assert put(last) == 204
    assert put(good) == 409
    assert put(last) == 204, "the same again changes nothing"
    answer = f"/pickup/v1/letters/{case.id}/answers/{new_id()}"
    assert client.put(answer, data=large, headers=token).status_code == 400, "an answer has 4 or 24 KiB"


@pytest.mark.usefixtures("quick_decoder")
def test_a_forged_entry_cannot_have_another_case_erased_with_its_own(office: Office) -> None:
    """An entry or letter that names what belongs to another case takes nothing with it when it goes."""
    _, _, case = answer_by_voice(office)
    _, anita, other = answer_by_voice(office, 3, what="another person")
    [voice], [others] = case.answer_recordings, other.answer_recordings
    anita.log.write(other.id, "answer", text="x", voice=voice.id)
    anita.erasing.erase(other.id)
    assert anita.local_store.has("parts", voice.id)
    assert not anita.local_store.has("parts", others.id)


# Files that staff choose


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (lambda: b"", "holds nothing"),
        (lambda: b"MZ\x90 a program", "is no recording"),
        (lambda: b"\xff\xd8\xff" + b"x" * 100, "is no recording"),
        (lambda: b"OggS" + bytes(2000), "cannot be read"),
        (lambda: recording(3)[:60], "cannot be read"),
        (lambda: recording(61), "longer than 60 seconds"),
        (lambda: b"RIFF" + bytes(attachments.MAX_FILE_BYTES["answer"]), "more than 24 MB"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_sentence(file: Callable[[], bytes], says: str) -> None:
    with pytest.raises(Problem, match=says) as error:
        clean_recording(file())
    assert error.value.todo


def test_a_recording_loses_what_the_phone_wrote_beside_it_and_its_size(office: Office) -> None:
    sound = clean_recording(tagged("mp4", "aac"))
    assert b"Marked" not in sound.content
    assert b"+13.1" not in sound.content
    assert (sound.media_type, sound.seconds) == ("audio/ogg; codecs=opus", 4), "AAC begins with some silence"
    assert clean_recording(recording(60, 48_000)).seconds == 60
    assert len(cleaned_recording(60).content) < MIN_PART_SIZE - 200


@pytest.mark.usefixtures("quick_decoder")
def test_a_recording_needs_text_beside_it(office: Office) -> None:
    receipt = office.tell(what="x")
    anita = office.machine("police/anita")
    anita.sync.run()
    [case] = anita.cases.all()
    with pytest.raises(Problem, match="without text"):
        anita.log.answer(case.id, "  ", "looking", recording=b"rr")
    assert anita.cases.case(case.id).answer_recordings == ()
    assert anita.outbox.waiting == 0
    assert "looked into</b> " not in office.answer_page(receipt)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read"):
        read_recording(tmp_path / "none.opus")
    (tmp_path / "some.opus").write_bytes(b"OggS")
    assert read_recording(tmp_path / "some.opus") == b"OggS"
