"""What is copied from Word or a web page becomes clean Markdown, or words: nothing in it acts on the site."""

import io
import re
import zipfile
from contextlib import suppress

import pytest
from bs4 import BeautifulSoup
from editor.incoming import documents, pasted
from editor.incoming.cleaned_html import LETTERS
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown import Markdown
from sitegen.content.pages import block_of

from forms.core.problem import Problem
from tests.editor.conftest import OURS, Browser
from tests.sitegen.conftest import Folder

BULLET = "<![if !supportLists]><span style='font-family:Symbol;mso-list:Ignore'>·<span>&nbsp; </span></span><![endif]>"
NUMBER = "<span style='mso-list:Ignore'>1.<span>&nbsp; </span></span>"
WORD = f"""<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{{margin:0}}</style></head><body>
<!--StartFragment--><h1>Wages<o:p></o:p></h1><p class=MsoNormal>Ask for your <b style='mso-bidi-font-weight:normal'>wage&nbsp;slip</b>.
</p><p class=MsoListParagraph style='mso-list:l0 level1 lfo1'>{BULLET}One</p>
<p class=MsoListParagraph style='mso-list:l0 level2 lfo1'>{NUMBER}Inner</p><p class=MsoListParagraph style='mso-list:l0 level1 lfo1'>{BULLET}Two</p>
<p class=MsoNormal><a href="https://example.org/law">Law</a></p>
<table class=MsoTableGrid><tr><td><p>Work</p></td><td><p>Rate</p></td></tr><tr><td><p>Kiln</p></td><td><p>400</p></td></tr></table>
<!--EndFragment--></body></html>"""


def html_of(text: str) -> BeautifulSoup:
    """Return the parsed HTML that this site's Markdown renders from a text."""
    converter = Markdown(extensions=["attr_list", "md_in_html", "admonition", "def_list", "tables"])
    return BeautifulSoup(converter.convert(text), "html.parser")


def test_word_becomes_headings_bold_lists_links_and_tables() -> None:
    text = pasted.from_html(WORD).text
    assert text == (
        "## Wages\n\nAsk for your **wage slip**.\n\n- One\n    1. Inner\n- Two\n\n[Law](https://example.org/law)\n\n"
        "| Work | Rate |\n| --- | --- |\n| Kiln | 400 |"
    )
    rendered = html_of(text)
    assert rendered.select_one("ul > li > ol > li").get_text(strip=True) == "Inner"  # type: ignore[union-attr]
    assert [cell.get_text() for cell in rendered.select("th, td")] == ["Work", "Rate", "Kiln", "400"]


def test_a_web_page_becomes_the_same() -> None:
    html = """<h2 class="x">Rights</h2><div style="color:red"><p>You <span style="font-weight: 700">may</span> <em>go</em>.</p></div>
    <ol><li>One<ul><li>Inner</li></ul></li><li>Two</li></ol><b style="font-weight:normal" id="docs-internal-guid-1"><p>Plain.</p></b>"""
    assert pasted.from_html(html).text == "## Rights\n\nYou **may** *go*.\n\n1. One\n    - Inner\n2. Two\n\nPlain."


ONLINE = '<div class="ListContainerWrapper"><ul><li aria-level="%d"><p>%s</p></li></ul></div>'


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<ul><li>one</li><ul><li>inner</li></ul><li>two</li></ul>", "- one\n    - inner\n- two"),
        ("<ul><li>a</li><ul><li>b</li><ol><li>c</li></ol></ul></ul>", "- a\n    - b\n        1. c"),
        ("".join(ONLINE % one for one in ((1, "a"), (2, "b"), (2, "c"), (3, "d"), (1, "e"))),
         "- a\n    - b\n    - c\n        - d\n- e"),
        (ONLINE % (3, "a") + ONLINE % (3, "b"), "- a\n    - b"),
        ("<ul><li>a</li></ul><p>between</p><ul><li>b</li></ul>", "- a\n\nbetween\n\n- b"),
    ],
)  # fmt: skip
def test_lists_of_google_docs_onenote_and_word_online_stay_as_deep_as_they_are(html: str, text: str) -> None:
    assert pasted.from_html(html).text == text


@pytest.mark.parametrize(
    ("link", "meant"),
    [
        ("https://www.google.com/url?q=https://nalsa.gov.in/a%3Fb&amp;sa=D", "https://nalsa.gov.in/a?b"),
        ("https://www.google.co.in/url?url=https://nalsa.gov.in/&amp;q=", "https://nalsa.gov.in/"),
        (
            "https://ind01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fnalsa.gov.in%2F&amp;data=05%7Cher",
            "https://nalsa.gov.in/",
        ),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fnalsa.gov.in%2F&amp;h=AT0", "https://nalsa.gov.in/"),
        ("https://www.google.com/search?q=x", "https://www.google.com/search?q=x"),
    ],
)
def test_a_link_leads_where_it_is_meant_to(link: str, meant: str) -> None:
    """Mail programs and searches lead through themselves, and learn who goes there."""
    assert pasted.from_html(f'<a href="{link}">Law</a>').text == f"[Law]({meant})"


def test_nothing_that_no_reader_may_follow_comes_out_of_another_address() -> None:
    assert pasted.from_html('<a href="https://www.google.com/url?q=javascript:alert(1)">Law</a>').text == "Law"


@pytest.mark.parametrize("font", ["Kruti Dev 010", "Bamini", "DV-TTYogesh", "SHREE-TAM-0802", "AkrutiOriSarala"])
def test_words_in_a_font_with_letters_of_its_own_are_named(browser: Browser, font: str) -> None:
    """Offices write Hindi in Kruti Dev: without it the words are signs of English keys."""
    pasted_text = pasted.from_html(
        f"<p>Law: <span style='font-size:12pt;font-family:\"{font}\",serif'>etnwj</span></p>"
    )
    assert (pasted_text.text, pasted_text.left_out) == ("Law: etnwj", {LETTERS})
    reply = browser.post("/paste", 200, html=f"<p style='font-family:{font}'>etnwj</p>").json
    assert reply
    assert "Kruti Dev" in reply["said"][0]


def test_fonts_of_today_are_not_named() -> None:
    html = "<p style='font-family:\"Nirmala UI\"'>मज़दूर</p><p style='font-family:Latha'>தொழிலாளர்</p><p style='font-family:Bamini'> </p>"
    assert pasted.from_html(html).left_out == frozenset()


def test_an_arrow_that_word_made_is_an_arrow() -> None:
    html = "<p>Go <span style='font-family:Wingdings'>à</span> <b style='font-family:Wingdings'><i style='font-family:Arial'>there</i></b></p>"
    assert pasted.from_html(html).text == "Go → ***there***"


@pytest.mark.parametrize(
    ("html", "text", "left_out"),
    [
        ("<p>each <del datetime=x>week</del><ins cite='mailto:A'>month</ins></p>", "each month", "changes"),
        ("<p>why<span class=MsoCommentReference><a class=msocomanchor>[A1]</a></span></p><div style='mso-element:comment-list'>"
         "<div class=msocomtxt>No!</div></div>", "why", "comments"),
        ("<p>a <img src='file:///C:/Users/devi/x.png' alt=her></p>", "a", "pictures"),
        ("<p>a<span style='display:none;mso-hide:all'> Devi</span></p>", "a", "hidden"),
        ("<p>a</p><div style='display: none !important'><p>Devi</p></div>", "a", "hidden"),
        ("<p>a <b hidden>Devi</b></p>", "a", "hidden"),
        ("<p>a <b style='visibility:hidden'>Devi</b></p>", "a", "hidden"),
        ("<p>a <b style='font-size:0pt'>Devi</b></p>", "a", "hidden"),
        ("<p>You must <s>not </s>pay</p>", "You must pay", "struck"),
        ("<p>You must <span style='text-decoration: line-through red'>not </span>pay</p>", "You must pay", "struck"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_said(html: str, text: str, left_out: str) -> None:
    assert pasted.from_html(html) == pasted.Pasted(text, frozenset({left_out}))


@pytest.mark.parametrize(
    "html", ["<p style='font-size:0.9em;opacity:0.5'>a</p>", "<p style='display:block'>a</p>", "<p>a<s></s></p>"]
)
def test_what_is_seen_is_not_left_out(html: str) -> None:
    assert pasted.from_html(html) == pasted.Pasted("a", frozenset())


def test_spaces_before_a_paragraph_make_no_program_text_of_it() -> None:
    assert (
        pasted.from_html("<p>One.</p><p>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;Two&nbsp;&nbsp;words.</p>").text
        == "One.\n\nTwo words."
    )


@pytest.mark.parametrize("href", ["javascript:alert(1)", "file:///C:/Users/devi/x.docx", "#anchor", "data:text/html,x", "//x", "http:",
                                  "../en/help.md", "jaVascript:alert(1)", "\x01javascript:x", "http://[", "vbscript:x"])  # fmt: skip
def test_a_link_that_no_reader_could_follow_is_words(href: str) -> None:
    assert pasted.from_html(f'<a href="{href}">words</a>').text == "words"


def test_an_address_ends_its_link_where_it_ends() -> None:
    text = pasted.from_html('<a href="https://e.org/a b(c)[d]?x=1&amp;y=2">Law</a>').text
    assert html_of(text).a["href"] == "https://e.org/a%20b%28c%29%5Bd%5D?x=1&y=2"  # type: ignore[index]


TRICKS = [
    "[[ helplines ]]", "[[ number: 112 ]]", "[[number:112]]", "# heading", "1. list", "- list", "+ list", "> quote", "!!! note", "??? note",
    "{: .x }", "{ .button }", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "*a* _b_ __c__ `d`", "---", "===",
    "[a](javascript:x)", "![a](https://evil.example/x.png)", "[a]: https://evil.example", "consent: other", "https://x.example", "a | b",
    ": definition", "\\*a\\*", "snake_case 2*3", "100 %", "C:\\Users", "~~a~~", "<!-- a -->", "</p><p>", "\u0ba4\u0bae\u0bbf\u0bb4\u0bcd", "\u0b9c\u0bcd\u200c\u0b9e",
]  # fmt: skip


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def assert_words(html: str, words: str) -> None:
    """Assert that the words are shown as they are, and do nothing."""
    text = pasted.from_html(html).text
    assert [line for line in text.split("\n") if block_of(line)] == []
    assert not re.search(r"\[\[\s*number", text)
    rendered = html_of(text)
    assert (
        rendered.find(["script", "img", "a", "h1", "h2", "ul", "ol", "blockquote", "em", "code", "hr", "dl", "iframe"])
        is None
    )
    assert [tag for tag in rendered.find_all(True) if tag.attrs] == []
    assert "".join(rendered.get_text().split()) == "".join(words.split())


@pytest.mark.parametrize("words", TRICKS)
@pytest.mark.parametrize(
    "around", ["<p>{}</p>", "<p>Before</p><p>{}</p>", "{}", "<p>a<br>{}</p>", "<p><span>{}</span></p>"]
)
def test_words_stay_words(words: str, around: str) -> None:
    before = re.sub(r"<[^>]*>", "", around).replace("{}", "")
    assert_words(around.format(escaped(words)), before + words)


SIGNS = st.text(alphabet="abc 1.#-+*_`[](){}<>!|:=&;\\/~\"'\u0ba4\u200d\u00a0", max_size=40)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SIGNS, min_size=1, max_size=4))
@example(["[", "[ helplines ]]"])
@example(["<", "script>"])
def test_whatever_words_are_copied_nothing_of_them_acts(words: list[str]) -> None:
    html = "".join(f"<p><span>{escaped(part)}</span></p>" for part in words)
    text = pasted.from_html(html).text
    assert [line for line in text.split("\n") if block_of(line)] == []
    rendered = html_of(text)
    assert rendered.find(["script", "img", "a", "iframe", "object", "form", "style", "svg"]) is None
    assert [tag for tag in rendered.find_all(True) if tag.attrs] == []


TAGS = st.sampled_from(
    [
        "p",
        "div",
        "b",
        "i",
        "ul",
        "ol",
        "li",
        "table",
        "tr",
        "td",
        "th",
        "h1",
        "h3",
        "a",
        "br",
        "span",
        "blockquote",
        "del",
        "img",
        "pre",
        "script",
        "style",
        "dl",
        "dd",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(TAGS, st.booleans(), SIGNS), max_size=25))
@example([("table", False, ""), ("tr", False, ""), ("table", False, ""), ("td", False, "x")])
def test_whatever_html_is_copied_something_readable_comes_of_it(parts: list[tuple[str, bool, str]]) -> None:
    html = "".join(
        f"<{'/' if ends else ''}{tag} style='mso-list:l0 level{len(words) % 4} lfo1'>{escaped(words)}"
        for tag, ends, words in parts
    )
    rendered = html_of(pasted.from_html(html).text)
    assert rendered.find(["script", "img", "iframe", "object", "form", "style", "svg"]) is None


@pytest.mark.parametrize("html", ["<div>" * 5000, "<b>" * 5000 + "x", "<ul><li>" * 2000, "<table><tr><td>" * 800, "x" * 1_000_001, "<![", "<!DOCTYPE", "&#x110000;", "<a href='http://[x'>"])  # fmt: skip
def test_html_that_no_program_writes_is_a_sentence_or_words(html: str) -> None:
    with suppress(Problem):
        assert isinstance(pasted.from_html(html), pasted.Pasted)


W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
BODY = """<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Wages</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">Ask each </w:t></w:r><w:del w:id="1" w:author="A"><w:r><w:delText>week</w:delText></w:r></w:del>
<w:ins w:id="2" w:author="A"><w:r><w:rPr><w:b/></w:rPr><w:t>month</w:t></w:r></w:ins><w:r><w:commentReference w:id="0"/></w:r></w:p>"""


def docx(body: str = BODY, **parts: bytes) -> bytes:
    """Return a Word document."""
    files = {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'.encode(),
        "word/styles.xml": f'<w:styles xmlns:w="{W}"><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>'.encode(),
        "word/comments.xml": f'<w:comments xmlns:w="{W}"><w:comment w:id="0"><w:p><w:r><w:t>Secret</w:t></w:r></w:p></w:comment></w:comments>'.encode(),
    } | {f"word/{name}.xml": data for name, data in parts.items()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_word_document_is_read_without_changes_and_comments() -> None:
    assert pasted.from_docx(docx()) == pasted.Pasted(
        "## Wages\n\nAsk each **month**", frozenset({"changes", "comments"})
    )


def run(words: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{words}</w:t></w:r>"


HIDING = (
    f'<w:styles xmlns:w="{W}"><w:style w:type="character" w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
)


@pytest.mark.parametrize(
    ("runs", "text", "left_out"),
    [
        (run("She ") + run("Devi", "<w:vanish/>") + run("left"), "She left", {"hidden"}),
        (run("She ") + run("Devi", '<w:rStyle w:val="H"/>') + run("left"), "She left", {"hidden"}),
        (run("She ", '<w:vanish w:val="0"/>') + run("left", '<w:rStyle w:val="H"/><w:vanish w:val="false"/>'), "She left", set()),
        (run("Do ") + run("not ", "<w:strike/>") + run("pay"), "Do pay", {"struck"}),
    ],
)  # fmt: skip
def test_what_word_does_not_show_is_left_out_and_said(runs: str, text: str, left_out: set[str]) -> None:
    document = pasted.from_docx(docx(f"<w:p>{runs}</w:p>", styles=HIDING.encode()))
    assert (document.text, document.left_out - {"comments"}) == (text, left_out)


def test_a_document_under_another_name_is_looked_at_too() -> None:
    """The part that says what the document is may name any file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name).replace(b"document.xml", b"document.dat")
            other = name.replace("document.xml", "document.dat")
            new.writestr(other, ENTITY.encode() if other.endswith(".dat") else data)
    with pytest.raises(Problem, match="no Word document"):
        pasted.from_docx(out.getvalue())


ENTITY = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>&a;</w:t></w:r></w:p></w:body></w:document>'


@pytest.mark.parametrize(("font", "left_out"), [("Kruti Dev 010", {"letters"}), ("Mangal", set())])
def test_a_document_in_a_font_with_letters_of_its_own_is_named(font: str, left_out: set[str]) -> None:
    words = run("etnwj", f'<w:rFonts w:hint="default" w:ascii="{font}" w:hAnsi="{font}"/>')
    document = documents.word(docx(f"<w:p>{words}</w:p>"))
    assert (document.text, document.left_out - {"comments"}) == ("etnwj", left_out)


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf1", docx()[:-40], docx(document=b"<w:document"), docx(document=ENTITY.encode()),
     docx(document=ENTITY.encode("utf-16")), docx(styles=b"\xff"), docx(document=b" " * 21_000_000), docx("<w:tbl>" * 3000 + "</w:tbl>" * 3000)],
    ids=["empty", "words", "cut zip", "old .doc", "rtf", "cut", "half xml", "entity", "hidden entity", "odd bytes", "bomb", "deep"],
)  # fmt: skip
def test_a_file_that_is_no_word_document_is_a_sentence(data: bytes) -> None:
    with pytest.raises(Problem, match=r"Save it in Word as \.docx|Paste it without") as error:
        pasted.from_docx(data)
    assert "root:" not in str(error.value)


def test_a_word_document_is_put_in_without_a_script(browser: Browser, folder: Folder) -> None:
    form = browser.form("/pages/en/index.md")
    before = (folder.root / "content" / "en" / "index.md").read_bytes()
    fields = {**form, "text": "# index\n\nTyped.", "document": (io.BytesIO(docx()), "x.docx")}
    page = browser.post("/word/en/index.md", 200, **fields).text
    assert "Typed.\n\n## Wages\n\nAsk each **month**" in page
    assert "Comments are left out." in page
    assert "Secret" not in page
    assert (folder.root / "content" / "en" / "index.md").read_bytes() == before
    for file in ((io.BytesIO(b"x"), "x.docx"), (io.BytesIO(b""), "")):
        assert "Typed." in browser.post("/word/en/index.md", 400, **{**fields, "document": file}).text


def test_what_is_pasted_comes_back_as_markdown(browser: Browser) -> None:
    reply = browser.post("/paste", 200, html=WORD).get_json()
    assert reply["text"].startswith("## Wages")
    assert reply["said"] == []
    assert browser.post("/paste", 200, html="<p>a<del>b</del></p>").get_json()["said"]
    too_long = browser.post("/paste", 200, html="x" * 1_000_001).get_json()
    assert too_long["text"] is None, "the script puts the plain words in then"
    assert "several parts" in too_long["said"][0]
    assert browser.client.post("/paste", data={"html": WORD}, headers=OURS).status_code == 403
