"""Converts text copied from Word or from a web page to clean Markdown: its structure stays, its styles go."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from editor.incoming import fonts
from editor.incoming.cleaned_html import CHANGES, COMMENTS, HIDDEN, LETTERS, clean
from editor.incoming.hidden_text import without_hidden
from editor.incoming.html_markdown import markdown_of
from editor.incoming.package import xml_parts
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

MAX_HTML_LENGTH = 1_000_000
"""Characters of HTML: a document of some hundred pages."""


@dataclass(frozen=True)
class Pasted:
    """A text as Markdown. left_out: kinds of content that were removed (cleaned_html.KINDS)."""

    text: str
    left_out: frozenset[str] = frozenset()


def from_html(html: str) -> Pasted:
    """Return HTML as Markdown. Raises Problem where it is too long or cannot be read."""
    if len(html) > MAX_HTML_LENGTH:
        raise Problem("", _("This is more than can be taken at once."), _("Copy it in several parts."))
    try:
        return _convert(html)
    except (RecursionError, ValueError, AssertionError):  # raised by the parser for HTML that no program writes
        todo = _("Paste it without formatting: Ctrl+Shift+V.")
        raise Problem("", _("This cannot be read."), todo) from None


def from_docx(data: bytes) -> Pasted:
    """Return a Word document as Markdown. Raises Problem where it cannot be read or is too large."""
    import mammoth  # noqa: PLC0415 - seldom needed

    try:
        parts = dict(xml_parts(data, _unreadable()))
        left_out = frozenset(_noteworthy_kinds(parts))
        if (visible := without_hidden(data, parts)) is not None:
            data, left_out = visible, left_out | {HIDDEN}
        html = mammoth.convert_to_html(io.BytesIO(data), convert_image=mammoth.images.img_element(lambda _: {})).value
    except Problem:
        raise
    except Exception:  # noqa: BLE001 - the library raises many errors for a broken file
        raise _unreadable() from None
    text = from_html(html)
    return Pasted(text.text, text.left_out | left_out)


def _unreadable() -> Problem:
    return Problem("", _("This is no Word document that can be read."), _("Save it in Word as .docx, then choose it."))


def _noteworthy_kinds(parts: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the kinds of content that a person should know of: tracked changes, comments, legacy fonts."""
    for name, xml in parts.items():
        if re.search(rb"<w:(?:ins|del|moveFrom|moveTo)\b", xml):
            yield CHANGES
        if name.endswith(("document.xml", "styles.xml")) and fonts.has_legacy_font(xml):
            yield LETTERS
        if name.endswith("comments.xml") and b"<w:comment " in xml:
            yield COMMENTS


def _convert(html: str) -> Pasted:
    soup, left_out = clean(html)
    return Pasted(markdown_of(soup), left_out)
