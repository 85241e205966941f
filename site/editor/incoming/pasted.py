"""What was copied from Word or from a web page, as clean Markdown: its structure stays, its looks and its traces go."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from editor.incoming import fonts
from editor.incoming.cleaned_html import CHANGES, COMMENTS, HIDDEN, LETTERS, cleaned
from editor.incoming.hidden_text import without_hidden
from editor.incoming.html_markdown import written
from editor.incoming.package import xml_of
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem

LONGEST = 1_000_000
"""Characters of HTML: a document of some hundred pages."""


@dataclass(frozen=True)
class Pasted:
    """A text as Markdown, and what of it was left out."""

    text: str
    left_out: frozenset[str] = frozenset()


def from_html(html: str) -> Pasted:
    """Return HTML as Markdown. Raises Problem where it is too long or too odd to be read."""
    if len(html) > LONGEST:
        raise Problem("", _("This is more than can be taken at once."), _("Copy it in several parts."))
    try:
        return _converted(html)
    except (RecursionError, ValueError, AssertionError):  # of the parser, at HTML that no program writes
        todo = _("Paste it without formatting: Ctrl+Shift+V.")
        raise Problem("", _("This cannot be read."), todo) from None


def from_docx(data: bytes) -> Pasted:
    """Return a Word document as Markdown. Raises Problem where it is none, or one that would fill the memory."""
    import mammoth  # noqa: PLC0415 - seldom needed

    try:
        parts = dict(xml_of(data, _no_document()))
        left_out = frozenset(_traces(parts))
        if (shown := without_hidden(data, parts)) is not None:
            data, left_out = shown, left_out | {HIDDEN}
        html = mammoth.convert_to_html(io.BytesIO(data), convert_image=mammoth.images.img_element(lambda _: {})).value
    except Problem:
        raise
    except Exception:  # noqa: BLE001 - a broken file breaks the library in many ways, and each is the same to who chose it
        raise _no_document() from None
    found = from_html(html)
    return Pasted(found.text, found.left_out | left_out)


def _no_document() -> Problem:
    return Problem("", _("This is no Word document that can be read."), _("Save it in Word as .docx, then choose it."))


def _traces(parts: Mapping[str, bytes]) -> Iterator[str]:
    """Yield what a document has of tracked changes and comments."""
    for name, xml in parts.items():
        if re.search(rb"<w:(?:ins|del|moveFrom|moveTo)\b", xml):
            yield CHANGES
        if name.endswith(("document.xml", "styles.xml")) and fonts.document_has_own_letters(xml):
            yield LETTERS
        if name.endswith("comments.xml") and b"<w:comment " in xml:
            yield COMMENTS


def _converted(html: str) -> Pasted:
    soup, left_out = cleaned(html)
    return Pasted(written(soup), left_out)
