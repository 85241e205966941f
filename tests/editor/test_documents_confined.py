"""Word documents, workbooks and large pastes are read where they can do no harm, whatever is in them."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from editor.incoming import document_decoder, documents, pasted, workbook

from forms.core.media import decoder_process
from forms.core.problem import Problem
from tests.editor.conftest import Browser
from tests.editor.test_pasting import WORD, docx
from tests.editor.test_workbooks import book_of, set_cell
from tests.sitegen.reader_languages import in_language, left_in_english

ROOT = Path(__file__).parents[2]
NESTED = "<w:tbl><w:tr><w:tc>" * 10_000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 10_000
LAUGHS = b"<!DOCTYPE x [<!ENTITY a 'ha'>" + b"".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>".encode() for before, name in zip("abcdefgh", "bcdefghi", strict=True)
) + b"]><x>&i;</x>"  # fmt: skip


def document_with_picture_link(target: str) -> bytes:
    """Return a Word document with a picture at an external address."""
    rels = f"""<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="p1" TargetMode="External"
        Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="{target}"/></Relationships>"""
    drawing = """<w:p><w:r><w:t>Before</w:t><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">
        <a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData><pic:pic
        xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:blipFill><a:blip r:link="p1"
        xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/></pic:blipFill></pic:pic></a:graphicData></a:graphic>
        </wp:inline></w:drawing></w:r></w:p>"""
    return _with(docx(drawing), {"word/_rels/document.xml.rels": rels.encode()})


def _with(data: bytes, parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def test_what_is_read_inside_is_what_is_read_outside() -> None:
    assert documents.word(docx()) == pasted.from_docx(docx())
    long = WORD + "<p>Ask <del>not</del> for it.</p>" * 1000
    assert len(long) > documents.MAX_IN_PROCESS
    assert documents.html(long) == pasted.from_html(long)
    book = workbook.write([["id", "திருவள்ளூர்"], ["x", "2027"]])
    assert documents.workbook(book, "x.xlsx") == workbook.read(book, "x.xlsx")


@pytest.mark.parametrize(
    "data",
    [docx(NESTED), docx(document=LAUGHS), docx(document=b" " * 300_000_000), _with(docx(), {"word/media/a.png": bytes(110_000_000)})],
    ids=["nested tables", "entities", "bomb", "bomb of pictures"],
)  # fmt: skip
def test_a_document_that_is_made_to_hurt_is_a_sentence(data: bytes) -> None:
    with pytest.raises(Problem, match=r"\.docx|several parts"):
        documents.word(data)


def test_a_picture_that_lies_elsewhere_is_not_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"\x89PNG\r\n\x1a\nSECRET")
    for target in (secret.as_uri(), "/etc/passwd", "http://127.0.0.1:9/x.png", "..\\..\\secret"):
        document = documents.word(document_with_picture_link(target))
        assert (document.text, document.left_out - {"comments"}) == ("Before", {"pictures"})


def test_a_workbook_that_is_made_to_hurt_is_a_sentence() -> None:
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(part, LAUGHS)
        with pytest.raises(Problem, match="is no workbook that can be read"):
            documents.workbook(out.getvalue(), "x.xlsx")


def test_a_cell_is_named_with_its_file() -> None:
    with pytest.raises(Problem, match=r"^x\.xlsx, row 2, column B: a formula stands there"):
        documents.workbook(book_of(set_cell("=1+1")), "x.xlsx")


def test_what_is_wrong_in_a_workbook_is_said_in_the_readers_language() -> None:
    """The decoder is a process of its own: its sentences crossed as English text and stayed it."""
    with pytest.raises(Problem) as raised:
        documents.workbook(book_of(set_cell("=1+1")), "x.xlsx")
    assert left_in_english([raised.value]) == []
    assert str(in_language(raised.value.where, "ta")).startswith("x.xlsx")
    assert in_language(raised.value.where, "ta") != raised.value.where


@pytest.mark.parametrize(
    "message",
    ["%(x)999999999s", "%", "%(x)s", "%(x)d", ["%(x)s"], {"x": 1}, None, ["a", "b"], ["%(place)s %(place)999999999s", {"place": ""}],
     ["a", {"x": ["%(y)s", {"y": "z" * 9_999_999}]}]],
)  # fmt: skip
def test_a_message_of_a_decoder_that_was_taken_over_does_no_harm(
    message: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a format, "%(x)999999999s" would fill the memory of the editor."""
    answer = {"problem": True}, json.dumps(["", message, ""]).encode()
    monkeypatch.setattr(documents.decoder_process, "decode", lambda *_, **__: answer)
    with pytest.raises(Problem) as raised:
        documents.workbook(b"PK", "x.xlsx")
    assert len(str(raised.value)) < 5_000
    assert str(raised.value).startswith("x.xlsx: ")


@pytest.mark.parametrize(
    "output",
    ["", "x", "[]", "{}", '{"left_out": [["a"]]}', '{"left_out": 1}', '{"problem": 1}', '{"left_out": ["<b>"]}'],
)
def test_nothing_that_it_says_is_believed(output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({output!r}.encode() + bytes([10, 255, 91]))"
    )
    monkeypatch.setattr(documents, "PROGRAM", program)
    with pytest.raises(Problem, match="no Word document"):
        documents.word(docx())
    with pytest.raises(Problem, match="no workbook"):
        documents.workbook(b"PK", "x.xlsx")


def test_code_inside_can_read_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = """import sys; sys.path[:] = sys.argv[2:]
from editor.incoming import document_decoder
def hostile(data):
    try:
        return {}, open("/etc/passwd", "rb").read()
    except OSError:
        return {}, b"refused"
document_decoder.READ = {**document_decoder.READ, "hostile": hostile}
document_decoder.warm_up = lambda kind: None
document_decoder.main("hostile")
"""
    assert decoder_process.decode("hostile", b"", program=hostile)[1] == b"refused"


def test_a_paste_that_takes_too_long_ends_and_is_said(monkeypatch: pytest.MonkeyPatch, browser: Browser) -> None:
    monkeypatch.setattr(decoder_process, "LONGEST", 0.05)
    reply = browser.post("/paste", 200, html="<div>" * 100_000).get_json()
    assert reply["text"] is None
    assert "several parts" in reply["said"][0]
    assert browser.post("/paste", 200, html=WORD).get_json()["text"].startswith("## Wages"), "what is short needs none"


def test_where_all_decoders_are_at_work_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object, **__: object) -> None:
        raise decoder_process.NoDecoderFree

    monkeypatch.setattr(decoder_process, "decode", busy)
    with pytest.raises(Problem, match="other files are being read"):
        documents.word(docx())


def test_no_other_place_reads_them_by_itself() -> None:
    """The kind of fault, not the case: a library for documents is called by the confined program and nobody else."""
    calls = re.compile(r"pasted\.from_docx|workbook\.read\(|import mammoth|load_workbook")
    users = {
        path.relative_to(ROOT).as_posix()
        for folder in ("site/editor", "forms", "site/sitegen")
        for path in (ROOT / folder).rglob("*.py")
        if calls.search(path.read_text(encoding="utf-8"))
    }
    inside = {"pasted.py", "workbook.py", "document_decoder.py"}
    assert users == {f"site/editor/incoming/{name}" for name in inside}
    assert set(document_decoder.READ) == {"word", "html", "workbook"}
