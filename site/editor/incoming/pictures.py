"""Pictures of content/media: importing one without its metadata, and the pages and consents of each."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sitegen.content.consent import consent_names, consent_table
from sitegen.layers import lookup
from sitegen.layers.own_files import is_kept_by_windows
from sitegen.media import photos
from sitegen.render.context import Context

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

FOLDER = "photos"
MAX_PHOTO_SIZE = 25 * 1024 * 1024
"""Bytes of a photo: more than any phone's."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_QUALITY = 90


@dataclass(frozen=True)
class Picture:
    """A picture for the list. consents: ids of the rows that name it; pages: language and name of those with it."""

    name: str
    consents: tuple[str, ...]
    pages: tuple[tuple[str, str], ...]


def path_of(content: Path, name: str) -> Path:
    """Return the path of a new picture. Raises Problem for a name that is malformed, taken, or behind a link."""
    if not _NAME.fullmatch(name) or is_kept_by_windows(name):
        todo = _("Use small letters a to z, digits and hyphens, like meeting-in-ponds.")
        raise Problem("name", _('"%(name)s" cannot be the name of a picture.', name=name[:80]), todo)
    path = content / "media" / FOLDER / f"{name}.jpg"
    if any(step.is_symlink() for step in (path, path.parent, path.parent.parent)):
        todo = _("Put the folder itself there.")
        raise Problem(f"content/media/{FOLDER}", _("is a link to another place."), todo)
    used_names = {file.stem.casefold() for file in path.parent.glob("*")} if path.parent.exists() else set()
    # Under a used name it would have the consent of the old picture, also of a library's or a deleted one.
    used_names |= {PurePosixPath(file.name).stem.casefold() for file in lookup.files(content, f"media/{FOLDER}")}
    named = (consent_names.media_names(row.get("media") or "") for row in consent_table.read_leniently(content).rows)
    used_names |= {PurePosixPath(one).stem for names in named for one in names if one.startswith(f"{FOLDER}/")}
    if name in used_names:
        raise Problem(name, _("There is a picture of this name already."), _("Choose another name."))
    return path


def without_metadata(name: str, data: bytes) -> bytes:
    """Return a photo as JPEG, upright and without metadata. Raises Problem where it cannot be read."""
    if len(data) > MAX_PHOTO_SIZE:
        raise Problem(name, _("This is more than can be taken at once."), _("Choose a smaller one."))
    buffer = io.BytesIO()
    photos.decode(name, data).pixels.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def all_pictures(content: Path, context: Context | None) -> list[Picture]:
    """Return the pictures of the district and its libraries, those without a row of consent first."""
    files = [file for file in lookup.files(content, "media") if file.path.suffix.lower() in photos.EXTENSIONS]
    names = [file.name.removeprefix("media/") for file in files]
    rows = consent_table.read_leniently(content).rows
    found = [Picture(name, tuple(_consent_ids(name, rows)), tuple(_pages_showing(name, context))) for name in names]
    return sorted(found, key=lambda picture: (bool(picture.consents), picture.name))


def _consent_ids(name: str, rows: tuple[object, ...]) -> Iterator[str]:
    for row in rows:
        if isinstance(row, dict) and consent_names.media_name(name) in consent_names.media_names(row.get("media", "")):
            yield str(row.get("id", ""))


def _pages_showing(name: str, context: Context | None) -> Iterator[tuple[str, str]]:
    for language, pages in (context.library.by_language if context else {}).items():
        for page in pages.values():
            if f"/media/{name})" in page.text:
                yield language, page.name
