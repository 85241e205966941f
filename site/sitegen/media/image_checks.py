"""Check the pictures of content/media, and those that pages show."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content.pages import PageSource
from sitegen.layers import lookup
from sitegen.media import photos, svg_drawings


def file_problems(media: Path, photo_cache: Path | None = None) -> Iterator[Problem]:
    """Yield a problem for each file that must not be published: with a place, a camera or a script, or unreadable.

    photo_cache: a folder that remembers which photos have no problem.
    """
    for file in lookup.every(media.parent, media.name):
        ending, result = file.path.suffix.lower(), None
        if ending in photos.EXTENSIONS:
            result = photos.problem(file.path, photo_cache)
        elif ending == ".svg":
            result = svg_drawings.problem(file.path)
        if result:
            yield Problem(file.where, *result)


def page_problems(page: PageSource, pictures: Iterable[tuple[str, str]], media: Path) -> Iterator[Problem]:
    """Yield a problem for each picture of a page that is missing, or lacks a text alternative.

    pictures: addresses and text alternatives in its HTML (images.pictures_in), since Markdown has six ways to write
    one.
    """
    yield from _heading_problems(page, media)
    for address, alt in pictures:
        offset = page.text.find(address) if address else page.text.find("]()")
        where = place_in(page.where, line=page.line_of(offset) if offset >= 0 else None)
        prefix, _slash, name = address.partition("/media/")
        ending = Path(name).suffix.lower()
        if not name or prefix or not lookup.medium(media, name).is_file():
            what = _("the picture %(address)s is not there.", address=address)
            yield Problem(where, what, _("Put it into content/media, write /media/..."))
        elif ending not in photos.EXTENSIONS | {".svg"}:
            what = _("%(address)s is no picture we know.", address=address)
            yield Problem(where, what, _("Use PNG, JPEG, WebP, AVIF or SVG."))
        elif not alt.strip() and "pictograms/" not in name:
            what = _("the picture %(address)s has no words.", address=address)
            yield Problem(where, what, _("Write what it shows between [ and ]."))


def _heading_problems(page: PageSource, media: Path) -> Iterator[Problem]:
    """Yield a problem where the drawing beside a page's heading does not exist."""
    name = str(page.meta.get("picture") or "")
    if name and not any(lookup.medium(media, f"{folder}/{name}.svg").is_file() for folder in svg_drawings.FOLDERS):
        names = sorted(
            file.path.stem for file in lookup.files(media.parent, f"{media.name}/{svg_drawings.FOLDERS[0]}", "*.svg")
        )
        todo = did_you_mean(name, names, _("Name a drawing of content/media/drawings, without .svg."))
        yield Problem(f"{page.where}, picture", _("the drawing %(name)s is not there.", name=name), todo)
