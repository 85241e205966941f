"""What each translation was made from and what a reviewer read, as hashes: an edit shows by itself.

`content/translations.json` is written by the program, never by staff (docs/decisions/0045). Whoever writes a new day
under source_changed says that the translation follows the English of now; a name under reviewed_by signs both texts.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from forms.core.files.durable import write_durably
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.content.page_reader import MOST_KEPT, read_all
from sitegen.content.pages import SOURCE, AllPages, PageSource

FILE = "translations.json"
_PARAGRAPH = re.compile(r"\S(?:[^\n]|\n(?!\s*\n))*")
_NOBODY = "nobody"


@dataclass(frozen=True)
class KnownTranslation:
    """A translation as it was: the days and names in its front matter, and the texts that belonged to them."""

    source_changed: str = ""
    english: tuple[str, ...] = ()
    reviewed_by: str = _NOBODY
    reviewed_on: str = ""
    read: str = ""
    """A hash of both texts that the reviewer read."""

    seen_on: str = ""
    """The day on which the program met the signature."""


@dataclass(frozen=True)
class SourceChange:
    """How the English differs from the one that was translated: lines of new paragraphs, number of lost ones."""

    lines: tuple[int, ...] = field(default=())
    lost: int = 0


def paragraphs(page: PageSource) -> list[tuple[int, str]]:
    """Return the line and the hash of each paragraph; the title and the description are the first, on line 1."""
    head = f"{page.meta.get('title')}\n{page.meta.get('description', '')}"
    return list(_paragraphs(head, page.text, page.first_line))


@lru_cache(maxsize=MOST_KEPT)
def _paragraphs(head: str, text: str, first_line: int) -> tuple[tuple[int, str], ...]:
    found, line, at = [(1, _hash(head))], first_line, 0
    for match in _PARAGRAPH.finditer(text):
        line, at = line + text.count("\n", at, match.start()), match.start()
        found.append((line, _hash(match[0])))
    return tuple(found)


def _hash(text: str) -> str:
    """Return a hash that spaces and ends of lines do not change."""
    return hashlib.sha256(" ".join(unicodedata.normalize("NFC", text).split()).encode()).hexdigest()[:12]


def _hashes(page: PageSource | None) -> tuple[str, ...]:
    return tuple(part for _, part in paragraphs(page)) if page else ()


def _both(page: PageSource, english: PageSource | None) -> str:
    return _hash(" ".join([*_hashes(english), "|", *_hashes(page)]))


def read(content: Path, of: Collection[str] | None = None) -> dict[str, KnownTranslation]:
    """Return what is remembered by page, like "ta/rights.md". Raises Problem where the file cannot be read.

    of: the pages that are asked for; all without it.
    """
    try:
        found = _parsed((content / FILE).read_bytes())
        wanted = found.keys() if of is None else [name for name in of if name in found]
        return {
            name: KnownTranslation(**{**found[name], "english": tuple(found[name]["english"].split())})
            for name in wanted
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
        what = _("cannot be read. The program writes it; nobody else should.")
        raise Problem(f"content/{FILE}", what, _("Put back an older copy of it.")) from None


@lru_cache(maxsize=1)
def _parsed(data: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Return the values of the file; those of the same bytes are kept, since `serve` reads them for each edit."""
    return dict(json.loads(data.decode()))


def updated(library: AllPages, before: Mapping[str, KnownTranslation], today: date) -> dict[str, KnownTranslation]:
    """Return what to remember from now on: new only where somebody wrote another day or another name."""
    fresh = dict(before)
    for page in _translations(library):
        name, english = f"{page.language}/{page.name}", library.source(page.name)
        fresh[name] = _signed(page, english, _followed(page, english, fresh.get(name)), today)
    return fresh


def _translations(library: AllPages) -> Iterator[PageSource]:
    for code, pages in library.by_language.items():
        yield from (page for page in pages.values() if code != SOURCE and not page.made)


def _followed(page: PageSource, english: PageSource | None, known: KnownTranslation | None) -> KnownTranslation:
    day = _text(page, "source_changed")
    if known and known.source_changed == day:
        return known
    return replace(known or KnownTranslation(), source_changed=day, english=_hashes(english))


def _signed(page: PageSource, english: PageSource | None, known: KnownTranslation, today: date) -> KnownTranslation:
    by, on = _text(page, "reviewed_by") or _NOBODY, _text(page, "reviewed_on")
    if (known.reviewed_by, known.reviewed_on) == (by, on):
        return known
    read_now = "" if by == _NOBODY else _both(page, english)
    return replace(known, reviewed_by=by, reviewed_on=on, read=read_now, seen_on=today.isoformat() if read_now else "")


def _text(page: PageSource, key: str) -> str:
    return str(page.meta.get(key) or "").strip()


def remember(content: Path, library: AllPages, today: date) -> None:
    """Write what is remembered, where anything of it is new."""
    before = read(content)
    _write(content, before, updated(library, before, today))


def confirm(
    content: Path, name: str, language: str, languages: tuple[str, ...], today: date, *, followed: bool, signed: bool
) -> None:
    """Remember that a translation follows the English of now, or that both texts of now were read; all else as ever.

    For a program that asked a person: the days in front matter are as they were where something happens twice a day.
    """
    library, before = read_all(content, languages)[0], read(content)
    fresh = updated(library, before, today)
    page, english = library.by_language[language].get(name), library.source(name)
    if page is not None:
        known = fresh[f"{language}/{name}"]
        known = replace(known, english=_hashes(english)) if followed else known
        known = replace(known, read=_both(page, english), seen_on=today.isoformat()) if signed else known
        fresh[f"{language}/{name}"] = known
    _write(content, before, fresh)


def _write(content: Path, before: Mapping[str, KnownTranslation], fresh: Mapping[str, KnownTranslation]) -> None:
    if fresh != before:
        rows: dict[str, dict[str, Any]] = {
            name: {**vars(row), "english": " ".join(row.english)} for name, row in sorted(fresh.items())
        }
        write_durably(content / FILE, (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode())


def applied(library: AllPages, known: Mapping[str, KnownTranslation]) -> AllPages:
    """Return the library with each translation marked stale or unreviewed whose texts were edited since."""
    by_language = {code: dict(pages) for code, pages in library.by_language.items()}
    changes = {}
    for page in _translations(library):
        row, english = known.get(f"{page.language}/{page.name}"), library.source(page.name)
        if (made_from := _of_library(page, library)) and english:
            changes[page.language, page.name] = _change(english, _hashes(made_from))
            meta = {**page.meta, "reviewed_by": _NOBODY}  # whoever read it read it beside the library's English
            by_language[page.language][page.name] = replace(page, meta=meta)
            continue
        if row is None:
            continue
        if english and row.source_changed == _text(page, "source_changed") and row.english != _hashes(english):
            changes[page.language, page.name] = _change(english, row.english)
        same = (row.reviewed_by, row.reviewed_on) == (_text(page, "reviewed_by"), _text(page, "reviewed_on"))
        if same and page.reviewed and row.read != _both(page, english):
            meta = {**page.meta, "reviewed_by": _NOBODY, "review_ended": row.reviewed_by}
            by_language[page.language][page.name] = replace(page, meta=meta)
    return replace(library, by_language=by_language, changes=changes)


def _of_library(page: PageSource, library: AllPages) -> PageSource | None:
    """Return the English of a library's translation where the district's own English says something else."""
    made_from, english = library.replaced.get((page.layer, page.name)), library.source(page.name)
    return made_from if made_from and _hashes(made_from) != _hashes(english) else None


def _change(english: PageSource, before: tuple[str, ...]) -> SourceChange:
    now = paragraphs(english)
    lost = len({*before} - {part for _, part in now})
    return SourceChange(tuple(line for line, part in now if part not in before), lost)


def said(library: AllPages) -> Iterator[str]:
    """Say which paragraphs of the English are new, and which signatures ended with an edit."""
    for (code, name), change in library.changes.items():
        lines = ", ".join(map(str, change.lines))
        new = f"new or changed in line {lines}" if lines else "no new paragraph"
        yield (
            f"content/{code}/{name}: the English was edited since it was translated (content/{SOURCE}/{name}: {new}; "
            f"paragraphs gone: {change.lost}). When the translation follows it, write the day under source_changed."
        )
    for page in _translations(library):
        if by := page.meta.get("review_ended"):
            yield (
                f"{page.where}: it or its English was edited after {by} reviewed it, so it counts as not reviewed. "
                "After another look write the day under reviewed_on."
            )
