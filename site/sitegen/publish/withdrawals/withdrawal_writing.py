"""Write the day of a withdrawal into consents.csv, whatever else is wrong there: in its row, another row, or the file.

Only the rows that are meant are rewritten; what is wrong stays for a person to correct. Where it is in doubt which cell
is which, an additional row states what is withdrawn.
"""

import os
import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from forms.core.files.durable import write_durably
from sitegen.content.consent import consent_names, consent_table
from sitegen.content.consent.cells import WITHDRAWN_PREFIX
from sitegen.content.page_reader import DRAFTS_FOLDER
from sitegen.layers import lookup
from sitegen.layers.rows import BROKEN, WITHDRAWN
from sitegen.publish.withdrawals import broken_rows, lenient_table
from sitegen.publish.withdrawals.cleaning import remove_each
from sitegen.publish.withdrawals.lenient_table import ConsentLine, ConsentTable, Row
from sitegen.publish.withdrawals.named_consents import id_of, library_rows, matching_rows


def write_withdrawn(content: Path, query: str, today: date) -> int:
    """Write today as withdrawn_on into the rows that a query means; return how many there are.

    query: a story, page, file, address or id. Other rows stay unchanged to the byte. Where a file beside the table is
    newer, the table keeps its time: a person decides which of the two counts. Raises Problem where there is no table.
    """
    path = content / consent_table.TABLE
    with consent_table.locked_table(content):
        in_doubt = path.stat() if consent_table.newer_file(content) else None
        count = _write_day(path, content, query, today)
        if in_doubt:
            os.utime(path, ns=(in_doubt.st_atime_ns, in_doubt.st_mtime_ns))
    remove_drafts(content)
    return count


def _write_day(path: Path, content: Path, query: str, today: date) -> int:
    table = lenient_table.read_file(path)
    of_libraries = [row for row in library_rows(content) if not row.get(BROKEN)]
    own = table.rows
    meant = matching_rows([*own, *of_libraries], query)[0]
    own_ids = set(map(id_of, own))
    if "id" in table.names:  # a library's row is withdrawn in the district's table
        table = with_rows(table, [row for row in of_libraries if row in meant and id_of(row) not in own_ids])
    ids = {id_of(row) for row in of_libraries if row in meant} - {""}
    day = today.isoformat()
    table, count = with_day(table, lambda row: row in meant or id_of(row) in ids, query, day)
    write_durably(path, table.bytes)
    return count


def with_rows(table: ConsentTable, rows: Sequence[Row]) -> ConsentTable:
    """Return the table with rows appended."""
    appended = "".join(table.csv_line([row.get(name, "") for name in table.names]) for row in rows)
    return table.with_texts({}, appended) if appended else table


def with_day(table: ConsentTable, is_meant: Callable[[Row], bool], query: str, day: str) -> tuple[ConsentTable, int]:
    """Return the table with a day in each row that is meant, and the number of these rows.

    query: what a person named, which chooses among people who share a broken row.
    """
    positions = [index for index, row in enumerate(table.rows) if is_meant(row)]
    if WITHDRAWN not in table.names:
        table = _with_column(table)
    meant = [table.row_lines[index] for index in positions]
    broken = [line for line in meant if not table.is_complete(line)]
    of_others = [line for line in broken if table.has_columns and broken_rows.place_of(table.row(line), query)]
    rewritten = [line for line in meant if line.is_sure and line not in of_others]
    texts = {line.start: table.csv_line(_cells_with_day(table, line, day)) for line in rewritten}
    return table.with_texts(texts, _additional_rows(table, list(map(table.row, broken)), query, day)), len(meant)


def _with_column(table: ConsentTable) -> ConsentTable:
    """Return the table with a column of days; complete rows stay complete."""
    width = len(table.names)
    if table.header < 0:
        return table
    complete = (line for line in table.row_lines if line.is_sure and len(line.cells) == width)
    lines = [table.lines[table.header], *complete]
    new_cells = [WITHDRAWN, *[""] * (len(lines) - 1)]
    texts = {
        line.start: table.csv_line([*line.cells[:width], cell]) for line, cell in zip(lines, new_cells, strict=True)
    }
    return table.with_texts(texts)


def _cells_with_day(table: ConsentTable, line: ConsentLine, day: str) -> list[str]:
    row = table.row(line)
    last = max(index for index, name in enumerate(table.names) if name == WITHDRAWN)
    is_in_doubt = table.is_exchanged or (BROKEN in row and (table.is_complete(line) or not table.has_columns))
    cells = [*line.cells, *[""] * (last + 1 - len(line.cells))]  # no more: a row that is too short stays so
    for index, name in enumerate(table.names[: len(cells)]):
        cell = cells[index].strip()
        if name == WITHDRAWN and not cell.startswith(day) and not lenient_table.day_of({**row, WITHDRAWN: cell}):
            # The cell may be another column's: it is kept, after a day in a form that is recognised in any column.
            cells[index] = (
                f"{WITHDRAWN_PREFIX}{day}, {cell}" if cell else f"{WITHDRAWN_PREFIX}{day}" if is_in_doubt else day
            )
    return cells


def _additional_rows(table: ConsentTable, broken: Sequence[Row], query: str, day: str) -> str:
    """Return rows that withdraw what broken rows name: once somebody corrects those, the day may be in another cell."""
    if not table.has_columns:
        return ""  # they would be as broken; the day is in the column of its name
    complete = [row for row in table.rows if BROKEN not in row]
    withdrawn = [row for row in complete if row.get(WITHDRAWN)]
    ids, texts = {row.get("id", "").casefold() for row in table.rows}, []
    withdrawn_media = {name for row in withdrawn for name in consent_names.media_names(row["media"])}
    withdrawn_stories = {consent_names.story_name(row["story"]) for row in withdrawn if row["story"]}
    for row in broken:
        meant = broken_rows.meant_in(row, query)
        media = broken_rows.media_in(meant) - withdrawn_media
        stories = broken_rows.stories_in(meant) - withdrawn_stories
        for story in sorted(stories) or ([""] if media else []):
            name = _unused_id(story.removeprefix(consent_names.STORIES_FOLDER) or row["id"].casefold(), ids)
            ids.add(name)
            cells = {"id": name, "kind": "survivor", "story": story, "media": " ".join(sorted(media)), WITHDRAWN: day}
            texts.append(table.csv_line([cells.get(column, "") for column in table.names]))
            media = set()
    return "".join(texts)


def _unused_id(name: str, ids: set[str]) -> str:
    """Return an id like "withdrawn-the-well-1" that no row has. ids: of all rows."""
    stem = re.sub(r"[^a-z0-9]+", "-", f"withdrawn-{name}").strip("-")
    return next(id for number in range(1, len(ids) + 2) if (id := f"{stem}-{number}") not in ids)


def remove_drafts(content: Path) -> list[str]:
    """Remove unfinished translations of withdrawn stories; return their names inside content/ (decision 0079).

    The pages themselves stay: they are not published, and a person decides about the rest of their text. Raises OSError
    about a draft that cannot be removed, after all others.
    """
    rows = consent_table.read_leniently(content).rows
    stories = {consent_names.story_name(row.get("story") or "") for row in rows if row.get("withdrawn_on")} - {""}
    drafts = [file for file in lookup.every(content, DRAFTS_FOLDER, "*.md") if file.layer.label == lookup.OWN]
    paths = sorted(file.path for file in drafts if _page_of_draft(file.name) in stories)
    remove_each(paths)
    return [path.relative_to(content).as_posix() for path in paths]


def _page_of_draft(draft: str) -> str:
    """Return the page of a draft as consents name it: "stories/x" of "drafts/ta/stories/x.md"."""
    return "/".join(draft.casefold().removesuffix(".md").split("/")[2:])
