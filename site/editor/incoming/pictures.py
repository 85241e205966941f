"""Pictures of content/media: taken in without what a camera wrote, and where each is used and may be."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sitegen.content.consent import consent_names, consent_table
from sitegen.layers import lookup
from sitegen.layers.own_files import is_kept_by_windows
from sitegen.media import images
from sitegen.render.context import Context

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

FOLDER = "photos"
LARGEST = 25 * 1024 * 1024
"""Bytes of a photo: more than any phone's."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_QUALITY = 90


@dataclass(frozen=True)
class Picture:
    """A picture as its list shows it. `consents`: the rows that name it; `pages`: where it stands, by language."""

    name: str
    consents: tuple[str, ...]
    pages: tuple[tuple[str, str], ...]


def path_of(content: Path, name: str) -> Path:
    """Return the place of a new picture. Raises Problem for a name that is malformed, taken, or behind a link."""
    if not _NAME.fullmatch(name) or is_kept_by_windows(name):
        todo = _("Use small letters a to z, digits and hyphens, like meeting-in-ponds.")
        raise Problem("name", _('"%(name)s" cannot be the name of a picture.', name=name[:80]), todo)
    path = content / "media" / FOLDER / f"{name}.jpg"
    if any(step.is_symlink() for step in (path, path.parent, path.parent.parent)):
        todo = _("Put the folder itself there.")
        raise Problem(f"content/media/{FOLDER}", _("is a link to another place."), todo)
    taken = {file.stem.casefold() for file in path.parent.glob("*")} if path.parent.exists() else set()
    # Under an old name it would stand under the old one's consent: also where that file is a library's, or gone.
    taken |= {PurePosixPath(file.name).stem.casefold() for file in lookup.files(content, f"media/{FOLDER}")}
    named = (consent_names.media_names(row.get("media") or "") for row in consent_table.read_leniently(content).rows)
    taken |= {PurePosixPath(one).stem for names in named for one in names if one.startswith(f"{FOLDER}/")}
    if name in taken:
        raise Problem(name, _("There is a picture of this name already."), _("Choose another name."))
    return path


def cleaned(name: str, data: bytes) -> bytes:
    """Return a photo as JPEG: upright, and nothing but pixels. Raises Problem where it cannot be read."""
    if len(data) > LARGEST:
        raise Problem(name, _("This is more than can be taken at once."), _("Choose a smaller one."))
    written = io.BytesIO()
    images.decoded(name, data).pixels.save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()


def every(content: Path, context: Context | None) -> list[Picture]:
    """Return the pictures of the district and its libraries, those without any row of consent first."""
    files = [file for file in lookup.files(content, "media") if file.path.suffix.lower() in images.PHOTOS]
    names = [file.name.removeprefix("media/") for file in files]
    rows = consent_table.read_leniently(content).rows
    found = [Picture(name, tuple(_consents(name, rows)), tuple(_pages(name, context))) for name in names]
    return sorted(found, key=lambda picture: (bool(picture.consents), picture.name))


def _consents(name: str, rows: tuple[object, ...]) -> Iterator[str]:
    for row in rows:
        if isinstance(row, dict) and consent_names.media_name(name) in consent_names.media_names(row.get("media", "")):
            yield str(row.get("id", ""))


def _pages(name: str, context: Context | None) -> Iterator[tuple[str, str]]:
    for language, pages in (context.library.by_language if context else {}).items():
        for page in pages.values():
            if f"/media/{name})" in page.text:
                yield language, page.name
