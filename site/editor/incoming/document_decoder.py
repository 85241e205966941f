"""Reads a Word document, a workbook or copied HTML, in a confined process of its own for each file (documents.py).

Only this program calls `pasted.from_docx` and `workbook.read`: their libraries are not safe with hostile files.
"""

import json
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from editor.incoming import pasted, workbook
from forms.core.i18n.lazy_text import LazyText
from forms.core.media import confined
from forms.core.media.confined import Output
from forms.core.problem import Problem

WORD, HTML, WORKBOOK = "word", "html", "workbook"
_SAMPLE = "<h2>a</h2><p style='display:none'>b</p><ol><li><b>c</b> <a href='https://d.example/'>e</a></ol><table><tr><td>f<td>g</table>"
_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"


def word(data: bytes) -> Output:
    """Return a Word document as Markdown."""
    return _result(pasted.from_docx(data))


def html(data: bytes) -> Output:
    """Return copied HTML as Markdown."""
    return _result(pasted.from_html(data.decode()))


def _result(text: pasted.Pasted) -> Output:
    return {"left_out": sorted(text.left_out)}, text.text.encode()


def rows(data: bytes) -> Output:
    """Return the rows of a workbook, as JSON."""
    return {}, json.dumps(workbook.read(data, ""), ensure_ascii=False).encode()


READ: Mapping[str, Callable[[bytes], Output]] = {WORD: word, HTML: html, WORKBOOK: rows}


def main(kind: str) -> None:
    """Confine this process, then read a document from standard input."""
    confined.run(kind, _decode, warm_up)


def _decode(kind: str, data: bytes) -> Output:
    try:
        return READ[kind](data)
    except Problem as problem:
        parts = [_message(part) for part in (problem.where, problem.what, problem.todo)]
        return {"problem": True}, json.dumps(parts).encode()


def _message(text: Any) -> Any:
    """Return a text as JSON: a lazy one as its message and values, so that it can be translated outside."""
    if isinstance(text, LazyText):
        return [text.message, {name: _message(value) for name, value in text.values.items()}]
    return text


def warm_up(kind: str) -> None:
    """Read a small document of this kind, so that what its reader imports is loaded before the process is confined."""
    if kind in READ:
        READ[kind]({WORD: _sample_document, HTML: _SAMPLE.encode, WORKBOOK: _sample_workbook}[kind]())


def _sample_workbook() -> bytes:
    return workbook.write([["id", "on"], ["x", "2027-01-05"]])


def _sample_document() -> bytes:
    """Return a document with a hidden word, so that reading it runs every step."""
    run = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>a</w:t></w:r><w:r><w:t>b</w:t></w:r>"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{_WORDS}"><w:body><w:p>{run}</w:p></w:body></w:document>',
    }
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return buffer.getvalue()
