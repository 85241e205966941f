"""Signatures of commits: OpenSSH believes ours, we believe those of OpenSSH, and neither believes anything else."""

import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core.builds import git_signatures
from forms.core.builds.git_signatures import (
    PublishTarget,
    public_line,
    publish_target,
    require_publish_target,
    sign,
    signer,
)
from forms.core.crypto.signing import public_text, signing_key
from forms.core.problem import Problem

KEY = signing_key("AGE-SECRET-KEY-1" + "Q" * 58)
OTHER = signing_key("AGE-SECRET-KEY-1" + "P" * 58)
LINES = [public_line("ravi", public_text(OTHER)), public_line("devi", public_text(KEY))]


def verified(tmp_path: Path, signature: bytes, message: bytes, namespace: str = "git") -> bool:
    (tmp_path / "signers").write_text("\n".join([*LINES, ""]))
    (tmp_path / "sig").write_bytes(signature + b"\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", tmp_path / "signers", "-I", "devi", "-n", namespace]
    return not subprocess.run(
        [*command, "-s", tmp_path / "sig"], input=message, capture_output=True, check=False
    ).returncode


def test_openssh_believes_our_signature_for_git_and_for_nothing_else(tmp_path: Path) -> None:
    signature = sign(b"tree 1\n", KEY)
    assert verified(tmp_path, signature, b"tree 1\n")
    assert not verified(tmp_path, signature, b"tree 2\n")
    assert not verified(tmp_path, signature, b"tree 1\n", "file")


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_we_believe_a_signature_of_openssh(tmp_path: Path, digest: str) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    public = f"anita {(tmp_path / 'key.pub').read_text()}"
    for namespace, expected in (("git", "anita"), ("file", None)):
        (tmp_path / "message").write_bytes(b"tree 1\n")
        command = ["ssh-keygen", "-q", "-Y", "sign", "-f", tmp_path / "key", "-n", namespace, "-O", f"hashalg={digest}"]
        subprocess.run([*command, tmp_path / "message"], check=True, capture_output=True)
        signature = (tmp_path / "message.sig").read_bytes()
        (tmp_path / "message.sig").unlink()
        assert signer(b"tree 1\n", signature, [*LINES, public]) == expected
        assert signer(b"tree 1\n", signature, LINES) is None
        assert signer(b"tree 2\n", signature, [public]) is None


def test_the_name_is_that_of_the_key() -> None:
    assert signer(b"a", sign(b"a", KEY), LINES) == "devi"
    assert signer(b"a", sign(b"a", OTHER), LINES) == "ravi"
    assert signer(b"a", sign(b"a", KEY), ["", "devi", "devi ssh-ed25519 ???", "# devi"]) is None


@given(st.binary(max_size=200))
def test_what_is_malformed_proves_nothing(data: bytes) -> None:
    assert signer(b"a", data, LINES) is None
    armored = (
        b"-----BEGIN SSH SIGNATURE-----\n" + b64encode(b"SSHSIG\0\0\0\1" + data) + b"\n-----END SSH SIGNATURE-----"
    )
    assert signer(b"a", armored, LINES) is None


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_signature_proves_nothing(at: int, by: int) -> None:
    body = bytearray(b64decode(b"".join(sign(b"a", KEY).splitlines()[1:-1])))
    body[at % len(body)] ^= by
    lines = (b"-----BEGIN SSH SIGNATURE-----", b64encode(bytes(body)), b"-----END SSH SIGNATURE-----")
    assert signer(b"a", b"\n".join(lines), LINES) is None


def test_what_one_signs_says_for_which_branch_and_site() -> None:
    place = PublishTarget("main", "https://help.example.org")
    assert publish_target(f"Publish\n\n{place.line}\n") == place
    assert publish_target("Publish") is None
    assert publish_target(f"{place.line}\n{PublishTarget('draft', place.site).line}") is None, (
        "which of the two is meant?"
    )


@pytest.mark.parametrize(
    ("place", "before", "sentence"),
    [
        (None, None, None),
        ("main of https://a.example", None, None),
        ("main of https://a.example", "main of https://a.example", None),
        (None, "main of https://a.example", "does not say that it is to be published"),
        ("draft of https://a.example", None, "signed for the branch draft"),
        ("main of https://b.example", "main of https://a.example", "signed for another site"),
    ],
)
def test_a_draft_or_another_site_is_not_published(place: str | None, before: str | None, sentence: str | None) -> None:
    texts = [f"words\n\nPublish: {one}" if one else "words" for one in (place, before)]
    if sentence is None:
        require_publish_target(*texts, "main", "origin/main")
        return
    with pytest.raises(Problem, match=sentence):
        require_publish_target(*texts, "main", "origin/main")
    if place and "b.example" in place:
        require_publish_target(*texts, "main", "origin/main", renamed=True)


def test_the_module_reads_no_file() -> None:
    assert "open(" not in Path(git_signatures.__file__).read_text()
