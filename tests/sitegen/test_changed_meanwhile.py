"""What changes while a site is built, or beside it, is seen by the next build: no record says what no build has read."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sitegen import build as whole
from sitegen import kept_work
from sitegen.incremental import edits, inputs, record

from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_incremental import builder, built, files, from_scratch


@pytest.fixture
def district(folder: Folder) -> Folder:
    """A built district with a page in two languages."""
    for language, text in (("en", "Your rights."), ("ta", "உரிமைகள்.")):
        folder.page("rights", text, language)
    built(folder)
    return folder


@pytest.fixture(autouse=True)
def one_program() -> Iterator[None]:
    """Let no test leave a mark of the program to the next."""
    yield
    kept_work.stand_apart(apart=False)


WAYS = [(whole, "build", True), (edits, "edit_of", False)]
"""A build of everything, and one of an edit: what reads the content, and whether everything is built."""


@pytest.fixture(params=WAYS, ids=["whole", "edit"])
def meanwhile(
    request: pytest.FixtureRequest, district: Folder, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], object], Callable[[], object]], None]:
    """Return what builds one change, and does something before and after the content is read for that."""
    module, name, everything = request.param

    def build(before: Callable[[], object], after: Callable[[], object]) -> None:
        original = getattr(module, name)

        def reading(*args: Any, **more: Any) -> Any:
            before()
            result = original(*args, **more)
            after()
            return result

        with monkeypatch.context() as patched:
            patched.setattr(module, name, reading)
            if everything:
                district.page("more", "More.")
            else:
                district.page("rights", "Other rights.", "ta")
            result = built(district)
        assert result
        assert result.whole == everything

    return build


def test_what_was_written_and_taken_back_during_a_build_does_not_stay_on_the_site(
    district: Folder, meanwhile: Any
) -> None:
    path = district.root / "content" / "ta" / "rights.md"
    wrong_text = path.read_text(encoding="utf-8") + "\nWrong words.\n"
    right: list[str] = []

    def mistake() -> None:
        right.append(path.read_text(encoding="utf-8"))
        path.write_text(wrong_text, encoding="utf-8")

    meanwhile(mistake, lambda: path.write_text(right[0], encoding="utf-8"))
    assert built(district)
    assert files(district.root / "public") == from_scratch(district)
    assert built(district) is None


def test_a_translation_that_somebody_confirms_during_a_build_is_shown_by_the_next(
    district: Folder, meanwhile: Any
) -> None:
    path = district.root / "content" / "translations.json"

    def confirm() -> None:
        rows = json.loads(path.read_bytes())
        rows["ta/rights.md"] = {**rows["ta/rights.md"], "english": "0" * 12}
        path.write_text(json.dumps(rows), encoding="utf-8")

    meanwhile(lambda: None, confirm)
    assert built(district)
    assert files(district.root / "public") == from_scratch(district)
    assert built(district) is None


@pytest.mark.parametrize("damaged", [b"", b"{", None])
def test_what_is_handed_to_the_forms_is_made_again_where_it_was_changed(
    district: Folder, damaged: bytes | None
) -> None:
    path = district.root / ".build" / "portal.json"
    before = path.read_bytes()
    path.write_bytes(before + b" " if damaged is None else damaged)
    assert built(district)
    assert path.read_bytes() == before
    assert built(district) is None


def test_another_python_builds_everything(district: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version", "4.0")
    assert not builder(district).is_up_to_date(TODAY, speak=False, compress=False, sign=False)
    outcome = built(district)
    assert outcome
    assert outcome.whole


def test_a_page_that_came_and_went_during_a_build_does_not_stay_on_the_site(
    district: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, original = district.root / "content" / "en" / "guest.md", whole.read

    def reading(*args: Any, **more: Any) -> Any:
        district.page("guest", "Here for a moment.")
        result = original(*args, **more)
        path.unlink()
        return result

    with monkeypatch.context() as patched:
        patched.setattr(whole, "read", reading)
        assert built(district, again=True)
    assert (district.root / "public" / "en" / "guest").exists()
    assert built(district)
    assert files(district.root / "public") == from_scratch(district)
    assert built(district) is None


@pytest.mark.parametrize(
    "name", ["site/sitegen/workers.py", "forms/core/i18n/ta.po", "forms/core/definitions/concern.yaml", "mkdocs.yml"]
)
def test_a_program_that_was_changed_while_it_ran_builds_everything_once_it_is_started_anew(
    district: Folder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(inputs, "PROGRAM", str(district.root.resolve()))
    path = district.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{before}\n# first", encoding="utf-8")
    assert built(district)
    assert built(district) is None
    running, mark = builder(district), kept_work.code_mark()
    path.write_text(f"{before}\n# second", encoding="utf-8")
    assert running.build(TODAY, speak=False, compress=True)
    assert kept_work.code_mark() != mark
    started = builder(district)
    outcome = started.build(TODAY, speak=False, compress=True)
    assert outcome
    assert outcome.whole
    assert built(district) is None


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("changed", ["content/ta/rights.md", "site/schemas/work.yaml"])
def test_the_mark_of_the_program_is_taken_from_the_record_where_it_is_surely_the_same(
    district: Folder, monkeypatch: pytest.MonkeyPatch, own: bool, changed: str
) -> None:
    """To read the whole program took a tenth of what an edit does by itself."""
    if own:
        monkeypatch.setattr(inputs, "PROGRAM", str(district.root.resolve()))
    last = record.load(district.root)
    assert last
    assert last.mark == kept_work.code_mark()
    last.mark = b"of the record"
    record.save(district.root, last)
    kept_work.code_mark.cache_clear()
    path = district.root / changed
    more = "மேலும்." if path.suffix == ".md" else "# more"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{more}\n", encoding="utf-8")
    assert built(district)
    assert (kept_work.code_mark() == b"of the record") == (own and changed.startswith("content"))
