"""What a consent covers: stories, quotes, pictures and recordings, by language and day."""

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
"""The kind of a row that lists files in which nobody can be recognised."""

_CONSENT_KEY = re.compile(r"^consent:\s*[\"']?([^\s\"'#]+)", re.M)


def names_in_broken_row(broken: Mapping[str, str]) -> list[str]:
    """Return every word of a broken row, since each may be the name of a consent, story or file."""
    return [*filter(None, re.split(r"[\s,;|\"']+", broken.get(rows.BROKEN, "").casefold()))]


def _is_for(row: Mapping[str, str], page: str, column: str) -> bool:
    if column == "quotes":
        return page_name(page) in page_names(row.get(column, ""))
    return story_name(row.get("story", "")) == story_name(page)


@dataclass(frozen=True)
class ConsentStatus:
    """Whether a consent covers a page and language today: if not, the reason.

    lapsed: it was withdrawn, has ended or does not include the language, so the build leaves out what it was for. Any
    other reason is a gap in the record and stops the build, so that nothing new is published by mistake.
    """

    reason: str = ""
    lapsed: bool = False


_UNREADABLE = ConsentStatus(_("a row of consents.csv that names it cannot be read"))
_MISSING = ConsentStatus(_("there is no consent record of its own"))
_INCOMPLETE = ConsentStatus(_("the consent record is not complete"))


@dataclass(frozen=True)
class Consents:
    """The rows of consents.csv as far as they can be read. Nothing else decides what a consent covers.

    A withdrawal always wins, also in another row of the same story or with a day that cannot be read. A broken row (too
    few or too many cells, an unknown column) covers nothing and hides every consent, story and file that it names. If
    the table cannot be read, a file beside it is newer, or a broken row names nothing known, no consent is valid.
    """

    content: Path
    rows: tuple[Mapping[str, str], ...]

    def covers(self, story: str, language: str, today: date) -> bool:
        """Return whether a story, like "stories/a", may be shown in a language today."""
        return not self.status(self._consent_of(story, language), story, language, today).reason

    def status(self, consent: str, page: str, language: str, today: date, *, column: str = "story") -> ConsentStatus:
        """Return whether the consent of this id covers a page and language today.

        column: "story" for a page that is a story, like "stories/a"; "quotes" for quotes on any other page.
        """
        rows = [row for row in self.rows if row.get("id", "").casefold() == consent.casefold()]
        if self._in_broken(consent):
            return _UNREADABLE
        if len(rows) != 1 or not _is_for(rows[0], page, column):
            return _MISSING
        return self._status(rows[0], language, today)

    def media(self, today: date) -> dict[str, frozenset[str]]:
        """Return each file that a row names, with the languages (in lower case) in which it may be shown today.

        A file that several rows name needs all their consents.
        """
        allowed: dict[str, frozenset[str]] = {}
        for row in self.rows:
            if self._shows_nobody(row):
                continue
            codes = languages(row.get("languages", ""))
            valid = frozenset(code for code in codes if not self._status(row, code, today).reason)
            for name in {*media_names(row.get("media", "")), *map(media_name, names_in_broken_row(row))}:
                allowed[name] = allowed.get(name, valid) & valid
        return allowed

    def without_people(self) -> frozenset[str]:
        """Return the files of which somebody has confirmed that they show no person."""
        rows = [row for row in self.rows if self._shows_nobody(row) and row.get("approved_by")]
        return frozenset(name for row in rows for name in media_names(row.get("media", "")))

    def _shows_nobody(self, row: Mapping[str, str]) -> bool:
        return row.get("kind") == NOBODY and not (row.get("withdrawn_on") or self._is_broken(row))

    @cached_property
    def stories(self) -> frozenset[str]:
        """The names of stories in the table, and of pages outside stories/ that say they are stories."""
        rows = frozenset(story_name(row["story"]) for row in self.rows if row.get("story"))
        return rows | marked_stories(self.content)

    def _status(self, row: Mapping[str, str], language: str, today: date) -> ConsentStatus:
        given, ends = _day(row.get("given_on", "")), _day(row.get("expires_on", ""))
        if row.get("withdrawn_on"):
            return ConsentStatus(f"the consent was withdrawn on {row['withdrawn_on']}", lapsed=True)
        if reason := self._withdrawn_elsewhere(row, given):
            return ConsentStatus(reason, lapsed=True)
        if ends and ends <= today:
            return ConsentStatus(f"the consent ended on {ends}", lapsed=True)
        if language.lower() not in languages(row.get("languages", "")):
            return ConsentStatus(f"the consent does not cover {language}", lapsed=True)
        is_complete = row.get("approved_by") and row.get("approved_on") and row.get("court_case") in {"no", "cleared"}
        is_adult = "true" in {row.get("adult", "").lower()} & {row.get("name_changed", "").lower()}
        if self._is_broken(row) or not (is_complete and is_adult and given and ends and given <= today):
            return _INCOMPLETE
        return ConsentStatus()

    def _is_broken(self, row: Mapping[str, str]) -> bool:
        """Return whether a row is broken, or a broken row names it, as one in the district names that of a library."""
        return bool(row.get(rows.BROKEN)) or self._in_broken(row.get("id", ""))

    def _in_broken(self, name: str) -> bool:
        return name.casefold() in self._broken

    @cached_property
    def _broken(self) -> frozenset[str]:
        """Every word of every broken row."""
        return frozenset(name for row in self.rows if row.get(rows.BROKEN) for name in names_in_broken_row(row))

    def _withdrawn_elsewhere(self, row: Mapping[str, str], given: date | None) -> str:
        """Return why another row of the same story ends this consent, or "".

        It is broken, or was withdrawn on or after the day on which this consent was given.
        """
        name = story_name(row.get("story", ""))
        for other in self.rows if row.get("story") else ():
            if other.get(rows.BROKEN) and other is not row and name in map(story_name, names_in_broken_row(other)):
                return "another row of consents.csv that names it cannot be read"
            if other.get("withdrawn_on") and story_name(other.get("story", "")) == name:
                day = _day(other["withdrawn_on"])
                if day is None or given is None or given <= day:
                    return f"the consent was withdrawn on {other['withdrawn_on']} (row {other.get('id', '')})"
        return ""

    def _consent_of(self, story: str, language: str) -> str:
        """Return the consent that a story's page names, in this language or else in English; "" for none."""
        for code in (language, SOURCE):
            try:
                path = lookup.find(self.content, f"{code}/{story}.md")
                text = path.read_text(encoding="utf-8-sig", errors="replace")
            except OSError:
                continue
            match = _CONSENT_KEY.search(text)
            return match[1] if match else ""
        return ""


def _day(cell: str) -> date | None:
    moment = dates.parse(cell)
    return moment.date() if moment else None
