"""A page's Markdown as HTML, with the extensions of mkdocs.yml: for the checks, which run before anything is built."""

from functools import cache
from pathlib import Path
from typing import Any

import markdown
import yaml

from sitegen.render.slugs import slugify

_BUILT_IN = ("toc", "tables", "fenced_code")
"""What MkDocs adds to the extensions of mkdocs.yml."""


class _Names(yaml.SafeLoader):
    """mkdocs.yml names functions of ours; here they are passed over."""


_Names.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


@cache
def markdown_extensions(root: Path) -> tuple[str, ...]:
    """Return the Markdown extensions that mkdocs.yml names."""
    settings: dict[str, Any] = yaml.load((root / "mkdocs.yml").read_text(encoding="utf-8"), _Names)  # noqa: S506
    listed = settings.get("markdown_extensions") or ()
    names = (next(iter(one)) if isinstance(one, dict) else str(one) for one in listed)
    return tuple(dict.fromkeys((*_BUILT_IN, *names)))


@cache
def to_html(text: str, root: Path) -> str:
    """Return the HTML of this Markdown. root: the folder of mkdocs.yml."""
    return _converter(root).reset().convert(text)


@cache
def _converter(root: Path) -> markdown.Markdown:
    """Return the converter, made once: setting it up takes longer than a page."""
    anchors = {"toc": {"slugify": slugify}}  # as in mkdocs.yml, where it is a function's name
    return markdown.Markdown(extensions=list(markdown_extensions(root)), extension_configs=anchors)
