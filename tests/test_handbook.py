"""The handbook in docs/: its own site, whose commands exist and whose pages load nothing from elsewhere."""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import markdown
import pytest
import yaml
from commands.cli.main import portal

from forms.desk.cli.main import desk
from tests.commands import run, site_in

ROOT = Path(__file__).parents[1]
PAGES = ("staff.md", "desk.md", "operators.md", "deploy.md", "index.md")


def test_the_handbook_builds_strictly_with_search_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    built = run(site_in(ROOT), "docs", "--out", tmp_path)
    assert built.exit_code == 0, built.output
    decisions = {path.stem for path in (ROOT / "docs" / "decisions").glob("*.md")}
    assert {path.stem for path in (tmp_path / "decisions").glob("*.html")} == decisions
    assert (tmp_path / "search" / "search_index.json").exists()
    home = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert {"staff.html", "desk.html", "SECURITY.html", "CONTRIBUTING.html"} <= set(
        re.findall(r'href="([^"#]+)"', home)
    )
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|link|img)[^>]* (?:src|href)="?(https?:[^" >]+)', page.read_text(encoding="utf-8")
        )
        assert loaded == [], page


def test_commands_of_the_handbook_exist() -> None:
    text = "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in PAGES)
    commands = re.findall(r"python3 build\.py ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", text)
    assert {"check", "withdraw", "kit", "desk", "build"} <= {first for first, _ in commands}
    assert {first for first, _ in commands} <= set(portal.list_commands(click.Context(portal)))
    assert all(second in desk.commands for first, second in commands if first == "desk" and second)


def items(text: str) -> int:
    """How many items of lists a page has, outside of code."""
    outside = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return len(re.findall(r"^(?:-|\d+\.) ", outside, flags=re.MULTILINE))


@pytest.mark.parametrize(
    "page",
    [
        *sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")),
        *map(Path, ("SECURITY.md", "CONTRIBUTING.md")),
    ],
    ids=str,
)
def test_each_list_is_a_list_in_the_handbook_too(load: Callable[[Path], ModuleType], page: Path) -> None:
    """A forge draws a list right below a line of text; Python-Markdown takes it for more of the text."""
    extensions = yaml.safe_load((ROOT / "handbook.yml").read_text(encoding="utf-8"))["markdown_extensions"]
    text = (ROOT / page).read_text(encoding="utf-8")
    html = markdown.markdown(load(ROOT / "docs" / "hooks.py").on_page_markdown(text), extensions=extensions)
    assert html.count("<li>") >= items(text)
