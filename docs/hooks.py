"""What MkDocs does beside handbook.yml: the order of pages, two pages from the project's folder, lists below text."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
FROM_ROOT = ("SECURITY.md", "CONTRIBUTING.md")


def on_config(config: Any) -> Any:
    """Set the navigation: what is in decisions/ joins it by itself."""
    decisions = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    config.nav = [
        {"Start": "index.md"},
        {"For staff": ["staff.md", "desk.md"]},
        {"For operators": ["operators.md", "deploy.md", "SECURITY.md"]},
        {"For developers": ["CONTRIBUTING.md", "architecture.md", "threats.md", "measured.md"]},
        {"Language reviews": "reviews/README.md"},
        {"Decisions": [f"decisions/{name}" for name in decisions]},
    ]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that stand beside README.md."""
    for name in FROM_ROOT:
        text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/decisions)", "](architecture.md)")
        text = text.replace("](docs/", "](").replace(
            "[tests/test_architecture.py](tests/test_architecture.py)", "tests/test_architecture.py"
        )
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return the text of a page with its links to those pages as they lie here, and its lists as `with_lists` says."""
    return with_lists(markdown.replace("](../SECURITY.md)", "](SECURITY.md)"))


def with_lists(markdown: str) -> str:
    """Return Markdown with an empty line before each list: Python-Markdown takes one right below text for more text."""
    lines: list[str] = []
    in_code = False
    for line in markdown.split("\n"):
        in_code ^= line.lstrip().startswith("```")
        above = lines[-1] if lines else ""
        if not in_code and _ITEM.match(line) and above and not above[0].isspace() and not _ITEM.match(above):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


_ITEM = re.compile(r"(?:-|\d+\.) ")
