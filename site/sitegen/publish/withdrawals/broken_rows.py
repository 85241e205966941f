"""What a broken row of consents.csv may name: it is in doubt which cell is which, or two people share one line."""

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import PurePosixPath

from sitegen.content.consent import consent_names
from sitegen.layers.rows import BROKEN

_SEPARATORS = re.compile(r"[\s,;|\"']+")
_STORY = re.compile(rf"[^\s,;|\"']*{consent_names.STORIES_FOLDER}[^\s,;|\"']+", re.I)

Row = Mapping[str, str]


def names_in(row: Row) -> set[str]:
    """Return everything that the cells of a broken row may name; nothing for any other row."""
    return {name for name in _SEPARATORS.split(row.get(BROKEN, "").casefold()) if name}


def stories_in(row: Row) -> set[str]:
    """Return the stories that a broken row may be for, like "stories/the-advance"."""
    return {consent_names.story_name(name) for name in names_in(row) if consent_names.STORIES_FOLDER in name}


def media_in(row: Row) -> set[str]:
    """Return the files under media that a broken row may be for."""
    names = names_in(row) - {
        name for name in names_in(row) if consent_names.STORIES_FOLDER in name and name.endswith(".md")
    }
    return {consent_names.media_name(name) for name in names if "/" in name and PurePosixPath(name).suffix}


def meant_in(row: Row, query: str) -> Row:
    """Return a broken row with only the part for the person who is meant, where several people share a line."""
    parts = _people_in(row)
    return {**row, BROKEN: parts[place_of(row, query)]} if parts else row


def place_of(row: Row, query: str) -> int:
    """Return the index of the person in a row whom a story, file or id means; 0 also where it may mean any of them.

    Only the first person's cells are in the row's columns.
    """
    parts = [{**row, BROKEN: part} for part in _people_in(row)]
    if not parts:
        return 0
    for index, part in enumerate(parts):
        if consent_names.story_name(query) in stories_in(part) or consent_names.media_name(query) in media_in(part):
            return index
    match = re.search(rf"{re.escape(query.strip().casefold())}(?:$|{_SEPARATORS.pattern})", row[BROKEN].casefold())
    before = row[BROKEN][: match.start()] if match else ""
    return min(len(_STORY.findall(before)), len(parts) - 1)


def _people_in(row: Row) -> list[str]:
    """Split a broken row at its stories: where the end of a line is lost, two people share the line."""
    text = row.get(BROKEN, "")
    starts = [match.start() for match in _STORY.finditer(text)]
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]
