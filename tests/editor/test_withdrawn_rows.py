"""A withdrawal stays, whatever is saved in the table: in any number of steps, by any form, with any other error."""

import csv
import io
import os
import random
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from editor.editor import Editor
from editor.tables import withdrawals
from sitegen.content.consent import consent_table
from sitegen.publish.withdrawals import withdrawal_writing

from forms.core.files import spreadsheet_csv
from forms.core.files.locks import AlreadyLocked, locked
from forms.core.problem import Problem
from tests.editor.conftest import Browser, browser_at
from tests.editor.test_window import CONSENT
from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_threats_withdrawal_rows import FAULTS

TOLD = {
    **CONSENT,
    "given_on": "2026-06-01",
    "expires_on": "2027-06-01",
    "approved_on": "2026-06-02",
    "languages": "en ta or",
}
WITHDRAWN = {**TOLD, "withdrawn_on": "2026-12-20", "media": "photos/her.jpg", "quotes": "help"}
OTHER = {**TOLD, "id": "the-kiln", "story": "stories/the-kiln"}
ROW = "/tables/consents/row"


@pytest.fixture
def table(folder: Folder) -> Path:
    folder.table("consents", WITHDRAWN, OTHER)
    return folder.csv("consents")


def is_covered(folder: Folder) -> bool:
    return consent_table.read_leniently(folder.root / "content").covers("stories/the-well", "en", TODAY)


def save_row(browser: Browser, key: str, **cells: str) -> tuple[int, str]:
    base = browser.base(f"{ROW}?key={key}")
    answer = browser.client.post(
        ROW,
        data={"form_token": browser.token, "base": base, "key": key, **cells},
        headers={"Origin": "http://localhost"},
    )
    return answer.status_code, answer.text


CHANGED = {
    "id": "told-2", "story": "stories/another", "media": "", "quotes": "", "withdrawn_on": "2026-01-01",
}  # fmt: skip


@pytest.mark.parametrize("column", CHANGED)
def test_what_was_withdrawn_cannot_be_edited_away(browser: Browser, table: Path, column: str) -> None:
    """An earlier day, another story or no picture would each bring something back, without an empty cell."""
    before = table.read_bytes()
    status, page = save_row(browser, "the-well", **{**WITHDRAWN, column: CHANGED[column]})
    assert status == 400
    assert "withdraw" in page
    assert table.read_bytes() == before


@pytest.mark.parametrize("column", ["languages", "given_on", "expires_on", "approved_by", "note"])
def test_other_cells_of_a_withdrawn_row_may_be_mended(
    browser: Browser, folder: Folder, table: Path, column: str
) -> None:
    cells = {
        "languages": "en",
        "given_on": "2026-06-02",
        "expires_on": "2027-05-01",
        "approved_by": "B",
        "note": "By phone.",
    }
    assert save_row(browser, "the-well", **{**WITHDRAWN, column: cells[column]})[0] == 303
    assert cells[column] in table.read_text("utf-8")
    assert not is_covered(folder)


def test_two_saves_do_not_take_back_what_one_may_not(browser: Browser, folder: Folder, table: Path) -> None:
    """First another name and no day, then the old name again."""
    before = table.read_bytes()
    assert save_row(browser, "the-well", **{**WITHDRAWN, "id": "told-2", "withdrawn_on": ""})[0] == 400
    assert table.read_bytes() == before
    assert not is_covered(folder)


def test_another_faulty_table_or_row_is_no_way_round(browser: Browser, folder: Folder, table: Path) -> None:
    """Where another row or table cannot be read, less is checked; this is checked all the same."""
    folder.csv("places").write_text("id\nx,y\n")
    table.write_text(table.read_text("utf-8") + "broken,survivor\n", "utf-8")
    before = table.read_bytes()
    assert save_row(browser, "the-well", **{**WITHDRAWN, "withdrawn_on": ""})[0] == 400
    assert table.read_bytes() == before


def test_a_withdrawal_in_another_cell_counts_and_cannot_be_edited_away(browser: Browser, folder: Folder) -> None:
    """Where columns were exchanged, `withdraw` writes the day behind the word; mended, it stands in another one."""
    marked = {**TOLD, "withdrawn_on": "", "note": "withdrawn 2026-12-20, By phone."}
    folder.table("consents", marked, OTHER)
    assert not is_covered(folder)
    assert save_row(browser, "the-well", **{**marked, "note": "By phone."})[0] == 400
    assert not is_covered(folder)


UPLOADS: dict[str, Callable[[str], str]] = {
    "row gone": lambda text: "".join(line for line in text.splitlines(True) if not line.startswith("the-well")),
    "renamed": lambda text: text.replace("the-well,", "told-2,", 1),
    "earlier day": lambda text: text.replace("2026-12-20", "2026-01-01"),
    "another story": lambda text: text.replace("stories/the-well", "stories/another"),
    "picture gone": lambda text: text.replace("photos/her.jpg", ""),
    "words gone": lambda text: text.replace(",help,", ",,"),
    "column of days renamed": lambda text: text.replace("withdrawn_on", "note", 1),
}


@pytest.mark.parametrize("how", UPLOADS)
def test_no_spreadsheet_edits_a_withdrawal_away(browser: Browser, table: Path, how: str) -> None:
    before = table.read_bytes()
    changed = UPLOADS[how](table.read_text("utf-8").replace("\r\n", "\n"))
    page = browser.post("/tables/consents/upload", 200, file=(io.BytesIO(changed.encode()), "consents.csv")).text
    assert "/tables/consents/replace" not in page
    base = browser.base(f"{ROW}?key=the-kiln")
    browser.post("/tables/consents/replace", 200, base=base, text=changed)
    assert table.read_bytes() == before


def test_a_spreadsheets_way_to_write_the_same_withdrawal_is_the_same(
    browser: Browser, folder: Folder, table: Path
) -> None:
    changed = table.read_text("utf-8").replace("2026-12-20", "20-12-2026").replace("the-kiln", "the-kilns")
    base = browser.base(f"{ROW}?key=the-kiln")
    browser.post("/tables/consents/replace", base=base, text=changed)
    assert folder.rows("consents")[1]["id"] == "the-kilns"


def test_no_write_of_any_kind_takes_a_withdrawal_back(editor: Editor, table: Path) -> None:
    """The one place through which every form writes asks too."""
    store, before = editor.store, table.read_bytes()
    path = store.table("consents")
    text, base = store.read(path)
    for new_text in (text.replace("2026-12-20", ""), text.splitlines(True)[0], "id\n"):
        with pytest.raises(Problem, match="withdraw"):
            store.save(path, new_text, base, "A", "Edit")
        with pytest.raises(Problem, match="withdraw"):
            store.write(path, new_text, "A", "Edit")
    assert table.read_bytes() == before


def test_a_dropped_consent_is_not_taken_up_again_by_leaving_the_column_out(editor: Editor, table: Path) -> None:
    lines = table.read_text("utf-8").splitlines()
    table.write_text(
        "\n".join([f"{lines[0]},drop", f"{lines[1].replace('2026-12-20', '')},true", f"{lines[2]},", ""]), "utf-8"
    )
    store = editor.store
    text, _ = store.read(store.table("consents"))
    with pytest.raises(Problem, match="withdraw"):
        store.write(store.table("consents"), text.replace(",true\n", ",\n"), "A", "Edit")
    day = "\n".join([lines[0], *lines[1:], ""])  # its day in the column for it: as `check` asks for
    store.write(store.table("consents"), day, "A", "Edit")


def test_a_table_of_consents_that_is_gone_is_not_begun_anew(browser: Browser, table: Path) -> None:
    table.unlink()
    page = browser.post(ROW, 400, base="", key="", **TOLD).text
    assert "is missing" in page
    assert not table.exists()


def newer_workbook(table: Path) -> Path:
    """A workbook that somebody saved after the table: which of them counts is in doubt, and nothing is shown."""
    workbook = table.with_name("consents.xlsx")
    workbook.write_bytes(b"PK\x03\x04")
    stat = table.stat()
    os.utime(table, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10**9))
    return workbook


def test_a_save_does_not_decide_which_of_two_files_counts(browser: Browser, folder: Folder, table: Path) -> None:
    """A save makes consents.csv the newer one: withdrawals in the workbook would count no more, and nobody said so."""
    newer_workbook(table)
    before = table.read_bytes()
    status, page = save_row(browser, "the-kiln", **{**OTHER, "note": "By phone."})
    assert status == 400
    assert "consents.xlsx" in page
    assert "By phone." in page
    base = browser.base(f"{ROW}?key=the-kiln")
    text = table.read_text("utf-8").replace("the-kiln", "the-kilns")
    assert "consents.xlsx" in browser.post("/tables/consents/replace", 200, base=base, text=text).text
    assert table.read_bytes() == before
    assert consent_table.newer_file(folder.root / "content") == "consents.xlsx"


def test_withdrawing_leaves_it_in_doubt_which_of_two_files_counts(
    browser: Browser, folder: Folder, table: Path
) -> None:
    newer_workbook(table)
    browser.post("/consents/withdraw", consent="the-kiln")
    assert [row["withdrawn_on"] for row in folder.rows("consents")][1] == TODAY
    assert consent_table.newer_file(folder.root / "content") == "consents.xlsx"


def test_withdrawing_on_the_command_line_leaves_it_in_doubt_too(folder: Folder, table: Path) -> None:
    newer_workbook(table)
    assert withdrawal_writing.write_withdrawn(folder.root / "content", "the-kiln", TODAY) == 1
    assert consent_table.newer_file(folder.root / "content") == "consents.xlsx"


def test_an_older_workbook_is_no_hindrance(editor: Editor, table: Path) -> None:
    workbook = newer_workbook(table)
    stat = table.stat()
    os.utime(workbook, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10**9))
    editor.remember(name="M. Devi")
    assert save_row(browser_at(editor), "the-kiln", **{**OTHER, "note": "By phone."})[0] == 303


CELLS = ["", "told", "THE-WELL", "the-kiln", "told-2", "stories/the-well", "Stories/The-Well", "stories/the-kiln", "photos/her.jpg",
         "media/photos/her.jpg", "help", "2026-12-20", "20-12-2026", "2026-01-01", "2026-06-01", "2027-06-01", "true", "nobody", "no", "en ta"]  # fmt: skip


def edit_randomly(text: str, drawn: random.Random) -> str:
    """Return a table after a few random edits: cells, rows, column names, the order of both."""
    separator = spreadsheet_csv.separator_of(text.partition("\n")[0])
    header, *rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    for _ in range(drawn.randint(1, 3)):
        row = drawn.choice(rows or [[""]])
        kind = drawn.choice(["cell"] * 8 + ["gone", "twice", "longer", "shorter", "column", "rows", "columns"])
        if kind == "cell" and row:
            columns = [
                header.index(name) for name in ("id", "story", "media", "quotes", "withdrawn_on") if name in header
            ]
            at = drawn.choice([drawn.randrange(len(row)), *(one for one in columns if one < len(row))])
            row[at] = drawn.choice(["", drawn.choice(CELLS)])
        elif kind == "gone":
            rows = [one for one in rows if one is not row]
        elif kind == "twice":
            rows.append(list(row))
        elif kind == "longer":
            row.append(drawn.choice(CELLS))
        elif kind == "shorter":
            del row[-1:]
        elif kind == "column":
            header[drawn.randrange(len(header))] = drawn.choice(["id", "story", "media", "withdrawn_on", "drop", "x"])
        elif kind == "rows":
            drawn.shuffle(rows)
        else:
            header[1:] = drawn.sample(header[1:], len(header) - 1)
    out = io.StringIO()
    csv.writer(out, delimiter=drawn.choice(",,;"), lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_edits_are_saved_in_a_row_nothing_withdrawn_comes_back(
    editor: Editor, folder: Folder, table: Path, seed: int
) -> None:
    """Through any number of saves that are taken, in whatever state each leaves the table."""
    folder.page("stories/the-well", "She dug.", consent="the-well")
    drawn, path, first, saved = random.Random(seed), editor.store.table("consents"), table.read_bytes(), 0
    for at in range(480):
        if at % 24 == 0:
            table.write_bytes(first)
        try:
            editor.store.write(path, edit_randomly(table.read_text("utf-8"), drawn), "A", "Edit")
        except Problem:
            continue
        saved += 1
        consents = consent_table.read_leniently(folder.root / "content")
        assert not consents.covers("stories/the-well", "en", TODAY)
        assert consents.status("the-well", "help", "en", TODAY, column="quotes").reason
        assert not consents.media(TODAY).get("photos/her.jpg")
        assert "photos/her.jpg" not in consents.without_people()
    assert saved > 60, "some edits must be taken"


@pytest.fixture(params=FAULTS)
def faulty(request: pytest.FixtureRequest, folder: Folder) -> Path:
    folder.table("consents", TOLD)
    folder.csv("consents").write_bytes(FAULTS[request.param].data)
    return folder.csv("consents")


def test_a_story_is_withdrawn_in_the_window_whatever_is_wrong_in_the_table(
    browser: Browser, folder: Folder, faulty: Path
) -> None:
    """A button for each row that may be hers; what is wrong is named afterwards, and nothing waits for it."""
    consent_ids = re.findall(r'name="consent" value="([^"]*)"', browser.get("/tables/consents/"))
    hers = [one for one in consent_ids if unescape(one) in {"a-story", "A story", "stories/a", "/en/stories/a/"}]
    assert hers, consent_ids
    browser.post("/consents/withdraw", consent=unescape(hers[0]))
    assert TODAY.isoformat() in faulty.read_bytes().replace(b"\x00", b"").decode("utf-8", "replace")
    consents = consent_table.read_leniently(folder.root / "content")
    assert not any(consents.covers("stories/a", code, TODAY) for code in ("en", "ta"))
    assert 'role="status"' in browser.get("/tables/consents/?done=withdrawn")


def test_what_else_is_wrong_in_its_row_is_named_afterwards(browser: Browser, folder: Folder) -> None:
    folder.table("consents", {**TOLD, "given_on": "June"}, OTHER)
    page = browser.client.get("/tables/consents/?done=withdrawn").text
    assert "row 2, column given_on" in page
    assert "row 2" not in browser.get("/tables/consents/"), "looked for only then"


def test_two_rows_of_one_name_are_withdrawn_each(browser: Browser, folder: Folder) -> None:
    folder.table("consents", {**TOLD, "withdrawn_on": "2026-12-01"}, {**TOLD, "story": "stories/other"})
    assert 'name="consent" value="stories/other"' in browser.get("/tables/consents/")
    browser.post("/consents/withdraw", consent="stories/other")
    rows = list(csv.DictReader(io.StringIO(folder.csv("consents").read_text("utf-8"))))
    assert [row["withdrawn_on"] for row in rows] == ["2026-12-01", TODAY.isoformat()]


def test_the_server_is_told_and_the_save_recorded_whatever_could_not_be_done_here(
    editor: Editor, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of the built site that could not be cleaned is said last: readers of the server do not wait for it."""
    folder.table("consents", TOLD)
    recorded: list[str] = []

    def withdraw(_told: str) -> None:
        raise Problem("public/en", "could not be cleaned.", "Remove it.")

    monkeypatch.setattr(editor, "withdraw", withdraw)
    monkeypatch.setattr(type(editor), "remote", property(lambda _: object()))
    monkeypatch.setattr(editor.publisher, "withdraw", lambda _who, day: recorded.append(day))
    monkeypatch.setattr(editor.store, "record_external_changes", lambda _who, what: recorded.append(what))
    page = browser_at(editor).post("/consents/withdraw", 400, consent="the-well").text
    assert recorded == ["Withdraw consent the-well", TODAY.isoformat()]
    assert "could not be cleaned" in page


def test_a_withdrawal_in_the_moment_of_a_save_is_not_written_over(
    table: Path, folder: Folder, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when `withdraw` is typed while somebody saves another row: after the look at what is withdrawn."""
    content, require_kept = folder.root / "content", withdrawals.require_kept
    typed = Thread(target=withdrawal_writing.write_withdrawn, args=(content, "stories/the-kiln", TODAY))

    def require_kept_while_withdrawing(*arguments: Any) -> None:
        require_kept(*arguments)
        typed.start()
        with pytest.raises(AlreadyLocked), locked(folder.root / consent_table.LOCK):
            pass

    monkeypatch.setattr(withdrawals, "require_kept", require_kept_while_withdrawing)
    text, base = editor.store.read(table)
    editor.store.replace(table, text.replace("by hand", "by phone") + "\n", base, "A", "Row")
    typed.join()
    assert not consent_table.read_leniently(content).covers("stories/the-kiln", "en", TODAY)
    assert TODAY.isoformat() in table.read_text("utf-8")
