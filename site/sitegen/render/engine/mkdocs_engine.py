"""The engine with MkDocs, and the only module that imports it: its configuration, its files, and its links.

It does not use MkDocs' loop over a whole site, nor `Page.render`, which sets up a converter for each page and collects
anchors and titles that are not needed here.
"""

import io
import logging
from collections.abc import Iterator, Sequence
from copy import copy
from functools import lru_cache
from pathlib import Path

from markdown import Markdown
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import _RelativePathTreeprocessor

from sitegen.content.pages import AllPages
from sitegen.render.engine.markdown_extensions import BlockExtension
from sitegen.render.engine.markdown_shortcuts import Shortcuts


def convert(
    root: Path, library: AllPages, language: str, blocks: BlockExtension, names: Sequence[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the name and the HTML of each page as MkDocs makes it; see interface.Engine."""
    logging.getLogger("mkdocs").setLevel(logging.ERROR)  # links are checked in sitegen/lint/links.py
    config = copy(_configuration((root / "mkdocs.yml").read_text(encoding="utf-8")))
    config.docs_dir = str(root / "content" / language)
    markdown = Markdown(
        extensions=[*config.markdown_extensions, Shortcuts(), blocks], extension_configs=config.mdx_configs or {}
    )
    files = Files([File(name, config.docs_dir, config.site_dir, use_directory_urls=True) for name in library.names])
    selected = None if names is None else frozenset(names)
    for file in files if selected is None else [file for file in files if file.src_uri in selected]:
        _RelativePathTreeprocessor(file, files, config)._register(markdown)  # replaces the previous page's
        page = library.find(file.src_uri, language)  # a local, so that lint/unexpected.py can name it
        yield file.src_uri, markdown.reset().convert(page.text)


@lru_cache(maxsize=8)
def _configuration(text: str) -> MkDocsConfig:
    """Return the configuration in a mkdocs.yml. Cached: its search for themes takes longer than ten pages."""
    return load_config(io.BytesIO(text.encode()), docs_dir=str(Path(__file__).parent))  # any existing folder
