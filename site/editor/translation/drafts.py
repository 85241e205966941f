"""Drafts of translations: files beside the pages that the site does not read, shared by all translators.

content/drafts/<language>/<page> has the title, the description and the paragraphs. A placeholder line takes the place
of a missing paragraph, so that the following ones keep their positions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sitegen.content.page_reader import DRAFTS_FOLDER

from editor import front_matter
from editor.paths import within
from editor.saving.commit_reader import Revision
from editor.saving.store import ContentStore
from editor.translation import translating

_PLACEHOLDER = "<!-- not translated yet -->"


@dataclass(frozen=True)
class Draft:
    """An unfinished translation: the text of its file, its id (base), and the last save."""

    text: str
    base: str
    last: Revision | None


def path_of(store: ContentStore, language: str, name: str) -> Path:
    """Return the path of the draft of a page. Raises Problem for a malformed name."""
    return within(store.content, store.content / DRAFTS_FOLDER / store.name(store.page(language, name)))


def read(store: ContentStore, language: str, name: str) -> Draft | None:
    """Return the draft of a page; None where there is none. Raises Problem where it cannot be read."""
    path = path_of(store, language, name)
    text, base = store.read(path)
    return Draft(text, base, next(store.history.revisions(1, store.name(path)), None)) if base else None


def names(content: Path, language: str) -> Iterator[str]:
    """Yield the names of the pages of a language that have a draft."""
    folder = content / DRAFTS_FOLDER / language
    for path in sorted(folder.rglob("*.md")):
        if path.is_file():
            yield path.relative_to(folder).as_posix()


def join(title: str, description: str, parts: Sequence[str]) -> str:
    """Return the text of a draft's file."""
    head = front_matter.with_values("", {"title": title, "description": description})
    return front_matter.join(head, "\n\n".join(part.strip("\n").rstrip() or _PLACEHOLDER for part in parts) + "\n")


def paragraphs(body: str) -> list[str]:
    """Return the paragraphs of a draft; "" for the missing ones."""
    return ["" if part.strip() == _PLACEHOLDER else part for part in translating.paragraphs(body)]
