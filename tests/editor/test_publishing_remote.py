"""Publishing by a push: two offices, one repository between them, a network that goes away, and who holds the repository."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from dulwich.client import HTTPUnauthorized
from dulwich.repo import Repo
from editor import start
from editor.editor import Editor
from editor.remotes import site_report
from editor.remotes.file_merge import CONSENTS, merge_files, require_name
from editor.remotes.remote import Moved, Remote
from editor.saving.history import History
from sitegen.checks.settings_validation import remote_of
from sitegen.publish.withdrawals import withdrawal_merging, withdrawal_writing

from forms.core.builds.git_signatures import public_line, sign
from forms.core.crypto.signing import PrivateKey, public_text, signing_key
from forms.core.problem import Problem
from forms.operations.updating.git_source import GitSource
from forms.operations.updating.update import update
from tests.editor.conftest import Browser, browser_at, folder_place
from tests.editor.test_window import CONSENT
from tests.sitegen.conftest import KEY, TODAY, Folder

DEVI, RAVI, MALLORY = (signing_key("AGE-SECRET-KEY-1" + letter * 58) for letter in "QPZ")
PAGE = "content/en/index.md"


@dataclass
class Office:
    """One machine: its content, its editor, a browser at it."""

    folder: Folder
    editor: Editor
    browser: Browser

    def write(self, text: str, page: str = "index.md") -> None:
        form = self.browser.form(f"/pages/en/{page}")
        self.browser.post(f"/pages/en/{page}", **{**form, "text": text})

    def publish(self) -> tuple[Problem, ...]:
        self.browser.post("/publish/")
        self.editor.publisher.wait()
        assert self.editor.publisher.outcome
        return self.editor.publisher.outcome.problems

    def file(self, name: str) -> bytes:
        return (self.folder.root / "content" / name).read_bytes()


@dataclass
class District:
    """The repository, the lines of who may sign, and two offices."""

    bare: Path
    devi: Office
    ravi: Office

    @property
    def tip(self) -> str:
        return self.git("rev-parse", "main")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.bare, capture_output=True, text=True, check=True)
        return done.stdout.rstrip("\n")

    def text_on_server(self, name: str) -> str:
        return self.git("show", f"main:{name}")

    def signed_by(self, commit: str = "main") -> str:
        """Return who signed a commit, as `portal update` checks it: with git and ssh-keygen."""
        signers = self.bare.with_name("allowed_signers")
        command = ["git", "-c", f"gpg.ssh.allowedSignersFile={signers}", "log", "-1", "--format=%GS", commit]
        return subprocess.run(command, cwd=self.bare, capture_output=True, text=True, check=True).stdout.strip()


def office(folder: Folder, bare: Path, key: PrivateKey | None, name: str) -> Office:
    memory = folder.root / "var" / "editor"
    memory.mkdir(parents=True, exist_ok=True)
    lines = [public_line("devi", public_text(DEVI)), public_line("ravi", public_text(RAVI))]
    (memory / "signers").write_text("\n".join(lines))

    def withdraw(consent_id: str) -> None:
        withdrawal_writing.write_withdrawn(folder.root / "content", consent_id, TODAY)

    editor = start.create_editor(
        folder.root, memory, folder_place(folder), keys={"police": (KEY, "sha256:0"), "events": (KEY, "sha256:1")},
        today=lambda: TODAY, withdraw=withdraw, push=start.Push(Remote(bare.as_uri()), key),
    )  # fmt: skip
    editor.remember(name=name)
    return Office(folder, editor, browser_at(editor))


@pytest.fixture
def district(folder: Folder, tmp_path: Path) -> Iterator[District]:
    """Devi has published once, and Ravi's machine has what she published."""
    bare = tmp_path / "district.git"
    bare.mkdir()
    Repo.init_bare(bare, default_branch=b"main").close()
    lines = [public_line("devi", public_text(DEVI)), public_line("ravi", public_text(RAVI))]
    bare.with_name("allowed_signers").write_text("\n".join(lines) + "\n")
    folder.table("consents", CONSENT)
    devi = office(folder, bare, DEVI, "Devi")
    assert devi.publish() == ()
    other = tmp_path / "ravi"
    subprocess.run(["cp", "-a", folder.root, other], check=True)
    ravi = office(replace(folder, root=other), bare, RAVI, "Ravi")
    yield District(bare, devi, ravi)
    for member in (devi, ravi):
        member.editor.publisher.wait()
        member.editor.store.history.close()


def test_publishing_pushes_a_commit_that_the_server_believes(district: District) -> None:
    district.devi.write("# index\n\nNew words.")
    assert district.devi.publish() == ()
    assert "New words." in district.text_on_server("en/index.md")
    assert district.signed_by() == "devi"
    assert "Publish: main of " in district.git("log", "-1", "--format=%B", "main")
    assert "Nothing: both are the same." in district.devi.browser.get("/publish/")
    assert "It was sent to the server" in district.devi.browser.get("/publish/")


def test_what_others_pushed_is_joined_where_it_does_not_touch(district: District) -> None:
    district.ravi.write("# index\n\nRavi.")
    assert district.ravi.publish() == ()
    form = district.devi.browser.form("/pages/en/index.md")
    district.devi.browser.post("/pages/en/index.md", **{**form, "title": "Devi's title"})
    assert district.devi.publish() == ()
    for text in (district.text_on_server("en/index.md"), district.devi.file("en/index.md").decode()):
        assert "Ravi." in text
        assert "Devi's title" in text
    assert district.signed_by() == "devi"


def test_where_both_changed_the_same_lines_both_are_shown_and_a_person_decides(district: District) -> None:
    district.ravi.write("# index\n\nRavi's words.")
    assert district.ravi.publish() == ()
    district.devi.write("# index\n\nDevi's words.")
    before, tip = district.devi.file("en/index.md"), district.tip
    (problem,) = district.devi.publish()
    assert "changed the same lines" in problem.what
    assert (district.devi.file("en/index.md"), district.tip) == (before, tip), "nothing is written anywhere"
    page = district.devi.browser.get("/publish/")
    assert "Ravi's words." in page.replace("&#39;", "'")
    parts = district.devi.editor.remote.merge.conflicts[0].parts  # type: ignore[union-attr]
    texts = ["Both words.\n" if part.is_conflict else part.text for part in parts or ()]
    district.devi.browser.post("/publish/both", **{"tip": tip, "part-0": texts})
    assert district.devi.publish() == ()
    assert "Both words." in district.text_on_server("en/index.md")
    for text in (district.text_on_server("en/index.md"), district.devi.file("en/index.md").decode()):
        assert not any(mark in text for mark in ("<<<<", "====", ">>>>"))
    assert district.ravi.publish() == ()
    assert b"Both words." in district.ravi.file("en/index.md"), "it comes to the other office too"


def test_a_decision_about_what_changed_since_is_not_taken(district: District) -> None:
    district.ravi.write("# index\n\nRavi's words.")
    district.ravi.publish()
    district.devi.write("# index\n\nDevi's words.")
    district.devi.publish()
    tip = district.tip
    district.devi.write("# index\n\nDevi's later words.")
    parts = district.devi.editor.remote.merge.conflicts[0].parts  # type: ignore[union-attr]
    fields = {"tip": tip, "part-0": [part.text for part in parts or ()]}
    assert "somebody has published meanwhile" in district.devi.browser.post("/publish/both", 400, **fields).text
    assert b"later words" in district.devi.file("en/index.md")


def test_without_a_network_work_goes_on_and_one_press_publishes_later(district: District) -> None:
    district.bare.rename(district.bare.with_name("away"))
    district.devi.write("# index\n\nNew words.")
    (problem,) = district.devi.publish()
    assert "publish" in str(problem).lower()
    home = district.devi.browser.get("/")
    assert "Waiting to be published since 1 January 2027" in home
    district.devi.write("# index\n\nNewer words.")
    district.bare.with_name("away").rename(district.bare)
    assert district.devi.publish() == ()
    assert "Newer words." in district.text_on_server("en/index.md")
    assert "Waiting to be published" not in district.devi.browser.get("/")


def test_somebody_who_pushes_in_the_same_moment_costs_nothing(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    district.devi.write("# index\n\nDevi.")
    district.ravi.folder.page("new", "Ravi.")
    push, times = Remote.push, iter((1,))

    def second(self: Remote, repository: Path, commit: str, expected: str) -> None:
        if self is district.devi.editor.remote.remote and next(times, None):  # type: ignore[union-attr]
            assert district.ravi.publish() == ()
        push(self, repository, commit, expected)

    monkeypatch.setattr(Remote, "push", second)
    assert district.devi.publish() == ()
    assert "Devi." in district.text_on_server("en/index.md")
    assert "Ravi." in district.text_on_server("en/new.md")


# A withdrawal goes first


def test_a_withdrawal_reaches_the_server_though_all_else_is_refused(district: District) -> None:
    district.devi.write("# index\n\nHalf a sentence [[ number: 999 ]]")
    tip = district.tip
    district.devi.browser.post("/consents/withdraw", consent="the-well")
    district.devi.editor.publisher.wait()
    assert TODAY.isoformat() in district.text_on_server(CONSENTS)
    assert district.git("diff", "--name-only", tip, "main") == CONSENTS, "nothing but the withdrawal"
    assert district.signed_by() == "devi"
    assert "has not reached" not in district.devi.browser.get("/")


def test_a_withdrawal_does_not_wait_for_what_touches(district: District) -> None:
    district.ravi.write("# index\n\nRavi's words.")
    district.ravi.publish()
    district.devi.write("# index\n\nDevi's words.")
    assert district.devi.publish()
    district.devi.browser.post("/consents/withdraw", consent="the-well")
    district.devi.editor.publisher.wait()
    assert TODAY.isoformat() in district.text_on_server(CONSENTS)
    assert "Ravi's words." in district.text_on_server("en/index.md")


def test_a_withdrawal_without_a_network_is_said_and_tried_again(district: District) -> None:
    district.bare.rename(district.bare.with_name("away"))
    district.devi.browser.post("/consents/withdraw", consent="the-well")
    district.devi.editor.publisher.wait()
    assert "has not reached the server yet, since 1 January 2027" in district.devi.browser.get("/")
    district.bare.with_name("away").rename(district.bare)
    district.devi.editor.publisher.retry_withdrawal("Devi")
    district.devi.editor.publisher.wait()
    assert TODAY.isoformat() in district.text_on_server(CONSENTS)
    assert "has not reached" not in district.devi.browser.get("/")


def test_a_withdrawal_reaches_the_server_past_what_somebody_pushed_unsigned(district: District) -> None:
    """The new commit is based on the trusted one; the unsigned one stays in the history, but not its files."""
    forge(district, None, "Evil words.")
    district.devi.browser.post("/consents/withdraw", consent="the-well")
    district.devi.editor.publisher.wait()
    assert TODAY.isoformat() in district.text_on_server(CONSENTS)
    assert "Evil words." not in district.text_on_server("en/index.md")
    assert district.signed_by() == "devi"
    assert district.ravi.publish() == (), "the other office goes on"


def test_nobodys_join_brings_a_withdrawn_story_back(district: District) -> None:
    """Ravi's machine has the row as it was, and changes another cell of it."""
    district.devi.browser.post("/consents/withdraw", consent="the-well")
    district.devi.editor.publisher.wait()
    district.ravi.write("# index\n\nRavi.")
    assert district.ravi.publish() == ()
    assert TODAY.isoformat() in district.text_on_server(CONSENTS)
    assert TODAY.isoformat().encode() in district.ravi.file(CONSENTS)


# Whoever holds the repository


def forge(
    district: District, key: PrivateKey | None, words: str, line: str = "Publish: main of https://x.example"
) -> str:
    """Push a commit on top of the newest, signed or not."""
    path = district.bare.with_name("forger")
    subprocess.run(["git", "clone", "-q", "--bare", district.bare, path], check=True)
    content = path.with_name("nothing")
    content.mkdir(exist_ok=True)
    history = History(content, path)
    page = (district.text_on_server("en/index.md") + f"\n{words}\n").encode()
    tip = district.tip
    ready = history.new_commit(tip, {"en/index.md": page}, [tip], "x", f"x\n\n{line}")
    commit = history.add(ready, sign(ready.as_raw_string(), key) if key else None)
    Remote(district.bare.as_uri()).push(path, commit, tip)
    history.close()
    subprocess.run(["rm", "-rf", path], check=True)
    return commit


@pytest.mark.parametrize(
    ("key", "line", "message"),
    [
        (None, "", "is not signed by anybody"),
        (MALLORY, "Publish: main of {site}", "is not signed by anybody"),
        (RAVI, "Publish: draft of {site}", "for the branch draft"),
        (RAVI, "Publish: main of https://other.example", "for another site"),
        (RAVI, "a draft", "does not say that it is to be published"),
    ],
)
def test_what_is_not_trusted_is_not_brought_here_and_not_signed(
    district: District, key: PrivateKey | None, line: str, message: str
) -> None:
    site = district.devi.editor.remote.site  # type: ignore[union-attr]
    tip = forge(district, key, "Evil words.", line.format(site=site))
    district.devi.write("# index\n\nDevi.")
    (problem,) = district.devi.publish()
    assert message in problem.what
    assert district.tip == tip
    assert b"Evil" not in district.devi.file("en/index.md")


def test_an_older_state_is_not_believed(district: District) -> None:
    old = district.tip
    district.devi.write("# index\n\nNew words.")
    assert district.devi.publish() == ()
    district.git("update-ref", "refs/heads/main", old)
    district.devi.write("# index\n\nNewer words.")
    (problem,) = district.devi.publish()
    assert "older than it did before" in problem.what


@pytest.mark.parametrize(
    "name",
    ["../x", "en/../../x", "/x", "C:\\x", "a/.git/hooks/x", ".GIT/config", "git~1/config", "nul", "a/con.md", "x\x00"],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(Problem, match="cannot be the name of a file"):
        require_name(name)
    with pytest.raises(Problem):
        merge_files({}, {}, {name: "1"}, lambda _: b"x")


# Files of both


Case = tuple[bytes, bytes, bytes]


def merge_case(path: str, case: Case, read_version: Callable[[str], bytes | None] | None = None) -> bytes | None:
    merged = merge_files(
        {path: "0"}, {path: "1"}, {path: "2"}, read_version or (lambda id: case[int(id)] if id else None)
    )
    return None if merged.conflicts else merged.changes[path]


HEAD = b"id,name_en,phone\n"


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ((HEAD + b"a,A,1\nb,B,2\n", HEAD + b"a,AA,1\nb,B,2\n", HEAD + b"a,A,1\nb,BB,2\nc,C,3\n"), b"a,AA,1\nb,BB,2\nc,C,3\n"),
        ((HEAD + b"a,A,1\n", HEAD + b"a,A,1\nb,B,2\n", HEAD + b"a,A,1\nc,C,3\n"), b"a,A,1\nb,B,2\nc,C,3\n"),
        ((HEAD + b"a,A,1\n", HEAD + b"a,A,1\nb,B,2\n", HEAD + b"a,A,1\nb,X,3\n"), None),
        ((HEAD + b"a,A,1\n", HEAD + b"a,X,1\n", HEAD + b"a,Y,1\n"), None),
        ((HEAD + b"a,A,1\n", HEAD + b"a,X,1\n", HEAD + b"a,A,2\n"), b"a,X,2\n"),
        ((HEAD + b"a,A,1\n", HEAD + b"a,X,1\n", HEAD), None),
        ((HEAD + b"a,A,1\na,B,1\n", HEAD + b"a,A,1\na,X,1\n", HEAD + b"a,Y,1\na,B,1\n"), None),
        ((HEAD + b'a,"A\nB",1\nc,C,1\n', HEAD + b'a,"A\nX",1\nc,C,1\n', HEAD + b'a,"A\nB",1\nc,Y,1\n'),
         b'a,"A\nX",1\nc,Y,1\n'),
    ],
)  # fmt: skip
def test_tables_are_joined_row_by_row(case: Case, expected: bytes | None) -> None:
    assert merge_case("tables/helplines.csv", case) == (expected and HEAD + expected)


def test_what_programs_write_is_joined_value_by_value() -> None:
    case = (b'{"a": 1}', b'{"a": 1, "b": {"x": 1}}', b'{"a": 2, "b": {"y": 1}}')
    assert merge_case("addresses.json", case) == b'{\n "a": 2,\n "b": {\n  "x": 1,\n  "y": 1\n }\n}\n'


def test_a_picture_that_both_changed_is_chosen() -> None:
    assert merge_case("media/a.png", (b"\xff0", b"\xff1", b"\xff2")) is None


def test_a_push_that_is_cut_off_leaves_both_sides_whole(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks after the server accepted the push, and before this machine knows."""
    push = Remote.push

    def cut(self: Remote, repository: Path, commit: str, expected: str) -> None:
        push(self, repository, commit, expected)
        raise Problem("line", "broke.", "Again.")

    district.devi.write("# index\n\nNew words.")
    with monkeypatch.context() as patch:
        patch.setattr(Remote, "push", cut)
        assert district.devi.publish()
    tip = district.tip
    assert district.devi.publish() == ()
    assert district.tip == tip, "it was there already"
    district.devi.write("# index\n\nNewer words.")
    assert district.devi.publish() == ()
    assert "Newer words." in district.text_on_server("en/index.md")


def test_undo_pushes_what_was_there_before_and_again_what_was_undone(district: District) -> None:
    for words in ("One.", "Two."):
        district.devi.write(f"# index\n\n{words}")
        assert district.devi.publish() == ()
    district.devi.browser.post("/consents/withdraw", consent="the-well")
    district.devi.editor.publisher.wait()
    district.devi.browser.post("/publish/undo")
    assert "One." in district.text_on_server("en/index.md")
    assert TODAY.isoformat() in district.text_on_server(CONSENTS), "what was withdrawn stays so"
    assert b"Two." in district.devi.file("en/index.md"), "texts stay"
    assert "en/index.md" in district.devi.browser.get("/publish/")
    district.devi.browser.post("/publish/undo")
    assert "Two." in district.text_on_server("en/index.md")
    assert district.signed_by() == "devi"


def test_moved_is_said_when_the_branch_is_another(district: District) -> None:
    history = district.devi.editor.store.history
    with pytest.raises(Moved):
        Remote(district.bare.as_uri()).push(history.folder, history.newest(), "1" * 40)


def test_without_a_key_nothing_is_pushed_and_it_is_said(district: District) -> None:
    place = district.devi.editor.remote
    assert place
    place.key = None
    (problem,) = district.devi.publish()
    assert "no key" in problem.what


# The network, and what it is told


def test_a_repository_that_does_not_answer_is_said_without_its_token(tmp_path: Path) -> None:
    Repo.init_bare(tmp_path).close()
    remote = Remote("https://127.0.0.1:1/district.git", credentials=lambda _: ("devi", "S3CRET"))
    with pytest.raises(Problem, match="cannot be reached") as error:
        remote.fetch(tmp_path)
    assert "S3CRET" not in str(error.value)


def test_a_token_that_is_not_accepted_is_said_without_it(tmp_path: Path) -> None:
    """The answer of a hostile server is not repeated: it may say back what it was given."""
    refusal = HTTPUnauthorized("Basic realm=S3CRET", "https://devi:S3CRET@git.example/district.git")

    def refused() -> str:
        raise refusal

    with pytest.raises(Problem, match="does not take the name and token") as problem:
        Remote("https://git.example/district.git").report_errors(refused)
    assert "S3CRET" not in str(problem.value)


@pytest.mark.parametrize(
    "remote",
    [
        "https://devi:S3CRET@git.example/d.git", "https://S3CRET@git.example/d.git", "ssh://git:S3CRET@git.example/d.git",
        "http://git.example/d.git", "ext::sh -c S3CRET", "git@git.example:S3CRET", "ssh://-oProxyCommand=S3CRET/d", "/S3CRET",
        "S3CRET", "https://", "ssh://a b@git.example/S3CRET",
    ],
)  # fmt: skip
def test_a_password_in_portal_yml_is_refused_and_not_repeated(remote: str) -> None:
    with pytest.raises(Problem, match="never with a password") as error:
        remote_of({"publish": {"remote": remote}}, "content/portal.yml")
    assert "S3CRET" not in str(error.value)


@pytest.mark.parametrize("remote", ["ssh://git@git.example:22/d.git", "https://git.example/d.git", "file:///srv/d.git"])
def test_a_remote_that_can_be_pushed_to(remote: str) -> None:
    assert remote_of({"publish": {"remote": remote}}, "x") == (remote, "main")
    assert remote_of({}, "x") is None


def test_staff_see_whether_the_server_has_taken_it(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    place = district.devi.editor.remote
    assert place
    state = {"site": ""}
    monkeypatch.setattr(site_report, "commit_on_site", lambda _: state["site"])
    for commit, words in (
        ("", "has not taken it yet"), (district.tip, "The server has taken it."), ("1" * 40, "shows something newer"),
    ):  # fmt: skip
        state["site"] = commit
        district.devi.editor.remember(taken="")
        place.ask_server()
        assert words in district.devi.browser.get("/")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "https://127.0.0.1:1", "ftp://x", ""])
def test_what_the_site_does_not_say_is_nothing(address: str) -> None:
    assert site_report.commit_on_site(address) == ""


def test_the_server_takes_what_was_pushed_and_a_withdrawal_though_nothing_can_be_built(
    district: District, tmp_path: Path
) -> None:
    """From one office to the server's folder, with git and ssh-keygen there as they are."""
    content, clone = tmp_path / "server" / "content", tmp_path / "server" / "content.git"
    content.mkdir(parents=True)
    subprocess.run(["git", "clone", "-q", "--bare", district.bare, clone], check=True)
    signers = district.bare.with_name("allowed_signers")
    source = GitSource(content, clone, signers, keep_withdrawals=partial(withdrawal_merging.keep_withdrawals, content))
    purged: list[str] = []

    def build() -> None:
        if b"broken" in (content / "en/index.md").read_bytes():
            raise Problem("content/en/index.md", "cannot be built.", "Mend it.")

    def take() -> str:
        return update(
            source, build, tmp_path / "server" / "published", TODAY,
            purge=lambda: purged.append((content / CONSENTS).read_text("utf-8")),
        )  # fmt: skip

    assert "signed by devi" in take()
    district.ravi.write("# index\n\nRavi.")
    assert district.ravi.publish() == ()
    assert "signed by ravi" in take()
    assert b"Ravi." in (content / "en/index.md").read_bytes()
    district.ravi.write("# index\n\nbroken")
    assert district.ravi.publish() == ()
    district.devi.browser.post("/consents/withdraw", consent="the-well")
    district.devi.editor.publisher.wait()
    with pytest.raises(Problem, match="cannot be built"):
        take()
    assert b"Ravi." in (content / "en/index.md").read_bytes(), "the pages stay as they were"
    assert TODAY.isoformat() in purged[-1]
    assert TODAY.isoformat() in (content / CONSENTS).read_text("utf-8")
