"""The seal: any age tool opens it, its size tells nothing, and plain bytes are never taken for it."""

import json
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core import form_schema
from forms.core.crypto import encryption
from forms.core.crypto.encryption import LetterTooLarge, NotSealed
from forms.core.problem import Problem

IDENTITY = pyrage.x25519.Identity.generate()
KEY = str(IDENTITY.to_public())
SCRIPTS = {"en": "k", "ta": "கொ", "te": "బా", "hi": "बँ", "or": "ଶ୍ର"}
CONCERN = form_schema.load("concern")


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=200)))
def test_what_is_sealed_opens_again_with_the_key(letter: dict[str, str]) -> None:
    assert json.loads(pyrage.decrypt(encryption.seal(letter, [KEY]), [IDENTITY])) == letter


def full_concern(letters: str) -> dict[str, object]:
    """A concern filled to its limits with these letters."""
    lengths = {field.name: field.constraints.get("maxLength", 0) for field in CONCERN.fields}
    answers = {name: (letters * length)[:length] for name, length in lengths.items()}
    return {
        "form": "concern",
        "id": "0" * 32,
        "desks": ["police", "legal", "partner"],
        "reply_to": KEY,
        "answers": answers,
    }


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_a_short_and_a_full_concern_have_one_size_in_every_script(script: str) -> None:
    sizes = {
        len(pyrage.decrypt(encryption.seal(letter, [KEY, KEY], CONCERN.pad_to), [IDENTITY]))
        for letter in (
            {"answers": {"what": SCRIPTS[script]}},
            full_concern(SCRIPTS[script]),
            full_concern("x"),
        )
    }
    assert sizes == {CONCERN.pad_to}


@given(st.integers(0, 20_000))
def test_only_the_size_class_can_be_seen(length: int) -> None:
    size = len(pyrage.decrypt(encryption.seal({"a": "ண" * length}, [KEY]), [IDENTITY]))
    assert size in encryption.SIZE_CLASSES


def test_a_desk_that_is_left_out_cannot_open_it() -> None:
    other = pyrage.x25519.Identity.generate()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(encryption.seal({"a": "b"}, [KEY]), [other])


def test_a_letter_too_large_for_any_class_is_said_so() -> None:
    with pytest.raises(LetterTooLarge, match="too large"):
        encryption.seal({"a": "x" * encryption.SIZE_CLASSES[-1]}, [KEY])


def test_no_desk_and_a_wrong_key_are_said_so() -> None:
    with pytest.raises(Problem, match="at least one desk"):
        encryption.seal({}, [])
    with pytest.raises(Problem, match="not an age key"):
        encryption.seal({}, ["age1nonsense"])


@given(st.binary(max_size=300))
def test_plain_bytes_are_never_taken_for_a_letter(data: bytes) -> None:
    assert not encryption.is_sealed(data)


def test_a_sealed_letter_is_seen_as_one() -> None:
    assert encryption.is_sealed(encryption.seal({}, [KEY]))
    with pytest.raises(NotSealed, match="Plain bytes"):
        encryption.require_encrypted(b"help")


def test_the_letter_is_plain_json_for_any_age_tool(tmp_path: Path) -> None:
    """No lock-in: what pyrage (rust age) seals is the public format; its payload is JSON and spaces."""
    plain = pyrage.decrypt(encryption.seal({"what": "உதவி"}, [KEY]), [IDENTITY])
    assert plain.rstrip(b" ") == '{"what":"உதவி"}'.encode()
    if age := shutil.which("age"):
        (tmp_path / "key").write_text(str(IDENTITY))
        sealed = encryption.seal({"what": "உதவி"}, [KEY])
        out = subprocess.run([age, "-d", "-i", tmp_path / "key"], input=sealed, capture_output=True, check=True)
        assert json.loads(out.stdout) == {"what": "உதவி"}
