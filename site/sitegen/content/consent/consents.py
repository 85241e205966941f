"""Which stories, pictures and recordings consent covers: read for the build, and leniently where all else is broken."""

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path

from forms.core import i18n
from forms.core.files.locks import AlreadyLocked, locked_within
from forms.core.files.spreadsheet_csv import cell_text
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.content.consent import cells as consent_cells
from sitegen.content.pages import SOURCE, AllPages, PageSource, placeholder
from sitegen.content.spreadsheets import csv_files, dates
from sitegen.content.tables import Row
from sitegen.languages import table_schemas
from sitegen.layers import lookup, rows

FOLDER = "stories/"
TABLE = Path("tables") / "consents.csv"
WARN_BEFORE = timedelta(days=30)

LOCK = Path(".build") / "consents.lock"
LONGEST_CHANGE = 20.0
"""Seconds to wait for another program that changes the table."""

_SCHEMA = Path(__file__).parents[3] / "schemas" / "consents.yaml"

NOBODY = "nobody"
"""The kind of a row that lists pictures without people."""

_ID = re.compile(r"(?!(?:survivor|composite|nobody)$)[a-z0-9][a-z0-9-]*", re.I)
"""An id, and not a kind that has slipped into its place."""

STORY_FOLDERS = frozenset({"stories", "story", "survivors", "survivor", "testimonies", "testimony"})
"""Names under which staff may file a story; only `stories` is published."""

_NAMED = re.compile(r"^consent:\s*[\"']?([^\s\"'#]+)", re.M)
_MARKED = re.compile(r"^(?:consent|composite)\s*:|^kind\s*:\s*[\"']?(?:survivor|composite)\b", re.M | re.I)
_STORY_PATH = re.compile(r"(?:^|/)(stories/.*)$")
_IN_A_LANGUAGE = re.compile(r"^(?:.*content/)?[a-z]{2,3}(?:-[a-z0-9]{2,8})*/(?=.)")
_MEDIA_FOLDER = re.compile(r"^/?(?:content/)?media/")
_OTHER_FILES = (".csv", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")


def is_id(cell: str) -> bool:
    """Return whether a cell may be the id of a consent."""
    return _ID.fullmatch(cell) is not None


def languages(cell: str) -> frozenset[str]:
    """Return the language codes of a cell, with spaces, commas, semicolons or strokes between them, in any case."""
    return frozenset(re.split(r"[\s,;/|]+", cell.strip().lower())) - {""}


def media_name(text: str) -> str:
    """Return one form for the name of a file in content/media, however it is written."""
    return _MEDIA_FOLDER.sub("", _seen(text).replace("\\", "/").casefold())


def _seen(text: str) -> str:
    """Return a name as a person sees it: without signs that nobody sees, like those of a direction or a joiner."""
    return "".join(char for char in unicodedata.normalize("NFC", text) if unicodedata.category(char) != "Cf").strip()


def _names_in(broken: Mapping[str, str]) -> list[str]:
    """Return all that the cells of a broken row may name, whatever was meant to part them."""
    return [*filter(None, re.split(r"[\s,;|\"']+", broken.get(rows.BROKEN, "").casefold()))]


def media_names(cell: str) -> frozenset[str]:
    """Return the files that a cell of the column media lists, with spaces, commas or semicolons between them."""
    return frozenset(map(media_name, re.split(r"[\s,;]+", cell))) - {""}


def story_name(text: str) -> str:
    """Return one form for a story that is named by page, file or address, like "stories/the-advance"."""
    path = _seen(text).replace("\\", "/").casefold().strip("/").removesuffix("/index.html").removesuffix(".md")
    if found := _STORY_PATH.search(path):
        return found[1]
    path = _IN_A_LANGUAGE.sub("", path) if "/" in path else path
    return path if "/" in path else FOLDER + path


def is_story(page: PageSource) -> bool:
    """Return whether a page needs a consent: by its folder, or because it says that it is a story."""
    if page.made:
        return False
    in_folder = bool(STORY_FOLDERS & {part.casefold() for part in page.name.split("/")[:-1]})
    return in_folder or bool(_MARKED.search("\n".join(f"{key}: {value}" for key, value in page.meta.items())))


def page_names(cell: str) -> frozenset[str]:
    """Return the pages that a cell of the column quotes lists, like "problems/wages", however they are written."""
    return frozenset(map(page_name, re.split(r"[\s,;]+", cell))) - {""}


def page_name(text: str) -> str:
    """Return one form for a page that is named by page, file or address, like "problems/wages"."""
    path = _seen(text).replace("\\", "/").casefold().strip("/").removesuffix("/index.html").removesuffix(".md")
    path = _IN_A_LANGUAGE.sub("", path) if "/" in path else path
    return path.removesuffix("/index").removesuffix("/readme")


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


def without_withdrawn(library: AllPages, rows: Sequence[Row], today: date) -> tuple[AllPages, list[str]]:
    """Return the library with a neutral page for each story and language that consent has left, and what was left."""
    by_language = {code: dict(pages) for code, pages in library.by_language.items()}
    known = of_rows(rows)
    left = []
    for name in library.names:
        for code, pages in by_language.items():
            source = library.find(name, code)
            if not is_story(source):
                continue
            standing = known.standing(str(source.meta.get("consent") or ""), name.removesuffix(".md"), code, today)
            if standing.left:
                pages[name] = neutral_page(name, code)
                left.append(f"content/{code}/{name}: {standing.why}. A neutral page stands in its place.")
    return replace(library, by_language=by_language), left


def of_rows(rows: Sequence[Row]) -> "Consents":
    """Return the rows of the table as the build reads them."""
    as_text = ({name: cell_text(cell) for name, cell in row.items()} for row in rows)
    return Consents(Path(), tuple(map(_with_marked_day, as_text)))


def _with_marked_day(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row as withdrawn where any of its cells says so."""
    day = consent_cells.marked_day(row.values())
    return {**row, rows.WITHDRAWN: day} if day else dict(row)


def neutral_page(name: str, language: str) -> PageSource:
    """Return the page that takes the place of a withdrawn story."""
    return placeholder(name, language, neutral_words(language))


def neutral_words(language: str) -> tuple[str, str]:
    """Return the title and the sentence of a neutral page."""
    translate = i18n.say(language)
    taken_away = translate("It was taken away. Please do not share copies of it.")
    return translate("This page is no longer here"), taken_away


def ending_soon(library: AllPages, rows: Sequence[Row], today: date) -> Iterator[str]:
    """Say which consents of published stories end within 30 days."""
    for row in rows:
        ends = row["expires_on"]
        soon = ends and not row["withdrawn_on"] and today < ends <= today + WARN_BEFORE
        if soon and (row["media"] or row["quotes"] or f"{row['story']}.md" in library.names):
            yield f"content/tables/consents.csv, {row['id']}: the consent ends on {ends}. Ask the person again."


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
            for name in {*media_names(row.get("media", "")), *map(media_name, _names_in(row))}:
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
        rows = {story_name(row["story"]) for row in self.rows if row.get("story")}
        marked = {
            path[len(folder) :].replace(os.sep, "/").partition("/")[2].removesuffix(".md")
            for folder in (f"{layer.folder}{os.sep}" for layer in lookup.layers(self.content))
            for path, state in _pages_below(folder)
            if _is_marked(path, state)
        }
        return frozenset(rows | marked)

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
        return frozenset(name for row in self.rows if row.get(rows.BROKEN) for name in _names_in(row))

    def _withdrawn_elsewhere(self, row: Mapping[str, str], given: date | None) -> str:
        """Return why another row of the same story counts: withdrawn, not before this consent was given; or broken."""
        name = story_name(row.get("story", ""))
        for other in self.rows if row.get("story") else ():
            if other.get(rows.BROKEN) and other is not row and name in map(story_name, _names_in(other)):
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


def _pages_below(folder: str, depth: int = 0) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the path of each page in the folders of this one, and its state; none where a link leads nowhere.

    As text, and with what the folder says of each: `serve` asks again and again. Whoever may not read a folder, reads
    none of it. Links to folders are followed at the top only.
    """
    try:
        with os.scandir(folder) as found:
            entries = [*found]
    except OSError:
        return
    for entry in entries:
        if _is_folder(entry, follow=depth == 0):
            yield from _pages_below(entry.path, depth + 1)
        elif depth and entry.name.endswith(".md"):
            yield entry.path, _state_of(entry)


def _is_folder(entry: os.DirEntry[str], *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:  # a link in a circle
        return False


def _state_of(entry: os.DirEntry[str]) -> tuple[int, ...]:
    try:
        found = entry.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size


@cache
def _is_marked(path: str, _state: tuple[int, ...]) -> bool:
    """Return whether the front matter of a page says that it is a story; read again only when it has changed."""
    with suppress(OSError):
        head = Path(path).read_text(encoding="utf-8-sig", errors="replace").partition("\n---")[0]
        return bool(_MARKED.search(head))
    return False


@contextmanager
def changing(content: Path) -> Iterator[None]:
    """Read, change and write consents.csv, one program at a time: each would write over the other's withdrawal.

    Where there can be no lock, or another program does not let go of it, nobody waits: a withdrawal is more urgent.
    """
    path = content.parent / LOCK
    with ExitStack() as stack:
        with suppress(AlreadyLocked, Problem, OSError):
            path.parent.mkdir(exist_ok=True)
            stack.enter_context(locked_within(path, LONGEST_CHANGE))
        yield


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


def in_doubt(newer: str) -> Problem:
    """Return what is said where a file beside consents.csv is newer."""
    todo = _(
        "If %(file)s holds the newest state, save it as CSV in place of consents.csv. Then remove %(file)s.", file=newer
    )
    what = _("is newer than consents.csv; which of them counts is in doubt.")
    return Problem(f"content/tables/{newer}", what, todo)


def read_leniently(content: Path) -> Consents:
    """Read consents.csv without the other tables; a file that cannot be read, or is in doubt, holds no consent."""
    found = []
    for number, layer in enumerate(lookup.layers(content)):
        path = layer.folder / TABLE
        if number and not path.exists():
            continue  # a library need not have one; the district's must be there
        try:
            sheet = csv_files.read_sheet(path)
        except (Problem, OSError):
            return Consents(content, ())
        if newer_file(layer.folder):
            return Consents(content, ())
        if "id" not in sheet.header:
            return Consents(content, ())
        found.append([row_of(sheet.header, cells) for cells in sheet.rows])
    merged = rows.merged_consents(found)
    ids = frozenset(row.get("id", "").casefold() for row in merged if not row.get(rows.BROKEN))
    if any(row.get(rows.BROKEN) and not _is_told(row, ids) for row in merged):
        return Consents(content, ())  # what it withdraws may be any of them
    return Consents(content, tuple(merged))


def _is_told(broken: Mapping[str, str], ids: frozenset[str]) -> bool:
    """Return whether a broken row still shows whose it is. ids: of the rows that are whole."""
    return is_id(broken.get("id", "")) or not ids.isdisjoint(_names_in(broken))


def row_of(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return a row by columns; broken where a cell may stand in another column than it was meant for."""
    row = dict(zip(header, cells, strict=False))
    sure = len(cells) == len(header) == len({*header}) and frozenset({rows.DROP, *columns()}).issuperset(header)
    sure = sure and not consent_cells.are_misplaced(row, header, columns())
    return _with_marked_day(row if sure else {**row, rows.BROKEN: " ".join(cells)})


@cache
def columns() -> tuple[str, ...]:
    """Return the names of the columns, in the order of the schema."""
    return tuple(str(field["name"]) for field in table_schemas.read_unexpanded(_SCHEMA)["fields"])


def _day(cell: str) -> date | None:
    found = dates.read(cell)
    return found.date() if found else None
