"""Desks and servers of different age, keys changed twice, passphrases typed on another keyboard: nobody is shut out."""

import json
import unicodedata
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pyrage
import pytest
from click.testing import CliRunner

from forms.core import handover_version
from forms.core import portal as portals
from forms.core.files.durable import write_safely
from forms.core.portal import Choice, Clip, Desk, Event, Helpline, Language, Member, Portal, SoundFile
from forms.core.problem import Problem
from forms.desk.cases import plain_text
from forms.desk.cases.export import encrypt_export
from forms.desk.cases.log.case_log import Entry, seal_entry
from forms.desk.cli.main import desk as command
from forms.desk.crypto import keys
from forms.desk.sync.client import Server
from tests.desk.conftest import Office

pytestmark = pytest.mark.usefixtures("site_not_visited")

ANITA = "police/anita"
TAMIL = "\u0b95\u0bcb\u0b9f\u0bbf \u0b95\u0bca\u0b9f\u0bcd\u0b9f\u0bc8 ünïcödé"
"""Vowel signs that are one letter or two, and letters with marks."""


def add_field_everywhere(value: Any, name: str) -> Any:
    """Return the portal's JSON with one more field in every object, as a newer program would write it."""
    if isinstance(value, dict):
        return {**{key: add_field_everywhere(item, name) for key, item in value.items()}, name: "new"}
    return [add_field_everywhere(item, name) for item in value] if isinstance(value, list) else value


def newer(office: Office, **more: Any) -> dict[str, Any]:
    """What a newer server hands out."""
    data = json.loads(json.dumps(portals.as_json(office.portal)))
    rows = {name: add_field_everywhere(data[name], "added") for name in ("languages", "helplines", "events", "desks")}
    for desk in rows["desks"]:
        desk["name"].pop("added"), desk["what"].pop("added")
    return {**data, **rows, "added": {"of": ["the future"]}, "version": 99, **more}


def serve_portal(monkeypatch: pytest.MonkeyPatch, data: Any) -> None:
    """Let the server hand out this portal."""
    monkeypatch.setattr(Server, "portal", lambda _: json.dumps(data).encode())


# portal.json in both directions


def test_fields_that_are_not_known_are_passed_over(office: Office) -> None:
    parsed = portals.parse(json.dumps(newer(office)), "here")
    assert parsed.desks == portals.parse(json.dumps(portals.as_json(office.portal)), "here").desks


def test_fields_that_an_older_server_did_not_have_are_empty(office: Office) -> None:
    data = json.loads(json.dumps(handover_version.for_first_version(office.portal)))
    for row in data["desks"]:
        del row["recovery"], row["picture"]
    for name in ("timezone", "clips", "assets"):
        del data[name]
    parsed = portals.parse(json.dumps(data), "here")
    assert (parsed.timezone, parsed.clips, parsed.desks[0].recovery) == ("UTC", {}, "")


def test_a_desk_of_the_first_version_gets_only_fields_it_knows(office: Office) -> None:
    """Those desks call Portal(**data): one field more stops them, and so they would fetch nothing."""
    data = json.loads(Server(office.address, keys.token(office.home / "legal")).ask("GET", "portal").body)
    classes = (Portal, Language, Desk, Member, Helpline, Event, Choice, Clip, SoundFile)
    first_fields = {kind.__name__: set(handover_version.FIRST_FIELDS[kind.__name__].split()) for kind in classes}
    assert set(data) == first_fields["Portal"]
    assert set(data["desks"][0]) == first_fields["Desk"]
    assert set(data["desks"][0]["members"][0]) == first_fields["Member"]
    assert set(data["events"][0]) == first_fields["Event"]
    for kind in classes:
        assert first_fields[kind.__name__] <= {one.name for one in fields(kind)}, "an old desk needs each of them"
    parsed = portals.parse(json.dumps(data), "here")
    assert (parsed.events, [desk.keys for desk in parsed.desks]) == (
        office.portal.events, [desk.keys for desk in office.portal.desks],
    )  # fmt: skip


def test_an_older_desk_brings_its_outbox_and_fetches(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.tell(what="first")
    anita = office.machine(ANITA)
    anita.sync.run()
    [case] = anita.cases.all()
    serve_portal(monkeypatch, newer(office))
    anita.log.write(case.id, "note", text="kept")
    office.tell(what="second")
    assert (anita.sync.run().new, anita.outbox.waiting, len(anita.cases.all())) == (1, 0, 2)


@pytest.mark.parametrize("change", [{"needs": 99}, {"helplines": [{"renamed": "112"}]}, {"choices": 5}], ids=str)
def test_a_desk_that_is_too_old_is_told_so_after_fetching(
    office: Office, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    office.tell(what="first")
    anita = office.machine(ANITA)
    anita.sync.run()
    [case] = anita.cases.all()
    office.tell(what="second")
    with monkeypatch.context() as away:
        away.setattr(Server, "send", _away)
        anita.log.write(case.id, "note", text="kept")
    assert anita.outbox.waiting == 1
    serve_portal(monkeypatch, {**newer(office), **change})
    synced = anita.sync.run()
    assert (synced.new, synced.away, anita.outbox.waiting, len(anita.cases.all())) == (1, "", 0, 2)
    assert "copy the new program onto this machine" in synced.outdated.lower()
    result = CliRunner().invoke(
        command, ["--home", str(office.home), "--desk", ANITA, "--server", office.address, "list"]
    )
    assert (result.exit_code, "copy the new program" in result.output.lower()) == (0, True), result.output
    assert "second" in result.output


def test_a_new_machine_that_is_too_old_has_its_letters_all_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.tell(what="first")
    serve_portal(monkeypatch, newer(office, needs=99))
    anita = office.machine(ANITA)
    with pytest.raises(Problem, match="Copy the new program onto this machine"):
        anita.sync.run()
    assert len(anita.local_store.ids("letters")) == 1


def _away(*_: Any, **__: Any) -> None:
    from forms.desk.sync.responses import ServerAway  # noqa: PLC0415

    raise ServerAway("there", "cannot be reached.")


@pytest.mark.parametrize("text", [b"<html>", b"[]", b"5", b"null", b"{}", b'{"desks": 5}', b"[" * 100_000])
def test_what_is_no_portal_sends_nothing_there(office: Office, monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    anita = office.machine(ANITA)
    monkeypatch.setattr(Server, "portal", lambda _: text)
    with pytest.raises(Problem, match="gave a strange answer"):
        anita.sync.run()


def test_labels_and_kinds_that_are_not_known_stop_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.tell(what="words")
    rows = Server.waiting

    def newer_rows(server: Server) -> list[dict[str, Any]]:
        return [{**row, "tray": "urgent", "form": "kind-of-2030", "label": {"a": [1]}} for row in rows(server)]

    monkeypatch.setattr(Server, "waiting", newer_rows)
    anita = office.machine(ANITA)
    assert anita.sync.run().new == 1
    [case] = anita.cases.all()
    own_keys = [str(one.to_public()) for one in anita.own_keys.identities]
    for number, (kind, value) in enumerate([("kind-of-2030", {"x": 1}), ("state", {"state": "state-of-2030"})]):
        entry = Entry(f"{number}" * 32, case.id, ANITA, "2027-01-01T10:00", (), kind, value)
        anita.local_store.save("entries", entry.id, seal_entry(entry, own_keys))
    anita.sync.run()
    [case] = anita.cases.all()
    assert plain_text.case_line(1, case, office.day)
    assert "kind-of-2030" in "\n".join(plain_text.log_lines(case))


# A key changed twice


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_key_changed_again_before_publishing_still_reaches_the_server(office: Office, times: int) -> None:
    office.tell(what="words")
    anita = office.machine(ANITA)
    new_keys = [anita.key_decisions.change_key(None) for _ in range(times)]
    assert anita.sync.run().new == 1
    assert anita.cases.all()[0].first is not None
    desk = office.portal.desks[0]
    first = new_keys[0]  # what is published may be any of them
    office.with_desk(desk.id, members=(Member(ANITA, first.key, first.pickup), *desk.members[1:]))
    office.tell(what="more")
    assert anita.sync.run().new == 1
    assert all(case.first for case in anita.cases.all())


# Passphrases


@pytest.mark.parametrize("set_as", ["NFC", "NFD", "NFKC", "NFKD"])
def test_a_passphrase_opens_however_a_keyboard_composes_it(tmp_path: Path, quick_passphrase: None, set_as: Any) -> None:
    """Also where it was set before passphrases were normalised, in whatever form."""
    identity = pyrage.x25519.Identity.generate()
    plain = f"{identity}\n".encode()
    typed = unicodedata.normalize(set_as, TAMIL)
    write_safely(tmp_path / "identity.age", pyrage.passphrase.encrypt(plain, typed))
    for form in ("NFC", "NFD"):
        assert keys.identities(tmp_path, lambda form=form: unicodedata.normalize(form, TAMIL))
    with pytest.raises(Problem, match="does not open this key"):
        keys.identities(tmp_path, lambda: TAMIL.replace("ü", "u"))


def test_a_new_passphrase_is_kept_composed(tmp_path: Path, quick_passphrase: None) -> None:
    decomposed, composed = (unicodedata.normalize(form, TAMIL) for form in ("NFD", "NFC"))
    assert decomposed != composed
    keys.make(tmp_path, decomposed)
    pyrage.passphrase.decrypt((tmp_path / "identity.age").read_bytes(), composed)
    pyrage.passphrase.decrypt(encrypt_export({"a": b"b"}, decomposed), composed)
    with pytest.raises(Problem, match="shorter than"):
        keys.make(tmp_path / "other", unicodedata.normalize("NFD", "üüüüüüü"))


def test_the_portal_is_read_as_it_was_written(office: Office) -> None:
    portal = office.portal
    assert asdict(portals.parse(json.dumps(portals.as_json(portal)), "here")) == asdict(portal)
