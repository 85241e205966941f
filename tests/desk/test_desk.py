"""The desk: keys, fetching, opening, answering, against a second, tiny pickup server of our own."""

import hashlib
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyrage
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from forms.core import portal as portals
from forms.core.crypto import encryption
from forms.core.crypto.signing import signing_key
from forms.core.files.durable import write_safely
from forms.core.portal import Member
from forms.core.problem import Problem
from forms.core.trusted_date import EARLIEST_DATE
from forms.desk.cases import plain_text
from forms.desk.cli.main import desk
from forms.desk.crypto import keys
from forms.desk.crypto.answers import MAX_ANSWER_LENGTH, encrypt_answer
from forms.desk.crypto.copies import Signer
from forms.desk.crypto.decryption import Letter, NotALetter, NotForThisDesk, open_letter
from forms.desk.sync.client import Server
from forms.desk.sync.date_file import DateFile
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.responses import ServerAway
from tests.operations.test_cut_short import MAX_CHANGES, cut_at
from tests.server.conftest import District, district
from tests.serving import serve_in_thread

pytestmark = pytest.mark.usefixtures("site_not_visited")

__all__ = ["district"]  # the fixture

ID = "0123456789abcdef" * 2
WORDS = "marked-words-துயரம்"

RECOVERY = keys.new_recovery_key()[0]


def letter(**more: Any) -> dict[str, Any]:
    answers = {"what": WORDS, "place": "avadi", "hide_from": ["legal"]}
    return {"form": "concern", "id": ID, "day": "2027-01-01", "language": "ta", "desks": ["police"],
            "answers": answers, "reply_to": None, **more}  # fmt: skip


@dataclass
class Pickup:
    """A minimal pickup server: what it holds, and the requests that it received, in order."""

    letters: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)
    token: str = ""
    status: int = 0
    address: str = ""
    portal: Any = None

    def lists(self) -> dict[str, Any]:
        rows = [{"id": id, "form": "concern", "day": "d"} for id in self.letters]
        portal = portals.as_json(self.portal)
        return {
            "letters": {"letters": rows},
            "portal": portal,
            "entries": {"entries": []},
            "day": {"shown": "2027-01-01", "believed": "2027-01-01"},
        }

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        self.requests.append(f"{method} {path}")
        parts = path.removeprefix("/pickup/v1/").split("/")
        if self.status:
            return self.status, b"strange"
        if len(parts) == 1:
            return 200, json.dumps(self.lists()[parts[0]]).encode()
        if method == "PUT":
            if parts[2] == "answers":
                self.answers[parts[3]] = body
            return 204, b""
        if parts[-1] == "acknowledge":
            return (204, b"") if self.letters.pop(parts[1], None) else (404, b"{}")
        return (200, self.letters[parts[1]]) if parts[1] in self.letters else (404, b"{}")


@pytest.fixture
def pickup() -> Iterator[Pickup]:
    server = Pickup()

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_authorised = self.headers["Authorization"] == f"Bearer {server.token}"
            status, data = server.answer(self.command, self.path, body) if is_authorised else (401, b"{}")
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Portal-Answer", "1")
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do  # noqa: N815 - the standard library's names

        def log_message(self, *_: Any) -> None:
            """Do not log."""

    with serve_in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        server.address = address
        yield server


@dataclass
class Staff:
    """A member of staff at the police desk of a demonstration."""

    home: Path
    pickup: Pickup

    @property
    def identity(self) -> pyrage.x25519.Identity:
        return keys.identity(self.home / "police", lambda: "")

    def receives(self, data: dict[str, Any] | bytes, id: str = ID) -> None:
        sealed = data if isinstance(data, bytes) else encryption.seal(data, [str(self.identity.to_public())])
        self.pickup.letters[id] = sealed

    def runs(self, *arguments: str, **more: Any) -> Result:
        options = ["--home", str(self.home), "--server", self.pickup.address]
        return CliRunner().invoke(desk, [*options, *arguments], **more)

    def encrypted_files(self) -> bytes:
        files = [path for path in self.home.rglob("*") if path.is_file() and path.name != "portal.json"]
        return b"".join(path.read_bytes() for path in files)


@pytest.fixture
def staff(tmp_path: Path, pickup: Pickup, district: District) -> Staff:
    public_keys = keys.make_demonstration(tmp_path / "desk", ["police"])
    police = replace(district.portal.desks[0], members=(Member("police", *public_keys["police"]),))
    pickup.portal = replace(district.portal, desks=(police, *district.portal.desks[1:]))
    pickup.token = keys.token(tmp_path / "desk" / "police")
    return Staff(tmp_path / "desk", pickup)


def test_letters_are_fetched_listed_and_read(staff: Staff) -> None:
    staff.receives(letter())
    result = staff.runs("list")
    assert result.exit_code == 0, result.output
    assert "1 new" in result.output
    assert re.search(rf"1  [0-9a-f]{{8}}  2027-01-01  new +L +avadi +ta  {WORDS}", result.output) is None, (
        "nobody can be answered: not late"
    )
    assert re.search(rf"1  [0-9a-f]{{8}}  2027-01-01  new +avadi +ta  {WORDS}", result.output)
    output = staff.runs("open", "1").output
    assert "What is happening?" in output
    assert "no, the person took no receipt" in output
    assert staff.runs("open", ID).output == output


def test_photos_and_recordings_are_told_of_in_the_terminal_too(staff: Staff) -> None:
    parts = [{"id": "1" * 32, "kind": "photo"}, {"id": "2" * 32, "kind": "voice", "seconds": 62}]
    staff.receives({**letter(), "parts": parts})
    assert re.search(r"new +p +avadi", staff.runs("list").output)
    output = staff.runs("open", "1").output
    assert "Sent with it: 1 photo, a recording, 1:02" in output
    assert "See and hear photos and recordings in the window: " in output


def test_what_to_type_next_names_the_desk_at_which_one_is(staff: Staff) -> None:
    staff.receives(letter())
    (staff.home / "police").rename(staff.home / "legal")
    output = staff.runs("--desk", "legal", "list").output
    assert re.search(r"Read one: desk .*--desk legal.* open 1 ", output)
    assert re.search(r": desk .*--desk legal.* list", staff.runs("--desk", "legal", "open", "9").output)


def test_a_letter_is_acknowledged_only_after_it_is_on_the_disk(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    staff.receives(letter())
    on_disk: list[bool] = []
    acknowledge = Server.acknowledge
    monkeypatch.setattr(Server, "acknowledge", lambda self, id: (on_disk.append(
        (staff.home / "police" / "letters" / f"{id}.age").exists()), acknowledge(self, id)))  # fmt: skip
    staff.runs("list")
    assert on_disk == [True]


def test_a_full_disk_acknowledges_nothing_and_says_so(staff: Staff) -> None:
    staff.receives(letter())
    (staff.home / "police" / "letters").write_text("a file where the folder should be")
    result = staff.runs("list")
    assert result.exit_code == 1
    assert "what waits on the server stays there" in result.output
    assert ID in staff.pickup.letters
    assert not any("acknowledge" in request for request in staff.pickup.requests)


def test_nothing_opened_stands_on_the_disk(staff: Staff) -> None:
    staff.receives(letter())
    staff.runs("list")
    staff.runs("open", "1")
    assert WORDS.encode() not in staff.encrypted_files()
    assert b"avadi" not in staff.encrypted_files()


def test_without_the_server_the_letters_fetched_before_are_still_read(staff: Staff) -> None:
    staff.receives(letter())
    staff.runs("list")
    staff.pickup.status = 500
    result = staff.runs("list")
    assert result.exit_code == 0
    assert "is in trouble (status 500)" in result.output
    assert WORDS in result.output


@pytest.mark.parametrize(
    ("status", "sentence"),
    [(401, "does not know this desk's token"), (404, "no such letter"), (302, "refused"), (418, "refused")],
)
def test_what_the_server_says_becomes_a_sentence(staff: Staff, status: int, sentence: str) -> None:
    staff.pickup.status = status
    result = staff.runs("list")
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_a_strange_answer_and_an_id_that_is_no_id(staff: Staff) -> None:
    staff.pickup.status = 200
    assert "gave a strange answer" in staff.runs("list").output
    staff.pickup.status = 0
    staff.pickup.letters["../../outside"] = b"x"
    assert staff.runs("list").exit_code == 0
    assert not any("outside" in request for request in staff.pickup.requests)


def test_a_server_that_is_away() -> None:
    with pytest.raises(ServerAway, match="cannot be reached"):
        Server("http://127.0.0.1:1", "t").waiting()


def test_a_token_is_never_sent_in_clear_over_a_network() -> None:
    with pytest.raises(Problem, match="is not https"):
        Server("http://portal.example", "t").waiting()


def test_an_answer_reaches_the_one_who_holds_the_receipt_and_nobody_else(staff: Staff) -> None:
    receipt = pyrage.x25519.Identity.generate()
    staff.receives(letter(reply_to=str(receipt.to_public())))
    staff.runs("list")
    for _ in range(2):
        assert staff.runs("answer", "1", "--text", "நாளை வருகிறோம்.").exit_code == 0
    [sealed] = staff.pickup.answers.values()
    assert json.loads(pyrage.decrypt(sealed, [receipt]))["text"] == "நாளை வருகிறோம்."
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(sealed, [staff.identity])


@pytest.mark.parametrize(
    ("text", "sentence"), [("", "It has 0 letters"), ("x" * (MAX_ANSWER_LENGTH + 1), "Write 1 to 4000")]
)
def test_an_answer_that_cannot_be_sent_is_said_so(staff: Staff, text: str, sentence: str) -> None:
    staff.receives(letter(reply_to=str(staff.identity.to_public())))
    staff.runs("list")
    assert sentence in staff.runs("answer", "1", "--text", text).output
    assert staff.pickup.answers == {}


def test_who_took_no_receipt_cannot_be_answered(staff: Staff) -> None:
    staff.receives(letter())
    staff.runs("list")
    assert "took no receipt" in staff.runs("answer", "1", "--text", "x").output


def test_the_id_of_an_answer_does_not_give_its_text_away() -> None:
    to = str(pyrage.x25519.Identity.generate().to_public())
    letter_for_answer = Letter(ID, "concern", "ta", "", (), {}, to, "", 0)
    from datetime import date  # noqa: PLC0415

    signer = Signer("police", "police", signing_key("AGE-SECRET-KEY-1"), "2027-01-01")
    answer_id, _ = encrypt_answer(letter_for_answer, signer, date(2027, 1, 1), "yes")
    assert answer_id != hashlib.sha256(b"yes").hexdigest()


def test_junk_among_letters_hides_no_other(staff: Staff) -> None:
    staff.receives(letter())
    staff.receives(b"age-encryption.org/v1\njunk", "a" * 32)
    staff.receives(encryption.seal({"x": 1}, [str(staff.identity.to_public())]), "b" * 32)
    other = str(pyrage.x25519.Identity.generate().to_public())
    staff.receives(encryption.seal(letter(), [other]), "c" * 32)
    output = staff.runs("list").output
    assert WORDS in output
    assert output.count("(does not open)") == 3
    assert "There is no such letter" in staff.runs("open", "9").output
    assert "Error" in staff.runs("open", "4").output


def test_a_hostile_letter_cannot_touch_the_terminal(staff: Staff) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u200b\r"
    staff.receives(letter(answers={"what": evil, "place": evil, evil: [evil]}, language=evil, desks=[evil]))
    output = staff.runs("list").output + staff.runs("open", "1").output
    assert not set(output) & {"\x1b", "\x07", "\u202e", "\u200b", "\r"}
    assert "owned" in output


@given(st.text())
def test_no_control_character_gets_through(text: str) -> None:
    assert all(char == "\n" or char.isprintable() or not char.isascii() for char in plain_text.printable(text))


def test_each_control_and_formatting_character_is_shown_as_a_dot_in_any_text() -> None:
    allowed = {"\n", "\u200c", "\u200d"}
    for char in map(chr, range(sys.maxunicode + 1)):
        if unicodedata.category(char) in {"Cc", "Cf", "Cs"}:
            assert plain_text.printable(f"a{char}b") == (f"a{char}b" if char in allowed else "a·b"), ascii(char)


@given(
    st.one_of(
        st.binary(),
        st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda data: json.dumps(data).encode()),
    )
)
def test_whatever_was_sealed_is_a_letter_or_is_said_to_be_none(plain: bytes) -> None:
    identity = pyrage.x25519.Identity.generate()
    sealed = pyrage.encrypt(plain, [identity.to_public()])
    with pytest.raises(NotALetter):
        open_letter(sealed, identity)


def test_a_letter_with_wrong_shapes_inside_is_still_read(staff: Staff) -> None:
    staff.receives(letter(desks="police", reply_to=7, people="x", day=None, answers={"what": {"a": [1]}}))
    assert staff.runs("list").exit_code == 0
    assert "{'a': [1]}" in staff.runs("open", "1").output


def test_a_letter_for_another_desk() -> None:
    own, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    with pytest.raises(NotForThisDesk):
        open_letter(encryption.seal(letter(), [str(other.to_public())]), own)


def test_a_key_for_real_use_is_under_a_passphrase(tmp_path: Path) -> None:
    run = CliRunner().invoke(
        desk,
        ["--desk", "legal", "--home", str(tmp_path), "new-key"],
        input="four words at least\nfour words at least\n",
    )
    assert run.exit_code == 0, run.output
    assert "four words" not in run.output
    identity = keys.identity(tmp_path / "legal", lambda: "four words at least")
    assert f"key: {identity.to_public()}" in run.output
    assert keys.pickup_line(keys.token(tmp_path / "legal")) in run.output
    assert not (tmp_path / "legal" / "identity.txt").exists()
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "legal").iterdir())
    with pytest.raises(Problem, match="does not open this key"):
        keys.identity(tmp_path / "legal", lambda: "something else altogether")


def test_keys_are_never_overwritten_and_short_passphrases_not_taken(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="shorter than 12"):
        keys.make(tmp_path / "legal", "short")
    keys.make(tmp_path / "legal", None)
    with pytest.raises(Problem, match="has keys already"):
        keys.make(tmp_path / "legal", "a long enough passphrase")


@pytest.mark.usefixtures("quick_passphrase")
@pytest.mark.parametrize("command", [["new-key"], ["restore", "--secret", RECOVERY]])
def test_keys_whose_making_was_killed_are_made_by_the_same_command(tmp_path: Path, command: list[str]) -> None:
    """Also if the machine stopped after the keys were complete and before their lines were shown."""
    words = ["--desk", "legal", *command, "--passphrase", "five plain words for tests"]
    for at in range(1, MAX_CHANGES):
        home = ["--home", str(tmp_path / str(at))]
        outcome = cut_at(at, lambda: CliRunner().invoke(desk, [*home, *words]))  # noqa: B023 - called within this turn
        done = CliRunner().invoke(desk, [*home, *words])
        assert done.exit_code == 0, done.output
        folder = tmp_path / str(at) / "legal"
        identities = keys.identities(folder, lambda: "five plain words for tests")
        assert keys.public(folder, "five plain words for tests").key in done.output
        assert keys.pickup_line(keys.token(folder)) in done.output
        assert (RECOVERY in map(str, identities)) == (folder / keys.RESTORING).exists() == (command[0] == "restore")
        if not outcome:
            break
    assert 5 < at < MAX_CHANGES - 1


@pytest.mark.usefixtures("quick_passphrase")
def test_a_key_without_its_token_is_never_written_over(tmp_path: Path) -> None:
    """`new-key` is what the sentence of a lost token.txt names: it must not cost the letters that the key opens."""
    before = keys.make(tmp_path, "five plain words for tests")
    (tmp_path / "token.txt").unlink()
    with pytest.raises(Problem, match="a key that this passphrase does not open, and no token"):
        keys.make(tmp_path, "other words that are long")
    assert keys.make(tmp_path, "five plain words for tests").key == before.key


def test_demonstration_keys_are_made_once_and_heal_when_cut_short(tmp_path: Path) -> None:
    public_keys = keys.make_demonstration(tmp_path, ["police", "legal"])
    assert keys.make_demonstration(tmp_path, ["police", "legal"]) == public_keys
    (tmp_path / "police" / "token.txt").unlink()
    (tmp_path / "police" / "identity.txt").write_text("AGE-SECRET")
    healed = keys.make_demonstration(tmp_path, ["police", "legal"])
    assert healed["legal"] == public_keys["legal"]
    assert healed["police"] != public_keys["police"]


@pytest.mark.parametrize(
    ("file", "text"), [("identity.txt", "AGE-SECRET-KEY-1XX"), ("identity.txt", ""), ("identity.age", "x")]
)
def test_a_damaged_key_is_said_so(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(Problem, match=r"damaged|does not open"):
        keys.identity(tmp_path, lambda: "p")


def test_without_keys_one_is_told_how_to_make_them(tmp_path: Path) -> None:
    run = CliRunner().invoke(desk, ["--home", str(tmp_path), "list"])
    assert run.exit_code == 1
    assert f"desk --home {tmp_path} new-key" in run.output


def test_writing_leaves_the_old_file_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "letters" / "a.age"
    write_safely(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_safely(path, b"new")
    assert path.read_bytes() == b"old"
    assert [left.name for left in path.parent.iterdir()] == ["a.age"]


def test_a_cabinet_that_is_empty(tmp_path: Path) -> None:
    assert LocalStore(tmp_path).ids("letters") == []


def test_erasing_what_is_old_says_that_the_clock_has_jumped(staff: Staff) -> None:
    staff.receives(letter())
    staff.runs("list")
    DateFile(staff.home / "police").update_from_server(EARLIEST_DATE, EARLIEST_DATE)
    output = staff.runs("erase", "--old", "--yes").output
    assert f"and the last day that it surely had was {EARLIEST_DATE}" in output
    assert "Erased: 0." in output
