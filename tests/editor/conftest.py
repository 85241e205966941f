"""The editor of a tiny district, and a browser at its window."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from unittest.mock import patch

import pytest
from argon2 import PasswordHasher
from editor import start
from editor.editor import Editor
from editor.office import passphrases
from editor.publishing import Destination
from editor.publishing import Folder as PublicFolder
from editor.window.app import create_window
from flask.testing import FlaskClient
from sitegen.publish.withdrawals import withdrawal, withdrawal_writing
from werkzeug.test import TestResponse

from forms.web.local.entrance import entrance_of
from tests.sitegen.conftest import KEY, TODAY, Folder, folder, kept_tables, seal_cache

__all__ = ["folder", "kept_tables", "seal_cache"]
OURS = {"Origin": "http://localhost"}


def folder_place(folder: Folder) -> PublicFolder:
    """Return a folder into which a build writes one page."""
    content = folder.root / "content"
    return PublicFolder(
        folder.root / "public", lambda out: write_site(folder, out), lambda out: withdrawal.purge(out, content, TODAY)
    )


def make_editor(folder: Folder, place: Destination | None = None) -> Editor:
    """Return an editor with a build of one page and the real withdrawal."""

    def withdraw(consent_id: str) -> None:
        withdrawal_writing.write_withdrawn(folder.root / "content", consent_id, TODAY)

    return start.create_editor(
        folder.root, folder.root / "var" / "editor", place or folder_place(folder),
        keys={"police": (KEY, "sha256:0"), "events": (KEY, "sha256:1")}, today=lambda: TODAY,
        withdraw=withdraw,
    )  # fmt: skip


def write_site(folder: Folder, out: Path) -> None:
    """Write a site of one page, the text of the home page, in place of a build."""
    new_site = out.with_name("fresh")
    (new_site / "en").mkdir(parents=True)
    (new_site / "en" / "index.html").write_text(
        (folder.root / "content" / "en" / "index.md").read_text("utf-8"), "utf-8"
    )
    shutil.rmtree(out.with_name("gone"), ignore_errors=True)
    if out.exists():
        out.rename(out.with_name("gone"))
    new_site.rename(out)


class Forms:
    """Reads the forms of pages that `get` returns."""

    def get(self, path: str) -> str:
        """Return a page."""
        raise NotImplementedError

    def base(self, path: str) -> str:
        """Return the value of `base` in the form of a page: the version that was edited."""
        match = re.search(r'name="base" value="(\w*)"', self.get(path))
        assert match
        return match[1]

    def fields(self, path: str) -> dict[str, str]:
        """Return the hidden fields of a page's forms, without the token."""
        pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.get(path))
        return {name: unescape(value) for name, value in pairs if name != "form_token"}


@dataclass
class Browser(Forms):
    """A browser that has come in by the one-time address."""

    client: FlaskClient
    root: str
    token: str
    pages: list[str] = field(default_factory=list)

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, status: int = 303, /, **fields: object) -> TestResponse:
        answer = self.client.post(path, data={"form_token": self.token, **fields}, headers=OURS)
        assert answer.status_code == status, answer.text
        return answer

    def form(self, path: str) -> dict[str, str]:
        """Return the fields that the form of a page would send unchanged."""
        html = self.get(path)
        inputs = re.findall(r'<input[^>]* name="(title|base)"[^>]* value="([^"]*)"', html)
        inputs += re.findall(r'<input id="(title)" name="title" value="([^"]*)"', html)
        texts = re.findall(r'<textarea [^>]*name="(text|description)"[^>]*>\n?(.*?)</textarea>', html, re.S)
        return {name: unescape(value) for name, value in [*inputs, *texts]}


@pytest.fixture(autouse=True, scope="session")
def cheap_passphrases() -> Iterator[None]:
    """Hash passphrases at the lowest cost: otherwise each needs 64 MiB. test_office_accounts.py tests the real cost."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with patch.multiple(passphrases, HASHER=cheap, DUMMY_HASH=cheap.hash("nobody's")):
        yield


@pytest.fixture
def editor(folder: Folder) -> Iterator[Editor]:
    editor_in_folder = make_editor(folder)
    yield editor_in_folder
    editor_in_folder.publisher.wait()
    editor_in_folder.store.history.close()


def browser_at(editor: Editor) -> Browser:
    """Return a browser at a new window of this editor."""
    app = create_window(editor)
    entrance = entrance_of(app)
    client = app.test_client()
    assert client.get(f"/enter/{entrance.token}").status_code == 303
    return Browser(client, entrance.root, entrance.form_token)


@pytest.fixture
def browser(editor: Editor) -> Browser:
    """A browser whose user has given her name."""
    editor.remember(name="M. Devi")
    return browser_at(editor)
