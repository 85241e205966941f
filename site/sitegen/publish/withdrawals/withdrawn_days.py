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

from forms.core.files.spreadsheet_csv import BOM, Dialect, separator_of, text_of
from sitegen.content.consent import cells as consent_cells
from sitegen.content.consent import consent_names, consent_table
from sitegen.content.consent.cells import WITHDRAWN_PREFIX
from sitegen.content.spreadsheets import dates
from sitegen.layers.rows import BROKEN, WITHDRAWN
from sitegen.publish.withdrawals import broken_rows

_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_HALVES = frozenset({b"\xff", b"\xfe"})
_FIRST_LINES = 10
"""Among so many lines the names of the columns are looked for."""

_MOSTLY = 4
"""Of so many bytes one is 0 in UTF-16 at least: in the names of columns, days and words each second one is."""

_NEEDED = frozenset({"id", "kind", "story", "media", WITHDRAWN})
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
    def has_columns(self) -> bool:
        """Whether a row of this table can say which consent is withdrawn."""
        return len({*self.names}) == len(self.names) and _NEEDED <= {*self.names} <= {*consent_table.columns()}

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
            row[WITHDRAWN] = next((cell for cell in days if dates.parse(cell)), "")
        sure = line.is_sure and len(cells) == width
        sure = sure and not consent_cells.are_misplaced(row, self.names, consent_table.columns())
        return row if sure else {**row, BROKEN: " ".join(cells)}

    def is_whole(self, line: ConsentLine) -> bool:
        """Return whether a line has a cell for each column."""
        return line.is_sure and len(line.cells) in {len(self.names), len(self.lines[self.at].cells)}

    @property
    def is_exchanged(self) -> bool:
        """Whether the column of days may be another one's cells."""
        return consent_cells.is_exchanged(WITHDRAWN, self.names, consent_table.columns())

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
    encoding = _encoding_of(data)
    mark = data[:2] if data[:2] in _UTF16 else BOM if data.startswith(BOM) else b""
    if encoding != "utf-8" and not mark and len(data) % 2:  # half of the mark is lost, or of the last letter
        mark = data[:1] if data[:1] in _HALVES else b""
        data = data if mark else data[:-1]
    how = "surrogateescape" if encoding == "utf-8" else "replace"
    text = data[len(mark) :].decode(encoding, how)
    first = text.splitlines()[:_FIRST_LINES]
    header = next((one for one in first if _is_header(one.split(separator_of(one)))), "".join(first[:1]))
    separator = separator_of(header)
    lines = _lines(text, separator)
    at = next((place for place, line in enumerate(lines[:_FIRST_LINES]) if _is_header(line.cells)), -1)
    names = [_known(cell.strip()) for cell in lines[at].cells] if at >= 0 else list(consent_table.columns())
    while names and not names[-1]:  # as spreadsheets add them
        names.pop()
    return ConsentTable(text, encoding, mark, separator, names, at, lines)


def _encoding_of(data: bytes) -> str:
    """Return the encoding of a table: also of one in UTF-16 that has lost its mark, or half of it."""
    if data[:2] in _UTF16:
        return _UTF16[data[:2]]
    even = data[len(data) % 2 :] if data[:1] in _HALVES else data
    evens, odds = even[::2].count(0), even[1::2].count(0)
    if max(evens, odds) * _MOSTLY < len(data):
        return "utf-8"
    return "utf-16-be" if evens > odds else "utf-16-le"


def _known(name: str) -> str:
    """Return the name of a column as the schema has it, where only its letters are other ones: ID, Story."""
    return name.casefold() if name.casefold() in consent_table.columns() else name


def _is_header(cells: Sequence[str]) -> bool:
    return len({_known(cell.strip(' "\r\n')) for cell in cells} & {*consent_table.columns()}) >= _KNOWN


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


def day_of(row: Row) -> str:
    """Return what a row says of when it was withdrawn; of a broken one only what was written here.

    A day there may be another column's, like the last one of the consent.
    """
    marked = consent_cells.marked_day(row.values())
    return marked or ("" if BROKEN in row else row.get(WITHDRAWN, ""))


def with_rows(table: ConsentTable, rows: Sequence[Row]) -> ConsentTable:
    """Return the table with rows at its end."""
    more = "".join(table.written([row.get(name, "") for name in table.names]) for row in rows)
    return table.with_texts({}, more) if more else table


def with_day(table: ConsentTable, is_meant: Callable[[Row], bool], told: str, day: str) -> tuple[ConsentTable, int]:
    """Return the table with a day in each row that is meant, and how many there are. told: what a person named."""
    places = [at for at, line in enumerate(table.own) if is_meant(table.row(line))]
    if WITHDRAWN not in table.names:
        table = _with_column(table)
    meant = [table.own[at] for at in places]
    broken = [line for line in meant if not table.is_whole(line)]
    of_others = [line for line in broken if table.has_columns and broken_rows.place_of(table.row(line), told)]
    own = [line for line in meant if line.is_sure and line not in of_others]
    texts = {line.start: table.written(_with_day(table, line, day)) for line in own}
    return table.with_texts(texts, _apart(table, list(map(table.row, broken)), told, day)), len(meant)


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
    is_in_doubt = table.is_exchanged or (BROKEN in row and (table.is_whole(line) or not table.has_columns))
    cells = [*line.cells, *[""] * (last + 1 - len(line.cells))]  # no further: a row that is too short stays so
    for at, name in enumerate(table.names[: len(cells)]):
        cell = cells[at].strip()
        if name == WITHDRAWN and not cell.startswith(day) and not day_of({**row, WITHDRAWN: cell}):
            # It may be another column's: nothing of it is lost, and what was written here is known again.
            cells[at] = (
                f"{WITHDRAWN_PREFIX}{day}, {cell}" if cell else f"{WITHDRAWN_PREFIX}{day}" if is_in_doubt else day
            )
    return cells


def _apart(table: ConsentTable, broken: Sequence[Row], told: str, day: str) -> str:
    """Return rows that withdraw what broken rows name: where somebody mends those, the day may stand elsewhere."""
    if not table.has_columns:
        return ""  # it would be as broken as they are; the day stands in the column of its name
    whole = [row for row in map(table.row, table.own) if BROKEN not in row]
    gone = [row for row in whole if row.get(WITHDRAWN)]
    ids, rows = {row.get("id", "").casefold() for row in map(table.row, table.own)}, []
    gone_media = {name for one in gone for name in consent_names.media_names(one["media"])}
    gone_stories = {consent_names.story_name(one["story"]) for one in gone if one["story"]}
    for row in broken:
        meant = broken_rows.meant_in(row, told)
        media = broken_rows.media_in(meant) - gone_media
        stories = broken_rows.stories_in(meant) - gone_stories
        for story in sorted(stories) or ([""] if media else []):
            begin = re.sub(
                r"[^a-z0-9]+",
                "-",
                f"withdrawn-{story.removeprefix(consent_names.STORIES_FOLDER) or row['id'].casefold()}",
            )
            name = next(name for at in range(1, len(ids) + 2) if (name := f"{begin.strip('-')}-{at}") not in ids)
            ids.add(name)
            said = {"id": name, "kind": "survivor", "story": story, "media": " ".join(sorted(media)), WITHDRAWN: day}
            rows.append([said.get(column, "") for column in table.names])
            media = set()
    return "".join(map(table.written, rows))
