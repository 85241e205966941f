"""An office that publishes by a push: a publisher's finger signs the commit, and a withdrawal waits for nobody."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commands.editors import office_push
from dulwich.object_store import commit_tree_changes
from dulwich.repo import Repo
from editor import start
from editor.office import withdrawal_keys
from editor.office.build_signatures import BuildSignatures
from editor.remotes.destination import RemoteDestination
from editor.remotes.remote import Offline, Remote
from editor.remotes.signed_branch import SEEN
from sitegen.publish.withdrawals import withdrawal_merging, withdrawal_writing
from sitegen.publish.withdrawals.withdrawal_commits import withdrawn_stories

from forms.core.builds import passkey_commits
from forms.core.problem import Problem
from forms.operations.updating.git_source import GitSource
from forms.operations.updating.update import update
from tests.commands import site_in
from tests.editor.conftest import folder_place
from tests.editor.office_helpers import (
    Device,
    Person,
    Publishing,
    fetch_challenge,
    open_office,
    send_passkey,
    with_passkey,
)
from tests.editor.test_window import CONSENT
from tests.patience import until
from tests.sitegen.conftest import KEY, TODAY, Folder

CONSENTS = "tables/consents.csv"


@dataclass
class Pushing(Publishing):
    """An office, the repository to which it pushes, and the server that takes it from there."""

    folder: Folder
    bare: Path
    server: Path

    @property
    def memory(self) -> Path:
        return self.place.editor.memory

    def publisher(self, *, is_named: bool = True) -> Person:
        publisher = with_passkey(self.place, "B. Das", self.device, "publisher", "writer")
        key = self.place.office.accounts.find("B. Das").passkeys[0]  # type: ignore[union-attr]
        line = passkey_commits.signers_line("das", self.place.office.passkeys.publisher_key(key))
        if is_named:
            for path in (self.memory / "signers", self.bare.with_name("allowed_signers")):
                with path.open("a") as file:
                    file.write(f"{line}\n")
        return publisher

    def publish(self, publisher: Person) -> None:
        assert self.sign(publisher, self.press(publisher)) == {"to": "/publish/"}
        self.place.editor.publisher.wait()
        outcome = self.place.editor.publisher.outcome
        assert outcome
        assert outcome.problems == ()

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.bare, capture_output=True, text=True, check=True)
        return done.stdout.rstrip("\n")

    def take(self) -> str:
        """Update the server's folder, as its timer does."""
        content, clone = self.server / "content", self.server / "content.git"
        if not clone.exists():
            content.mkdir(parents=True)
            subprocess.run(["git", "clone", "-q", "--bare", self.bare, clone], check=True)
        source = GitSource(
            content, clone, self.bare.with_name("allowed_signers"),
            keep_withdrawals=partial(withdrawal_merging.keep_withdrawals, content), withdrawn_stories=partial(withdrawn_stories, today=TODAY),
        )  # fmt: skip
        return update(source, lambda: None, self.server / "published", TODAY)

    def text_on_server(self, name: str) -> str:
        return (self.server / "content" / name).read_text("utf-8")


@pytest.fixture
def pushing(folder: Folder, tmp_path: Path) -> Iterator[Pushing]:
    folder.table("consents", CONSENT)
    bare = tmp_path / "district.git"
    bare.mkdir()
    Repo.init_bare(bare, default_branch=b"main").close()
    memory = folder.root / "var" / "editor"
    memory.mkdir(parents=True)
    key = withdrawal_keys.ensure_key(memory)
    bare.with_name("allowed_signers").write_text(f"{withdrawal_keys.line('office.example', key)}\n")

    def passkeys() -> list[str]:
        lines = (memory / "signers").read_text().splitlines() if (memory / "signers").exists() else []
        return [key for line in lines if (key := passkey_commits.passkey_of(line))]

    signatures = BuildSignatures(passkeys)
    editor = start.create_editor(
        folder.root, memory, folder_place(folder), keys={"police": (KEY, "sha256:0"), "events": (KEY, "sha256:1")},
        today=lambda: TODAY, withdraw=lambda told: withdrawal_writing.write_withdrawn(folder.root / "content", told, TODAY),
        push=start.Push(Remote(bare.as_uri()), key, signatures.sign_commit),
    )  # fmt: skip
    installation = Pushing(open_office(editor, signatures=signatures), folder, bare, tmp_path / "server")
    yield installation
    until(lambda: signatures.waiting or not editor.publisher.is_running)
    if signatures.waiting:
        signatures.refuse(signatures.waiting.digest)
    editor.publisher.wait()
    editor.store.history.close()


def test_a_finger_signs_what_is_pushed_and_the_server_believes_it(pushing: Pushing) -> None:
    publisher = pushing.publisher()
    pushing.publish(publisher)
    assert "Publish: main of " in pushing.git("log", "-1", "--format=%B", "main")
    assert pushing.take().endswith("signed by das.")
    publisher.edit("/pages/en/index.md", "# index\n\nNew words.")
    page = publisher.get("/publish/")
    assert "en/index.md" in page
    pushing.publish(publisher)
    pushing.take()
    assert "New words." in pushing.text_on_server("en/index.md")
    assert "It was sent to the server" in publisher.get("/publish/")


def test_nothing_is_pushed_before_the_finger_or_without_it(pushing: Pushing) -> None:
    publisher = pushing.publisher()
    digest = pushing.press(publisher)
    assert "waits for your signature" in publisher.get("/publish/")
    other = pushing.device.sign_challenge(fetch_challenge(publisher, "/again/ask"))
    assert "problem" in send_passkey(publisher, "/publish/sign", other, build=digest), "what she signed to come in"
    assert "problem" in pushing.sign(publisher, digest, Device(id=pushing.device.id)), "another key under her name"
    assert not pushing.git("branch", "--list")
    publisher.post("/publish/unsigned", build=digest)
    pushing.place.editor.publisher.wait()
    assert "It was not signed." in publisher.get("/publish/")
    assert not pushing.git("branch", "--list")


def test_an_answer_is_for_one_commit(pushing: Pushing) -> None:
    publisher = pushing.publisher()
    first = pushing.press(publisher)
    old = pushing.device.sign_challenge(fetch_challenge(publisher, "/publish/sign/ask", build=first))
    publisher.post("/publish/unsigned", build=first)
    pushing.place.editor.publisher.wait()
    publisher.edit("/pages/en/index.md", "# index\n\nOther words.")
    second = pushing.press(publisher)
    assert second != first
    for digest in (first, second):
        assert "problem" in send_passkey(publisher, "/publish/sign", old, build=digest)


def test_only_a_passkey_that_a_person_at_the_machine_named_signs(pushing: Pushing) -> None:
    publisher = pushing.publisher(is_named=False)
    digest = pushing.press(publisher)
    assert "problem" in fetch_challenge(publisher, "/publish/sign/ask", build=digest)


def test_a_withdrawal_is_pushed_at_once_also_while_a_commit_waits_for_a_finger(pushing: Pushing) -> None:
    publisher = pushing.publisher()
    pushing.folder.page("help", "One.")
    pushing.publish(publisher)
    pushing.take()
    publisher.edit("/pages/en/index.md", "# index\n\nNot yet.")
    first = pushing.press(publisher)
    writer = pushing.place.person("M. Devi", "writer")
    writer.edit("/pages/en/help.md", "# help\n\nSaved meanwhile.")
    writer.post("/consents/withdraw", consent="the-well")
    until(lambda: not pushing.place.editor.settings.withdrawing_since)
    assert pushing.signatures.waiting, "her finger is still asked for"
    assert pushing.take().endswith("signed by office.example.")
    assert TODAY.isoformat() in pushing.text_on_server(CONSENTS)
    assert "Not yet." not in pushing.text_on_server("en/index.md")
    # What she signs now would go back behind the withdrawal, so it is made anew and asked for again.
    pushing.sign(publisher, first)
    until(lambda: pushing.signatures.waiting and pushing.signatures.waiting.digest != first)
    waiting = pushing.signatures.waiting
    assert waiting
    pushing.sign(publisher, waiting.digest)
    pushing.place.editor.publisher.wait()
    pushing.take()
    assert "Not yet." in pushing.text_on_server("en/index.md")
    assert TODAY.isoformat() in pushing.text_on_server(CONSENTS)


def test_the_machines_own_key_publishes_nothing(pushing: Pushing) -> None:
    """Whoever takes the office's machine has this key: it takes stories off, and that is all."""
    publisher = pushing.publisher()
    pushing.publish(publisher)
    pushing.take()
    publisher.edit("/pages/en/index.md", "# index\n\nHacked.")
    place = pushing.place.editor.remote
    assert isinstance(place, RemoteDestination)
    history = pushing.place.editor.store.history
    tip = pushing.git("rev-parse", "main")
    ready = place.unsigned_commit(history.newest(), {}, [tip], "M. Devi", "Publish")
    place.remote.push(history.folder, history.add(ready, place.sign(ready, withdraws=True)), tip)
    with pytest.raises(Problem, match=r"changes more of consents\.csv"):
        pushing.take()
    assert "Hacked." not in pushing.text_on_server("en/index.md")
    with pytest.raises(Problem, match="is not signed by anybody"):
        place.require_trusted(pushing.git("rev-parse", "main"))


def test_a_withdrawal_that_makes_a_page_a_link_is_believed_by_nobody(
    pushing: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content stays the same, and the file becomes a symbolic link."""
    publisher = pushing.publisher()
    pushing.publish(publisher)
    pushing.take()
    place = pushing.place.editor.remote
    assert isinstance(place, RemoteDestination)
    history, prepared = pushing.place.editor.store.history, place.unsigned_commit
    tip = pushing.git("rev-parse", "main")

    def with_a_link(*arguments: Any) -> Any:
        ready = prepared(*arguments)
        with Repo(str(history.folder)) as repo:
            page = repo[repo[ready.tree].lookup_path(repo.object_store.__getitem__, b"en/index.md")[1]].id
            ready.tree = commit_tree_changes(repo.object_store, repo[ready.tree], [(b"en/index.md", 0o120000, page)])
        return ready

    monkeypatch.setattr(place, "unsigned_commit", with_a_link)
    publisher.post("/consents/withdraw", consent="the-well")
    until(lambda: not pushing.place.editor.settings.withdrawing_since)
    with pytest.raises(Problem, match=r"changes en/index\.md too"):
        pushing.take()
    history.set_ref(SEEN, tip)  # as a colleague's editor, which has seen only the commit before
    with pytest.raises(Problem, match="is not signed by anybody"):
        place.require_trusted(pushing.git("rev-parse", "main"))


def test_undo_is_signed_too(pushing: Pushing) -> None:
    publisher = pushing.publisher()
    pushing.publish(publisher)
    publisher.edit("/pages/en/index.md", "# index\n\nA mistake.")
    pushing.publish(publisher)
    publisher.post("/publish/undo")
    until(lambda: pushing.signatures.waiting is not None)
    pushing.sign(publisher, publisher.fields("/publish/")["build"])
    pushing.place.editor.publisher.wait()
    pushing.take()
    assert "A mistake." not in pushing.text_on_server("en/index.md")


def test_an_office_without_a_key_for_withdrawals_does_not_push(folder: Folder) -> None:
    site = site_in(folder.root)
    with (folder.root / "content" / "portal.yml").open("a") as file:
        file.write("\npublish: {remote: ssh://git@git.example/district.git}\n")
    with pytest.raises(Problem, match="withdrawal-key"):
        office_push(site, lambda _: b"")
    key = withdrawal_keys.ensure_key(site.editor_memory)
    assert withdrawal_keys.ensure_key(site.editor_memory) == key, "made once"
    push = office_push(site, lambda _: b"")
    assert push
    assert push.key == key
    assert (site.editor_memory / "office" / "withdrawal-key").stat().st_mode & 0o077 == 0


def test_what_is_withdrawn_while_the_first_commit_waits_is_not_published_by_it(pushing: Pushing) -> None:
    """The repository has no branch yet, so the withdrawal cannot be pushed first."""
    publisher = pushing.publisher()
    first = pushing.press(publisher)
    pushing.place.person("M. Devi", "writer").post("/consents/withdraw", consent="the-well")
    until(lambda: not pushing.place.editor.settings.withdrawing_since)
    pushing.sign(publisher, first)
    until(lambda: pushing.signatures.waiting and pushing.signatures.waiting.digest != first)
    assert not pushing.git("branch", "--list")
    waiting = pushing.signatures.waiting
    assert waiting
    pushing.sign(publisher, waiting.digest)
    pushing.place.editor.publisher.wait()
    assert TODAY.isoformat() in pushing.git("show", f"main:{CONSENTS}")


def test_what_is_withdrawn_without_a_network_is_not_published_when_it_is_back(
    pushing: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = pushing.publisher()
    pushing.publish(publisher)
    publisher.edit("/pages/en/index.md", "# index\n\nNot yet.")
    first = pushing.press(publisher)
    with monkeypatch.context() as cut:

        def raise_offline(*_: object) -> str:
            raise Offline("district", "cannot be reached.", "It is tried again.")

        cut.setattr(Remote, "fetch", raise_offline)
        pushing.place.person("M. Devi", "writer").post("/consents/withdraw", consent="the-well")
        until(lambda: pushing.place.editor.publisher.withdrawal)
    pushing.sign(publisher, first)
    until(lambda: pushing.signatures.waiting and pushing.signatures.waiting.digest != first)
    assert TODAY.isoformat() in pushing.git("show", f"main:{CONSENTS}")
    assert "Not yet." not in pushing.git("show", "main:en/index.md")


def test_a_withdrawal_is_taken_where_the_site_gets_another_address(pushing: Pushing) -> None:
    """The new address is published by a publisher; a no does not wait for that."""
    publisher = pushing.publisher()
    pushing.publish(publisher)
    pushing.take()
    place = pushing.place.editor.remote
    assert isinstance(place, RemoteDestination)
    place.site = "https://new.example.org"
    pushing.place.person("M. Devi", "writer").post("/consents/withdraw", consent="the-well")
    until(lambda: not pushing.place.editor.settings.withdrawing_since)
    pushing.take()
    assert TODAY.isoformat() in pushing.text_on_server(CONSENTS)
