"""The speech of an edit: that of its pages alone is made, with the same bytes, and it gives way to the next edit."""

import shutil

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sitegen import kept_work
from sitegen.incremental.building import BuildOutcome
from sitegen.interruption import GivenUp

from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_incremental import builder, built, files, from_scratch, run_machine
from tests.sitegen.test_listen import with_voice

TEXTS = ("One line.", "One line.\n\nAnother line.", "Nothing of before.", "## A part\n\nOne line.")


@pytest.fixture
def district(folder: Folder, lines_made: list[str]) -> Folder:
    """A district with two pages in two languages that can be heard."""
    with_voice(folder, en="en", ta="ta")
    for name in ("rights", "help"):
        folder.page(name, f"The {name} line.\n\nA second {name} line.")
        folder.page(name, f"{name} வரி.", "ta")
    spoken(folder)
    lines_made.clear()
    return folder


def spoken(folder: Folder) -> BuildOutcome | None:
    """Build with speech, as `build` does, and `serve` once nobody edits."""
    return builder(folder).build(TODAY, speak=True, compress=True)


def spoken_from_scratch(folder: Folder) -> dict[str, bytes]:
    """Return the files of the same content built with speech where nothing is kept, and no clip is either."""
    from_scratch(folder)
    other = Folder(folder.root.with_name(f"{folder.root.name} from scratch"))
    for name in ("speech", "kept", "last-build"):
        shutil.rmtree(other.root / ".build" / name, ignore_errors=True)
    kept_work.close_all()
    assert spoken(other)
    return files(other.root / "public")


def site(folder: Folder) -> dict[str, bytes]:
    return files(folder.root / "public")


def test_the_speech_of_an_edit_is_made_for_its_page_alone(district: Folder, lines_made: list[str]) -> None:
    district.page("rights", "The rights line.\n\nAn edited line.")
    silent = built(district)
    assert silent
    assert not silent.whole
    assert lines_made == []
    later = spoken(district)
    assert later
    assert (later.whole, later.pages) == (False, 3), "the page, and those that follow its English"
    assert lines_made == ["An edited line."]
    assert site(district) == spoken_from_scratch(district)
    assert spoken(district) is None


def test_build_makes_an_edit_and_its_speech_at_once(district: Folder, lines_made: list[str]) -> None:
    district.page("help", "உதவி வரி. புதியது.", "ta")
    outcome = spoken(district)
    assert outcome
    assert (outcome.whole, outcome.pages) == (False, 1)
    assert len(lines_made) == 1
    assert site(district) == spoken_from_scratch(district)
    assert spoken(district) is None


def test_the_speech_of_several_edits_waits_until_it_is_made(district: Folder, lines_made: list[str]) -> None:
    district.page("rights", "One edited line.")
    built(district)
    district.page("help", "Another edited line.")
    built(district)
    assert lines_made == []
    outcome = spoken(district)
    assert outcome
    assert not outcome.whole
    assert lines_made == ["Another edited line.", "One edited line."]
    assert site(district) == spoken_from_scratch(district)


def test_a_site_that_was_never_spoken_gets_all_of_its_speech_after_an_edit(
    district: Folder, lines_made: list[str]
) -> None:
    builder(district).build(TODAY, speak=False, compress=True, again=True)
    district.page("rights", "An edited line.")
    outcome = spoken(district)
    assert outcome
    assert outcome.whole
    assert site(district) == spoken_from_scratch(district)


def test_speech_of_an_edit_ends_before_its_next_line_and_leaves_the_site_as_it_is(
    district: Folder, lines_made: list[str]
) -> None:
    one = builder(district)
    district.page("rights", "The first new line.\n\nThe second new line.\n\nThe third new line.")
    one.build(TODAY, speak=False, compress=True)
    before = site(district)
    one.given_up = lambda: len(lines_made) == 1
    with pytest.raises(GivenUp):
        one.build(TODAY, speak=True, compress=True)
    assert site(district) == before
    district.page("help", "An edit that waited.")
    outcome = one.build(TODAY, speak=False, compress=True)
    assert outcome
    assert not outcome.whole
    one.given_up = lambda: False
    later = one.build(TODAY, speak=True, compress=True)
    assert later
    assert not later.whole
    assert sorted(lines_made) == sorted(
        ["The first new line.", "The second new line.", "The third new line.", "An edit that waited."]
    ), "each line once"
    assert site(district) == spoken_from_scratch(district)


def test_the_first_speech_of_a_page_ends_before_its_next_line(
    district: Folder, lines_made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long page takes seconds; here all pages are drawn in this process."""
    one = builder(district)
    district.page("rights", "The first new line.\n\nThe second new line.")
    one.given_up = lambda: "The first new line." in lines_made
    with pytest.raises(GivenUp):
        one.build(TODAY, speak=True, compress=True, again=True)
    assert "The second new line." not in lines_made


class EditedAndSpoken(RuleBasedStateMachine):
    """Pages are edited, and speech is made now and then: the bytes are those from scratch."""

    folder: Folder

    @initialize()
    def start(self) -> None:
        for name in ("rights", "help"):
            self.folder.page(name, f"The {name} line.")
        spoken(self.folder)

    @rule(name=st.sampled_from(["rights", "help"]), text=st.sampled_from(TEXTS), language=st.sampled_from(["en", "ta"]))
    def edit(self, name: str, text: str, language: str) -> None:
        self.folder.page(name, text, language)
        built(self.folder)

    @rule(name=st.sampled_from(["rights", "help"]), text=st.sampled_from(TEXTS))
    def edit_aloud(self, name: str, text: str) -> None:
        self.folder.page(name, text)
        self.speak()

    @rule()
    def speak(self) -> None:
        spoken(self.folder)
        assert site(self.folder) == spoken_from_scratch(self.folder)
        assert spoken(self.folder) is None


def test_whatever_is_edited_and_spoken_the_bytes_are_those_from_scratch(district: Folder) -> None:
    run_machine(EditedAndSpoken, district)
