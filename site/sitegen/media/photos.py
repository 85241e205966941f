"""Photos of content/media: decoded in a confined process, checked for metadata, made small.

The site generator uses Pillow only here.
"""

import hashlib
import io
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.media import decoder_process
from forms.core.problem import Problem

if TYPE_CHECKING:  # importing it takes longer than ten pages, and only a new photo needs it
    from PIL import Image

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif"})

MAX_BYTES = 30 * 1024
"""Bytes of one small file: what a picture may cost a phone."""

_ENCODINGS = ((70, 0), (60, 0), (50, 0), (40, 0), (30, 0), (20, 0), (20, 1), (20, 2), (10, 4))
"""Quality and blur radius in pixels, best first: where low quality is not enough, fine detail is blurred."""


@dataclass(frozen=True)
class Decoded:
    """A photo's upright pixels, on white, and whether its metadata reveals the place or the camera."""

    pixels: "Image.Image"
    has_metadata: bool


def decode(name: str, data: bytes) -> Decoded:
    """Decode a photo in the confined decoder process, since staff get photos from others too. Raises Problem.

    name: of the file, for messages.
    """
    from PIL import Image  # noqa: PLC0415 - see above

    try:
        head, pixels = decoder_process.decode("picture", data)
        return Decoded(Image.frombytes("RGB", (int(head["width"]), int(head["height"])), pixels), bool(head["told"]))
    except decoder_process.NoDecoderFree:
        raise Problem(name, _("was not read: other photos are being read."), _("Do it once more.")) from None
    except (decoder_process.DecoderFailed, LookupError, TypeError, ValueError):
        what = _("cannot be read as a picture.")
        todo = _("Save it again as PNG or JPEG, of at most 16 million pixels.")
        raise Problem(name, what, todo) from None


def shrink(picture: "Image.Image", width: int, kind: str) -> bytes:
    """Return a photo's pixels, without EXIF, at this width and the best quality that MAX_BYTES allows.

    kind: a format of Pillow, like "WEBP".
    """
    from PIL import Image, ImageFilter  # noqa: PLC0415 - see above

    height = max(1, round(picture.height * width / picture.width))
    resized = Image.new("RGB", (width, height))
    resized.paste(picture.resize((width, height), Image.Resampling.LANCZOS))
    for quality, blur in _ENCODINGS:
        encoded = io.BytesIO()
        resized.filter(ImageFilter.GaussianBlur(blur)).save(encoded, kind, quality=quality)
        if len(encoded.getvalue()) <= MAX_BYTES:
            break
    return encoded.getvalue()


def problem(path: Path, cache: Path | None) -> tuple[str, str] | None:
    """Return why a photo should not be published and what to do about it, or None.

    cache: a folder with an empty file for each photo without a problem, named by the hash of its bytes, since a decoder
    process for each photo at each check takes seconds.
    """
    mark = cache / hashlib.sha256(path.read_bytes()).hexdigest() if cache else None
    if mark and mark.exists():
        return None
    result = _problem(path)
    if mark and not result:
        with suppress(OSError):
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
    return result


def _problem(path: Path) -> tuple[str, str] | None:
    try:
        has_metadata = decode(path.name, path.read_bytes()).has_metadata
    except Problem as unreadable:
        return unreadable.what, unreadable.todo
    if has_metadata:
        return (
            _("holds the place or the camera it was taken with."),
            _("Nothing of it would be published; but take it out before others get the file: export it again as PNG."),
        )
    return None
