"""A built site, small, with its manifest and the portal that belongs to it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from forms.core import portal as portals
from forms.core.builds import manifest as manifests
from forms.core.builds.manifest import BuildManifest
from forms.core.portal import Portal

from ..server.conftest import make_district

Build = Callable[..., None]


@pytest.fixture(scope="session")
def portal() -> Portal:
    return make_district().portal


@pytest.fixture
def build(tmp_path: Path, portal: Portal) -> Build:
    """Build into public/ and portal.json of tmp_path, like `build.py build`: each build has a style of its own."""

    def build(
        number: int,
        *,
        day: str = "2026-01-01",
        withdrawn: tuple[str, ...] = (),
        pages: tuple[str, ...] = ("", "tell/"),
        **changed: object,
    ) -> None:
        public = tmp_path / "public"
        handed = replace(portal, assets={**portal.assets, "css": f"/assets/portal.{number}.css"}, **changed)  # type: ignore[arg-type]
        files = {f"/en/{page}": f"<title>build {number}</title>".encode() for page in pages}
        files[f"/assets/portal.{number}.css"] = f"/* {number} */".encode()
        for address, data in files.items():
            path = public / (address[1:] + ("index.html" if address.endswith("/") else ""))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for old in (public / "assets").glob("*.css"):
            if old.name != f"portal.{number}.css":
                old.unlink()
        listed = {address: manifests.file_of(data) for address, data in files.items()}
        portals.write(handed, tmp_path / "portal.json")
        digest = manifests.portal_digest(portals.read(tmp_path / "portal.json"))
        built_manifest = BuildManifest(number, day, listed, manifests.desks_of(handed), digest)
        (public / manifests.ADDRESS[1:]).write_bytes(manifests.write(built_manifest))
        (public / manifests.SIGNATURES[1:]).write_text("")
        (public / "withdrawn.json").write_text(json.dumps(withdrawn))

    return build
