"""docs/threats.md names the test that proves each line: each of them is there, and each attacker has one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
MENTIONED_TESTS = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))


def test_every_mention_of_a_test_is_read() -> None:
    assert len(MENTIONED_TESTS) == TEXT.count("::")
    assert len(MENTIONED_TESTS) > 40


@pytest.mark.parametrize("file", sorted({file for file, _ in MENTIONED_TESTS}))
def test_each_named_test_is_there(file: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert [name for other, name in MENTIONED_TESTS if other == file and name not in names] == []


@pytest.mark.parametrize("attacker", sorted(SECTIONS))
def test_each_attacker_has_a_test(attacker: str) -> None:
    assert "::test_" in SECTIONS[attacker]


def test_what_does_not_protect_is_said_as_well() -> None:
    assert sum("**Not protected:**" in text for text in SECTIONS.values()) >= 10
