"""Drawings of content/media in print: the ones on the pages, copied to where Typst finds them."""

from collections.abc import Callable
from pathlib import Path

from forms.core.portal import Helpline
from sitegen.content.consent import consent_table
from sitegen.layers import lookup
from sitegen.media.images import DRAWN
from sitegen.render.context import Context

INK = "#0d4f52"

Draw = Callable[..., str]
"""Returns the file of the first drawing that there is of some names, beside the template; "" where there is none."""


def drawer(room: Path, context: Context, media: Path) -> Draw:
    """Return what puts drawings into the folder `room`, none without a consent where it needs one."""
    allowed = consent_table.read_leniently(media.parent).media(context.today)
    language = context.language.lower()  # as `media` names them

    def draw(*names: str) -> str:
        wanted = (f"{folder}/{name}.svg" for name in names if name for folder in DRAWN)
        shown = (name for name in wanted if language in allowed.get(name.casefold(), (language,)))
        source = next((path for name in shown if (path := lookup.medium(media, name)).is_file()), None)
        if source is None:
            return ""
        drawing = source.read_text(encoding="utf-8").replace("currentColor", INK).replace("var(--card)", "#ffffff")
        (room / source.name).write_text(drawing, encoding="utf-8")
        return source.name

    return draw


def of_number(helpline: Helpline) -> tuple[str, ...]:
    """Return the names under which the drawing of a number is looked for, as on the pages."""
    return f"call-{helpline.id}", f"call-{helpline.group}", "call"
