"""The daily notice to staff: at most one fixed sentence, the same for everything, and none to an excluded desk."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from forms.desk import language, notifications
from forms.desk.cli.main import desk as desk_command
from forms.desk.events.messaging.gateways import DeliveryUnknown, FileOutbox
from forms.desk.notifications import NOTICE
from forms.desk.sync.client import Server
from forms.desk.sync.responses import ServerAway
from tests.desk.conftest import Office
from tests.desk.test_session import only

pytestmark = pytest.mark.usefixtures("site_not_visited")

WORDS = "marked-words-துயரம்"
DAY = date(2027, 1, 12)


DAYS: list[date] = []


@pytest.fixture(autouse=True)
def day() -> list[date]:
    """The day at the desk, which tests advance."""
    DAYS[:] = [DAY]
    return DAYS


def shell(office: Office, *words: str, desk: str = "police/anita") -> Result:
    options = ["--home", str(office.home), "--server", office.address, "--desk", desk]
    return CliRunner().invoke(desk_command, [*options, "waiting", *words], obj=lambda: DAYS[-1])


def test_one_sentence_a_day_as_long_as_anything_waits(office: Office, day: list[date]) -> None:
    office.tell(what=WORDS)
    assert shell(office).output == f"{NOTICE}\n"
    assert shell(office).output == ""
    day.append(date(2027, 1, 13))
    assert shell(office).output == f"{NOTICE}\n"
    only(office.machine("police/anita"))
    day.append(date(2027, 1, 14))
    result = shell(office)
    assert (result.output, result.exit_code) == ("", 0)


def test_the_sentence_is_the_same_for_one_or_many_for_a_letter_or_what_follows_it(
    office: Office, day: list[date]
) -> None:
    receipt = office.tell(what=WORDS)
    outputs = [shell(office).output]
    only(office.machine("police/anita"))
    office.add(receipt, "more")
    day.append(date(2027, 1, 13))
    outputs.append(shell(office).output)
    office.machine("police/anita").sync.run()
    for _ in range(3):
        office.tell(what=WORDS)
    day.append(date(2027, 1, 14))
    outputs.append(shell(office).output)
    assert outputs == [f"{NOTICE}\n"] * 3
    assert not re.search(r"\d", NOTICE)


def test_a_desk_that_must_not_see_it_gets_no_word_of_it(office: Office) -> None:
    office.tell(what=WORDS, hide_from="police")
    for machine in ("police/anita", "police/babu"):
        assert shell(office, desk=machine).output == ""
    assert shell(office, desk="legal").output == f"{NOTICE}\n"


def test_asked_every_hour_it_does_not_tell_the_hour(office: Office) -> None:
    assert shell(office).output == ""
    office.tell(what=WORDS)
    assert shell(office).output == "", "it came after today's asking: tomorrow's word is soon enough"


def test_nothing_is_fetched_acknowledged_or_written_down(office: Office) -> None:
    office.tell(what=WORDS)
    before = {path for path in office.home.rglob("*") if "server" not in path.parts}
    shell(office)
    after = {path for path in office.home.rglob("*") if "server" not in path.parts}
    assert [path.name for path in after - before] == ["asked.txt"]
    anita = office.machine("police/anita")
    assert len(anita.place.server().waiting()) == 1
    assert anita.place.server().access() == []


def test_the_disk_and_the_exit_code_are_the_same_whether_or_not_something_waits(office: Office) -> None:
    office.tell(what=WORDS, hide_from="police")
    codes = [shell(office, desk=name).exit_code for name in ("police/anita", "legal")]
    left = [(office.home / name / "asked.txt").read_bytes() for name in ("police/anita", "legal")]
    assert codes == [0, 0]
    assert left == [b"2027-01-12\n"] * 2


def test_no_passphrase_and_no_key_is_needed(office: Office) -> None:
    office.tell(what=WORDS)
    (office.home / "police/anita" / "identity.txt").unlink()
    assert shell(office).output == f"{NOTICE}\n"


def test_a_server_that_is_away_is_a_sentence_and_is_asked_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.tell(what=WORDS)
    honest_ask = Server.ask

    def away(server: Any, *_: Any, **__: Any) -> Any:
        raise ServerAway(server.address, "cannot be reached.", "Later.")

    monkeypatch.setattr(Server, "ask", away)
    result = shell(office)
    assert (result.exit_code, "cannot be reached" in result.output) == (1, True)
    monkeypatch.setattr(Server, "ask", honest_ask)
    assert shell(office).output == f"{NOTICE}\n"


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"2031-01-01\n"])
def test_a_damaged_or_strange_day_is_asked_again(office: Office, content: bytes) -> None:
    office.tell(what=WORDS)
    (office.home / "police/anita" / "asked.txt").write_bytes(content)
    assert shell(office).output == f"{NOTICE}\n"


class Phone:
    """An SMS provider that records what it is asked to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def send(self, number: str, text: str, key: str, template: str = "") -> None:
        assert template == ""
        self.sent.append((number, text, key))


def test_by_sms_it_goes_to_one_number_and_is_not_printed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = Phone()
    monkeypatch.setattr("forms.desk.cli.main.http_gateway", lambda _: phone)
    monkeypatch.setenv("PORTAL_NOTICE_NUMBER", "+91 98765 43210")
    office.tell(what=WORDS)
    assert [shell(office, "--by-sms").output for _ in range(2)] == ["", ""]
    assert [(number, text) for number, text, _ in phone.sent] == [("00919876543210", NOTICE)]


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize(
    ("url", "number", "message"),
    [
        ("", "98765 43210", "PORTAL_SMS_URL: is not set."),
        ("http://sms.example", "98765 43210", "no https address"),
        ("https://sms.example", "call me", "is no telephone number"),
        ("https://sms.example", "", "is no telephone number"),
    ],
)
def test_wrong_settings_are_said_whether_or_not_something_waits(
    office: Office, monkeypatch: pytest.MonkeyPatch, waits: bool, url: str, number: str, message: str
) -> None:
    for name, value in (("URL", url), ("TOKEN", "t")):
        monkeypatch.setenv(f"PORTAL_SMS_{name}", value)
    monkeypatch.setenv("PORTAL_NOTICE_NUMBER", number)
    if waits:
        office.tell(what=WORDS)
    result = shell(office, "--by-sms")
    assert (result.exit_code, message in result.output) == (1, True)
    assert not (office.home / "police/anita" / "asked.txt").exists()


def test_a_provider_that_fails_is_not_asked_twice_a_day(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Phone):
        def send(self, number: str, text: str, key: str, template: str = "") -> None:
            super().send(number, text, key, template)
            raise DeliveryUnknown("sms.example", "never said whether it went.", "Look.")

    phone = Broken()
    monkeypatch.setattr("forms.desk.cli.main.http_gateway", lambda _: phone)
    monkeypatch.setenv("PORTAL_NOTICE_NUMBER", "98765 43210")
    office.tell(what=WORDS)
    assert [shell(office, "--by-sms").exit_code for _ in range(2)] == [1, 0]
    assert len(phone.sent) == 1


def test_nothing_about_a_letter_is_in_what_a_provider_gets(tmp_path: Path) -> None:
    notifications.send_notice(FileOutbox(tmp_path / "out.csv"), "9876543210", NOTICE)
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig") == f"number,text,template\n9876543210,{NOTICE},\n"


def test_the_sentence_is_said_in_the_language_chosen_for_the_desk(office: Office, day: list[date]) -> None:
    office.tell(what=WORDS)
    folder = office.home / "police" / "anita"
    language.choose_language(folder, "ta")
    output = shell(office).output
    assert output == f"{language.translated(NOTICE, 'ta')}\n"
    assert output != f"{NOTICE}\n"


@pytest.mark.parametrize(("template", "named", "code"), [("", "", "ta"), ("1107", "", "en"), ("1107", "ta", "ta")])
def test_a_registered_text_is_sent_as_it_was_registered(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: str, named: str, code: str
) -> None:
    """An operator drops a text that is not the one of its template, and tells nobody."""
    monkeypatch.setattr("forms.desk.cli.main.http_gateway", lambda _: FileOutbox(tmp_path / "out.csv"))
    for name, value in (("NUMBER", "98765 43210"), ("TEMPLATE", template), ("LANGUAGE", named)):
        if value:
            monkeypatch.setenv(f"PORTAL_NOTICE_{name}", value)
    office.tell(what=WORDS)
    language.choose_language(office.home / "police" / "anita", "ta")
    assert shell(office, "--by-sms").exit_code == 0
    assert language.translated(NOTICE, code) in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
