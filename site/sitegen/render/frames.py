"""The frame around a page, drawn once for each kind of page of a language and filled for each page."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from markupsafe import Markup, escape

from forms.core.portal import Portal
from forms.core.rendering.page import Page, draw_page
from sitegen.render.layout import alternates

_HOLE = re.compile("\ue000(heading|rest|path|description)\ue001")
"""Private-use letters: a hole is looked for in the frame alone, never in what fills it."""


def _hole(name: str) -> str:
    return f"\ue000{name}\ue001"


@dataclass
class Frames:
    """Draws pages of one language as `draw_page` does. `looked_at` is given each frame when it is first drawn."""

    portal: Portal
    language: str
    looked_at: Callable[[str], None]
    _kept: dict[Page, list[str]] = field(default_factory=dict)

    def draw(self, page: Page) -> str:
        """Return the whole page."""
        filled = {
            "heading": page.heading,
            "rest": page.rest,
            "path": escape(page.path),
            "description": escape(page.description),
        }
        parts = self._frame(page)
        return "".join(filled[part] if place % 2 else part for place, part in enumerate(parts))

    def _frame(self, page: Page) -> list[str]:
        """Return the frame in pieces: text and names of holes in turn."""
        numbers = Markup("" if page.needs_numbers else '<a href="tel:')  # noqa: S704 - constants
        kind = replace(
            page, title="", body=numbers, path=page.path and _hole("path"), alternates=(),
            description=page.description and _hole("description"),
        )  # fmt: skip
        if kind not in self._kept:
            body = Markup(f"{_hole('heading')}</h1>{numbers}{_hole('rest')}")  # noqa: S704 - holes
            others = alternates(self.portal, self.language, kind.path)
            drawn = draw_page(self.portal, self.language, replace(kind, body=body, alternates=others))
            drawn = drawn.replace(f"{_hole('heading')}</h1>", _hole("heading")).replace(
                f"{numbers}{_hole('rest')}", _hole("rest")
            )
            self.looked_at(drawn)
            self._kept[kind] = _HOLE.split(drawn)
        return self._kept[kind]
