"""Accidents around the database: whatever else reads or is erased, letters are taken meanwhile."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from forms.server.web.current import state_of
from tests.patience import until

SOON = 25.0
"""Seconds: less than the 30 that a writer would wait for a lock, and far more than a busy machine takes."""


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Another program, a backup for example, is in the midst of reading this database."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM sqlite_master").fetchone()
    yield
    other.execute("COMMIT")
    other.close()


def test_a_reader_and_an_erasing_hold_no_letter_up(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", what="to be erased"))
    with reading(endpoint.data / "concerns.db"):
        endpoint.send("concern", what="the reader does not see this one")
        begun = time.monotonic()
        assert endpoint.post("answer", do="delete-now", code=code).status_code == 200
        assert endpoint.code(endpoint.send("concern", what="a letter meanwhile"))
        assert time.monotonic() - begun < SOON


@pytest.mark.parametrize("event", ["cancel", "age"])
def test_a_reader_and_an_erasing_hold_no_sign_up_up(endpoint: Any, event: str) -> None:
    code = endpoint.code(endpoint.send("signup", event="meeting", people="1"))
    office = state_of(endpoint.client.application).services
    with reading(endpoint.data / "signups.db"):
        endpoint.send("signup", event="meeting", people="1")
        begun = time.monotonic()
        if event == "cancel":
            assert endpoint.post("cancel", do="cancel", code=code).status_code == 200
        else:
            office.signups.erase(office.portal.events[0].last_day.replace(year=2030))
        assert endpoint.code(endpoint.send("signup", event="meeting", people="2"))
        assert time.monotonic() - begun < SOON


def test_what_a_reader_kept_on_the_disk_goes_once_the_reader_is_gone(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", what="to be erased"))
    office = state_of(endpoint.client.application).services
    [id] = endpoint.letter_ids()
    mark = office.concerns.inbox.sealed_letter(id, "police", "police")[5000:5040]
    with reading(endpoint.data / "concerns.db"):
        endpoint.send("concern", what="the reader does not see this one")
        assert endpoint.post("answer", do="delete-now", code=code).status_code == 200
        assert mark in written(endpoint.data), "the reader still sees it"
    office.concerns.forget_remaining_traces()
    assert mark not in written(endpoint.data)


def test_the_next_letter_takes_along_what_a_reader_kept_on_the_disk(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", what="to be erased"))
    [id] = endpoint.letter_ids()
    mark = state_of(endpoint.client.application).services.concerns.inbox.sealed_letter(id, "police", "police")[
        5000:5040
    ]
    with reading(endpoint.data / "concerns.db"):
        assert endpoint.post("answer", do="delete-now", code=code).status_code == 200
    until(lambda: endpoint.send("concern", what="another") and mark not in written(endpoint.data))


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
