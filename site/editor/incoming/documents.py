"""Word documents, workbooks and large pieces of copied HTML, read in the confined decoder process (decision 0025).

What comes back is checked like anything that a stranger sends: the file may have taken the decoder over.
"""

import json
from typing import Any

from editor.incoming import document_decoder, pasted
from editor.incoming.cleaned_html import KINDS
from editor.incoming.pasted import Pasted
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.media import decoder_process
from forms.core.problem import Problem

AT_ONCE = 20_000
"""Characters of HTML that the editor reads by itself: a paste of a page or two is there without a wait."""

PROGRAM = decoder_process.program_of("editor.incoming.document_decoder")
_LONGEST = 1_000
"""Characters of a sentence of a decoder."""


def word(data: bytes) -> Pasted:
    """Return a Word document as Markdown. Raises Problem where it cannot be read, or would fill the memory."""
    todo = _("Save it in Word as .docx, then choose it.")
    return _text(document_decoder.WORD, data, Problem("", _("This is no Word document that can be read."), todo))


def html(text: str) -> Pasted:
    """Return HTML as Markdown. Raises Problem where it is too long or too odd to be read."""
    if len(text) > pasted.LONGEST or len(text) <= AT_ONCE:
        return pasted.from_html(text)  # what is too long is refused before it is looked at
    todo = _("Paste it without formatting: Ctrl+Shift+V.")
    return _text(document_decoder.HTML, text.encode(), Problem("", _("This cannot be read."), todo))


def workbook(data: bytes, where: str) -> list[list[str]]:
    """Return the rows of a workbook's one sheet as text. Raises Problem where it is no such workbook."""
    todo = _("Save it again as .xlsx or as CSV UTF-8.")
    refused = Problem(where, _("is no workbook that can be read."), todo)
    try:
        found = json.loads(_read(document_decoder.WORKBOOK, data, refused)[1])
    except (ValueError, RecursionError):
        raise refused from None
    if not isinstance(found, list) or not all(isinstance(row, list) and all(map(_is_text, row)) for row in found):
        raise refused
    return found


def _is_text(cell: object) -> bool:
    return isinstance(cell, str)


def _text(kind: str, data: bytes, refused: Problem) -> Pasted:
    """Return the text that the decoder read. Raises `refused` where its answer is no text."""
    head, made = _read(kind, data, refused)
    left_out = head.get("left_out")
    try:
        told = frozenset(left_out if isinstance(left_out, list) else ()) & KINDS
        return Pasted(made.decode(), told)
    except (TypeError, UnicodeDecodeError):
        raise refused from None


def _read(kind: str, data: bytes, refused: Problem) -> tuple[dict[str, Any], bytes]:
    """Return what the decoder made of a file. Raises `refused`, or the Problem that the decoder tells."""
    try:
        head, made = decoder_process.decode(kind, data, program=PROGRAM)
    except decoder_process.NoDecoderFree:
        what = _("This was not read: other files are being read.")
        raise Problem(refused.where, what, _("Do it once more.")) from None
    except decoder_process.DecoderFailed as failed:
        if not failed.ended:
            raise refused from None
        todo = _("Copy it in several parts.")
        raise Problem(refused.where, _("This takes more time or room than any text does."), todo) from None
    if "problem" in head:
        raise _told(made, refused)
    return head, made


def _told(made: bytes, refused: Problem) -> Problem:
    """Return the Problem of a decoder, with the name of the file before the place that it names."""
    try:
        where, what, todo = (str(part)[:_LONGEST] for part in json.loads(made))
    except (ValueError, TypeError, RecursionError):
        return refused
    return Problem(f"{refused.where}{where}", what, todo)
