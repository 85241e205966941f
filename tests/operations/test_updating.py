"""What staff push is believed only where a named person signed it; what fails changes nothing and is written down."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from forms.core.builds import publishing_report
from forms.core.builds.publishing_report import Report
from forms.core.problem import Problem
from forms.operations.updating import Source, update

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
        self.source().take(self.git("rev-parse", "HEAD"))

    def git(self, *words: str, where: str = "staff") -> str:
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
        more = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
        done = subprocess.run(
            ["git", *words],
            cwd=self.home / where,
            env={**os.environ, **own, **more},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, words: str, by: str = "anita", *, sign: bool = True) -> str:
        (self.home / "staff/page.md").write_text(words)
        self.git("add", "-A")
        how = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={self.home / by}"]
        self.git(*how, "commit", "-q", *(["-S"] if sign else []), "-m", words)
        return self.git("rev-parse", "HEAD")

    def source(self) -> Source:
        return Source(self.home / "content", self.home / "content.git", self.home / "signers")

    def page(self) -> str:
        return (self.home / "content/page.md").read_text()

    def publish(self) -> None:
        if self.page() == "broken":
            raise Problem("content/en/a.md:3", "has no title.", "Write one.")
        if self.page() == "odd":
            raise ZeroDivisionError
        self.published.append(self.page())

    def update(self, *, held: bool = False) -> str:
        return update(
            self.source(), self.publish, self.home / "published", TODAY,
            purge=lambda: self.purged.append(self.page()), held=held,
        )  # fmt: skip

    def report(self) -> Report | None:
        return publishing_report.read(self.home / "published")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Repository(tmp_path_factory.mktemp("made")).home


@pytest.fixture
def repository(made: Path, tmp_path: Path) -> Repository:
    """A copy of one that was made once: keys take time."""
    shutil.copytree(made, tmp_path / "home", symlinks=True)
    copy = object.__new__(Repository)
    copy.home, copy.published, copy.purged = tmp_path / "home", [], []
    copy.git("remote", "set-url", "origin", str(copy.home / "staff"), where="content.git")
    return copy


def test_what_a_named_person_signed_is_published(repository: Repository) -> None:
    repository.commit("second")
    assert repository.update().endswith("signed by anita.")
    assert repository.published == ["second"]
    assert repository.report() == Report("2027-01-01", "")


def test_with_nothing_new_the_same_is_published_again_since_days_pass(repository: Repository) -> None:
    assert repository.update() == "There is nothing new."
    assert repository.published == ["first"]


def test_after_going_back_only_something_new_is_published_and_consents_still_end(repository: Repository) -> None:
    assert "An earlier release" in repository.update(held=True)
    assert (repository.published, repository.purged) == ([], ["first"])
    repository.commit("second")
    repository.update(held=True)
    assert repository.published == ["second"]


def test_a_fresh_clone_is_believed_only_where_its_newest_commit_is_signed(repository: Repository) -> None:
    repository.git("update-ref", "-d", "refs/portal/taken", where="content.git")
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
    repository.git("config", "gpg.program", "true", where="content.git")
    repository.commit("unsigned", sign=False)
    text = repository.git("cat-file", "commit", "HEAD").replace(
        "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n x\n\n", 1
    )
    done = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin"], cwd=repository.home / "staff", input=f"{text}\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    repository.git("reset", "-q", "--hard", done.stdout.strip())


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
    head, page = repository.source().taken(), repository.page()
    with pytest.raises(Problem) as told:
        repository.update()
    assert (repository.source().taken(), repository.page()) == (head, page)
    assert repository.published == []
    assert repository.report() == Report("2027-01-01", str(told.value))


def test_names_of_people_whose_keys_were_taken_away_count_no_more(repository: Repository) -> None:
    repository.commit("second")
    (repository.home / "signers").write_text(f"mallory {(repository.home / 'mallory.pub').read_text()}")
    with pytest.raises(Problem, match="is not signed by one of the people named"):
        repository.update()


@pytest.mark.parametrize(
    ("words", "told"), [("broken", "content/en/a.md:3: has no title."), ("odd", "ZeroDivisionError")]
)
def test_what_cannot_be_built_is_taken_back_and_said_and_withdrawals_count(
    repository: Repository, words: str, told: str
) -> None:
    repository.commit(words)
    with pytest.raises((Problem, ZeroDivisionError)):
        repository.update()
    assert repository.page() == "first"
    assert repository.purged == [words], "the new consents.csv was looked at before it was taken back"
    report = repository.report()
    assert report
    assert told in report.problem
    repository.commit("mended")
    repository.update()
    assert repository.report() == Report("2027-01-01", "")


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
    done: list[str] = []
    assert "is published" in update(None, lambda: done.append("published"), tmp_path, TODAY)
    assert "An earlier release" in update(None, lambda: done.append("again"), tmp_path, TODAY, held=True)
    assert done == ["published"]
    assert publishing_report.read(tmp_path) == Report("2027-01-01", "")


def test_a_damaged_report_is_none(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"day": 1}'):
        (tmp_path / publishing_report.NAME).write_text(text)
        assert publishing_report.read(tmp_path) is None
