"""Files that documents and comments name are there: a module that is renamed is renamed in words too."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WRITTEN = (".py", ".js", ".css", ".html", ".yaml", ".po", ".sh", ".conf", ".service")
HISTORY = "CHANGELOG.md"
"""Names files as they were called then."""

_FROM_ROOT = re.compile(
    r"(?<![\w/.@{}$-])((?:forms|site|tests|bench|deploy|docs)/[\w./*-]*\w\.(?:py|js|css|html|yaml|sh|md))\b"
)
_IN_BACKTICKS = re.compile(r"`((?:[\w-]+/)*[\w-]+\.(?:py|js))`")


@cache
def files() -> tuple[Path, ...]:
    """Return the files of the program and its documents, relative to the root."""
    folders = (ROOT / name for name in ("forms", "site", "tests", "bench", "deploy", "docs"))
    found = (path for folder in folders for path in folder.rglob("*") if "node_modules" not in path.parts)
    return tuple(path.relative_to(ROOT) for path in (*found, *ROOT.glob("*.*")) if path.is_file())


def text_of(file: Path) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["docs", "forms", "site", "tests", "bench", "deploy"])
def test_a_path_that_a_document_or_a_comment_names_is_there(folder: str) -> None:
    named = {
        (str(file), name)
        for file in files()
        if file.suffix in WRITTEN or file.suffix == ".md"
        if file.as_posix().startswith(f"{folder}/")
        for name in _FROM_ROOT.findall(text_of(file))
    }
    assert {(file, name) for file, name in named if not any(ROOT.glob(name))} == set()


def test_a_module_that_a_document_names_by_its_last_part_is_there() -> None:
    documents = [file for file in files() if file.suffix == ".md" and file.name != HISTORY]
    named = {(str(file), name) for file in documents for name in _IN_BACKTICKS.findall(text_of(file))}
    assert len(named) > 100
    assert {(file, name) for file, name in named if not any(path.match(name) for path in files())} == set()
