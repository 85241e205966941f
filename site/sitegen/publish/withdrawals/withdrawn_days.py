"""Writes the day of a withdrawal into consents.csv, whatever else is wrong there: in this row, another, or the file.

The table is taken line by line as it stands, and only the rows that are meant are written anew: nobody who takes
something back waits until a quotation mark, a letter or somebody else's row is mended. What is wrong stays as it is,
for a person to mend; where it is in doubt which cell is which, a row of its own says what is withdrawn besides.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from forms.core.files.spreadsheet_csv import BOM, Dialect, separator_of, text_of
from sitegen.content.consent import consents
from sitegen.content.spreadsheets import dates
from sitegen.layers.rows import BROKEN, WITHDRAWN

_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_FIRST_LINES = 10
"""Among so many lines the names of the columns are looked for."""

MARK = "withdrawn "
"""Before a day that stands in a cell beside something else."""

_NEEDED = frozenset({"id", "kind", "story", "media", WITHDRAWN})
_PARTS = re.compile(r"[\s,;|\"']+")
_KNOWN = 2
"""So many names of columns make a line the one that names them."""

Row = Mapping[str, str]


@dataclass(frozen=True)
class ConsentLine:
    """A row and where it stands in the text. is_sure: its cells are told apart without doubt."""

    cells: Sequence[str]
    start: int
    end: int
    is_sure: bool = True


@dataclass(frozen=True)
class ConsentTable:
    """A consents.csv as it stands. names: of its columns; at: the place of the line with them, -1 where none has."""

    text: str
    encoding: str
    mark: bytes
    separator: str
    names: Sequence[str]
    at: int
    lines: Sequence[ConsentLine]

    @property
    def bytes(self) -> bytes:
        """The file."""
        return self.mark + self.text.encode(self.encoding, "surrogateescape" if self.encoding == "utf-8" else "strict")

    @property
    def own(self) -> list[ConsentLine]:
        """The lines that are rows."""
        return [line for line in self.lines[self.at + 1 :] if any(cell.strip() for cell in line.cells)]

    def row(self, line: ConsentLine) -> Row:
        """Return a row by its columns; broken, with all that stands in it, where it is in doubt which cell is which."""
        width = len(self.names)
        cells = [cell.strip() for cell in line.cells]
        if self.at >= 0 and len(cells) == len(self.lines[self.at].cells) and not any(cells[width:]):
            cells = cells[:width]  # columns without a name at the end, as spreadsheets add them
        row = dict(zip(self.names, cells, strict=False))
        if self.names.count(WITHDRAWN) > 1:  # one of them is meant for something else
            days = (cell for name, cell in zip(self.names, cells, strict=False) if name == WITHDRAWN)
            row[WITHDRAWN] = next((cell for cell in days if dates.read(cell)), "")
        return row if line.is_sure and len(cells) == width else {**row, BROKEN: " ".join(cells)}

    def written(self, cells: Sequence[str]) -> str:
        """Return a row as this table has them."""
        first = self.text.partition("\n")[0]
        return text_of([cells], Dialect(b"", self.separator, "\r\n" if first.endswith("\r") else "\n"))

    def with_texts(self, texts: Mapping[int, str], more: str = "") -> "ConsentTable":
        """Return the table with other texts in place of lines, by where they start, and `more` at its end."""
        parts = [texts.get(line.start, self.text[line.start : line.end]) for line in self.lines]
        text = "".join(parts)
        gap = "" if not more or not text or text.endswith(("\n", "\r")) else self.written([])
        return read(replace(self, text=f"{text}{gap}{more}").bytes)


def read(data: bytes) -> ConsentTable:
    """Return a table from its bytes: any bytes are a table."""
    encoding = _UTF16.get(data[:2], "utf-8")
    mark = data[:2] if data[:2] in _UTF16 else BOM if data.startswith(BOM) else b""
    how = "surrogateescape" if encoding == "utf-8" else "replace"
    text = data[len(mark) :].decode(encoding, how)
    first = text.splitlines()[:_FIRST_LINES]
    header = next((one for one in first if _is_header(one.split(separator_of(one)))), "".join(first[:1]))
    separator = separator_of(header)
    lines = _lines(text, separator)
    at = next((place for place, line in enumerate(lines[:_FIRST_LINES]) if _is_header(line.cells)), -1)
    names = [_known(cell.strip()) for cell in lines[at].cells] if at >= 0 else list(consents.columns())
    while names and not names[-1]:  # as spreadsheets add them
        names.pop()
    return ConsentTable(text, encoding, mark, separator, names, at, lines)


def _known(name: str) -> str:
    """Return the name of a column as the schema has it, where only its letters are other ones: ID, Story."""
    return name.casefold() if name.casefold() in consents.columns() else name


def _is_header(cells: Sequence[str]) -> bool:
    return len({_known(cell.strip(' "\r\n')) for cell in cells} & {*consents.columns()}) >= _KNOWN


def _lines(text: str, separator: str) -> list[ConsentLine]:
    try:
        return list(_well_formed(text, separator))
    except csv.Error:  # a quotation mark that is not closed takes the rest of the file in: each line for itself
        return list(_each_for_itself(text, separator))


def _well_formed(text: str, separator: str) -> Iterator[ConsentLine]:
    physical = list(io.StringIO(text, newline=""))
    reader = csv.reader(physical, strict=True, delimiter=separator)
    done, start = 0, 0
    for cells in reader:
        end = start + sum(map(len, physical[done : reader.line_num]))
        yield ConsentLine(cells, start, end)
        done, start = reader.line_num, end


def _each_for_itself(text: str, separator: str) -> Iterator[ConsentLine]:
    start = 0
    for one in io.StringIO(text, newline=""):
        end = start + len(one)
        try:
            cells = next(csv.reader([one], strict=True, delimiter=separator), [])
            yield ConsentLine(cells, start, end)
        except csv.Error:
            yield ConsentLine(one.rstrip("\r\n").split(separator), start, end, is_sure=False)
        start = end


def names_in(row: Row) -> set[str]:
    """Return all that the cells of a broken row may name; nothing of a whole one."""
    return {name for name in _PARTS.split(row.get(BROKEN, "").casefold()) if name}


def stories_in(row: Row) -> set[str]:
    """Return the stories that a broken row may be for, like "stories/the-advance"."""
    return {consents.story_name(name) for name in names_in(row) if consents.FOLDER in name}


def _media_in(row: Row) -> set[str]:
    found = names_in(row) - {name for name in names_in(row) if consents.FOLDER in name and name.endswith(".md")}
    return {consents.media_name(name) for name in found if "/" in name and PurePosixPath(name).suffix}


def day_of(row: Row) -> str:
    """Return what a row says of when it was withdrawn; of a broken one only what was written here.

    A day there may be another column's, like the last one of the consent.
    """
    cell = row.get(WITHDRAWN, "")
    marked = cell.removeprefix(MARK) if cell.startswith(MARK) else ""
    return cell if BROKEN not in row else marked.partition(",")[0]


def with_rows(table: ConsentTable, rows: Sequence[Row]) -> ConsentTable:
    """Return the table with rows at its end."""
    more = "".join(table.written([row.get(name, "") for name in table.names]) for row in rows)
    return table.with_texts({}, more) if more else table


def with_day(table: ConsentTable, is_meant: Callable[[Row], bool], day: str) -> tuple[ConsentTable, int]:
    """Return the table with a day in each row that is meant, and how many there are."""
    places = [at for at, line in enumerate(table.own) if is_meant(table.row(line))]
    if WITHDRAWN not in table.names:
        table = _with_column(table)
    meant = [table.own[at] for at in places]
    texts = {line.start: table.written(_with_day(table, line, day)) for line in meant if line.is_sure}
    return table.with_texts(texts, _apart(table, meant, day)), len(meant)


def _with_column(table: ConsentTable) -> ConsentTable:
    """Return the table with the column of days; a row that was whole stays so."""
    width = len(table.names)
    if table.at < 0:
        return table
    lines = [table.lines[table.at], *(line for line in table.own if line.is_sure and len(line.cells) == width)]
    added = [WITHDRAWN, *[""] * (len(lines) - 1)]
    texts = {line.start: table.written([*line.cells[:width], cell]) for line, cell in zip(lines, added, strict=True)}
    return table.with_texts(texts)


def _with_day(table: ConsentTable, line: ConsentLine, day: str) -> list[str]:
    row = table.row(line)
    last = max(at for at, name in enumerate(table.names) if name == WITHDRAWN)
    cells = [*line.cells, *[""] * (last + 1 - len(line.cells))]  # no further: a row that is too short stays so
    for at, name in enumerate(table.names[: len(cells)]):
        cell = cells[at].strip()
        if name == WITHDRAWN and not cell.startswith(day) and not day_of({**row, WITHDRAWN: cell}):
            cells[at] = f"{MARK}{day}, {cell}" if cell else day  # it may be another column's: nothing of it is lost
    return cells


def _apart(table: ConsentTable, meant: Sequence[ConsentLine], day: str) -> str:
    """Return rows that withdraw what broken rows name: where somebody mends those, the day may stand elsewhere."""
    if len({*table.names}) != len(table.names) or not _NEEDED <= {*table.names} <= {*consents.columns()}:
        return ""  # it would be as broken as they are; the day stands in the column of its name
    whole = [row for row in map(table.row, table.own) if BROKEN not in row]
    gone = [row for row in whole if row.get(WITHDRAWN)]
    ids, rows = {row.get("id", "").casefold() for row in map(table.row, table.own)}, []
    for row in map(table.row, meant):
        media = _media_in(row) - {name for one in gone for name in consents.media_names(one["media"])}
        stories = stories_in(row) - {consents.story_name(one["story"]) for one in gone if one["story"]}
        for story in sorted(stories) or ([""] if media else []):
            begin = re.sub(
                r"[^a-z0-9]+", "-", f"withdrawn-{story.removeprefix(consents.FOLDER) or row['id'].casefold()}"
            )
            name = next(name for at in range(1, len(ids) + 2) if (name := f"{begin.strip('-')}-{at}") not in ids)
            ids.add(name)
            said = {"id": name, "kind": "survivor", "story": story, "media": " ".join(sorted(media)), WITHDRAWN: day}
            rows.append([said.get(column, "") for column in table.names])
            media = set()
    return "".join(map(table.written, rows))
