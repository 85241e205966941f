"""Write the manifest of a build, and the publisher's signature where somebody signs (forms/core/builds/manifest.py)."""

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
"""Returns the line that signs the bytes of a manifest."""

LISTED = {".html", ".js", ".css"}
"""What a browser runs or shows as a page. Photos, sound and tables are not listed: they can change nothing else."""

_PAGE = "index.html"


def write(out: Path, before: Path, portal: Portal, today: date, sign: Sign | None) -> BuildManifest:
    """Write the manifest of the site in `out`; before: the folder of the build that it replaces."""
    as_handed_over = parse(json.dumps(as_json(portal)), ADDRESS)  # keys that cannot be used are left out there
    manifest = BuildManifest(
        next_number(before), today.isoformat(), files(out), build_manifest.desks_of(as_handed_over),
        build_manifest.portal_digest(as_handed_over),
    )  # fmt: skip
    data = build_manifest.write(manifest)
    (out / ADDRESS[1:]).write_bytes(data)
    (out / SIGNATURES[1:]).write_text(sign(data) if sign else "", encoding="ascii", newline="\n")
    return manifest


def files(out: Path) -> dict[str, PublishedFile]:
    """Return every page, script and style below a folder, by its address on the site."""
    found = (path for path in out.rglob("*") if path.suffix in LISTED and path.is_file())
    return {_address(out, path): build_manifest.file_of(path.read_bytes()) for path in found}


def _address(out: Path, path: Path) -> str:
    whole = f"/{path.relative_to(out).as_posix()}"
    return whole.removesuffix(_PAGE) if path.name == _PAGE else whole


def next_number(before: Path) -> int:
    """Return a number above that of the last build: the minutes since 1970, or one more than the last."""
    try:
        last = build_manifest.read((before / ADDRESS[1:]).read_bytes()).number
    except (OSError, Problem):
        last = 0
    return number_after(last)


def number_after(last: int) -> int:
    """Return a number above that of the last build."""
    return max(last + 1, int(time.time()) // 60)
