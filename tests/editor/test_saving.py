"""A save is whole or not there, and never over somebody else's edit."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from dulwich.repo import Repo
from editor.editor import Editor
from editor.saving.history import History
from editor.saving.store import ContentStore

from forms.core.problem import Problem

ROOT = Path(__file__).parents[2]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "district" / "content"
    (folder / "en").mkdir(parents=True)
    (folder / "tables").mkdir()
    return folder


def store_of(content: Path) -> ContentStore:
    return ContentStore(content, History(content, content.parent / "var" / "history"), ("en", "ta"), ("helplines",))


def words(store: ContentStore, name: str = "help.md") -> str:
    return store.read(store.page("en", name))[0]


def test_a_save_is_a_commit_with_the_persons_name(content: Path) -> None:
    store = store_of(content)
    page = store.page("en", "help.md")
    first = store.save(page, "One.\n", "", "M. Devi <x@y>", "New")
    store.save(page, "Two.\n", first.base, "A. Kumar", "Edit")
    assert [(entry.who, entry.what) for entry in store.history.revisions(9)] == [
        ("A. Kumar", "Edit"),
        ("M. Devi x@y", "New"),
    ]
    newest = next(store.history.revisions(1))
    assert [(one.path, one.before, one.after) for one in store.history.changes(newest.id)] == [
        ("en/help.md", b"One.\n", b"Two.\n")
    ]


def test_what_does_not_touch_is_merged(content: Path) -> None:
    store = store_of(content)
    page = store.page("en", "help.md")
    base = store.save(page, "One.\n\nTwo.\n\nThree.\n", "", "A", "New").base
    store.save(page, "One, by A.\n\nTwo.\n\nThree.\n", base, "A", "Edit")
    saved = store.save(page, "One.\n\nTwo.\n\nThree, by B.\n", base, "B", "Edit")
    assert saved.merged
    assert words(store) == "One, by A.\n\nTwo.\n\nThree, by B.\n"


def test_what_touches_is_shown_and_nothing_is_written(content: Path) -> None:
    store = store_of(content)
    page = store.page("en", "help.md")
    base = store.save(page, "One.\n\nTwo.\n", "", "A", "New").base
    store.save(page, "One, by A.\n\nTwo.\n", base, "A", "Edit")
    conflict = store.save(page, "One, by B.\n\nTwo.\n", base, "B", "Edit")
    assert [(part.text, part.theirs) for part in conflict.parts if part.is_conflict] == [
        ("One, by B.\n", "One, by A.\n")
    ]
    assert words(store) == "One, by A.\n\nTwo.\n"
    store.save(page, "One, by both.\n\nTwo.\n", conflict.base, "B", "Edit")
    assert words(store) == "One, by both.\n\nTwo.\n"
    assert "<<<<" not in words(store)


def test_an_edit_with_another_program_is_in_the_history_before_it_is_edited_here(content: Path) -> None:
    store = store_of(content)
    page = store.page("en", "help.md")
    base = store.save(page, "One.\n\nTwo.\n", "", "A", "New").base
    page.write_text("One.\n\nTwo, in Notepad.\n", encoding="utf-8")
    store.save(page, "One, here.\n\nTwo.\n", base, "A", "Edit")
    assert words(store) == "One, here.\n\nTwo, in Notepad.\n"
    assert [entry.who for entry in store.history.revisions(9)] == ["A", "?", "A"]


def test_two_new_pages_of_one_name_do_not_replace_each_other(content: Path) -> None:
    store = store_of(content)
    page = store.page("en", "help.md")
    store.save(page, "One, by A.\n", "", "A", "New")
    assert store.save(page, "One, by B.\n", "", "B", "New").parts
    assert words(store) == "One, by A.\n"


def test_a_page_that_somebody_took_away_is_not_brought_back_unseen(content: Path) -> None:
    store = store_of(content)
    page = store.page("en", "help.md")
    base = store.save(page, "One.\n", "", "A", "New").base
    page.unlink()
    assert store.save(page, "One, edited.\n", base, "B", "Edit").parts
    assert not page.exists()


def test_content_inside_a_larger_repository_leaves_that_one_alone(content: Path) -> None:
    Repo.init(content.parent).close()
    before = sorted(path for path in (content.parent / ".git").rglob("*"))
    store = store_of(content)
    store.save(store.page("en", "help.md"), "One.\n", "", "A", "New")
    assert sorted(path for path in (content.parent / ".git").rglob("*")) == before
    assert not (content / ".git").exists()
    assert [entry.what for entry in store.history.revisions(9)] == ["New"]


def test_content_that_is_a_repository_of_its_own_gets_the_commits(content: Path) -> None:
    Repo.init(content).close()
    store = store_of(content)
    store.save(store.page("en", "help.md"), "One.\n", "", "A", "New")
    with Repo(content) as repo:
        assert repo[repo.head()].message == b"New"
        assert repo.open_index()[b"en/help.md"].sha == store.history.id_of(b"One.\n").encode()


def test_a_repository_of_its_own_keeps_its_hidden_files(content: Path) -> None:
    (content / ".gitignore").write_text("*.tmp\n")
    with Repo.init(content) as repo:
        worktree = repo.get_worktree()
        worktree.stage([".gitignore"])
        worktree.commit(message=b"By hand", author=b"A <>", committer=b"A <>")
    store = store_of(content)
    store.record_external_changes()
    store.save(store.page("en", "help.md"), "One.\n", "", "A", "New")
    store.record_external_changes()
    assert [entry.what for entry in store.history.revisions(9)] == ["New", "By hand"]
    assert set(store.history.files()) == {".gitignore", "en/help.md"}


def test_a_repository_that_another_program_holds_is_a_sentence_and_the_text_is_saved(content: Path) -> None:
    Repo.init(content).close()
    store = store_of(content)
    page = store.page("en", "help.md")
    base = store.save(page, "One.\n", "", "A", "New").base
    lock = next(path for path in (content / ".git" / "refs" / "heads").iterdir())
    lock.with_name(f"{lock.name}.lock").touch()
    with pytest.raises(Problem, match="The text itself is saved"):
        store.save(page, "Two.\n", base, "A", "Edit")
    assert page.read_text() == "Two.\n"
    lock.with_name(f"{lock.name}.lock").unlink()
    assert words(store) == "Two.\n"
    assert [entry.who for entry in store.history.revisions(9)] == ["?", "A"]


def test_a_table_keeps_the_mark_by_which_excel_knows_its_letters(content: Path) -> None:
    store = store_of(content)
    table = store.table("helplines")
    table.write_bytes(b"\xef\xbb\xbfid,number\r\n112,112\r\n")
    text, base = store.read(table)
    assert text == "id,number\n112,112\n"
    store.save(table, text + "1098,1098\n", base, "A", "Edit")
    assert table.read_bytes() == b"\xef\xbb\xbfid,number\n112,112\n1098,1098\n"


@pytest.mark.parametrize(
    "name",
    ["../portal.md", "/etc/passwd.md", "a\0.md", "a" * 300 + ".md", "A.md", "HELP.md", "con.md", "stories/nul.md",
     "a/b/c/d/e.md", "help.MD", ".md", "a/.md", "a//b.md", "a/../../b.md", "help.md\n", "help.csv", "हेल्प.md"],
)  # fmt: skip
def test_a_name_that_is_no_page_is_refused(content: Path, name: str) -> None:
    with pytest.raises(Problem, match="cannot be the address"):
        store_of(content).page("en", name)


@pytest.mark.parametrize("language", ["..", "media", "tables", "or", ""])
def test_a_folder_that_is_no_language_is_refused(content: Path, language: str) -> None:
    with pytest.raises(Problem, match="is no language"):
        store_of(content).page(language, "help.md")


@pytest.mark.parametrize("name", ["portal", "../portal", "heard", ""])
def test_a_table_that_is_none_is_refused(content: Path, name: str) -> None:
    with pytest.raises(Problem, match="is no table"):
        store_of(content).table(name)


def test_a_link_in_content_is_not_followed_and_content_itself_may_be_one(content: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (content / "en" / "stories").symlink_to(tmp_path / "elsewhere")
    (content / "en" / "rights.md").symlink_to(tmp_path / "secret")
    link = tmp_path / "link"
    link.symlink_to(content)
    store = store_of(link)
    for name in ("stories/one.md", "rights.md"):
        with pytest.raises(Problem, match="is a link"):
            store.page("en", name)
    store.save(store.page("en", "help.md"), "One.\n", "", "A", "New")
    assert (content / "en" / "help.md").read_text() == "One.\n"


def test_a_secret_key_is_neither_saved_nor_recorded(content: Path) -> None:
    store = store_of(content)
    secret = "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQ"
    with pytest.raises(Problem, match="a secret key stands here"):
        store.save(store.page("en", "help.md"), f"{secret}\n", "", "A", "New")
    (content / "en" / "other.md").write_text(secret)
    store.record_external_changes()
    assert list(store.history.revisions(9)) == []
    assert not (content / "en" / "help.md").exists()


def test_a_full_disk_is_a_sentence_and_the_old_text_stays(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_of(content)
    page = store.page("en", "help.md")
    base = store.save(page, "One.\n", "", "A", "New").base

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("editor.saving.store.write_durably", full)
    with pytest.raises(Problem, match="Make room on the disk"):
        store.save(page, "Two.\n", base, "A", "Edit")
    assert words(store) == "One.\n"


KILLED = """
import os, sys
from pathlib import Path
from editor.saving.history import History
from editor.saving.store import ContentStore

content, last = Path(sys.argv[1]), 400
OLD, NEW = "Old. " * 900, "New. " * 1000
count, dying = 0, 0

def killed(event, arguments):
    global count
    if dying and event in {"open", "os.rename", "os.remove", "os.mkdir", "os.utime", "os.truncate", "os.chmod"}:
        count += 1
        if count == dying:
            os._exit(9)

sys.addaudithook(killed)

def store():
    return ContentStore(content, History(content, content.parent / "history"), ("en",), ())

page = content / "en" / "help.md"
for at in range(1, last):
    own = store()
    now = own.read(page)[1]
    own.save(page, OLD, now, "A", f"before {at}")
    base = own.read(page)[1]
    child = os.fork()
    if not child:
        count, dying = 0, at
        own.save(page, NEW, base, "A", f"killed {at}")
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    own.history.close()
    text = page.read_text()
    assert text in (OLD, NEW), f"{at}: half a file of {len(text)}"
    again = store()  # the next start goes on: no lock of the dead program is in its way
    text, base = again.read(page)
    assert again.save(page, text + "After.", base, "A", "after").revision, at
    assert page.read_text() == text + "After."
    again.history.close()
    if status == 0:
        print(at)
        break
else:
    sys.exit("it never came to the end")
"""


def printed_by(program: str, content: Path) -> str:
    """Run a program on this content in a process of its own; return what it printed."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'site'}"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(content)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed_at_any_touch_of_the_disk_a_file_is_old_or_new_and_the_next_save_works(content: Path) -> None:
    assert int(printed_by(KILLED, content)) > 10, "it was killed at ten places at least"


KILLED_200_TIMES = """
import os, random, signal, sys
from pathlib import Path
from editor.saving.history import History
from editor.saving.store import ContentStore

content, moments = Path(sys.argv[1]), random.Random(1)

def store():
    return ContentStore(content, History(content, content.parent / "var" / "history"), ("en",), ())

page, saved, cut = store().page("en", "help.md"), 0, 0
for life in range(200):
    reads, tells = os.pipe()
    child = os.fork()
    if child == 0:
        own = store()
        for number in range(saved + 1, saved + 1000):  # until it is killed
            now = own.read(page)[1]
            own.save(page, f"Save {number}.", now, "A", f"save {number}")
            os.write(tells, b"+")
        os._exit(0)
    os.close(tells)
    for _ in range(moments.randrange(3)):
        saved += len(os.read(reads, 1))
    for _ in range(moments.randrange(30_000)):
        pass  # another moment of the next save each time
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while told := os.read(reads, 1000):
        saved += len(told)
    os.close(reads)
    own = store()
    text, _ = own.read(page)
    found = int(text.removeprefix("Save ").removesuffix(".")) if text else 0
    assert found in (saved, saved + 1), (life, text, saved)  # all that was said to be saved, or the one that was being
    assert text in ("", f"Save {found}.")
    cut, saved = cut + (found > saved), found
    assert not own.history.has_unrecorded_changes()
    own.history.close()
print(saved, cut)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed_two_hundred_times_in_the_middle_of_saves_nothing_that_was_saved_is_lost(content: Path) -> None:
    assert int(printed_by(KILLED_200_TIMES, content).split()[0]) > 50, "saves between the kills"


def test_only_one_editor_runs_at_a_time(tmp_path: Path) -> None:
    from editor.start import exclusive  # noqa: PLC0415

    with exclusive(tmp_path), pytest.raises(Problem, match="runs already"), exclusive(tmp_path):
        raise AssertionError("two editors run")


def test_the_editor_knows_every_table_that_people_write(editor: Editor) -> None:
    assert "helplines" in editor.schemas
    assert "heard" not in editor.schemas
