"""Translations that are not finished: files beside the pages, where the site never looks, for all who translate to see.

content/drafts/<language>/<page> has the title, the description and the paragraphs; a line of its own stands for a
paragraph that is still missing, so that those behind it keep their places.
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

_GAP = "<!-- not translated yet -->"


@dataclass(frozen=True)
class Draft:
    """An unfinished translation: its file's text, the id of that, and the save that wrote it last."""

    text: str
    base: str
    last: Revision | None


def path_of(store: ContentStore, language: str, name: str) -> Path:
    """Return the place of the draft of a page. Raises Problem for a malformed name."""
    return within(store.content, store.content / DRAFTS_FOLDER / store.name(store.page(language, name)))


def read(store: ContentStore, language: str, name: str) -> Draft | None:
    """Return the draft of a page; None where there is none. Raises Problem where it cannot be read."""
    path = path_of(store, language, name)
    text, base = store.read(path)
    return Draft(text, base, next(store.history.revisions(1, store.name(path)), None)) if base else None


def names(content: Path, language: str) -> Iterator[str]:
    """Yield the pages of a language of which a draft lies here."""
    folder = content / DRAFTS_FOLDER / language
    for path in sorted(folder.rglob("*.md")):
        if path.is_file():
            yield path.relative_to(folder).as_posix()


def whole(title: str, description: str, parts: Sequence[str]) -> str:
    """Return the file of a draft."""
    head = front_matter.with_values("", {"title": title, "description": description})
    return front_matter.join(head, "\n\n".join(part.strip("\n").rstrip() or _GAP for part in parts) + "\n")


def paragraphs(body: str) -> list[str]:
    """Return the paragraphs of a draft; "" for those that are still missing."""
    return ["" if part.strip() == _GAP else part for part in translating.paragraphs(body)]
