"""What an engine is, and which one mkdocs.yml chooses."""

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from forms.core.problem import Problem
from sitegen.content.pages import AllPages
from sitegen.render.engine.markdown_extensions import BlockExtension
from sitegen.render.engine.markdown_html import read_configuration

ENGINES = {
    "markdown": "sitegen.render.engine.markdown_engine",
    "mkdocs": "sitegen.render.engine.mkdocs_engine",
}
"""Modules by name. Only the chosen one is imported, so the other needs not be installed."""


class Engine(Protocol):
    """Converts the pages of one language."""

    def convert(
        self, root: Path, library: AllPages, language: str, blocks: BlockExtension, names: Sequence[str] | None = None
    ) -> Iterator[tuple[str, str]]:
        """Yield the name and the HTML of each page, with links between pages made relative addresses.

        root: the folder of mkdocs.yml; blocks: an extension that knows, after each page, the blocks that it asks for;
        names: the pages to convert, all without it.
        """
        ...


def chosen(root: Path) -> Engine:
    """Return the engine that `extra: engine:` of mkdocs.yml names. Raises Problem for one that there is not."""
    engine: Engine = importlib.import_module(module_of(root))
    return engine


def module_of(root: Path) -> str:
    """Return the module of that engine. Raises Problem likewise."""
    name = (read_configuration(root).get("extra") or {}).get("engine", "mkdocs")
    if name not in ENGINES:
        names = " or ".join(sorted(ENGINES))
        raise Problem("mkdocs.yml, extra, engine", f"{name} is no engine.", f"Write {names}.")
    return ENGINES[name]
