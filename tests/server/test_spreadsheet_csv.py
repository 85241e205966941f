"""Trial 21: every CSV that a spreadsheet opens is read there as it was meant."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from forms.core.files import spreadsheet_csv
from forms.core.files.spreadsheet_csv import csv_text, escape_formula, for_spreadsheets

ROOT = Path(__file__).parents[2]


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_trial_21_a_spreadsheet_knows_the_letters_by_the_byte_order_mark() -> None:
    assert for_spreadsheets([["எண்"]]) == b"\xef\xbb\xbf" + "எண்\r\n".encode()
    assert not for_spreadsheets([["more"]], first=False).startswith(b"\xef\xbb\xbf"), "only once in a file"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("00919876543210", "0091 98765 43210"),
        ("09876543210", "0 98765 43210"),
        ("919876543210", "91 98765 43210"),
        ("12345678901234567894", "12345 67890 12345 67894"),
        ("007", "'007"),
        ("0", "0"),
        ("112", "112"),
        ("2027-01-24", "2027-01-24"),
        (112, "112"),
        (True, "true"),
        (None, ""),
        ("=1+1", "'=1+1"),
        ("+91 98765 43210", "'+91 98765 43210"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        (-3, "-3"),
        ("1-2", "'1-2"),  # SheetJS 1821 and its like: the 1st of February
        ("3/4", "'3/4"),
        ("1-2-27", "'1-2-27"),
        ("12E4", "'12E4"),
        ("May 5", "'May 5"),
        ("MAR1", "'MAR1"),
        ("5-Sept", "'5-Sept"),
        ("24-01-2027", "24-01-2027"),
        ("Maya 5", "Maya 5"),
        ("12:30", "12:30"),
        ("e5", "e5"),
    ],
)
def test_trial_21_no_digit_is_lost_and_nothing_is_run(cell: Any, shown: str) -> None:
    assert read(for_spreadsheets([[cell]])) == [[shown]]


def test_trial_21_what_programs_read_is_guarded_by_the_same_rule() -> None:
    assert csv_text([["=1", "007", -1]]) == "'=1,007,-1\r\n"
    assert escape_formula("=1") == "'=1"


def test_trial_21_every_csv_of_ours_comes_from_one_place() -> None:
    uses = {
        path.relative_to(ROOT).as_posix()
        for folder in ("forms", "site/sitegen", "site/editor")
        for path in (ROOT / folder).rglob("*.py")
        if "csv.writer" in path.read_text(encoding="utf-8")
    }
    assert uses == {"forms/core/files/spreadsheet_csv.py"}


@pytest.mark.parametrize(
    "data",
    [b"id,name\nx,a b\n", b"\xef\xbb\xbfid;name\r\nx;a,b\r\n", b'id\tname\nx\t"a\tb"\n', b"id\n", b""],
)
def test_a_table_of_the_staffs_is_written_as_it_was(data: bytes) -> None:
    dialect = spreadsheet_csv.dialect_of(data)
    rows = spreadsheet_csv.rows_of(data, dialect)
    assert dialect.bom + spreadsheet_csv.text_of(rows, dialect).encode() == data
