"""docs/threats.md names the test that proves each line: each of them is there, and each attacker has one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))


def test_every_mention_of_a_test_is_read() -> None:
    assert len(NAMED) == TEXT.count("::")
    assert len(NAMED) > 40


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_each_named_test_is_there(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert [name for other, name in NAMED if other == file and name not in there] == []


@pytest.mark.parametrize("attacker", sorted(SECTIONS))
def test_each_attacker_has_a_test(attacker: str) -> None:
    assert "::test_" in SECTIONS[attacker]


def test_what_does_not_protect_is_said_as_well() -> None:
    assert sum("**Not protected:**" in text for text in SECTIONS.values()) >= 10
