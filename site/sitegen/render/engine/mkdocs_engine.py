"""The only file that imports MkDocs: its configuration, its files, and what it makes of links.

Not its loop over a whole site, nor `Page.render`, which sets up a new converter for each page, and collects anchors
and titles that nobody here asks for.
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
    wanted = None if names is None else frozenset(names)
    for file in files if wanted is None else [file for file in files if file.src_uri in wanted]:
        _RelativePathTreeprocessor(file, files, config)._register(markdown)  # takes the place of the page's before
        page = library.find(file.src_uri, language)  # by a name of its own: lint/unexpected.py says it of a fault here
        yield file.src_uri, markdown.reset().convert(page.text)


@lru_cache(maxsize=8)
def _configuration(text: str) -> MkDocsConfig:
    """Return what MkDocs makes of a mkdocs.yml. Looking for themes in all packages takes longer than ten pages."""
    return load_config(io.BytesIO(text.encode()), docs_dir=str(Path(__file__).parent))  # a folder that is there
