"""A page, and the frame that the static site and the server share."""

from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from forms.core.portal import Portal
from forms.core.rendering.environment import render


@dataclass(frozen=True)
class Alternate:
    """The same page in another language; `here` marks the language being read."""

    code: str
    name: str
    url: str
    here: bool = False


@dataclass(frozen=True)
class PageNote:
    """A note above a page's text; kind: translation, missing, stale, demonstration."""

    kind: str
    text: str
    lang: str = ""
    """The language of the text if it is not that of the page."""


@dataclass(frozen=True)
class Page:
    """A page. path: without the language, "" or "signs/".

    finished: the page before it must not come back with the Back button.
    """

    title: str
    lang: str
    body: Markup
    path: str = ""
    alternates: tuple[Alternate, ...] = ()
    description: str = ""
    sensitive: bool = False
    body_lang: str | None = None
    index: bool = True
    form: bool = False
    manifest: str = ""
    finished: bool = False
    notes: tuple[PageNote, ...] = field(default_factory=tuple)

    @property
    def heading(self) -> Markup:
        """The body up to the end of its main heading. Nothing else is above the heading."""
        return self.body[: self._heading_end]

    @property
    def rest(self) -> Markup:
        """The body after the main heading."""
        return self.body[self._heading_end :]

    @property
    def needs_numbers(self) -> bool:
        """Whether this is a home page whose text has no telephone number."""
        return self.index and not self.path and 'href="tel:' not in self.body

    @property
    def _heading_end(self) -> int:
        return self.body.find("</h1>") + len("</h1>") if "</h1>" in self.body else 0


def draw_page(portal: Portal, language: str, page: Page, template: str = "base.html", **context: Any) -> str:
    """Return a whole page in the frame that the static site and the server share."""
    return str(render(language, template, portal=portal, page=page, **context))
