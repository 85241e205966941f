"""Whom a broken row of consents.csv names: which cell is which is not sure, or two people stand in one line."""

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import PurePosixPath

from sitegen.content.consent import consent_names
from sitegen.layers.rows import BROKEN

_PARTS = re.compile(r"[\s,;|\"']+")
_STORY = re.compile(rf"[^\s,;|\"']*{consent_names.STORIES_FOLDER}[^\s,;|\"']+", re.I)

Row = Mapping[str, str]


def names_in(row: Row) -> set[str]:
    """Return all that the cells of a broken row may name; nothing of a whole one."""
    return {name for name in _PARTS.split(row.get(BROKEN, "").casefold()) if name}


def stories_in(row: Row) -> set[str]:
    """Return the stories that a broken row may be for, like "stories/the-advance"."""
    return {consent_names.story_name(name) for name in names_in(row) if consent_names.STORIES_FOLDER in name}


def media_in(row: Row) -> set[str]:
    """Return the files under media that a broken row may be for."""
    found = names_in(row) - {
        name for name in names_in(row) if consent_names.STORIES_FOLDER in name and name.endswith(".md")
    }
    return {consent_names.media_name(name) for name in found if "/" in name and PurePosixPath(name).suffix}


def meant_in(row: Row, told: str) -> Row:
    """Return of a broken row only the person who is meant, where several stand in one line."""
    parts = _people_in(row)
    return {**row, BROKEN: parts[place_of(row, told)]} if parts else row


def place_of(row: Row, told: str) -> int:
    """Return which of the people in a row is meant by a story, file or id; 0 for the first, or where it may be any.

    The cells of the first one only are told apart by their columns.
    """
    parts = [{**row, BROKEN: part} for part in _people_in(row)]
    if not parts:
        return 0
    for at, part in enumerate(parts):
        if consent_names.story_name(told) in stories_in(part) or consent_names.media_name(told) in media_in(part):
            return at
    named = re.search(rf"{re.escape(told.strip().casefold())}(?:$|{_PARTS.pattern})", row[BROKEN].casefold())
    before = row[BROKEN][: named.start()] if named else ""
    return min(len(_STORY.findall(before)), len(parts) - 1)


def _people_in(row: Row) -> list[str]:
    """Return a broken row from story to story: the end of a line may be lost, and two people stand in one."""
    text = row.get(BROKEN, "")
    starts = [found.start() for found in _STORY.finditer(text)]
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]
