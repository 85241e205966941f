"""A flood in small: bench/flood.py with 1,500 junk letters, on both roads. All twenty real ones are kept and reachable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest

from forms.server.services.flood import flood_control
from forms.server.store.concerns.letters import PRIORITY_QUEUE, SECOND_QUEUE
from forms.server.web.current import state_of

FLOOD = Path(__file__).parents[2] / "bench" / "flood.py"


def test_twenty_real_letters_in_a_flood_are_all_kept_and_the_first_tray_stays_short(
    endpoint: Any, load: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood_control, "BITS", 8)  # a test has not a phone's patience ten times over
    keys = [str(endpoint.identities[desk].to_public()) for desk in ("police", "legal", "partner")]
    flood = load(FLOOD)
    found = flood.run(endpoint.client.application, 1500, keys)
    rows = endpoint.pickup("letters").get_json()["letters"]
    trays = {row["id"]: row["tray"] for row in rows}
    assert (len(found.worked), len(found.without_script)) == (10, 10), "all real ones are kept"
    assert {trays[id] for id in found.worked} == {PRIORITY_QUEUE}
    assert list(trays.values()).count(PRIORITY_QUEUE) < 60, "the first page of the desk is of use"
    assert [row["tray"] for row in rows] == sorted(trays.values()), "and it comes first"
    second = [id for id, tray in trays.items() if tray == SECOND_QUEUE]
    store = state_of(endpoint.client.application).services.concerns
    sealed = (store.inbox.sealed_letter(id, "police", "police") for id in second)
    opened = [pyrage.decrypt(each, [endpoint.identities["police"]]) for each in sealed]
    assert not any(b"real " in plain for plain in opened), "those without a script are in the first: they are no copies"
    assert all(endpoint.post("answer", code=code).status_code == 200 for code in found.without_script)
    assert found.refused > 100
    assert len(rows) == found.kept + 20, "nothing that was kept is dropped"
