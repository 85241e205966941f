"""Whatever is wrong in consents.csv, in this row, another or the file: who takes something back does not wait for it."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands.site import Site
from sitegen.content.consent import consent_table
from sitegen.content.consent.consent_table import columns, read_leniently
from sitegen.publish.withdrawals import withdrawal_merging, withdrawal_writing
from sitegen.publish.withdrawals.withdrawal_commits import withdrawn_stories

from tests.commands import run
from tests.sitegen.conftest import Folder
from tests.sitegen.test_threats_withdrawal import CONSENT, ROOT, TODAY, tell, traces

DAY = TODAY.isoformat()
STORY_CONSENT = {**CONSENT, "media": "photos/her.jpg", "languages": "en ta", "note": "By phone."}
BEFORE = {**CONSENT, "id": "before", "story": "stories/before", "languages": "en"}
AFTER = {**CONSENT, "id": "after", "story": "stories/after", "languages": "en"}


def csv_of(*rows: dict[str, str], names: tuple[str, ...] = ()) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, names or columns(), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


TABLE_TEXT = csv_of(BEFORE, STORY_CONSENT, AFTER)
LINE = TABLE_TEXT.splitlines()[2]
assert LINE.startswith("a-story,")


def with_line(line: str) -> bytes:
    return TABLE_TEXT.replace(LINE, line).encode()


def columns_without(name: str) -> tuple[str, ...]:
    return tuple(one for one in columns() if one != name)


@dataclass(frozen=True)
class Fault:
    """What is wrong in the table; mended: as somebody mends it afterwards, seeing nothing but that mistake."""

    data: bytes
    mended: Callable[[bytes], bytes] = lambda data: data


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old.encode(), new.encode())


def exchange_columns(one: str, other: str) -> Fault:
    """The names of two columns in each other's place."""

    def swapped(data: bytes) -> bytes:
        head, _, rest = data.decode().partition("\n")
        places = {one: other, other: one}
        return "\n".join([",".join(places.get(name, name) for name in head.split(",")), rest]).encode()

    return Fault(swapped(TABLE_TEXT.encode()), swapped)


FAULTS = {
    "a day that is none": Fault(with_line(LINE.replace("2026-06-01", "June")), swap("June", "2026-06-01")),
    "an end that is none": Fault(with_line(LINE.replace("2027-06-01", "??")), swap("??", "2027-06-01")),
    "no kind": Fault(with_line(LINE.replace("survivor", ""))),
    "another kind": Fault(with_line(LINE.replace("survivor", "woman")), swap("woman", "survivor")),
    "no languages": Fault(with_line(LINE.replace("en ta", ""))),
    "no name": Fault(with_line(LINE.replace("a-story", "", 1))),
    "a name of capitals and spaces": Fault(with_line(LINE.replace("a-story", "A story", 1))),
    "a story by its address": Fault(with_line(LINE.replace("stories/a", "/en/stories/a/"))),
    "one name twice": Fault(csv_of(STORY_CONSENT, {**AFTER, "id": "a-story"}).encode(), swap("a-story,survivor,stories/after", "after,survivor,stories/after")),
    "a cell of two lines": Fault(with_line(LINE.replace("By phone.", '"By\nphone."'))),
    "a cell with quotes": Fault(with_line(LINE.replace("By phone.", '"By ""phone"", twice"'))),
    "too few cells": Fault(with_line(LINE.rpartition(",")[0])),
    "far too few cells": Fault(with_line(",".join(LINE.split(",")[:4]))),
    "a cell too many": Fault(with_line(LINE + ",x")),
    "a cell left out at its beginning": Fault(with_line(LINE.replace("a-story,", "", 1)), swap("\nsurvivor,stories/a,", "\na-story,survivor,stories/a,")),
    "a cell left out in its middle": Fault(with_line(LINE.replace(",photos/her.jpg,", ",")), swap("stories/a,,", "stories/a,photos/her.jpg,,")),
    "a cell too many at its beginning": Fault(with_line("1," + LINE), swap("\n1,a-story,", "\na-story,")),
    "another row of too few cells": Fault(TABLE_TEXT.replace("before,", "", 1).encode()),
    "another row of too many cells": Fault(TABLE_TEXT.replace("before,", "before,x,", 1).encode()),
    "a quotation mark not closed before it": Fault(TABLE_TEXT.replace("before,", 'before,"', 1).encode(), swap('before,"', "before,")),
    "a quotation mark not closed in it": Fault(with_line(LINE.replace("stories/a", '"stories/a')), swap('"stories/a', "stories/a")),
    "a quotation mark not closed behind it": Fault(TABLE_TEXT.replace("after,", 'after,"', 1).encode(), swap('after,"', "after,")),
    "letters that are not UTF-8": Fault(with_line(LINE.replace("By phone.", "Caf@")).replace(b"@", b"\xe9"), lambda data: data.replace(b"\xe9", b"e")),
    "another row's letters that are not UTF-8": Fault(TABLE_TEXT.encode().replace(b"before", b"bef\xf4re", 1), lambda data: data.replace(b"\xf4", b"o")),
    "saved as UTF-16": Fault(TABLE_TEXT.encode("utf-16"), lambda data: data.decode("utf-16").encode()),
    "a sign that is no letter": Fault(with_line(LINE.replace("By phone.", "By\x00phone.")), lambda data: data.replace(b"\x00", b" ")),
    "a line sep=, above": Fault(b"sep=,\n" + TABLE_TEXT.encode(), lambda data: data.partition(b"\n")[2]),
    "an empty line above": Fault(b"\n" + TABLE_TEXT.encode(), lambda data: data.partition(b"\n")[2]),
    "a title above": Fault(b"Consents of 2026,,,\n" + TABLE_TEXT.encode(), lambda data: data.partition(b"\n")[2]),
    "no line of names": Fault(TABLE_TEXT.partition("\n")[2].encode(), lambda data: TABLE_TEXT.partition("\n")[0].encode() + b"\n" + data),
    "no column of days": Fault(csv_of(BEFORE, STORY_CONSENT, AFTER, names=columns_without("withdrawn_on")).encode()),
    "the column of days twice": Fault(TABLE_TEXT.replace("note\n", "withdrawn_on\n", 1).encode(), swap("name_changed,withdrawn_on\n", "name_changed,note\n")),
    "the column of names called otherwise": Fault(TABLE_TEXT.replace("id,", "ID,", 1).encode(), swap("ID,", "id,")),
    "a column that nobody knows": Fault(TABLE_TEXT.replace("note\n", "remarks\n", 1).encode(), swap("remarks\n", "note\n")),
    "columns without a name at the end": Fault("".join(f"{line},,\n" for line in TABLE_TEXT.splitlines()).encode()),
    "lines of an old Macintosh": Fault(TABLE_TEXT.replace("\n", "\r").encode(), lambda data: data.replace(b"\r", b"\n")),
    "rows without number": Fault((TABLE_TEXT + "x,survivor\n" * 6000).encode(), swap("x,survivor\n", "")),
    "two persons in one line": Fault(TABLE_TEXT.replace("\na-story,", "a-story,", 1).encode(), swap("a-story,", "\na-story,")),
    "two persons in one line, with a comma": Fault(TABLE_TEXT.replace("\na-story,", ",a-story,", 1).encode(), swap(",a-story,", "\na-story,")),
    "two persons in one line, hers first": Fault(TABLE_TEXT.replace("\nafter,", ",after,", 1).encode(), swap(",after,", "\nafter,")),
    "saved as UTF-16 without its mark": Fault(TABLE_TEXT.encode("utf-16-le"), lambda data: data.decode("utf-16-le").encode()),
    "saved as UTF-16 of the other order without its mark": Fault(TABLE_TEXT.encode("utf-16-be"), lambda data: data.decode("utf-16-be").encode()),
    "saved as UTF-16 with half of its mark": Fault(TABLE_TEXT.encode("utf-16")[1:], lambda data: data[1:].decode("utf-16-le").encode()),
    "saved as UTF-16 with a damaged line of names": Fault(TABLE_TEXT.encode("utf-16").replace("story,".encode("utf-16-le"), "st\ufffdry,".encode("utf-16-le"), 1), lambda data: data.decode("utf-16").replace("st\ufffdry,", "story,").encode()),
}  # fmt: skip
FAULTS |= {
    f"{one} and {other} exchanged": exchange_columns(one, other)
    for one in ("withdrawn_on", "story", "media", "id")
    for other in columns()
    if one < other or other not in {"withdrawn_on", "story", "media", "id"}
}


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest) -> Fault:
    return FAULTS[request.param]


def is_shown(content: Path, story: str = "stories/a") -> bool:
    return any(read_leniently(content).covers(story, code, TODAY) for code in ("en", "ta"))


def test_a_withdrawal_is_written_whatever_is_wrong_and_stays_when_that_is_mended(folder: Any, fault: Fault) -> None:
    tell(folder)
    content, table = folder.root / "content", folder.csv("consents")
    table.write_bytes(fault.data)
    assert withdrawal_writing.write_withdrawn(content, "stories/a", TODAY) >= 1
    assert not is_shown(content)
    table.write_bytes(fault.mended(table.read_bytes()))
    assert not is_shown(content), table.read_text("utf-8", "replace")
    assert not read_leniently(content).media(TODAY).get("photos/her.jpg")
    assert "photos/her.jpg" not in read_leniently(content).without_people()


def test_other_rows_stay_as_they_are_to_the_byte(folder: Any, fault: Fault) -> None:
    tell(folder)
    table = folder.csv("consents")
    table.write_bytes(fault.data)
    withdrawal_writing.write_withdrawn(folder.root / "content", "stories/a", TODAY)
    if b"withdrawn_on" in fault.data and not fault.data.startswith(b"\xff"):
        after = table.read_bytes().splitlines(keepends=True)
        others = [
            line for line in fault.data.splitlines(keepends=True) if b"ies/a" not in line and b"phone" not in line
        ]
        assert all(line in after for line in others)


def test_the_mended_table_still_covers_the_others(folder: Any, fault: Fault) -> None:
    tell(folder)
    content, table = folder.root / "content", folder.csv("consents")
    others = ("stories/before", "stories/after")
    for story in others:
        folder.page(story, "x", consent=story.removeprefix("stories/"))
    table.write_bytes(fault.mended(fault.data))
    covered = [is_shown(content, story) for story in others]
    table.write_bytes(fault.data)
    withdrawal_writing.write_withdrawn(content, "stories/a", TODAY)
    table.write_bytes(fault.mended(table.read_bytes()))
    assert [is_shown(content, story) for story in others] == covered


@pytest.mark.parametrize("name", ["a-story", "a", "stories/a", "/ta/stories/a/"])
def test_the_command_takes_it_off_and_writes_the_day(folder: Any, here: Site, fault: Fault, name: str) -> None:
    tell(folder)
    site = folder.root / "public"
    for language in ("en", "ta"):
        page = site / language / "stories" / "a" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text("<h1>Kuruvikoodu</h1>")
    folder.csv("consents").write_bytes(fault.data)
    result = run(here, "withdraw", name, "--out", site)
    is_approver = name == "a-story" and fault.data.startswith(b"approved_by,")  # whom nobody withdraws by name
    if not is_approver and (name != "a-story" or b"a-story" in fault.data.replace(b"\x00", b"")):
        assert result.exit_code == 0, result.output
        assert DAY in folder.csv("consents").read_bytes().replace(b"\x00", b"").decode("utf-8", "replace")
        assert traces(site) == []


def test_a_second_press_changes_nothing(folder: Any, fault: Fault) -> None:
    tell(folder)
    content, table = folder.root / "content", folder.csv("consents")
    table.write_bytes(fault.data)
    withdrawal_writing.write_withdrawn(content, "stories/a", TODAY)
    once = table.read_bytes()
    withdrawal_writing.write_withdrawn(content, "stories/a", TODAY)
    assert table.read_bytes() == once


def test_words_and_pictures_named_in_a_broken_row_go_with_it(folder: Folder) -> None:
    """By the picture as by the story: names stand somewhere in the row."""
    content, table = folder.root / "content", folder.csv("consents")
    table.write_text(TABLE_TEXT.replace("a-story,survivor,", "a-story,survivor,x,"), "utf-8")
    assert withdrawal_writing.write_withdrawn(content, "photos/her.jpg", TODAY) == 1
    table.write_text(table.read_text("utf-8").replace("a-story,survivor,x,", "a-story,survivor,"), "utf-8")
    assert not read_leniently(content).media(TODAY).get("photos/her.jpg")


@pytest.mark.parametrize("harm", ["gone", "empty", "workbook"])
def test_where_there_is_no_table_it_is_off_the_site_and_said_that_the_day_is_not_written(
    folder: Any, here: Site, harm: str
) -> None:
    tell(folder)
    site = folder.build()
    assert traces(site)
    table = folder.csv("consents")
    table.unlink() if harm == "gone" else table.write_bytes(b"PK\x03\x04" if harm == "workbook" else b"")
    result = run(here, "withdraw", "stories/a", "--out", site)
    assert traces(site) == []
    assert result.exit_code == 1
    assert "the day could not be written" in result.output
    assert "withdraw this again" in result.output


def test_the_server_is_told_whatever_is_wrong_here(folder: Any, fault: Fault) -> None:
    """The server's table is whole: what is pushed to it says the day, and nothing else of what is wrong here."""
    tell(folder)
    table = folder.csv("consents")
    table.write_bytes(fault.data)
    withdrawal_writing.write_withdrawn(folder.root / "content", "stories/a", TODAY)
    merged, ids = withdrawal_merging.merge_withdrawals(TABLE_TEXT.encode(), TABLE_TEXT.encode(), table.read_bytes())
    assert ids
    assert withdrawn_stories(TABLE_TEXT.encode(), merged, TODAY) == {"stories/a"}
    table.write_bytes(merged)
    assert not is_shown(folder.root / "content")
    assert withdrawal_merging.merge_withdrawals(merged, TABLE_TEXT.encode(), fault.data)[0] == merged


ELSEWHERE = {
    "its id is mended": TABLE_TEXT.replace("a-story,", "a story,", 1),
    "its id is another one": TABLE_TEXT.replace("a-story,", "asha,", 1),
    "its id is another person's there": csv_of(BEFORE, {**STORY_CONSENT, "id": "after"}),
    "the name of the ids is gone": TABLE_TEXT.replace("id,", "", 1),
    "two names of columns became one": TABLE_TEXT.replace("adult,approved_by", "adultapproved_by", 1),
    "the names of columns lack one, with ends of Windows": TABLE_TEXT.replace("adult,", "", 1).replace("\n", "\r\n"),
}
"""The table as it is where somebody withdraws, while another machine has it whole."""


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_withdrawal_finds_its_row_in_a_table_that_was_mended_elsewhere(folder: Any, case: str) -> None:
    tell(folder)
    content, table = folder.root / "content", folder.csv("consents")
    folder.page("stories/after", "x", consent="after")
    folder.page("stories/before", "x", consent="before")
    base = ELSEWHERE[case].encode()
    table.write_bytes(base)
    assert withdrawal_writing.write_withdrawn(content, "stories/a", TODAY) == 1
    local = table.read_bytes()
    table.write_bytes(TABLE_TEXT.encode())
    assert is_shown(content)
    assert withdrawal_merging.keep_withdrawals(content, base, local)
    assert not is_shown(content)
    assert is_shown(content, "stories/after")
    assert is_shown(content, "stories/before")


WITHDRAW = """
import sys
from pathlib import Path
from sitegen.publish.withdrawals import withdrawal_merging, withdrawal_writing
from tests.sitegen.test_threats_withdrawal import TODAY

print("ready", flush=True)
sys.stdin.readline()
withdrawal_writing.write_withdrawn(Path(sys.argv[1]), sys.argv[2], TODAY)
"""


def test_of_withdrawals_in_the_same_moment_none_is_lost(folder: Any) -> None:
    tell(folder)
    content, stories = folder.root / "content", ("stories/a", "stories/before", "stories/after")
    folder.csv("consents").write_text(TABLE_TEXT, "utf-8")
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "site")))
    withdrawing = [
        subprocess.Popen(
            [sys.executable, "-c", WITHDRAW, str(content), story],
            env={**os.environ, "PYTHONPATH": paths}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for story in stories
    ]  # fmt: skip
    for process in withdrawing:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in withdrawing:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    for process in withdrawing:
        process.communicate()
        assert process.returncode == 0
    assert folder.csv("consents").read_text("utf-8").count(DAY) == len(stories)


def test_a_table_that_another_program_holds_for_ever_is_no_hindrance(
    folder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(folder)
    monkeypatch.setattr(consent_table, "LOCK_TIMEOUT", 0.1)
    folder.csv("consents").write_text(TABLE_TEXT, "utf-8")
    with consent_table.locked_table(folder.root / "content"):
        assert withdrawal_writing.write_withdrawn(folder.root / "content", "stories/a", TODAY) == 1
    assert not is_shown(folder.root / "content")
