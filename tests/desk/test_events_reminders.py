"""Reminders: to whom, in which words, once each, through a file or a provider."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core import i18n
from forms.core.i18n import extraction
from forms.core.portal import Sms
from forms.core.problem import Problem
from forms.desk.events.messaging.gateways import (
    DeliveryUnknown,
    DownloadOutbox,
    FileOutbox,
    HttpGateway,
    dialable_number,
    http_gateway,
)
from forms.desk.events.messaging.reminders import (
    SENT,
    TRYING,
    Ledger,
    Reminder,
    build_reminders,
    count_unreachable,
    languages_without_template,
    send,
)
from forms.desk.events.messaging.sms import count_parts, is_gsm, price, to_cheapest_characters
from tests.desk.event_helpers import MEETING, TODAY, FakeSession, event, files, party, portal
from tests.serving import serve_in_thread

AT = "2027-01-20T09:00"
FINE = {"phone": "+91 98765 43210", "may_be_reminded": True, "language": "ta"}


def new_reminder(number: int = 1, **more: Any) -> Reminder:
    return build_reminders(portal(), event(**more), [party(number, **FINE)], TODAY)[0]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(FakeSession(tmp_path / "desk", portal()), MEETING)


@dataclass
class Gateway:
    """Records the texts; fails where `fail` returns a Problem."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    fail: Callable[[int], Exception | None] = lambda _: None

    def send(self, number: str, text: str, key: str, template: str = "") -> None:
        assert template.isdecimal() or not template
        assert len(key) == 32
        problem = self.fail(len(self.sent))
        if problem:
            raise problem
        self.sent.append((number, text))


# To whom and in which words


def test_only_those_who_come_agreed_and_left_a_number_are_reminded() -> None:
    parties = [
        party(1, **FINE), party(2, **FINE | {"may_be_reminded": False}), party(3, **FINE | {"state": "waiting"}),
        party(4, **FINE | {"state": "cancelled"}), party(5, **FINE | {"phone": "call me"}),
    ]  # fmt: skip
    assert [reminder.party[-1] for reminder in build_reminders(portal(), event(), parties, TODAY)] == ["1"]
    assert count_unreachable(event(), parties) == 2


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Meeting"), ("ta", "சமூகக் கூட்டம்"), ("te", "సమావేశం"), ("hi", "बैठक"), ("or", "ବୈଠକ")]
)
def test_the_text_is_in_the_persons_language_with_title_day_and_place(language: str, title: str) -> None:
    text = build_reminders(portal(), event(), [party(1, **FINE | {"language": language})], TODAY)[0].text
    assert title in text
    assert "24" in text
    assert "10:00" in text
    assert event().where[language] in text
    assert f"https://portal.example/{language}/cancel/" in text


def test_what_the_person_told_stands_in_no_text() -> None:
    attendee = party(
        1, **FINE | {"name": "Lakshmi", "needs": "my employer must not know", "help_with": ("child-care",)}
    )
    text = build_reminders(portal(), event(), [attendee], TODAY)[0].text
    assert all(word not in text for word in ("Lakshmi", "employer", "child", "98765"))


def test_a_strange_language_gets_the_sites_first() -> None:
    assert "Meeting" in build_reminders(portal(), event(), [party(1, **FINE | {"language": "../xx"})], TODAY)[0].text


def test_moved_and_cancelled_are_said_and_are_another_reminder() -> None:
    plain = new_reminder()
    moved, cancelled = new_reminder(state="moved", day="2027-01-31"), new_reminder(state="cancelled")
    english = {"language": "en", **{name: value for name, value in FINE.items() if name != "language"}}
    assert build_reminders(portal(), event(state="moved"), [party(1, **english)], TODAY)[0].text.startswith(
        "The day has changed"
    )
    waits = build_reminders(portal(), event(state="cancelled"), [party(1, **english | {"state": "waiting"})], TODAY)
    assert waits[0].text.startswith("Cancelled:"), "who waits is told too"
    assert len({plain.key, moved.key, cancelled.key}) == 3


def test_nobody_is_reminded_of_what_is_past() -> None:
    with pytest.raises(Problem, match="is over"):
        build_reminders(portal(), event(), [party(1, **FINE)], date(2027, 1, 25))
    assert build_reminders(portal(), event(), [party(1, **FINE)], date(2027, 1, 24))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("+91 98765-43210", "00919876543210"),
        ("(044) 2766 1", "04427661"),
        ("௯௮௭௬௫௪", "987654"),
        ("12345", ""),
        ("", ""),
        ("=1+1", ""),
        ("1" * 16, ""),
        ("0091 98765 43210", "00919876543210"),
        ("98765 43210", "00919876543210"),
        ("098765-43210", "00919876543210"),
        ("91 98765 43210", "00919876543210"),
        ("+91 (0)98765.43210", "00919876543210"),
        ("(+91) 9876543210", "00919876543210"),
        ("＋91 ９８７６５ ４３２１０", "00919876543210"),
        ("+९१ ९८७६५ ४३२१०", "00919876543210"),
        ("௯௮௭௬௫௪௩௨௧௦", "00919876543210"),
        ("+94 77 123 4567", "0094771234567"),
        ("044-2766 1234", "04427661234"),
    ],
)
def test_numbers_are_written_as_they_are_dialled(typed: str, expected: str) -> None:
    assert dialable_number(typed) == expected


@given(st.text())
def test_a_number_is_digits_or_nothing(typed: str) -> None:
    assert dialable_number(typed) == "" or (dialable_number(typed).isascii() and dialable_number(typed).isdigit())


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """The English texts of reminders."""
    return sorted(str(message.id) for message in extraction.template() if "%(title)s" in str(message.id))


@pytest.mark.parametrize("language", ["ta", "te", "hi", "or"])
def test_no_translation_loses_a_placeholder_or_has_one_of_its_own(language: str, texts: list[str]) -> None:
    assert len([text for text in texts if "%(when)s" in text]) == 3
    for text in texts:
        assert sorted(re.findall(r"%\(\w+\)\w", i18n.translator(language)(text))) == sorted(
            re.findall(r"%\(\w+\)\w", text)
        )


def test_one_phone_signed_up_in_three_writings_gets_one_reminder(ledger: Ledger) -> None:
    numbers = ("+91 98765 43210", "098765-43210", "९८७६५४३२१०")
    parties = [party(number, **FINE | {"phone": phone}) for number, phone in enumerate(numbers, start=1)]
    gateway = Gateway()
    assert send(ledger, build_reminders(portal(), event(), parties, TODAY), gateway, AT).sent == 1
    assert [number for number, _ in gateway.sent] == ["00919876543210"]
    assert send(ledger, build_reminders(portal(), event(), parties[1:], TODAY), gateway, AT).sent == 0, (
        "the first one cancelled"
    )
    later = [party(9, **FINE | {"phone": "9876543210"}), *parties]
    assert send(ledger, build_reminders(portal(), event(), later, TODAY), gateway, AT).sent == 0, (
        "somebody signs up again"
    )


# What it costs


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Meeting \u2013 10\u202fAM", "Meeting - 10 AM"), ("\u201cHall\u201d\u00a0\u2018B\u2019\u2026", "\"Hall\" 'B'..."),
        ("Fee: \u20b920 \u00b7 Ambattūr", "Fee: Rs 20 - Ambattur"), ("caf\u00e9 \u00e0 10 \u20ac", "caf\u00e9 \u00e0 10 \u20ac"),
        ("\u200bHall\u200d", "Hall"), ("10\u202fAM \u2013 கூட்டம்", "10 AM \u2013 கூட்டம்"), ("క్\u200cష", "క్\u200cష"),
    ],
)  # fmt: skip
def test_signs_that_double_the_price_give_way_to_plain_ones(text: str, plain: str) -> None:
    assert to_cheapest_characters(text) == plain
    assert count_parts(to_cheapest_characters(text)) <= count_parts(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("\u20ac" * 80, 1), ("\u20ac" * 81, 2),
        ("a" * 152 + "\u20ac" + "a" * 151, 2), ("a" * 152 + "\u20ac" + "a" * 152, 3), ("க" * 70, 1), ("க" * 71, 2),
        ("க" * 134, 2), ("க" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2), ("a" * 69 + "\u2013", 1), ("a" * 70 + "\u2013", 2),
    ],
)  # fmt: skip
def test_the_parts_of_a_text(text: str, expected: int) -> None:
    assert count_parts(text) == expected


def test_an_english_reminder_is_of_the_gsm_alphabet() -> None:
    [reminder] = build_reminders(portal(), event(), [party(1, **FINE | {"language": "en"})], TODAY)
    assert is_gsm(reminder.text)
    assert "10:00-12:00" in reminder.text


def test_each_kind_and_language_has_its_template_number() -> None:
    sms = Sms({"reminder": {"ta": "110700000001"}, "cancelled": {"ta": "110700000002"}}, 25)
    parties = [party(1, **FINE), party(2, **FINE | {"language": "hi", "phone": "9876543211"})]
    by_template = [
        build_reminders(portal(sms=sms), event(state=state), parties, TODAY)
        for state in ("planned", "moved", "cancelled")
    ]
    assert [[one.template for one in reminders] for reminders in by_template] == [
        ["110700000001", ""],
        ["", ""],
        ["110700000002", ""],
    ]
    assert languages_without_template(portal(sms=sms), event(), parties) == ["hi"]


def test_the_price_is_said_before_sending() -> None:
    assert price(["a" * 161, "b"], 25).sentence == "2 texts, 3 SMS parts, about ₹0.75."
    assert "paise_a_part" in price(["a"], None).sentence


# Once each


def test_each_goes_once_however_often_it_is_asked(ledger: Ledger) -> None:
    gateway, reminders = Gateway(), [new_reminder(1), new_reminder(2)]
    assert send(ledger, reminders, gateway, AT).sent == 2
    again = send(ledger, reminders, gateway, AT)
    assert (again.sent, again.sent_before, len(gateway.sent)) == (0, 2, 2)


def test_a_refusal_stops_the_run_and_the_next_one_goes_on(ledger: Ledger) -> None:
    gateway = Gateway(fail=lambda count: Problem("provider", "refused.", "Look.") if count == 1 else None)
    reminders = [new_reminder(1), new_reminder(2), new_reminder(3)]
    result = send(ledger, reminders, gateway, AT)
    assert (result.sent, result.problem, result.unknown) == (1, "provider: refused. Look.", ())
    gateway.fail = lambda _: None
    assert send(ledger, reminders, gateway, AT).sent == 2
    assert len(gateway.sent) == len(set(gateway.sent)) + 2, "two of one number: three parties, three texts"


def test_where_nobody_knows_it_is_not_sent_again_until_somebody_says_so(ledger: Ledger) -> None:
    gateway = Gateway(fail=lambda _: DeliveryUnknown("provider", "broke off.", ""))
    assert send(ledger, [new_reminder()], gateway, AT).unknown == (new_reminder().key,)
    gateway.fail = lambda _: None
    assert (send(ledger, [new_reminder()], gateway, AT).sent, gateway.sent) == (0, [])
    assert send(ledger, [new_reminder()], gateway, AT, again=True).sent == 1
    assert ledger.state(new_reminder().key) == SENT


def test_a_machine_that_stops_in_the_middle_sends_nothing_twice(ledger: Ledger) -> None:
    gateway = Gateway(fail=lambda _: KeyboardInterrupt())  # type: ignore[arg-type, return-value]
    with pytest.raises(KeyboardInterrupt):
        send(ledger, [new_reminder()], gateway, AT)
    assert ledger.state(new_reminder().key) == TRYING
    gateway.fail = lambda _: None
    assert send(ledger, [new_reminder()], gateway, AT).unknown == (new_reminder().key,)


def test_a_lost_file_can_be_handed_out_again(ledger: Ledger) -> None:
    first, second = DownloadOutbox(), DownloadOutbox()
    send(ledger, [new_reminder()], first, AT)
    assert send(ledger, [new_reminder()], second, AT, all_again=True).sent == 1
    assert first.content == second.content
    assert first.content.startswith(b"\xef\xbb\xbfnumber,text,template\r\n")


def test_a_damaged_ledger_sends_nothing_twice(ledger: Ledger, tmp_path: Path) -> None:
    send(ledger, [new_reminder()], Gateway(), AT)
    path = next((tmp_path / "desk").rglob("*.age"))
    path.write_bytes(b"cut")
    assert ledger.state(new_reminder().key) == TRYING


def test_neither_number_nor_name_lies_open_in_the_ledger(ledger: Ledger, tmp_path: Path) -> None:
    send(ledger, [new_reminder()], Gateway(), AT)
    for name, content in files(tmp_path).items():
        assert content.startswith(b"age-encryption.org")
        assert "98765" not in name


# The file


def test_the_file_is_a_csv_that_grows_and_no_spreadsheet_runs(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    outbox = FileOutbox(path)
    outbox.send("00919876543210", 'Reminder: "x", y', "k")
    outbox.send("044276612", "=1+1", "k")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert rows == [
        ["number", "text", "template"], ["0091 98765 43210", 'Reminder: "x", y', ""], ["0442 76612", "'=1+1", ""]
    ]  # fmt: skip


def test_a_file_that_cannot_be_written_is_a_sentence_and_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Problem, match="cannot be written"):
        FileOutbox(tmp_path).send("044276612", "x", "k")
    path = tmp_path / "out.csv"
    FileOutbox(path).send("044276612", "x", "k")
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("forms.desk.events.messaging.gateways.os.fsync", full)
    with pytest.raises(Problem, match="No space left"):
        FileOutbox(path).send("044276613", "y", "k")
    assert path.read_bytes() == before


# The provider


@dataclass
class Provider:
    """A minimal SMS provider."""

    address: str
    status: int = 200
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    cut: bool = False


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.requests.append((self.path, dict(self.headers), body))
            if server.cut:
                self.connection.close()
                return
            self.send_response(server.status)
            if server.status == 302:
                self.send_header("Location", "https://elsewhere.example/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_PUT(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            """Do not log."""

    with serve_in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        server.address = f"{address}/sms"
        yield server


def test_the_provider_gets_number_text_token_and_a_key_by_which_it_knows_repeats(provider: Provider) -> None:
    HttpGateway(provider.address, "secret", "to", "body").send("044276612", "நினைவூட்டல்", "k1")
    path, headers, body = provider.requests[0]
    assert (path, headers["Authorization"], headers["Idempotency-Key"]) == ("/sms", "Bearer secret", "k1")
    assert json.loads(body) == {"to": "044276612", "body": "நினைவூட்டல்"}


def test_a_provider_that_wants_a_form_gets_one(provider: Provider) -> None:
    HttpGateway(provider.address, "secret", "to", "body", "PUT", as_json=False).send("044276612", "x y", "k")
    assert provider.requests[0][2] == b"to=044276612&body=x+y"


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (401, Problem, "does not know the token"),
        (400, Problem, "refused the text"),
        (302, Problem, "refused the text"),
        (429, Problem, "refused the text"),
        (500, DeliveryUnknown, "is in trouble"),
        (503, DeliveryUnknown, "is in trouble"),
    ],
)
def test_what_the_provider_says_becomes_a_sentence(
    provider: Provider, status: int, kind: type[Problem], message: str
) -> None:
    provider.status = status
    with pytest.raises(Problem, match=message) as error:
        HttpGateway(provider.address, "secret").send("044276612", "x", "k")
    assert type(error.value) is kind
    assert "secret" not in str(error.value)


def test_a_line_that_breaks_after_sending_leaves_nobody_sure(provider: Provider) -> None:
    provider.cut = True
    with pytest.raises(DeliveryUnknown, match="broke off"):
        HttpGateway(provider.address, "secret").send("044276612", "x", "k")


def test_a_provider_that_is_not_there_has_surely_sent_nothing() -> None:
    with pytest.raises(Problem, match="Nothing was sent") as error:
        HttpGateway("http://127.0.0.1:9/", "secret").send("044276612", "x", "k")
    assert not isinstance(error.value, DeliveryUnknown)


GOOD = {"PORTAL_SMS_URL": "https://sms.example/send", "PORTAL_SMS_TOKEN": "t"}


def test_settings_make_a_gateway_or_none() -> None:
    assert http_gateway({}) is None
    assert http_gateway(GOOD) == HttpGateway("https://sms.example/send", "t")
    named = http_gateway(
        GOOD
        | {
            "PORTAL_SMS_METHOD": "put",
            "PORTAL_SMS_NUMBER_FIELD": "to",
            "PORTAL_SMS_TEXT_FIELD": "m",
            "PORTAL_SMS_BODY": "form",
        }
    )
    assert named == HttpGateway("https://sms.example/send", "t", "to", "m", "PUT", as_json=False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PORTAL_SMS_URL": "http://sms.example/"}, "no https address"), ({"PORTAL_SMS_URL": "https://"}, "no https address"),
        ({"PORTAL_SMS_TOKEN": ""}, "is empty"), ({"PORTAL_SMS_TOKEN": "a\nb"}, "strange signs"),
        ({"PORTAL_SMS_METHOD": "GET"}, "Take POST or PUT"), ({"PORTAL_SMS_BODY": "xml"}, "Take json or form"),
    ],
)  # fmt: skip
def test_wrong_settings_are_sentences(changes: dict[str, str], message: str) -> None:
    with pytest.raises(Problem, match=message):
        http_gateway(GOOD | changes)
