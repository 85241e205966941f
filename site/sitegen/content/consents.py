"""Which stories a person's consent covers: read for the build, and leniently where everything else is broken."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from forms.core import i18n
from forms.core.problem import Problem
from sitegen.content import csv_files, dates
from sitegen.content.pages import SOURCE, Library, Source
from sitegen.content.tables import Row

FOLDER = "stories/"
TABLE = Path("tables") / "consents.csv"
WARN_BEFORE = timedelta(days=30)

_NAMED = re.compile(r"^consent:\s*[\"']?([^\s\"'#]+)", re.M)


def languages(cell: str) -> frozenset[str]:
    """Return the language codes of a cell, with spaces, commas or semicolons between them, in any case."""
    return frozenset(re.split(r"[\s,;]+", cell.strip().lower())) - {""}


def _ended(consent: Row, language: str, today: date) -> str:
    """Return why a consent on record does not cover a language any more; "" where it does."""
    if consent["withdrawn_on"]:
        return f"the consent was withdrawn on {consent['withdrawn_on']}"
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
            if why := _ended(consent, code, today):
                pages[name] = neutral_page(name, code)
                left.append(f"content/{code}/{name}: {why}. A neutral page stands in its place.")
    return Library(by_language), left


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
        if soon and f"{row['story']}.md" in library.names:
            yield f"content/tables/consents.csv, {row['id']}: the consent ends on {ends}. Ask the person again."


@dataclass(frozen=True)
class Consents:
    """The rows of consents.csv as far as they can be read; everything in doubt is no consent."""

    content: Path
    rows: tuple[Mapping[str, str], ...]

    def cover(self, story: str, language: str, today: date) -> bool:
        """Return whether a story, like "stories/a", may be shown in a language today."""
        named = self._named(story, language)
        rows = [row for row in self.rows if row.get("id") == named and row.get("story") == story]
        return len(rows) == 1 and _is_valid(rows[0], language, today)

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


def read_leniently(content: Path) -> Consents:
    """Read consents.csv without the other tables; a file that cannot be read holds no consent."""
    try:
        sheet = csv_files.read_sheet(content / TABLE)
    except (Problem, OSError):
        return Consents(content, ())
    rows = (dict(zip(sheet.header, row, strict=True)) for row in sheet.rows if len(row) == len(sheet.header))
    return Consents(content, tuple(rows))


def _is_valid(row: Mapping[str, str], language: str, today: date) -> bool:
    if row.get("withdrawn_on") or language not in languages(row.get("languages", "")):
        return False
    if "true" not in {row.get("adult", "").lower()} & {row.get("name_changed", "").lower()}:
        return False
    ends = _day(row.get("expires_on", ""))
    if row.get("kind") == "composite":
        return not row.get("expires_on") or (ends is not None and today < ends)
    given = _day(row.get("given_on", ""))
    approved = row.get("approved_by") and row.get("approved_on") and row.get("court_case") in {"no", "cleared"}
    return bool(approved and given and ends and given <= today < ends)


def _day(cell: str) -> date | None:
    found = dates.read(cell)
    return found.date() if found else None
