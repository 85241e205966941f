"""A page as its readers will see it, whole in one file: nothing is loaded, nothing runs, nothing can be sent."""

import base64
import re
from dataclasses import replace
from pathlib import Path

from sitegen.content.pages import PageSource
from sitegen.render.context import Context
from sitegen.render.language_pages import page_html

from editor.looking import drawn, with_page

POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""Content-Security-Policy of the preview: an origin of its own, no script, no address to load from or send to."""

_ACTIVE = re.compile(r"<script\b.*?</script\s*>|<(?:link|meta|base|iframe|object|embed)\b[^>]*>", re.S | re.I)
_CHARSET = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
_ADDRESS = re.compile(r"(<img\b[^>]*?\bsrc=\")(/media/[^\"]+)\"")
_DARK = "(prefers-color-scheme: dark)"
_LARGEST = 3_000_000
_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".avif": "image/avif",
}


def page(root: Path, context: Context, source: PageSource, language: str = "", *, is_dark: bool = False) -> str:
    """Return the page of this text, with all else as it is saved. Raises Problem or Problems where there is none.

    language: in which the page is shown, if not its own; is_dark: as on a phone that is set to dark.
    """
    library = with_page(context.library, drawn(source, context))
    language = language or source.language
    html = page_html(root, replace(context, language=language, library=library), library.find(source.name, language))
    style = (root / "site" / "assets" / "portal.css").read_text("utf-8")
    style = style.replace(_DARK, "(min-width: 0)" if is_dark else "(max-width: 0)")
    bare = _ACTIVE.sub("", html).replace("<head>", f"<head>{_CHARSET}<style>{style}</style>", 1)
    return _ADDRESS.sub(lambda match: f'{match[1]}{_data(root / "content", match[2])}"', bare)


def _data(content: Path, address: str) -> str:
    """Return a picture of content/media as a data address; an empty one where it is none, or too large."""
    path = (content / address.lstrip("/")).resolve()
    kind = _TYPES.get(path.suffix.lower())
    inside = path.is_relative_to((content / "media").resolve()) and path.is_file()
    if not kind or not inside or path.stat().st_size > _LARGEST:
        return "data:,"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
