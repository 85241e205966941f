"""Which stories, pictures and recordings consent covers: read for the build, and leniently where all else is broken."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from forms.core import i18n
from forms.core.problem import Problem
from sitegen.content import csv_files, dates
from sitegen.content.pages import SOURCE, Library, Source
from sitegen.content.tables import Row

FOLDER = "stories/"
TABLE = Path("tables") / "consents.csv"
WARN_BEFORE = timedelta(days=30)

NOBODY = "nobody"
"""The kind of a row that lists pictures without people."""

STORY_FOLDERS = frozenset({"stories", "story", "survivors", "survivor", "testimonies", "testimony"})
"""Names under which staff may file a story; only `stories` is published."""

_NAMED = re.compile(r"^consent:\s*[\"']?([^\s\"'#]+)", re.M)
_MARKED = re.compile(r"^(?:consent|composite)\s*:|^kind\s*:\s*[\"']?(?:survivor|composite)\b", re.M | re.I)
_STORY_PATH = re.compile(r"(?:^|/)(stories/.*)$")
_IN_A_LANGUAGE = re.compile(r"^(?:.*content/)?[a-z]{2,3}(?:-[a-z]+)?/(?=.)")
_MEDIA_FOLDER = re.compile(r"^/?(?:content/)?media/")
_OTHER_FILES = (".csv", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")


def languages(cell: str) -> frozenset[str]:
    """Return the language codes of a cell, with spaces, commas, semicolons or strokes between them, in any case."""
    return frozenset(re.split(r"[\s,;/|]+", cell.strip().lower())) - {""}


def media_name(text: str) -> str:
    """Return one form for the name of a file in content/media, however it is written."""
    return _MEDIA_FOLDER.sub("", unicodedata.normalize("NFC", text.strip().replace("\\", "/")).casefold())


def media_names(cell: str) -> frozenset[str]:
    """Return the files that a cell of the column media lists, with spaces, commas or semicolons between them."""
    return frozenset(map(media_name, re.split(r"[\s,;]+", cell))) - {""}


def story_name(text: str) -> str:
    """Return one form for a story that is named by page, file or address, like "stories/the-advance"."""
    path = text.strip().replace("\\", "/").casefold().strip("/").removesuffix("/index.html").removesuffix(".md")
    if found := _STORY_PATH.search(path):
        return found[1]
    path = _IN_A_LANGUAGE.sub("", path) if "/" in path else path
    return path if "/" in path else FOLDER + path


def is_story(page: Source) -> bool:
    """Return whether a page needs a consent: by its folder, or because it says that it is a story."""
    if page.made:
        return False
    in_folder = bool(STORY_FOLDERS & {part.casefold() for part in page.name.split("/")[:-1]})
    return in_folder or bool(_MARKED.search("\n".join(f"{key}: {value}" for key, value in page.meta.items())))


def _ended(consent: Row, rows: Sequence[Row], language: str, today: date) -> str:
    """Return why a consent on record does not cover a language any more; "" where it does."""
    if consent["withdrawn_on"]:
        return f"the consent was withdrawn on {consent['withdrawn_on']}"
    for row in rows:
        same, day = row["story"] == consent["story"], row["withdrawn_on"]
        if same and day and (consent["given_on"] is None or consent["given_on"] <= day):
            return f"the consent was withdrawn on {day} (row {row['id']})"
    if consent["expires_on"] and consent["expires_on"] <= today:
        return f"the consent ended on {consent['expires_on']}"
    return "" if language in languages(consent["languages"]) else f"the consent does not cover {language}"


def without_withdrawn(library: Library, rows: Sequence[Row], today: date) -> tuple[Library, list[str]]:
    """Return the library with a neutral page for each story and language that consent has left, and what was left."""
    by_language = {code: dict(pages) for code, pages in library.by_language.items()}
    left = []
    for name in (name for name in library.names if name.startswith(FOLDER)):
        for code, pages in by_language.items():
            source = library.find(name, code)
            consent = next((row for row in rows if row["id"] == source.meta.get("consent")), None)
            if consent is None or consent["story"] != name.removesuffix(".md"):
                continue  # the checks name this
            if why := _ended(consent, rows, code, today):
                pages[name] = neutral_page(name, code)
                left.append(f"content/{code}/{name}: {why}. A neutral page stands in its place.")
    return replace(library, by_language=by_language), left


def neutral_page(name: str, language: str) -> Source:
    """Return the page that stands in place of a withdrawn story."""
    title, text = neutral_words(language)
    meta = {"title": title, "search": False, "voice": False, "withdrawn": True, "reviewed_by": "generator"}
    return Source(name, language, meta, f"# {title}\n\n{text}\n", 1, made=True)


def neutral_words(language: str) -> tuple[str, str]:
    """Return the title and the sentence of a neutral page."""
    _ = i18n.say(language)
    return _("This page is no longer here"), _("It was taken away. Please do not share copies of it.")


def ending_soon(library: Library, rows: Sequence[Row], today: date) -> Iterator[str]:
    """Say which consents of published stories end within 30 days."""
    for row in rows:
        ends = row["expires_on"]
        soon = ends and not row["withdrawn_on"] and today < ends <= today + WARN_BEFORE
        if soon and (row["media"] or f"{row['story']}.md" in library.names):
            yield f"content/tables/consents.csv, {row['id']}: the consent ends on {ends}. Ask the person again."


@dataclass(frozen=True)
class Consents:
    """The rows of consents.csv as far as they can be read; everything in doubt is no consent."""

    content: Path
    rows: tuple[Mapping[str, str], ...]

    def cover(self, story: str, language: str, today: date) -> bool:
        """Return whether a story, like "stories/a", may be shown in a language today."""
        named = self._named(story, language).casefold()
        rows = [row for row in self.rows if row.get("id", "").casefold() == named]
        fits = len(rows) == 1 and story_name(rows[0].get("story", "")) == story.casefold()
        return fits and self._is_valid(rows[0], language, today)

    def media(self, today: date) -> dict[str, frozenset[str]]:
        """Return each file that rows name under media, with the languages in which it may be shown today.

        Where it shows two people, both must agree.
        """
        found: dict[str, frozenset[str]] = {}
        for row in self.rows:
            if row.get("kind") == NOBODY and not row.get("withdrawn_on"):
                continue
            codes = languages(row.get("languages", ""))
            valid = frozenset(code for code in codes if self._is_valid(row, code, today))
            for name in media_names(row.get("media", "")):
                found[name] = found.get(name, valid) & valid
        return found

    def without_people(self) -> frozenset[str]:
        """Return the files that somebody has looked at and found to show no person."""
        rows = (row for row in self.rows if row.get("kind") == NOBODY and not row.get("withdrawn_on"))
        return frozenset(name for row in rows if row.get("approved_by") for name in media_names(row.get("media", "")))

    def stories(self) -> frozenset[str]:
        """Return the pages outside stories/ that say they are stories, or that a row names."""
        rows = {story_name(row["story"]) for row in self.rows if row.get("story")}
        marked = {
            path.relative_to(self.content).as_posix().partition("/")[2].removesuffix(".md")
            for path in self.content.glob("*/**/*.md")
            if _is_marked(path, _changed(path))
        }
        return frozenset(rows | marked)

    def _is_valid(self, row: Mapping[str, str], language: str, today: date) -> bool:
        return _is_valid(row, language, today) and not self._is_withdrawn_elsewhere(row)

    def _is_withdrawn_elsewhere(self, row: Mapping[str, str]) -> bool:
        """Return whether another row of the same story was withdrawn, and not before this consent was given."""
        name, given = story_name(row.get("story", "")), _day(row.get("given_on", ""))
        for other in self.rows if row.get("story") else ():
            if other.get("withdrawn_on") and story_name(other.get("story", "")) == name:
                day = _day(other["withdrawn_on"])
                if day is None or given is None or given <= day:
                    return True
        return False

    def _named(self, story: str, language: str) -> str:
        """Return the consent that a story's page names in this language, else in English; "" where there is none."""
        for code in (language, SOURCE):
            try:
                text = (self.content / code / f"{story}.md").read_text(encoding="utf-8-sig", errors="replace")
            except OSError:
                continue
            found = _NAMED.search(text)
            return found[1] if found else ""
        return ""


def _changed(path: Path) -> int:
    """Return when a file was changed; 0 where there is none, as behind the links that some editors make."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@cache
def _is_marked(path: Path, _changed: int) -> bool:
    """Return whether the front matter of a page says that it is a story; read again only when it has changed."""
    with suppress(OSError):
        head = path.read_text(encoding="utf-8-sig", errors="replace").partition("\n---")[0]
        return bool(_MARKED.search(head))
    return False


def newer_file(content: Path) -> str:
    """Return the name of a file beside consents.csv that is newer and may hold a withdrawal; "" where there is none."""
    table = content / TABLE
    try:
        since = table.stat().st_mtime
        others = [path for path in table.parent.iterdir() if path.name.casefold().startswith("consents")]
        newer = [path for path in others if path.suffix.lower() in _OTHER_FILES and path.stat().st_mtime > since]
    except OSError:
        return ""
    return min((path.name for path in newer), default="")


def read_leniently(content: Path) -> Consents:
    """Read consents.csv without the other tables; a file that cannot be read, or is in doubt, holds no consent."""
    try:
        sheet = csv_files.read_sheet(content / TABLE)
    except (Problem, OSError):
        return Consents(content, ())
    if newer_file(content):
        return Consents(content, ())
    rows = (dict(zip(sheet.header, row, strict=True)) for row in sheet.rows if len(row) == len(sheet.header))
    return Consents(content, tuple(rows))


def _is_valid(row: Mapping[str, str], language: str, today: date) -> bool:
    if row.get("withdrawn_on") or language not in languages(row.get("languages", "")):
        return False
    if "true" not in {row.get("adult", "").lower()} & {row.get("name_changed", "").lower()}:
        return False
    given, ends = _day(row.get("given_on", "")), _day(row.get("expires_on", ""))
    approved = row.get("approved_by") and row.get("approved_on") and row.get("court_case") in {"no", "cleared"}
    return bool(approved and given and ends and given <= today < ends)


def _day(cell: str) -> date | None:
    found = dates.read(cell)
    return found.date() if found else None
