"""Reduce a stylesheet to the rules and declarations that an old engine supports.

The engine is Gecko 48 (KaiOS phones), which knows flex boxes, custom properties and sticky bars; the WebViews of
Android 5 and 6 differ in little that matters here.
"""

import re
from collections.abc import Iterator

_PIECE = re.compile(r"([^{}]+)\{([^{}]*)\}|([^{}]+)\{|\}")
_PROPERTY = re.compile(
    r"(padding|margin|border|inset)-(inline|block)|inset|(row-|column-|grid-)?gap$|grid|place-|text-wrap|accent-color"
    r"|scroll-padding|aspect-ratio|rotate$"
)
_VALUE = re.compile(r"\b(min|max|clamp|conic-gradient)\(|\bgrid\b|\banywhere\b|(?<!-)\bmin-content\b")
_SELECTOR = re.compile(r":(is|where|has|focus-visible|focus-within)\b|::file-selector-button")


def as_old_engine(css: str) -> str:
    """Return the part of a stylesheet that such an engine uses."""
    return "\n".join(_supported_rules(re.sub(r"/\*.*?\*/", "", css, flags=re.S)))


def _supported_rules(css: str) -> Iterator[str]:
    enclosing: list[str] = []
    for selectors, body, block_start in _PIECE.findall(css):
        if block_start:
            enclosing.append(block_start.strip())
        elif not selectors:
            enclosing.pop()
        elif all(map(_is_active, enclosing)) and not _SELECTOR.search(selectors):
            media = [condition for condition in enclosing if condition.startswith("@media")]
            rule = f"{selectors.strip()} {{ {'; '.join(_supported_declarations(body))} }}"
            yield f"{media[0]} {{ {rule} }}" if media else rule


def _is_active(condition: str) -> bool:
    """Return whether the engine uses the rules in this block."""
    if not condition.startswith("@supports"):
        return True
    query = condition.removeprefix("@supports").strip()
    is_supported = any(_supported_declarations(query.removeprefix("not ").strip("() ")))
    return not is_supported if query.startswith("not ") else is_supported


def _supported_declarations(body: str) -> Iterator[str]:
    for declaration in body.split(";"):
        name, _, value = declaration.partition(":")
        if value and not _PROPERTY.match(name.strip()) and not _VALUE.search(value):
            yield declaration.strip()
