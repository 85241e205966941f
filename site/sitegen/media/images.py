"""Pictures of content/media on pages: drawings are inlined, photos become small files.

Like `![what it shows](/media/scene-1.svg)` in any page. Only pixels are published: not what a camera wrote beside them.
"""

import hashlib
import html
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from forms.core.files.durable import write_durably
from sitegen.content.consent.consent_names import media_name
from sitegen.layers import lookup
from sitegen.media import photos, svg_drawings

WIDTHS = (360, 720)
"""Pixels: the phone we build for, and twice that for sharper screens."""

FOLDER = "pictures"
"""On the site: /pictures/<hash>-<width>.<ending>."""

_FORMATS = (("avif", "AVIF", "image/avif"), ("webp", "WEBP", "image/webp"), ("jpg", "JPEG", "image/jpeg"))
"""Ending, Pillow's name and media type, best first."""

_IMG = re.compile(r"<img\b([^>]*)>", re.I)
_ATTRIBUTE = re.compile(r"""(?<![\w-])(alt|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.I)
_MEDIA_ADDRESS = re.compile(r"(?:\.\./)*/?media/(.+)", re.S)
_LINK = re.compile(r'<a [^>]*?href="(?:\.\./)*/?media/([^"#?]+)[^"]*"[^>]*>(.*?)</a>', re.S)
_EMPTY = re.compile(r"<(p|li|figure)>\s*</\1>\n?")


@dataclass(frozen=True)
class ImagePipeline:
    """Makes the pictures of a site from content/media, with a cache between builds."""

    media: Path
    cache: Path
    out: Path
    allowed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The files that need a consent (their consents.media_name), and the languages that it covers."""

    def embed(self, body: str, language: str) -> str:
        """Return the HTML of a page with each picture of content/media in the form that costs a phone least.

        Pictures without consent are removed, and links to such files are replaced by their words.
        """
        embedded = _IMG.sub(lambda match: self._embed_img(match, language), body)
        embedded = _LINK.sub(lambda match: match[0] if self.may_show(match[1], language) else match[2], embedded)
        return embedded if embedded == body or not self.allowed else _EMPTY.sub("", embedded)

    def _embed_img(self, img: re.Match[str], language: str) -> str:
        address, alt = _address_and_alt(img[1])
        match = _MEDIA_ADDRESS.fullmatch(address)
        if match is None:
            return img[0]
        return self._picture(alt, match[1]) if self.may_show(match[1], language) else ""

    def may_show(self, address: str, language: str) -> bool:
        """Return whether a consent, where one is needed, covers a picture in this language."""
        codes = self.allowed.get(media_name(unquote(html.unescape(address))))
        return codes is None or language.lower() in codes

    def _picture(self, alt: str, name: str) -> str:
        path = lookup.medium(self.media, name)
        if path.suffix.lower() != ".svg":
            return self._photo(path, alt)
        # A drawing that needs a consent names its file, so that it can be removed from the built page.
        marker = f' data-file="{html.escape(f"/media/{quote(name)}")}"' if media_name(name) in self.allowed else ""
        return svg_drawings.inline(path, alt).replace("<svg", f"<svg{marker}", 1)

    def _photo(self, path: Path, alt: str) -> str:
        data = path.read_bytes()
        name = hashlib.sha256(data).hexdigest()[:16]
        height = self._write_photo(path.name, data, name)
        sources = []
        for ending, _format, media_type in _FORMATS:
            srcset = ", ".join(f"/{FOLDER}/{name}-{width}.{ending} {width}w" for width in WIDTHS)
            sources.append(f'<source type="{media_type}" srcset="{srcset}" sizes="(min-width: 45rem) 42rem, 92vw">')
        fallback = f"/{FOLDER}/{name}-{WIDTHS[0]}.{_FORMATS[-1][0]}"
        image = f'<img src="{fallback}" alt="{html.escape(alt)}" width="{WIDTHS[0]}" height="{height}" loading="lazy">'
        return f'<picture class="picture">{"".join(sources[:-1])}{image}</picture>'

    def _write_photo(self, file_name: str, data: bytes, name: str) -> int:
        """Write a photo's small files into the site, and return the height of the smaller ones in pixels.

        The photo is decoded only where one of them is not cached: decoding for each page took most of a build.
        Raises Problem where it cannot be decoded.
        """
        files = {f"{name}-{width}.{ending}": (width, kind) for ending, kind, _ in _FORMATS for width in WIDTHS}
        height_file = self.cache / f"{name}.height"  # written last: where it exists, all files are complete
        height = _read_height(height_file)
        if not height or not all((self.cache / file).exists() for file in files):
            picture = photos.decode(file_name, data).pixels
            height = round(picture.height * WIDTHS[0] / picture.width)
            self.cache.mkdir(parents=True, exist_ok=True)
            for file, (width, kind) in files.items():
                write_durably(self.cache / file, photos.shrink(picture, width, kind))
            write_durably(height_file, b"%d" % height)
        self.out.mkdir(parents=True, exist_ok=True)
        for file in files:
            (self.out / file).write_bytes((self.cache / file).read_bytes())
        return height


def _read_height(path: Path) -> int:
    """Return the height in a file of the cache; 0 where the file is missing or damaged."""
    with suppress(OSError, ValueError):
        return int(path.read_bytes()[:10])
    return 0


def pictures_in(html_text: str) -> tuple[tuple[str, str], ...]:
    """Return the address and the text alternative of each <img> in HTML, however staff wrote it."""
    return tuple(_address_and_alt(img[1]) for img in _IMG.finditer(html_text))


def _address_and_alt(attributes: str) -> tuple[str, str]:
    """Return the src and the alt of an <img>, "" where it has none."""
    values = {
        match[1].lower(): html.unescape(match[2] or match[3] or match[4] or "")
        for match in _ATTRIBUTE.finditer(attributes)
    }
    return values.get("src", ""), values.get("alt", "")
