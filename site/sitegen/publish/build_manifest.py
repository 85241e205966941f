"""Write the manifest of a build, with the publisher's signature if there is one (forms/core/builds/manifest.py)."""

import json
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from forms.core.builds import manifest as build_manifest
from forms.core.builds.manifest import ADDRESS, SIGNATURES, BuildManifest, PublishedFile
from forms.core.portal import Portal, as_json, parse
from forms.core.problem import Problem

Sign = Callable[[bytes], str]
"""Returns the signature line for the bytes of a manifest."""

LISTED_SUFFIXES = {".html", ".js", ".css"}
"""Pages and what browsers run with them. Photos, sound and tables are not listed, since they cannot change a page."""

_PAGE = "index.html"


def write(out: Path, before: Path, portal: Portal, today: date, sign: Sign | None) -> BuildManifest:
    """Write the manifest of the site in `out`, and return it. before: the folder of the build that it replaces."""
    handed_over = parse(json.dumps(as_json(portal)), ADDRESS)  # as the server reads it: without unusable keys
    manifest = BuildManifest(
        next_number(before), today.isoformat(), files(out), build_manifest.desks_of(handed_over),
        build_manifest.portal_digest(handed_over),
    )  # fmt: skip
    data = build_manifest.write(manifest)
    (out / ADDRESS[1:]).write_bytes(data)
    (out / SIGNATURES[1:]).write_text(sign(data) if sign else "", encoding="ascii", newline="\n")
    return manifest


def files(out: Path) -> dict[str, PublishedFile]:
    """Return every page, script and style below a folder, by its address on the site."""
    paths = (path for path in out.rglob("*") if path.suffix in LISTED_SUFFIXES and path.is_file())
    return {_address(out, path): build_manifest.file_of(path.read_bytes()) for path in paths}


def _address(out: Path, path: Path) -> str:
    address = f"/{path.relative_to(out).as_posix()}"
    return address.removesuffix(_PAGE) if path.name == _PAGE else address


def next_number(before: Path) -> int:
    """Return the number for a new build: the minutes since 1970, but above the number of the build in `before`."""
    try:
        last = build_manifest.read((before / ADDRESS[1:]).read_bytes()).number
    except (OSError, Problem):
        last = 0
    return number_after(last)


def number_after(last: int) -> int:
    """Return the number for a new build: the minutes since 1970, but above `last`."""
    return max(last + 1, int(time.time()) // 60)
