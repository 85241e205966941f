"""A hostile server replaces any message to a desk that has cases: no case changes, and no desk stops."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from forms.core.crypto.encryption import seal_part
from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.doctor.examination import examine
from forms.desk.events.event_records import open_event_records
from forms.desk.events.event_session import EventDesk
from forms.desk.services.parts import clean_part
from forms.desk.session import Session
from forms.desk.sync.fetching import conflicts
from forms.desk.watch.site_watch import SiteWatch
from forms.desk.window.app import create_window
from forms.desk.window.current import authenticator_of
from forms.server.web.current import state_of
from tests.desk.conftest import District, Office, running_office
from tests.desk.hostile_server import (
    ENTRY_STORIES,
    KINDS,
    LETTER_STORIES,
    LIES,
    Encrypted,
    Hostile,
    IdOf,
    Known,
    Lie,
    Listed,
    Other,
    hostile_server,
)

EXAMPLES = int(os.environ.get("PORTAL_ATTACKS", "3"))
"""Examples for each kind of message; a longer search uses hundreds."""

PROFILE = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # each example is a day at a desk: making a fault smaller would take minutes
)
OUR_FILE = re.compile(
    r"(letters|parts|entries)/[0-9a-f]{32}\.age|(labels|erasure)/[0-9a-f]{32}\.json|(outbox|refused)/\d+\.age"
    r"|conflicts/[0-9a-f-]{32,64}\.age|signups/rows\.age|signups/[a-z0-9-]+/[0-9a-f]{32}-\d+\.age"
    r"|(index|identity)\.age|(identity|token)(\.old)?\.txt|[a-z-]{3,20}\.json|format|secured|restoring"
)
"""Every file that a desk may have: no message of the server may create another."""


@dataclass
class Machine:
    """A desk's machine with cases, connected to a hostile server, and the state of both before the attack."""

    office: Office
    hostile: Hostile
    member: str
    pristine: Path
    before: dict[str, Any]
    files: dict[str, bytes]
    entries: tuple[str, ...]
    """All that the server held before the attack, a colleague's that this machine has not fetched among them."""

    @property
    def folder(self) -> Path:
        return self.office.home / self.member

    def restore(self) -> None:
        """Restore the state before the attack; the honest server hands everything out again."""
        self.hostile.lies = {}
        shutil.rmtree(self.folder)
        shutil.copytree(self.pristine, self.folder)
        with state_of(self.office.app).services.concerns.writing() as connection:
            for table in ("taken", "access", "answers"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
            quoted_ids = ", ".join(f"'{id}'" for id in self.entries)
            connection.exec_driver_sql(f"DELETE FROM entries WHERE id NOT IN ({quoted_ids})")

    def session(self) -> Session:
        session = self.office.machine(self.member)
        return Session.unlock(replace(session.place, address=self.hostile.address), None, lambda: self.office.day)

    def outside(self) -> dict[str, bytes]:
        """Return all files that belong neither to this machine nor to the server."""
        return {
            name: digest
            for name, digest in digests(self.office.home.parent).items()
            if not name.startswith((f"installation/{self.member}/", "installation/server/", "pristine/"))
        }


def digests(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).digest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def what_stands(case: Case) -> dict[str, Any]:
    """Return what staff read in each case, and what they decided."""
    assert case.first
    return {
        "told": dict(case.first.answers), "state": case.state, "assigned": case.assigned, "due": case.due_day, "theme": case.theme,
        "urgent": case.is_urgent, "child": case.involves_child, "merged": case.merged_into, "outcome": case.outcome,
        "reply_to": case.first.reply_to, "parts": case.first.parts,
    }  # fmt: skip


def standing(session: Session) -> dict[str, Any]:
    return {case.id: what_stands(case) for case in session.cases.all() if case.first}


def originals(folder: Path) -> dict[str, bytes]:
    """Return the files that nothing may change: letters, parts, entries, keys."""
    return {
        name: digest
        for name, digest in digests(folder).items()
        if name.startswith(("letters/", "parts/", "entries/", "identity", "token", "signing"))
    }


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, district: District) -> Iterator[Machine]:
    """The police's: two cases with notes, a state, a photo. Each attack begins with all as it was."""
    with running_office(tmp_path_factory.mktemp("attacked") / "installation", district) as office:
        yield from _with_cases(office)


def _with_cases(office: Office) -> Iterator[Machine]:
    office.tell(what="The first case", danger="yes", place="avadi")
    receipt = office.tell(what="The second case")
    anita = office.machine("police/anita")
    anita.sync.run()
    first, second = sorted(anita.cases.all(), key=lambda case: str(case.answers["what"]))
    _add_photo(office, first.id)
    office.add(receipt, "More of the second")
    anita.sync.run()
    for kind, value in (
        ("note", {"text": "seen"}),
        ("state", {"state": "looking"}),
        ("assign", {"member": "police/babu"}),
    ):
        anita.log.write(first.id, kind, **value)
    anita.log.write(second.id, "state", state="closed", outcome="Wages paid")
    yield from _attacked_machine(office, "police/anita", (first.id, second.id), lambda: _tell_later(office, first.id))


def _tell_later(office: Office, case_id: str) -> None:
    """Put a colleague's note and a letter with a photo on the server, which this machine has not fetched yet."""
    babu = office.machine("police/babu")
    babu.sync.run()
    babu.log.write(case_id, "note", text="seen by Babu too")
    assert babu.sync.run().away == ""
    before = {item.id for item in state_of(office.app).services.concerns.inbox.waiting("police", "police/anita")}
    office.tell(what="A third, not fetched yet")
    [id] = {item.id for item in state_of(office.app).services.concerns.inbox.waiting("police", "police/anita")} - before
    _add_photo(office, id)


def _add_photo(office: Office, letter_id: str) -> None:
    concerns = state_of(office.app).services.concerns
    keys = [key for desk in office.portal.desks_with_ids(["police", "legal", "partner"]) for key in desk.keys]
    part, sealed = seal_part({"kind": "photo", "type": "x"}, b"pixels", keys)
    concerns.intake.save_part(part, office.day, ["legal", "partner", "police"], sealed)
    with concerns.writing() as connection:
        connection.exec_driver_sql(f"UPDATE parts SET letter = '{letter_id}' WHERE letter IS NULL")
        connection.exec_driver_sql("DELETE FROM taken")


@pytest.fixture(scope="module")
def events_desk(tmp_path_factory: pytest.TempPathFactory, district: District) -> Iterator[Machine]:
    """The events desk's: two sign-ups as fetched before. Each attack begins with all as it was."""
    with running_office(tmp_path_factory.mktemp("events") / "installation", district) as office:
        yield from _with_sign_ups(office)


def _with_sign_ups(office: Office) -> Iterator[Machine]:
    for name in ("Lakshmi", "Meena"):
        sign_up(office, name)
    events = office.machine("events")
    open_event_records(EventDesk(events), lambda: office.day).fetch()
    yield from _attacked_machine(office, "events", (), lambda: sign_up(office, "Later"))


def sign_up(office: Office, name: str) -> None:
    client = office.app.test_client()
    answers = {"event": "meeting", "name": name, "people": "2", "adult": "yes"}
    page = client.post("/forms/en/signup", data=answers).get_data(as_text=True)
    once = re.search(r'name="once" value="([0-9a-f]+)"', page)
    assert once, page
    client.post("/forms/en/signup", data={**answers, "do": "send", "once": once[1]})


def _attacked_machine(
    office: Office, member: str, case_ids: tuple[str, ...], later: Callable[[], None]
) -> Iterator[Machine]:
    session = office.machine(member)
    folder, pristine = session.place.folder, office.home.parent / "pristine" / member
    session.sync.run()
    shutil.copytree(folder, pristine)
    later()
    with hostile_server(office.app) as hostile:
        ids = tuple(
            dict.fromkeys([*case_ids, *(path.stem for path in sorted(folder.glob("*/*.age")) if len(path.stem) == 32)])
        )
        hostile.known = Known(tuple(office.portal.desks_with_ids([session.place.desk])[0].keys), ids)
        with state_of(office.app).services.concerns.writing() as connection:
            entries = tuple(connection.exec_driver_sql("SELECT id FROM entries").scalars())
        yield Machine(office, hostile, member, pristine, standing(session), originals(folder), entries)


def use(machine: Machine) -> None:
    """Do what staff do on a day. A Problem is an expected sentence for staff; any other exception is a fault."""
    session = machine.session()
    for _ in range(2):
        with suppress(Problem):
            session.sync.run()
    for look in (
        session.cases.similar_cases,
        session.cases.unreadable,
        lambda: list(conflicts(session.local_store)),
        session.place.server().access,
        session.place.server().signups,
        session.erasing.old_cases,
    ):
        with suppress(Problem):
            look()
    with suppress(Problem):
        book = open_event_records(EventDesk(session), lambda: machine.office.day)
        book.fetch()
        for gathering in book.gatherings():
            book.parties(gathering)
    examine(session)
    for case_id in machine.before:
        with suppress(Problem):
            session.log.answer(case_id, "We will come.")
        for _, part in session.cases.case(case_id).parts:
            with suppress(Problem):
                clean_part(session.local_store, session.own_keys.identities, part.id)
    _look_at_pages(machine)


def _look_at_pages(machine: Machine) -> None:
    app = create_window(machine.session().place, today=lambda: machine.office.day)
    app.testing = True  # what is no Problem is raised here
    client, authenticator = app.test_client(), authenticator_of(app)
    client.get(f"/enter/{authenticator.token}")
    client.post("/unlock", data={"form_token": authenticator.form_token}, headers={"Origin": "http://localhost"})
    cases = [f"/case/{id}" for id in machine.before]
    for path in ("/", "/?text=case", "/access/", "/keys/", "/retention/", "/events/", "/events/meeting/", *cases):
        assert client.get(path).status_code < 500


def require_that_all_stands(machine: Machine) -> None:
    """Check that no case and no other file changed, and that the desk works with the honest server again."""
    changed = {name for name, digest in machine.files.items() if originals(machine.folder).get(name) != digest}
    assert changed == set(), "an original was changed or erased"
    assert [name for name in digests(machine.folder) if not OUR_FILE.fullmatch(name)] == []
    now = standing(machine.office.machine(machine.member))
    assert {id: now.get(id) for id in machine.before} == machine.before
    machine.hostile.lies = {}
    session = machine.session()
    assert session.sync.run().away == ""
    for id in machine.before:
        session.log.write(id, "note", text="and on it goes")
    assert session.outbox.waiting == 0
    assert {id: standing(session).get(id) for id in machine.before} == machine.before


def attack(machine: Machine, lies: dict[str, Lie]) -> None:
    """Lie to a desk. Of all that the API says, the visit to the public site reads the portal alone: it is left out else."""
    with pytest.MonkeyPatch.context() as patch:
        if "portal" not in lies:
            patch.setattr(SiteWatch, "check", lambda *_, **__: ())
        machine.restore()
        outside = machine.outside()
        machine.hostile.lies = lies
        use(machine)
        assert machine.outside() == outside
        require_that_all_stands(machine)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("signup")])
def test_whatever_the_server_says_no_case_changes(machine: Machine, kind: str) -> None:
    @PROFILE
    @given(LIES, st.dictionaries(st.sampled_from(sorted(KINDS)), LIES, max_size=2))
    def look(lie: Lie, more: dict[str, Lie]) -> None:
        attack(machine, {**more, kind: lie})

    look()


def test_whatever_letters_the_server_makes_up_no_case_changes(machine: Machine) -> None:
    """Well made rows and letters: old ids in new places, notices, photos of other letters, denials."""

    @settings(PROFILE, max_examples=3 * EXAMPLES)
    @given(LETTER_STORIES)
    def look(lies: dict[str, Lie]) -> None:
        attack(machine, lies)

    look()


def test_whatever_entries_the_server_makes_up_no_case_changes(machine: Machine) -> None:
    """Entries in a member's name, encrypted to the desk's keys, which everybody knows."""

    @settings(PROFILE, max_examples=3 * EXAMPLES)
    @given(ENTRY_STORIES)
    def look(lies: dict[str, Lie]) -> None:
        attack(machine, lies)

    look()


@pytest.mark.parametrize("kind", ["signups", "signup", "portal"])
def test_whatever_the_server_says_the_events_desk_goes_on(events_desk: Machine, kind: str) -> None:
    @PROFILE
    @given(LIES)
    def look(lie: Lie) -> None:
        attack(events_desk, {kind: lie})
        require_that_all_names_are_there(events_desk)

    look()


def require_that_all_names_are_there(events_desk: Machine) -> None:
    book = open_event_records(EventDesk(events_desk.office.machine("events")), lambda: events_desk.office.day)
    book.fetch()
    assert {party.name for party in book.parties(book.gathering("meeting"))} == {"Lakshmi", "Meena", "Later"}


@pytest.mark.parametrize("lie", [Other(200, (), b"junk"), Encrypted(b"junk"), Encrypted({"form": "signup"})], ids=repr)
def test_a_sign_up_that_came_as_junk_is_fetched_again(events_desk: Machine, lie: Lie) -> None:
    attack(events_desk, {"signup": lie})
    require_that_all_names_are_there(events_desk)


def test_a_letter_that_the_server_hands_out_again_and_then_denies_stays(machine: Machine) -> None:
    """A server cannot make a desk throw away what it has by saying that the person has erased it meanwhile."""
    not_found = Other(404, (), b"{}")
    parts = [part.id for stands in machine.before.values() for part in stands["parts"]]
    attack(machine, {"acknowledge": not_found})
    attack(machine, {"letter": not_found, "part": not_found, "acknowledge": not_found})
    attack(machine, {"letters": Listed(({"id": "f" * 32, "parts": parts},)), "acknowledge": not_found})
    stranger = Encrypted({"form": "concern", "id": IdOf(0), "answers": {"what": "x"}})
    attack(
        machine, {"letters": Listed(({"id": "f" * 32, "parts": parts},)), "letter": stranger, "acknowledge": not_found}
    )


def test_every_kind_of_message_was_lied_about(machine: Machine, events_desk: Machine) -> None:
    """Each message that a desk sends has a kind in KINDS; otherwise the tests above would skip it."""
    for attacked in (machine, events_desk):
        attacked.restore()
        attacked.hostile.requested_kinds.clear()
        use(attacked)
        require_that_all_stands(attacked)
    requested_kinds = machine.hostile.requested_kinds | events_desk.hostile.requested_kinds
    assert "" not in requested_kinds
    assert set(KINDS) - requested_kinds <= {"copy", "list of copies", "delete"}


def test_no_letter_that_is_here_is_moved_to_another_case(machine: Machine) -> None:
    moved = Listed(({"id": IdOf(0), "thread": IdOf(1), "tray": 2},))
    attack(machine, {"letters": moved})
    attack(machine, {"letters": Listed(({"id": IdOf(1), "thread": "f" * 32, "form": "deletion", "maker": "legal"},))})
