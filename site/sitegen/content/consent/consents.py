"""Which stories, pictures and recordings consent covers: read for the build, and leniently where all else is broken."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from forms.core.i18n.lazy_text import lazy_gettext as _
from sitegen.content.consent.consent_names import languages, media_name, media_names, page_name, page_names, story_name
from sitegen.content.consent.marked_stories import marked_stories
from sitegen.content.pages import SOURCE
from sitegen.content.spreadsheets import dates
from sitegen.layers import lookup, rows

NOBODY = "nobody"
"""The kind of a row that lists pictures without people."""


_NAMED = re.compile(r"^consent:\s*[\"']?([^\s\"'#]+)", re.M)


def names_in_broken_row(broken: Mapping[str, str]) -> list[str]:
    """Return all that the cells of a broken row may name, whatever was meant to part them."""
    return [*filter(None, re.split(r"[\s,;|\"']+", broken.get(rows.BROKEN, "").casefold()))]


def _is_for(row: Mapping[str, str], page: str, column: str) -> bool:
    if column == "quotes":
        return page_name(page) in page_names(row.get(column, ""))
    return story_name(row.get("story", "")) == story_name(page)


@dataclass(frozen=True)
class Standing:
    """Why a consent does not cover a language today, and whether it has left by itself; no reason where it covers it.

    left: it was withdrawn, has ended, or does not cover the language, so what it is for goes by itself; else something
    is missing from the record, which stops a build, so that nothing new is published by mistake.
    """

    why: str = ""
    left: bool = False


_ROW_UNREAD = Standing(_("a row of consents.csv that names it cannot be read"))
_NO_ROW = Standing(_("there is no consent record of its own"))
_NOT_COMPLETE = Standing(_("the consent record is not complete"))


@dataclass(frozen=True)
class Consents:
    """The rows of consents.csv as far as they can be read: the one place where it is decided what a consent covers.

    A withdrawal always wins, also one in another row of the same story, or with a day that cannot be read. A broken row
    (too few or too many cells, a column that the table has not) covers nothing, and hides every consent, story and file
    that any of its cells names. A table that cannot be read, beside which a newer file lies, or with a broken row of
    which nobody can tell whose it is, holds no consent at all.
    """

    content: Path
    rows: tuple[Mapping[str, str], ...]

    def cover(self, story: str, language: str, today: date) -> bool:
        """Return whether a story, like "stories/a", may be shown in a language today."""
        return not self.standing(self._named(story, language), story, language, today).why

    def standing(self, named: str, page: str, language: str, today: date, *, column: str = "story") -> Standing:
        """Return how the consent of this id stands for a page and a language.

        column: story for a page that is one, like "stories/a"; quotes for words of a person on any other.
        """
        rows = [row for row in self.rows if row.get("id", "").casefold() == named.casefold()]
        if self._in_broken(named):
            return _ROW_UNREAD
        if len(rows) != 1 or not _is_for(rows[0], page, column):
            return _NO_ROW
        return self._standing(rows[0], language, today)

    def media(self, today: date) -> dict[str, frozenset[str]]:
        """Return each file that rows name under media, with the languages in which it may be shown today.

        They are in small letters, as `languages` gives them. Where it shows two people, both must agree.
        """
        found: dict[str, frozenset[str]] = {}
        for row in self.rows:
            if row.get("kind") == NOBODY and not (row.get("withdrawn_on") or self._unread(row)):
                continue
            codes = languages(row.get("languages", ""))
            valid = frozenset(code for code in codes if not self._standing(row, code, today).why)
            for name in {*media_names(row.get("media", "")), *map(media_name, names_in_broken_row(row))}:
                found[name] = found.get(name, valid) & valid
        return found

    def without_people(self) -> frozenset[str]:
        """Return the files that somebody has looked at and found to show no person."""
        rows = (
            row for row in self.rows if row.get("kind") == NOBODY and not (row.get("withdrawn_on") or self._unread(row))
        )
        return frozenset(name for row in rows if row.get("approved_by") for name in media_names(row.get("media", "")))

    @cached_property
    def stories(self) -> frozenset[str]:
        """The pages outside stories/ that say they are stories, or that a row names."""
        rows = frozenset(story_name(row["story"]) for row in self.rows if row.get("story"))
        return rows | marked_stories(self.content)

    def _standing(self, row: Mapping[str, str], language: str, today: date) -> Standing:
        given, ends = _day(row.get("given_on", "")), _day(row.get("expires_on", ""))
        if row.get("withdrawn_on"):
            return Standing(f"the consent was withdrawn on {row['withdrawn_on']}", left=True)
        if other := self._withdrawn_elsewhere(row, given):
            return Standing(other, left=True)
        if ends and ends <= today:
            return Standing(f"the consent ended on {ends}", left=True)
        if language.lower() not in languages(row.get("languages", "")):
            return Standing(f"the consent does not cover {language}", left=True)
        whole = row.get("approved_by") and row.get("approved_on") and row.get("court_case") in {"no", "cleared"}
        adult = "true" in {row.get("adult", "").lower()} & {row.get("name_changed", "").lower()}
        if self._unread(row) or not (whole and adult and given and ends and given <= today):
            return _NOT_COMPLETE
        return Standing()

    def _unread(self, row: Mapping[str, str]) -> bool:
        """Return whether a row is broken, or is named by one that is: a district's hides the library's below it."""
        return bool(row.get(rows.BROKEN)) or self._in_broken(row.get("id", ""))

    def _in_broken(self, named: str) -> bool:
        return named.casefold() in self._broken

    @cached_property
    def _broken(self) -> frozenset[str]:
        """All that cells of broken rows may name."""
        return frozenset(name for row in self.rows if row.get(rows.BROKEN) for name in names_in_broken_row(row))

    def _withdrawn_elsewhere(self, row: Mapping[str, str], given: date | None) -> str:
        """Return why another row of the same story counts: withdrawn, not before this consent was given; or broken."""
        name = story_name(row.get("story", ""))
        for other in self.rows if row.get("story") else ():
            if other.get(rows.BROKEN) and other is not row and name in map(story_name, names_in_broken_row(other)):
                return "another row of consents.csv that names it cannot be read"
            if other.get("withdrawn_on") and story_name(other.get("story", "")) == name:
                day = _day(other["withdrawn_on"])
                if day is None or given is None or given <= day:
                    return f"the consent was withdrawn on {other['withdrawn_on']} (row {other.get('id', '')})"
        return ""

    def _named(self, story: str, language: str) -> str:
        """Return the consent that a story's page names in this language, else in English; "" where there is none."""
        for code in (language, SOURCE):
            try:
                path = lookup.find(self.content, f"{code}/{story}.md")
                text = path.read_text(encoding="utf-8-sig", errors="replace")
            except OSError:
                continue
            found = _NAMED.search(text)
            return found[1] if found else ""
        return ""


def _day(cell: str) -> date | None:
    found = dates.parse(cell)
    return found.date() if found else None
