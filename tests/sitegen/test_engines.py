"""Two engines turn Markdown into the same pages, and mkdocs.yml stays one that stock MkDocs builds."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mkdocs.commands.build import build as stock_build
from mkdocs.config import load_config
from sitegen.content.pages import Library, Source, read_all
from sitegen.render.engine import markdown_engine, mkdocs_engine
from sitegen.render.engine.interface import chosen
from sitegen.render.engine.markdown_engine import relative_address
from sitegen.render.engine.markdown_extensions import BlockExtension

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


def library(*pages: tuple[str, str]) -> Library:
    """Return a library of English pages."""
    return Library({"en": {name: Source(name, "en", {"title": name}, text, 1) for name, text in pages}})


def made(engine: object, found: Library, language: str) -> dict[str, tuple[str, list[object]]]:
    """Return each page's HTML and its blocks, as this engine makes them."""
    blocks = BlockExtension()
    converted = engine.convert(ROOT, found, language, blocks)  # type: ignore[attr-defined]
    return {name: (html, list(blocks.blocks)) for name, html in converted}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_demonstration_is_the_same_with_both(language: str) -> None:
    found, problems = read_all(ROOT / "content", LANGUAGES)
    assert problems == []
    with_mkdocs, alone = made(mkdocs_engine, found, language), made(markdown_engine, found, language)
    assert len(alone) == len(found.names) > 30
    assert alone == with_mkdocs


def test_so_is_whatever_links_and_markup_a_page_has() -> None:
    found = library(
        ("page.md", AWKWARD), ("other.md", "# Other\n"), ("folder/inner.md", AWKWARD), ("folder/index.md", AWKWARD),
        ("two words.md", "# Two\n"), ("தமிழ்.md", AWKWARD), ("index.md", AWKWARD), ("a/b/c.md", AWKWARD),
    )  # fmt: skip
    assert made(markdown_engine, found, "en") == made(mkdocs_engine, found, "en")


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
        chosen(tmp_path)


def test_without_mkdocs_the_other_engine_works(tmp_path: Path) -> None:
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    path = tmp_path / "mkdocs.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("engine: mkdocs", "engine: markdown"), encoding="utf-8")
    program = (
        "import sys; sys.modules['mkdocs'] = None\n"
        "from pathlib import Path\n"
        "import sitegen.render.language_pages\n"
        "from sitegen.render.engine.interface import chosen\n"
        f"print(chosen(Path({str(tmp_path)!r})).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "sitegen.render.engine.markdown_engine", done.stderr


def test_stock_mkdocs_builds_the_districts_own_english_pages(tmp_path: Path) -> None:
    """MkDocs knows one folder of pages: those of a library are not among them (decision 0056)."""
    stock_build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "stock")))
    folder = ROOT / "content" / "en"
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.md")]
    built = {path.relative_to(tmp_path / "stock").as_posix() for path in (tmp_path / "stock").rglob("index.html")}
    assert built == {f"{name.removesuffix('.md')}/index.html" for name in names if name != "index.md"} | {"index.html"}
    page = (tmp_path / "stock" / "rights" / "index.html").read_text(encoding="utf-8")
    assert "md-content" in page, "Material's own page"
