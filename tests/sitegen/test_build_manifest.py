"""The list of a build: every page, script and style, the desks' keys, a growing number, a publisher's signature."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml
from nacl.signing import SigningKey
from sitegen import build as site_build
from sitegen.publish import build_manifest as publishing

from forms.core.builds import manifest as build_manifest
from forms.core.builds.manifest import ADDRESS, SIGNATURES, is_signed, signature_line
from forms.core.crypto.signing import public_text
from forms.core.problem import Problem
from tests.sitegen.conftest import KEY, TODAY, Folder


def test_a_build_is_listed_whole_and_signed(folder: Folder) -> None:
    key, out = SigningKey.generate(), folder.root / "public"
    keys = {"police": (KEY, "sha256:0"), "events": (KEY, "sha256:1")}
    for _ in range(2):
        site_build.build(
            folder.root, out, keys=keys, today=TODAY, say=lambda _: None, handover=folder.root / ".build" / "portal.json",
            sign=lambda data: signature_line(data, key), speak=False,
        )  # fmt: skip
        data = (out / ADDRESS[1:]).read_bytes()
        manifest = build_manifest.read(data)
        numbers = [*locals().get("numbers", []), manifest.number]
    assert numbers[1] > numbers[0], "also within one minute"
    pages = {
        f"/{path.relative_to(out).as_posix()}" for path in out.rglob("*") if path.suffix in {".html", ".js", ".css"}
    }
    assert {path.removesuffix("index.html") for path in pages} == set(manifest.files)
    script = next(path for path in manifest.files if path.startswith("/assets/seal"))
    assert manifest.files[script].sha256 == hashlib.sha256((out / script[1:]).read_bytes()).hexdigest()
    assert manifest.readers("concern") == {"police": (KEY,)}
    assert is_signed(data, (out / SIGNATURES[1:]).read_bytes(), [public_text(key)])
    assert not is_signed(data + b" ", (out / SIGNATURES[1:]).read_bytes(), [public_text(key)])
    assert not is_signed(data, (out / SIGNATURES[1:]).read_bytes(), [public_text(SigningKey.generate())])


def test_the_number_grows_though_the_clock_goes_back(tmp_path: Path) -> None:
    ahead = {"version": 1, "number": 10**9, "day": "2027-01-01", "portal": "0" * 64, "desks": {}, "files": {}}
    (tmp_path / ADDRESS[1:]).write_text(json.dumps(ahead), encoding="utf-8")
    assert publishing.next_number(tmp_path) == 10**9 + 1


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[" * 100_000, b'{"number": 1e400}', b'{"number": true}', b'{"number": "1", "day": 3}', b"\xff"],
)
def test_what_is_no_list_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(Problem, match="no list of a build"):
        build_manifest.read(data)


def test_a_publisher_that_is_no_key_is_said(folder: Folder) -> None:
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for publishers in ("ed25519:x", ["ed25519:" + "0" * 64], [3]):
        path.write_text(yaml.safe_dump(settings | {"publishers": publishers}, allow_unicode=True), encoding="utf-8")
        with pytest.raises(Exception, match="publishers"):
            folder.check()
