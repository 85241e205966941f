"""Over a real connection: what cannot be taken is answered at once, also when its body was read already."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from forms.core import portal as portals
from forms.core.crypto.receipts import Cost
from forms.server.app import create_app
from forms.server.web.current import state_of
from forms.web.serving import make


@pytest.mark.parametrize("form", ["visit", "enquiry", "nothing"])
def test_a_form_that_no_desk_reads_is_answered_and_the_line_does_not_hang(
    form: str, district: Any, tmp_path: Path
) -> None:
    desks = tuple(replace(desk, reads=("concern",)) for desk in district.portal.desks)
    portals.write(replace(district.portal, desks=desks), tmp_path / "portal.json")
    app = create_app({"portal": tmp_path / "portal.json", "data": tmp_path / "server", "cost": Cost(64, 1)})
    server = make(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/forms/en/{form}"
        answer = requests.post(address, data={"kind": "play", "where": "x" * 5000}, timeout=120)
        assert answer.status_code == 404
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        state_of(app).services.close()
