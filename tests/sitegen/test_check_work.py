"""How much work a check does: what it imports, and what it parses how often. Counted, not timed."""

import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from sitegen import build as site_build
from sitegen.content import page_reader, settings
from sitegen.content.spreadsheets import table_cache, table_reader
from sitegen.content.tables import NumberedRow, number_of

from forms.core import yaml_reader
from forms.core.problem import Problems
from tests.sitegen.conftest import KEY, TODAY

ROOT = Path(__file__).parents[2]
LARGE = ("frictionless", "av", "icalendar", "mkdocs", "flask", "sqlalchemy", "requests", "openpyxl", "typst")
"""Large packages that a check of unchanged tables does not need."""

_CHECK = f"""
import sys
from datetime import date
from pathlib import Path
from sitegen.build import prepare
keys = dict.fromkeys(("police", "events"), ({KEY!r}, "sha256:0"))
prepare(Path(sys.argv[1]), keys=keys, today=date(2027, 1, 1))
print(*({{*sys.modules}} & {{*{LARGE!r}}}))
"""


def test_a_check_imports_nothing_large_while_the_tables_are_as_before(folder: Any) -> None:
    folder.check()
    result = subprocess.run(
        [sys.executable, "-c", _CHECK, str(folder.root)], capture_output=True, text=True, check=True, timeout=300,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'site'}"},
    )  # fmt: skip
    assert result.stdout.split() == []


def test_settings_and_pages_are_parsed_once(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: Counter[str] = Counter()

    def counting(text: str) -> Any:
        counted[text] += 1
        return yaml_reader.read_yaml(text)

    folder.page("counted", title="Counted once")  # a text that no other test has had parsed
    path = folder.root / "content" / "portal.yml"
    path.write_text(path.read_text(encoding="utf-8") + "# counted once\n", encoding="utf-8")
    monkeypatch.setattr(settings, "read_yaml", counting)
    monkeypatch.setattr(page_reader, "read_yaml", counting)
    site_build.remember_translations(folder.root, TODAY)  # as a build does before it
    folder.check()
    assert [text for text, times in counted.items() if times > 1] == []
    assert any("Counted once" in text for text in counted)
    assert any("# counted once" in text for text in counted)


def test_settings_that_somebody_changed_in_memory_are_read_again_as_they_stand(folder: Any) -> None:
    content = folder.root / "content"
    settings.read_settings(content)["menu"].append("nowhere")
    assert settings.read_settings(content)["menu"] == ["index"]


def test_rows_that_are_kept_are_the_same_rows(folder: Any, tmp_path: Path) -> None:
    places = (folder.root / "content" / "tables", folder.root / "site" / "schemas")
    uncached, first, second = (
        table_reader.read_tables(*places),
        table_reader.read_tables(*places, tmp_path / "k"),
        table_reader.read_tables(*places, tmp_path / "k"),
    )
    assert len(list((tmp_path / "k").glob("*.json"))) == 1
    assert uncached == first == second
    for name, rows in uncached.items():
        for row, other in zip(rows, second[name], strict=True):
            assert [*map(type, row.values())] == [*map(type, other.values())]
            assert number_of(row) == number_of(other)
            assert [*row] == [*other], "templates and checks go by the order of the columns"


def test_every_kind_of_cell_comes_back(tmp_path: Path) -> None:
    moment = datetime.fromisoformat("2027-01-02T10:00")
    row = NumberedRow(a=1, b=Decimal("1.50"), c=date(2027, 1, 2), d=moment, e=True, f=None, g="ä\n")
    row.sheet_row = 7
    table_cache.save(tmp_path, "k", {"t": [row]})
    [loaded] = (table_cache.load(tmp_path, "k") or {})["t"]
    assert loaded == row
    assert [*map(type, loaded.values())] == [*map(type, row.values())]
    assert number_of(loaded) == 7


@pytest.mark.parametrize("changed_input", ["table", "schema", "name", "new table"])
def test_whatever_changes_is_checked_anew(folder: Any, tmp_path: Path, changed_input: str) -> None:
    content, schemas = folder.root / "content" / "tables", folder.root / "site" / "schemas"
    table_reader.read_tables(content, schemas, tmp_path / "k")
    path = folder.csv("places")
    if changed_input == "table":
        path.write_bytes(path.read_bytes().replace(b"North", b"Narth"))
        assert table_reader.read_tables(content, schemas, tmp_path / "k")["places"][0]["name_en"] == "Narth"
        return
    if changed_input == "schema":
        schema = schemas / "places.yaml"
        schema.write_text(schema.read_text(encoding="utf-8").replace("kinds: place", "kinds: event"), encoding="utf-8")
    elif changed_input == "name":
        path.rename(path.with_name("plates.csv"))
    else:
        path.with_name("plates.csv").write_bytes(path.read_bytes())
    with pytest.raises(Problems):
        table_reader.read_tables(content, schemas, tmp_path / "k")


def test_other_code_or_another_version_has_other_keys(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [folder.csv("places")]
    before = table_cache.key_of(paths)
    monkeypatch.setattr(table_cache, "code_version", lambda: "other")
    assert table_cache.key_of(paths) != before


def test_tables_that_are_wrong_are_never_kept(folder: Any, tmp_path: Path) -> None:
    folder.row("places", kind="nonsense")
    for _ in range(2):
        with pytest.raises(Problems):
            table_reader.read_tables(
                folder.root / "content" / "tables", folder.root / "site" / "schemas", tmp_path / "k"
            )
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"places": 1}', '{"places": [[1, {"a": {"other": "1"}}]]}', "\0"])
def test_a_kept_file_that_is_broken_is_passed_over(folder: Any, tmp_path: Path, text: str) -> None:
    places = (folder.root / "content" / "tables", folder.root / "site" / "schemas", tmp_path / "k")
    right = table_reader.read_tables(*places)
    [path] = (tmp_path / "k").glob("*.json")
    path.write_text(text, encoding="utf-8")
    assert table_reader.read_tables(*places) == right


def test_only_a_few_are_kept(tmp_path: Path) -> None:
    for number in range(20):
        table_cache.save(tmp_path, str(number), {})
    assert len(list(tmp_path.iterdir())) == table_cache.MAX_FILES


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: [x, 'y', \"z\"]\nc: 2026-11-24\nd: true\ne: |\n  x\n  y\nf: {g: h}\nt: தமிழ்\n",
        "a: &x 1\nb: *x\n", "a: Q&A: 1\n", "- - - a\n", "a: 1\na: 2\n", "a: b: c\n", "a:\t1\n", "\ta: 1\n", "a: 'x\n",
        "a: 2026-13-45\n", "a: @x\n", "a: %x\n", "? a\n: b\n", "a: !!python/object:os.system x\n", "<<: {a: 1}\nb: 2\n",
        "a: 1\n b: 2\n", "a: \u2028x\n", "a: 1\r\nb: 2\r\n", "{a: 1, a: 2}", "", "# only\n", "a: 012\n", "a: 1:30\n",
        "[" * 2000, "- " * 2000 + "a", "a: {" * 300, "\ufeffa: 1\n", "a: \x00\n", "a: \x85b\n", "---\na: 1\n---\nb: 2\n",
        "a: !\n", "- {a: b/i?c}\n", "a: >#\n", "a: |-#x\n", "a: What! No?\n", "a: Is it [so]?\n", "a: {b: 1,\n c: d? e}\n",
    ],
)  # fmt: skip
def test_the_quick_reader_says_what_the_careful_one_says(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_tables_again() -> Any:
        try:
            return yaml_reader.read_yaml(text)
        except yaml.YAMLError as error:
            return type(error), str(error)

    quick = read_tables_again()
    monkeypatch.setattr(
        yaml_reader, "NEEDS_SLOW_READER", yaml_reader.re.compile("")
    )  # everything goes to the careful one
    assert quick == read_tables_again()
