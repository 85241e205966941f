"""The line of a problem is counted in the text of the form, not in the file."""

import json

import pytest

from tests.editor.conftest import Browser


@pytest.mark.parametrize(("text", "line"), [("# Help\n\n[x](nowhere.md)", 3), ("\n\n# Help\n\n[x](nowhere.md)", 5)])
def test_lines_are_counted_in_the_text_and_not_in_the_file(browser: Browser, text: str, line: int) -> None:
    """The file has front matter above it, which nobody in the window sees; empty lines at the beginning are not saved."""
    answer = browser.post("/look/en/index.md", 200, title="Help", text=text, base=browser.base("/pages/en/index.md"))
    problems = [one for one in json.loads(answer.text)["problems"] if "nowhere.md" in one["what"] + one["where"]]
    assert [one["line"] for one in problems] == [line]


def test_what_is_wrong_above_the_text_names_no_line_of_it(browser: Browser) -> None:
    answer = browser.post("/look/en/index.md", 200, title="", text="# Help", base=browser.base("/pages/en/index.md"))
    assert {one["line"] for one in json.loads(answer.text)["problems"]} == {0}
