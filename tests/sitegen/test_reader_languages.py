"""What `check` says to staff is said in their language: no sentence of it is plain English."""

import ast
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from forms.core.problem import Danger, Problem, place_in
from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.reader_languages import in_language, left_in_english

SITEGEN = Path(__file__).parents[2] / "site" / "sitegen"
FOLDERS = ("checks", "content", "languages", "layers", "lint", "media", "print", "publish", "render")
FOR_OPERATORS = {
    "checks/settings_checks.py": "portal.yml",
    "checks/settings_validation.py": "portal.yml",
    "checks/security/key_checks.py": "keys in portal.yml",
    "languages/adding.py": "languages add",
    "languages/gaps.py": "languages",
    "languages/word_files.py": "words",
    "layers/inherited.py": "check at a terminal",
    "layers/libraries.py": "libraries in portal.yml",
    "layers/library_zips.py": "libraries in portal.yml",
    "layers/site_root.py": "--content",
    "lint/report.py": "check at a terminal",
    "lint/unexpected.py": "faults of the program",
    "publish/browser_bundle.py": "scripts that are bundled",
    "publish/page_weight.py": "check --weight",
    "publish/withdrawals/cleaning.py": "files of a site that is published",
    "publish/withdrawals/withdrawn_media.py": "files of a site that is published",
    "publish/withdrawals/withdrawal.py": "files of a site that is published",
    "render/engine/interface.py": "mkdocs.yml",
}
"""Modules with messages for operators at a terminal, which are in English, and what they are about."""

SENTENCE_ARGUMENTS = {
    "ActiveContent": slice(1),
    "CellProblem": slice(1, 4),
    "Danger": slice(1, 3),
    "Problem": slice(1, 3),
}
"""Calls with messages for staff, and which of their arguments these are."""

MODULES = [
    path
    for folder in FOLDERS
    for path in sorted((SITEGEN / folder).rglob("*.py"))
    if path.relative_to(SITEGEN).as_posix() not in FOR_OPERATORS
]


def unmarked(node: ast.expr) -> Iterator[str]:
    """Yield the English texts of an expression that are not marked for translation."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and " " in str(node.value)):
        yield ast.unparse(node)
    elif isinstance(node, ast.IfExp):
        yield from (*unmarked(node.body), *unmarked(node.orelse))
    elif isinstance(node, ast.BinOp):
        yield from (*unmarked(node.left), *unmarked(node.right))
    elif isinstance(node, ast.BoolOp | ast.Tuple):
        children = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
        yield from (text for child in children for text in unmarked(child))


def sentences(node: ast.AST) -> list[ast.expr]:
    """Return the expressions of a node that are messages for staff, judged by their position."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SENTENCE_ARGUMENTS:
        return [*node.args[SENTENCE_ARGUMENTS[node.func.id]], *(keyword.value for keyword in node.keywords)]
    if isinstance(node, ast.Assign) and {"what", "todo"} & {
        getattr(target, "id", "") for target in ast.walk(node.targets[0])
    }:
        return [node.value]
    if isinstance(node, ast.Return | ast.Yield) and isinstance(node.value, ast.Tuple):
        return [part for part in node.value.elts if ast.unparse(part).rstrip("'\"").endswith(".")]
    return []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SITEGEN).as_posix())
def test_no_sentence_for_staff_is_plain_english(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [text for node in ast.walk(tree) for sentence in sentences(node) for text in unmarked(sentence)] == [], (
        "write it as _(...)"
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SITEGEN).as_posix())
def test_the_place_of_a_problem_is_made_by_place_in(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    places = [ast.unparse(call.args[0]) for call in calls if getattr(call.func, "id", "") in {"Problem", "Danger"}]
    assert [place for place in places if re.search(r", (row|line|column) ", place)] == []


def test_a_sentence_that_nobody_marked_is_found() -> None:
    module = """
what = f"it has {count}." if count else "it is empty."
yield Problem(where, "it has none.", _("Write one."))
return "it is old.", _("Write it anew.")
"""
    nodes = ast.walk(ast.parse(module))
    texts = [text for node in nodes for sentence in sentences(node) for text in unmarked(sentence)]
    assert sorted(texts) == ["'it has none.'", "'it is empty.'", "'it is old.'", "f'it has {count}.'"]


def test_modules_for_operators_are_there() -> None:
    assert [name for name in FOR_OPERATORS if not (SITEGEN / name).is_file()] == []


# A folder with many mistakes


def write_mistakes(folder: Folder) -> None:
    """Write pages, tables and media with at least one mistake for each kind of check."""
    links = "[a](nowhere.md) [b](/en/nowhere/) [112](tel:113) ![](/media/none.png) [f](/media/none.mp4)"
    blocks = "[[ helpline ]]\n\n[[ Helplines ]]\n\n[[ form: concerns ]]\n\n[[ event: none ]]\n\n[[ number: 999 ]]"
    folder.page("index", f"{links}\n\n{blocks}\n\nCall 04343 123456.\n\n<script>x</script>", reviewed_on="'2026-01-01'")
    folder.page("events/none")
    quote = "> I was there.\n\nWords.\n\n- > Said in a list.\n\n<blockquote>Said in HTML.</blockquote>"
    folder.page("quoted", quote)
    folder.row("helplines", tel="113", checked_on="2027-06-01")
    row = {
        "id": "meeting",
        "kind": "launch",
        "title_en": "Call 04343 123456",
        "what_en": "<b>x</b>",
        "where_en": "School",
    }
    folder.table(
        "events",
        {**row, "id": "in", "starts": "2207-02-01T10:00", "state": "planned", "example": "false", "report": "none"},
        {**row, "starts": "2027-02-01T10:00", "ends": "2027-02-01T09:00", "state": "moved", "example": "false"},
        {**row, "id": "a", "starts": "2027-02-01T10:00", "state": "held", "example": "false", "part_of": "none"},
        {**row, "id": "b", "starts": "2027-02-01", "state": "held", "example": "false", "repeats": "weekly"},
    )
    media = folder.root / "content" / "media"
    (media / "audio" / "en").mkdir(parents=True)
    (media / "audio" / "en" / "index.txt").write_text("no sound")
    (media / "audio" / "en" / "none.mp3").write_bytes(b"no sound")
    (media / "bad.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script/></svg>')
    (media / "bad.png").write_bytes(b"no picture")


def test_every_fault_is_said_in_the_readers_language(folder: Folder) -> None:
    write_mistakes(folder)
    problems = folder.check(TODAY).problems
    assert len({problem.what for problem in problems}) > 30
    assert left_in_english(problems) == []


def test_a_place_is_said_in_the_readers_language() -> None:
    place = place_in("content/tables/events.csv", row=3, row_id="camp", column="starts")
    assert place == "content/tables/events.csv, row 3 (camp), column starts"
    assert in_language(place, "ta") == "content/tables/events.csv, வரிசை 3 (camp), பத்தி starts"
    assert in_language(place_in("content/en/help.md", line=7), "hi") == "content/en/help.md, लाइन 7"
    assert place_in("content/en/help.md") == "content/en/help.md"


def test_a_problem_that_is_kept_is_still_said_in_the_readers_language() -> None:
    problem = Danger(place_in("content/en/help.md", line=7), "it is wrong.")
    copy = pickle.loads(pickle.dumps(problem))
    assert str(copy) == str(problem)
    assert in_language(copy.where, "ta") == "content/en/help.md, வரி 7"


def test_sentences_in_english_are_as_they_were() -> None:
    problem = Problem(place_in("content/tables/events.csv", row=2, column="id"), "it is wrong.", "Mend it.")
    assert str(problem) == "content/tables/events.csv, row 2, column id: it is wrong. Mend it."
    assert str(problem.sentence) == str(problem)
