"""A change as a person reads it: a table by its rows and cells, a text word by word, a page as its readers see it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from flask import g
from sitegen.content.page_reader import DRAFTS_FOLDER
from sitegen.content.spreadsheets.csv_files import parse_csv
from werkzeug.wrappers import Response

from editor import differences, front_matter
from editor.saving.commit_reader import FileChange
from editor.saving.store import text_of
from editor.tables import rows
from editor.tables.rows import RowChange
from editor.window.current import is_office, the_editor
from editor.window.office import gate
from editor.window.preview_pages import in_frame, page_of
from editor.window.problem_pages import no_such_page
from forms.core.problem import Problem


@dataclass(frozen=True)
class Comparison:
    """What a change did to a file: its rows where it is a table, else its text; nothing of either for a picture.

    titles: what a column is called, by its name.
    """

    change: FileChange
    rows: list[RowChange] = field(default_factory=list)
    titles: Mapping[str, str] = field(default_factory=dict)
    pieces: list[differences.Piece] = field(default_factory=list)
    is_page: bool = False


def comparison_of(change: FileChange) -> Comparison:
    """Return a change as it is shown to a person."""
    table = _table_of(change.path)
    if table and (found := _rows(change, table)):
        return Comparison(change, found, rows.titles_of(the_editor().schema_in(g.language, table)))
    return Comparison(change, pieces=_pieces(change), is_page=_is_page(change.path))


def title_of(change: FileChange) -> str:
    """Return the title of a changed page or table; "" where it has none."""
    if table := _table_of(change.path):
        return str(the_editor().schema_in(g.language, table)["title"])
    data = change.after if change.after is not None else change.before
    if not change.path.endswith(".md") or data is None:
        return ""
    with suppress(UnicodeDecodeError):
        lines, _ = front_matter.split(data.decode("utf-8-sig").replace("\r\n", "\n"))
        return str(front_matter.values(lines).get("title") or "")
    return ""


def may_see(change: FileChange) -> bool:
    """Return whether the account may see a change: in an office, a withdrawn story only if it can edit it."""
    folder, _, name = change.path.partition("/")
    page = name.partition("/")[2] if folder == DRAFTS_FOLDER else name
    return not is_office() or gate.shows_words_of(page)


def framed_page(change: FileChange | None, side: str) -> Response:
    """Return a page before or after a change, for a frame, with all else as it is now.

    Raises Problem where there is none.
    """
    data = None if change is None else change.before if side == "before" else change.after
    if change is None or data is None:
        raise no_such_page()
    language, _, name = change.path.partition("/")
    return in_frame(page_of(language, name, text_of(data, name)))


def _table_of(path: str) -> str:
    """Return the table of a path in the history; "" for other files."""
    folder, _, file = path.partition("/")
    name = file.removesuffix(".csv")
    return name if folder == "tables" and name != file and name in the_editor().schemas else ""


def _rows(change: FileChange, table: str) -> list[RowChange]:
    """Return the rows that differ; none where a file is no readable table, or only the order of columns differs."""
    with suppress(Problem):
        before, after = (parse_csv(data, table) if data else None for data in (change.before, change.after))
        existing = before or after
        if existing is not None:
            empty = rows.without_rows(existing)
            keys = rows.keys_of(the_editor().schemas[table])
            return rows.changes(before or empty, after or empty, keys)
    return []


def _pieces(change: FileChange) -> list[differences.Piece]:
    """Return the difference of both texts; nothing for a picture or a recording."""
    before, after = (change.before or b""), (change.after or b"")
    try:
        return differences.pieces(before.decode("utf-8-sig"), after.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return []


def _is_page(path: str) -> bool:
    """Return whether a path in the history is a page of this site."""
    try:
        language, _, name = path.partition("/")
        the_editor().store.page(language, name)
    except Problem:
        return False
    return True
