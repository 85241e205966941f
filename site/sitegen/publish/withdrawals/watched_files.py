"""The files by which a consent ends, or a story comes back to a built site, and whether they are as they were.

`serve` asks each second. To look through a whole site each time took a sixth of a processor (decisions/0031).
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from forms.core.builds.withdrawn import LIST
from sitegen.content.consent import consents
from sitegen.content.pages import SOURCE
from sitegen.incremental import inputs
from sitegen.incremental.inputs import FileState
from sitegen.layers import lookup
from sitegen.layers.libraries import SETTINGS
from sitegen.publish.withdrawals import withdrawn_media, withdrawn_quotes

_LISTS = (LIST, withdrawn_media.LIST, withdrawn_quotes.LIST)
_TABLES, _MEDIA = "tables", "media"


@dataclass(frozen=True)
class WatchedFiles:
    """Files and folders as they were at a time (ns). None: there was none. A folder shows what comes, goes or moves."""

    taken: int
    states: Mapping[str, FileState | None]

    def are_the_same(self) -> bool:
        """Return whether each is surely as it was: one that had just been changed may have been again."""
        young = any(state and abs(state.status - self.taken) < inputs.RACY for state in self.states.values())
        return not young and all(state == inputs.state_at(path) for path, state in self.states.items())


def look(content: Path, publics: Iterable[Path], published: Path) -> WatchedFiles:
    """Return what decides which stories, quotes and pictures stand on these built sites. published: their releases."""
    taken = time.time_ns()
    folders = [layer.folder for layer in lookup.layers(content)]
    known = consents.read_leniently(content)
    named = {consents.story_name(row.get("story", "")) for row in known.rows}
    quoting = {name for row in known.rows for name in consents.page_names(row.get("quotes", ""))}
    paths = {content / SETTINGS, *published.glob("*"), *(path for folder in folders for path in _of_consents(folder))}
    for public in _sites(publics):
        languages = [path.name for path in public.iterdir() if path.is_dir()]
        folders_of_stories = {path for code in languages for path in _folders(public / code / consents.FOLDER)}
        pages = {*product(languages, named)} | {_of_folder(path, public) for path in folders_of_stories}
        shown = ((code, "" if name == "index" else name) for code, name in {*pages, *product(languages, quoting)})
        paths |= {public, public.parent, *(public / name for name in _LISTS), *folders_of_stories}
        paths |= {public / code / name / "index.html" for code, name in shown}
        paths |= {one / code / f"{name}.md" for code, name in pages for one in folders}
        paths |= {one / SOURCE / f"{name}.md" for _, name in pages for one in folders}
    return WatchedFiles(taken, {str(path): inputs.state_at(path) for path in paths})


def _of_consents(layer: Path) -> Iterator[Path]:
    """Yield what a folder of content says of consents, and the folders of what needs one."""
    yield from (layer, layer / _TABLES, layer / consents.TABLE)
    yield from (path for path in (layer / _TABLES).glob("*") if path.name.casefold().startswith("consents"))
    yield from _folders(layer / _MEDIA)


def _sites(publics: Iterable[Path]) -> Iterator[Path]:
    """Yield each built site that is there, and what is kept beside it, as `withdrawal.purge` cleans them."""
    for public in publics:
        yield from (path for path in (public, *public.parent.glob(f"{public.name}.*")) if path.is_dir())


def _folders(start: Path) -> Iterator[Path]:
    return (Path(folder) for folder, _, _ in os.walk(start))


def _of_folder(path: Path, public: Path) -> tuple[str, str]:
    """Return the language and the name of the page in a folder of a built site, like "en" and "stories/a"."""
    language, _, name = path.relative_to(public).as_posix().partition("/")
    return language, name
