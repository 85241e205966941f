"""Which English text each translation was made from and which texts a reviewer read, as hashes.

A later edit of either text makes the translation outdated or unreviewed. The program alone writes
`content/translations.json` (docs/decisions/0045). A new day under source_changed states that the translation follows
the current English; a new name under reviewed_by states that this person read both current texts.
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
from sitegen.content.page_reader import CACHE_SIZE, read_all
from sitegen.content.pages import SOURCE, AllPages, PageSource

FILE = "translations.json"
_PARAGRAPH = re.compile(r"\S(?:[^\n]|\n(?!\s*\n))*")
_NOBODY = "nobody"


@dataclass(frozen=True)
class TranslationRecord:
    """What is recorded of a translation: days and names of its front matter, and hashes of the texts they belong to."""

    source_changed: str = ""
    english: tuple[str, ...] = ()
    reviewed_by: str = _NOBODY
    reviewed_on: str = ""
    read: str = ""
    """A hash of the two texts that the reviewer read."""

    seen_on: str = ""
    """The day on which the program first saw this review."""


@dataclass(frozen=True)
class SourceChange:
    """How the English changed since it was translated: the lines of new paragraphs, and how many were removed."""

    lines: tuple[int, ...] = field(default=())
    removed: int = 0


def paragraphs(page: PageSource) -> list[tuple[int, str]]:
    """Return the line and the hash of each paragraph. Title and description are the first one, on line 1."""
    head = f"{page.meta.get('title')}\n{page.meta.get('description', '')}"
    return list(_paragraphs(head, page.text, page.first_line))


@lru_cache(maxsize=CACHE_SIZE)
def _paragraphs(head: str, text: str, first_line: int) -> tuple[tuple[int, str], ...]:
    hashes, line, position = [(1, _hash(head))], first_line, 0
    for match in _PARAGRAPH.finditer(text):
        line, position = line + text.count("\n", position, match.start()), match.start()
        hashes.append((line, _hash(match[0])))
    return tuple(hashes)


def _hash(text: str) -> str:
    """Return a short hash that does not depend on whitespace."""
    return hashlib.sha256(" ".join(unicodedata.normalize("NFC", text).split()).encode()).hexdigest()[:12]


def _hashes(page: PageSource | None) -> tuple[str, ...]:
    return tuple(hash_ for _, hash_ in paragraphs(page)) if page else ()


def _hash_of_both(page: PageSource, english: PageSource | None) -> str:
    return _hash(" ".join([*_hashes(english), "|", *_hashes(page)]))


def read(content: Path, of: Collection[str] | None = None) -> dict[str, TranslationRecord]:
    """Return the records by page, like "ta/rights.md". Raises Problem where the file cannot be read.

    of: the pages to return; by default all.
    """
    try:
        records = _parse((content / FILE).read_bytes())
        wanted = records.keys() if of is None else [name for name in of if name in records]
        return {
            name: TranslationRecord(**{**records[name], "english": tuple(records[name]["english"].split())})
            for name in wanted
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError):
        what = _("cannot be read. The program writes it; nobody else should.")
        raise Problem(f"content/{FILE}", what, _("Put back an older copy of it.")) from None


@lru_cache(maxsize=1)
def _parse(data: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Return the values of the file. Cached, since `serve` reads it after each edit."""
    return dict(json.loads(data.decode()))


def updated_records(
    library: AllPages, previous: Mapping[str, TranslationRecord], today: date
) -> dict[str, TranslationRecord]:
    """Return the records with those renewed whose page has another day or reviewer in its front matter."""
    records = dict(previous)
    for page in _translations(library):
        name, english = f"{page.language}/{page.name}", library.source(page.name)
        record = _with_source(page, english, records.get(name))
        records[name] = _with_review(page, english, record, today)
    return records


def _translations(library: AllPages) -> Iterator[PageSource]:
    for code, pages in library.by_language.items():
        yield from (page for page in pages.values() if code != SOURCE and not page.generated)


def _with_source(page: PageSource, english: PageSource | None, record: TranslationRecord | None) -> TranslationRecord:
    day = _text(page, "source_changed")
    if record and record.source_changed == day:
        return record
    return replace(record or TranslationRecord(), source_changed=day, english=_hashes(english))


def _with_review(
    page: PageSource, english: PageSource | None, record: TranslationRecord, today: date
) -> TranslationRecord:
    reviewer, day = _text(page, "reviewed_by") or _NOBODY, _text(page, "reviewed_on")
    if (record.reviewed_by, record.reviewed_on) == (reviewer, day):
        return record
    texts = "" if reviewer == _NOBODY else _hash_of_both(page, english)
    seen_on = today.isoformat() if texts else ""
    return replace(record, reviewed_by=reviewer, reviewed_on=day, read=texts, seen_on=seen_on)


def _text(page: PageSource, key: str) -> str:
    return str(page.meta.get(key) or "").strip()


def save_changes(content: Path, library: AllPages, today: date) -> None:
    """Write the records of these pages, if any changed."""
    previous = read(content)
    _write(content, previous, updated_records(library, previous, today))


def confirm(
    content: Path, name: str, language: str, languages: tuple[str, ...], today: date, *, followed: bool, signed: bool
) -> None:
    """Record that a translation follows the current English, or that somebody read both current texts.

    followed, signed: which of the two a person has confirmed. For the editor: the days in front matter do not show a
    second change on the same day.
    """
    library, previous = read_all(content, languages)[0], read(content)
    records = updated_records(library, previous, today)
    page, english = library.by_language[language].get(name), library.source(name)
    if page is not None:
        record = records[f"{language}/{name}"]
        record = replace(record, english=_hashes(english)) if followed else record
        record = replace(record, read=_hash_of_both(page, english), seen_on=today.isoformat()) if signed else record
        records[f"{language}/{name}"] = record
    _write(content, previous, records)


def _write(content: Path, previous: Mapping[str, TranslationRecord], records: Mapping[str, TranslationRecord]) -> None:
    if records != previous:
        rows: dict[str, dict[str, Any]] = {
            name: {**vars(row), "english": " ".join(row.english)} for name, row in sorted(records.items())
        }
        write_durably(content / FILE, (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode())


def mark_outdated(library: AllPages, records: Mapping[str, TranslationRecord]) -> AllPages:
    """Return the pages, with translations marked as stale or unreviewed if one of their texts was edited since."""
    by_language = {code: dict(pages) for code, pages in library.by_language.items()}
    changes = {}
    for page in _translations(library):
        record, english = records.get(f"{page.language}/{page.name}"), library.source(page.name)
        if (replaced := _replaced_source(page, library)) and english:
            changes[page.language, page.name] = _change(english, _hashes(replaced))
            meta = {**page.meta, "reviewed_by": _NOBODY}  # its reviewer read it beside the library's English
            by_language[page.language][page.name] = replace(page, meta=meta)
            continue
        if record is None:
            continue
        if english and record.source_changed == _text(page, "source_changed") and record.english != _hashes(english):
            changes[page.language, page.name] = _change(english, record.english)
        same = (record.reviewed_by, record.reviewed_on) == (_text(page, "reviewed_by"), _text(page, "reviewed_on"))
        if same and page.reviewed and record.read != _hash_of_both(page, english):
            meta = {**page.meta, "reviewed_by": _NOBODY, "review_ended": record.reviewed_by}
            by_language[page.language][page.name] = replace(page, meta=meta)
    return replace(library, by_language=by_language, changes=changes)


def _replaced_source(page: PageSource, library: AllPages) -> PageSource | None:
    """Return the library's English of its translation if the district has replaced it by another text, else None."""
    original, english = library.replaced.get((page.layer, page.name)), library.source(page.name)
    return original if original and _hashes(original) != _hashes(english) else None


def _change(english: PageSource, previous: tuple[str, ...]) -> SourceChange:
    """Return how the English differs from the paragraphs with these hashes."""
    current = paragraphs(english)
    removed = len({*previous} - {hash_ for _, hash_ in current})
    return SourceChange(tuple(line for line, hash_ in current if hash_ not in previous), removed)


def change_messages(library: AllPages) -> Iterator[str]:
    """Yield a message for each translation whose English changed, and for each review that an edit has ended."""
    for (code, name), change in library.changes.items():
        lines = ", ".join(map(str, change.lines))
        new = f"new or changed in line {lines}" if lines else "no new paragraph"
        yield (
            f"content/{code}/{name}: the English was edited since it was translated (content/{SOURCE}/{name}: {new}; "
            f"paragraphs gone: {change.removed}). When the translation follows it, write the day under source_changed."
        )
    for page in _translations(library):
        if reader := page.meta.get("review_ended"):
            yield (
                f"{page.where}: it or its English was edited after {reader} reviewed it, so it counts as not reviewed. "
                "After another look write the day under reviewed_on."
            )
