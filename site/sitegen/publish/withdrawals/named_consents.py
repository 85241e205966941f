"""Find the consents and stories that a person means: by page, file, address, consent or picture."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from forms.core.problem import Problem
from sitegen.content.consent import consent_names, consent_table
from sitegen.content.spreadsheets import csv_files
from sitegen.layers import lookup
from sitegen.publish.addresses import redirects
from sitegen.publish.withdrawals import broken_rows, lenient_table
from sitegen.publish.withdrawals.lenient_table import Row


def current_name(query: str, content: Path, public: Path) -> str:
    """Return the name to which the page at an old address has moved, or the query itself."""
    if matching_rows(_known_rows(content), query)[0]:
        return query
    moved = {
        consent_names.story_name(old): consent_names.story_name(new) for old, new in redirects.targets(public).items()
    }
    name = consent_names.story_name(query)
    for _step in moved:  # a redirect may lead to another one
        name = moved.get(name, name)
    return name if consent_names.story_name(query) in moved else query


def stories_of(query: str, content: Path, public: Path) -> list[str] | None:
    """Return the stories that a query means, like "stories/the-advance".

    None where neither the staff's files nor the built site have such a page, and consents.csv has no such row.
    """
    name = consent_names.story_name(query)
    rows, by_id = matching_rows(_known_rows(content), query)
    stories = {consent_names.story_name(row["story"]) for row in rows if row.get("story")}
    stories |= {story for row in rows for story in broken_rows.stories_in(row)}
    if by_id:
        return sorted(stories)
    files = [
        path.relative_to(layer.folder) for layer in lookup.layers(content) for path in layer.folder.glob("*/**/*.md")
    ]
    files += [path.parent.relative_to(public) for path in public.glob("*/**/index.html")]
    is_page = any(path.as_posix().partition("/")[2].removesuffix(".md").casefold() == name for path in files)
    return sorted({*([name] if is_page else []), *stories}) if is_page or rows else None


def other_consents(query: str, content: Path) -> list[str]:
    """Return the ids of other consents whose story, file or page has the same name as the consent that is meant."""
    rows = _known_rows(content)
    meant, by_id = matching_rows(rows, query)
    others = (row for row in rows if by_id and row not in meant and _names(row, query))
    return sorted({row.get("id", "") for row in others})


def matching_rows(rows: Sequence[Row], query: str) -> tuple[list[Row], bool]:
    """Return the rows that a query means, and whether by their id: an id means no other person's consent."""
    if exact := [row for row in rows if row.get("id", "").casefold() == query.strip().casefold()]:
        return exact, True
    named = [row for row in rows if _names(row, query)]
    return named or [row for row in rows if _has_cell(row, query)], False


def _has_cell(row: Row, query: str) -> bool:
    """Return whether a cell of any column equals a query: two columns may have been exchanged."""
    cells = [cell for name, cell in row.items() if name != "approved_by"]
    return any(cell.casefold() == query.strip().casefold() or _is_story(cell, query) for cell in cells)


def _is_story(cell: str, query: str) -> bool:
    return consent_names.STORIES_FOLDER in cell and consent_names.story_name(cell) == consent_names.story_name(query)


def _names(row: Row, query: str) -> bool:
    """Return whether a row names what a query names: its story, a file, a page with a quote; any of a broken row."""
    story, media, page = (
        name(query) for name in (consent_names.story_name, consent_names.media_name, consent_names.page_name)
    )
    has_story = bool(row.get("story")) and consent_names.story_name(row["story"]) == story
    has_media = media in consent_names.media_names(row.get("media", ""))
    has_quote = page in consent_names.page_names(row.get("quotes", ""))
    names = {query.strip().casefold(), story, media, page}
    return has_story or has_media or has_quote or not names.isdisjoint(broken_rows.names_in(row))


def _known_rows(content: Path) -> Sequence[Row]:
    """Return all rows of consents; as they can be read one by one where the table as a whole holds no consent."""
    rows = consent_table.read_leniently(content).rows
    return rows or [*lenient_table.rows_of_district(content), *library_rows(content)]


def library_rows(content: Path) -> list[Row]:
    """Return the rows of the libraries' tables of consents, as far as they can be read."""
    rows: list[Mapping[str, str]] = []
    for layer in list(lookup.layers(content))[1:]:
        with suppress(Problem):
            sheet = csv_files.read_csv(layer.folder / consent_table.TABLE)
            rows += [consent_table.parse_row(sheet.header, cells) for cells in sheet.rows]
    return rows


def id_of(row: Row) -> str:
    """Return the id of a row in lower case, "" where it has none."""
    return row.get("id", "").casefold()
