"""What is erased is gone from the disk: each file of the database is searched for the very bytes of the ciphertext."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from forms.server.web.current import state_of

from .conftest import TODAY, multipart
from .test_never_broken import photo


@dataclass
class Kept:
    """A letter with a photo, its receipt, and bytes out of the midst of each ciphertext."""

    endpoint: Any
    code: str
    id: str
    marks: tuple[bytes, ...]

    def found(self) -> list[bool]:
        """Whether each mark, and then the letter's id, stands anywhere on the disk."""
        folder: Path = self.endpoint.data
        written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        return [mark in written for mark in (*self.marks, self.id.encode())]


@pytest.fixture
def kept(endpoint: Any) -> Kept:
    for number in range(20):  # neighbours on the same pages
        endpoint.send("concern", what=f"another {number}")
    before = set(endpoint.letter_ids())
    body = multipart({"what": "marked", "photos": [(photo(20_000), "a.jpg")]})
    seen = endpoint.client.post("/forms/en/concern", data=body, content_type="multipart/form-data; boundary=B")
    once, part = (endpoint.search(rf'name="{name}" value="([^"]+)"', seen) for name in ("once", "part"))
    code = endpoint.code(endpoint.post("concern", do="send", once=once, part=part, what="marked"))
    [id] = set(endpoint.letter_ids()) - before
    sealed = [endpoint.pickup(path).data for path in (f"letters/{id}", f"parts/{part.split()[0]}")]
    # Pages of 4096 bytes: a run of 40 bytes stands whole on one of them somewhere in so many places.
    marks = tuple(data[at : at + 40] for data in sealed for at in range(1000, 20_000, 2500))
    found = Kept(endpoint, code, id, marks)
    assert sum(found.found()) >= len(marks) - 2, "the search finds what is there"
    return found


def by_the_person(kept: Kept) -> None:
    assert kept.endpoint.post("answer", do="delete-now", code=kept.code).status_code == 200


def by_its_desks(kept: Kept) -> None:
    for desk in ("police", "legal", "partner"):
        assert kept.endpoint.pickup(f"letters/{kept.id}", desk, "DELETE").status_code == 204


def by_fetching(kept: Kept) -> None:
    for desk in ("police", "legal", "partner"):
        assert kept.endpoint.pickup(f"letters/{kept.id}/acknowledge", desk, "POST").status_code == 204


def by_age(kept: Kept) -> None:
    for id in kept.endpoint.letter_ids():
        for desk in ("police", "legal", "partner"):
            kept.endpoint.pickup(f"letters/{id}/acknowledge", desk, "POST")
    office = state_of(kept.endpoint.client.application).services
    assert office.concerns.retention.erase(date(TODAY.year + 2, 1, 1)) == 21


@pytest.mark.parametrize("erase", [by_the_person, by_its_desks, by_age, by_fetching])
def test_no_byte_of_an_erased_letter_or_its_photo_is_left(kept: Kept, erase: Callable[[Kept], None]) -> None:
    erase(kept)
    assert not any(kept.found()[:-1])


def test_photos_that_no_letter_claimed_leave_no_byte(endpoint: Any) -> None:
    body = multipart({"what": "marked", "photos": [(photo(20_000), "a.jpg")]})
    endpoint.client.post("/forms/en/concern", data=body, content_type="multipart/form-data; boundary=B")
    office = state_of(endpoint.client.application).services
    with office.concerns.reading() as connection:
        [sealed] = connection.exec_driver_sql("SELECT sealed FROM parts").scalars()
    found = Kept(endpoint, "", "-", tuple(sealed[at : at + 40] for at in range(1000, 20_000, 2500)))
    assert any(found.found())
    office.concerns.retention.erase_loose_parts(date(TODAY.year, 2, 1))
    office.concerns.retention.erase(TODAY)  # as every day: forms/server/services/retention.py
    assert not any(found.found()[:-1])
