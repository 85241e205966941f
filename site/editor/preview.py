"""The preview of a page in one self-contained file: it loads nothing, runs nothing and can send nothing."""

import base64
import re
from dataclasses import replace
from pathlib import Path

from sitegen.content.pages import PageSource
from sitegen.render.context import Context
from sitegen.render.language_pages import page_html

from editor.content_state import with_page, with_phone_numbers

POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""Content-Security-Policy of the preview: an origin of its own, no script, no address to load from or send to."""

_ACTIVE = re.compile(r"<script\b.*?</script\s*>|<(?:link|meta|base|iframe|object|embed)\b[^>]*>", re.S | re.I)
_CHARSET = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
_ADDRESS = re.compile(r"(<img\b[^>]*?\bsrc=\")(/media/[^\"]+)\"")
_DARK = "(prefers-color-scheme: dark)"
_MAX_PICTURE_SIZE = 3_000_000
_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".avif": "image/avif",
}


def page(root: Path, context: Context, source: PageSource, language: str = "", *, is_dark: bool = False) -> str:
    """Return the HTML of a page that need not be saved, beside all else as it is saved. Raises Problem or Problems.

    language: in which the page is shown, if not its own; is_dark: as on a phone that is set to dark.
    """
    library = with_page(context.library, with_phone_numbers(source, context))
    language = language or source.language
    html = page_html(root, replace(context, language=language, library=library), library.find(source.name, language))
    style = (root / "site" / "assets" / "portal.css").read_text("utf-8")
    style = style.replace(_DARK, "(min-width: 0)" if is_dark else "(max-width: 0)")
    bare = _ACTIVE.sub("", html).replace("<head>", f"<head>{_CHARSET}<style>{style}</style>", 1)
    return _ADDRESS.sub(lambda match: f'{match[1]}{_data_url(root / "content", match[2])}"', bare)


def _data_url(content: Path, address: str) -> str:
    """Return a picture of content/media as a data: URL; an empty one for another file or one that is too large."""
    path = (content / address.lstrip("/")).resolve()
    media_type = _TYPES.get(path.suffix.lower())
    is_in_media = path.is_relative_to((content / "media").resolve()) and path.is_file()
    if not media_type or not is_in_media or path.stat().st_size > _MAX_PICTURE_SIZE:
        return "data:,"
    return f"data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode()}"
