"""Reads Word documents, workbooks and long copied HTML in the confined decoder process (decision 0025).

The decoder's output is checked like any untrusted input: a hostile file may have taken the decoder over.
"""

import json
import re
from typing import Any

from editor.incoming import document_decoder, pasted
from editor.incoming.cleaned_html import KINDS
from editor.incoming.pasted import Pasted
from forms.core.i18n.lazy_text import LazyText
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.media import decoder_process
from forms.core.problem import Problem

MAX_IN_PROCESS = 20_000
"""Characters of HTML that are read without the decoder process, so that a paste of a page or two needs no wait."""

PROGRAM = decoder_process.program_of("editor.incoming.document_decoder")
_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_MAX_MESSAGE_LENGTH = 1_000
"""Characters of a message of the decoder."""


def word(data: bytes) -> Pasted:
    """Return a Word document as Markdown. Raises Problem where it cannot be read or is too large."""
    todo = _("Save it in Word as .docx, then choose it.")
    return _text(document_decoder.WORD, data, Problem("", _("This is no Word document that can be read."), todo))


def html(text: str) -> Pasted:
    """Return HTML as Markdown. Raises Problem where it is too long or cannot be read."""
    if len(text) > pasted.MAX_HTML_LENGTH or len(text) <= MAX_IN_PROCESS:
        return pasted.from_html(text)  # refuses what is too long without parsing it
    todo = _("Paste it without formatting: Ctrl+Shift+V.")
    return _text(document_decoder.HTML, text.encode(), Problem("", _("This cannot be read."), todo))


def workbook(data: bytes, where: str) -> list[list[str]]:
    """Return the rows of a workbook's only sheet as text. Raises Problem where it cannot be read."""
    todo = _("Save it again as .xlsx or as CSV UTF-8.")
    refused = Problem(where, _("is no workbook that can be read."), todo)
    try:
        rows = json.loads(_read(document_decoder.WORKBOOK, data, refused)[1])
    except (ValueError, RecursionError):
        raise refused from None
    if not isinstance(rows, list) or not all(isinstance(row, list) and all(map(_is_text, row)) for row in rows):
        raise refused
    return rows


def _is_text(cell: object) -> bool:
    return isinstance(cell, str)


def _text(kind: str, data: bytes, refused: Problem) -> Pasted:
    """Return the text of a document. Raises `refused` where the decoder's output is no text."""
    head, output = _read(kind, data, refused)
    left_out = head.get("left_out")
    try:
        kinds = frozenset(left_out if isinstance(left_out, list) else ()) & KINDS
        return Pasted(output.decode(), kinds)
    except (TypeError, UnicodeDecodeError):
        raise refused from None


def _read(kind: str, data: bytes, refused: Problem) -> tuple[dict[str, Any], bytes]:
    """Return the decoder's output for a file. Raises `refused`, or the Problem that the decoder reports."""
    try:
        head, output = decoder_process.decode(kind, data, program=PROGRAM)
    except decoder_process.NoDecoderFree:
        what = _("This was not read: other files are being read.")
        raise Problem(refused.where, what, _("Do it once more.")) from None
    except decoder_process.DecoderFailed as failed:
        if not failed.ended:
            raise refused from None
        todo = _("Copy it in several parts.")
        raise Problem(refused.where, _("This takes more time or room than any text does."), todo) from None
    if "problem" in head:
        raise _reported_problem(output, refused)
    return head, output


def _reported_problem(output: bytes, refused: Problem) -> Problem:
    """Return the Problem that the decoder reports, with the file name before its place."""
    try:
        where, what, todo = (_message(part, refused.where) for part in json.loads(output))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return refused
    return Problem(where or refused.where, what, todo)


def _message(part: Any, file: str) -> str:
    """Return a text of the decoder, with the file name in its place. Raises an error where it is not one."""
    if isinstance(part, int):
        return str(part)
    if isinstance(part, str):
        return part[:_MAX_MESSAGE_LENGTH]
    message, values = part
    if len(message) > _MAX_MESSAGE_LENGTH or "%" in _PLACEHOLDER.sub("", message):
        raise ValueError(message)  # "%(x)999999999s" would fill the memory
    return LazyText(
        message,
        {name: file if name == "place" and not value else _message(value, file) for name, value in values.items()},
    )
