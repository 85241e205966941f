"""The interface of Markdown engines, and the choice of one in mkdocs.yml."""

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
"""Modules by name. Only the chosen one is imported, so that the other need not be installed."""


class Engine(Protocol):
    """Converts the pages of one language."""

    def convert(
        self, root: Path, library: AllPages, language: str, blocks: BlockExtension, names: Sequence[str] | None = None
    ) -> Iterator[tuple[str, str]]:
        """Yield the name and the HTML of each page, with relative addresses in links between pages.

        root: the folder of mkdocs.yml; blocks: an extension that holds the blocks of each page when it is yielded;
        names: the pages to convert, by default all.
        """
        ...


def configured_engine(root: Path) -> Engine:
    """Return the engine that mkdocs.yml names under `extra: engine:`. Raises Problem for an unknown one."""
    engine: Engine = importlib.import_module(module_of(root))
    return engine


def module_of(root: Path) -> str:
    """Return the name of that engine's module. Raises Problem for an unknown engine."""
    name = (read_configuration(root).get("extra") or {}).get("engine", "mkdocs")
    if name not in ENGINES:
        names = " or ".join(sorted(ENGINES))
        raise Problem("mkdocs.yml, extra, engine", f"{name} is no engine.", f"Write {names}.")
    return ENGINES[name]
