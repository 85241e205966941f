"""The one place through which files of content are looked up."""

import ast
from pathlib import Path

import pytest
from sitegen.layers import lookup

SITEGEN = Path(lookup.__file__).parents[1]


def files_of(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return folder


def test_files_are_found_by_name_in_the_order_of_folders(tmp_path: Path) -> None:
    content = files_of(tmp_path / "content", "en/help.md", "en/help/more.md", "en/help-a.md", "media/a.svg")
    assert [file.name for file in lookup.files(content, "en", "*.md")] == [
        "en/help/more.md",
        "en/help-a.md",
        "en/help.md",
    ]
    assert [file.where for file in lookup.files(content, "media")] == ["content/media/a.svg"]
    assert lookup.find(content, "en/help.md").read_text(encoding="utf-8") == "en/help.md"
    assert lookup.find(content, "en/none.md") == content / "en" / "none.md"
    assert lookup.medium(content / "media", "a.svg") == content / "media" / "a.svg"


def test_what_editors_leave_is_no_file_of_content(tmp_path: Path) -> None:
    content = files_of(
        tmp_path / "content",
        "en/.hidden/a.md",
        "en/~$a.md",
        "en/a.md~",
        "en/a.md.0a1b2c3d.new",
        "en/Thumbs.db",
        "en/a.md",
    )
    assert [file.name for file in lookup.files(content)] == ["en/a.md"]


LOOKS_UP = {"glob", "rglob", "iterdir"}
ELSEWHERE = {"layers/lookup.py"}


def of_content(call: ast.Call) -> bool:
    """Whether a call like content.rglob("*") or (content / "media").glob("*") looks files up by itself."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in LOOKS_UP:
        return False
    return any(
        (isinstance(part, ast.Name) and part.id in {"content", "media", "tables"})
        or (isinstance(part, ast.Attribute) and part.attr in {"content", "media"})
        for part in ast.walk(call.func.value)
    )


@pytest.mark.parametrize("path", sorted(SITEGEN.rglob("*.py")), ids=lambda path: path.relative_to(SITEGEN).as_posix())
def test_nothing_else_looks_files_of_content_up(path: Path) -> None:
    if path.relative_to(SITEGEN).as_posix() in ELSEWHERE:
        return
    calls = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))
    assert [call.lineno for call in calls if of_content(call)] == []
