"""A page's Markdown as HTML, with the extensions of mkdocs.yml: for the checks, and for the engine without MkDocs."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from threading import Lock
from typing import Any

import markdown
import yaml
from markdown.extensions import Extension

from sitegen.render.engine.markdown_shortcuts import Shortcuts

_OF_MARKDOWN = "markdown.extensions."
_BUILT_IN = ("toc", "tables", "fenced_code")
"""What MkDocs adds to the extensions of mkdocs.yml."""


class _Names(yaml.SafeLoader):
    """Reads mkdocs.yml, which names functions of ours: a file of the developers, never of staff."""


_Names.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda _loader, name, _node: resolve_name(name))


def read_configuration(root: Path) -> dict[str, Any]:
    """Return what mkdocs.yml says. root: its folder."""
    return _read(_text(root))


@cache
def _text(root: Path) -> str:
    return (root / "mkdocs.yml").read_text(encoding="utf-8")


@cache
def _read(text: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.load(text, _Names)  # noqa: S506
    return read


def markdown_extensions(root: Path) -> dict[str, dict[str, Any]]:
    """Return the settings of each Markdown extension of mkdocs.yml, by its name."""
    return _extensions(read_configuration(root))


def _extensions(configuration: dict[str, Any]) -> dict[str, dict[str, Any]]:
    listed = configuration.get("markdown_extensions") or ()
    own = [one if isinstance(one, dict) else {one: {}} for one in listed]
    return {name: {} for name in _BUILT_IN} | {name: set_to or {} for one in own for name, set_to in one.items()}


def converter(root: Path, *more: Extension) -> markdown.Markdown:
    """Return a new converter with the extensions of mkdocs.yml and these."""
    return _converter(markdown_extensions(root), *more)


def _converter(known: dict[str, dict[str, Any]], *more: Extension) -> markdown.Markdown:
    named = [_extension(name, set_to) for name, set_to in known.items()]
    return markdown.Markdown(extensions=[*named, Shortcuts(), *more], extension_configs=known)


def _extension(name: str, set_to: dict[str, Any]) -> Extension | str:
    """Return an extension of Python-Markdown's own by its module; another by its name.

    For a name, Python-Markdown reads what each installed package says of itself.
    """
    own = f"{_OF_MARKDOWN}{name.removeprefix(_OF_MARKDOWN)}"
    if "." in own.removeprefix(_OF_MARKDOWN) or find_spec(own) is None:
        return name
    made: Extension = import_module(own).makeExtension(**set_to)
    return made


@cache
def to_html(text: str, root: Path) -> str:
    """Return the HTML of this Markdown. root: the folder of mkdocs.yml."""
    with _converting:
        return _kept_converter(_text(root)).reset().convert(text)


_converting = Lock()
"""The kept converter is for one thread at a time: the editor's window asks from several."""


@cache
def _kept_converter(configuration: str) -> markdown.Markdown:
    """Return the converter, made once: setting it up takes longer than a page. configuration: mkdocs.yml."""
    return _converter(_extensions(_read(configuration)))
