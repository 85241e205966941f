"""The pages that were ever built, and where they moved: `content/addresses.json` (docs/decisions/0049).

The program writes the file, never staff. A missing page has moved if its whole text is on one new page.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from forms.core.files.durable import write_durably
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.content.pages import SOURCE, AllPages, PageSource
from sitegen.content.translations import paragraphs

FILE = "addresses.json"
EVENTS = "events/"
"""The beginning of the names of pages that the build makes from events.csv."""

UNREADABLE_JSON = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError)
"""The errors of reading a file of the program that is missing, damaged or edited."""


@dataclass(frozen=True)
class KnownPage:
    """A page that was built once: hashes of its paragraphs, and the page with the same text, if it moved."""

    text: tuple[str, ...] = ()
    moved_to: str = ""


def read(content: Path) -> dict[str, KnownPage]:
    """Return the recorded pages by name, like "stories/a.md". Raises Problem where the file cannot be read."""
    try:
        return dict(_parse((content / FILE).read_bytes()))
    except FileNotFoundError:
        return {}
    except UNREADABLE_JSON:
        what, todo = _("cannot be read. The program writes it; nobody else should."), _("Put back an older copy of it.")
        raise Problem(f"content/{FILE}", what, todo) from None


@lru_cache(maxsize=2)
def _parse(data: bytes) -> Mapping[str, KnownPage]:
    """Return the pages in a file's bytes. Cached, since a build reads them three times."""
    rows = json.loads(data.decode())
    return {str(name): KnownPage(tuple(row["text"].split()), str(row["moved_to"])) for name, row in rows.items()}


def with_library(library: AllPages, before: Mapping[str, KnownPage]) -> dict[str, KnownPage]:
    """Return the recorded pages updated with those of the staff. A page whose text is on one new page has moved."""
    own = [name for name in library.names if not page_of(library, name).generated]
    built = [name for name in own if library.source(name) or name not in before]  # others have lost their English page
    current = {name: KnownPage(text_hashes(page_of(library, name))) for name in built}
    new = {name: known for name, known in current.items() if name not in before}
    earlier = {
        name: replace(known, moved_to=known.moved_to or _same_text(known, new)) for name, known in before.items()
    }
    return {**earlier, **current}


def page_of(library: AllPages, name: str) -> PageSource:
    """Return the English version of a page, or its first translation."""
    return library.source(name) or next(pages[name] for pages in library.by_language.values() if name in pages)


def text_hashes(page: PageSource) -> tuple[str, ...]:
    """Return the hashes of a page's paragraphs below its main heading, which often changes with the page's name."""
    heading = re.match(r"\s*# [^\n]*\n", page.text)
    text = page.text[heading.end() :] if heading else page.text
    return tuple(digest for _, digest in paragraphs(replace(page, text=text))[1:])


def _same_text(known: KnownPage, new: Mapping[str, KnownPage]) -> str:
    """Return the new page with the text of a known one, "" where there is none or several."""
    names = [name for name, page in new.items() if known.text and page.text == known.text]
    return names[0] if len(names) == 1 else ""


def with_events(library: AllPages, before: Mapping[str, KnownPage]) -> dict[str, KnownPage]:
    """Return the recorded pages updated with those that the build makes from events.csv.

    An event whose row has a new id, with the same title, day, place and text, has moved. The addresses of other events
    and of empty lists lead to the page of all events (moved_pages.redirect_targets).
    """
    generated = {name: page for name, page in library.by_language[SOURCE].items() if name.startswith(EVENTS)}
    current = {name: KnownPage(_event_hashes(page)) for name, page in generated.items()}
    missing = {name: known for name, known in before.items() if name.startswith(EVENTS) and name not in current}
    moved = {
        name: replace(known, moved_to=known.moved_to or _same_text(known, current)) for name, known in missing.items()
    }
    return {**before, **moved, **current}


def _event_hashes(page: PageSource) -> tuple[str, ...]:
    """Return the hash of an event's title, day, place and text; none for a list of events."""
    text = f"{page.title}\n{page.meta['description']}" if "description" in page.meta else ""
    return (hashlib.sha256(text.encode()).hexdigest()[:12],) if text else ()


def record_library(content: Path, library: AllPages) -> None:
    """Record the staff's pages. Raises Problem where the file cannot be read."""
    _write(content, with_library(library, read(content)))


def record_edited(content: Path, library: AllPages, names: Collection[str]) -> None:
    """Record pages whose text was edited, and which existed before. Raises Problem where the file cannot be read."""
    before = read(content)
    edited = {
        name: KnownPage(text_hashes(page_of(library, name)))
        for name in names
        if name in before and library.source(name)
    }
    _write(content, before | edited)


def record_events(content: Path, library: AllPages) -> dict[str, KnownPage]:
    """Record events too, and return all recorded pages. Raises Problem where the file cannot be read."""
    known = with_events(library, read(content))
    with suppress(OSError):  # a folder that cannot be written: what was recorded before still counts
        _write(content, known)
    return known


def _write(content: Path, known: Mapping[str, KnownPage]) -> None:
    if known != read(content):
        rows = {name: {"text": " ".join(page.text), "moved_to": page.moved_to} for name, page in sorted(known.items())}
        write_durably(content / FILE, (json.dumps(rows, ensure_ascii=False, indent=1) + "\n").encode())
