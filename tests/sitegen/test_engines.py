"""Two engines turn Markdown into the same pages, and mkdocs.yml stays one that stock MkDocs builds."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import markdown
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mkdocs.commands.build import build as stock_build
from mkdocs.config import load_config
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from sitegen.content.page_reader import read_all
from sitegen.content.pages import AllPages, PageSource
from sitegen.lint import unexpected
from sitegen.render.engine import markdown_engine, mkdocs_engine
from sitegen.render.engine.interface import Engine, configured_engine
from sitegen.render.engine.markdown_engine import relative_address
from sitegen.render.engine.markdown_extensions import BlockExtension
from sitegen.render.engine.markdown_html import converter, markdown_extensions, to_html

from forms.core.problem import Problem
from tests.conftest import ROOT

LANGUAGES = ("en", "hi", "or", "ta", "te")

AWKWARD = """# Title

[one](other.md) [two](./other.md#part) [three](folder/inner.md?a=1#b) [itself](#here) [also itself](page.md)
[out](https://example.org/a.md) [mail](mailto:a@example.org) <b@example.org> [absolute](/media/x.jpg) [root](/other.md)
[gone](no-such.md) [above](../other.md) [no ending](other) [folder](folder/) [spaces](two%20words.md) [தமிழ்](தமிழ்.md)
![picture](media/x.jpg) ![page](other.md) <a href="other.md">raw</a> [up](folder/../other.md) [empty]() [?](?q=1)
[back\\slash](folder\\inner.md) [index](folder/index.md) [query](other.md?x=1) [upper](OTHER.md) [dot](.) [two dots](..)

[[ helplines ]]

- a list with a [link](folder/inner.md)

```
[code](other.md)
[[ helplines ]]
```

<div markdown="1">
[inside](other.md) {: .class }
</div>

A[^1] term
:   meaning with [[ no block ]]

[reference][x]

[x]: other.md "title"
"""


def library(*pages: tuple[str, str]) -> AllPages:
    """Return a library of English pages."""
    return AllPages({"en": {name: PageSource(name, "en", {"title": name}, text, 1) for name, text in pages}})


def convert_pages(engine: object, found: AllPages, language: str) -> dict[str, tuple[str, list[object]]]:
    """Return each page's HTML and its blocks, as this engine makes them."""
    blocks = BlockExtension()
    converted = engine.convert(ROOT, found, language, blocks)  # type: ignore[attr-defined]
    return {name: (html, list(blocks.blocks)) for name, html in converted}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_demonstration_is_the_same_with_both(language: str) -> None:
    found, problems = read_all(ROOT / "content", LANGUAGES)
    assert problems == []
    with_mkdocs, alone = convert_pages(mkdocs_engine, found, language), convert_pages(markdown_engine, found, language)
    assert len(alone) == len(found.names) > 30
    assert alone == with_mkdocs


def test_so_is_whatever_links_and_markup_a_page_has() -> None:
    found = library(
        ("page.md", AWKWARD), ("other.md", "# Other\n"), ("folder/inner.md", AWKWARD), ("folder/index.md", AWKWARD),
        ("two words.md", "# Two\n"), ("தமிழ்.md", AWKWARD), ("index.md", AWKWARD), ("a/b/c.md", AWKWARD),
    )  # fmt: skip
    assert convert_pages(markdown_engine, found, "en") == convert_pages(mkdocs_engine, found, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_engine_makes_of_a_page_what_mkdocs_itself_does(language: str) -> None:
    found, _ = read_all(ROOT / "content", LANGUAGES)
    awkward = PageSource("awkward.md", language, {"title": "Awkward"}, AWKWARD, 1)
    found.by_language[language]["awkward.md"] = awkward
    config = load_config(str(ROOT / "mkdocs.yml"), docs_dir=str(ROOT / "content" / language))
    config.markdown_extensions.append(BlockExtension())  # type: ignore[arg-type] # Python-Markdown takes objects too
    files = Files([File(name, config.docs_dir, config.site_dir, use_directory_urls=True) for name in found.names])
    expected = convert_pages(mkdocs_engine, found, language)
    assert len(expected) == len(files) > 30
    for file in files:
        page = Page(None, file, config)
        page.markdown = found.find(file.src_uri, language).text
        page.render(config, files)
        assert expected[file.src_uri][0] == page.content, file.src_uri


PIECES = (
    "# ", "## ", "\n", "\n\n", "    ", "- ", "1. ", "> ", "word", " ", "  \n", "*", "**", "_", "__", "`", "``", "\\", "[", "](", ")",
    "![", "[x]", "<", ">", "<b>", "</b>", "&", "&amp;", "&#3;", "<!-- x -->", "<div>", "</div>", '<div markdown="1">', "http://",
    "<https://a.b>", "<a@b.c>", "{ #id }", "{: .class }", "{ data-toc-label='x' }", "[TOC]", "\\[TOC]", "!!! note", ": ", "|", "---",
    "===", "```\n", "\n[x]: y.md", "தமிழ்", "\u00a0", '"', "\x02", "\x03", "wzxhzdk:0", "Word", "word_1",
)  # fmt: skip
"""What Markdown is made of, also what Python-Markdown uses inside."""


def without_shortcuts(text: str) -> str:
    """Return the HTML that Python-Markdown makes by itself."""
    extensions = markdown_extensions(ROOT)
    return markdown.Markdown(extensions=[*extensions], extension_configs=extensions).convert(text)


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@example("# One\n\n[TOC]\n\n## Two *three* `four`\n\n## Two *three* `four`\n")
@example("# A & B\n\n## <b>C</b> { #own }\n\n## a_b_ \\* c\n\nTerm\n:   meaning  \n    two\n")
def test_a_shortcut_changes_no_byte(text: str) -> None:
    assert converter(ROOT).convert(text) == without_shortcuts(text)


@pytest.mark.parametrize("engine", [markdown_engine, mkdocs_engine])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_engine_tells_what_the_checks_would_make_of_a_page(engine: Any, language: str) -> None:
    found, _ = read_all(ROOT / "content", LANGUAGES)
    found.by_language[language]["awkward.md"] = PageSource("awkward.md", language, {}, AWKWARD.replace("[[", "[ ["), 1)
    blocks = BlockExtension()
    count = 0
    for name, html in engine.convert(ROOT, found, language, blocks):
        if not blocks.blocks:
            count += 1
            own_links_html = html if blocks.html_with_own_links is None else blocks.html_with_own_links
            assert own_links_html == to_html(found.find(name, language).text, ROOT), name
    assert count > 1


def test_a_pattern_of_another_extension_is_asked_about_every_text() -> None:
    class Shout(markdown.inlinepatterns.InlineProcessor):
        def handleMatch(self, m, data):  # type: ignore[no-untyped-def,override] # noqa: ARG002, N802
            return m[0].upper(), m.start(0), m.end(0)

    found = converter(ROOT)
    found.inlinePatterns.register(Shout("shout"), "shout", 200)
    assert found.convert("they shout") == "<p>they SHOUT</p>"


def test_a_link_to_a_page_becomes_a_relative_address() -> None:
    names = frozenset({"index.md", "help.md", "stories/one.md", "stories/index.md"})
    assert relative_address("stories/one.md", "../help.md#who", names) == "../../help/#who"
    assert relative_address("help.md", "stories/index.md", names) == "../stories/"
    assert relative_address("help.md", "index.md", names) == "../"
    assert relative_address("index.md", "index.md", names) == "./"


@pytest.mark.parametrize(
    "link", ["../../../etc/passwd.md", "https://x/help.md", "//x/help.md", "/help.md", "help", "#x", ""]
)
def test_any_other_link_stays_as_it_is(link: str) -> None:
    assert relative_address("stories/one.md", link, frozenset({"help.md"})) == link


def test_an_engine_that_there_is_not_is_a_sentence(tmp_path: Path) -> None:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    path = tmp_path / "mkdocs.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("engine: mkdocs", "engine: hugo"), encoding="utf-8")
    with pytest.raises(Problem, match=r"hugo is no engine\. Write markdown or mkdocs"):
        configured_engine(tmp_path)


def test_without_mkdocs_the_other_engine_works(tmp_path: Path) -> None:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    path = tmp_path / "mkdocs.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("engine: mkdocs", "engine: markdown"), encoding="utf-8")
    program = (
        "import sys; sys.modules['mkdocs'] = None\n"
        "from pathlib import Path\n"
        "import sitegen.render.language_pages\n"
        "from sitegen.render.engine.interface import Engine, configured_engine\n"
        f"print(configured_engine(Path({str(tmp_path)!r})).__name__)\n"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert process.stdout.strip() == "sitegen.render.engine.markdown_engine", process.stderr


def test_stock_mkdocs_builds_the_districts_own_english_pages(tmp_path: Path) -> None:
    """MkDocs knows one folder of pages: those of a library are not among them (decision 0056)."""
    stock_build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "stock")))
    folder = ROOT / "content" / "en"
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.md")]
    built = {path.relative_to(tmp_path / "stock").as_posix() for path in (tmp_path / "stock").rglob("index.html")}
    assert built == {f"{name.removesuffix('.md')}/index.html" for name in names if name != "index.md"} | {"index.html"}
    page = (tmp_path / "stock" / "rights" / "index.html").read_text(encoding="utf-8")
    assert "md-content" in page, "Material's own page"


@pytest.mark.parametrize("engine", [markdown_engine, mkdocs_engine])
def test_a_page_that_an_engine_cannot_convert_is_the_one_that_is_named(engine: Engine, tmp_path: Path) -> None:
    pages = {name: PageSource(name, "en", {}, text, 1) for name, text in (("a.md", "A"), ("b.md", "[x](https://[y)"))}
    with pytest.raises(ValueError, match="IPv6") as error:
        [*engine.convert(ROOT, AllPages({"en": pages}), "en", BlockExtension())]
    assert unexpected.unexpected_problem(error.value, tmp_path).where == pages["b.md"].where
