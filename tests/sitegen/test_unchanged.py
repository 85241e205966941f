"""`build` says that nothing changed before it loads what a build needs: only where that is sure, and never too often."""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from commands import unchanged
from sitegen.incremental import inputs, record
from sitegen.kept_work import KeptWork

from forms.operations.districts import forked
from tests.commands import run, site_in
from tests.sitegen.conftest import SETTINGS, TODAY, Folder
from tests.sitegen.test_incremental import add_a_page, in_place
from tests.sitegen.test_threats_withdrawal import CONSENT, SECRET, tell

ROOT = Path(__file__).parents[2]
BUILD = ["build", "--no-speech", "--no-compress"]


@pytest.fixture
def district(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A built district over a library. A file counts as long the same after 20 ms: tests do not wait for seconds."""
    monkeypatch.setattr(inputs, "RACY", 20_000_000)
    (folder.root / "library" / "india" / "en").mkdir(parents=True)
    (folder.root / "library" / "india" / "en" / "aid.md").write_text(
        "---\ntitle: Aid\n---\n\n# Aid\n\nFree.\n", "utf-8"
    )
    (folder.root / "content" / "portal.yml").write_text(f"{SETTINGS}library: [../library/india]\n", encoding="utf-8")
    folder.page("rights", "Your rights.")
    build_site(folder)
    assert "Nothing changed" in run(site_in(folder.root, TODAY), *BUILD).output  # the keys that the first build made
    return folder


def build_site(folder: Folder) -> None:
    result = run(site_in(folder.root, TODAY), *BUILD)
    assert "Built" in result.output, result.output


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    """Leave the process as it was: `build` looks without it, and ends."""
    yield
    gc.enable()


def test_a_build_of_everything_collects_garbage(district: Folder) -> None:
    edit_schema(district)
    assert not answers(district)
    assert not gc.isenabled()
    build_site(district)
    assert gc.isenabled()


def answers(folder: Folder, *words: str, days: int = 0) -> bool:
    return unchanged.answer(site_in(folder.root, TODAY + timedelta(days=days)), words or BUILD)


def test_where_nothing_changed_it_is_said_at_once(district: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert answers(district)
    output = capsys.readouterr().out
    assert (
        output == f"Nothing changed: {district.root / 'public'} is as it was built. With --again everything is built.\n"
    )
    assert run(site_in(district.root, TODAY), *BUILD).output == output


@pytest.mark.parametrize(
    "words",
    [["build"], [*BUILD, "--again"], [*BUILD, "--out", "x"], ["serve"], [*BUILD, "--speech"], [*BUILD, "--help"]],
)
def test_what_asks_for_more_is_left_to_the_command(district: Folder, words: list[str]) -> None:
    assert not answers(district, *words)


def write(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")


def edit_page(folder: Folder) -> None:
    folder.page("rights", "Other rights.")


def rename_page(folder: Folder) -> None:
    path = folder.root / "content" / "en" / "rights.md"
    path.rename(path.with_name("duties.md"))


def replace_page(folder: Folder) -> None:
    """Put another file there, with the same size and time."""
    path = folder.root / "content" / "en" / "rights.md"
    other = folder.root / "other.md"
    other.write_text(path.read_text(encoding="utf-8").replace("Your", "Most"), encoding="utf-8")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)


def edit_library(folder: Folder) -> None:
    write(folder.root / "library" / "india" / "en" / "aid.md")


def add_to_library(folder: Folder) -> None:
    page = folder.root / "library" / "india" / "en" / "aid.md"
    shutil.copy(page, page.with_name("camp.md"))


def lose_library(folder: Folder) -> None:
    (folder.root / "library" / "india").rename(folder.root / "library" / "odisha")


def lead_library_elsewhere(folder: Folder) -> None:
    """Put a link to another folder in its place, with the same names, sizes and times in it."""
    library = folder.root / "library"
    shutil.copytree(library / "india", library / "odisha")
    (library / "india").rename(library / "before")
    (library / "india").symlink_to("odisha", target_is_directory=True)
    page = library / "odisha" / "en" / "aid.md"
    page.write_text(page.read_text(encoding="utf-8").replace("Free", "Open"), encoding="utf-8")
    shutil.copystat(library / "before" / "en" / "aid.md", page)


def name_another_library(folder: Folder) -> None:
    (folder.root / "library" / "odisha").mkdir()
    (folder.root / "content" / "portal.yml").write_text(f"{SETTINGS}library: [../library/odisha]\n", encoding="utf-8")


def another_zone(folder: Folder) -> None:
    path = folder.root / "content" / "portal.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("Asia/Kolkata", "Asia/Colombo"), encoding="utf-8")


def touch_consents(folder: Folder) -> None:
    os.utime(folder.csv("consents"))


def newer_consents(folder: Folder) -> None:
    (folder.root / "content" / "tables" / "consents.xlsx").write_bytes(b"x")


def edit_schema(folder: Folder) -> None:
    write(folder.root / "site" / "schemas" / "work.yaml")


def edit_program(folder: Folder) -> None:
    write(folder.root / "mkdocs.yml")


def new_key(folder: Folder) -> None:
    home = folder.root / "var" / "publisher"
    home.mkdir(parents=True)
    (home / "identity.age").write_bytes(b"x")


def new_key_of_a_desk(folder: Folder) -> None:
    path = next((folder.root / "var" / "desk").rglob("identity.*"))
    path.write_bytes(path.read_bytes())


def lose_handover(folder: Folder) -> None:
    (folder.root / ".build" / "portal.json").unlink()


def damage_record(folder: Folder) -> None:
    path = folder.root / record.FOLDER / "record"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def change_site(folder: Folder) -> None:
    in_place(folder.root / "public" / "en" / "index.html")


def add_to_site(folder: Folder) -> None:
    add_a_page(folder.root / "public")


CHANGES: list[Callable[[Folder], None]] = [
    edit_page, rename_page, replace_page, edit_library, add_to_library, lose_library, lead_library_elsewhere,
    name_another_library, another_zone, touch_consents, newer_consents, edit_schema, edit_program, new_key,
    new_key_of_a_desk, lose_handover, damage_record, change_site, add_to_site,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda one: one.__name__)
def test_whatever_changed_is_no_answer(district: Folder, change: Callable[[Folder], None]) -> None:
    assert answers(district)
    change(district)
    assert not answers(district)


def test_a_new_day_is_no_answer(district: Folder) -> None:
    assert not answers(district, days=1)


def test_the_build_that_follows_takes_what_was_found(district: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned: list[Path] = []
    look = inputs.scan
    monkeypatch.setattr(inputs, "scan", lambda root, before: scanned.append(root) or look(root, before))
    edit_page(district)
    assert not answers(district)
    build_site(district)
    assert scanned == [district.root]
    assert "Other rights" in (district.root / "public" / "en" / "rights" / "index.html").read_text(encoding="utf-8")
    assert answers(district)


def test_a_consent_that_changed_after_the_look_is_seen_by_the_build(district: Folder) -> None:
    edit_page(district)
    assert not answers(district)
    touch_consents(district)
    build_site(district)
    assert answers(district)


def test_what_a_build_needs_is_not_loaded_to_find_that_nothing_changed() -> None:
    program = "import sys, commands.unchanged; print(*sorted({one.partition('.')[0] for one in sys.modules}))"
    assert not {"babel", "click", "jinja2", "mkdocs", "nacl", "pyrage", "yaml"} & set(printed_output(program).split())


EDIT = """
import sys, commands.cli.build_commands, sitegen.incremental.edits, sitegen.incremental.writing
import sitegen.incremental.drawn
print(*sorted(sys.modules))
"""


def test_an_edit_of_a_page_loads_nothing_that_only_a_whole_build_needs() -> None:
    """Half of an edit is loading the program."""
    heavy = {"babel.dates", "babel.messages.pofile", "frictionless", "mkdocs", "PIL", "typst", "av", "vl_convert"}
    assert not heavy & set(printed_output(EDIT).split())


ENDS = """
import atexit, gc, sys
from pathlib import Path
atexit.register(lambda: print(gc.get_freeze_count() > 0))
from commands import unchanged
from tests.commands import site_in
unchanged.answer(site_in(Path(sys.argv[1])), ["build"])
"""


def test_python_looks_through_nothing_once_more_when_a_build_ends(tmp_path: Path) -> None:
    """It took an eighth of an edit of 5,340 pages."""
    assert printed_output(ENDS, str(tmp_path)) == "True"


def printed_output(program: str, *words: str) -> str:
    """Return what a program prints in a process of its own."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "site")])
    process = subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout.strip()


def test_what_another_user_kept_is_not_run_as_root(
    district: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root types `build` on a server: .build is the publisher's, and a pickle runs whatever it says when it is read."""
    work = KeptWork(tmp_path / "kept.db")
    work.keep(b"key", "theirs")
    work.save()
    work.close()
    assert KeptWork(tmp_path / "kept.db").loaded(b"key") == "theirs"
    assert record.load(district.root)
    of_file, of_path, other_ids = os.fstat, Path.stat, [1500, 1500]

    def of_other(found: os.stat_result) -> os.stat_result:
        return os.stat_result([*found[:4], *other_ids, *found[6:]])

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fstat", lambda handle: of_other(of_file(handle)))
    monkeypatch.setattr(Path, "stat", lambda path, **options: of_other(of_path(path, **options)))
    assert record.load(district.root) is None
    assert KeptWork(tmp_path / "kept.db").loaded(b"key") is None


TICK = """
import sys
from datetime import date
from pathlib import Path
from tests.commands import run, site_in

done = run(site_in(Path(sys.argv[1]), date.fromisoformat(sys.argv[2])), "update")
print(done.output)
sys.exit(done.exit_code)
"""


@pytest.fixture
def tick(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bool]:
    """Update the district as one of many, as each tick of the timer does; return whether all was loaded for it."""
    monkeypatch.setattr(inputs, "RACY", 20_000_000)
    program = tmp_path / "tick.py"
    program.write_text(TICK)

    def run_once(today: date = TODAY, wrong: str = "") -> bool:
        loaded: list[None] = []
        tasks = {"it": [str(folder.root), today.isoformat()]}
        runs = forked.run_each(program, tasks, at_once=1, longest=600, prepare=lambda: loaded.append(None))
        ended = dict(runs)["it"]
        assert (ended.code, wrong in ended.output) == (int(bool(wrong)), True), ended
        return bool(loaded)

    return run_once


def test_of_many_districts_a_tick_loads_what_builds_need_only_for_what_is_to_be_built(
    folder: Folder, tick: Callable[..., bool]
) -> None:
    pages = folder.root / "published" / "current" / "public" / "en"
    folder.page("rights", "Your rights.")
    tell(folder)
    assert tick()
    assert not tick()
    folder.page("rights", "Other rights.")
    assert tick()
    assert "Other rights" in (pages / "rights" / "index.html").read_text("utf-8")
    assert not tick()
    assert SECRET in (pages / "stories" / "a" / "index.html").read_text("utf-8")
    ended = date.fromisoformat(CONSENT["expires_on"]) + timedelta(days=1)
    assert tick(ended), "events pass and consents end with the day"
    assert [path for path in pages.rglob("*.html") if SECRET in path.read_text("utf-8")] == []
    assert not tick(ended)
    folder.page("broken", "[x](nowhere.md)")
    for _ in ("first", "again"):
        assert tick(ended, wrong="nowhere.md"), "what failed is tried again"


LOOK = """
import sys
from datetime import date
from pathlib import Path
import forms.operations.cli.update_commands
from commands.checkouts import checkout_of
from tests.commands import run, site_in

site = site_in(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]))
checkout_of(site).preload_looks()
before = {*sys.modules}
done = run(site, "update")
print(done.output, done.exit_code)
print(*sorted(before), "|", *sorted({*sys.modules} - before))
"""
"""Prints what update says, the modules that are loaded before many districts are looked at, and what a look adds."""


def test_the_look_at_each_of_many_districts_loads_nothing_more(folder: Folder, tick: Callable[..., bool]) -> None:
    assert tick()
    output = printed_output(LOOK, str(folder.root), TODAY.isoformat())
    text, modules = output.rsplit("\n", 1)
    before, more = (half.split() for half in modules.split("|"))
    assert text.split("\n")[0] == "What content/ holds is published."
    assert not {"sitegen.build", "frictionless", "mkdocs", "pygments"} & {*before}
    assert [name for name in more if name.partition(".")[0] in {"sitegen", "forms", "commands", "jinja2"}] == []
