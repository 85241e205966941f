"""Pictures of content/media on pages: drawings are inlined, photos become small files.

`![what it shows](/media/scene-1.svg)` in any page. Only pixels go over: what a camera wrote beside them does not.
"""

import hashlib
import html
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from xml.etree import ElementTree as ET

from forms.core.files.durable import write_durably
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.media import decoder_process
from forms.core.problem import Problem, place_in
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content.consent.consent_names import media_name
from sitegen.content.pages import PageSource
from sitegen.layers import lookup

if TYPE_CHECKING:  # loading it takes longer than drawing ten pages, and only a new photo needs it
    from PIL import Image

WIDTHS = (360, 720)
"""Pixels: the phone we build for, and twice that for sharper screens."""

LARGEST = 30 * 1024
"""Bytes that one picture may cost a phone."""

LARGEST_DRAWING = 6 * 1024
"""Bytes of a drawing before compression: it travels inside the page and counts towards the page's weight."""

PHOTOS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif"})
FOLDER = "pictures"
"""On the site: /pictures/<hash>-<width>.<ending>."""

_KINDS = (("avif", "AVIF", "image/avif"), ("webp", "WEBP", "image/webp"), ("jpg", "JPEG", "image/jpeg"))
_STEPS = ((70, 0), (60, 0), (50, 0), (40, 0), (30, 0), (20, 0), (20, 1), (20, 2), (10, 4))
"""Quality and pixels of softening, best first: where low quality is not enough, fine detail goes."""

_IMG = re.compile(r"<img\b([^>]*)>", re.I)
_ATTRIBUTE = re.compile(r"""(?<![\w-])(alt|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_OF_MEDIA = re.compile(r"(?:\.\./)*/?media/(.+)", re.S)
_LINK = re.compile(r'<a [^>]*?href="(?:\.\./)*/?media/([^"#?]+)[^"]*"[^>]*>(.*?)</a>', re.S)
_EMPTY = re.compile(r"<(p|li|figure)>\s*</\1>\n?")
_SVG = "http://www.w3.org/2000/svg"
_WIDTH_WITHOUT_STYLE = 200
_SHAPES = frozenset(
    {"svg", "g", "path", "circle", "ellipse", "rect", "line", "polyline", "polygon", "text", "tspan", "title"}
)


@dataclass(frozen=True)
class ImagePipeline:
    """Makes the pictures of a site from content/media, with a cache between builds."""

    media: Path
    cache: Path
    out: Path
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The files that need a consent (their consents.media_name), and the languages that it covers."""

    def shown(self, body: str, language: str) -> str:
        """Return the HTML of a page with each picture of content/media in the way a phone takes it best.

        Pictures without consent are left out, and links to such files are only their words.
        """
        drawn = _IMG.sub(lambda match: self._drawn(match, language), body)
        drawn = _LINK.sub(lambda match: match[0] if self.may_show(match[1], language) else match[2], drawn)
        return drawn if drawn == body or not self.allowed else _EMPTY.sub("", drawn)

    def _drawn(self, img: re.Match[str], language: str) -> str:
        address, alt = _told_of(img[1])
        own = _OF_MEDIA.fullmatch(address)
        if own is None:
            return img[0]
        return self._one(alt, own[1]) if self.may_show(own[1], language) else ""

    def may_show(self, address: str, language: str) -> bool:
        """Return whether a consent, where one is needed, covers a picture in this language."""
        codes = self.allowed.get(media_name(unquote(html.unescape(address))))
        return codes is None or language.lower() in codes

    def _one(self, alt: str, name: str) -> str:
        path = lookup.medium(self.media, name)
        if path.suffix.lower() != ".svg":
            return self._photo(path, alt)
        # A drawing that needs a consent says which it is, so that it can be taken out of the built page.
        known = f' data-file="{html.escape(f"/media/{quote(name)}")}"' if media_name(name) in self.allowed else ""
        return drawing(path, alt).replace("<svg", f"<svg{known}", 1)

    def _photo(self, path: Path, alt: str) -> str:
        data = path.read_bytes()
        name = hashlib.sha256(data).hexdigest()[:16]
        height = self._made(path.name, data, name)
        sources = []
        for ending, _kind, media_type in _KINDS:
            srcset = ", ".join(f"/{FOLDER}/{name}-{width}.{ending} {width}w" for width in WIDTHS)
            sources.append(f'<source type="{media_type}" srcset="{srcset}" sizes="(min-width: 45rem) 42rem, 92vw">')
        fallback = f"/{FOLDER}/{name}-{WIDTHS[0]}.{_KINDS[-1][0]}"
        image = f'<img src="{fallback}" alt="{html.escape(alt)}" width="{WIDTHS[0]}" height="{height}" loading="lazy">'
        return f'<picture class="picture">{"".join(sources[:-1])}{image}</picture>'

    def _made(self, called: str, data: bytes, name: str) -> int:
        """Put a photo's small files on the site, and return the height of the smaller ones in pixels.

        It is decoded where not all of them are kept: a decoder process for each page was most of a build.
        """
        files = {f"{name}-{width}.{ending}": (width, kind) for ending, kind, _ in _KINDS for width in WIDTHS}
        kept = self.cache / f"{name}.height"  # written last: where it is, all files are whole
        height = _height_in(kept)
        if not height or not all((self.cache / file).exists() for file in files):
            picture = decoded(called, data).pixels
            height = round(picture.height * WIDTHS[0] / picture.width)
            self.cache.mkdir(parents=True, exist_ok=True)
            for file, (width, kind) in files.items():
                write_durably(self.cache / file, _small(picture, width, kind))
            write_durably(kept, b"%d" % height)
        self.out.mkdir(parents=True, exist_ok=True)
        for file in files:
            (self.out / file).write_bytes((self.cache / file).read_bytes())
        return height


def _height_in(kept: Path) -> int:
    """Return the height that a file of the cache tells; 0 where it is not there, or damaged."""
    with suppress(OSError, ValueError):
        return int(kept.read_bytes()[:10])
    return 0


def _small(picture: "Image.Image", width: int, kind: str) -> bytes:
    """Return pixels only (a new image carries no EXIF), as good as LARGEST allows."""
    from PIL import Image, ImageFilter  # noqa: PLC0415 - see above

    height = max(1, round(picture.height * width / picture.width))
    sized = Image.new("RGB", (width, height))
    sized.paste(picture.resize((width, height), Image.Resampling.LANCZOS))
    for quality, soft in _STEPS:
        written = io.BytesIO()
        sized.filter(ImageFilter.GaussianBlur(soft)).save(written, kind, quality=quality)
        if len(written.getvalue()) <= LARGEST:
            break
    return written.getvalue()


def drawing(path: Path, alt: str) -> str:
    """Return an SVG as part of the page; without words it is an ornament, hidden from screen readers (WCAG 1.1.1)."""
    return _drawn(path.read_text(encoding="utf-8-sig"), path.parent.name, alt)


@lru_cache(maxsize=500)
def _drawn(text: str, folder: str, alt: str) -> str:
    """Return it from its text. Most drawings stand on many pages."""
    root = ET.fromstring(text)  # noqa: S314 - the staff's file, looked at by `problems`
    said = {"role": "img", "aria-label": alt} if alt else {"aria-hidden": "true"}
    box = root.attrib["viewBox"]
    root.attrib = {"viewBox": box, "class": f"drawing {folder}", **_size(box), **root.attrib, **said}
    ET.register_namespace("", _SVG)
    made = ET.tostring(root, encoding="unicode").replace(f' xmlns="{_SVG}"', "")
    return re.sub(r">\s+<", "><", made).strip()


def _size(view_box: str) -> dict[str, str]:
    """Return the size of a drawing where no style arrives: at most 200 pixels wide, on the smallest screen too."""
    _, _, width, height = (float(number) for number in view_box.replace(",", " ").split())
    shrunk = min(1.0, _WIDTH_WITHOUT_STYLE / width)
    return {"width": f"{width * shrunk:g}", "height": f"{height * shrunk:g}"}


def problems(media: Path, kept: Path | None = None) -> Iterator[Problem]:
    """Yield what must not be published: places and cameras in photos, scripts in drawings, what cannot be read.

    kept: a folder in which it is remembered which photos were found right, by their bytes: a decoder process for each
    of them at each check takes seconds.
    """
    for file in lookup.every(media.parent, media.name):
        ending, path = file.path.suffix.lower(), file.path
        found = _photo_seen(path, kept) if ending in PHOTOS else _drawing_problem(path) if ending == ".svg" else None
        if found:
            yield Problem(file.where, *found)


def _photo_seen(path: Path, kept: Path | None) -> tuple[str, str] | None:
    """Return what is wrong with a photo; one that was found right is not decoded again while its bytes are the same."""
    right = kept / hashlib.sha256(path.read_bytes()).hexdigest() if kept else None
    if right and right.exists():
        return None
    found = _photo_problem(path)
    if right and not found:
        with suppress(OSError):
            right.parent.mkdir(parents=True, exist_ok=True)
            right.touch()
    return found


@dataclass(frozen=True)
class Decoded:
    """A photo's upright pixels, on white, and whether its file reveals the place or the camera."""

    pixels: "Image.Image"
    told: bool


def decoded(name: str, data: bytes) -> Decoded:
    """Decode a photo in the confined decoder process: staff get photos from others too. Raises Problem.

    name: of the file, for the sentence.
    """
    from PIL import Image  # noqa: PLC0415 - see above

    try:
        head, pixels = decoder_process.decode("picture", data)
        return Decoded(Image.frombytes("RGB", (int(head["width"]), int(head["height"])), pixels), bool(head["told"]))
    except decoder_process.NoneFree:
        raise Problem(name, _("was not read: other photos are being read."), _("Do it once more.")) from None
    except (decoder_process.Failed, LookupError, TypeError, ValueError):
        what = _("cannot be read as a picture.")
        todo = _("Save it again as PNG or JPEG, of at most 16 million pixels.")
        raise Problem(name, what, todo) from None


def _photo_problem(path: Path) -> tuple[str, str] | None:
    try:
        told = decoded(path.name, path.read_bytes()).told
    except Problem as problem:
        return problem.what, problem.todo
    if told:
        return (
            _("holds the place or the camera it was taken with."),
            _("Nothing of it would be published; but take it out before others get the file: export it again as PNG."),
        )
    return None


def _drawing_problem(path: Path) -> tuple[str, str] | None:
    try:
        text = path.read_text(encoding="utf-8-sig")  # read as text: in another encoding a DOCTYPE would not be seen
        declares = "<!" in re.sub(r"<!--.*?-->", "", text, flags=re.S)  # a DOCTYPE or entities
        root = ET.fromstring("<none/>") if declares else ET.fromstring(text)  # noqa: S314 - the staff's own file
    except (ET.ParseError, ValueError, RecursionError):
        return _("cannot be read as a drawing."), _("Save it again as plain SVG, in UTF-8.")
    if not _is_box(box := root.attrib.get("viewBox", "")):
        odd = _('has "%(numbers)s" as its viewBox.', numbers=box[:40])
        what = odd if box else _("has a DOCTYPE, or no viewBox.")
        return what, _("Save it as plain SVG with a viewBox, four numbers like 0 0 240 160.")
    for element in root.iter():
        tag = element.tag.removeprefix(f"{{{_SVG}}}")
        if tag not in _SHAPES:
            todo = _("Only plain shapes may stand in a drawing: no script, style, picture or link.")
            return _("has a <%(tag)s>.", tag=tag), todo
        bad = [name for name, value in element.attrib.items() if _acts(name.lower(), value)]
        if bad:
            todo = _("Write colours as fill and stroke; leave out style, id and links.")
            return _("has %(name)s at a <%(tag)s>.", name=bad[0], tag=tag), todo
    if path.stat().st_size > LARGEST_DRAWING:
        todo = _("At most %(most)s: use fewer points.", most=LARGEST_DRAWING)
        return _("is %(count)s bytes long.", count=path.stat().st_size), todo
    return None


def _is_box(text: str) -> bool:
    try:
        _, _, width, height = (float(number) for number in text.replace(",", " ").split())
    except ValueError:
        return False
    return 0 < width < inf and 0 < height < inf


def _acts(name: str, value: str) -> bool:
    """Whether an attribute could run or fetch something; case is ignored, as in the HTML around it."""
    words = {"style", "id", "src", "from", "to", "values", "begin"}
    return name.startswith("on") or name in words or "href" in name or "url(" in value.lower() or "\\" in value


DRAWN = ("drawings", "pictograms")
"""Folders of content/media, in the order in which a drawing is looked for."""


def _in_heading(page: PageSource, media: Path) -> Iterator[Problem]:
    name = str(page.meta.get("picture") or "")
    if name and not any(lookup.medium(media, f"{folder}/{name}.svg").is_file() for folder in DRAWN):
        there = sorted(file.path.stem for file in lookup.files(media.parent, f"{media.name}/{DRAWN[0]}", "*.svg"))
        todo = did_you_mean(name, there, _("Name a drawing of content/media/drawings, without .svg."))
        yield Problem(f"{page.where}, picture", _("the drawing %(name)s is not there.", name=name), todo)


def pictures_in(made: str) -> tuple[tuple[str, str], ...]:
    """Return address and words of each picture in the HTML of a page, in whatever way somebody wrote it."""
    return tuple(_told_of(img[1]) for img in _IMG.finditer(made))


def _told_of(attributes: str) -> tuple[str, str]:
    """Return the address and the words of an <img>, "" where it has none."""
    found = {
        match[1].lower(): html.unescape(match[2] or match[3] or match[4] or "")
        for match in _ATTRIBUTE.finditer(attributes)
    }
    return found.get("src", ""), found.get("alt", "")


def asked(page: PageSource, pictures: Iterable[tuple[str, str]], media: Path) -> Iterator[Problem]:
    """Yield pictures that a page requests and that are missing, or lack a text alternative.

    pictures: what `pictures_in` finds in its HTML: Markdown has six ways to write one.
    """
    yield from _in_heading(page, media)
    for address, alt in pictures:
        at = page.text.find(address) if address else page.text.find("]()")
        where = place_in(page.where, line=page.line_of(at) if at >= 0 else None)
        name = address.partition("/media/")[2]
        ending = Path(name).suffix.lower()
        if not name or address.partition("/media/")[0] or not lookup.medium(media, name).is_file():
            what = _("the picture %(address)s is not there.", address=address)
            yield Problem(where, what, _("Put it into content/media, write /media/..."))
        elif ending not in PHOTOS | {".svg"}:
            what = _("%(address)s is no picture we know.", address=address)
            yield Problem(where, what, _("Use PNG, JPEG, WebP, AVIF or SVG."))
        elif not alt.strip() and "pictograms/" not in name:
            what = _("the picture %(address)s has no words.", address=address)
            yield Problem(where, what, _("Write what it shows between [ and ]."))
