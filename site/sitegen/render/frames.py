"""The frame around a page, drawn once for each kind of page of a language and filled for each page."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from markupsafe import Markup, escape

from forms.core.portal import Portal
from forms.core.rendering.page import Page, draw_page
from sitegen.render.layout import alternates

_PLACEHOLDER = re.compile("\ue000(heading|rest|path|description)\ue001")
"""In private-use characters. Only the frame is searched for placeholders, never the values that replace them."""


def _placeholder(name: str) -> str:
    return f"\ue000{name}\ue001"


@dataclass
class Frames:
    """Draws pages of one language as `draw_page` does. check: called with each frame when it is first drawn."""

    portal: Portal
    language: str
    check: Callable[[str], None]
    _cache: dict[Page, list[str]] = field(default_factory=dict)

    def draw(self, page: Page) -> str:
        """Return the HTML of a page."""
        values = {
            "heading": page.heading,
            "rest": page.rest,
            "path": escape(page.path),
            "description": escape(page.description),
        }
        parts = self._frame(page)
        return "".join(values[part] if index % 2 else part for index, part in enumerate(parts))

    def _frame(self, page: Page) -> list[str]:
        """Return the frame in parts: HTML and names of placeholders alternate."""
        numbers = Markup("" if page.needs_numbers else '<a href="tel:')  # noqa: S704 - constants
        kind = replace(
            page, title="", body=numbers, path=page.path and _placeholder("path"), alternates=(),
            description=page.description and _placeholder("description"),
        )  # fmt: skip
        if kind not in self._cache:
            body = Markup(f"{_placeholder('heading')}</h1>{numbers}{_placeholder('rest')}")  # noqa: S704 - placeholders
            others = alternates(self.portal, self.language, kind.path)
            frame = draw_page(self.portal, self.language, replace(kind, body=body, alternates=others))
            frame = frame.replace(f"{_placeholder('heading')}</h1>", _placeholder("heading"))
            frame = frame.replace(f"{numbers}{_placeholder('rest')}", _placeholder("rest"))
            self.check(frame)
            self._cache[kind] = _PLACEHOLDER.split(frame)
        return self._cache[kind]
