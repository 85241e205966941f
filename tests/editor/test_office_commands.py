"""What whoever runs the office's machine types."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from editor.office import office
from editor.office.commands import group
from editor.office.state import Passkey, StateStore
from fido2.cose import ES256, EdDSA
from fido2.utils import websafe_encode
from fido2.webauthn import Aaguid, AttestedCredentialData

from forms.core.crypto.fingerprints import publisher_fingerprint
from forms.core.problem import Problem
from tests.editor.office_helpers import Device

Say = Callable[..., Result]


@pytest.fixture
def say(tmp_path: Path) -> Say:
    @contextmanager
    def guard() -> Iterator[None]:
        try:
            yield
        except Problem as problem:
            raise click.ClickException(str(problem)) from None

    commands = group(tmp_path, lambda: ("en", "ta"), guard)
    return lambda *words: CliRunner().invoke(commands, words)


def test_people_are_invited_listed_changed_and_removed(say: Say, tmp_path: Path) -> None:
    assert "Nobody yet" in say("list").output
    office.create_office("https://office.example", tmp_path, ("en", "ta"))
    invited = say("invite", "M. Devi", "--role", "writer", "--role", "publisher")
    assert "https://office.example/invited/" in invited.output
    assert "M. Devi: writer, publisher; has not come yet; 0 browsers" in say("list").output
    assert "https://office.example/invited/" in say("invite", "K. Rao", "--role", "reviewer", "--language", "ta").output
    assert say("roles", "k. rao", "--role", "writer").exit_code == 0
    assert "K. Rao: writer;" in say("list").output
    assert "https://office.example/invited/" in say("reset", "K. Rao").output
    assert say("remove", "K. Rao").exit_code == 0
    assert "K. Rao" not in say("list").output
    assert (
        invited.output.split("/invited/")[1].split()[0] not in (office.folder_of(tmp_path) / "office.json").read_text()
    )


@pytest.mark.parametrize(("words", "sentence"), [
    (("remove", "M. Devi"), "is the only publisher"), (("roles", "M. Devi", "--role", "writer"), "is the only publisher"),
    (("remove", "Nobody"), "These have one: M. Devi"), (("invite", "m. devi", "--role", "writer"), "has an account already"),
    (("invite", "K. Rao"), "must be one of writer, reviewer, publisher"), (("invite", "K. Rao", "--role", "reviewer"), "Name each: --language ta"),
    (("invite", "K. Rao", "--role", "writer", "--language", "xx"), "is no language of this site"), (("reset", "Nobody"), "has no account here"),
    (("invite", "K. Rao", "--role", "king"), "is not one of"),
])  # fmt: skip
def test_what_cannot_be_is_a_sentence_and_changes_nothing(
    say: Say, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    say("invite", "M. Devi", "--role", "publisher")
    before = StateStore(office.folder_of(tmp_path)).read()
    answer = say(*words)
    assert answer.exit_code != 0
    assert sentence in answer.output
    assert StateStore(office.folder_of(tmp_path)).read() == before


def test_the_keys_by_which_publishers_sign_are_shown_with_what_a_desk_compares(say: Say, tmp_path: Path) -> None:
    new_office = office.create_office("https://office.example", tmp_path, ("en", "ta"))
    say("invite", "M. Devi", "--role", "publisher")
    assert "No publisher has a passkey here yet." in say("publisher-keys").output
    keys = []
    for public in (ES256.from_cryptography_key(Device().key.public_key()), EdDSA({1: 1, 3: -8, -1: 6, -2: b"1" * 32})):
        data = AttestedCredentialData.create(Aaguid.NONE, b"0" * 16, public)
        keys.append(Passkey(id="0", credential=websafe_encode(bytes(data)), label=type(public).__name__))
    with new_office.state_store.transaction() as state:
        state.accounts[0].passkeys = keys
    output = say("publisher-keys").output
    key = new_office.passkeys.publisher_key(keys[0])
    assert key.startswith("passkey:office.example:0")
    assert f'M. Devi (ES256): under publishers in content/portal.yml: "{key}"' in output
    assert publisher_fingerprint(key) in output
    assert "M. Devi (EdDSA): this kind of passkey signs no build." in output
    say("roles", "M. Devi", "--role", "writer", "--anyway")
    assert key not in say("publisher-keys").output
