"""Drawings of content/media in print: those of the pages, copied to where Typst finds them."""

from collections.abc import Callable
from pathlib import Path

from forms.core.portal import Helpline
from sitegen.content.consent import consent_table
from sitegen.layers import lookup
from sitegen.media import svg_drawings
from sitegen.render.context import Context

INK = "#0d4f52"

Draw = Callable[..., str]
"""Copies the first existing drawing of some names beside the template, and returns its file name, or ""."""


def drawer(folder: Path, context: Context, media: Path) -> Draw:
    """Return a function that copies drawings into a folder, except those that lack a consent they need."""
    allowed = consent_table.read_leniently(media.parent).media(context.today)
    language = context.language.lower()  # the case that consents use

    def draw(*names: str) -> str:
        paths = (f"{place}/{name}.svg" for name in names if name for place in svg_drawings.FOLDERS)
        permitted = (path for path in paths if language in allowed.get(path.casefold(), (language,)))
        source = next((path for name in permitted if (path := lookup.medium(media, name)).is_file()), None)
        if source is None:
            return ""
        drawing = source.read_text(encoding="utf-8").replace("currentColor", INK).replace("var(--card)", "#ffffff")
        (folder / source.name).write_text(drawing, encoding="utf-8")
        return source.name

    return draw


def names_for(helpline: Helpline) -> tuple[str, ...]:
    """Return the names of a number's drawing, best first, as on the pages."""
    return f"call-{helpline.id}", f"call-{helpline.group}", "call"
