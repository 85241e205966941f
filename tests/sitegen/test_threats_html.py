"""Active HTML in pages, tables, front matter and drawings is refused by check and build, on whatever road it comes."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from sitegen.checks.security import active_html
from sitegen.render.engine.markdown_html import markdown_extensions, to_html

from forms.core.content_policy import IN_HEADER, IN_PAGE
from forms.core.problem import Problem, Problems
from tests.conftest import ROOT
from tests.sitegen.conftest import Folder

RAW = [
    "<script>alert(1)</script>", "<ScRiPt src=//evil.example></ScRiPt>", "<script\n>x</script>", "<script/x>y</script>",
    '<iframe src="https://evil.example"></iframe>', "<frameset>", '<object data="x.swf"></object>', '<embed src="x">',
    '<form action="https://evil.example"><button>Send</button></form>', "<form>x</form>", "<button formaction=x>x</button>",
    '<input name="x">', "<textarea>x</textarea>", '<base href="https://evil.example/">', '<link rel="stylesheet" href="x">',
    "<style>body{display:none}</style>", '<meta http-equiv="refresh" content="0; url=https://evil.example">',
    "<META HTTP-EQUIV=refresh CONTENT=0>", "<svg onload=alert(1)></svg>", "<svg><script>1</script></svg>",
    "<math><mi xlink:href='javascript:1'>x</mi></math>", '<img src="/media/x.png" onerror="alert(1)" alt="x">',
    "<img src=x onerror=alert(1)>", "<img/src=x/onerror=alert(1)>", "<a href=# onclick=alert(1)>x</a>",
    '<p style="background:url(https://evil.example)">x</p>', '<div style="position:fixed">x</div>',
    '<a href="javascript:alert(1)">x</a>', "<a href='java&#115;cript:alert(1)'>x</a>",
    "<a href='&#x6A;avascript&colon;alert(1)'>x</a>", '<a href="java\tscript:alert(1)">x</a>',
    '<a href=" \x01javascript:alert(1)">x</a>', '<a href="JaVaScRiPt:alert(1)">x</a>', '<a href="vbscript:x">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>', '<a href="blob:x">x</a>', '<a href="file:///etc">x</a>',
    '<img src="https://evil.example/x.png" alt="x">', '<img src="//evil.example/x.png" alt="x">',
    '<img src="\\\\evil.example/x.png" alt="x">', '<img srcset="https://evil.example/x.png 2x" src="/a.png" alt="x">',
    '<video src="x"></video>', '<audio src="https://evil.example/a"></audio>', "<portal src=x></portal>",
    '<a ping="https://evil.example" href="/x">x</a>', '<div data-exit="1">x</div>', "<template>x</template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>", "<x-widget onclick=1>x</x-widget>",
    "<!--><img src=x onerror=alert(1)>-->", "<!-- --!><img src=x onerror=alert(1)> -->", "<?php x ?>",
    "<!DOCTYPE html>", "<![CDATA[<script>1</script>]]>", '<p title="x" "onclick=alert(1)">x</p>',
    "<details ontoggle=alert(1) open>x</details>", "<body onload=x>", "<title>x</title>", "<marquee>x</marquee>",
]  # fmt: skip
MARKDOWN = [
    "\\<script>alert(1)\\</script>",
    "[x](javascript:alert(1))", "[x](JAVASCRIPT:alert(1))", "[x](java&#115;cript:alert(1))", "[x](<javascript:alert(1)>)",
    "[x][1]\n\n[1]: javascript:alert(1)", "[x]\n\n[x]: data:text/html,x", "![x](javascript:alert(1))", "[x](vbscript:1)",
    "![x](https://evil.example/x.png)", "![x][1]\n\n[1]: data:image/svg+xml,x", "<javascript:alert(1)>",
    "[x](&#x6a;avascript:alert(1))", "[x](java\\script:alert(1) 'y')", "## x {: onclick=alert(1) }",
    "[x](/a/){: onclick=alert(1) }", "[x](/a/){: href=javascript:alert(1) }", "word\n{: style='position:fixed' }",
    "![x](/media/x.png){: onerror=alert(1) }", '<div markdown="1" onclick="x">\n\nText.\n\n</div>',
    '<div markdown="1">\n\n[x](javascript:alert(1))\n\n</div>', "- item\n\n    <script>1</script>\n",
    "!!! note \"<script>1</script>\"\n    Text.\n", "??? note \"<img src=x onerror=1>\"\n    Text.\n",
    "| a |\n|---|\n| <script>1</script> |\n", "| a |\n|---|\n| [x](javascript:1) |\n", "Term\n: <iframe src=x></iframe>\n",
    "> <script>1</script>\n", "# <script>1</script>\n", "*<script>1</script>*", "`ok` <script>1</script> `ok`",
]  # fmt: skip
HARMLESS = [
    "Words with a < b and c > d, 5 <6, & and &amp;.", "`<script>alert(1)</script>`", "    <script>alert(1)</script>\n",
    "```html\n<script>alert(1)</script>\n<iframe src=x>\n```\n", "```\n[x](javascript:alert(1))\n```\n", "`javascript:alert(1)`",
    "[x](https://example.org)", "[112](tel:112)", "[x](help.md#top)", "[x](mailto:a@b.example)", "<https://example.org>",
    "javascript: is a word here", "| a | b |\n|:--|--:|\n| 1 | 2 |\n", '<div class="more" markdown="1">\n\nText.\n\n</div>',
    "<details><summary>More</summary>Text</details>", "[x](/en/help/){ .button .quiet }", "<br>", "<!-- a note -->",
    "!!! note \"Title\"\n    Text.\n", "Term\n: what it means\n", '<span lang="ta">x</span>',
    "![a drawing](/media/scene-1.svg)", "x[^1]", "<b title='a > b'>x</b>", "&lt;script&gt;alert(1)&lt;/script&gt;",
]  # fmt: skip


@pytest.mark.parametrize("text", [*RAW, *MARKDOWN])
def test_active_html_is_found(text: str) -> None:
    found = [*active_html.findings(to_html(f"Words.\n\n{text}\n\nWords.", ROOT))]
    assert found or not _acts(to_html(f"Words.\n\n{text}\n\nWords.", ROOT)), "only what Markdown itself made words of"
    inline = to_html(f"Words {text.splitlines()[0]} words.", ROOT)
    assert [*active_html.findings(inline)] or not _acts(inline)


def _acts(html: str) -> bool:
    """A second opinion: what Python's own parser sees."""
    from html.parser import HTMLParser  # noqa: PLC0415

    active_tags: list[bool] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            active_tags.append(
                tag in {"script", "iframe", "form", "object", "embed", "base", "link", "meta", "svg", "style"}
            )
            plain = [(name, (value or "").replace("\t", "").strip().lower()) for name, value in attrs]
            active_tags.append(
                any(name.startswith("on") or value.startswith(("javascript:", "data:")) for name, value in plain)
            )

    Reader().feed(html)
    return any(active_tags)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_shows_it_is_taken(text: str) -> None:
    assert [*active_html.findings(to_html(f"Words.\n\n{text}\n\nWords.", ROOT))] == []


def test_the_check_reads_markdown_as_the_build_does() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for name in ("attr_list", "md_in_html", "admonition", "def_list", "tables", "toc"):
        assert f"- {name}" in text
        assert name in markdown_extensions(ROOT)
    assert "fenced_code" in markdown_extensions(ROOT)


@pytest.mark.parametrize("command", ["check", "build"])
def test_a_page_is_refused_with_file_and_line(folder: Folder, command: str) -> None:
    folder.page("page", "One.\n\nTwo.\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))")
    refusal = _refusal(folder, command)
    text = (folder.root / "content" / "en" / "page.md").read_text(encoding="utf-8").splitlines()
    lines = {
        word: next(number for number, line in enumerate(text, 1) if word in line)
        for word in ("<script>", "javascript:")
    }
    assert f"content/en/page.md, line {lines['<script>']}: has a <script>." in refusal
    assert f"content/en/page.md, line {lines['javascript:']}: has an address that a browser would run" in refusal
    assert not (folder.root / "public").exists()


def _refusal(folder: Folder, command: str) -> str:
    if command == "check":
        return "\n".join(folder.problems())
    with pytest.raises((Problem, Problems)) as error:
        folder.build()
    return str(error.value)


@pytest.mark.parametrize(
    ("meta", "sentence"),
    [({"description": "'<script>x'"}, "has HTML"), ({"title": "javascript:alert(1)"}, "begins as an address"),
     ({"more": "[a, {b: 'data:text/html,x'}]"}, "begins as an address")],
)  # fmt: skip
def test_front_matter_is_refused(folder: Folder, meta: dict[str, Any], sentence: str) -> None:
    folder.page("page", "Text.", **meta)
    assert f"content/en/page.md, between the --- lines: {sentence}" in _refusal(folder, "build")


@pytest.mark.parametrize("cell", ["<script>1</script>", "javascript: alert(1)", "<b>Danger</b>"])
def test_a_table_is_refused_with_row_and_column(folder: Folder, cell: str) -> None:
    folder.row("helplines", for_en=cell)
    assert "content/tables/helplines.csv, row 2, column for_en: " in _refusal(folder, "build")


def test_words_with_a_colon_or_a_smaller_than_sign_are_taken(folder: Folder) -> None:
    folder.row("helplines", for_en="Data: what is < 18 and a <3", note_en="File: see below")
    assert folder.problems() == []


def test_portal_yml_is_refused_too(folder: Folder) -> None:
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["responsible"]["en"] = "<img src=x onerror=alert(1)>"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert "content/portal.yml: has HTML in it." in _refusal(folder, "build")


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" {}>{}</svg>'


@pytest.mark.parametrize(
    "drawing",
    [SVG.format("", "<script>1</script>"), SVG.format("onload='x'", ""), SVG.format("ONLOAD='x'", ""),
     SVG.format("", "<foreignObject><p>x</p></foreignObject>"), SVG.format("", "<use href='https://evil.example#x'/>"),
     SVG.format("", "<image href='https://evil.example'/>"), SVG.format("", "<a href='javascript:1'><text>x</text></a>"),
     SVG.format("", "<path fill='url(https://evil.example#x)' d=''/>"), SVG.format("STYLE='x'", ""),
     SVG.format("", "<path FILTER='URL(//evil.example)' d=''/>"), SVG.format("", "<animate onbegin='x'/>"),
     SVG.format("", "<set attributeName='href' to='javascript:1'/>"), SVG.format("", "<style>@import 'x'</style>"),
     '<!DOCTYPE svg [<!ENTITY x "y">]>' + SVG.format("", "<text>&x;</text>"),
     '<?xml-stylesheet href="https://evil.example"?>' + SVG.format("", "<iframe xmlns='http://www.w3.org/1999/xhtml'/>")],
)  # fmt: skip
def test_a_drawing_that_acts_is_refused(folder: Folder, drawing: str) -> None:
    media = folder.root / "content" / "media"
    media.mkdir(exist_ok=True)
    (media / "x.svg").write_text(drawing, encoding="utf-8")
    assert "content/media/x.svg" in "\n".join(folder.problems())


@pytest.mark.parametrize(
    "name", ["media/x.html", "media/x.js", "en/x.svg", "en/x.js", "ta/more/x.xhtml", "media/X.HTM"]
)
def test_a_file_that_acts_is_refused(folder: Folder, name: str) -> None:
    path = folder.root / "content" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    assert f"content/{name}: is a file that a browser would run" in "\n".join(folder.problems())


@pytest.mark.parametrize(
    "page",
    ['<iframe src="/x">', '<base href="/">', "<script>1</script>", '<script src="https://evil.example/x.js"></script>',
     '<form action="https://evil.example">', '<a href="javascript:1">', '<meta http-equiv="refresh" content="0">',
     '<p onclick="x">', '<a xlink:href="JAVASCRIPT:1">', '<button formaction="//evil.example">'],
)  # fmt: skip
def test_a_built_page_is_looked_at_once_more(page: str) -> None:
    """Should any road not go through the checks of what staff write."""
    assert [*active_html.findings_in_page(f"<html><body>{page}</body></html>")]


def test_every_page_carries_the_policy_before_anything_that_it_governs(folder: Folder) -> None:
    out = folder.build()
    pages = sorted(out.rglob("*.html"))
    assert len(pages) > 5
    for page in pages:
        html = page.read_text(encoding="utf-8")
        position = html.find('<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;;')
        assert 0 < position < min(html.index("<title>"), html.index("<link ")), page
        assert not [*active_html.findings_in_page(html)], page
    assert IN_HEADER.startswith(IN_PAGE)
    assert "unsafe" not in IN_PAGE


def test_the_shipped_content_passes() -> None:
    for path in sorted(path for name in ("content", "library", "districts") for path in (ROOT / name).rglob("*.md")):
        assert [*active_html.findings(to_html(_body(path), ROOT))] == [], path


def _body(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("---\n", 2)[2]
