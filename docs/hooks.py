"""What MkDocs does beside handbook.yml: the order of the pages, and two pages from the project's folder."""

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
    """Return the text of a page with its links to those pages as they lie here."""
    return markdown.replace("](../SECURITY.md)", "](SECURITY.md)")
