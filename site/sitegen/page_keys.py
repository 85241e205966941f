"""What the body of a page is made from, as one hash: under it a body is kept between builds."""

import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from forms.core.files import kept_results
from sitegen import kept_work
from sitegen.content.pages import PageSource, linked_name

_PLAIN_NAME = re.compile(r"[\w./-]+")
LINKED = re.compile(r"(?<![^\s()<>\[\]\"'])[^\s()<>\[\]\"']+\.md")
"""Looked for where a name may begin: at each letter of each word it would take five times as long."""

_HIDDEN_LINK = re.compile(r"[%\\]|&")
"""What can write the name of a page in another way than it is spelled."""


@lru_cache(maxsize=4)
def _known(names: tuple[str, ...]) -> tuple[frozenset[str], bool, bytes]:
    """Return the names of all pages, whether all of them are plain, and their key: the same for thousands of edits."""
    return frozenset(names), all(map(_PLAIN_NAME.fullmatch, names)), kept_results.key_of(*names)


class PageKeys:
    """Keys of the bodies of one language's pages. names: of all pages, since a link leads to a page or to none."""

    def __init__(self, root: Path, names: tuple[str, ...], language: str) -> None:
        self._names, self._plain, self._all_names = _known(names)
        config = (root / "mkdocs.yml").read_bytes()
        self._rest = (kept_work.code_mark(), config, language)

    def of(self, source: PageSource) -> bytes | None:
        """Return the key of a page; None for one that shows more than its own text: tables, pictures, other pages."""
        if source.renderer or source.blocks or "media" in source.text or "<!--" in source.text:
            return None
        return kept_results.key_of(*self._rest, source.name, source.text, self._leads_to(source))

    def _leads_to(self, source: PageSource) -> bytes:
        """Return what the page's links depend on: which of the names in them are pages."""
        if not self._plain or _HIDDEN_LINK.search(source.text):
            return self._all_names
        targets = {linked_name(source.name, unquote(found)) for found in LINKED.findall(source.text)}
        return kept_results.key_of(*sorted(targets & self._names))
