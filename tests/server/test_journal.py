"""The disk of the journal is full, or journald has ended: what people send is kept all the same."""

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from forms.core import portal as portals
from tests.patience import until

from .deployed import gunicorn
from .test_deploy import WORDS, ask

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("journal", ["full", "gone"])
def test_a_service_that_cannot_say_anything_goes_on(tmp_path: Path, district: Any, journal: str) -> None:
    portals.write(district.portal, tmp_path / "portal.json")
    if journal == "full":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, descriptor = os.pipe()
        os.close(reader)
    served = gunicorn(tmp_path, tmp_path / "portal.json", journal=descriptor)
    os.close(descriptor)
    try:
        words = "&".join(f"{name}={value}" for name, value in WORDS.items())
        _, _, page = ask([served], "POST", "/forms/ta/concern", words.encode(), **FORM)
        once = re.search(r'name="once" value="([0-9a-f]+)"', page.decode())
        assert once
        sending = f"{words}&once={once[1]}&do=send".encode()
        _, _, page = ask([served], "POST", "/forms/ta/concern", sending, **FORM)
        assert re.search(r'class="code"[^>]*>\s*([0-9 ]+)<', page.decode()), "a receipt"
        shutil.move(tmp_path / "data", tmp_path / "away")  # from here on there is much to say

        def is_refused_in_words() -> bool:
            status, _, page = ask(
                [served], "POST", "/forms/ta/concern", sending.replace(once[1].encode(), b"0" * len(once[1])), **FORM
            )
            return status == 503 and "<html" in page.decode()

        until(is_refused_in_words)
        assert all(process.poll() is None for process in served.processes)
        assert ask([served], "GET", "/healthz")[0] in {200, 503}
    finally:
        served.stop()
