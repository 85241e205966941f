"""Changed keys and unproven entries in the desk's window: shown, and confirmed by a person who compared numbers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyrage
import pytest

from forms.core import portal as portals
from forms.desk.cases.log.case_log import new_entry, seal_entry
from forms.desk.crypto.pinned_keys import UnconfirmedKey
from forms.server.store.concerns.letters import EntryRow
from forms.server.web.current import state_of
from tests.desk.test_window import Window, open_window
from tests.desk.window_helpers import Office, running

pytestmark = pytest.mark.usefixtures("site_not_visited")

OTHER = str(pyrage.x25519.Identity.generate().to_public())


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path) as office:
        yield office


def swap(office: Office, desk_id: str, key: str) -> None:
    """Let the server publish another key for a desk."""
    desks = tuple(
        replace(desk, members=(replace(desk.members[0], key=key),)) if desk.id == desk_id else desk
        for desk in office.portal.desks
    )
    portals.write(replace(office.portal, desks=desks), office.home / "portal.json")
    state_of(office.app).use_portal(portals.read(office.home / "portal.json"))


def window_with_changed_key(office: Office, desk_id: str = "legal") -> tuple[Window, str]:
    """A window that had pinned all keys before one of them changed, and a case's id."""
    case = office.letter("Told", desks=("police",))
    window = open_window(office)
    swap(office, desk_id, OTHER)
    window.post("/sync")
    return window, case


def test_a_changed_key_is_shown_and_nothing_is_encrypted_to_it_before_a_person_compared_it(office: Office) -> None:
    window, case = window_with_changed_key(office)
    assert "The key of a desk has changed." in window.page("/")
    page = window.page("/keys/")
    assert "legal: the key is another one." in page
    refused = window.act(case, "handover", desk="legal")
    assert refused.status_code == 400
    assert "until you have compared the fingerprint" in refused.text
    not_compared = window.post("/keys/trust", who="legal")
    assert (not_compared.status_code, "You have not said that you compared" in not_compared.text) == (400, True)
    assert window.post("/keys/trust", compared="yes").status_code == 400, "nobody confirms all by mistake"
    with pytest.raises(UnconfirmedKey):
        window.session.sharing.hand_over(case, "legal")
    assert "Confirmed for legal: 1." in window.post("/keys/trust", who="legal", compared="yes").text
    assert "has changed" not in window.page("/")
    window.session.sharing.hand_over(case, "legal")


def test_a_key_that_is_not_right_is_refused_and_the_known_one_stays_in_use(office: Office) -> None:
    window, case = window_with_changed_key(office)
    assert "Refused: 1." in window.post("/keys/refuse", who="legal").text
    assert "you refused this key" in window.page("/keys/")
    window.session.sharing.hand_over(case, "legal")
    assert office.session("legal").sync.run().new == 1, "to the key that this machine knows"


def test_reading_goes_on_while_the_own_desks_key_is_in_doubt(office: Office) -> None:
    window, case = window_with_changed_key(office, "police")
    assert "Told" in window.page(f"/case/{case}")
    assert window.act(case, "note", text="x").status_code == 400
    assert window.page("/keys/")
    assert window.page("/retention/")


def test_all_fingerprints_are_shown_until_somebody_compared_them_and_afterwards(office: Office) -> None:
    window = open_window(office)
    assert "Nobody has compared these numbers yet." in window.page("/keys/")
    window.post("/keys/trust", all="yes", compared="yes")
    page = window.page("/keys/")
    assert "Nobody has compared" not in page
    assert "All desks together:" in page


def test_an_entry_that_is_not_proven_is_shown_in_its_case_and_counts_only_when_a_person_says_so(office: Office) -> None:
    case = office.letter("Told", desks=("police",))
    window = open_window(office)
    forged = new_entry(case, "police", (), "state", {"state": "closed", "outcome": "forged words"})
    sealed = seal_entry(forged, office.portal.desks_with_ids(["police"])[0].keys)
    office.store.desk_writing.add_entry(EntryRow(forged.id, case, date(2027, 1, 12)), "police", sealed)
    window.post("/sync")
    page = window.page(f"/case/{case}")
    assert "Not proven" in page
    assert "forged words" in page
    assert window.case(case).state.value == "read", "opened, and not closed"
    assert window.post("/keys/old-entries").status_code == 400
    assert window.case(case).state.value == "read"
    assert "1 count now." in window.post("/keys/old-entries", sure="yes").text
    assert window.case(case).state.value == "closed"
