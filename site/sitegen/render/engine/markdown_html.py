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
"""The extensions that MkDocs adds to those of mkdocs.yml."""


class _Loader(yaml.SafeLoader):
    """Loads mkdocs.yml, which names functions of this program: developers write it, never staff."""


_Loader.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda _loader, name, _node: resolve_name(name))


def read_configuration(root: Path) -> dict[str, Any]:
    """Return the settings of mkdocs.yml. root: its folder."""
    return _parse(_text(root))


@cache
def _text(root: Path) -> str:
    return (root / "mkdocs.yml").read_text(encoding="utf-8")


@cache
def _parse(text: str) -> dict[str, Any]:
    configuration: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506
    return configuration


def markdown_extensions(root: Path) -> dict[str, dict[str, Any]]:
    """Return the settings of each Markdown extension of mkdocs.yml, by its name."""
    return _extensions(read_configuration(root))


def _extensions(configuration: dict[str, Any]) -> dict[str, dict[str, Any]]:
    entries = configuration.get("markdown_extensions") or ()
    configured = [entry if isinstance(entry, dict) else {entry: {}} for entry in entries]
    extensions = {name: settings or {} for entry in configured for name, settings in entry.items()}
    return {name: {} for name in _BUILT_IN} | extensions


def converter(root: Path, *more: Extension) -> markdown.Markdown:
    """Return a new converter with the extensions of mkdocs.yml and these."""
    return _converter(markdown_extensions(root), *more)


def _converter(settings: dict[str, dict[str, Any]], *more: Extension) -> markdown.Markdown:
    configured = [_extension(name, options) for name, options in settings.items()]
    return markdown.Markdown(extensions=[*configured, Shortcuts(), *more], extension_configs=settings)


def _extension(name: str, options: dict[str, Any]) -> Extension | str:
    """Return an extension that Python-Markdown brings; the name of any other.

    To find an extension by name, Python-Markdown reads the metadata of all installed packages, which is slow.
    """
    own = f"{_OF_MARKDOWN}{name.removeprefix(_OF_MARKDOWN)}"
    if "." in own.removeprefix(_OF_MARKDOWN) or find_spec(own) is None:
        return name
    extension: Extension = import_module(own).makeExtension(**options)
    return extension


@cache
def to_html(text: str, root: Path) -> str:
    """Convert Markdown to HTML. root: the folder of mkdocs.yml."""
    with _converter_lock:
        return _cached_converter(_text(root)).reset().convert(text)


_converter_lock = Lock()
"""Held while the cached converter is used: it is not thread-safe, and the editor's window has several threads."""


@cache
def _cached_converter(configuration: str) -> markdown.Markdown:
    """Return a converter. Cached, since setting it up takes longer than a page. configuration: text of mkdocs.yml."""
    return _converter(_extensions(_parse(configuration)))
