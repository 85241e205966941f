"""What staff push is believed only where a named person signed it; what fails changes nothing and is written down."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Self

import pytest
from sitegen.publish.withdrawals import withdrawal_merging

from forms.core.builds import git_signatures, publishing_report
from forms.core.builds.publishing_report import AttemptRestarted, PublishingReport
from forms.core.crypto.signing import public_text, signing_key
from forms.core.problem import Problem, Problems
from forms.operations.districts import forked
from forms.operations.updating import git_repository, git_source
from forms.operations.updating.git_source import GitSource, library_source
from forms.operations.updating.update import update

from ..patience import until
from .test_cut_short import MAX_CHANGES, cut_at

TODAY = date(2027, 1, 1)


@dataclass
class Repository:
    """A district's repository, a clone of it on the server, and people with keys."""

    home: Path
    published: list[str] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.home / "staff").mkdir()
        for name in ("anita", "mallory"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.home / name], check=True)
        key = (self.home / "anita.pub").read_text()
        (self.home / "signers").write_text(f"anita {key}")
        self.git("init", "-q", "-b", "main")
        self.commit("first")
        subprocess.run(["git", "clone", "-q", "--bare", self.home / "staff", self.home / "content.git"], check=True)
        (self.home / "content").mkdir()
        self.source().check_out(self.git("rev-parse", "HEAD"))
        self.source().mark_published(self.git("rev-parse", "HEAD"))

    @classmethod
    def copied(cls, made: Path, home: Path) -> Self:
        """Return a copy of one that was made once: keys take time."""
        shutil.copytree(made, home, symlinks=True)
        copy = object.__new__(cls)
        copy.home, copy.published, copy.purged = home, [], []
        copy.git("remote", "set-url", "origin", str(home / "staff"), checkout="content.git")
        return copy

    def git(self, *words: str, checkout: str = "staff") -> str:
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
        more = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
        process = subprocess.run(
            ["git", *words],
            cwd=self.home / checkout,
            env={**os.environ, **own, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        return process.stdout.strip()

    def commit(self, words: str, by: str = "anita", *, sign: bool = True, consents: str | None = None) -> str:
        (self.home / "staff/page.md").write_text(words)
        if consents is not None:
            (self.home / "staff/tables").mkdir(exist_ok=True)
            (self.home / "staff/tables/consents.csv").write_text(consents)
        self.git("add", "-A")
        signing = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={self.home / by}"]
        self.git(*signing, "commit", "-q", *(["-S"] if sign else []), "-m", words)
        return self.git("rev-parse", "HEAD")

    def source(self) -> GitSource:
        keep = partial(withdrawal_merging.keep_withdrawals, self.home / "content")
        return GitSource(self.home / "content", self.home / "content.git", self.home / "signers", keep_withdrawals=keep)

    def consents(self) -> str:
        return (self.home / "content/tables/consents.csv").read_text()

    def page(self) -> str:
        path = self.home / "content/page.md"
        return path.read_text() if path.exists() else ""

    def publish(self) -> None:
        if self.page() == "broken":
            raise Problem("content/en/a.md:3", "has no title.", "Write one.")
        if self.page() == "odd":
            raise ZeroDivisionError
        self.published.append(self.page())

    def update(self, *, is_rolled_back: bool = False) -> str:
        return update(
            self.source(), self.publish, self.home / "published", TODAY,
            purge=lambda: self.purged.append(self.page()), is_rolled_back=is_rolled_back,
        )  # fmt: skip

    def report(self) -> PublishingReport | None:
        return publishing_report.read(self.home / "published")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Repository(tmp_path_factory.mktemp("made")).home


@pytest.fixture
def repository(made: Path, tmp_path: Path) -> Repository:
    return Repository.copied(made, tmp_path / "home")


def test_what_a_named_person_signed_is_published(repository: Repository) -> None:
    repository.commit("second")
    assert repository.update().endswith("signed by anita.")
    assert repository.published == ["second"]
    assert repository.report() == PublishingReport("2027-01-01", "")


def not_prepared() -> None:
    raise AttemptRestarted


@pytest.mark.parametrize("words", ["second", "broken"])
def test_an_attempt_that_is_made_again_has_taken_nothing_and_has_no_result(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """Of many districts, the first that has something to build waits until all that builds need is loaded."""
    repository.commit(words)
    for _ in ("first", "after one that failed"):
        before = repository.report()
        with monkeypatch.context() as first:
            first.setattr(forked, "require_prepared", not_prepared)
            with pytest.raises(AttemptRestarted):
                repository.update()
        assert (repository.page(), repository.published, repository.report()) == ("first", [], before)
        if words == "broken":
            with pytest.raises(Problem, match="has no title"):
                repository.update()
    if words == "second":
        assert repository.update().endswith("signed by anita.")


def test_nothing_new_and_nobody_named_are_said_without_what_a_build_needs(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked, "require_prepared", not_prepared)
    assert repository.update() == "There is nothing new."
    repository.commit("second", by="mallory")
    with pytest.raises(Problem, match="is not signed by"):
        repository.update()
    assert "is not signed by" in (repository.report() or PublishingReport("", "")).problem


def test_with_nothing_new_the_same_is_published_again_since_days_pass(repository: Repository) -> None:
    assert repository.update() == "There is nothing new."
    assert repository.published == ["first"]


def test_after_going_back_only_something_new_is_published_and_consents_still_end(repository: Repository) -> None:
    assert "An earlier release" in repository.update(is_rolled_back=True)
    assert (repository.published, repository.purged) == ([], ["first"])
    repository.commit("second")
    repository.update(is_rolled_back=True)
    assert repository.published == ["second"]


def test_a_fresh_clone_is_believed_only_where_its_newest_commit_is_signed(repository: Repository) -> None:
    for name in ("taken", "seen"):
        repository.git("update-ref", "-d", f"refs/portal/{name}", checkout="content.git")
    shutil.rmtree(repository.home / "content")
    (repository.home / "content").mkdir()
    first = repository.git("rev-parse", "HEAD")
    repository.commit("unsigned", sign=False)
    with pytest.raises(Problem, match="is not signed"):
        repository.update()
    assert list((repository.home / "content").iterdir()) == []
    repository.git("reset", "-q", "--hard", first)
    assert repository.update().endswith("signed by anita.")
    assert repository.page() == "first"


def test_no_file_of_git_lies_among_the_content(repository: Repository) -> None:
    repository.commit("second")
    repository.update()
    assert [path.name for path in (repository.home / "content").iterdir()] == ["page.md"]


Attack = Callable[[Repository], object]


def older(repository: Repository) -> None:
    """The remote shows an older commit, signed once: a withdrawn story would come back."""
    before = repository.git("rev-parse", "HEAD")
    repository.commit("second")
    repository.update()
    repository.published.clear()
    repository.git("reset", "-q", "--hard", before)


def rewritten(repository: Repository) -> None:
    repository.git("checkout", "-q", "--orphan", "other")
    repository.commit("another history")
    repository.git("branch", "-f", "main", "other")


def own_program(repository: Repository) -> None:
    """The signature names another format, and a program for it."""
    repository.git("config", "gpg.program", "true", checkout="content.git")
    repository.commit("unsigned", sign=False)
    text = repository.git("cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n\n", 1
    )
    process = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"], cwd=repository.home / "staff", input=f"{text}\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    repository.git("reset", "-q", "--hard", process.stdout.strip())


ATTACKS: dict[str, Attack] = {
    "not signed": lambda repository: repository.commit("unsigned", sign=False),
    "signed by another": lambda repository: repository.commit("mine", by="mallory"),
    "older": older,
    "rewritten": rewritten,
    "another format": own_program,
    "nobody is named": lambda repository: ((repository.home / "signers").unlink(), repository.commit("second")),
    "gone": lambda repository: (repository.home / "staff").rename(repository.home / "moved"),
}


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_what_is_not_trusted_changes_nothing_and_is_said(repository: Repository, attack: str) -> None:
    ATTACKS[attack](repository)
    head, page = repository.source().published_commit(), repository.page()
    with pytest.raises(Problem) as error:
        repository.update()
    assert (repository.source().published_commit(), repository.page()) == (head, page)
    assert repository.published == [page], "what is here is brought to today all the same"
    assert repository.purged == [page]
    assert repository.report() == PublishingReport("2027-01-01", str(error.value))


@pytest.mark.parametrize("signer", ["anita", "mallory"])
def test_a_tag_with_the_name_of_the_branch_holds_nothing_up(repository: Repository, signer: str) -> None:
    """git fetches a tag before a branch: who may push no branch would freeze the site, and nothing would be wrong."""
    signing = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={repository.home / signer}"]
    repository.git(*signing, "tag", "-s", "-m", "frozen", "main", "HEAD")
    second = repository.commit("second")
    assert repository.update() == f"Taken: {second[:12]}, signed by anita."
    assert repository.published == ["second"]


def test_a_remote_that_says_nothing_for_ever_is_said_and_leaves_no_program(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_repository, "MAX_GIT_SECONDS", 3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/content.git"
        repository.git("remote", "set-url", "origin", address, checkout="content.git")
        with pytest.raises(Problem, match="did not answer within 3 seconds"):
            repository.update()
        assert repository.published == ["first"], "the day is published all the same"
        until(lambda: not [one for one in Path("/proc").glob("[0-9]*") if address in words_of(one)])


def words_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def test_names_of_people_whose_keys_were_taken_away_count_no_more(repository: Repository) -> None:
    repository.commit("second")
    (repository.home / "signers").write_text(f"mallory {(repository.home / 'mallory.pub').read_text()}")
    with pytest.raises(Problem, match="is not signed by one of the people named"):
        repository.update()


@pytest.mark.parametrize(
    ("words", "sentence"), [("broken", "content/en/a.md:3: has no title."), ("odd", "ZeroDivisionError")]
)
def test_what_cannot_be_built_is_taken_back_and_said_and_withdrawals_count(
    repository: Repository, words: str, sentence: str
) -> None:
    repository.commit(words)
    with pytest.raises((Problem, ZeroDivisionError)):
        repository.update()
    assert repository.page() == "first"
    assert repository.purged == [words], "the new consents.csv was looked at before it was taken back"
    report = repository.report()
    assert report
    assert sentence in report.problem
    repository.commit("mended")
    repository.update()
    assert repository.report() == PublishingReport("2027-01-01", "")


def test_a_link_in_a_repository_leads_nowhere(repository: Repository) -> None:
    (repository.home / "staff/secret.md").symlink_to("/etc/passwd")
    repository.commit("second")
    repository.update()
    assert not (repository.home / "content/secret.md").is_symlink()


def test_hooks_of_the_clone_do_not_run(repository: Repository) -> None:
    hook = repository.home / "content.git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {repository.home}/ran\n")
    hook.chmod(0o755)
    repository.commit("second")
    repository.update()
    assert not (repository.home / "ran").exists()


def test_what_the_program_wrote_into_content_stays(repository: Repository) -> None:
    (repository.home / "content/calendar.json").write_text("{}")
    repository.commit("second")
    repository.update()
    assert (repository.home / "content/calendar.json").exists()


def test_without_a_repository_what_is_there_is_published(tmp_path: Path) -> None:
    calls: list[str] = []
    assert "is published" in update(None, lambda: calls.append("published"), tmp_path, TODAY)
    assert "An earlier release" in update(None, lambda: calls.append("again"), tmp_path, TODAY, is_rolled_back=True)
    assert calls == ["published"]
    assert publishing_report.read(tmp_path) == PublishingReport("2027-01-01", "")


def test_a_damaged_report_is_none(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"day": 1}'):
        (tmp_path / publishing_report.NAME).write_text(text)
        assert publishing_report.read(tmp_path) is None


# A story without consent does not come back, whatever fails and whoever pushes


GIVEN, TAKEN_BACK = "id,story,withdrawn_on\na,stories/a,\n", "id,story,withdrawn_on\na,stories/a,2027-01-01\n"


def withdrawn_with_a_broken_page(repository: Repository) -> None:
    repository.commit("with a story", consents=GIVEN)
    repository.update()
    repository.commit("broken", consents=TAKEN_BACK)
    with pytest.raises(Problem):
        repository.update()


def test_what_a_commit_withdraws_that_cannot_be_built_stays_withdrawn_here(repository: Repository) -> None:
    """Somebody types `publish` meanwhile, or the timer of the day comes."""
    withdrawn_with_a_broken_page(repository)
    assert (repository.page(), repository.consents()) == ("with a story", TAKEN_BACK)


def test_a_history_without_the_withdrawal_is_refused_though_it_was_never_published(repository: Repository) -> None:
    withdrawn_with_a_broken_page(repository)
    before = repository.git("rev-parse", "HEAD~")
    for later in (False, True):
        repository.git("reset", "-q", "--hard", before)
        if later:
            repository.commit("by somebody who never saw the withdrawal")
        with pytest.raises(Problem, match="is older than"):
            repository.update()
        assert repository.consents() == TAKEN_BACK
    repository.git("fetch", "-q", str(repository.home / "content.git"), "refs/portal/seen")
    repository.git("reset", "-q", "--hard", "FETCH_HEAD")
    repository.commit("mended")
    repository.update()
    assert repository.published[-1] == "mended"


def test_what_was_withdrawn_on_this_machine_stays_so_when_something_is_pushed(repository: Repository) -> None:
    repository.commit("with a story", consents=GIVEN)
    repository.update()
    (repository.home / "content/tables/consents.csv").write_text(TAKEN_BACK)  # as `build.py withdraw` does
    for words in ("another page", "broken", "a third"):
        repository.commit(words, consents=GIVEN)
        try:
            repository.update()
        except Problem:
            assert words == "broken"
        assert repository.consents() == TAKEN_BACK


def test_a_power_cut_after_the_files_were_taken_loses_no_withdrawal(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit("with a story", consents=GIVEN)
    repository.update()
    (repository.home / "content/tables/consents.csv").write_text(TAKEN_BACK)
    repository.commit("another page", consents=GIVEN)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(withdrawal_merging, "keep_withdrawals", stop)
        with pytest.raises(KeyboardInterrupt):
            repository.update()
    repository.update()
    assert repository.consents() == TAKEN_BACK


def test_staff_may_take_a_withdrawal_of_their_own_back(repository: Repository) -> None:
    """It was a slip, or the person agreed again: what they push counts, not what an earlier commit of theirs said."""
    repository.commit("withdrawn", consents=TAKEN_BACK)
    repository.update()
    repository.commit("a slip", consents=GIVEN)
    repository.update()
    assert repository.consents() == GIVEN


# Whoever may push, and may not sign


@pytest.mark.parametrize("attack", ["gone", "not signed"])
def test_consents_end_and_events_pass_whatever_is_pushed_or_cannot_be_fetched(
    repository: Repository, attack: str
) -> None:
    ATTACKS[attack](repository)
    with pytest.raises(Problem):
        repository.update(is_rolled_back=True)
    assert (repository.purged, repository.published) == (["first"], [])


def test_what_is_wrong_with_the_day_is_said_beside_what_could_not_be_fetched(repository: Repository) -> None:
    (repository.home / "content/page.md").write_text("broken")
    ATTACKS["gone"](repository)
    with pytest.raises(Problems) as error:
        repository.update()
    assert len(error.value.problems) == 2


def test_a_key_whose_time_is_over_signs_nothing_however_its_commits_are_dated(repository: Repository) -> None:
    """git holds valid-before against the day that the signer wrote into the commit."""
    signers = repository.home / "signers"
    signers.write_text(signers.read_text().replace("anita ", 'anita valid-before="20270101" ', 1))
    repository.commit("second")
    repository.update()
    signers.write_text(signers.read_text().replace("20270101", "20250101"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            patch.setenv(name, "2024-06-01T12:00:00Z")
        repository.commit("back-dated")
    with pytest.raises(Problem, match="whose time is over"):
        repository.update()
    assert repository.page() == "second"


def test_a_huge_push_is_refused_and_leaves_nothing_on_the_disk(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_repository, "MAX_FETCH_BYTES", 200_000)
    before = size_of(repository)
    (repository.home / "staff/huge").write_bytes(os.urandom(1_000_000))
    repository.commit("second")
    with pytest.raises(Problem, match="git fetch failed"):
        repository.update()
    assert size_of(repository) - before < 100_000


def test_what_is_pushed_unsigned_does_not_gather_on_the_disk(repository: Repository) -> None:
    before = size_of(repository)
    for n in range(3):
        (repository.home / "staff/large").write_bytes(os.urandom(300_000))
        repository.commit(f"unsigned {n}", sign=False)
        with pytest.raises(Problem, match="is not signed"):
            repository.update()
    assert size_of(repository) - before < 100_000


def size_of(repository: Repository) -> int:
    return sum(path.stat().st_size for path in (repository.home / "content.git").rglob("*") if path.is_file())


def test_fetches_of_years_do_not_gather_as_packs(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_source, "MAX_PACKS", 2)
    for n in range(5):
        repository.commit(f"page {n}")
        repository.update()
    assert len(list((repository.home / "content.git/objects/pack").glob("*.pack"))) <= 2


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock", "refs/portal/taken.lock", "packed-refs.lock"])
def test_the_lock_of_a_git_that_was_killed_stops_nothing(repository: Repository, name: str) -> None:
    repository.commit("second")
    (repository.home / "content.git" / name).write_text("")
    repository.update()
    assert repository.published == ["second"]


def test_an_object_in_anothers_place_is_not_looked_at(repository: Repository) -> None:
    """A clone made with --mirror has refs/replace, by which one commit is shown in the place of another."""
    signed = repository.commit("second")
    unsigned = repository.commit("mine", sign=False)
    repository.git("fetch", "-q", "origin", "main", checkout="content.git")
    repository.git("reset", "-q", "--hard", signed)
    repository.git("update-ref", f"refs/replace/{signed}", unsigned, checkout="content.git")
    repository.update()
    assert repository.page() == "second"


def test_what_the_remote_says_is_one_line_without_control_characters(repository: Repository) -> None:
    repository.git("remote", "set-url", "origin", "/nowhere/\x1b[2J\x07" + "x" * 1000, checkout="content.git")
    with pytest.raises(Problem) as error:
        repository.update()
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 600


@pytest.mark.parametrize("head", ["id,story,withdrawn_on", "id;story;withdrawn_on", "story,id", "\ufeffid,story"])
def test_a_withdrawal_is_written_into_whatever_table_came(tmp_path: Path, head: str) -> None:
    """Also the row of a library, which was copied when it was withdrawn and never stood in what came."""
    separator = ";" if ";" in head else ","
    names = head.strip("\ufeff").split(separator)
    row = {"id": "A", "story": "stories/a", "withdrawn_on": ""}
    incoming = f"{head}\r\n{separator.join(row[name] for name in names)}\r\n".encode()
    path = tmp_path / "tables/consents.csv"
    path.parent.mkdir()
    path.write_bytes(incoming)
    local = TAKEN_BACK.encode() + b"b,stories/b,2027-01-01\n"
    assert withdrawal_merging.keep_withdrawals(tmp_path, incoming, local) == ["A", "b"], (
        "as the table that came writes them"
    )
    text = path.read_text(encoding="utf-8")
    assert text.count("2027-01-01") == 2
    assert text.startswith(head)
    assert withdrawal_merging.keep_withdrawals(tmp_path, incoming, local) == []


@pytest.mark.parametrize("incoming", [b"", b"\xff\xfe\x00", b"story\nstories/a\n", b'id,story\n"a'])
def test_a_table_that_cannot_be_read_is_left_alone(tmp_path: Path, incoming: bytes) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/consents.csv").write_bytes(incoming)
    withdrawal_merging.keep_withdrawals(tmp_path, b"", TAKEN_BACK.encode())
    withdrawal_merging.keep_withdrawals(tmp_path, incoming, incoming)


def test_an_update_that_is_cut_short_at_any_change_brings_no_story_back(tmp_path: Path, repository: Repository) -> None:
    """In a process that ends there, with what `withdraw` wrote here and a page that cannot be built; then once more."""
    repository.commit("with a story", consents=GIVEN)
    repository.update()
    (repository.home / "content/tables/consents.csv").write_text(TAKEN_BACK)
    repository.commit("broken", consents=GIVEN)
    for change_number in range(1, MAX_CHANGES):
        copy = object.__new__(Repository)
        copy.home, copy.published, copy.purged = tmp_path / str(change_number), [], []
        shutil.copytree(repository.home, copy.home, symlinks=True)
        copy.git("remote", "set-url", "origin", str(copy.home / "staff"), checkout="content.git")

        def update(copy: Repository = copy) -> None:
            with suppress(Problem, Problems):
                copy.update()

        was_interrupted = cut_at(change_number, update)
        away = (copy.home / "staff").rename(copy.home / "away")
        update()  # nothing can be fetched, and what is here is published all the same
        assert copy.consents() == TAKEN_BACK, change_number
        away.rename(copy.home / "staff")
        copy.published.clear()
        update()
        assert copy.consents() == TAKEN_BACK, change_number
        copy.commit("mended", consents=GIVEN)
        update()
        assert (copy.published, copy.consents()) == (["mended"], TAKEN_BACK)
        if not was_interrupted:
            break
    assert 2 < change_number < MAX_CHANGES - 1


# A signature is for one branch of one site


def test_a_signed_draft_on_the_published_branch_is_refused(repository: Repository) -> None:
    """Whoever holds the repository moves what somebody signed elsewhere to main."""
    repository.commit("second\n\nPublish: main of https://a.example")
    repository.update()
    for words in ("a draft", "x\n\nPublish: draft of https://a.example", "x\n\nPublish: main of https://b.example"):
        repository.commit(words)
        with pytest.raises(Problem, match=r"does not say|for the branch draft|for another site"):
            repository.update()
        assert repository.page().startswith("second")
        repository.git("reset", "-q", "--hard", "HEAD~")
    repository.commit("third\n\nPublish: main of https://a.example")
    assert repository.update().endswith("signed by anita.")


def test_a_site_with_a_new_address_is_taken_when_the_operator_says_so(repository: Repository) -> None:
    repository.commit("second\n\nPublish: main of https://a.example")
    repository.update()
    repository.commit("third\n\nPublish: main of https://b.example")
    with pytest.raises(Problem, match="update --renamed"):
        repository.update()
    source = replace(repository.source(), renamed=True)
    update(source, repository.publish, repository.home / "published", TODAY)
    repository.commit("fourth\n\nPublish: main of https://b.example")
    repository.update()
    assert repository.page().startswith("fourth")


def test_what_the_editors_key_signed_is_believed(repository: Repository) -> None:
    """git and ssh-keygen check what was signed without either of them."""
    key = signing_key("AGE-SECRET-KEY-1" + "Q" * 58)
    with (repository.home / "signers").open("a") as signers:
        signers.write(git_signatures.public_line("devi", public_text(key)) + "\n")
    repository.commit("second", sign=False)
    raw = repository.git("cat-file", "commit", "HEAD") + "\n"
    header, _, message = raw.partition("\n\n")
    signature = git_signatures.sign(raw.encode(), key).decode().replace("\n", "\n ")
    process = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"], cwd=repository.home / "staff", text=True, check=True,
        input=f"{header}\ngpgsig {signature}\n\n{message}", capture_output=True,
    )  # fmt: skip
    repository.git("reset", "-q", "--hard", process.stdout.strip())
    assert repository.update().endswith("signed by devi.")


def test_the_site_says_which_commit_it_was_built_from(repository: Repository) -> None:
    site = repository.home / "published"
    (site / "releases/0000000001/public").mkdir(parents=True)
    (site / "current").symlink_to("releases/0000000001")
    newest = repository.commit("second")
    repository.update()
    taken_file = site / "current/public/taken.json"
    assert publishing_report.built_commit(taken_file.read_bytes()) == newest
    repository.commit("broken")
    with pytest.raises(Problem):
        repository.update()
    assert publishing_report.built_commit(taken_file.read_bytes()) == newest, "what could not be built was not taken"
    for data in (b"", b"[]", b'{"commit": 1}', b'{"commit": "<b>"}'):
        assert publishing_report.built_commit(data) == ""


# One fault hides no other


def test_the_day_is_published_though_a_release_cannot_be_cleaned(repository: Repository) -> None:
    def fail() -> None:
        raise Problems([Problem("release 3", "cannot be cleaned.", "Remove it.")])

    with pytest.raises(Problem, match="release 3"):
        update(repository.source(), repository.publish, repository.home / "published", TODAY, purge=fail)
    assert repository.published == ["first"]
    report = repository.report()
    assert report
    assert "release 3" in report.problem
    repository.commit("broken")
    with pytest.raises(Problems) as error:
        update(repository.source(), repository.publish, repository.home / "published", TODAY, purge=fail)
    assert [problem.where for problem in error.value.problems] == ["content/en/a.md:3", "release 3"]
    assert repository.page() == "first"


# Libraries


@dataclass
class Beside:
    """A district with a library in a repository of its own."""

    district: Repository
    library: Repository

    @property
    def source(self) -> GitSource:
        lines = (self.library.home / "signers").read_text().splitlines()
        remote = (self.library.home / "staff").as_uri()
        return library_source(self.district.home / "libraries", "india", remote, "main", lines)

    def page(self) -> str:
        path = self.source.folder / "page.md"
        return path.read_text() if path.exists() else ""

    def update(self) -> str:
        def publish() -> None:
            if self.page() == "broken":
                raise Problem("library india/page.md", "is broken.", "Mend it.")
            self.district.published.append(f"{self.district.page()} over {self.page()}")

        return update(
            self.district.source(), publish, self.district.home / "published", TODAY,
            purge=lambda: self.district.purged.append(self.page()), libraries=lambda: [self.source],
        )  # fmt: skip


@pytest.fixture
def beside(repository: Repository, made: Path, tmp_path: Path) -> Beside:
    shutil.copytree(made, tmp_path / "library", symlinks=True)
    library = object.__new__(Repository)
    library.home, library.published, library.purged = tmp_path / "library", [], []
    return Beside(repository, library)


def test_a_library_is_taken_before_the_first_build_and_with_each_new_commit(beside: Beside) -> None:
    assert "Library india: taken" in beside.update()
    assert beside.district.published == ["first over first"]
    beside.library.commit("second")
    assert "Library india: taken" in beside.update()
    assert beside.district.published[-1] == "first over second"
    assert "Library" not in beside.update(), "nothing new"


@pytest.mark.parametrize("attack", ["not signed", "signed by another", "rewritten", "older", "gone"])
def test_a_librarys_bad_commit_changes_nothing_and_is_said(beside: Beside, attack: str) -> None:
    beside.update()
    if attack == "older":
        before = beside.library.git("rev-parse", "HEAD")
        beside.library.commit("second")
        beside.update()
        beside.library.git("reset", "-q", "--hard", before)
    else:
        ATTACKS[attack](beside.library)
    page = beside.page()
    beside.district.commit("the district goes on")
    with pytest.raises(Problem):
        beside.update()
    assert beside.page() == page
    assert beside.district.published[-1] == f"the district goes on over {page}"
    assert beside.district.report() != PublishingReport("2027-01-01", "")


def test_a_library_that_cannot_be_built_is_taken_back_and_what_it_withdraws_counts(beside: Beside) -> None:
    beside.library.commit("with a story", consents=GIVEN)
    beside.update()
    beside.library.commit("broken", consents=TAKEN_BACK)
    with pytest.raises(Problem, match=r"library india/page\.md"):
        beside.update()
    assert beside.page() == "with a story"
    assert (beside.source.folder / "tables/consents.csv").read_text() == TAKEN_BACK
    assert "broken" in beside.district.purged


def test_a_libraries_signers_are_those_that_portal_yml_names_now(beside: Beside) -> None:
    beside.update()
    beside.library.commit("second")
    mallory = (beside.library.home / "mallory.pub").read_text()
    (beside.library.home / "signers").write_text(f"mallory {mallory}")
    with pytest.raises(Problem, match=r"not signed by one of the people named in india\.signers"):
        beside.update()
    assert beside.page() == "first"
