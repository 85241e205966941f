"""What somebody typed in the office is not lost: by another sign-in, a disk that is full, a network that is away."""

import errno
from html import unescape

import pytest
from editor.editor import Editor
from editor.office import state

from tests.editor.office_helpers import Place, open_office
from tests.sitegen.conftest import Folder

PAGE = "/pages/en/index.md"
TYPED = "Half a morning's <careful> words."


@pytest.fixture
def place(editor: Editor) -> Place:
    return open_office(editor)


def test_a_tab_of_an_earlier_sign_in_gives_back_what_was_typed(place: Place) -> None:
    """The session ended over a long text; she signs in again in another tab, comes back and saves."""
    person = place.person("M. Devi")
    of_before = person.token()
    person.post("/sign-out")
    person.sign_in("M. Devi")
    answer = person.post(PAGE, 403, form_token=of_before, title="Home", text=TYPED)
    assert TYPED in unescape(answer.text)
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = person.ask(PAGE, "POST", evil, data={"text": TYPED})
    assert answer.status_code == 403
    assert TYPED not in unescape(answer.text), "another site's words do not stand on our page"


def test_a_full_disk_that_notes_no_use_takes_no_text_away(
    place: Place, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request in a new minute is noted in a file of the office, before anything else."""
    person = place.person("M. Devi")
    place.clock.now += 300

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(state, "write_safely", full)
    person.edit(PAGE, TYPED)
    assert TYPED in (folder.root / "content" / "en" / "index.md").read_text("utf-8")
